"""Variables as a person edits them: which scope, which values, which are too large."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from review.dashboards import interventions as shown
from review.dashboards.sql import read_json
from review.views.instances.words import name_step
from workflows.core.payloads import Payload, Values, no_payloads
from workflows.operations.errors import Conflict


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """A holder of variables that can be chosen instead."""

    label: str
    scope_id: int | None
    is_current: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Editable:
    """What a form edits; `apart` are names whose content is kept apart, not shown."""

    scope_id: int | None
    values: Mapping[str, Any]
    apart: tuple[str, ...]
    scopes: tuple[Scope, ...]


def read_editable(found: Any, *, scope_id: int | None) -> Editable:
    """Return the variables of an instance or of one of its scopes. Raises Conflict."""
    rows = shown.list_scopes(found.id)
    text = found.variables
    if scope_id is not None:
        text = next((row.variables for row in rows if row.id == scope_id), None)
        if text is None:
            raise Conflict("That part of the instance has ended in the meantime.")
    stored = Values.from_stored(read_json(text), read=no_payloads)
    apart = tuple(sorted(n for n in stored if isinstance(stored.peek(n), Payload)))
    scopes = [Scope("The instance", None, scope_id is None)]
    scopes += [Scope(_name(row), row.id, scope_id == row.id) for row in rows]
    return Editable(
        scope_id=scope_id,
        values={n: stored.peek(n) for n in sorted(stored) if n not in apart},
        apart=apart,
        scopes=tuple(scopes) if rows else (),
    )


def _name(row: Any) -> str:
    name = name_step(row.name, row.node_id)
    return name if row.index is None else f"Round {int(row.index) + 1} of {name}"
