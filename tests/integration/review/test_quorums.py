"""Quorums of several persons: seats side by side, weights, stand-ins, emergencies."""

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from review.core.states import Decision, Role
from review.core.verdicts.proof import digest_proof
from review.models import (
    Authority,
    BreakGlass,
    Delegation,
    Notification,
    Person,
    Queue,
    QuorumGap,
    Seat,
    Task,
    TaskContent,
    Verdict,
)
from review.operations.people import authorities, delegations, emergencies, people
from review.operations.tasks import claims, coverage
from review.operations.verdicts import verdicts
from tests.factories.processes import TESTER
from tests.factories.tasks import PASSWORD, judge, make_desk, make_person, open_task
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid, Refused, Stale
from workflows.store import database_now, parse_json

pytestmark = pytest.mark.django_db

YES, NO, EDIT = Decision.APPROVE, Decision.REJECT, Decision.EDIT_AND_APPROVE
HOUR = dt.timedelta(hours=1)
WHY = "The usual one is on holiday."


def refused(act: Any, *args: Any, **options: Any) -> Refused:
    with pytest.raises(Refused) as found:
        act(*args, **options)
    return found.value


def lend(giver: Person, taker: Person, **limits: Any) -> Delegation:
    return delegations.delegate(
        giver=giver,
        taker=taker,
        ends_at=limits.pop("ends_at", None) or database_now() + HOUR,
        reason=WHY,
        **limits,
    )


def claim(task: Task, person: Person) -> Any:
    return claims.claim(task_id=task.id, person=person)


def submit(task: Task, person: Person, lease: Any, **given: Any) -> verdicts.Submitted:
    task.refresh_from_db()
    given.setdefault("decision", YES)
    given.setdefault("rationale", "As the papers say.")
    return verdicts.submit(
        task_id=task.id,
        person=person,
        token=lease.token,
        payload_digest=given.pop("shown", task.payload_digest),
        **given,
    )


def entries(kind: str) -> list[dict[str, Any]]:
    texts = AuditEntry.objects.filter(kind=kind).order_by("seq")
    return [
        parse_json(text)["detail"] for text in texts.values_list("entry", flat=True)
    ]


def proof_of(task: Task) -> dict[str, Any]:
    proof = TaskContent.objects.get(task=task).proof
    assert proof is not None
    return dict(proof)


def test_three_hold_one_task_side_by_side() -> None:
    desk = make_desk(quorum="2 of 3 parallel")
    task = open_task(desk)
    assert task.seats == 3
    held = {name: claim(task, desk.staff[name]) for name in ("alice", "bob", "carol")}
    assert len({lease.token for lease in held.values()}) == 3
    again = claim(task, desk.alice)
    assert (again.token, again.until) == (held["alice"].token, held["alice"].until)
    task.refresh_from_db()
    assert (task.state, len(task.seated)) == ("CLAIMED", 3)
    full = refused(claim, task, desk.dave)
    assert (full.status, full.code) == (409, "task-held")
    assert claims.claim_next(queue_keys=["desk"], person=desk.dave) is None
    longer = claims.extend(task_id=task.id, person=desk.bob, token=held["bob"].token)
    assert longer.until > held["bob"].until
    first = submit(task, desk.alice, held["alice"])
    assert (first.task_state, first.outcome) == ("OPEN", None)
    assert submit(task, desk.alice, held["alice"]) == first
    # Three seats, one judged, two held: nobody else is needed.
    assert refused(claim, task, desk.dave).code == "task-held"
    claims.release(task_id=task.id, person=desk.carol, token=held["carol"].token)
    assert claims.claim_next(queue_keys=["desk"], person=desk.carol) is not None
    last = submit(task, desk.bob, held["bob"])
    assert (last.task_state, last.outcome) == ("DECIDED", "APPROVED")
    late = refused(submit, task, desk.carol, held["carol"])
    assert (late.status, late.code) == (409, "task-ended")
    assert not Seat.objects.exists()
    task.refresh_from_db()
    assert task.seated == []


def test_seat_that_lapsed_is_free_and_served_again_to_its_person() -> None:
    desk = make_desk(quorum="dual parallel")
    task = open_task(desk)
    lease = claim(task, desk.alice)
    assert claims.claim_next(queue_keys=["desk"], person=desk.alice) is None
    Seat.objects.update(lease_until=Now() - HOUR)
    stale = refused(submit, task, desk.alice, lease)
    assert (stale.status, stale.code) == (409, "lease-lapsed")
    again = claims.claim_next(queue_keys=["desk"], person=desk.alice)
    assert again is not None
    assert again.token > lease.token
    judge(task, desk.bob)
    assert submit(task, desk.alice, again).outcome == "APPROVED"


