"""Two persons make calendars as well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0001_tables")]

    operations = [
        migrations.RemoveConstraint(
            model_name="proposedchange", name="review_proposed_kind_known"
        ),
        migrations.AlterField(
            model_name="proposedchange",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ALERT_RULE", "Alert rule"),
                    ("ROLE", "Role"),
                    ("CALENDAR", "Calendar"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=["ALERT_RULE", "ROLE", "CALENDAR"]),
                name="review_proposed_kind_known",
            ),
        ),
    ]
