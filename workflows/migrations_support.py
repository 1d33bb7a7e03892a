"""Migration operations that make PostgreSQL guard the audit log. No tables here.

`audited_table` refuses, at COMMIT, a change of state without its audit entry;
`governed_table` a change of who may do what, without one in the installation's chain;
`append_only_table` refuses to change or remove rows. All are reversible. All use
triggers that are ENABLE ALWAYS, since ordinary ones are silent for a superuser who
sets `session_replication_role` to `replica`. A table's owner can still disable any
trigger: what finds that is the hash chain and a checkpoint held elsewhere.
"""

from collections.abc import Sequence
from typing import Final

from django.db import migrations

APPLICATION_ROLE: Final = "countersign_app"

# Note [The entry of this transaction]
# A row that carries (instance_id, audit_seq) may only be committed when the audit
# entry with that place was written by the very transaction that changes the row, told
# by its top-level transaction id. So an entry that a savepoint took back, one of
# another transaction and one that was never written are all refused. The trigger is
# deferred: state and entry may be written in either order. The table's name is
# qualified, for a temporary table of the same name would be found first.
_REQUIRE_ENTRY: Final = """
DO $install$ BEGIN EXECUTE format($define$
CREATE FUNCTION workflows_require_entry() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    owner uuid;
    place integer;
    head bytea;
BEGIN
    CASE TG_ARGV[0]
        WHEN 'instance' THEN
            owner := NEW.id; place := NEW.audit_seq; head := NEW.audit_head;
        WHEN 'chain' THEN
            owner := NEW.id; place := NEW.seq; head := NEW.head;
        ELSE
            owner := NEW.instance_id; place := NEW.audit_seq;
    END CASE;
    PERFORM FROM %1$I.workflows_auditentry
        WHERE chain = owner AND seq = place AND xid = pg_current_xact_id()
        AND (head IS NULL OR hash = head);
    IF NOT FOUND THEN
        RAISE EXCEPTION
            'A change of %% has no audit entry of its own transaction (chain %%, entry %%).',
            TG_TABLE_NAME, owner, place
            USING ERRCODE = 'integrity_constraint_violation',
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME,
                HINT = 'Write the entry with workflows.audit in the same transaction.';
    END IF;
    RETURN NULL;
END $body$
$define$, current_schema()); END $install$;
"""

# The chain's row is locked until its writer ends, so its head is ours or not written.
_REQUIRE_NOTICE: Final = """
DO $install$ BEGIN EXECUTE format($define$
CREATE FUNCTION workflows_require_notice() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM FROM %1$I.workflows_auditchain c
        JOIN %1$I.workflows_auditentry e ON e.chain = c.id AND e.seq = c.seq
        WHERE c.name = 'installation' AND e.xid = pg_current_xact_id();
    IF NOT FOUND THEN
        RAISE EXCEPTION
            'A change of %% has no audit entry in the chain of the installation.',
            TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation',
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME,
                HINT = 'Use the operation for it, not the table.';
    END IF;
    RETURN NULL;
END $body$
$define$, current_schema()); END $install$;
"""

# What carries no number of an entry is bound to its case: the newest entry of the case
# must be this transaction's. Whoever changes a case holds its row, so none comes between.
_REQUIRE_KIN: Final = """
DO $install$ BEGIN EXECUTE format($define$
CREATE FUNCTION workflows_require_kin() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    owner uuid;
    written xid8;
BEGIN
    CASE TG_ARGV[0]
        WHEN 'instance' THEN
            owner := CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END;
        WHEN 'row' THEN
            owner := CASE TG_OP WHEN 'DELETE' THEN OLD.instance_id
                ELSE NEW.instance_id END;
        ELSE
            EXECUTE format('SELECT p.instance_id FROM %1$I.%%I p WHERE p.id = ($1).%%I',
                TG_ARGV[1], TG_ARGV[0])
            INTO owner USING CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END CASE;
    SELECT xid INTO written FROM %1$I.workflows_auditentry
        WHERE chain = owner ORDER BY seq DESC LIMIT 1;
    IF written IS DISTINCT FROM pg_current_xact_id() THEN
        RAISE EXCEPTION
            '%% of %% has no audit entry of its own transaction (chain %%).',
            TG_OP, TG_TABLE_NAME, owner
            USING ERRCODE = 'integrity_constraint_violation',
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME,
                HINT = 'Write the entry with workflows.audit in the same transaction.';
    END IF;
    RETURN NULL;
END $body$
$define$, current_schema()); END $install$;
"""

