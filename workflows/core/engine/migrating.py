"""What a migration does to an instance. Whether it may be done: migration.py.

Steps keep their ids, their variables, their tasks, leases and called instances. What
they listen to is kept where it means the same in the new version, with the moment it
is due; what has no counterpart is ended, what is new is opened.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from workflows.core.actors import Actor
from workflows.core.bpmn.graph import EventKind, Node
from workflows.core.chain import Draft
from workflows.core.engine import clocks
from workflows.core.engine.activities import BEGIN, EVENT, TODO
from workflows.core.engine.behaviours import RULES
from workflows.core.engine.compensation import DONE
from workflows.core.engine.gateways import ARRIVED, FAILURES
from workflows.core.engine.listening import (
    LISTENS,
    has_time_limit,
    heard_events,
    listen,
    open_at_top,
    open_events,
)
from workflows.core.engine.loops import LOOP
from workflows.core.engine.migration import Obstacle, Way, waits_for_message
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.triggering import CLOSED
from workflows.core.states import StepState


class RowKind(StrEnum):
    """In which table a row stands that names a node."""

    TIMER = "timer"
    SUBSCRIPTION = "subscription"
    STIMULUS = "stimulus"


@dataclass(frozen=True, slots=True)
class Listening:
    """A row by which a step listens to an event, or has still to hear of one.

    `step_id` None is the top of the instance; `timer` the kind of a timer.
    """

    row: RowKind
    id: int
    step_id: int | None
    node_id: str
    timer: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which version an instance goes to, on whose word; labels are for the entry."""

    definition_id: int
    process_id: str
    source: str
    target: str
    actor: Actor
    reason: str


@dataclass(slots=True)
class Moved:
    """A migrated instance: its run in the new version, and what its rows become.

    `steps` are those that were live before; `kept` are rows with the node they name
    now, `ended` those without a counterpart.
    """

    run: Run
    steps: Sequence[StepRow] = ()
    kept: list[tuple[Listening, str]] = field(default_factory=list)
    ended: list[Listening] = field(default_factory=list)


def find_unheard(way: Way, rows: Sequence[Listening]) -> list[Obstacle]:
    """Return what an instance has still to hear of events without a counterpart."""
    return [
        Obstacle(
            f"It has still to hear of {row.node_id}, which has no counterpart in the"
            " new version; a worker lets it hear in a moment.",
            step_id=row.step_id,
            node_id=row.node_id,
        )
        for row in rows
        if row.row is RowKind.STIMULUS and way.target(row.node_id) is None
    ]


def migrate(
    run: Run, way: Way, *, wish: Wish, rows: Sequence[Listening], ids: Iterator[int]
) -> Moved:
    """Let an instance without obstacles go on in the new version.

    `run` is spent: its rows belong to the run that is returned. Raises Iso8601Error
    and FeelSyntaxError where the start of a new event sub-process of the process
    itself gives no moment.
    """
    instance, steps = run.instance, list(run.live.values())
    was = {step.id: way.old.nodes[step.node_id] for step in steps}
    instance.definition_id, instance.process_id = wish.definition_id, wish.process_id
    for step in steps:
        _move(way, step)
    new = Run(
        plan=way.new,
        instance=instance,
        steps=steps,
        now=run.now,
        ids=ids,
        occurred_at=run.occurred_at,
    )
    new.holds = run.holds
    moved = Moved(run=new, steps=steps)
    new.add([_entry(way, wish)])
    if instance.data:
        instance.data = _rewrite(way, instance.data)
        new.keep(None)
    by_step: dict[int | None, list[Listening]] = {}
    for row in rows:
        if row.row is RowKind.STIMULUS:
            moved.kept.append((row, way.image(row.node_id)))
        else:
            by_step.setdefault(row.step_id, []).append(row)
    _relisten_at_top(moved, way, by_step.get(None, []))
    for step in steps:
        new.note(
            step, "step.migrated", {"from": was[step.id].node.id}, actor=wish.actor
        )
        _relisten(moved, way, step, was=was[step.id], rows=by_step.get(step.id, []))
    # A join may have lost what it waited for, a condition be true from the start.
    new.drain(RULES)
    return moved


def _entry(way: Way, wish: Wish) -> Draft:
    mapping = {old: new for old, new in sorted(way.nodes.items()) if old != new}
    return Draft(
        kind="instance.migrated",
        actor=wish.actor,
        detail={
            "from": wish.source,
            "to": wish.target,
            "mapping": mapping,
            "reason": wish.reason,
        },
    )


def _move(way: Way, step: StepRow) -> None:
    target = way.new.nodes[way.image(step.node_id)]
    step.node_id = target.node.id
    step.kind = target.node.kind.value
    step.name = target.node.name
    step.data = _rewrite(way, step.data)
    if step.state is StepState.READY and step.run_at is not None:
        # Not begun, or to be tried again: who does it is the new handler's business.
        step.external = target.handler is not None and target.handler.external


# --- what is listened to ----------------------------------------------------------


