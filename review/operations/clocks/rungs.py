"""What a rung of a ladder does to a locked task. When it is due: clocks.py.

Each act writes its entry and says in a few words what came of it; the words stay with
the rung's record. An act that cannot be done (no queue to escalate to) is no error:
the record says so, and the ladder goes on.
"""

from collections.abc import Callable
from typing import Final

from django.db import connection
from django.urls import reverse

from review.core.clocks.ladders import Step
from review.core.notices.notices import Notice
from review.core.states import DecidedBy, Outcome, PriorityClass, TaskState
from review.core.tasks.routing import Place
from review.operations.notices.notifying import tell
from review.operations.tasks import assigning, moving
from review.operations.tasks.claims import free
from review.operations.tasks.lanes import find_lanes
from review.operations.tasks.locking import LockedTask, read_locked
from review.operations.tasks.telling import publish, record, tell_about
from workflows import audit
from workflows.core.actors import SWEEPER
from workflows.driver import fetch
from workflows.operations import steps
from workflows.operations.errors import Refused

OUTCOMES: Final = {"reject": Outcome.REJECTED, "return": Outcome.RETURNED}
_CLASSES: Final = tuple(PriorityClass)

_RAISE: Final = """
    UPDATE review_task t
    SET priority_class = %s, audit_seq = %s,
        serve_at = t.opened_at + make_interval(secs => %s * q.aging_seconds)
    FROM review_queue q WHERE q.id = t.queue_id AND t.id = %s
"""
_PLACE: Final = """
    SELECT t.priority_class, l.region, l.skill, l.level
    FROM review_task t JOIN review_lane l ON l.id = t.lane_id WHERE t.id = %s
"""
_WIDEN: Final = "UPDATE review_task SET lane_id = %s, audit_seq = %s WHERE id = %s"
_LEAVE: Final = "DELETE FROM review_seat WHERE task_id = %s"
_DECIDE: Final = """
    UPDATE review_task
    SET state = %s, outcome = %s, decided_by = %s, decided_at = %s,
        claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL, is_ahead = false,
        assigned_to_id = NULL, assigned_at = NULL, assigned_until = NULL,
        seated = '{}', audit_seq = %s
    WHERE id = %s
"""
_HOLDERS: Final = """
    SELECT claimed_by_id FROM review_task
    WHERE id = %(task)s AND state = 'CLAIMED' AND lease_until > clock_timestamp()
    UNION SELECT assigned_to_id FROM review_task WHERE id = %(task)s
    UNION SELECT person_id FROM review_seat
    WHERE task_id = %(task)s AND lease_until > clock_timestamp()
"""
_HAVE: Final = """
    SELECT p.id, p.name FROM review_person p WHERE p.id IN (
        SELECT claimed_by_id FROM review_task WHERE id = %(task)s
        UNION SELECT assigned_to_id FROM review_task WHERE id = %(task)s
        UNION SELECT person_id FROM review_seat WHERE task_id = %(task)s)
    ORDER BY p.id
"""
# Who gave it back, or let it lapse, is only in the entries by now.
_HAD_LAST: Final = """
    SELECT p.id, p.name FROM (
        SELECT coalesce(entry::jsonb -> 'detail' ->> 'to_person',
                        substring(actor FROM '^person:([0-9]+)$')) AS id
        FROM workflows_auditentry
        WHERE chain = %(instance)s AND step_id = %(step)s AND kind IN (
            'task.claimed', 'task.claimed_ahead', 'task.assigned', 'task.reassigned',
            'task.handed_over', 'task.resumed')
          AND (entry::jsonb -> 'detail' ? 'to_person' OR actor LIKE 'person:%%')
        ORDER BY seq DESC LIMIT 1) last
    JOIN review_person p ON p.id = last.id::bigint
"""
_OWNER: Final = "SELECT owner_id FROM review_queue WHERE id = %(queue)s"
_MANAGERS: Final = """
    SELECT person_id FROM review_rolegrant
    WHERE role = 'MANAGER' AND revoked_at IS NULL
      AND (queue_id = %(queue)s OR queue_id IS NULL)
"""


