from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0009_putting_off"),
    ]

    operations = [
        migrations.AddField(
            model_name="reasoncode",
            name="rationale_text",
            field=models.TextField(db_default="", default=""),
        ),
    ]
