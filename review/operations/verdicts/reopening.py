"""Open a decided task again: the token goes back to its node, and a new task opens."""

from typing import Final

from django.db import connection, transaction

from review.core.interventions import Act
from review.core.notices.notices import Notice
from review.core.states import TaskState
from review.models import Person, Task
from review.operations.instances import acts
from review.operations.people.people import actor_of
from review.operations.tasks.locking import LockedTask, lock_task_for
from review.operations.tasks.telling import publish, record, tell_about
from review.operations.verdicts.recording import write
from review.permissions import check_can_reopen
from workflows.core.states import LIVE_STEP_STATES, InstanceState
from workflows.models import Step
from workflows.operations import interventions
from workflows.operations.errors import Conflict, check_reason

_LINK: Final = """
    UPDATE review_taskcontent
    SET routing = routing || jsonb_build_object('reopens', jsonb_build_object(
        'task', %s::bigint, 'by', %s::text))
    WHERE task_id = %s
"""
_NODE: Final = "SELECT node_id FROM review_task WHERE id = %s"


@transaction.atomic
def reopen(*, task_id: int, person: Person, reason: str) -> int:
    """Take the instance back to a decided task's node; return the new task's id.

    The old task and its verdicts stay as they are; the new one names it in `routing`.
    For managers of the queue and process owners, while the instance is running and
    exactly one path of it can go back. Raises NotFound, Forbidden, Conflict, Invalid.
    """
    check_reason(reason)
    task, rights, _ = lock_task_for(task_id, person.id)
    check_can_reopen(rights, queue_id=task.queue_id)
    _check_can_go_back(task)
    with connection.cursor() as cursor:
        cursor.execute(_NODE, [task.id])
        node_id = str(cursor.fetchone()[0])
    step_id = _find_source(task, node_id)
    actor = actor_of(person)
    newest = Task.objects.filter(instance_id=task.instance_id).order_by("-id")
    before = newest.values_list("id", flat=True)[0]
    interventions.move(
        instance_id=task.instance_id,
        step_id=step_id,
        targets=[node_id],
        actor=actor,
        reason=reason,
    )
    opened = newest.filter(id__gt=before, node_id=node_id).first()
    if opened is None:
        raise Conflict(
            f"Moving back to {task.title} opened no task; look at the case's page."
        )
    detail: dict[str, object] = {"reason": reason, "opened": opened.id}
    record(task, "task.reopened", actor, detail)
    write((_LINK, [task.id, person.name, opened.id]))
    publish(task, task.queue_key)
    tell_about(
        task,
        kind=Notice.REOPENED,
        title=f"Reopened: {task.title}",
        text=reason,
        key=f"reopened:{task.id}:{opened.id}",
        persons={one.judgement.person_id for one in task.verdicts} - {person.id},
    )
    return opened.id


def _check_can_go_back(task: LockedTask) -> None:
    if task.state is not TaskState.DECIDED:
        raise Conflict(
            f"This task is {task.state.value.lower()}; only a decided one is reopened.",
            code="not-decided",
        )
    if task.instance_state is not InstanceState.ACTIVE:
        raise Conflict(
            f"The case is {task.instance_state.value.lower()}, so it cannot go back;"
            " start a new one, or resume it where it is suspended.",
            code="instance-not-running",
        )
    if acts.is_controlled(Act.MOVE):
        raise Conflict(
            "Moving a case takes a second person here; propose the move on its page.",
            code="dual-control",
        )


def _find_source(task: LockedTask, node_id: str) -> int:
    """Return the one live step whose token can go to the node. Raises Conflict."""
    live = Step.objects.filter(
        instance_id=task.instance_id, state__in=list(LIVE_STEP_STATES)
    ).order_by("id")
    found, refusals = [], []
    for step_id in live.values_list("id", flat=True):
        outlook = interventions.get_outlook(
            instance_id=task.instance_id, step_id=step_id
        )
        named = [one for one in outlook.targets if one.node.id == node_id]
        refusal = outlook.move_refusal or (named[0].refusal if named else "")
        if named and not refusal:
            found.append(step_id)
        elif refusal:
            refusals.append(refusal)
    if len(found) == 1:
        return int(found[0])
    if found:
        raise Conflict(
            "Several paths of this case could go back there; move the right one on the"
            " case's page.",
            code="several-paths",
        )
    why = refusals[0] if refusals else "No path of this case leads back there."
    raise Conflict(f"{why} The task cannot be reopened.", code="no-way-back")