def _relisten(
    moved: Moved, way: Way, step: StepRow, *, was: PlanNode, rows: Sequence[Listening]
) -> None:
    run = moved.run
    now = run.plan.nodes[step.node_id]
    if not step.data.get(LISTENS):
        if _has_begun(step):
            listen(run, now, step)
        return
    limits = [row for row in rows if row.timer == clocks.TIMEOUT]
    _keep_limit(moved, step, was=was, limits=limits)
    old = [node for node, _ in heard_events(was, step)]
    kinds = {node.id: kind for node, kind in heard_events(now, step)}
    if step.data.get(CLOSED):
        kinds = {
            name: kind
            for name, kind in kinds.items()
            if name not in {node.id for node in now.inside}
        }
    others = [row for row in rows if row.timer != clocks.TIMEOUT]
    fresh = _sort_out(moved, way, old=old, now=list(kinds), rows=others)
    open_events(run, step, [(run.plan.nodes[one].node, kinds[one]) for one in fresh])


def _relisten_at_top(moved: Moved, way: Way, rows: Sequence[Listening]) -> None:
    run = moved.run
    now = [] if run.instance.data.get(CLOSED) else [one.id for one in run.plan.inside]
    fresh = _sort_out(moved, way, old=way.old.inside, now=now, rows=rows)
    open_at_top(run, [run.plan.nodes[one].node for one in fresh])


def _has_begun(step: StepRow) -> bool:
    return step.state in (StepState.WAITING, StepState.RUNNING) or (
        step.state is StepState.READY and step.external
    )


def _keep_limit(
    moved: Moved, step: StepRow, *, was: PlanNode, limits: Sequence[Listening]
) -> None:
    now = moved.run.plan.nodes[step.node_id]
    limited = has_time_limit(now, step)
    for row in limits:
        if limited:
            moved.kept.append((row, now.node.id))
        else:
            moved.ended.append(row)
    if limited and not has_time_limit(was, step) and _has_begun(step):
        clocks.arm_timeout(moved.run, now, step)


def _sort_out(
    moved: Moved,
    way: Way,
    *,
    old: Sequence[Node],
    now: Sequence[str],
    rows: Sequence[Listening],
) -> list[str]:
    """Keep or end the rows of events; return the events to open.

    Opened are those that stand for none of the old version, and messages and signals
    that are listened to under another name now. What has come already and was heard
    once is not opened again.
    """
    by_node: dict[str, list[Listening]] = {}
    for row in rows:
        by_node.setdefault(row.node_id, []).append(row)
    images = {way.image(node.id) for node in old}
    fresh = [name for name in now if name not in images]
    for node in old:
        image = way.image(node.id)
        found = by_node.pop(node.id, [])
        new = way.new.nodes[image].node if image in now else None
        if new is not None and _means_the_same(node, new):
            moved.kept.extend((row, image) for row in found)
            continue
        moved.ended.extend(found)
        if new is not None and (found or not _is_heard(node)):
            fresh.append(image)
    moved.ended.extend(row for left in by_node.values() for row in left)
    return fresh


def _is_heard(node: Node) -> bool:
    """Tell whether a row stands for an event as long as it is listened to."""
    return waits_for_message(node) or node.event in (
        EventKind.TIMER,
        EventKind.MESSAGE,
        EventKind.SIGNAL,
    )


def _means_the_same(old: Node, new: Node) -> bool:
    if waits_for_message(old) and waits_for_message(new):
        return (old.message, old.correlation) == (new.message, new.correlation)
    if old.event is not new.event:
        return False
    if old.event is EventKind.TIMER:
        # Its due moment is kept, whatever the new version says.
        return True
    return (old.message, old.correlation, old.signal, old.interrupting) == (
        new.message,
        new.correlation,
        new.signal,
        new.interrupting,
    )


# --- what a scope keeps -----------------------------------------------------------


def _rewrite(way: Way, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the engine keeps of a step with the new ids of nodes and flows."""
    return {
        key: _RENAMES[key](way, value) if key in _RENAMES else value
        for key, value in data.items()
    }


def _flow(way: Way, name: str) -> str:
    return way.flow(name) or name


def _arrived(way: Way, counts: Mapping[str, int]) -> dict[str, int]:
    return {_flow(way, flow): count for flow, count in counts.items()}


def _conditions(way: Way, held: Mapping[str, bool]) -> dict[str, bool]:
    return {way.image(name): holds for name, holds in held.items()}


def _names(way: Way, names: Sequence[str]) -> list[str]:
    return [way.image(name) for name in names]


def _loop(way: Way, loop: Mapping[str, Any]) -> dict[str, Any]:
    if FAILURES not in loop:
        return dict(loop)
    return {**loop, FAILURES: _notes(way, loop[FAILURES])}


def _notes(way: Way, notes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_note(way, note) for note in notes]


def _note(way: Way, note: Mapping[str, Any]) -> dict[str, Any]:
    new = {**note, "node": way.image(note["node"])}
    if DONE in note:
        new[DONE] = _notes(way, note[DONE])
    return new


_RENAMES: Final[dict[str, Callable[[Way, Any], object]]] = {
    ARRIVED: _arrived,
    BEGIN: _names,
    DONE: _notes,
    EVENT: Way.image,
    FAILURES: _notes,
    LOOP: _loop,
    TODO: _names,
    "cond": _conditions,
    "failed": _note,
    "flow": _flow,
}
"""What in the data of a step names nodes or flows."""
