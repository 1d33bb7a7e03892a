"""Compare an installation with what protects the log: findings, a sentence each.

Looks with the rights of the connection it has, so run it as what it is to prove
something of: the application's role. Reads only.
"""

import datetime as dt
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.db import connection

from workflows.operations.anchors import (
    Standing,
    list_standings,
    window_of_settings,
)
from workflows.operations.guards import (
    Guards,
    list_tables,
    normalise,
    read_guards,
    read_unguarded,
)
from workflows.operations.log_key import KeyFolder, KeyUnusable

_ME: Final = """
    SELECT current_user, current_schema(), r.rolsuper, r.rolbypassrls, r.rolreplication,
        current_setting('session_replication_role')
    FROM pg_roles r WHERE r.rolname = current_user
"""
_TABLES: Final = """
    SELECT c.relname, pg_has_role(current_user, c.relowner, 'MEMBER'),
        has_table_privilege(c.oid, 'TRUNCATE'), has_table_privilege(c.oid, 'TRIGGER'),
        has_table_privilege(c.oid, 'DELETE'),
        has_table_privilege(c.oid, 'UPDATE'), has_any_column_privilege(c.oid, 'UPDATE')
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
        AND c.relkind IN ('r', 'p') AND c.relname = ANY(%s) ORDER BY c.relname
"""
_TRIGGERS: Final = """
    SELECT c.relname, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid, true)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
        AND c.relname = ANY(%s)
"""
_RULES: Final = """
    SELECT tablename, rulename FROM pg_rules
    WHERE schemaname = current_schema() AND tablename = ANY(%s)
"""
_FUNCTIONS: Final = """
    SELECT p.proname, p.prosrc, l.lanname = 'plpgsql' AND NOT p.prosecdef
        AND p.proconfig IS NULL
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY(%s)
"""
_CREATES: Final = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
_OLDEST_UNSEALED: Final = """
    SELECT min(at) FROM workflows_auditentry
    WHERE id > (SELECT COALESCE(max(entry_id), 0) FROM workflows_leaf)
"""


class Finding(NamedTuple):
    """One thing that is not as it should be: what kind, and a sentence with the cure."""

    code: str
    message: str


class Looked(NamedTuple):
    """What was compared, and what was found."""

    tables: int
    triggers: int
    functions: int
    anchors: int
    findings: list[Finding]


def check_protection(*, folder: KeyFolder, now: dt.datetime) -> Looked:
    """Return all that an installation lacks; an empty list where it lacks nothing."""
    me = _query(_ME)[0]
    guards = read_guards(me[1])
    tables = sorted({*list_tables(), *(table for table, _ in guards.triggers)})
    standings = list_standings(now=now)
    findings = [
        *_check_role(me),
        *_check_rights(me, tables, guards),
        *_check_classes(guards),
        *_check_triggers(tables, guards),
        *_check_functions(guards),
        *_check_folder(folder),
        *_check_sealing(now),
        *_check_anchors(standings),
    ]
    return Looked(
        tables=len(tables),
        triggers=len(guards.triggers),
        functions=len(guards.functions),
        anchors=len(standings),
        findings=findings,
    )


