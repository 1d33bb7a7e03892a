"""A version of a policy may be approved before it comes into force; weeks are found."""

import django.contrib.postgres.indexes
from django.db import migrations, models

_HELD = ["APPROVED", "IN_FORCE", "SUPERSEDED"]
_STATES = [
    "PROPOSED",
    "APPROVED",
    "IN_FORCE",
    "SUPERSEDED",
    "DECLINED",
    "WITHDRAWN",
]
_NAMES = (
    "review_policy_state_known",
    "review_policy_changed_by_two_persons",
    "review_policy_in_force_since",
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0005_clocks"),
    ]

    operations = [
        *(
            migrations.RemoveConstraint(model_name="policy", name=name)
            for name in _NAMES
        ),
        migrations.AlterField(
            model_name="policy",
            name="state",
            field=models.CharField(
                choices=[
                    (word, word.capitalize().replace("_", " ")) for word in _STATES
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(state__in=_STATES),
                name="review_policy_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.UniqueConstraint(
                fields=["queue", "kind"],
                condition=models.Q(state="APPROVED"),
                name="review_policy_one_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(version=1)
                | ~models.Q(state__in=_HELD)
                | (
                    models.Q(settled_by__isnull=False)
                    & ~models.Q(settled_by=models.F("author"))
                ),
                name="review_policy_changed_by_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=~models.Q(state__in=_HELD)
                | models.Q(effective_at__isnull=False),
                name="review_policy_in_force_since",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=["opened_at"],
                name="review_task_opened",
            ),
        ),
    ]
