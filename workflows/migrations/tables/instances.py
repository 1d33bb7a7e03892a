"""Instances, their steps, timers, incidents and what they are still to be told."""

from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_support import audited_table, busy_table, removals_need_entry
from workflows.migrations_tables import row_id


def _moves_need_entry(
    table: str, *, columns: tuple[str, ...], place: str = "row"
) -> migrations.RunSQL:
    """Refuse at COMMIT to move a row to another node or definition without an entry.

    Only a statement that sets one of these columns asks: what advances instances does
    not.
    """
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
    name = f"{table}_move_needs_entry"
    return migrations.RunSQL(
        sql=(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER UPDATE OF {', '.join(columns)}"
            f" ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({changed})"
            f" EXECUTE FUNCTION workflows_require_entry('{place}');"
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
        ),
        reverse_sql=f"DROP TRIGGER {name} ON {table}",
    )


OPERATIONS = [
    migrations.CreateModel(
        name="Instance",
        fields=[
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("process_id", models.CharField(max_length=200)),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("ACTIVE", "Active"),
                        ("SUSPENDED", "Suspended"),
                        ("COMPLETED", "Completed"),
                        ("CANCELED", "Canceled"),
                        ("FAILED", "Failed"),
                    ],
                ),
            ),
            ("business_key", models.CharField(max_length=200, default="")),
            ("variables", models.JSONField(default=dict)),
            ("initiator", models.CharField(max_length=200)),
            ("parent_instance_id", models.UUIDField(null=True)),
            ("parent_step_id", models.BigIntegerField(null=True)),
            ("depth", models.SmallIntegerField(default=0)),
            ("end_node_id", models.CharField(max_length=200, default="")),
            ("version", models.IntegerField(default=0)),
            ("audit_seq", models.IntegerField(default=0)),
            ("audit_head", models.BinaryField()),
            ("started_at", models.DateTimeField()),
            ("occurred_at", models.DateTimeField(null=True)),
            ("ended_at", models.DateTimeField(null=True)),
            (
                "definition",
                models.ForeignKey(
                    "workflows.definition", models.PROTECT, db_index=False
                ),
            ),
            ("data", models.JSONField(default=dict, db_default={})),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["definition", "state", "started_at"],
                    name="workflows_instance_by_state",
                ),
                models.Index(
                    fields=["started_at", "id"], name="workflows_instance_recent"
                ),
                models.Index(
                    fields=["business_key"],
                    condition=~Q(business_key=""),
                    name="workflows_instance_key",
                ),
                models.Index(
                    fields=["parent_instance_id"],
                    condition=Q(parent_instance_id__isnull=False),
                    name="workflows_instance_parent",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        state__in=[
                            "ACTIVE",
                            "SUSPENDED",
                            "COMPLETED",
                            "CANCELED",
                            "FAILED",
                        ]
                    ),
                    name="workflows_instance_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        ended_at__isnull=True, state__in=["ACTIVE", "SUSPENDED"]
                    )
                    | (
                        ~Q(state__in=["ACTIVE", "SUSPENDED"])
                        & Q(ended_at__isnull=False)
                    ),
                    name="workflows_instance_ended_at_when_final",
                ),
            ],
        },
    ),
    busy_table("workflows_instance"),
    audited_table(
        "workflows_instance",
        columns=("version", "audit_seq", "audit_head", "state", "variables"),
        place="instance",
    ),
    _moves_need_entry(
        "workflows_instance", columns=("definition_id", "process_id"), place="instance"
    ),
    removals_need_entry("workflows_instance", place="instance"),
    # Processes take step ids from it, a thousand at a time.
    migrations.RunSQL(
        sql=(
            "CREATE SEQUENCE workflows_step_numbers AS bigint"
            " INCREMENT BY 1000 MINVALUE 1000"
        ),
        reverse_sql="DROP SEQUENCE workflows_step_numbers",
    ),
    migrations.CreateModel(
        name="Step",
        fields=[
            ("id", models.BigIntegerField(primary_key=True, serialize=False)),
            ("scope_id", models.BigIntegerField(null=True)),
            ("node_id", models.CharField(max_length=200)),
            ("kind", models.CharField(max_length=40)),
            ("name", models.CharField(max_length=300, default="")),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("READY", "Ready"),
                        ("RUNNING", "Running"),
                        ("WAITING", "Waiting"),
                        ("INCIDENT", "Incident"),
                        ("COMPLETED", "Completed"),
                        ("CANCELED", "Canceled"),
                        ("SKIPPED", "Skipped"),
                    ],
                ),
            ),
            ("attempt", models.SmallIntegerField(default=0)),
            ("data", models.JSONField(default=dict)),
            ("error", models.TextField(default="")),
            ("external", models.BooleanField(default=False)),
            ("run_at", models.DateTimeField(null=True)),
            ("lease_token", models.BigIntegerField(default=0)),
            ("lease_until", models.DateTimeField(null=True)),
            ("worker", models.CharField(max_length=200, default="")),
            ("audit_seq", models.IntegerField()),
            ("started_at", models.DateTimeField()),
            ("ended_at", models.DateTimeField(null=True)),
            (
                "instance",
                models.ForeignKey(
                    "workflows.instance",
                    models.PROTECT,
                    related_name="steps",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(fields=["instance", "id"], name="workflows_step_instance"),
                models.Index(
                    fields=["instance", "id"],
                    condition=Q(state__in=["READY", "RUNNING", "WAITING", "INCIDENT"]),
                    name="workflows_step_live",
                ),
                models.Index(
                    fields=["run_at"],
                    condition=Q(state="READY"),
                    name="workflows_step_ready",
                ),
                models.Index(
                    fields=["lease_until"],
                    condition=Q(state="RUNNING"),
                    name="workflows_step_running",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        state__in=[
                            "READY",
                            "RUNNING",
                            "WAITING",
                            "INCIDENT",
                            "COMPLETED",
                            "CANCELED",
                            "SKIPPED",
                        ]
                    ),
                    name="workflows_step_state_known",
                ),
                models.CheckConstraint(
                    condition=~Q(state="RUNNING") | Q(lease_until__isnull=False),
                    name="workflows_step_running_needs_lease",
                ),
                models.CheckConstraint(
                    condition=Q(
                        ended_at__isnull=False,
                        state__in=["COMPLETED", "CANCELED", "SKIPPED"],
                    )
                    | (
                        ~Q(state__in=["COMPLETED", "CANCELED", "SKIPPED"])
                        & Q(ended_at__isnull=True)
                    ),
                    name="workflows_step_ended_at_when_final",
                ),
            ],
        },
    ),
    busy_table("workflows_step"),
    audited_table("workflows_step"),
    _moves_need_entry("workflows_step", columns=("node_id", "kind")),
    removals_need_entry("workflows_step"),
    migrations.CreateModel(
        name="Timer",
        fields=[
            ("id", row_id()),
            ("step_id", models.BigIntegerField(null=True)),
            ("node_id", models.CharField(max_length=200, default="")),
            ("kind", models.CharField(max_length=40)),
            ("ref", models.CharField(max_length=100, default="")),
            ("data", models.JSONField(default=dict)),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("ARMED", "Armed"),
                        ("FIRED", "Fired"),
                        ("CANCELED", "Canceled"),
                    ],
                ),
            ),
            ("due_at", models.DateTimeField()),
            ("fired_at", models.DateTimeField(null=True)),
            ("attempt", models.SmallIntegerField(default=0)),
            ("audit_seq", models.IntegerField(default=0)),
            (
                "instance",
                models.ForeignKey(
                    "workflows.instance",
                    models.PROTECT,
                    null=True,
                    related_name="timers",
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["due_at"],
                    condition=Q(state="ARMED"),
                    name="workflows_timer_due",
                ),
                models.Index(
                    fields=["step_id"],
                    condition=Q(state="ARMED"),
                    name="workflows_timer_step",
                ),
                models.Index(
                    fields=["kind", "ref"],
                    condition=Q(state="ARMED") & ~Q(ref=""),
                    name="workflows_timer_ref",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(state__in=["ARMED", "FIRED", "CANCELED"]),
                    name="workflows_timer_state_known",
                ),
                models.CheckConstraint(
                    condition=~Q(state="FIRED") | Q(fired_at__isnull=False),
                    name="workflows_timer_fired_needs_fired_at",
                ),
            ],
        },
    ),
    busy_table("workflows_timer"),
    audited_table("workflows_timer", only="NEW.instance_id IS NOT NULL"),
    removals_need_entry("workflows_timer", only="OLD.instance_id IS NOT NULL"),
    migrations.CreateModel(
        name="Incident",
        fields=[
            ("id", row_id()),
            (
                "state",
                models.CharField(
                    max_length=20, choices=[("OPEN", "Open"), ("RESOLVED", "Resolved")]
                ),
            ),
            ("code", models.CharField(max_length=100)),
            ("message", models.TextField()),
            ("attempts", models.SmallIntegerField()),
            ("opened_at", models.DateTimeField()),
            ("resolved_at", models.DateTimeField(null=True)),
            ("resolved_by", models.CharField(max_length=200, null=True)),
            (
                "resolution",
                models.CharField(
                    max_length=20,
                    default="",
                    choices=[
                        ("RETRIED", "Retried"),
                        ("INPUT_EDITED", "Input edited"),
                        ("BY_HAND", "By hand"),
                        ("SUPERSEDED", "Superseded"),
                    ],
                ),
            ),
            ("reason", models.TextField(default="")),
            ("audit_seq", models.IntegerField()),
            (
                "instance",
                models.ForeignKey(
                    "workflows.instance", models.PROTECT, related_name="incidents"
                ),
            ),
            (
                "step",
                models.ForeignKey(
                    "workflows.step",
                    models.PROTECT,
                    null=True,
                    related_name="incidents",
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["opened_at", "id"],
                    condition=Q(state="OPEN"),
                    name="workflows_incident_open",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(state__in=["OPEN", "RESOLVED"]),
                    name="workflows_incident_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(resolved_at__isnull=True, resolved_by__isnull=True)
                    | Q(resolved_at__isnull=False, resolved_by__isnull=False),
                    name="workflows_incident_resolved_at_needs_by",
                ),
                models.UniqueConstraint(
                    fields=("step",),
                    condition=Q(state="OPEN"),
                    name="workflows_incident_one_open_per_step",
                ),
            ],
        },
    ),
    audited_table("workflows_incident"),
    removals_need_entry("workflows_incident"),
    migrations.CreateModel(
        name="Stimulus",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("kind", models.CharField(max_length=40)),
            ("step_id", models.BigIntegerField(null=True)),
            ("data", models.JSONField(default=dict)),
            ("attempt", models.SmallIntegerField(default=0)),
            ("run_at", models.DateTimeField()),
            ("created_at", models.DateTimeField()),
        ],
        options={
            "indexes": [
                models.Index(fields=["run_at", "id"], name="workflows_stimulus_due"),
                models.Index(
                    fields=["instance_id"], name="workflows_stimulus_instance"
                ),
            ]
        },
    ),
    busy_table("workflows_stimulus"),
]
