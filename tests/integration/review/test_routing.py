"""Routing with the database: lanes, limits, pushing, skipping, moving work on."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.postgres.functions import TransactionNow

from review.core.states import Assignment, PolicyKind, Role
from review.models import (
    Absence,
    Notification,
    Person,
    Queue,
    Skip,
    Task,
    TaskContent,
)
from review.operations import queues
from review.operations.people import availability, people
from review.operations.policies import policies
from review.operations.queues import QueueRules
from review.operations.tasks import (
    ahead,
    assigning,
    claims,
    rebalancing,
    skipping,
    tasks,
)
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    AT_ONCE,
    Desk,
    judge,
    lapse,
    make_desk,
    open_task,
    start_cases,
)
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid, Stale
from workflows.store import database_now

HOUR = dt.timedelta(hours=1)


def entries(task: Task) -> list[str]:
    found = AuditEntry.objects.filter(chain=task.instance_id).order_by("seq")
    return list(found.values_list("kind", flat=True))


def set_rules(desk: Desk, **rules: Any) -> None:
    changed = QueueRules(**{"undo_seconds": 0, "claim_ahead": 1, **rules})
    queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=changed)


def equip(person: Person, **given: Any) -> None:
    """Give a person regions, skills, a limit, as a manager of the desk would."""
    boss = people.create_person(name="Boss", actor=TESTER)
    people.grant_role(person=boss, role=Role.ADMINISTRATOR, actor=TESTER)
    words: dict[str, Any] = {
        "regions": [], "skills": {}, "wip_limit": None, "calendar_key": "",
    }  # fmt: skip
    availability.change_staff(person=person, by=boss, **(words | given))


def claim_next(person: Person) -> int | None:
    lease = claims.claim_next(queue_keys=["desk"], person=person)
    return lease.task_id if lease else None


def set_routing(desk: Desk, *rules: dict[str, object]) -> None:
    policies.propose(
        queue_id=desk.queue.id,
        kind=PolicyKind.ROUTING,
        body={"rules": list(rules)},
        person=None,
        reason="First rules.",
    )


def test_lanes_are_served_to_whom_they_ask_for(db: None) -> None:
    desk = make_desk(region="=region", skill="law", level="=level")
    easy = open_task(desk, region="north", level=1)
    hard = open_task(desk, region="south", level=4)
    equip(desk.alice, regions=["north"], skills={"law": 5})
    equip(desk.bob, skills={"law": 4})
    assert claim_next(desk.carol) is None  # has no such skill
    assert claim_next(desk.bob) == easy.id
    assert claim_next(desk.bob) == hard.id
    other = open_task(desk, region="south", level=1)
    assert claim_next(desk.alice) is None
    with pytest.raises(Forbidden, match="region south; yours: north"):
        claims.claim(task_id=other.id, person=desk.alice)
    routing = TaskContent.objects.get(task=hard).routing
    assert routing["lane"] == {"region": "south", "skill": "law", "level": 4}
    opened = AuditEntry.objects.get(chain=hard.instance_id, kind="task.opened")
    assert '"region":"south"' in opened.entry.replace(" ", "")


def test_rules_of_the_queue_set_class_lane_queue_and_exclusions(desk: Desk) -> None:
    queues.define_queue(key="big", name="Big", actor=TESTER, rules=AT_ONCE)
    equip(desk.alice, skills={"law": 2})
    set_routing(
        desk,
        {"name": "Large", "when": "amount > 1000", "queue": "big", "class": "A"},
        {
            "name": "Kin",
            "when": 'name = "Ada"',
            "exclude": 'person.name = "Bob"',
            "skill": "law",
        },
    )
    large = open_task(desk, amount=5000)
    small = open_task(desk, amount=5)
    assert (large.queue.key, large.priority_class) == ("big", "A")
    assert large.serve_at == large.opened_at
    routing = TaskContent.objects.get(task=small).routing
    assert small.excluded == [desk.bob.id]
    assert routing["rules"] == "1"
    assert [match["by"] for match in routing["matches"]] == ["Kin"]
    assert routing["excluded"] == {
        str(desk.bob.id): 'Conflict of interest by Kin: person.name = "Bob"'
    }
    with pytest.raises(Forbidden):
        claims.claim(task_id=small.id, person=desk.bob)


def test_escalated_task_is_routed_by_the_rules_of_its_new_queue(db: None) -> None:
    desk = make_desk(region="=region", exclude='person.name = "Dave"')
    rules = QueueRules(undo_seconds=0, assignment=Assignment.LEAST_LOADED)
    senior = queues.define_queue(key="senior", name="S", actor=TESTER, rules=rules)
    for name in ("alice", "bob", "dave"):
        people.grant_role(
            person=desk.staff[name], role=Role.REVIEWER, queue=senior, actor=TESTER
        )
        equip(desk.staff[name], skills={"law": 4})
    policies.propose(
        queue_id=senior.id,
        kind=PolicyKind.ROUTING,
        body={
            "rules": [
                {"when": 'escalation.from = "desk"', "skill": "law", "level": 3},
                {"name": "Own", "exclude": "person.id = escalation.by"},
                {"name": "Back", "queue": "desk", "class": "A"},
            ]
        },
        person=None,
        reason="First rules.",
    )
    task = open_task(desk, region="north")
    lease = claims.claim(task_id=task.id, person=desk.alice)
    tasks.escalate(
        task_id=task.id,
        person=desk.alice,
        token=lease.token,
        reason="Too large.",
        to_queue="senior",
    )
    task.refresh_from_db()
    lane = (task.queue.key, task.lane.region, task.lane.skill, task.lane.level)
    assert lane == ("senior", "north", "law", 3)
    assert task.excluded == sorted([desk.alice.id, desk.dave.id])
    assert task.priority_class == "B"
    moved = AuditEntry.objects.get(chain=task.instance_id, kind="task.escalated")
    assert '"skill":"law"' in moved.entry
    content = TaskContent.objects.get(task=task)
    assert [one["by"] for one in content.policy["exclude"]] == ["the step", "Own"]
    assert content.routing["lane"] == {"region": "north", "skill": "law", "level": 3}
    assigning.assign_waiting(now=database_now())
    task.refresh_from_db()
    assert task.assigned_to == desk.bob
    # Round or not: whoever escalated it stays excluded, as the rule says.
    with pytest.raises(Forbidden, match="onflict"):
        claims.claim(task_id=task.id, person=desk.alice)


def test_who_joins_later_is_asked_for_conflicts_when_claiming(db: None) -> None:
    desk = make_desk(exclude='list contains(person.regions, "home")')
    first, second = (open_task(desk) for _ in range(2))
    equip(desk.alice, regions=["home"])
    with pytest.raises(Forbidden, match="Conflict of interest"):
        claims.claim(task_id=first.id, person=desk.alice)
    assert claim_next(desk.alice) is None
    for task in (first, second):
        task.refresh_from_db()
        assert task.excluded == [desk.alice.id]
        assert entries(task)[-1] == "task.excluded"
    assert claim_next(desk.bob) == first.id


def test_limits_say_how_many_are_held_and_what_to_do(desk: Desk) -> None:
    set_rules(desk, wip_limit=2)
    tasks = [open_task(desk) for _ in range(4)]
    for _ in range(2):
        claim_next(desk.alice)
    with pytest.raises(Conflict, match="hold 2 tasks of the queue Desk") as refused:
        claim_next(desk.alice)
    assert refused.value.code == "wip-limit"
    with pytest.raises(Conflict, match="the limit is 2"):
        claims.claim(task_id=tasks[3].id, person=desk.alice)
    judge(tasks[0], desk.alice)
    assert claim_next(desk.alice) == tasks[2].id
    equip(desk.bob, wip_limit=1)
    assert claim_next(desk.bob) == tasks[3].id
    open_task(desk)
    with pytest.raises(Conflict, match="in all queues together; the limit is 1"):
        claim_next(desk.bob)


def test_task_taken_ahead_is_begun_unless_another_comes_first(desk: Desk) -> None:
    set_rules(desk, wip_limit=1, claim_ahead=1)
    first, second = (open_task(desk) for _ in range(2))
    claim_next(desk.alice)
    lease = ahead.claim_ahead(queue_keys=["desk"], person=desk.alice)
    assert lease is not None
    assert lease.task_id == second.id
    second.refresh_from_db()
    assert (second.is_ahead, second.first_claimed_at) == (True, None)
    again = ahead.claim_ahead(queue_keys=["desk"], person=desk.alice)
    assert again == lease
    with pytest.raises(Conflict, match="the limit is 1"):
        ahead.begin(task_id=second.id, person=desk.alice, token=lease.token)
    judge(first, desk.alice)
    begun = claims.claim_next(queue_keys=["desk"], person=desk.alice)
    assert begun is not None
    assert (begun.task_id, begun.token) == (second.id, lease.token)
    assert begun.until > lease.until
    second.refresh_from_db()
    assert second.first_claimed_at is not None
    third = open_task(desk)
    ahead.claim_ahead(queue_keys=["desk"], person=desk.alice)
    Task.objects.filter(id=third.id).update(serve_at=third.serve_at + HOUR)
    urgent = open_task(desk)
    claims.release(task_id=second.id, person=desk.alice, token=begun.token)
    claims.claim(task_id=second.id, person=desk.bob)
    assert claim_next(desk.alice) == urgent.id
    third.refresh_from_db()
    assert third.state == "OPEN"
    assert ahead.release_ahead(person=desk.alice) == 0


def test_skipped_task_is_not_served_again_and_the_third_needs_a_reason(
    desk: Desk,
) -> None:
    owner = people.create_person(name="Olga", actor=TESTER)
    queues.define_queue(
        key="desk", name="Desk", actor=TESTER, rules=AT_ONCE, owner=owner
    )
    tasks = [open_task(desk) for _ in range(3)]
    for task in tasks[:2]:
        lease = claims.claim(task_id=task.id, person=desk.alice)
        skipping.skip(task_id=task.id, person=desk.alice, token=lease.token)
    assert claim_next(desk.alice) == tasks[2].id
    token = 1
    with pytest.raises(Invalid, match="You skipped 2 tasks"):
        skipping.skip(task_id=tasks[2].id, person=desk.alice, token=token)
    skipping.skip(
        task_id=tasks[2].id, person=desk.alice, token=token, reason="My cousin."
    )
    assert claim_next(desk.alice) is None
    with pytest.raises(Stale):
        skipping.skip(task_id=tasks[2].id, person=desk.alice, token=token)
    for person in (desk.bob, desk.carol):
        lease = claims.claim(task_id=tasks[0].id, person=person)
        skipping.skip(task_id=tasks[0].id, person=person, token=lease.token)
    assert Notification.objects.filter(person=owner, kind="STUCK").count() == 1
    Skip.objects.update(
        skipped_at=TransactionNow() - dt.timedelta(days=8),
        until_at=TransactionNow() - dt.timedelta(days=1),
    )
    assert claim_next(desk.alice) == tasks[0].id


def assigned(desk: Desk) -> list[str]:
    tasks = Task.objects.filter(assigned_to__isnull=False).order_by("id")
    return list(tasks.values_list("assigned_to__name", flat=True))


def test_arriving_work_is_given_in_turn_and_waits_when_nobody_has_room(
    desk: Desk,
) -> None:
    set_rules(desk, assignment=Assignment.ROUND_ROBIN, wip_limit=2, is_sticky=False)
    now = database_now()
    availability.plan_absence(
        person=desk.dave, starts_at=now - HOUR, ends_at=now + HOUR, by=desk.dave
    )
    start_cases(desk, count=4)
    assert assigned(desk) == ["Alice", "Bob", "Carol", "Alice"]
    start_cases(desk, count=4)
    assert assigned(desk)[4:] == ["Bob", "Carol"]
    told = Notification.objects.filter(person=desk.alice, kind="ASSIGNED")
    assert told.count() == 1
    pushed = Task.objects.filter(assigned_to=desk.bob).first()
    assert pushed is not None
    with pytest.raises(Conflict, match="was given to Bob until"):
        claims.claim(task_id=pushed.id, person=desk.alice)
    judge(pushed, desk.bob)
    assert rebalancing.rebalance(now=database_now()).given == 1
    assert assigned(desk).count("Bob") == 2
    first = Task.objects.filter(assigned_to=desk.alice).order_by("serve_at").first()
    assert first is not None
    assert claim_next(desk.alice) == first.id


def test_work_is_given_to_who_knows_the_case(desk: Desk) -> None:
    judge(open_task(desk), desk.carol)
    set_rules(desk, assignment=Assignment.LEAST_LOADED)
    again = open_task(desk)  # of the same business key
    assert again.assigned_to == desk.carol
    why = TaskContent.objects.get(task=again).routing["assigned"]["why"]
    assert why == "Carol knows this case."


def test_untouched_push_goes_to_somebody_else_and_then_to_the_owner(
    desk: Desk,
) -> None:
    owner = people.create_person(name="Olga", actor=TESTER)
    rules = QueueRules(assignment=Assignment.ROUND_ROBIN, stuck_after=2)
    queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=rules, owner=owner)
    task = open_task(desk)
    seen = [task.assigned_to_id]
    for _ in range(2):
        past = TransactionNow() - dt.timedelta(seconds=1)
        Task.objects.filter(id=task.id).update(assigned_until=past)
        rebalancing.rebalance(now=database_now())
        task.refresh_from_db()
        assert task.assigned_to_id not in {None, seen[-1]}
        seen.append(task.assigned_to_id)
    assert task.lapses == 2
    assert entries(task)[-2:] == ["task.assignment_lapsed", "task.assigned"]
    (told,) = Notification.objects.filter(person=owner)
    assert told.title.startswith("Stuck:")


def test_lapsed_lease_counts_and_stuck_work_is_given_to_another(desk: Desk) -> None:
    set_rules(desk, stuck_after=2)
    task = open_task(desk)
    claims.claim(task_id=task.id, person=desk.alice)
    lapse(task)
    assert rebalancing.rebalance(now=database_now()).lapsed == 0  # still in grace
    claims.claim(task_id=task.id, person=desk.bob)
    task.refresh_from_db()
    assert task.lapses == 1
    past = TransactionNow() - dt.timedelta(minutes=5)
    Task.objects.filter(id=task.id).update(lease_until=past)
    assert rebalancing.rebalance(now=database_now()).lapsed == 1
    task.refresh_from_db()
    assert task.lapses == 2
    assert task.assigned_to_id not in {None, desk.bob.id}
    assert entries(task)[-2:] == ["task.lapsed", "task.assigned"]


def test_work_of_who_is_away_moves_on_and_keeps_its_clock(db: None) -> None:
    desk = make_desk(sla="PT4H", warn="PT1H")
    held, pushed = (open_task(desk) for _ in range(2))
    lease = claims.claim(task_id=held.id, person=desk.alice)
    set_rules(desk, assignment=Assignment.ROUND_ROBIN, is_sticky=False)
    boss = people.create_person(name="Boss", actor=TESTER)
    people.grant_role(person=boss, role=Role.MANAGER, queue=desk.queue, actor=TESTER)
    assigning.assign(
        task_id=pushed.id, manager=boss, to_person=desk.alice, reason="Hers."
    )
    before = {t.id: (t.due_at, t.serve_at) for t in Task.objects.all()}
    now = database_now()
    absence = availability.plan_absence(
        person=desk.alice, starts_at=now - HOUR, ends_at=now + HOUR, by=boss
    )
    assert rebalancing.rebalance(now=now).moved == 2
    after = Task.objects.order_by("id")
    assert {t.id: (t.due_at, t.serve_at) for t in after} == before
    assert all(t.assigned_to_id not in {None, desk.alice.id} for t in after)
    assert "task.rebalanced" in entries(held)
    with pytest.raises(Stale):
        claims.release(task_id=held.id, person=desk.alice, token=lease.token)
    assert Absence.objects.get(id=absence).rebalanced_at is not None
    assert rebalancing.rebalance(now=now).moved == 0
    people.disable_person(person=desk.bob, actor=TESTER, reason="Left.")
    rebalancing.rebalance(now=database_now())
    assert desk.bob.id not in Task.objects.values_list("assigned_to_id", flat=True)


def test_absence_is_planned_by_oneself_or_a_manager(desk: Desk) -> None:
    now = database_now()
    span: dict[str, Any] = {"starts_at": now + HOUR, "ends_at": now + 2 * HOUR}
    with pytest.raises(Forbidden, match="manages no queue that Alice reviews"):
        availability.plan_absence(person=desk.alice, by=desk.bob, **span)
    with pytest.raises(Invalid, match="ends after it starts"):
        availability.plan_absence(
            person=desk.alice, by=desk.alice, starts_at=now, ends_at=now
        )
    planned = availability.plan_absence(person=desk.alice, by=desk.alice, **span)
    with pytest.raises(Conflict, match="is away from"):
        availability.plan_absence(person=desk.alice, by=desk.alice, **span)
    availability.cancel_absence(absence_id=planned, by=desk.alice)
    with pytest.raises(Conflict, match="canceled already"):
        availability.cancel_absence(absence_id=planned, by=desk.alice)
    with pytest.raises(Invalid, match="level of law is 6"):
        equip(desk.alice, skills={"law": 6})
    assert Queue.objects.get(key="desk").wip_limit is None