def _query(sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _check_role(me: tuple[Any, ...]) -> Iterator[Finding]:
    role, _schema, is_super, bypasses, replicates, replication_role = me
    if is_super or bypasses or replicates:
        yield Finding(
            "role",
            f"The application signs in as {role}, which is a superuser or may replicate"
            " or bypass policies; sign in as a role of its own (docs/settings.md).",
        )
    ((creates,),) = _query(_CREATES)
    if creates and not is_super:
        yield Finding(
            "role",
            f"{role} may make tables and functions in the schema; run REVOKE CREATE ON"
            f" SCHEMA {me[1]} FROM {role}, PUBLIC.",
        )
    if replication_role != "origin":
        yield Finding(
            "role",
            f"session_replication_role is {replication_role} for {role}: ordinary"
            " triggers are silent; set it back to origin.",
        )


def _check_rights(
    me: tuple[Any, ...], tables: list[str], guards: Guards
) -> Iterator[Finding]:
    role, is_super = me[0], me[2]
    rows = _query(_TABLES, [tables])
    for table in sorted(set(tables) - {row[0] for row in rows}):
        yield Finding("table", f"There is no table {table}: run `manage.py migrate`.")
    if is_super:
        return  # every right is his; that he signs in is told already
    owned = [table for table, is_owner, *_ in rows if is_owner]
    if owned:
        yield Finding(
            "owner",
            f"{role} owns {len(owned)} tables, {owned[0]} among them, or is a member of"
            " the role that does: it can switch off their triggers.",
        )
    for table, is_owner, *held in rows:
        too_much = [] if is_owner else _find_too_much(table, held, guards)
        if too_much:
            rights = ", ".join(too_much)
            yield Finding(
                "grant",
                f"{role} may {rights} on {table}; run as the owner: REVOKE {rights} ON"
                f" {table} FROM {role}, PUBLIC.",
            )


def _find_too_much(table: str, held: list[bool], guards: Guards) -> list[str]:
    """Return those of the rights held on a table that nobody needs to work with it."""
    truncates, triggers, deletes, updates, updates_some = held
    names = {"TRUNCATE": truncates, "TRIGGER": triggers}
    if (table, f"{table}_rows_stay") in guards.triggers and _is_plain(table, guards):
        # Of what may be erased the columns of content are granted, and no more.
        erases = (table, f"{table}_rows_are_erased") in guards.triggers
        names |= {"UPDATE": updates if erases else updates_some, "DELETE": deletes}
    return [name for name, is_held in names.items() if is_held]


def _is_plain(table: str, guards: Guards) -> bool:
    """Tell whether no row of the table may ever change, not only those settled."""
    text = guards.triggers[table, f"{table}_rows_stay"]
    return "when" not in text and "workflows_deny_change" in text


def _check_classes(guards: Guards) -> Iterator[Finding]:
    unguarded = read_unguarded().keys()
    known = guards.classes.keys() | unguarded
    for table in sorted(unguarded & guards.tables):
        yield Finding(
            "class",
            f"{table} is said to need no guard (`unguarded_tables`), but migrations put"
            " one on it: what is said of it is not true any more.",
        )
    for table in list_tables():
        if table not in known:
            yield Finding(
                "class",
                f"No migration guards {table}, and no application says why it needs"
                " no guard (`unguarded_tables`).",
            )


def _check_triggers(tables: list[str], guards: Guards) -> Iterator[Finding]:
    found = {(row[0], row[1]): row[2:] for row in _query(_TRIGGERS, [tables])}
    for (table, name), written in sorted(guards.triggers.items()):
        enabled, definition = found.pop((table, name), ("", ""))
        if not definition:
            yield Finding("trigger", f"The trigger {name} of {table} is missing.")
        elif enabled != "A":
            state = "disabled" if enabled == "D" else "not ENABLE ALWAYS"
            yield Finding(
                "trigger",
                f"The trigger {name} of {table} is {state}; run as the owner: ALTER"
                f" TABLE {table} ENABLE ALWAYS TRIGGER {name}.",
            )
        elif normalise(definition) != written:
            yield Finding(
                "trigger", f"The trigger {name} of {table} is not the one we made."
            )
    for table, name in sorted(found):
        yield Finding("trigger", f"{table} has a trigger {name} that is not ours.")
    for table, name in _query(_RULES, [tables]):
        yield Finding("trigger", f"{table} has a rule {name} that is not ours.")


def _check_functions(guards: Guards) -> Iterator[Finding]:
    rows = _query(_FUNCTIONS, [list(guards.functions)])
    found = {row[0]: row[1:] for row in rows}
    for name, body in sorted(guards.functions.items()):
        stored, is_plain = found.get(name, (None, False))
        if stored is None:
            yield Finding("function", f"The function {name} is missing.")
        elif stored != body or not is_plain or len(rows) != len(found):
            yield Finding(
                "function",
                f"The function {name} is not the one the migrations make.",
            )


def _check_folder(folder: KeyFolder) -> Iterator[Finding]:
    path = folder.path
    if not path.is_dir():
        yield Finding(
            "key", f"There is no folder {path}: `manage.py seal` was never run here."
        )
        return
    for place in (path, *sorted(path.glob("log.key*"))):
        if _is_open(place):
            yield Finding(
                "key", f"Others may read or write {place}: run chmod go-rwx on it."
            )
    try:
        key = folder.read_key()
    except KeyUnusable as error:
        yield Finding("key", str(error))
        return
    if key is None:
        yield Finding("key", f"There is no signing key in {path}.")


def _is_open(place: Path) -> bool:
    return bool(place.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _check_sealing(now: dt.datetime) -> Iterator[Finding]:
    ((oldest,),) = _query(_OLDEST_UNSEALED)
    if oldest is not None and now - oldest > window_of_settings():
        yield Finding(
            "sealing",
            f"Entries wait since {oldest:%Y-%m-%d %H:%M:%S} UTC to be sealed: is"
            " `manage.py seal` running?",
        )


def _check_anchors(standings: Sequence[Standing]) -> Iterator[Finding]:
    if not standings:
        yield Finding(
            "anchor",
            "No anchor is set (COUNTERSIGN_ANCHORS): whoever owns the database and the"
            " key can write the log anew.",
        )
    for standing in standings:
        if standing.is_late:
            why = standing.error or "nothing was tried; is `manage.py seal` running?"
            yield Finding(
                "anchor",
                f"{standing.target.name} holds {standing.size} entries and is late:"
                f" {why}",
            )
