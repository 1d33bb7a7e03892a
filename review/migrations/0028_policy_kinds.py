"""Policies rule quorums, reasons, clocks, ladders and calendars as well."""

from django.db import migrations, models

_KINDS = [
    "GRID",
    "ROUTING",
    "OBJECTIVES",
    "QUORUM",
    "REASONS",
    "CLOCKS",
    "LADDER",
    "CALENDAR",
]


class Migration(migrations.Migration):
    dependencies = [("review", "0021_objectives")]

    operations = [
        migrations.RemoveConstraint(
            model_name="policy", name="review_policy_kind_known"
        ),
        migrations.AlterField(
            model_name="policy",
            name="kind",
            field=models.CharField(
                choices=[(word, word.capitalize()) for word in _KINDS], max_length=20
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=_KINDS), name="review_policy_kind_known"
            ),
        ),
    ]
