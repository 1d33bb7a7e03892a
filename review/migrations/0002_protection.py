"""Bind what people do, and who may do what, to entries of the audit log.

Extending a lease is the one change of a task or a seat without an entry: it moves
`lease_until` alone. Verdicts, their undoing, notes, and the payloads that earlier
rounds were shown are only ever added. What is typed, looked at or arranged (drafts,
presence, saved views, skips) is nobody's evidence and needs no entry.
"""

from django.db import migrations

from workflows.migrations_support import (
    append_only_table,
    audited_table,
    governed_table,
)

TASK_COLUMNS = (
    "state",
    "queue_id",
    "control",
    "stage",
    "round",
    "priority_class",
    "payload_digest",
    "excluded",
    "reveal",
    "assigned_to_id",
    "seats",
    "seated",
    "claimed_by_id",
    "lease_token",
    "warned_at",
    "breached_at",
    "outcome",
)
INTERVENTION_COLUMNS = (
    "instance_id",
    "act",
    "arguments",
    "standing",
    "reason",
    "state",
    "proposed_by_id",
    "expires_at",
    "settled_by_id",
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0001_people"),
        ("workflows", "0007_installation_notices"),
    ]
    operations = [
        audited_table("review_task", columns=TASK_COLUMNS),
        audited_table("review_seat", columns=("person_id", "token")),
        audited_table("review_verdict", columns=("audit_seq",)),
        audited_table("review_verdictundo", columns=("audit_seq",)),
        audited_table("review_note", columns=("audit_seq",)),
        audited_table(
            "review_informationrequest", columns=("answered_at", "withdrawn_at")
        ),
        audited_table("review_intervention", columns=INTERVENTION_COLUMNS),
        append_only_table("review_verdict"),
        append_only_table("review_verdictundo"),
        append_only_table("review_note"),
        append_only_table("review_taskrevision"),
        governed_table("review_person"),
        # Signing in writes to an account too, and may renew the hash of its password.
        governed_table(
            "review_user",
            columns=("person_id", "username", "is_active", "is_superuser"),
        ),
        governed_table("review_rolegrant"),
        governed_table("review_queue"),
        governed_table("review_reasoncode"),
        governed_table("review_calendar"),
        governed_table("review_calendarholiday"),
        governed_table("review_skill"),
        # When an absence's work was moved on is the sweeper's own note.
        governed_table(
            "review_absence",
            columns=("person_id", "starts_at", "ends_at", "canceled_at"),
        ),
        governed_table("review_authority"),
        governed_table("review_delegation"),
        governed_table("review_breakglass"),
        governed_table("review_policy"),
    ]