def test_dispute_ends_all_seats_and_one_who_has_not_judged_decides() -> None:
    desk = make_desk(quorum="unanimous 3 parallel")
    task = open_task(desk)
    held = {name: claim(task, desk.staff[name]) for name in ("alice", "bob", "carol")}
    submit(task, desk.alice, held["alice"])
    submit(task, desk.bob, held["bob"], decision=NO)
    task.refresh_from_db()
    assert (task.state, task.stage, task.seats) == ("OPEN", "ADJUDICATION", 1)
    # She read it blind; now both sides are shown to her, so she begins again.
    blind = refused(submit, task, desk.carol, held["carol"])
    assert (blind.status, blind.code) == (409, "lease-not-claimed")
    assert refused(claim, task, desk.bob).code == "four-eyes-already-judged"
    assert judge(task, desk.carol).outcome == "APPROVED"


def test_edit_side_by_side_voids_what_was_approved_before() -> None:
    desk = make_desk(quorum="2 of 3 parallel")
    task = open_task(desk)
    held = {name: claim(task, desk.staff[name]) for name in ("alice", "bob", "carol")}
    shown = task.payload_digest
    submit(task, desk.alice, held["alice"])
    edited = submit(task, desk.bob, held["bob"], decision=EDIT, edits={"/amount": 400})
    assert (edited.task_state, edited.round) == ("OPEN", 2)
    changed = refused(submit, task, desk.carol, held["carol"], shown=shown)
    assert (changed.status, changed.code) == (409, "payload-changed")
    # What was approved before was another payload, so alice is asked again.
    assert judge(task, desk.alice).outcome == "APPROVED"


def test_weights_must_cover_the_amount() -> None:
    desk = make_desk(quorum="weighted")
    for name, amount in (("alice", 300), ("bob", 200), ("carol", 10_000)):
        authorities.grant(person=desk.staff[name], amount=Decimal(amount), actor=TESTER)
    authorities.grant(
        person=desk.carol, amount=Decimal(1), actor=TESTER, queue=desk.queue
    )
    task = open_task(desk, amount=500)
    assert judge(task, desk.carol).outcome is None  # the queue's own limit goes first
    assert judge(task, desk.alice).outcome is None
    assert judge(task, desk.bob).outcome == "APPROVED"
    authorities.revoke(person=desk.carol, actor=TESTER, queue=desk.queue)
    assert judge(open_task(desk, amount=500), desk.carol).outcome == "APPROVED"
    (last,) = entries("authority.revoked")
    assert last == {"person": desk.carol.id, "name": "Carol", "queue": "desk"}
    assert refused(authorities.revoke, person=desk.dave, actor=TESTER).status == 409
    wrong = refused(
        authorities.grant, person=desk.dave, amount=Decimal("NaN"), actor=TESTER
    )
    assert wrong.status == 422


def test_proof_of_an_outcome_is_kept_and_named_by_its_digest() -> None:
    desk = make_desk(quorum="dual")
    chief = make_person("Chief", Role.REVIEWER, queue=desk.queue)
    task = open_task(desk, initiator=chief)
    judge(task, desk.alice)
    assert TaskContent.objects.get(task=task).proof is None
    judge(task, desk.bob)
    proof = proof_of(task)
    assert proof["plan"]["kind"] == "DUAL"
    assert [vote["person"] for vote in proof["votes"]] == [desk.alice.id, desk.bob.id]
    assert proof["eligible"] == sorted([desk.carol.id, desk.dave.id])
    assert proof["excluded"] == {
        str(chief.id): "INITIATOR",
        str(desk.alice.id): "ALREADY_JUDGED",
        str(desk.bob.id): "ALREADY_JUDGED",
    }
    (decided,) = entries("task.decided")
    assert decided["proof"] == digest_proof(proof)


def test_refusal_names_who_may_instead() -> None:
    desk = make_desk(quorum="dual")
    task = open_task(desk, initiator=desk.dave)
    assert refused(claim, task, desk.dave).message == (
        "You started this case, so somebody else must judge it."
        " Who may: Alice, Bob, Carol."
    )
    judge(task, desk.alice)
    for name in ("bob", "carol"):
        people.disable_person(person=desk.staff[name], actor=TESTER, reason="Left.")
    sentence = refused(claim, task, desk.alice).message
    assert "Nobody else reviews desk now" in sentence


