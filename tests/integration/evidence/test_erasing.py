"""A person's data: committed to, erased by two persons, held, pruned at its end."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from review.core.evidence.erasing import HoldKind
from review.core.notices.notices import Channel, Notice
from review.core.states import Decision, Role
from review.evidence.disclosures import list_disclosures
from review.models import (
    Erasure,
    EvidenceBundle,
    LegalHold,
    Notification,
    NotificationPreference,
    Person,
    Task,
    User,
    Verdict,
)
from review.operations import queues
from review.operations.evidence import bundles, erasing, holds, retaining
from review.operations.people import delegations, people
from review.operations.tasks import claims, drafts, handing, notes, parking
from tests.factories.processes import TESTER, deploy, process
from tests.factories.tasks import AT_ONCE, PASSWORD, judge, make_person, review_process
from tests.integration.evidence import world
from tests.integration.evidence.speaking import Speakers
from tests.integration.evidence.traces import (
    NAME,
    check_traces,
    find_rows,
    leave_traces,
)
from workflows.core.canonical import digest
from workflows.models import AuditEntry, ContentKey, Instance
from workflows.operations import advance, instances
from workflows.operations.checkpoints import seal
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound
from workflows.operations.instances import Start
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import verify_log
from workflows.store import database_now

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

MAIL, SECOND = "zq@example.org", "Quirin Oldstone"
WORDS = "Zenobia Quill has shown three payslips."
PERSONAL = 'cs:personal="name, mail, guarantors.*.name, notice" cs:subject="name"'


class Scene(NamedTuple):
    """A definition with personal values, who judges and manages, two who may erase."""

    definition_id: int
    alice: Person
    bob: Person
    mona: Person
    olga: Person
    erik: Person

    @property
    def speakers(self) -> Speakers:
        """Return who acts on tasks and cases."""
        other = make_person("Pia", Role.PROCESS_OWNER)
        return Speakers(self.alice, self.mona, self.erik, other)


@pytest.fixture
def log_keys(settings: Any, tmp_path: Path) -> KeyFolder:
    settings.DATA_DIR = tmp_path
    return KeyFolder.of_settings()


@pytest.fixture
def scene() -> Scene:
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    queues.define_queue(key="away", name="Away", actor=TESTER, rules=AT_ONCE)
    xml = review_process(proposal="score", sla="PT8H").replace(
        'id="main"', f'id="main" {PERSONAL}'
    )
    alice, bob = (
        make_person(name, Role.REVIEWER, queue=queue) for name in ("Alice", "Bob")
    )
    return Scene(
        deploy(xml),
        alice,
        bob,
        make_person("Mona", Role.MANAGER),
        make_person("Olga", Role.ADMINISTRATOR),
        make_person("Erik", Role.PROCESS_OWNER),
    )


def start(scene: Scene, **variables: Any) -> Task:
    values = {
        "name": NAME,
        "mail": MAIL,
        "guarantors": [{"name": SECOND, "share": Decimal("0.5")}],
        "amount": 500,
        "notice": "x" * 40_000 + NAME,
        "score": {"rate": Decimal("2.5")},
        **variables,
    }
    wish = Start(variables=values, initiator=TESTER, business_key="CASE-1")
    (instance_id,) = instances.start_and_advance(
        definition_id=scene.definition_id, starts=[wish]
    )
    return Task.objects.get(instance_id=instance_id)


def work_on(scene: Scene, task: Task) -> UUID:
    """Let people write about a case in every place there is, and end it."""
    lease = claims.claim(task_id=task.id, person=scene.alice)
    notes.comment(task_id=task.id, person=scene.alice, text=f"Asked {NAME} by phone.")
    parking.ask_information(
        task_id=task.id,
        person=scene.alice,
        token=lease.token,
        question=f"Is {NAME} who signed?",
        asked_of=MAIL,
    )
    parking.answer(task_id=task.id, answer=f"Yes, {NAME} did.", by=TESTER)
    lease = claims.claim(task_id=task.id, person=scene.alice)
    handing.hand_over(
        task_id=task.id,
        person=scene.alice,
        token=lease.token,
        to_person_id=scene.bob.id,
        reason=f"You know {NAME}.",
    )
    task.refresh_from_db()
    drafts.keep(
        task_id=task.id,
        person_id=scene.alice.id,
        payload_digest=task.payload_digest,
        fields={"rationale": WORDS},
    )
    judge(
        task,
        scene.bob,
        Decision.EDIT_AND_APPROVE,
        rationale=WORDS,
        edits={"/guarantors/0/name": f"{SECOND} jr.", "/amount": 501},
    )
    while Instance.objects.get(pk=task.instance_id).ended_at is None:
        advance.advance_batch(worker="test")
    return task.instance_id


def sign_up(person: Person, username: str) -> User:
    return people.add_account(
        person=person, username=username, password=PASSWORD, actor=TESTER
    )


def entries(instance_id: UUID) -> list[dict[str, Any]]:
    rows = AuditEntry.objects.filter(chain=instance_id).order_by("seq")
    return [json.loads(row.entry) for row in rows]


def verify_bundle(instance_id: UUID, folder: Path) -> tuple[int, str]:
    """Export a case and let a stranger's Python verify it; return its code and words."""
    bundle = world.export([instance_id])
    with zipfile.ZipFile(world.path_of(bundle)) as archive:
        archive.extractall(folder)
    (root,) = folder.iterdir()
    return world.run_verifier(script=root / "verify.py")


