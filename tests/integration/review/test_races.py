"""People at the same moment: one owner, two pairs of eyes, and nothing stuck."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial as act

import pytest
from django.db import connection

from review.core.states import Decision, Role
from review.core.tasks.leases import Lease
from review.models import Person, RoleGrant, Task, Verdict
from review.operations.people import granting, people
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    PASSWORD,
    make_desk,
    make_person,
    open_task,
    start_cases,
)
from tests.integration.review.racing import Track, refusals, track
from workflows.models import AuditEntry, Instance, Timer
from workflows.operations import instances, timers
from workflows.operations.errors import Conflict, Forbidden, Refused
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import verify_log

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CROWD = 50
TRIALS = 150


@pytest.fixture
def crowd() -> Iterator[Track]:
    with track(CROWD) as laid:
        yield laid


@pytest.fixture
def table() -> Iterator[Track]:
    with track(6) as laid:
        yield laid


def shuffled(ids: list[int], *, seed: int) -> list[int]:
    return random.Random(seed).sample(ids, len(ids))  # noqa: S311  an order, no secret


def claim_each(person: Person, ids: list[int]) -> list[Lease | Refused]:
    """Try to claim every task, in an order of one's own; return what came of it."""
    found: list[Lease | Refused] = []
    for task_id in shuffled(ids, seed=person.id):
        try:
            found.append(claims.claim(task_id=task_id, person=person))
        except Refused as refusal:
            found.append(refusal)
    return found


def take_all(person: Person) -> list[int]:
    """Claim the next task again and again until none is left."""
    taken: list[int] = []
    while lease := claims.claim_next(queue_keys=["desk"], person=person):
        taken.append(lease.task_id)
    return taken


def judge_when_free(
    task_id: int, person: Person, decision: Decision = Decision.APPROVE
) -> verdicts.Submitted | str:
    """Claim and judge a task as it stands; return the answer or the final no.

    While somebody else holds the task, or has just changed it, one tries again.
    """
    for _ in range(1000):
        try:
            lease = claims.claim(task_id=task_id, person=person)
            shown = Task.objects.values_list("payload_digest", flat=True)
            return verdicts.submit(
                task_id=task_id,
                person=person,
                token=lease.token,
                payload_digest=shown.get(id=task_id),
                decision=decision,
                rationale="As the papers say.",
                edits={"/amount": person.id}
                if decision is Decision.EDIT_AND_APPROVE
                else {},
            )
        except Forbidden as refusal:
            return refusal.code
        except Conflict as refusal:
            if refusal.code == "task-ended":
                return refusal.code
    raise AssertionError(f"{person} never gets a final answer for task {task_id}.")


def judge_from_account(task_id: int, username: str) -> verdicts.Submitted | str:
    return judge_when_free(task_id, people.get_person(username=username))


def assert_decided_by_two(task: Task, *, never: Person) -> None:
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("DECIDED", "APPROVED")
    final = Verdict.objects.filter(task=task, round=task.round)
    judges = set(final.values_list("person_id", flat=True))
    assert len(judges) == len(final) == 2
    assert never.id not in judges
    assert {one.result_digest for one in final} == {task.payload_digest}
    assert Instance.objects.get(id=task.instance_id).state == "COMPLETED"


def test_fifty_claimers_leave_each_task_one_owner(crowd: Track) -> None:
    desk = make_desk()
    persons = [
        make_person(f"R{n}", Role.REVIEWER, queue=desk.queue) for n in range(CROWD)
    ]
    start_cases(desk, count=20)
    ids = list(Task.objects.values_list("id", flat=True))
    answers = crowd.race(*[act(claim_each, one, ids) for one in persons])
    each = [answer for found in answers if isinstance(found, list) for answer in found]
    leases = [one for one in each if isinstance(one, Lease)]
    assert len(each) == CROWD * len(ids)
    assert sorted(lease.task_id for lease in leases) == sorted(ids)
    assert {type(one) for one in refusals(each)} == {Conflict}
    assert {one.code for one in refusals(each)} == {"task-held"}
    claimed = AuditEntry.objects.filter(kind="task.claimed")
    assert claimed.count() == len(ids)
    assert set(Task.objects.values_list("lease_token", flat=True)) == {1}


def test_fifty_taking_the_next_share_all_there_is(crowd: Track) -> None:
    desk = make_desk()
    persons = [
        make_person(f"R{n}", Role.REVIEWER, queue=desk.queue) for n in range(CROWD)
    ]
    start_cases(desk, count=120)
    answers = crowd.race(*[act(take_all, one) for one in persons])
    taken = [
        task_id for found in answers if isinstance(found, list) for task_id in found
    ]
    assert len(taken) == len(set(taken)) == 120
    assert not Task.objects.filter(state="OPEN").exists()


