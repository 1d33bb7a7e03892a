"""Signatures, reveals and what a verdict keeps of both and of the screen."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from review.core.states import Decision, Role, Signature
from review.models import Person, Task, Unveiling, User, Verdict
from review.operations.people import people
from review.operations.tasks import claims
from review.operations.verdicts import reveals, signing, verdicts
from review.operations.verdicts.verdicts import Seen
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    AT_ONCE,
    PASSWORD,
    Desk,
    judge,
    make_desk,
    open_task,
    set_rules,
)
from workflows.core.canonical import digest
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid, Stale

SIGNED = dataclasses.replace(AT_ONCE, signature=Signature.PASSWORD)
LETTER = {"id": "letter", "name": "letter.txt", "text": "Dear Sir"}


@pytest.fixture
def signer(desk: Desk) -> User:
    """An account of a reviewer of a desk whose verdicts are signed."""
    set_rules(desk, SIGNED)
    person = people.create_person(
        name="Ada Signer", actor=TESTER, username="ada", password=PASSWORD
    )
    people.grant_role(person=person, role=Role.REVIEWER, actor=TESTER)
    return User.objects.get(person=person)


def sign(user: User, task: Task, *, password: str = PASSWORD) -> dict[str, object]:
    record = signing.digest_record(
        payload_digest=task.payload_digest, decision=Decision.APPROVE
    )
    return signing.sign(
        user=user, password=password, meaning="I approve this.", record=record
    )


def test_signature_is_kept_with_the_verdict_and_its_entry(
    desk: Desk, signer: User
) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=signer.person)
    with pytest.raises(Invalid, match="asks you to sign"):
        judge(task, signer.person, lease=lease)
    judge(task, signer.person, lease=lease, signature=sign(signer, task))
    verdict = Verdict.objects.get(task=task)
    kept = verdict.signature
    assert kept is not None
    assert (kept["name"], kept["meaning"], kept["method"]) == (
        "Ada Signer",
        "I approve this.",
        "PASSWORD",
    )
    entry = AuditEntry.objects.get(chain=task.instance_id, seq=verdict.audit_seq)
    assert kept["record"] in entry.entry


def test_signature_is_for_one_person_one_decision_and_a_short_while(
    desk: Desk, signer: User
) -> None:
    task = open_task(desk)
    signature = sign(signer, task)
    lease = claims.claim(task_id=task.id, person=signer.person)
    with pytest.raises(Invalid, match="sign again"):
        judge(task, signer.person, Decision.REJECT, lease=lease, signature=signature)
    old = dt.datetime.fromisoformat(str(signature["at"])) - dt.timedelta(hours=1)
    with pytest.raises(Invalid, match="sign again"):
        judge(
            task,
            signer.person,
            lease=lease,
            signature={**signature, "at": old.isoformat()},
        )
    claims.release(task_id=task.id, person=signer.person, token=lease.token)
    with pytest.raises(Invalid, match="sign again"):
        judge(task, desk.alice, signature=signature)


def test_wrong_passwords_close_signing_and_are_told(desk: Desk, signer: User) -> None:
    task = open_task(desk)
    for _ in range(signing.MOST_WRONG):
        with pytest.raises(Invalid, match="password is wrong"):
            sign(signer, task, password="not-this-one")
    with pytest.raises(Forbidden, match="closed for this account"):
        sign(signer, task)
    entries = AuditEntry.objects.filter(kind="signature.refused")
    assert entries.count() == signing.MOST_WRONG
    assert {entry.actor for entry in entries} == {f"person:{signer.person_id}"}


def reveal_mode(task: Task, mode: str) -> None:
    Task.objects.filter(id=task.id).update(reveal=mode)


def test_model_view_is_revealed_once_for_each_lease(desk: Desk) -> None:
    task = open_task(desk, documents=[LETTER])
    reveal_mode(task, "ON_REQUEST")
    lease = claims.claim(task_id=task.id, person=desk.alice)
    held: dict[str, Any] = {"task_id": task.id, "token": lease.token}
    with pytest.raises(Stale):
        reveals.reveal(**held, person=desk.bob)
    first = reveals.reveal(**held, person=desk.alice)
    assert reveals.reveal(**held, person=desk.alice) == first
    assert Unveiling.objects.count() == 1
    judge(task, desk.alice, lease=lease, seen=Seen(sources_opened=["letter", "letter"]))
    shown = Verdict.objects.get(task=task).shown
    assert shown["revealed_at"] == first.astimezone(dt.UTC).isoformat()
    assert shown["sources_opened"] == ["letter"]
    assert shown["sources"] == {"letter": digest(LETTER)}
    entry = AuditEntry.objects.get(chain=task.instance_id, kind="verdict.submitted")
    assert digest(shown) in entry.entry


def test_own_verdict_comes_first_where_the_mode_says_so(desk: Desk) -> None:
    set_rules(desk, dataclasses.replace(AT_ONCE, undo_seconds=8))
    task = open_task(desk)
    reveal_mode(task, "VERDICT_FIRST")
    lease = claims.claim(task_id=task.id, person=desk.alice)
    held: dict[str, Any] = {"task_id": task.id, "token": lease.token}
    with pytest.raises(Conflict, match="your own verdict comes first"):
        reveals.reveal(**held, person=desk.alice)
    judge(task, desk.alice, lease=lease)
    reveals.reveal(**held, person=desk.alice)
    assert Verdict.objects.get(task=task).shown["revealed_at"] is None
    with pytest.raises(Conflict):
        reveals.reveal(**held, person=desk.bob)


def test_queue_asks_for_words_where_the_model_is_unsure_or_overridden(
    db: None,
) -> None:
    desk = make_desk(proposal="suggestion")
    asking = dataclasses.replace(
        AT_ONCE,
        rationale_below=Decimal("0.8"),
        rationale_above=Decimal(1000),
        hidden_decisions=["EDIT_AND_APPROVE"],
    )
    set_rules(desk, asking)
    unsure = open_task(desk, suggestion={"action": "approve"})
    lease = claims.claim(task_id=unsure.id, person=desk.alice)
    with pytest.raises(Invalid, match="not sure") as refusal:
        judge(unsure, desk.alice, lease=lease)
    assert refusal.value.code == "rationale-missing"
    with pytest.raises(Forbidden, match="does not offer edit and approve"):
        judge(
            unsure,
            desk.alice,
            Decision.EDIT_AND_APPROVE,
            lease=lease,
            edits={"/amount": 1},
        )
    judge(unsure, desk.alice, lease=lease, rationale="Called the employer.")
    large = open_task(desk, confidence=Decimal("0.9"), amount=1000)
    with pytest.raises(Invalid, match="from 1000 on"):
        judge(large, desk.alice)
    against = open_task(
        desk, confidence=Decimal("0.9"), suggestion={"action": "reject"}
    )
    lease = claims.claim(task_id=against.id, person=desk.alice)
    reveals.reveal(task_id=against.id, person=desk.alice, token=lease.token)
    with pytest.raises(Invalid, match="against the suggestion"):
        judge(against, desk.alice, lease=lease)
    done = judge(against, desk.alice, lease=lease, rationale="It is paid.")
    assert done.outcome == "APPROVED"


def test_a_suggestion_nobody_saw_is_not_told_by_asking_for_words(desk: Desk) -> None:
    against = open_task(
        desk, confidence=Decimal("0.9"), suggestion={"action": "reject"}
    )
    assert judge(against, desk.alice).outcome == "APPROVED"


def test_only_votes_are_submitted(desk: Desk) -> None:
    task = open_task(desk)
    with pytest.raises(Invalid, match="no vote"):
        verdicts.submit(
            task_id=task.id,
            person=Person.objects.get(name="Alice"),
            token=1,
            payload_digest=task.payload_digest,
            decision=Decision.ABSTAIN,
        )