def list_files(folder: Path) -> list[Path]:
    """Return what is left of bundles once a sweep has been there."""
    bundles.expire_old()
    assert set(EvidenceBundle.objects.values_list("state", flat=True)) == {"EXPIRED"}
    return list(folder.iterdir())


def check_pages(client: Client, task: Task) -> None:
    """Every page of an erased case opens, says so, and names nobody."""
    for url in (f"/tasks/{task.id}/", f"/instances/{task.instance_id}/", "/content/"):
        page = client.get(url)
        assert page.status_code == 200
        assert b"ontent erased" in page.content, url
        assert b"Zenobia" not in page.content


def test_case_is_erased_and_its_proofs_survive(
    scene: Scene, client: Client, tmp_path: Path, log_keys: KeyFolder
) -> None:
    client.force_login(sign_up(scene.erik, "erik"))
    task = start(scene)
    instance_id = work_on(scene, task)
    leave_traces(scene.alice, scene.olga, instance_id)
    told = json.dumps(entries(instance_id))
    assert not any(one in told for one in (NAME, MAIL, SECOND))
    seal(folder=log_keys, now=database_now())
    code, words = verify_bundle(instance_id, tmp_path / "before")
    assert code == 0, words
    opened = {str(row["value"]) for row in list_disclosures([instance_id])}
    assert {NAME, MAIL, WORDS, SECOND, f"{SECOND} jr."} <= opened

    assert [one.obstacle for one in erasing.find_cases(NAME)] == [""]
    with pytest.raises(Invalid, match="names what is to be erased"):
        erasing.propose(subject=NAME, person=scene.olga, reason=f"{NAME} asked us.")
    proposed = erasing.propose(subject=NAME, person=scene.olga, reason="Request 17.")
    with pytest.raises(Forbidden, match="yourself"):
        erasing.approve(erasure_id=proposed, person=scene.olga)
    done = erasing.approve(erasure_id=proposed, person=scene.erik)
    assert (done.cases, done.commitments > 5) == (1, True)

    assert find_rows(NAME, MAIL, SECOND, WORDS) == {}
    check_traces()
    assert list_files(tmp_path / "bundles") == []
    key = ContentKey.objects.get(pk=instance_id)
    assert (key.secret, key.subject, key.erased_for) == (None, "", "SUBJECT")
    assert list(list_disclosures([instance_id])) == []
    seal(folder=log_keys, now=database_now())
    assert verify_log(folder=log_keys).faults == []
    code, words = verify_bundle(instance_id, tmp_path / "after")
    assert code == 0, words
    assert "content erased" in words
    check_pages(client, task)
    with pytest.raises(Conflict, match="nothing is added"):
        notes.comment(task_id=task.id, person=scene.alice, text=f"It was {NAME}.")
    with pytest.raises(NotFound, match="erased already"):
        erasing.propose(subject=NAME, person=scene.olga, reason="Request 18.")
    (kept,) = Erasure.objects.all()
    assert (kept.state, kept.subject) == ("DONE", "")
    last = AuditEntry.objects.filter(kind="content.erased").order_by("id").last()
    assert last is not None
    assert NAME not in last.entry