def test_four_eyes_stand_against_everything_at_once(table: Track) -> None:
    """Two tabs, a second account, an administrator's own case, and one honest other."""
    desk = make_desk(quorum="dual")
    chief = make_person("Chief", Role.REVIEWER, queue=desk.queue)
    people.grant_role(person=chief, role=Role.ADMINISTRATOR, actor=TESTER)
    for username in ("alice", "alice-too"):
        people.add_account(
            person=desk.alice, username=username, password=PASSWORD, actor=TESTER
        )
    start_cases(desk, count=TRIALS, initiator=chief)
    said: Counter[object] = Counter()
    for task in Task.objects.order_by("id"):
        answers = table.race(
            act(judge_when_free, task.id, desk.alice),
            act(judge_when_free, task.id, desk.alice),
            act(judge_from_account, task.id, "alice"),
            act(judge_from_account, task.id, "alice-too"),
            act(judge_when_free, task.id, chief),
            act(judge_when_free, task.id, desk.bob),
        )
        assert not refusals(answers)
        assert answers[4] in {"four-eyes-initiator", "task-ended"}
        assert_decided_by_two(task, never=chief)
        said.update(str(one) for one in answers)
    assert Verdict.objects.count() == 2 * TRIALS
    # They did race: each rule was met, and by some only when all was over.
    assert said["four-eyes-initiator"] > 0
    assert said["four-eyes-already-judged"] + said["task-ended"] > 0
    assert verify_log(folder=KeyFolder.of_settings()).ok


def test_edit_at_the_same_moment_leaves_no_approval_of_the_old(table: Track) -> None:
    desk = make_desk(quorum="dual")
    start_cases(desk, count=TRIALS // 3, initiator=desk.carol)
    for task in Task.objects.order_by("id"):
        edit = Decision.EDIT_AND_APPROVE
        table.race(
            act(judge_when_free, task.id, desk.alice),
            act(judge_when_free, task.id, desk.bob, edit),
            act(judge_when_free, task.id, desk.dave),
        )
        # Whoever approved before the edit is asked again; then it is decided.
        for person in (desk.alice, desk.dave):
            judge_when_free(task.id, person)
        assert_decided_by_two(task, never=desk.carol)


def test_one_lease_handed_in_at_once_by_six_is_one_verdict(table: Track) -> None:
    desk = make_desk(quorum="dual")
    start_cases(desk, count=TRIALS // 5)
    for task in Task.objects.order_by("id"):
        lease = claims.claim(task_id=task.id, person=desk.alice)
        submit = act(
            verdicts.submit,
            task_id=task.id,
            person=desk.alice,
            token=lease.token,
            payload_digest=task.payload_digest,
            decision=Decision.APPROVE,
        )
        answers = table.race(*[submit] * 6)
        assert len(set(answers)) == 1
        assert not refusals(answers)
        assert Verdict.objects.filter(task=task).count() == 1
    submitted = AuditEntry.objects.filter(kind="verdict.submitted")
    assert submitted.count() == TRIALS // 5


def test_taking_judging_canceling_and_sweeping_never_lock_each_other(
    table: Track,
) -> None:
    desk = make_desk(sla="PT8H")
    ids = start_cases(desk, count=60)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE workflows_timer SET due_at = clock_timestamp()")

    def work(person: Person) -> None:
        while lease := claims.claim_next(queue_keys=["desk"], person=person):
            judge_when_free(lease.task_id, person)

    def sweep() -> None:
        for _ in range(20):
            timers.fire_due(limit=5)

    def cancel() -> None:
        for instance_id in ids[::-4]:
            try:
                instances.cancel(instance_id=instance_id, actor=TESTER, reason="Over.")
            except Conflict:
                continue

    acts: list[Callable[[], None]] = [
        *(act(work, one) for one in (desk.alice, desk.bob, desk.carol)),
        sweep,
        sweep,
        cancel,
    ]
    assert refusals(table.race(*acts)) == []
    work(desk.dave)
    assert set(Task.objects.values_list("state", flat=True)) <= {"DECIDED", "CANCELED"}
    assert not Instance.objects.filter(state="ACTIVE").exists()
    assert not Timer.objects.filter(attempt__gt=0).exists()  # none failed in a sweep


def test_revoking_a_role_is_before_or_after_a_verdict(table: Track) -> None:
    """A verdict that stands was given by somebody who was a reviewer then."""
    desk = make_desk()
    for _ in range(10):
        task = open_task(desk)
        lease = claims.claim(task_id=task.id, person=desk.alice)
        answers = table.race(
            act(
                verdicts.submit,
                task_id=task.id,
                person=desk.alice,
                token=lease.token,
                payload_digest=task.payload_digest,
                decision=Decision.APPROVE,
            ),
            act(
                people.revoke_role,
                person=desk.alice,
                role=Role.REVIEWER,
                queue=desk.queue,
                actor=TESTER,
            ),
        )
        task.refresh_from_db()
        refused = refusals(answers)
        assert task.state == ("CLAIMED" if refused else "DECIDED")
        assert {one.code for one in refused} <= {"not-a-reviewer"}
        people.grant_role(
            person=desk.alice, role=Role.REVIEWER, queue=desk.queue, actor=TESTER
        )


def test_the_last_two_of_a_role_never_take_it_from_each_other(table: Track) -> None:
    owner = make_person("Olga", Role.PROCESS_OWNER)
    pair = [make_person(name, Role.ADMINISTRATOR) for name in ("Erin", "Anna")]
    held = RoleGrant.objects.filter(role="ADMINISTRATOR", revoked_at=None)
    for _ in range(10):
        answers = table.race(*[
            act(granting.revoke_role, by=a, person=b, role=Role.ADMINISTRATOR)
            for a, b in (pair, pair[::-1])
        ])
        assert [one.code for one in refusals(answers)] == ["may-not-grant"]
        left = held.get().person
        for one in pair:
            if one != left:
                people.grant_role(person=one, role=Role.ADMINISTRATOR, actor=TESTER)
    assert owner.grants.filter(revoked_at=None).exists()
