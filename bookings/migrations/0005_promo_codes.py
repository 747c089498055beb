import django.db.models.deletion
from django.db import migrations, models


def move_discounts(apps, schema_editor):
    """From charges to their bookings: a place that is offered has its price before it is charged."""
    Charge = apps.get_model("bookings", "Charge")
    Booking = apps.get_model("bookings", "Booking")
    charges = Charge.objects.exclude(discounts=[]).filter(kind="place", booking__isnull=False)
    for booking, discounts in charges.order_by("pk").values_list("booking", "discounts"):
        Booking.objects.filter(pk=booking).update(discounts=discounts)


def move_back(apps, schema_editor):
    Charge = apps.get_model("bookings", "Charge")
    Booking = apps.get_model("bookings", "Booking")
    for booking, discounts in Booking.objects.exclude(discounts=[]).values_list("pk", "discounts"):
        Charge.objects.filter(booking=booking, kind="place").update(discounts=discounts)


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0004_retention'),
    ]

    operations = [
        migrations.AddField(
            model_name='booking',
            name='discounts',
            field=models.JSONField(blank=True, default=list, editable=False),
        ),
        migrations.RunPython(move_discounts, move_back),
        migrations.RemoveField(
            model_name='charge',
            name='discounts',
        ),
        migrations.AddField(
            model_name='waitentry',
            name='promo_code',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='wait_entries', to='bookings.promocode', verbose_name='promo code'),
        ),
    ]