def test_open_case_and_held_case_are_not_erased(scene: Scene) -> None:
    task = start(scene)
    with pytest.raises(Conflict, match="is still open"):
        erasing.propose(subject=NAME, person=scene.olga, reason="Request 17.")
    judge(task, scene.alice, Decision.REJECT)
    proposed = erasing.propose(subject=NAME, person=scene.olga, reason="Request 17.")
    wishes = [
        holds.Wish(kind=HoldKind.CASE, reason="Suit", instance_id=task.instance_id),
        holds.Wish(kind=HoldKind.SUBJECT, reason="Suit", subject=f" {NAME}"),
        holds.Wish(
            kind=HoldKind.RANGE,
            reason="Suit",
            definition_key="test-process",
            since=database_now() - dt.timedelta(days=1),
        ),
    ]
    named = holds.Wish(
        kind=HoldKind.CASE, reason=f"{NAME} sues.", instance_id=task.instance_id
    )
    with pytest.raises(Invalid, match="names whose cases"):
        holds.place(wish=named, actor=TESTER)
    for wish in wishes:
        hold = holds.place(wish=wish, actor=TESTER)
        with pytest.raises(Conflict, match=f"Legal hold {hold} keeps"):
            erasing.approve(erasure_id=proposed, person=scene.erik)
        holds.lift(hold_id=hold, actor=TESTER, reason="Settled.")
    hold = LegalHold.objects.latest("id").id
    with pytest.raises(Conflict, match="lifted already"):
        holds.lift(hold_id=hold, actor=TESTER, reason="Settled.")
    elsewhere = holds.Wish(
        kind=HoldKind.RANGE, reason="Suit", until=database_now() - dt.timedelta(days=1)
    )
    holds.place(wish=elsewhere, actor=TESTER)
    assert erasing.approve(erasure_id=proposed, person=scene.erik).cases == 1
    assert NAME not in json.dumps(entries(task.instance_id))


