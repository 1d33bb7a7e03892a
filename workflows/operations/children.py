"""Called processes: start them, and hear of their end."""

from collections.abc import Mapping
from typing import Any

from workflows.core.actors import ENGINE
from workflows.core.engine import stimuli
from workflows.core.engine.run import Run
from workflows.core.engine.state import ChildStart
from workflows.operations import beginnings, bindings, plans
from workflows.store import payloads

MAX_DEPTH = 20
"""Called processes inside called processes; deeper is a loop."""


def prepare(run: Run, child: ChildStart) -> Run | None:
    """Begin the instance that a call activity calls, or stop its step.

    The step becomes an incident where nothing of that name is deployed, or where
    called processes are nested deeper than MAX_DEPTH.
    """
    planned, step = run.step(child.step_id)
    instance = run.instance
    if instance.depth >= MAX_DEPTH:
        run.incident(
            step,
            code="TOO_DEEP",
            message=f"Called processes are nested deeper than {MAX_DEPTH}.",
        )
        return None
    found = plans.resolve_called(
        instance.definition_id, process_id=instance.process_id, node=planned.node
    )
    if found is None:
        run.incident(
            step,
            code="UNKNOWN_PROCESS",
            message=f"Nothing that is deployed and in force fits the call of"
            f" {bindings.describe(planned.node)}; deploy it, then try again.",
        )
        return None
    called = beginnings.begin(
        definition_id=found.definition_id,
        process_id=found.process_id,
        variables=child.variables,
        actor=ENGINE,
        initiator=instance.initiator,
        now=run.now,
        business_key=instance.business_key,
        occurred_at=run.occurred_at,
        parent=(instance.id, child.step_id),
        depth=instance.depth + 1,
    )
    step.data = {**step.data, "child": str(called.instance.id)}
    return called


def ended(step_id: int | None, data: Mapping[str, Any]) -> stimuli.Done:
    """Turn a child's good end into the end of the step that called it."""
    return stimuli.Done(
        step_id=step_id or 0, output=payloads.stored_values(data["variables"])
    )


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
    return stimuli.Cancel(reason="", actor=ENGINE, because=str(data["reason"]))
