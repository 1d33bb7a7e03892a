"""Clocks and ladders as policies: what counts for a task, what it pins, what replays say."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from review.core.policies.clock_policy import read_levels
from review.core.policies.clock_previewing import ALL
from review.core.states import PolicyKind, PolicyState, Role
from review.dashboards.control_tests import TESTS
from review.models import ClockEvent, Person, Policy, Queue, Task, TaskContent
from review.operations import queues
from review.operations.clocks import clocks
from review.operations.evidence.control_runs import run_tests
from review.operations.people import people
from review.operations.policies import policies
from review.operations.policies.clock_previews import preview_levels, preview_words
from review.operations.policies.policies import BadBody
from review.operations.tasks import claims
from review.operations.tasks.locking import lock_task
from tests.audit_tables import owner_without_triggers
from tests.factories.policies import set_policy
from tests.factories.processes import TESTER, package
from tests.factories.tasks import (
    AT_ONCE,
    Desk,
    judge,
    make_desk,
    make_person,
    open_task,
    review_process,
)
from workflows.models import AuditEntry
from workflows.operations import definitions, instances
from workflows.operations.errors import Conflict, Forbidden
from workflows.operations.instances import Start
from workflows.store import database_now, parse_json

HOUR = dt.timedelta(hours=1)
LEVELS: dict[str, Any] = {
    "inputs": [{"expression": "impact"}],
    "rows": [
        {"tests": [">= 1000"], "goal": "PT2H", "warn": "50%"},
        {"goal": "PT8H"},
    ],
}


def terms_of(task: Task, kind: str = "START") -> dict[str, Any]:
    """Return what was pinned as a task's clock began."""
    terms = ClockEvent.objects.get(task=task, kind=kind).terms
    assert terms is not None
    return dict(terms)


def goal_of(task: Task) -> dt.timedelta | None:
    return task.due_at - task.opened_at if task.due_at else None


def pin_of(policy: Policy, **more: int) -> dict[str, object]:
    return {
        "id": policy.id,
        "version": policy.version,
        "digest": policy.digest,
        **more,
    }


def change(policy: Policy, body: dict[str, Any], **more: Any) -> Policy:
    """Propose a change as the queue's manager and approve it as a process owner."""
    version = policies.propose(
        queue_id=policy.queue_id,
        kind=PolicyKind(policy.kind),
        body=body,
        reason="The figures of the spring say so.",
        person=make_person("Carol", Role.MANAGER, queue=policy.queue),
        **more,
    )
    owner = make_person("Olga", Role.PROCESS_OWNER)
    policies.approve(policy_id=version.id, person=owner)
    version.refresh_from_db()
    return version


@pytest.mark.django_db
def test_clocks_in_force_give_the_goal_and_running_clocks_keep_theirs() -> None:
    desk = make_desk()
    assert open_task(desk).due_at is None
    first = set_policy(desk.queue, LEVELS, kind=PolicyKind.CLOCKS)
    large, small = open_task(desk, amount=5000), open_task(desk, amount=5)
    assert (goal_of(large), goal_of(small)) == (2 * HOUR, 8 * HOUR)
    assert large.due_at is not None
    assert large.warn_at == large.due_at - HOUR
    pinned = pin_of(first, row=1)
    content = TaskContent.objects.get(task=large)
    assert terms_of(large)["clock_policy"] == pinned
    assert content.clock["clock_policy"] == content.why["clock_policy"] == pinned
    entry = AuditEntry.objects.get(chain=large.instance_id, kind="task.opened")
    assert parse_json(entry.entry)["detail"]["clock"]["clock_policy"] == pinned

    # An approved version counts from its moment, whether or not its row was turned.
    later = database_now() + dt.timedelta(days=2)
    second = change(first, {"rows": [{"goal": "PT1H"}]}, effective_at=later)
    assert goal_of(open_task(desk)) == 8 * HOUR
    Policy.objects.filter(id=second.id).update(
        effective_at=F("effective_at") - dt.timedelta(days=2)
    )
    newer = open_task(desk, amount=5000)
    assert goal_of(newer) == HOUR
    assert terms_of(newer)["clock_policy"] == pin_of(second, row=1)
    policies.bring_into_force()
    assert goal_of(open_task(desk)) == HOUR
    large.refresh_from_db()
    assert goal_of(large) == 2 * HOUR
    # Begun again, a clock keeps its own terms: a restart is no way to another goal.
    with transaction.atomic():
        clocks.reset(lock_task(large.id), reason="a new file", actor=TESTER)
    again = ClockEvent.objects.get(task=large, kind="RESET")
    assert terms_of(large, "RESET")["clock_policy"] == pinned
    assert again.due_at == again.at + 2 * HOUR
    _check_control_test(large, newer)


