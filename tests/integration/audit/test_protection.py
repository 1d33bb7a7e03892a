"""The database refuses changes without their entry, and changes of entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
import pytest_django
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests.integration.audit.rows import NOW, a_definition, a_step, draft, make_rows
from workflows.audit import (
    record,
)
from workflows.ids import new_instance_id
from workflows.migrations_support import (
    append_only_table,
    audited_table,
    removals_need_entry,
)
from workflows.models import AuditEntry, Instance, Step
from workflows.operations.guards import read_guards

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

REFUSAL = "has no audit entry of its own transaction"
UPSERT = (
    "INSERT INTO workflows_auditentry SELECT * FROM workflows_auditentry"
    " ON CONFLICT (id) DO UPDATE SET kind = 'x'"
)
RESOLVE = (
    "UPDATE workflows_incident SET state = 'RESOLVED', resolved_at = now(),"
    " resolved_by = 'person:1', resolution = 'BY_HAND'"
)
A_PERSON = (
    "INSERT INTO review_person (name, email, simulated, created_at)"
    " VALUES ('Mallory', '', false, now())"
)
A_TOKEN = (
    "INSERT INTO workflows_apitoken (name, digest, created_at)"
    " VALUES ('back door', '0', now())"
)
RAW_CHANGES = [
    "UPDATE workflows_instance SET state = 'SUSPENDED'",
    "UPDATE workflows_instance SET version = version + 1",
    "UPDATE workflows_instance SET audit_seq = audit_seq + 1",
    "UPDATE workflows_instance SET audit_head = '\\x00'",
    "UPDATE workflows_instance SET variables = '{\"amount\": 1}'",
    "UPDATE workflows_step SET state = 'COMPLETED', ended_at = now()",
    "UPDATE workflows_timer SET state = 'CANCELED'",
    RESOLVE,
    "DELETE FROM workflows_timer",
    "DELETE FROM workflows_incident",
]


def commit(*statements: str) -> None:
    """Run statements and COMMIT, on a connection beside the test's own."""
    beside = connection.copy()
    try:
        beside.set_autocommit(autocommit=False)
        with beside.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        beside.commit()
    finally:
        beside.close()


@pytest.fixture(scope="module")
def committed(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[UUID]:
    """Keep one committed instance for tests whose own transactions are refused."""
    with django_db_blocker.unblock():
        instance_id = make_rows()
    yield instance_id
    with django_db_blocker.unblock():
        commit(
            "TRUNCATE workflows_definition, workflows_auditentry, workflows_auditchain"
            " CASCADE"
        )


@pytest.mark.parametrize("sql", RAW_CHANGES)
def test_raw_update_without_entry_fails_at_commit(sql: str, committed: UUID) -> None:
    with pytest.raises(IntegrityError, match=REFUSAL):
        commit(sql)
    assert Instance.objects.get(pk=committed).version == 0
    assert Step.objects.get().state == "WAITING"


@pytest.mark.parametrize("sql", RAW_CHANGES)
def test_superuser_as_replica_is_refused_too(sql: str, committed: UUID) -> None:
    with pytest.raises(IntegrityError, match=REFUSAL):
        commit("SET LOCAL session_replication_role = replica", sql)


def test_bulk_update_through_the_orm_is_refused(committed: UUID) -> None:
    Step.objects.update(state="COMPLETED", ended_at=NOW)
    with pytest.raises(IntegrityError, match=REFUSAL):
        connection.check_constraints()


@pytest.mark.parametrize(
    "make",
    [
        lambda instance_id: a_step(instance_id, step_id=2),
        lambda instance_id: a_step(instance_id, step_id=3, audit_seq=2),
        lambda _: Instance.objects.create(
            id=new_instance_id(NOW),
            definition=a_definition(),
            process_id="loan",
            state="ACTIVE",
            initiator="",
            audit_head=bytes(32),
            started_at=NOW,
        ),
    ],
)
def test_new_row_without_entry_is_refused(
    make: Callable[[UUID], object], committed: UUID
) -> None:
    make(committed)
    with pytest.raises(IntegrityError, match=REFUSAL):
        connection.check_constraints()


def test_temporary_table_of_the_same_name_deceives_nobody(committed: UUID) -> None:
    decoy = (
        "CREATE TEMPORARY TABLE workflows_auditentry ON COMMIT DROP AS"
        " SELECT chain, seq, hash, pg_current_xact_id() AS xid"
        " FROM public.workflows_auditentry"
    )
    with pytest.raises(IntegrityError, match=REFUSAL):
        commit(decoy, "UPDATE workflows_step SET state = 'READY'")


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE workflows_auditentry SET kind = 'x'",
        "DELETE FROM workflows_auditentry",
        "TRUNCATE workflows_auditentry",
        UPSERT,
    ],
)
def test_entries_cannot_be_changed_by_a_superuser(
    sql: str, role: str, committed: UUID
) -> None:
    # Tests clean up by TRUNCATE, so the trigger against it was switched off.
    name = "workflows_auditentry_table_stays"
    with pytest.raises(IntegrityError, match="only ever added"):
        commit(
            f"ALTER TABLE workflows_auditentry ENABLE ALWAYS TRIGGER {name}",
            f"SET LOCAL session_replication_role = {role}",
            sql,
        )
    assert AuditEntry.objects.get(chain=committed).kind == "instance.started"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE workflows_auditentry SET kind = 'x'",
        "DELETE FROM workflows_auditentry",
        "TRUNCATE workflows_auditentry",
        UPSERT,
        "ALTER TABLE workflows_auditentry DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "SELECT setval(pg_get_serial_sequence('workflows_auditentry', 'id'), 1)",
        "DELETE FROM workflows_leaf",
        "UPDATE workflows_checkpoint SET note = ''",
    ],
)
def test_application_role_has_no_right_to_it(sql: str, committed: UUID) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        commit("SET LOCAL ROLE countersign_app", sql)


