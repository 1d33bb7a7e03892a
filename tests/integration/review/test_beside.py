"""Votes side by side: each has its own time to be taken back, and each may park."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.postgres.functions import TransactionNow

from review.core.states import VOTES, Decision, Outcome
from review.models import Notification, Person, Seat, Task, Verdict
from review.operations.people.people import actor_of
from review.operations.queues import QueueRules
from review.operations.tasks import claims, drafts, parking
from review.operations.verdicts import settling
from tests.factories.processes import TESTER
from tests.factories.tasks import AT_ONCE, Desk, judge, make_desk, open_task, set_rules
from workflows.models import AuditEntry, Timer
from workflows.operations import timers
from workflows.operations.errors import Conflict, Refused

pytestmark = pytest.mark.django_db

HELD = QueueRules(undo_seconds=8, wip_limit=None, claim_ahead=0)
YES, NO, EDIT = Decision.APPROVE, Decision.REJECT, Decision.EDIT_AND_APPROVE
SECOND = dt.timedelta(seconds=1)


def slow_desk(quorum: str, **words: str) -> Desk:
    desk = make_desk(quorum=quorum, **words)
    set_rules(desk, HELD)
    return desk


def let_time_pass(task: Task) -> None:
    """Let what is due happen."""
    past = TransactionNow() - SECOND
    Task.objects.filter(id=task.id, state="SETTLING").update(release_at=past)
    Timer.objects.filter(kind=settling.KIND, state="ARMED").update(due_at=past)
    timers.fire_due()
    task.refresh_from_db()


def see(task: Task) -> tuple[str, str, list[int]]:
    task.refresh_from_db()
    return task.state, task.stage, sorted(task.seated)


def test_each_vote_is_taken_back_in_its_own_time_while_the_others_go_on() -> None:
    desk = slow_desk("2 of 3 parallel")
    task = open_task(desk)
    alice, bob, carol = desk.alice, desk.bob, desk.carol
    held = {one.id: claims.claim(task_id=task.id, person=one) for one in (bob, carol)}
    first = judge(task, alice, NO)
    assert (first.task_state, first.outcome) == ("SETTLING", None)
    assert first.undo_until is not None
    assert see(task) == ("CLAIMED", "SECOND", [bob.id, carol.id])
    again = settling.undo(verdict_id=first.verdict_id, person=alice)
    assert again is not None
    assert see(task) == ("CLAIMED", "FIRST", sorted([alice.id, bob.id, carol.id]))
    assert task.excluded == []
    kept = drafts.read(task_id=task.id, person_id=alice.id)
    assert kept is not None
    assert kept.fields["decision"] == "REJECT"
    second = judge(task, alice, lease=again)
    # The closing vote holds the task: the first can go yet, and the third waits.
    last = judge(task, bob, lease=held[bob.id])
    assert (last.task_state, last.outcome) == ("SETTLING", Outcome.APPROVED)
    assert see(task) == ("SETTLING", "SECOND", [carol.id])
    with pytest.raises(Conflict, match="can be taken back"):
        judge(task, carol, lease=held[carol.id])
    lease = settling.undo(verdict_id=second.verdict_id, person=alice)
    assert lease is not None
    assert see(task) == ("CLAIMED", "SECOND", [alice.id, carol.id])
    assert not Timer.objects.filter(kind=settling.KIND, state="ARMED").exists()
    # Whose vote closed it before may take it back too; then it is the third's turn.
    assert settling.undo(verdict_id=last.verdict_id, person=bob) is not None
    with pytest.raises(Conflict, match="already"):
        settling.undo(verdict_id=last.verdict_id, person=bob)
    judge(task, carol, lease=held[carol.id])
    done = judge(task, alice, lease=lease)
    let_time_pass(task)
    assert (task.state, task.outcome, task.seated) == ("DECIDED", "APPROVED", [])
    assert not Seat.objects.exists()
    with pytest.raises(Conflict, match="too late"):
        settling.undo(verdict_id=done.verdict_id, person=alice)


def test_window_that_is_over_binds_though_the_task_is_open() -> None:
    desk = slow_desk("dual parallel")
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    first = judge(task, desk.alice, lease=lease)
    assert judge(task, desk.alice, lease=lease) == first
    # A queue that gives no time gives none to votes of before either.
    set_rules(desk, AT_ONCE)
    assert judge(task, desk.alice, lease=lease).undo_until is None
    with pytest.raises(Conflict, match="too late"):
        settling.undo(verdict_id=first.verdict_id, person=desk.alice)
    set_rules(desk, HELD)
    dispute = judge(task, desk.bob, NO)
    assert see(task)[:2] == ("SETTLING", "SECOND")
    settling.undo(verdict_id=dispute.verdict_id, person=desk.bob)
    assert see(task) == ("CLAIMED", "SECOND", [desk.bob.id])


def test_vote_without_which_the_others_decide_goes_and_gives_no_seat() -> None:
    desk = slow_desk("unanimous 3 parallel", reject="ends")
    task = open_task(desk)
    first = judge(task, desk.alice)
    judge(task, desk.bob, NO)
    assert see(task)[0] == "SETTLING"
    assert settling.undo(verdict_id=first.verdict_id, person=desk.alice) is None
    assert see(task)[0] == "SETTLING"
    let_time_pass(task)
    assert (task.state, task.outcome) == ("DECIDED", "REJECTED")
    votes = [vote["person"] for vote in (task.content.proof or {})["votes"]]
    assert votes == [desk.bob.id]


def test_edit_holds_the_task_and_leaves_the_others_their_seats() -> None:
    desk = slow_desk("2 of 3 parallel")
    task = open_task(desk)
    held = claims.claim(task_id=task.id, person=desk.bob)
    judge(task, desk.alice)
    judge(task, desk.carol, EDIT, edits={"/amount": 450})
    assert see(task) == ("SETTLING", "SECOND", [desk.bob.id])
    assert (task.round, task.content.payload["amount"]) == (1, 500)
    let_time_pass(task)
    assert (task.state, task.round, task.seated) == ("OPEN", 2, [desk.bob.id])
    assert judge(task, desk.bob, lease=held).outcome == "APPROVED"


def test_question_of_one_parks_the_task_for_all_who_keep_their_places() -> None:
    desk = slow_desk("2 of 3 parallel")
    task = open_task(desk)
    alice, bob, carol = desk.alice, desk.bob, desk.carol
    vote = judge(task, carol)
    lease = claims.claim(task_id=task.id, person=alice)
    held = claims.claim(task_id=task.id, person=bob)
    drafts.keep(
        task_id=task.id, person_id=bob.id, payload_digest="x", fields={"rationale": "?"}
    )
    parking.ask_information(
        task_id=task.id,
        person=alice,
        token=lease.token,
        question="Which of the two employers pays?",
    )
    assert see(task) == ("WAITING", "SECOND", [bob.id])
    told = Notification.objects.get(person=bob)
    assert "your draft" in told.text
    assert "Alice" not in told.title + told.text
    with pytest.raises(Conflict, match="draft are kept"):
        judge(task, bob, lease=held)
    with pytest.raises(Conflict, match="waits for an answer"):
        claims.claim(task_id=task.id, person=desk.dave)
    # A vote given before is taken back meanwhile; nobody sits down while it waits.
    assert settling.undo(verdict_id=vote.verdict_id, person=carol) is None
    assert see(task) == ("WAITING", "FIRST", [bob.id])
    Seat.objects.update(lease_until=TransactionNow() - SECOND)
    assert claims.claim_next(queue_keys=["desk"], person=bob) is None
    parking.answer(task_id=task.id, answer="The first.", by=actor_of(desk.dave))
    assert see(task) == ("OPEN", "FIRST", [bob.id])
    assert task.assigned_to_id == alice.id
    assert judge(task, bob, lease=held).outcome is None
    assert drafts.read(task_id=task.id, person_id=bob.id) is None
    assert judge(task, alice).outcome == "APPROVED"


def test_help_for_one_is_resumed_by_him_beside_the_others() -> None:
    desk = slow_desk("dual parallel")
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    held = claims.claim(task_id=task.id, person=desk.bob)
    parking.hold_for_help(
        task_id=task.id, person=desk.alice, token=lease.token, reason="Two differ."
    )
    assert see(task) == ("WAITING", "FIRST", [desk.bob.id])
    Seat.objects.update(lease_until=TransactionNow() - SECOND)
    again = parking.resume(task_id=task.id, person=desk.alice)
    assert again is not None
    assert see(task) == ("CLAIMED", "FIRST", sorted([desk.alice.id, desk.bob.id]))
    judge(task, desk.bob, lease=held)
    assert judge(task, desk.alice, lease=again).outcome == "APPROVED"


# --- whatever people do
# ----------------------------------------------------------------


class Walk:
    """People at one task who do at random what they may; what is refused is counted."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.pick = random.Random(seed)  # noqa: S311  (seeded, to fail the same way)
        self.desk = desk
        self.people = list(desk.staff.values())
        self.task = open_task(desk)
        self.said: Counter[str] = Counter()
        self.parked_by = desk.alice

    def step(self) -> None:
        act: Callable[[Person], object] = self.pick.choice([
            self.claim, self.vote, self.vote, self.vote, self.undo, self.undo,
            self.park, self.go_on, self.give_back, self.pass_time, self.lapse,
        ])  # fmt: skip
        try:
            act(self.pick.choice(self.people))
            self.said[act.__name__] += 1
        except Refused as refusal:
            self.said[refusal.code] += 1
        self.check()

    def claim(self, person: Person) -> None:
        claims.claim(task_id=self.task.id, person=person)

    def vote(self, person: Person) -> None:
        decision = self.pick.choice([YES, YES, NO, EDIT])
        edits = {"/amount": self.pick.randrange(1, 400)} if decision is EDIT else None
        judge(self.task, person, decision, edits=edits)

    def undo(self, person: Person) -> None:
        found = Verdict.objects.filter(task=self.task, person=person).order_by("-id")
        verdict = found.first()
        if verdict is not None:
            settling.undo(verdict_id=verdict.id, person=person)

    def park(self, person: Person) -> None:
        lease = claims.claim(task_id=self.task.id, person=person)
        parking.ask_information(
            task_id=self.task.id, person=person, token=lease.token, question="Why?"
        )
        self.parked_by = person

    def go_on(self, person: Person) -> None:
        if self.pick.random() < 0.5:
            parking.answer(task_id=self.task.id, answer="So.", by=TESTER)
        else:
            parking.resume(task_id=self.task.id, person=self.parked_by)

    def give_back(self, person: Person) -> None:
        lease = claims.claim(task_id=self.task.id, person=person)
        claims.release(task_id=self.task.id, person=person, token=lease.token)

    def pass_time(self, person: Person) -> None:
        let_time_pass(self.task)

    def lapse(self, person: Person) -> None:
        past = TransactionNow() - SECOND
        Seat.objects.filter(task=self.task, person=person).update(lease_until=past)
        Task.objects.filter(id=self.task.id, assigned_to=person).update(
            assigned_until=past
        )
        Task.objects.filter(id=self.task.id, claimed_by=person).update(lease_until=past)

    def check(self) -> None:
        """What holds after everything: four eyes, seats, and that nothing is stuck."""
        task = self.task
        task.refresh_from_db()
        armed = Timer.objects.filter(kind=settling.KIND, state="ARMED").count()
        assert armed == (task.state == "SETTLING")
        standing = Verdict.objects.filter(task=task, undo=None, decision__in=VOTES)
        voters = list(
            standing.filter(round=task.round).values_list("person_id", flat=True)
        )
        assert len(voters) == len(set(voters))
        seated = set(Seat.objects.filter(task=task).values_list("person_id", flat=True))
        assert not seated & set(voters)
        assert len(seated) <= task.seats
        if task.state in {"OPEN", "CLAIMED", "WAITING"}:
            assert set(voters) <= set(task.excluded)
            assert set(task.excluded) <= set(voters)
        if task.state == "DECIDED":
            assert not seated
            proof = task.content.proof or {}
            assert {vote["person"] for vote in proof["votes"]} <= set(voters)


@pytest.mark.django_db(transaction=True)  # what has no entry is refused at the commit
@pytest.mark.parametrize(
    "quorum", ["dual parallel", "2 of 3 parallel", "unanimous 3 parallel"]
)
def test_whatever_people_do_side_by_side_the_task_can_be_decided(quorum: str) -> None:
    desk = slow_desk(quorum)
    said: Counter[str] = Counter()
    for seed in range(2):
        walk = Walk(desk, seed)
        for _ in range(24):
            walk.step()
        # Nothing is stuck: whoever is left decides it.
        for _ in range(3):
            let_time_pass(walk.task)
            if walk.task.state == "WAITING":
                parking.answer(task_id=walk.task.id, answer="So.", by=TESTER)
            for person in walk.people:
                walk.lapse(person)
            for person in walk.people:
                try:
                    judge(walk.task, person)
                except Refused as refusal:
                    said[refusal.code] += 1
                let_time_pass(walk.task)
        assert walk.task.state == "DECIDED"
        said += walk.said
    assert said["undo"] > 0
    assert said["park"] > 0
    assert AuditEntry.objects.filter(kind="verdict.undone").exists()
