"""A policy rules a queue or a calendar; of each, one version of a kind counts."""

import django.db.models.deletion
from django.db import migrations, models

_STATES = {
    "review_policy_one_in_force": "IN_FORCE",
    "review_policy_one_proposed": "PROPOSED",
    "review_policy_one_approved": "APPROVED",
}
_OF_ONE = models.Q(kind="CALENDAR", queue__isnull=True, calendar__isnull=False) | (
    ~models.Q(kind="CALENDAR") & models.Q(queue__isnull=False, calendar__isnull=True)
)


class Migration(migrations.Migration):
    dependencies = [("review", "0028_policy_kinds")]

    operations = [
        *(
            migrations.RemoveConstraint(model_name="policy", name=name)
            for name in ("review_policy_version_once", *_STATES)
        ),
        migrations.AlterField(
            model_name="policy",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="policies",
                to="review.queue",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="calendar",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="policies",
                to="review.calendar",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=_OF_ONE, name="review_policy_of_a_queue_or_a_calendar"
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.UniqueConstraint(
                fields=["queue", "kind", "calendar", "version"],
                nulls_distinct=False,
                name="review_policy_version_once",
            ),
        ),
        *(
            migrations.AddConstraint(
                model_name="policy",
                constraint=models.UniqueConstraint(
                    fields=["queue", "kind", "calendar"],
                    condition=models.Q(state=state),
                    nulls_distinct=False,
                    name=name,
                ),
            )
            for name, state in _STATES.items()
        ),
    ]