def test_stand_in_judges_in_the_givers_place_and_both_count_as_one() -> None:
    desk = make_desk(quorum="dual")
    erin = make_person("Erin")
    task = open_task(desk)
    assert refused(claim, task, erin).code == "not-a-reviewer"
    lent = lend(desk.alice, erin, queue=desk.queue, amount=Decimal(1000))
    held = claims.claim_next(queue_keys=["desk"], person=erin)
    assert held is not None
    assert submit(task, erin, held).outcome is None
    verdict = Verdict.objects.get(task=task)
    assert (verdict.person_id, verdict.on_behalf_of_id) == (erin.id, desk.alice.id)
    task.refresh_from_db()
    assert {erin.id, desk.alice.id} <= set(task.excluded)
    assert refused(claim, task, desk.alice).code == "four-eyes-already-judged"
    # Beyond what was lent: neither claimed nor served.
    large = open_task(desk, amount=5000)
    beyond = refused(claim, large, erin)
    assert beyond.code == "four-eyes-beyond-delegation"
    assert "Alice" in beyond.message
    assert claims.claim_next(queue_keys=["desk"], person=erin) is None
    # When it is over, her vote still was both persons'.
    delegations.revoke(delegation_id=lent.id, person=desk.alice, reason="Back.")
    assert refused(claim, task, desk.alice).code == "four-eyes-already-judged"
    assert refused(claim, large, erin).code == "not-a-reviewer"
    assert judge(task, desk.bob).outcome == "APPROVED"
    proof = proof_of(task)
    assert proof["votes"][0]["on_behalf_of"] == desk.alice.id
    assert entries("delegation.given")[0]["giver"] == desk.alice.id
    assert entries("delegation.revoked")[0]["reason"] == "Back."
    over = refused(delegations.revoke, delegation_id=lent.id, person=desk.alice)
    assert over.status == 409


def test_two_who_both_review_count_as_one_while_one_stands_in() -> None:
    desk = make_desk(quorum="dual")
    task, own = open_task(desk), open_task(desk, initiator=desk.alice)
    judge(task, desk.alice)
    lend(desk.alice, desk.bob)
    assert refused(claim, task, desk.bob).code == "four-eyes-counts-as-judge"
    sentence = refused(claim, own, desk.bob)
    assert sentence.code == "four-eyes-counts-as-initiator"
    assert sentence.message.startswith("Alice and you count as one person")
    assert claims.claim_next(queue_keys=["desk"], person=desk.bob) is None
    third = open_task(desk)
    judge(third, desk.bob)
    assert refused(claim, third, desk.alice).status == 403
    assert judge(third, desk.carol).outcome == "APPROVED"


def test_delegation_refused_says_why() -> None:
    desk = make_desk()
    lend(desk.alice, desk.bob)
    long = database_now() + dt.timedelta(days=100)
    for giver, taker, limits, kind, code in (
        ("carol", "dave", {"ends_at": long}, Invalid, "too-long"),
        ("bob", "alice", {}, Conflict, "loop"),
        ("bob", "carol", {}, Conflict, "giver-stands-in"),
        ("carol", "alice", {}, Conflict, "taker-has-lent"),
    ):
        found = refused(lend, desk.staff[giver], desk.staff[taker], **limits)
        assert isinstance(found, kind)
        assert found.code == f"delegation-{code}"
    assert Delegation.objects.count() == 1


def test_delegation_needs_something_to_lend_and_somebody_who_may_judge() -> None:
    desk = make_desk()
    erin, frank = make_person("Erin"), make_person("Frank", Role.AUDITOR)
    assert refused(lend, erin, desk.bob).code == "nothing-to-lend"
    assert refused(lend, desk.alice, frank).code == "incompatible-roles"
    lent = lend(desk.alice, erin)
    assert (
        refused(delegations.revoke, delegation_id=lent.id, person=desk.bob).code
        == "not-your-delegation"
    )
    assert refused(delegations.revoke, delegation_id=0, person=desk.bob).status == 404


def test_emergency_lifts_the_role_and_never_four_eyes() -> None:
    desk = make_desk(quorum="dual")
    erin = make_person("Erin")
    manager = make_person("Manager", Role.MANAGER, queue=desk.queue)
    task, own = open_task(desk), open_task(desk, initiator=erin)
    broken = emergencies.break_glass(
        person=erin, queue=desk.queue, reason="Everybody is ill, ten cases are due."
    )
    assert judge(task, erin).outcome is None
    assert refused(claim, own, erin).code == "four-eyes-initiator"
    assert refused(claim, task, erin).code == "four-eyes-already-judged"

    def look(person: Person, *, is_justified: bool = True) -> None:
        emergencies.review(
            emergency_id=broken.id,
            person=person,
            is_justified=is_justified,
            note="I looked at both cases.",
        )

    assert refused(look, desk.alice).status == 403
    look(manager, is_justified=False)
    assert refused(look, manager).code == "emergency-reviewed"
    # Nobody could justify it, so it is over at once.
    assert refused(claim, open_task(desk), erin).code == "not-a-reviewer"
    (opened,), (reviewed,) = entries("emergency.opened"), entries("emergency.reviewed")
    assert opened["reason"].startswith("Everybody is ill")
    assert (reviewed["justified"], reviewed["person"]) == (False, erin.id)