def test_who_may_approve_an_erasure_is_told_and_its_author_what_became_of_it(
    scene: Scene,
) -> None:
    frieda = make_person("Frieda", Role.ADMINISTRATOR)
    mails_only = {Notice.ERASURE_PROPOSED.value: [Channel.EMAIL.value]}
    NotificationPreference.objects.create(person=frieda, channels=mails_only)
    stand_in = make_person("Stan", Role.PROCESS_OWNER)
    people.grant_role(person=scene.olga, role=Role.REVIEWER, actor=TESTER)
    delegations.delegate(
        giver=scene.olga,
        taker=stand_in,
        ends_at=database_now() + dt.timedelta(hours=1),
        reason="Away.",
    )
    judge(start(scene), scene.alice, Decision.REJECT)
    first = erasing.propose(subject=NAME, person=scene.olga, reason="Request 17.")
    words = f"It is about {NAME}."
    with pytest.raises(Invalid, match="stays in the log"):
        erasing.decline(erasure_id=first, person=scene.erik, reason=words)
    wish = holds.Wish(kind=HoldKind.SUBJECT, reason=words, subject=NAME)
    with pytest.raises(Invalid, match="stays in the log"):
        holds.place(wish=wish, actor=TESTER)
    told = Notification.objects.filter(kind="ERASURE_PROPOSED").order_by("person_id")
    # Neither the author nor who counts as one with her, and nobody without the right.
    assert [(one.person_id, one.is_listed) for one in told] == [
        (scene.erik.id, True),
        (frieda.id, False),
    ]
    assert told[0].title == f"Erasure {first} of 1 case waits for approval"
    assert (told[0].text, told[0].url) == ("Olga says why: Request 17.", "/content/")
    erasing.decline(erasure_id=first, person=scene.erik, reason="Look again.")
    second = erasing.propose(subject=NAME, person=scene.erik, reason="Request 18.")
    erasing.approve(erasure_id=second, person=frieda)
    settled = Notification.objects.filter(kind="ERASURE_SETTLED").order_by("id")
    assert [(one.person_id, one.text) for one in settled] == [
        (scene.olga.id, "Erik declined it: Look again."),
        (scene.erik.id, "Frieda approved it."),
    ]


def test_content_is_pruned_when_its_time_is_over(
    scene: Scene, tmp_path: Path, log_keys: KeyFolder
) -> None:
    plain = deploy(review_process(), key="plain-process")
    cases = [work_on(scene, start(scene)), work_on(scene, start(scene))]
    wish = Start(variables={"name": "Ada", "amount": 7}, initiator=TESTER)
    (other,) = instances.start_and_advance(definition_id=plain, starts=[wish])
    judge(Task.objects.get(instance_id=other), scene.alice, Decision.REJECT)
    Instance.objects.filter(pk__in=[cases[0], other]).update(
        ended_at=database_now() - dt.timedelta(days=40)
    )
    held = holds.Wish(kind=HoldKind.CASE, reason="Suit", instance_id=cases[0])
    hold = holds.place(wish=held, actor=TESTER)
    call_command("apply_retention", "--set=test-process=30", "--reason=Policy 4")
    call_command("apply_retention", "--set=plain-process=30", "--reason=Policy 4")
    gone = ContentKey.objects.filter(erased_for="RETENTION")
    assert list(gone.values_list("pk", flat=True)) == [other]
    holds.lift(hold_id=hold, actor=TESTER, reason="Settled.")
    assert retaining.prune(actor=TESTER) == 1
    assert retaining.prune(actor=TESTER) == 0
    seal(folder=log_keys, now=database_now())
    for instance_id in (cases[0], other):
        row = Instance.objects.get(pk=instance_id)
        assert set(row.variables) == {"$erased"}
        code, words = verify_bundle(instance_id, tmp_path / str(instance_id))
        assert code == 0, words
        assert "content erased" in words
    assert Instance.objects.get(pk=cases[1]).variables["name"] == NAME
    pruned = AuditEntry.objects.filter(kind="content.pruned", entry__contains='"cases"')
    assert pruned.count() == 2
    with pytest.raises(Conflict, match="already"):
        retaining.set_days(
            definition_key="plain-process", days=30, actor=TESTER, reason="Again"
        )


