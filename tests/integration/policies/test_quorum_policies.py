"""Quorum rules of queues: pinned by what opens, replayed before, changed by two."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from review.core.policies.quorum_policy import read_quorum_rules
from review.core.policies.quorum_preview import Move
from review.core.states import Decision, PolicyKind, Role
from review.models import Policy, TaskContent
from review.operations.policies import policies
from review.operations.policies.quorum_previews import preview_quorum
from tests.factories.policies import set_policy
from tests.factories.tasks import (
    Desk,
    judge,
    make_desk,
    make_person,
    open_task,
    review_process,
)
from workflows.models import AuditEntry
from workflows.operations.errors import Forbidden
from workflows.store import database_now

pytestmark = pytest.mark.django_db
RULES: dict[str, Any] = {
    "rows": [
        {"impact": ">= 10000", "quorum": "2 of 3"},
        {"class": "B", "quorum": "one"},
    ]
}


def read_plan(desk: Desk, **variables: Any) -> tuple[Any, Any]:
    """Open a task; return its plan in short and what it keeps of the rules."""
    policy = TaskContent.objects.get(task=open_task(desk, **variables)).policy
    plan = policy["quorum"]
    return (plan["needed"], plan["of"]), policy.get("quorum_policy")


def test_rules_are_pinned_by_what_opens_and_move_nothing_open() -> None:
    desk = make_desk()
    old = open_task(desk, amount=50_000)
    first = set_policy(desk.queue, RULES, kind=PolicyKind.QUORUM)
    plan, pinned = read_plan(desk, amount=50_000)
    assert plan == (2, 3)
    assert pinned == {
        "id": first.id,
        "version": 1,
        "digest": first.digest,
        "row": 1,
        "plan": "2 of 3",
        "without": "one",
    }
    assert read_plan(desk, amount=5)[0] == (1, 1)
    unknown = read_plan(desk, amount=None)
    assert (unknown[0], unknown[1]["rows"]) == ((2, 3), [1, 2])
    task = open_task(desk, amount=50_000)
    entry = AuditEntry.objects.get(chain=task.instance_id, kind="task.opened").entry
    assert first.digest in entry

    carol = make_person("Carla", Role.MANAGER, queue=desk.queue)
    olga = make_person("Olga", Role.PROCESS_OWNER)
    second = policies.propose(
        queue_id=desk.queue.id,
        kind=PolicyKind.QUORUM,
        body={"rows": [{"quorum": "unanimous 3"}]},
        reason="All three, for the audit's sake.",
        person=carol,
        effective_at=database_now() + dt.timedelta(days=2),
    )
    with pytest.raises(Forbidden, match="proposed this yourself"):
        policies.approve(policy_id=second.id, person=carol)
    policies.approve(policy_id=second.id, person=olga)
    assert read_plan(desk, amount=5)[0] == (1, 1)
    Policy.objects.filter(id=second.id).update(
        effective_at=F("effective_at") - dt.timedelta(days=3)
    )
    # From its moment on, swept or not; what is open keeps its own.
    assert read_plan(desk, amount=5)[0] == (3, 3)
    judge(old, desk.alice)
    judge(task, desk.alice)
    judge(task, desk.bob)
    for one in (old, task):
        one.refresh_from_db()
        assert (one.state, one.outcome) == ("DECIDED", "APPROVED")


@pytest.mark.parametrize(
    ("step", "asked", "plan"),
    [("dual", "one", (2, 2)), ("one", "1 of 3", (1, 1)), ("2 of 3", "dual", (2, 2))],
)
def test_rules_raise_what_a_step_asks_and_never_lower_it(
    step: str, asked: str, plan: tuple[int, int]
) -> None:
    desk = make_desk(quorum=step)
    set_policy(desk.queue, {"rows": [{"quorum": asked}]}, kind=PolicyKind.QUORUM)
    assert read_plan(desk)[0] == plan


def test_what_the_initiator_does_himself_has_no_quorum() -> None:
    assert "cs:initiator" in review_process(initiator="allowed")
    desk = make_desk(initiator="allowed")
    set_policy(desk.queue, {"rows": [{"quorum": "dual"}]}, kind=PolicyKind.QUORUM)
    assert read_plan(desk) == ((1, 1), None)


def test_preview_counts_persons_and_whom_nobody_could_satisfy() -> None:
    desk = make_desk()
    alice_started = open_task(desk, amount=50_000, initiator=desk.alice)
    judge(alice_started, desk.bob, Decision.REJECT)
    open_task(desk, amount=50_000)
    open_task(desk, amount=5)
    proposed = read_quorum_rules({
        "rows": [{"impact": ">= 10000", "quorum": "unanimous 4"}]
    })
    found = preview_quorum(queue=desk.queue, proposed=proposed, weeks=4)
    assert (found.seen, found.total, found.more) == (3, 3, 2)
    assert found.moves == {Move("one", "unanimous 4", 3): 2}
    # Four review the desk; who started the case is none of them.
    ((why, count),) = found.gaps.items()
    assert (count, found.gaps_before) == (1, 0)
    assert "It takes 4 more persons, and only 3 are left" in why
    assert found.people_before is None  # one judgement is not enough to say