def do(task: LockedTask, step: Step) -> str:
    """Do one act of a ladder to a locked task; return in words what came of it."""
    try:
        return _ACTS[step.act.word](task, step)
    except Refused as error:
        # Refused before anything was written; the record must tell why.
        return f"Not done: {error.message}"


def tell_of(task: LockedTask, *, kind: Notice, title: str, key: str, who: str) -> int:
    """Tell those whom a task's clock concerns; return how many were told.

    `who` is holder, owner or managers; empty is who holds it, else owner and managers.
    """
    persons = find_persons(task, who=who)
    return tell(
        persons=persons,
        kind=kind,
        title=f"{title}: {task.title}",
        text=f"The task waits in the queue {task.queue_key}.",
        url=reverse("task-detail", args=[task.id]),
        instance_id=task.instance_id,
        key=key,
        queue_id=task.queue_id,
    )


def find_persons(task: LockedTask, *, who: str) -> set[int]:
    """Return whom a word of `notify` means, as things stand."""
    match who:
        case "holder":
            return _ask(_HOLDERS, task)
        case "owner":
            return _ask(_OWNER, task)
        case "managers":
            return _ask(_MANAGERS, task)
        case _:
            return _ask(_HOLDERS, task) or (_ask(_OWNER, task) | _ask(_MANAGERS, task))


def _ask(sql: str, task: LockedTask) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"task": task.id, "queue": task.queue_id})
        return {row[0] for row in cursor.fetchall() if row[0] is not None}


def _notify(task: LockedTask, step: Step) -> str:
    late = task.due_at is not None and task.due_at <= task.now
    told = tell_of(
        task,
        kind=Notice.SLA_BREACHED if late else Notice.SLA_WARNED,
        title="Late" if late else "Due soon",
        key=f"rung:{task.id}:{task.now.isoformat()}:{step.number}",
        who=step.act.argument,
    )
    return f"Told {told}."


def _raise(task: LockedTask, step: Step) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [task.id])
        now = PriorityClass(cursor.fetchone()[0])
    index = max(0, _CLASSES.index(now) - 1)
    wanted = PriorityClass(step.act.argument) if step.act.argument else _CLASSES[index]
    if _CLASSES.index(wanted) >= _CLASSES.index(now):
        return f"It was of class {now.value} already."
    detail: dict[str, object] = {"from": now.value, "to": wanted.value}
    seq = record(task, "task.raised", SWEEPER, {**detail, "rung": step.words})
    with connection.cursor() as cursor:
        cursor.execute(_RAISE, [wanted.value, seq, _CLASSES.index(wanted), task.id])
    publish(task, task.queue_key)
    return f"Raised from class {now.value} to {wanted.value}."


def _widen(task: LockedTask, step: Step) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [task.id])
        _, region, skill, level = cursor.fetchone()
    asked = Place(task.queue_id, region, skill, level)
    wider = _wider(asked, by_region=step.act.argument == "region")
    if wider == asked:
        return "It asked for nothing that could be widened."
    detail = {"from": asked.describe(), "to": wider.describe(), "rung": step.words}
    seq = record(task, "task.widened", SWEEPER, dict(detail))
    lane = find_lanes([wider])[wider]
    with connection.cursor() as cursor:
        cursor.execute(_WIDEN, [lane, seq, task.id])
    publish(task, task.queue_key)
    return f"Asks for {wider.describe() or 'nothing'} now, not {asked.describe()}."


def _wider(place: Place, *, by_region: bool) -> Place:
    """Return the place that one level less, no skill, or any region would do for."""
    if by_region:
        return place._replace(region="")
    if place.level > 1:
        return place._replace(level=place.level - 1)
    return place._replace(skill="", level=0)


