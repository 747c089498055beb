from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='solution',
            name='changes',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    ]
