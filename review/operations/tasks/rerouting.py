"""Route a task that changes its queue as a fresh one of that queue would be routed.

Region, skill, level and conflicts of interest are asked for again; the class, which a
clock or a manager may have changed, stays. So does the queue: where somebody sends a
task, there it goes. Rules may read `escalation` (`by`, `from`, `because`, `reason`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from review.core.tasks.exclusions import find_conflicts
from review.core.tasks.routing import Place
from review.core.tasks.rules import Exclusion, Route, Words
from review.operations.people.staff import list_staff
from review.operations.tasks import routing
from review.operations.tasks.desk_words import find_desk
from review.operations.tasks.locking import LockedTask
from review.operations.tasks.routing import Ask
from review.operations.tasks.task_rows import QueueFacts
from workflows.core.actors import Actor, ActorKind
from workflows.core.canonical import dumps
from workflows.driver import fetch, run
from workflows.operations import definitions
from workflows.store import parse_json

_READ: Final = """
    SELECT t.definition_id, t.node_id, c.payload::text, c.routing::text
    FROM review_task t JOIN review_taskcontent c ON c.task_id = t.id WHERE t.id = %s
"""
_KEEP: Final = """
    UPDATE review_taskcontent
    SET routing = %s::jsonb, policy = policy || %s::jsonb WHERE task_id = %s
"""
_STAYS: Final = ("class", "excluded", "reopens")
"""What of a task's record holds on in another queue."""


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Where a task goes in its new queue, who may not take it there, and the record."""

    place: Place
    excluded: list[int]
    record: Mapping[str, object]
    told: Mapping[str, object]
    pinned: Mapping[str, object]


def reroute(
    task: LockedTask, *, queue: QueueFacts, actor: Actor, detail: Mapping[str, object]
) -> Rerouted:
    """Return where a locked task goes in a queue; who was excluded stays excluded."""
    assert queue.id is not None
    definition_id, node_id, payload, kept = fetch(_READ, [task.id])[0]
    variables: dict[str, Any] = {
        **parse_json(payload),
        "escalation": {
            "by": int(actor.id) if actor.kind is ActorKind.PERSON else None,
            "from": task.queue_key,
            "because": detail.get("because"),
            "reason": detail.get("reason"),
        },
    }
    way = _route(definition_id, node_id, queue, variables)
    before = [Exclusion(one["by"], one["text"]) for one in _list_pinned(task)]
    exclusions = list(dict.fromkeys([*before, *way.exclusions]))
    people = [one.person for one in list_staff(now=task.now)] if exclusions else []
    conflicts = find_conflicts(exclusions, people=people, payload=variables)
    version = routing.get_rules(queue).version
    told = routing.make_record(
        replace(way, queue="", priority=None), conflicts, None, None, version=version
    )
    record = {
        word: value for word, value in parse_json(kept).items() if word in _STAYS
    } | told
    excluded = {**parse_json(kept).get("excluded", {}), **conflicts.excluded}
    if excluded:
        record["excluded"] = {str(key): why for key, why in excluded.items()}
    pinned: dict[str, object] = (
        {"exclude": [{"by": one.by, "text": one.text} for one in exclusions]}
        if exclusions
        else {}
    )
    return Rerouted(
        place=Place(queue.id, way.region, way.skill, way.level),
        excluded=sorted({*task.excluded, *conflicts.excluded}),
        record=record,
        told=told,
        pinned=pinned,
    )


def keep(task: LockedTask, rerouted: Rerouted) -> None:
    """Keep with a locked task how it was routed, and the conditions to ask again."""
    run(_KEEP, [dumps(rerouted.record), dumps(rerouted.pinned), task.id])


def _route(
    definition_id: int,
    node_id: str,
    queue: QueueFacts,
    variables: Mapping[str, object],
) -> Route:
    desk = find_desk(definition_id, node_id)
    decide = None
    if desk and desk.routing:
        decide = definitions.compiled(definition_id).decisions.get(desk.routing)
    return routing.find_route(
        Ask(
            words=desk.words if desk else Words(),
            decision=desk.routing if desk else "",
            decide=decide,
            variables=variables,
            ruleset=routing.get_rules(queue),
        )
    )


def _list_pinned(task: LockedTask) -> list[Mapping[str, str]]:
    return list(task.policy.get("exclude") or ())
