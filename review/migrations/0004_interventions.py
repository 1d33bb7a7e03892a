"""Keep acts on instances that wait for a second person."""

import django.db.models.deletion
from django.db import migrations, models

import review.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0003_installation_notices"),
        ("workflows", "0008_instance_data"),
    ]

    operations = [
        migrations.CreateModel(
            name="Intervention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("SUSPEND", "Suspend"),
                            ("RESUME", "Resume"),
                            ("CANCEL", "Cancel"),
                            ("RETRY", "Retry"),
                            ("MEND", "Mend"),
                            ("SETTLE", "Settle"),
                            ("SKIP", "Skip"),
                            ("MOVE", "Move"),
                            ("EDIT", "Edit"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "arguments",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        default=dict,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("standing", models.IntegerField()),
                ("reason", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PROPOSED", "Proposed"),
                            ("DONE", "Done"),
                            ("DECLINED", "Declined"),
                            ("WITHDRAWN", "Withdrawn"),
                            ("LAPSED", "Lapsed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_reason", models.TextField(default="")),
                ("audit_seq", models.IntegerField()),
                (
                    "instance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="interventions",
                        to="workflows.instance",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="review.person",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settlements",
                        to="review.person",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "PROPOSED")),
                        fields=["proposed_at", "id"],
                        name="review_intervention_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q((
                            "act__in",
                            [
                                "SUSPEND",
                                "RESUME",
                                "CANCEL",
                                "RETRY",
                                "MEND",
                                "SETTLE",
                                "SKIP",
                                "MOVE",
                                "EDIT",
                            ],
                        )),
                        name="review_intervention_act_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q((
                            "state__in",
                            ["PROPOSED", "DONE", "DECLINED", "WITHDRAWN", "LAPSED"],
                        )),
                        name="review_intervention_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("settled_at__isnull", True),
                                ("settled_by__isnull", True),
                            ),
                            models.Q(
                                ("settled_at__isnull", False),
                                ("settled_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="review_intervention_settled_at_needs_by",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("settled_at__isnull", True), ("state", "PROPOSED")
                            ),
                            models.Q(
                                models.Q(("state", "PROPOSED"), _negated=True),
                                ("settled_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="review_intervention_settled_when_final",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "DONE"), _negated=True),
                            models.Q(
                                ("settled_by", models.F("proposed_by")), _negated=True
                            ),
                            _connector="OR",
                        ),
                        name="review_intervention_done_by_another_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "WITHDRAWN"), _negated=True),
                            ("settled_by", models.F("proposed_by")),
                            _connector="OR",
                        ),
                        name="review_intervention_withdrawn_by_its_author",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "PROPOSED")),
                        fields=("digest",),
                        name="review_intervention_proposed_once",
                    ),
                ],
            },
        ),
    ]
