"""When a step's timers are due. No clock here: `run.now` is passed in."""

import datetime as dt

from workflows.core.bpmn.graph import Node, TimerKind
from workflows.core.engine.plan import PlanNode, expression
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow, TimerArm
from workflows.core.feel import FeelSyntaxError, from_feel
from workflows.core.iso8601 import (
    Iso8601Error,
    parse_duration,
    parse_moment,
    parse_repetition,
)

CATCH = "engine.catch"
BOUNDARY = "engine.boundary"
EVENT = "engine.event"
TIMEOUT = "engine.timeout"
ENGINE_KINDS = (CATCH, BOUNDARY, EVENT, TIMEOUT)


def arm_event(run: Run, step: StepRow, *, node: Node, kind: str) -> bool:
    """Arm the timer of an event; an unreadable one makes the step an incident."""
    try:
        due_at, data = _due(run, node, step)
    except (Iso8601Error, FeelSyntaxError) as error:
        run.incident(step, code="BAD_TIMER", message=f"Timer of {node.id}: {error}")
        return False
    run.changes.timers.append(
        TimerArm(step_id=step.id, node_id=node.id, kind=kind, due_at=due_at, data=data)
    )
    return True


def arm_at_top(run: Run, node: Node) -> None:
    """Arm the timer of an event sub-process of the process itself.

    Raises Iso8601Error for one that gives no moment: no step stands for it yet that
    could become an incident, so the instance itself cannot begin.
    """
    due_at, data = _due(run, node, None)
    run.changes.timers.append(
        TimerArm(step_id=None, node_id=node.id, kind=EVENT, due_at=due_at, data=data)
    )


def arm_timeout(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Arm the time limit of a step that waits."""
    limit = dt.timedelta(seconds=planned.node.timeout_seconds)
    run.changes.timers.append(
        TimerArm(
            step_id=step.id,
            node_id=planned.node.id,
            kind=TIMEOUT,
            due_at=run.now + limit,
            data={"timeout": True},
        )
    )


def next_occurrence(
    *, due_at: dt.datetime, text: str, fired: int
) -> dt.datetime | None:
    """Return when a cycle fires again after `fired` firings, or None at its end."""
    cycle = parse_repetition(text)
    if cycle.count is not None and fired >= cycle.count:
        return None
    return cycle.after(due_at)


def arm_again(
    run: Run,
    step_id: int | None,
    *,
    node: Node,
    due_at: dt.datetime,
    data: dict[str, object],
) -> None:
    """Arm the next firing of a cycle."""
    kind = BOUNDARY if node.attached_to else EVENT
    run.changes.timers.append(
        TimerArm(step_id=step_id, node_id=node.id, kind=kind, due_at=due_at, data=data)
    )


def _due(
    run: Run, node: Node, step: StepRow | None
) -> tuple[dt.datetime, dict[str, object]]:
    spec = node.timer
    if spec is None:
        raise Iso8601Error("There is no timer definition.")
    text = _text(run, spec.text, step)
    match spec.kind:
        case TimerKind.DATE:
            return parse_moment(text), {}
        case TimerKind.DURATION:
            return parse_duration(text).after(run.now), {}
        case TimerKind.CYCLE:
            first = parse_repetition(text).first(run.now)
            return first, {"cycle": text, "fired": 0}


def _text(run: Run, text: str, step: StepRow | None) -> str:
    if not text.startswith("="):
        return text
    value = from_feel(expression(text).value(run.variables.seen_by(step)))
    if not isinstance(value, str):
        raise Iso8601Error(
            f"{text} gave {value!r} where a duration or a moment is due."
        )
    return value
