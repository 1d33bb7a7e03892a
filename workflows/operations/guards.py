"""What guards the migrations put on tables, read from the migrations themselves.

So what an installation should have is written once, where it is made. Nothing here
looks at a database; operations/protection.py compares.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

_FUNCTION: Final = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+(\w+)\(\)\s+RETURNS\s+trigger\s+"
    r"LANGUAGE\s+plpgsql\s+AS\s+\$body\$(.*?)\$body\$",
    re.DOTALL,
)
_TRIGGER: Final = re.compile(
    r"CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s+(?P<name>\w+)\s+(?:BEFORE|AFTER)\s.*?"
    r"\sON\s+(?P<table>\w+)\s.*?EXECUTE\s+FUNCTION\s+\w+\([^)]*\)",
    re.DOTALL,
)
_DROPPED: Final = re.compile(r"DROP TRIGGER (?:IF EXISTS )?(\w+)\s+ON\s+(\w+)")
_DROPPED_FUNCTION: Final = re.compile(r"DROP FUNCTION (?:IF EXISTS )?(\w+)\(")
_NOISE: Final = re.compile(
    r"::(?:character varying|double precision|timestamp with time zone|\w+)(?:\[\])?"
    r"|public\.|[\s()]"
)
_EVENTS: Final = re.compile(r"\b(before|after)\s+(.+?)\s+on\s", re.DOTALL)
_KINDS: Final = {
    "_needs_entry": "audited",
    "_needs_notice": "governed",
    "_rows_stay": "append-only",
    "_guarded": "secret",
}


@dataclass(slots=True)
class Guards:
    """Triggers by (table, name), each as it was written; bodies of functions by name."""

    triggers: dict[tuple[str, str], str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> frozenset[str]:
        """Return the tables that have any guard."""
        return frozenset(table for table, _ in self.triggers)

    @property
    def classes(self) -> Mapping[str, frozenset[str]]:
        """Return by which of the four classes each guarded table is guarded."""
        found: dict[str, set[str]] = {}
        for table, name in self.triggers:
            for ending, kind in _KINDS.items():
                if name.endswith(ending):
                    found.setdefault(table, set()).add(kind)
        return {table: frozenset(kinds) for table, kinds in found.items()}


@cache
def read_guards(schema: str = "public") -> Guards:
    """Return the guards as they stand after all migrations on disk."""
    guards = Guards()
    for sql in _list_statements():
        for table_name in _DROPPED.findall(sql):
            guards.triggers.pop((table_name[1], table_name[0]), None)
        for name in _DROPPED_FUNCTION.findall(sql):
            guards.functions.pop(name, None)
        for found in _TRIGGER.finditer(sql):
            place = (found["table"], found["name"])
            guards.triggers[place] = normalise(found[0])
        is_format = "$define$" in sql
        for name, body in _FUNCTION.findall(sql):
            guards.functions[name] = _unformat(body, schema) if is_format else body
    return guards


def _unformat(body: str, schema: str) -> str:
    """Return what PostgreSQL's format() makes of a function's text."""
    return str(body).replace("%1$I", schema).replace("%%", "%")


def normalise(definition: str) -> str:
    """Return a trigger's definition without what PostgreSQL writes in its own way."""
    text = _EVENTS.sub(_sort_events, definition.lower().replace("'", '"'))
    return _NOISE.sub("", text)


def _sort_events(found: re.Match[str]) -> str:
    events = sorted(re.split(r"\s+or\s+", found[2]))
    return f"{found[1]} {' or '.join(events)} on "


def _list_statements() -> Iterator[str]:
    loader = MigrationLoader(None)
    plan: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    for node in plan:
        migration = loader.graph.nodes[node]
        if migration is not None:
            for operation in migration.operations:
                yield from _read_sql(operation)


def _read_sql(operation: Operation) -> Iterator[str]:
    if isinstance(operation, SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _read_sql(inner)
    elif isinstance(operation, RunSQL):
        parts = [operation.sql] if isinstance(operation.sql, str) else operation.sql
        for part in parts:
            yield part if isinstance(part, str) else str(part[0])


def read_unguarded() -> dict[str, str]:
    """Return the tables that need no guard, with the reason, as each application says."""
    found: dict[str, str] = {}
    for config in apps.get_app_configs():
        found |= getattr(config, "unguarded_tables", {})
    return found


def list_tables() -> list[str]:
    """Return the tables of all applications that say which of theirs need no guard."""
    return sorted(
        model._meta.db_table  # noqa: SLF001  (Django's documented name for it)
        for config in apps.get_app_configs()
        if hasattr(config, "unguarded_tables")
        for model in config.get_models(include_auto_created=True)
    )