def test_emergency_refused() -> None:
    desk = make_desk()
    auditor = make_person("Auditor", Role.AUDITOR)
    erin = make_person("Erin", Role.MANAGER, queue=desk.queue)

    def take(person: Person, **given: Any) -> BreakGlass:
        given.setdefault("reason", "The whole desk is ill today.")
        return emergencies.break_glass(person=person, queue=desk.queue, **given)

    assert refused(take, desk.alice).code == "right-held-already"
    assert refused(take, auditor).code == "incompatible-roles"
    assert refused(take, erin, reason="Because").status == 422
    assert refused(take, erin, lasting=dt.timedelta(days=2)).status == 422
    broken = take(erin)
    own = refused(
        emergencies.review,
        emergency_id=broken.id,
        person=erin,
        is_justified=True,
        note="I was right.",
    )
    assert own.code == "four-eyes-emergency"
    emergencies.give_back(emergency_id=broken.id, person=erin)
    assert (
        refused(emergencies.give_back, emergency_id=broken.id, person=erin).status
        == 409
    )


def test_rights_taken_away_between_claim_and_verdict() -> None:
    """A role, a delegation and an emergency end at once, whatever is held."""
    desk = make_desk()
    erin = make_person("Erin")

    def after(take_away: Any, person: Person) -> str:
        task = open_task(desk)
        lease = claim(task, person)
        take_away()
        return refused(submit, task, person, lease).code

    lent = lend(desk.alice, erin)
    assert (
        after(lambda: delegations.revoke(delegation_id=lent.id, person=erin), erin)
        == "not-a-reviewer"
    )
    emergencies.break_glass(
        person=erin, queue=desk.queue, reason="The whole desk is ill today."
    )
    over = Now()
    assert (
        after(
            lambda: emergencies.give_back(
                emergency_id=BreakGlass.objects.get(expires_at__gt=over).id,
                person=erin,
            ),
            erin,
        )
        == "not-a-reviewer"
    )


def test_unheld_seat_is_refused_as_stale_or_forbidden_never_counted() -> None:
    desk = make_desk(quorum="dual parallel")
    task = open_task(desk)
    lease = claim(task, desk.alice)
    with pytest.raises(Stale):
        submit(task, desk.bob, lease)
    lend(desk.alice, desk.bob)
    with pytest.raises(Forbidden, match="holds this task now"):
        claim(task, desk.bob)
    assert not Verdict.objects.exists()


def test_authority_by_command() -> None:
    desk = make_desk()
    people.add_account(
        person=desk.alice, username="alice", password=PASSWORD, actor=TESTER
    )
    call_command("set_authority", "alice", "5000.50", stdout=io.StringIO())
    call_command("set_authority", "alice", "70", "--queue=desk", stdout=io.StringIO())
    held = Authority.objects.filter(person=desk.alice, revoked_at=None)
    assert set(held.values_list("queue__key", "amount")) == {
        (None, Decimal("5000.5")),
        ("desk", Decimal(70)),
    }
    call_command("set_authority", "alice", "none", stdout=io.StringIO())
    assert held.get().queue == desk.queue
    for words in (
        ("alice", "much"),
        ("alice", "none"),
        ("nobody", "1"),
        ("alice", "1", "--queue=nowhere"),
    ):
        with pytest.raises(CommandError):
            call_command("set_authority", *words)


def test_task_that_nobody_can_approve_is_told_once_until_somebody_can() -> None:
    desk = make_desk(quorum="weighted")
    owner = make_person("Olga", Role.MANAGER)
    Queue.objects.filter(id=desk.queue.id).update(owner=owner)
    for one, amount in ((desk.alice, 1000), (desk.bob, 3000)):
        authorities.grant(person=one, amount=Decimal(amount), queue=None, actor=TESTER)
    small, large = open_task(desk, amount=3500), open_task(desk, amount=9000)
    ids = {small.id, large.id}
    assert (coverage.look(ids), coverage.look(ids)) == (1, 1)
    gap = QuorumGap.objects.get()
    assert gap.task_id == large.id
    assert "those who may judge it reach 4,000.00" in gap.why
    told = Notification.objects.filter(person=owner, kind="STUCK")
    assert [one.text for one in told] == [gap.why]
    judge(small, desk.bob)
    # Bob has judged it; lent to Alice, his authority would be the same person's.
    lend(desk.bob, desk.alice)
    assert coverage.look(ids) == 2
    authorities.grant(person=desk.carol, amount=Decimal(9000), queue=None, actor=TESTER)
    assert coverage.look(ids) == 0
    assert not QuorumGap.objects.exists()
    judge(small, desk.carol)
    coverage.sweep()