def _check_control_test(*tasks: Task) -> None:
    """Worked out again the clocks are right, and a goal past the policy is found."""
    test = next(one for one in TESTS if one.code == "clock")
    cases = [task.instance_id for task in tasks]
    ((found,),) = run_tests([cases], tests=[test])
    assert (found.looked, found.failed) == (len(tasks), 0)
    longer = {"sla": "PT4H", "goal": 4 * 3600 * 10**6}
    forged = ClockEvent.objects.get(task=tasks[-1], kind="START")
    with owner_without_triggers("review_task", "review_clockevent"):
        ClockEvent.objects.filter(id=forged.id).update(
            due_at=F("due_at") + 3 * HOUR, terms={**terms_of(tasks[-1]), **longer}
        )
        Task.objects.filter(id=tasks[-1].id).update(due_at=F("due_at") + 3 * HOUR)
    ((found,),) = run_tests([cases], tests=[test])
    (fault,) = found.exceptions
    assert "does not have the goal of row 1 of the queue's clocks" in fault.why


@pytest.mark.django_db
def test_step_speaks_first_unless_a_row_counts_over_it_which_takes_two() -> None:
    desk = make_desk(sla="PT5H", warn="PT1H")
    carol = make_person("Carola", Role.MANAGER, queue=desk.queue)
    silent = {"rows": [{"goal": "PT1H"}]}
    first = set_policy(desk.queue, silent, kind=PolicyKind.CLOCKS)
    task = open_task(desk)
    assert goal_of(task) == 5 * HOUR
    assert "clock_policy" not in terms_of(task)

    other = queues.define_queue(key="o", name="O", actor=TESTER)
    over = {"rows": [{"process": "p", "goal": "PT1H", "where": "over the step"}]}
    name: dict[str, Any] = {"kind": PolicyKind.CLOCKS, "reason": "Sooner."}
    with pytest.raises(Forbidden, match="over the words of the steps"):
        policies.propose(queue_id=other.id, body=over, person=None, **name)
    people.grant_role(person=carol, role=Role.PROCESS_OWNER, actor=TESTER)
    waits = policies.propose(queue_id=other.id, body=over, person=carol, **name)
    assert waits.state == PolicyState.PROPOSED.value
    now = database_now()
    with pytest.raises(DatabaseError, match="overruling_by_two"), transaction.atomic():
        Policy.objects.filter(id=waits.id).update(
            state="IN_FORCE", settled_at=now, effective_at=now
        )
    with pytest.raises(BadBody, match="no calendar 'lunar'"):
        policies.propose(
            queue_id=other.id,
            body={"rows": [{"goal": "PT1H", "calendar": "lunar"}]},
            person=None,
            **name,
        )

    queues.define_calendar(
        key="short",
        name="Short",
        zone="UTC",
        hours={str(day): [["09:00", "10:00"]] for day in range(7)},
        actor=TESTER,
    )
    row = {"goal": "P2D", "calendar": "short", "where": "over the step"}
    second = change(first, {"rows": [row]})
    task = open_task(desk)
    terms = terms_of(task)
    assert (terms["sla"], terms["calendar"]) == ("P2D", "short v1")
    assert terms["clock_policy"] == pin_of(second, row=1)
    assert terms["goal"] == 2 * HOUR // dt.timedelta(microseconds=1)


@pytest.mark.django_db
def test_opening_asks_no_more_statements_for_policies() -> None:
    desk = make_desk(sla="PT8H")

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            open_task(desk)
        return len(seen)

    count()
    without = count()
    set_policy(desk.queue, {"rows": [{"goal": "PT1H"}]}, kind=PolicyKind.CLOCKS)
    set_policy(desk.queue, {"words": "100%: escalate"}, kind=PolicyKind.LADDER)
    count()  # bodies are read once in each process
    assert count() == without


@pytest.mark.django_db
def test_ladder_in_force_comes_before_the_operators_and_after_the_steps() -> None:
    desk = make_desk(sla="PT8H")
    queue = desk.queue
    rules = replace(AT_ONCE, ladder="50%: notify")
    queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=rules)
    assert terms_of(open_task(desk))["ladder"] == "50%: notify"

    # What stands by an operator's word is changed by two persons from then on.
    body = {"words": "80%: raise; 100%: escalate"}
    name: dict[str, Any] = {
        "queue_id": queue.id, "kind": PolicyKind.LADDER, "reason": "Raise it first.",
    }  # fmt: skip
    with pytest.raises(Forbidden, match="this is a change"):
        policies.propose(body=body, person=None, **name)
    with pytest.raises(BadBody, match="no other queue 'moon'"):
        policies.propose(body={"words": "100%: escalate moon"}, person=None, **name)
    first = set_policy(queue, body, kind=PolicyKind.LADDER)
    task = open_task(desk)
    terms = terms_of(task)
    assert terms["ladder"] == "80%: raise; 100%: escalate"
    assert terms["ladder_policy"] == pin_of(first)
    assert task.content.why["ladder_policy"] == pin_of(first)
    other = replace(AT_ONCE, ladder="90%: widen")
    with pytest.raises(Conflict, match="/queues/desk/ladder/"):
        queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=other)
    # Other rules may be set as before, and the ladder stays as it was.
    queues.define_queue(key="desk", name="A desk", actor=TESTER, rules=rules)

    ends = policies.propose(
        body={"words": "+P1D: reject"},
        person=make_person("Carol", Role.MANAGER, queue=queue),
        **name,
    )
    with pytest.raises(DatabaseError, match="two_persons"), transaction.atomic():
        Policy.objects.filter(id=ends.id).update(
            state="IN_FORCE", settled_at=ends.proposed_at, effective_at=ends.proposed_at
        )
    task = open_task(desk_again("other", sla="PT8H", ladder="70%: notify managers"))
    terms = terms_of(task)
    assert terms["ladder"] == "70%: notify managers"
    assert "ladder_policy" not in terms


