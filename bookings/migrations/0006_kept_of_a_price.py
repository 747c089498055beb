from decimal import Decimal

from django.db import migrations, models

import bookings.models.money


def read_the_ledger(apps, schema_editor):
    """What was taken back of a charge stands there since it was cancelled."""
    Charge = apps.get_model("bookings", "Charge")
    LedgerEntry = apps.get_model("bookings", "LedgerEntry")
    entries = LedgerEntry.objects.filter(kind="reversal", account="family", ref__startswith="charge:")
    for ref, amount in entries.values_list("ref", "amount"):
        Charge.objects.filter(pk=ref.removeprefix("charge:")).update(taken_back=-amount)


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0005_promo_codes'),
    ]

    operations = [
        migrations.AddField(
            model_name='charge',
            name='taken_back',
            field=bookings.models.money.Amount(decimal_places=2, default=Decimal('0'), max_digits=10, verbose_name='taken back'),
        ),
        migrations.RunPython(read_the_ledger, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.CheckConstraint(condition=models.Q(('taken_back__gte', 0), ('taken_back__lte', models.F('amount'))), name='bookings_charge_taken_back'),
        ),
    ]