def test_commands_list_hold_and_erase(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_up(scene.olga, "olga")
    sign_up(scene.erik, "erik")
    task = start(scene)
    call_command("erase_subject", NAME)
    assert "is still open" in capsys.readouterr().out
    judge(task, scene.alice, Decision.REJECT)
    call_command("legal_hold", "place", f"--subject={NAME}", "--reason=Suit")
    given = ("--reason=Request 9", "--proposed-by=olga", "--approved-by=erik")
    with pytest.raises(CommandError, match="Legal hold"):
        call_command("erase_subject", NAME, *given)
    (hold,) = holds.find_held([task.instance_id]).values()
    call_command("legal_hold", "lift", f"--hold={hold}", "--reason=Settled")
    call_command("legal_hold", "list")
    call_command("erase_subject", NAME, *given)
    out = capsys.readouterr().out
    assert "lifted: subject" in out
    assert "Content erased" in out


def test_append_only_rows_lose_nothing_without_an_entry(scene: Scene) -> None:
    task = start(scene)
    judge(task, scene.alice, Decision.REJECT)
    verdict = Verdict.objects.get(task=task)
    for change in (
        "rationale = ''",
        "decision = 'APPROVE'",
        "rationale_committed = ''",
    ):
        with (
            pytest.raises(DatabaseError, match="is refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE review_verdict SET {change}")  # noqa: S608  (ours)
    verdict.refresh_from_db()
    assert verdict.rationale
    for sql in (
        "UPDATE workflows_contentkey SET secret = NULL",
        "DELETE FROM workflows_contentkey",
        "DELETE FROM workflows_disclosure",
    ):
        with (
            pytest.raises(DatabaseError, match="no entry says"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_definition_without_personal_values_keeps_its_digests() -> None:
    variables = {"name": "Ada", "amount": 5}
    wish = Start(variables=variables, initiator=TESTER)
    definition_id = deploy(process('<startEvent id="s"/><endEvent id="e"/>'))
    (instance_id,) = instances.start_and_advance(
        definition_id=definition_id, starts=[wish]
    )
    assert entries(instance_id)[0]["detail"]["variables"] == digest(variables)
    assert not ContentKey.objects.filter(pk=instance_id).exists()


def test_pages_hold_find_propose_and_erase(scene: Scene) -> None:
    olga, erik, alice = Client(), Client(), Client()
    olga.force_login(sign_up(scene.olga, "olga"))
    erik.force_login(sign_up(scene.erik, "erik"))
    alice.force_login(sign_up(scene.alice, "alice"))
    assert alice.get("/content/").status_code == 403
    task = start(scene)
    asked = {"subject": NAME}
    assert b"is still open" in olga.post("/content/person/", asked).content
    judge(task, scene.alice, Decision.REJECT)
    held = {"kind": "CASE", "case": str(task.instance_id), "reason": "Suit 4"}
    assert olga.post("/content/holds/", {"kind": "CASE"}).status_code == 422
    assert olga.post("/content/holds/", held).status_code == 302
    told = olga.post("/content/person/propose/", {**asked, "reason": "Request 3"})
    assert told.status_code == 409
    assert b"Legal hold" in told.content
    (hold,) = LegalHold.objects.all()
    assert olga.post(f"/content/holds/{hold.id}/lift/", {}).status_code == 422
    lifted = {"reason": "Settled"}
    assert olga.post(f"/content/holds/{hold.id}/lift/", lifted).status_code == 302
    assert b"can be" not in olga.post("/content/person/", {}).content
    given = {**asked, "reason": "Request 3"}
    assert olga.post("/content/person/propose/", given).status_code == 302
    (proposed,) = Erasure.objects.all()
    page = olga.get("/content/").content
    assert (b"Withdraw it" in page, b"Approve: erase" in page) == (True, False)
    own = olga.post(f"/content/erasures/{proposed.id}/approve/")
    assert (own.status_code, proposed.state) == (403, "PROPOSED")
    assert b"Approve: erase it" in erik.get("/content/").content
    assert erik.post(f"/content/erasures/{proposed.id}/approve/").status_code == 302
    assert b"ontent erased" in erik.get("/content/").content
    assert find_rows(NAME) == {}
    again = olga.post("/content/person/propose/", given)
    assert (again.status_code, b"erased already" in again.content) == (404, True)
    days = {"definition": "test-process", "days": "3650", "reason": "Policy 1"}
    assert olga.post("/content/retention/", days).status_code == 302
    assert olga.post("/content/retention/", days).status_code == 409
    assert b"3650 days" in olga.get("/content/").content