def desk_again(key: str, **words: str) -> Desk:
    """Deploy another process whose step leads to the queue there is."""
    files = package(review_process(**words), key=key)
    deployed = definitions.deploy(files=files, actor=TESTER)
    queue = Queue.objects.get(key="desk")
    return Desk(queue=queue, definition_id=deployed.definition_id)


def open_at(desk: Desk, moment: dt.datetime) -> Task:
    (case,) = instances.start_and_advance(
        definition_id=desk.definition_id,
        starts=[
            Start(
                variables={"name": "Ada", "amount": 500},
                initiator=TESTER,
                occurred_at=moment,
            )
        ],
    )
    return Task.objects.get(instance_id=case)


def judge_at(task: Task, person: Person, moment: dt.datetime) -> None:
    lease = claims.claim(task_id=task.id, person=person, occurred_at=moment)
    judge(task, person, lease=lease, occurred_at=moment)


@pytest.mark.django_db
def test_replays_read_the_clocks_that_ran_wherever_their_tasks_are_now() -> None:
    queues.define_queue(key="senior", name="Senior", actor=TESTER, rules=AT_ONCE)
    desk = make_desk(sla="PT8H", escalate_to="senior")
    day = database_now() - dt.timedelta(days=3)
    quick, slow, moved = (open_at(desk, day) for _ in range(3))
    judge_at(quick, desk.alice, day + HOUR)
    judge_at(slow, desk.alice, day + 5 * HOUR)
    assert clocks.catch_up(task_id=moved.id, at=day + 9 * HOUR) == "senior"
    open_task(desk_again("other", sla="PT8H", ladder="100%: notify"))
    open_task(desk_again("untimed"))

    row = {"goal": "PT4H", "where": "over the step", "class": "B"}
    levels = read_levels({"rows": [row, {"goal": "PT9H"}, {"goal": "PT9H"}]})
    found = preview_levels(queue=desk.queue, proposed=levels, weeks=2)
    assert (found.seen, found.total, found.open, found.changed) == (5, 5, 3, 5)
    assert (found.before[ALL].timed, found.before[ALL].breached) == (4, 1)
    assert (found.after["B"].timed, found.after[ALL].breached) == (5, 2)
    assert (found.newly_late, found.rows) == (1, {1: 5})
    nothing = read_levels({"rows": [{"process": "elsewhere", "goal": "PT1H"}]})
    same = preview_levels(queue=desk.queue, proposed=nothing, weeks=2)
    assert (same.changed, same.after == same.before) == (0, True)
    old = preview_levels(
        queue=desk.queue, proposed=levels, weeks=2, now=day + dt.timedelta(weeks=9)
    )
    assert (old.seen, old.total) == (0, 0)

    ladder = preview_words(
        queue=desk.queue, proposed="50%: notify owner; 100%: escalate", weeks=2
    )
    assert (ladder.seen, ladder.aside, ladder.untimed) == (4, 1, 1)
    assert ladder.before.done == {"Notices": 1, "Escalated": 1}
    assert ladder.after.done == {"Notices": 2, "Escalated": 1}
    assert ladder.after.undone == {"50%: notify owner: the queue has no owner.": 2}


@pytest.mark.django_db
def test_command_line_sets_a_first_ladder_in_words(tmp_path: Path) -> None:
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    file = tmp_path / "ladder.json"
    file.write_text('{"words": "75%: notify owner, raise; 100%: escalate"}')
    call_command("set_policy", queue="desk", kind="ladder", file=str(file))
    standing = Policy.objects.get(queue=queue)
    assert standing.state == PolicyState.IN_FORCE.value
    assert standing.body["rungs"][0] == {"at": "75%", "acts": ["notify owner", "raise"]}
    file.write_text('{"rows": [{"goal": "PT8H"}]}')
    call_command("set_policy", queue="desk", kind="clocks", file=str(file))
    assert Policy.objects.filter(kind="CLOCKS", state="IN_FORCE").exists()
