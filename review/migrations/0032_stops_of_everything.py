"""Let a stop of a process hold every automatic step."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0030_overruling_by_two"),
    ]

    operations = [
        migrations.AddField(
            model_name="stop",
            name="everything",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("everything", False), ("kind", "DEFINITION"), _connector="OR"
                ),
                name="review_stop_of_everything_is_of_a_process",
            ),
        ),
    ]
