"""Find an entry by how its hash begins, without reading the log."""

from django.db import migrations, models
from django.db.models.functions import Substr


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0020_search_values"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                Substr("hash", 1, 4),
                name="workflows_audit_entry_hash",
            ),
        ),
    ]