_DENY_CHANGE: Final = """
CREATE FUNCTION workflows_deny_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% of % is refused: its rows are only ever added.',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation',
            TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END $body$;
"""

# Rows without a column `instance_id` belong to the instance of their task.
_ALLOW_ERASURE: Final = """
DO $install$ BEGIN EXECUTE format($define$
CREATE FUNCTION workflows_allow_erasure() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    before jsonb := to_jsonb(OLD);
    after jsonb := to_jsonb(NEW);
    owner uuid := before ->> 'instance_id';
    name text;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        before := before - name;
        after := after - name;
    END LOOP;
    IF before IS DISTINCT FROM after THEN
        RAISE EXCEPTION 'UPDATE of %% is refused: its rows are only ever added.',
            TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation',
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    IF owner IS NULL THEN
        SELECT t.instance_id INTO owner FROM %1$I.review_task t
            WHERE t.id = (before ->> 'task_id')::bigint;
    END IF;
    PERFORM FROM %1$I.workflows_auditentry
        WHERE chain = owner AND xid = pg_current_xact_id()
        AND kind IN ('content.erased', 'content.pruned');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'UPDATE of %% is refused: no entry says that its content is erased.',
            TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation',
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME,
                HINT = 'Erase content by its operation, not by the table.';
    END IF;
    RETURN NEW;
END $body$
$define$, current_schema()); END $install$;
"""


_FUNCTIONS: Final = {
    "workflows_require_entry": _REQUIRE_ENTRY,
    "workflows_deny_change": _DENY_CHANGE,
    "workflows_require_notice": _REQUIRE_NOTICE,
    "workflows_require_kin": _REQUIRE_KIN,
    "workflows_allow_erasure": _ALLOW_ERASURE,
}


def guard_functions() -> list[migrations.RunSQL]:
    """Create the functions behind all guards of this module but `guard_secrets`."""
    return [
        migrations.RunSQL(sql=sql, reverse_sql=f"DROP FUNCTION {name}()")
        for name, sql in _FUNCTIONS.items()
    ]


def audited_table(
    table: str,
    *,
    columns: Sequence[str] = ("state",),
    place: str = "row",
    only: str = "",
    events: Sequence[str] = ("insert", "update"),
) -> migrations.RunSQL:
    """Refuse at COMMIT a new row, or a change of `columns`, without its audit entry.

    The table has the columns `instance_id` and `audit_seq`; an entry with that chain
    and seq must have been written by the same transaction. `only` is an SQL condition
    on NEW that limits the rule. `place` names other columns: "instance" for the
    instance's own row, "chain" for `AuditChain`; these also bind the head's hash.
    `events` leaves out new rows where they begin empty. Removing rows is not its
    business. Depends on `guard_functions`.
    """
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
    rules = {
        "insert": only,
        "update": f"({changed}) AND ({only})" if only else changed,
    }
    conditions = {event: rules[event] for event in events}
    forwards = [
        statement
        for event, condition in conditions.items()
        for statement in (
            (
                f"CREATE CONSTRAINT TRIGGER {table}_{event}_needs_entry"
                f" AFTER {event.upper()} ON {table} DEFERRABLE INITIALLY DEFERRED"
                f" FOR EACH ROW {f'WHEN ({condition})' if condition else ''}"
                f" EXECUTE FUNCTION workflows_require_entry('{place}')"
            ),
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{event}_needs_entry",
        )
    ]
    backwards = [
        f"DROP TRIGGER {table}_{event}_needs_entry ON {table}" for event in conditions
    ]
    return migrations.RunSQL(
        sql=";\n".join(forwards), reverse_sql=";\n".join(backwards)
    )