def test_application_role_reads_and_adds(committed: UUID) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE countersign_app")
        record(instance_id=committed, drafts=[draft(), draft()], now=NOW)
        assert AuditEntry.objects.filter(chain=committed).count() == 3
        transaction.set_rollback(True)


def test_every_table_that_names_its_entry_is_guarded(committed: UUID) -> None:
    # Those that name an entry of the installation's chain are governed instead.
    governed = {
        table for table, kinds in read_guards().classes.items() if "governed" in kinds
    }
    named = {
        model._meta.db_table
        for model in apps.get_models()
        if any(field.name == "audit_seq" for field in model._meta.get_fields())
    } - governed
    assert {"workflows_instance", "workflows_step"} <= named
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, count(*) FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname IN (c.relname || '_insert_needs_entry',"
            " c.relname || '_update_needs_entry') AND t.tgenabled = 'A'"
            " AND t.tgdeferrable AND t.tginitdeferred GROUP BY c.relname"
        )
        guarded = dict(cursor.fetchall())
    assert {table: guarded.get(table) for table in named} == dict.fromkeys(named, 2)


@pytest.mark.parametrize(
    "sql",
    [
        A_PERSON,
        A_TOKEN,
        "UPDATE workflows_definition SET retired_at = now()",
    ],
)
def test_rights_and_rules_need_a_notice_of_the_installation(
    sql: str, committed: UUID
) -> None:
    with pytest.raises(IntegrityError, match="in the chain of the installation"):
        commit(sql)


def test_protection_can_be_taken_back_and_put_again(committed: UUID) -> None:
    operations = [
        append_only_table("workflows_auditentry"),
        audited_table("workflows_step"),
        removals_need_entry("workflows_step"),
    ]
    count = (
        "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN"
        " ('workflows_auditentry'::regclass, 'workflows_step'::regclass)"
        " AND tgname <> 'workflows_step_move_needs_entry'"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        for operation in operations:
            cursor.execute(str(operation.reverse_sql))
        cursor.execute(count)
        assert cursor.fetchone() == (0,)
        for operation in operations:
            cursor.execute(str(operation.sql))
        cursor.execute(count)
        assert cursor.fetchone() == (6,)
        transaction.set_rollback(True)