def _reassign(task: LockedTask, step: Step) -> str:
    """Take the task from who has it, or had it last, and give it to somebody else.

    Where nobody can take it, it is free to all and the queue's owner is told why.
    What the former holder has typed stays his draft.
    """
    had = _list_had(task)
    names = " and ".join(had.values())
    detail: dict[str, object] = {"because": "clock", "rung": step.words}
    seq = record(
        task, "task.reassigned", SWEEPER, {**detail, "from": names or None, "to": None}
    )
    free(task, seq=seq)
    publish(task, task.queue_key)
    task = read_locked(task.id)
    chosen, why = assigning.choose_or_explain(task, had=had, now=task.now)
    if chosen is None:
        _tell_unassigned(task, why, seq=seq)
        return f"Free to everybody. {why}"
    assigning.push(task, chosen, by=SWEEPER, detail=detail)
    tell_about(
        task,
        kind=Notice.WORK_MOVED,
        title=f"Moved on: {task.title}",
        text=f"Its clock ({step.words}) gave it to {chosen.name}. What you typed stays"
        " with the task as your draft.",
        key=f"reassigned:{task.id}:{seq}",
        persons=set(had),
    )
    taken = f"Taken from {names}" if names else "Nobody had it"
    return f"{taken}; given to {chosen.name}. {chosen.why}"


def _list_had(task: LockedTask) -> dict[int, str]:
    """Return the names of who has a task, a seat of it or its push, else had it last."""
    values = {"task": task.id, "instance": task.instance_id, "step": task.step_id}
    return dict(fetch(_HAVE, values) or fetch(_HAD_LAST, values))


def _tell_unassigned(task: LockedTask, why: str, *, seq: int) -> None:
    tell_about(
        task,
        kind=Notice.STUCK,
        title=f"Nobody to take it: {task.title}",
        text=f"{why} It is free to everybody in {task.queue_key}; give it to somebody,"
        " or let somebody else review the queue.",
        key=f"unassigned:{task.id}:{seq}",
        persons=_ask(_OWNER, task) or _ask(_MANAGERS, task),
    )


def _escalate(task: LockedTask, step: Step) -> str:
    named = step.act.argument
    target = named or moving.find_escalation(task)
    if not target:
        return f"The queue {task.queue_key} escalates to no other."
    if task.escalations and not named:
        return "It was escalated before."
    detail: dict[str, object] = {"because": "breach", "rung": step.words}
    moving.move(task, to_queue=target, actor=SWEEPER, detail=detail)
    return f"Escalated from {task.queue_key} to {target}."


def _decide(task: LockedTask, step: Step) -> str:
    """End the task by the clock alone; the output says by whom it was not decided."""
    outcome = OUTCOMES[step.act.word]
    draft = audit.Draft(
        kind="task.decided_by_clock",
        actor=SWEEPER,
        detail={"task": task.id, "outcome": outcome.value, "rung": step.words},
        step_id=task.step_id,
    )
    found = steps.complete(
        instance_id=task.instance_id,
        step_id=task.step_id,
        output={
            "outcome": outcome.value,
            "by": "clock",
            "reason_code": "",
            "rationale": f"Nobody decided in time ({step.words}).",
            "task": task.id,
            "decided_at": task.now.isoformat(),
        },
        actor=SWEEPER,
        drafts=[draft],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _DECIDE,
            [
                TaskState.DECIDED.value,
                outcome.value,
                DecidedBy.CLOCK.value,
                task.now,
                found.instance_seqs[task.instance_id],
                task.id,
            ],
        )
        if task.seats > 1:
            cursor.execute(_LEAVE, [task.id])
    publish(task, task.queue_key)
    return f"Decided by the clock: {outcome.value}."


_ACTS: Final[dict[str, Callable[[LockedTask, Step], str]]] = {
    "notify": _notify,
    "raise": _raise,
    "widen": _widen,
    "reassign": _reassign,
    "escalate": _escalate,
    "reject": _decide,
    "return": _decide,
}
