"""Say of each token whether it may read what entries of the log hold."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0019_entry_hashes"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="reads_log",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
