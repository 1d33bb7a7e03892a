"""Called processes: start them, and hear of their end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows import audit, inbox
from workflows.core.actors import ENGINE
from workflows.core.canonical import digest, dumps
from workflows.core.engine import stimuli
from workflows.core.engine.run import Run
from workflows.core.engine.state import ChildStart
from workflows.ids import new_instance_id
from workflows.operations import plans

MAX_DEPTH = 20
"""Called processes inside called processes; deeper is a loop."""


@dataclass(frozen=True, slots=True)
class Started:
    """A child instance to insert, or the reason why it cannot be."""

    row: tuple[object, ...]
    entry: audit.Row


def prepare(run: Run, child: ChildStart) -> Started | None:
    """Make a child instance of a call activity; its step becomes an incident if
    the called process cannot be found.
    """
    _, step = run.step(child.step_id)
    instance = run.instance
    if instance.depth >= MAX_DEPTH:
        run.incident(
            step,
            code="TOO_DEEP",
            message=f"Called processes are nested deeper than {MAX_DEPTH}.",
        )
        return None
    found = plans.resolve_called(
        instance.definition_id, called=child.called, version=child.version
    )
    if found is None:
        run.incident(
            step,
            code="UNKNOWN_PROCESS",
            message=f"No deployed process or definition is named {child.called!r}.",
        )
        return None
    definition_id, process_id = found
    child_id = new_instance_id(run.now)
    step.data = {**step.data, "child": str(child_id)}
    head = audit.Head(chain=child_id)
    draft = audit.Draft(
        kind="instance.started",
        actor=ENGINE,
        detail={
            "definition": plans.package_for(definition_id).label,
            "parent": str(instance.id),
            "variables": digest(child.variables),
        },
        occurred_at=run.occurred_at,
    )
    (entry,) = audit.link(head, [draft], now=run.now)
    row = (
        child_id,
        definition_id,
        process_id,
        instance.business_key,
        dumps(child.variables),
        instance.initiator,
        instance.id,
        child.step_id,
        instance.depth + 1,
        head.seq,
        head.hash,
        run.now,
        run.occurred_at,
    )
    return Started(row=row, entry=entry)


def write_started(started: Sequence[Started]) -> None:
    """Insert the children, each with its first entry and the wish to start."""
    if started:
        inbox.insert_instances(
            [child.row for child in started],
            entries=[child.entry for child in started],
            stimulus={},
        )


def ended(step_id: int | None, data: Mapping[str, Any]) -> stimuli.Done:
    """Turn a child's good end into the end of the step that called it."""
    return stimuli.Done(step_id=step_id or 0, output=data["variables"])


def failed(step_id: int | None, data: Mapping[str, Any]) -> stimuli.Fault:
    """Turn a child's bad end into an error at the step that called it."""
    return stimuli.Fault(
        step_id=step_id or 0,
        code=str(data["code"]),
        message=str(
            data.get("message") or f"The called process ended {data['state']}."
        ),
    )


def canceled(data: Mapping[str, Any]) -> stimuli.Cancel:
    """End an instance because the step that called it is gone."""
    return stimuli.Cancel(reason=str(data["reason"]), actor=ENGINE)