def busy_table(table: str) -> migrations.RunSQL:
    """Let autovacuum come after a hundredth of a table's rows has changed.

    For tables whose few live rows are worked on among very many: by default it comes
    after a fifth, when the plans no longer fit and each count reads what is gone.
    """
    names = ("autovacuum_vacuum_scale_factor", "autovacuum_analyze_scale_factor")
    settings = ", ".join(f"{name} = 0.01" for name in names)
    return migrations.RunSQL(
        sql=f"ALTER TABLE {table} SET ({settings})",
        reverse_sql=f"ALTER TABLE {table} RESET ({', '.join(names)})",
    )


def governed_table(table: str, *, columns: Sequence[str] = ()) -> migrations.RunSQL:
    """Refuse at COMMIT to add, change or remove a row without a notice of it.

    For tables of people, rights and rules: a notice is an entry that the same
    transaction added to the chain of the installation. With `columns` only a change of
    these needs one. Depends on `guard_functions`.
    """
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
    conditions = {"insert": "", "update": changed, "delete": ""}
    forwards = [
        statement
        for event, condition in conditions.items()
        for statement in (
            (
                f"CREATE CONSTRAINT TRIGGER {table}_{event}_needs_notice"
                f" AFTER {event.upper()} ON {table} DEFERRABLE INITIALLY DEFERRED"
                f" FOR EACH ROW {f'WHEN ({condition})' if condition else ''}"
                " EXECUTE FUNCTION workflows_require_notice()"
            ),
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{event}_needs_notice",
        )
    ]
    backwards = [
        f"DROP TRIGGER {table}_{event}_needs_notice ON {table}" for event in conditions
    ]
    return migrations.RunSQL(
        sql=";\n".join(forwards), reverse_sql=";\n".join(backwards)
    )


def removals_need_entry(
    table: str, *, place: str = "row", only: str = ""
) -> migrations.RunSQL:
    """Refuse at COMMIT to remove a row of an audited table without an entry of its case.

    `place` and `only` are as for `audited_table`, `only` on OLD. Also refuses to
    TRUNCATE it. Depends on `guard_functions`.
    """
    return _bind(table, events=("delete",), arguments=f"'{place}'", only=only)


def kin_table(table: str, *, column: str, parent: str) -> migrations.RunSQL:
    """Refuse at COMMIT to add, change or remove a row without an entry of its case.

    For tables that carry no number of an entry: `column` names a row of `parent`,
    which has the `instance_id`. Depends on `guard_functions`.
    """
    events = ("insert", "update", "delete")
    return _bind(table, events=events, arguments=f"'{column}', '{parent}'")


def _bind(
    table: str, *, events: Sequence[str], arguments: str, only: str = ""
) -> migrations.RunSQL:
    when = f" WHEN ({only})" if only else ""
    made = [
        (
            f"CREATE CONSTRAINT TRIGGER {table}_{event}_needs_entry"
            f" AFTER {event.upper()} ON {table} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW{when} EXECUTE FUNCTION workflows_require_kin({arguments})"
        )
        for event in events
    ]
    names = [f"{table}_{event}_needs_entry" for event in events]
    always = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for name in names]
    stays, stays_not = _refuse_truncate(table)
    forwards = [*made, *always, *stays]
    backwards = [stays_not, *(f"DROP TRIGGER {name} ON {table}" for name in names)]
    return migrations.RunSQL(
        sql=";\n".join(forwards), reverse_sql=";\n".join(backwards)
    )


def table_stays(table: str) -> migrations.RunSQL:
    """Refuse to TRUNCATE a governed table. Depends on `guard_functions`."""
    forwards, backwards = _refuse_truncate(table)
    return migrations.RunSQL(sql=";\n".join(forwards), reverse_sql=backwards)


def _refuse_truncate(table: str) -> tuple[list[str], str]:
    name = f"{table}_table_stays"
    forwards = [
        (
            f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION workflows_deny_change()"
        ),
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]
    return forwards, f"DROP TRIGGER {name} ON {table}"


def append_only_table(table: str, *, erasable: Sequence[str] = ()) -> migrations.RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE of a table, to its owner and superusers too.

    Also takes these rights from the application's role where that role exists. The
    content in the columns `erasable` may be erased, and nothing else: an UPDATE that
    changes only these passes where its transaction wrote an entry `content.erased` or
    `content.pruned` to the chain of the row's instance before.
    Depends on `guard_functions`.
    """
    stays, stays_not = _refuse_truncate(table)
    refused = "DELETE" if erasable else "UPDATE OR DELETE"
    forwards = [
        (
            f"CREATE TRIGGER {table}_rows_stay BEFORE {refused} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION workflows_deny_change()"
        ),
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rows_stay",
        *stays,
        _for_application(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM"),
        _for_application(f"GRANT SELECT, INSERT ON {table} TO"),
    ]
    backwards = [
        stays_not,
        f"DROP TRIGGER {table}_rows_stay ON {table}",
        _for_application(f"GRANT UPDATE, DELETE ON {table} TO"),
    ]
    if erasable:
        may, may_not = _allow_erasure(table, erasable)
        forwards, backwards = forwards + may, may_not + backwards
    return migrations.RunSQL(
        sql=";\n".join(forwards), reverse_sql=";\n".join(backwards)
    )


def _allow_erasure(table: str, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    name = f"{table}_rows_are_erased"
    arguments = ", ".join(f"'{column}'" for column in columns)
    grant = f"UPDATE ({', '.join(columns)}) ON {table}"
    forwards = [
        (
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION workflows_allow_erasure({arguments})"
        ),
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        _for_application(f"GRANT {grant} TO"),
    ]
    backwards = [
        _for_application(f"REVOKE {grant} FROM"),
        f"DROP TRIGGER {name} ON {table}",
    ]
    return forwards, backwards


def settled_rows_stay(table: str, *, settled: str) -> migrations.RunSQL:
    """Refuse to change or remove rows for which an SQL condition on OLD holds.

    TRUNCATE is refused altogether. Depends on `guard_functions`.
    """
    stays, stays_not = _refuse_truncate(table)
    forwards = [
        (
            f"CREATE TRIGGER {table}_rows_stay BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW WHEN ({settled}) EXECUTE FUNCTION workflows_deny_change()"
        ),
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rows_stay",
        *stays,
    ]
    backwards = [stays_not, f"DROP TRIGGER {table}_rows_stay ON {table}"]
    return migrations.RunSQL(
        sql=";\n".join(forwards), reverse_sql=";\n".join(backwards)
    )


# As workflows_allow_erasure, for what opens commitments: these rows may go, or lose
# their secret, with the entry that says so and never else.
_GUARD_SECRETS: Final = """
DO $install$ BEGIN EXECUTE format($define$
CREATE FUNCTION workflows_guard_secret() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM FROM %1$I.workflows_auditentry
        WHERE chain = OLD.instance_id AND xid = pg_current_xact_id()
        AND kind IN ('content.erased', 'content.pruned');
    IF NOT FOUND THEN
        RAISE EXCEPTION '%% of %% is refused: no entry says that its content is erased.',
            TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation',
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME,
                HINT = 'Erase content by its operation, not by the table.';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $body$
$define$, current_schema()); END $install$;
"""


def guard_secrets() -> list[migrations.RunSQL]:
    """Refuse to take secrets and disclosures away without the entry of an erasure."""
    secrets, opened = "workflows_contentkey", "workflows_disclosure"
    made = [
        migrations.RunSQL(
            sql=_GUARD_SECRETS, reverse_sql="DROP FUNCTION workflows_guard_secret()"
        )
    ]
    for table, event, condition in (
        (
            secrets,
            "UPDATE",
            "WHEN (OLD.secret IS DISTINCT FROM NEW.secret)",
        ),
        (secrets, "DELETE", ""),
        (opened, "UPDATE", ""),
        (opened, "DELETE", ""),
    ):
        name = f"{table}_{event.lower()}_guarded"
        made.append(
            migrations.RunSQL(
                sql=(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
                    f" {condition} EXECUTE FUNCTION workflows_guard_secret();"
                    f" ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
                ),
                reverse_sql=f"DROP TRIGGER {name} ON {table}",
            )
        )
    return made


def _for_application(grant: str) -> str:
    """Run a GRANT or REVOKE for the application's role, where that role exists."""
    return (
        f"DO $do$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname ="
        f" '{APPLICATION_ROLE}') THEN {grant} {APPLICATION_ROLE}; END IF; END $do$"
    )
