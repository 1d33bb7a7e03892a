"""What a person types about a case stays with that case's entries and is kept beside."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.evidence.bundles import Redaction
from review.core.evidence.erasing import HoldKind
from review.core.states import Decision
from review.evidence.disclosures import list_disclosures
from review.operations.evidence import erasing, holds
from tests.factories.processes import TESTER, chain, deploy, process
from tests.factories.said import read_detail
from tests.factories.tasks import judge
from tests.integration.engine.conftest import Waiting, people
from tests.integration.evidence import world
from tests.integration.evidence.speaking import KINDS, NICK, speak
from tests.integration.evidence.test_erasing import (
    Scene,
    entries,
    log_keys,
    scene,
    sign_up,
    verify_bundle,
)
from tests.integration.evidence.test_erasing import start as open_case
from tests.integration.evidence.traces import NAME, find_rows
from workflows.models import AuditEntry, Disclosure, Incident, Instance
from workflows.operations import incidents, instances
from workflows.operations.advance import advance_batch
from workflows.operations.checkpoints import seal
from workflows.operations.instances import Start
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import verify_log
from workflows.store import database_now

__all__ = ["log_keys", "people", "scene"]

pytestmark = pytest.mark.django_db

SAID = f"{NICK} lives next door."
CHILD = process(
    '<startEvent id="s"/><userTask id="t"/><endEvent id="e"/>' + chain("s", "t", "e")
)
PARENT = process(
    '<startEvent id="s"/><callActivity id="c" calledElement="called"/>'
    '<endEvent id="e"/>' + chain("s", "c", "e")
)
BROKEN = process(
    '<startEvent id="s"/><serviceTask id="book" cs:handler="test.broken"/>'
    '<endEvent id="e"/>' + chain("s", "book", "e")
)


def start(definition_id: int) -> UUID:
    wish = Start(variables={"amount": -1}, initiator=TESTER)
    (instance_id,) = instances.start_many(definition_id=definition_id, starts=[wish])
    drain()
    return instance_id


def drain() -> None:
    while advance_batch(worker="test").instances:
        pass


def told(kind: str, instance_id: UUID) -> AuditEntry:
    return AuditEntry.objects.get(chain=instance_id, kind=kind)


def escaped(client: Client, url: str) -> bytes:
    """Return a page with its quotes as they were typed."""
    return client.get(url).content.replace(b"&#x27;", b"'")


def list_naming(folder: Path, word: str) -> set[str]:
    """Return the names of the files in which a word stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if word.encode() in path.read_bytes()}


def test_typed_reasons_are_shown_as_long_as_the_case_has_its_content(
    scene: Scene, client: Client, tmp_path: Path, log_keys: KeyFolder
) -> None:
    client.force_login(sign_up(scene.erik, "erik"))
    task = open_case(scene)
    said = f"{NICK} is {NAME}'s neighbour."
    speak(task, scene.speakers, said, away="away")
    judge(task, scene.bob, Decision.REJECT, rationale=SAID)
    drain()
    instance_id = task.instance_id
    written = [one for one in entries(instance_id) if one["kind"] in KINDS]
    assert {one["kind"] for one in written} == KINDS
    assert not any(name in json.dumps(written) for name in (NICK, NAME))
    pages = (
        f"/instances/{instance_id}/",
        f"/tasks/{task.id}/",
        f"/tasks/{task.id}/clock/",
    )
    for url in pages:
        assert said.encode() in escaped(client, url), url
    code, words = verify_bundle(instance_id, tmp_path / "before")
    assert code == 0, words
    assert list_naming(tmp_path / "before", NICK) == {
        "disclosures.jsonl", "ocel.json", "00001-0001.html",
    }  # fmt: skip

    proposed = erasing.propose(subject=NAME, person=scene.olga, reason="Request 17.")
    erasing.approve(erasure_id=proposed, person=scene.erik)
    assert find_rows(NAME, NICK) == {}
    for url in pages:
        assert NICK.encode() not in escaped(client, url), url
    assert b"Reason: content erased" in escaped(client, pages[0])
    assert b"content erased" in escaped(client, pages[2])
    holds.place(
        wish=holds.Wish(
            kind=HoldKind.CASE, reason="A suit of the estate.", instance_id=instance_id
        ),
        actor=TESTER,
    )
    assert list(list_disclosures([instance_id])) == []
    seal(folder=log_keys, now=database_now())
    assert verify_log(folder=log_keys).faults == []
    code, words = verify_bundle(instance_id, tmp_path / "after")
    assert code == 0, words
    assert list_naming(tmp_path / "after", NICK) == set()


def test_reason_to_cancel_a_called_case_does_not_reach_its_caller(
    people: Waiting,
) -> None:
    deploy(CHILD, key="called")
    caller = start(deploy(PARENT, key="caller"))
    child = Instance.objects.get(parent_instance_id=caller)
    instances.cancel(instance_id=child.id, actor=TESTER, reason=SAID)
    drain()
    message = Incident.objects.get(instance_id=caller).message
    assert message.startswith("The called process ended CANCELED.")
    assert not Disclosure.objects.filter(instance_id=caller).exists()
    assert not AuditEntry.objects.filter(entry__contains=SAID).exists()
    assert read_detail(told("instance.canceled", child.id))["reason"] == SAID


@pytest.mark.parametrize("compensate", [True, False], ids=["taken-back", "at-once"])
def test_reason_to_cancel_a_caller_does_not_reach_the_called_case(
    compensate: bool, people: Waiting
) -> None:
    deploy(CHILD, key="called")
    caller = start(deploy(PARENT, key="caller"))
    child = Instance.objects.get(parent_instance_id=caller)
    instances.cancel(
        instance_id=caller, actor=TESTER, reason=SAID, compensate=compensate
    )
    drain()
    assert set(Instance.objects.values_list("state", flat=True)) == {"CANCELED"}
    assert read_detail(told("instance.canceled", caller))["reason"] == SAID
    assert not AuditEntry.objects.filter(entry__contains=SAID).exists()
    because = read_detail(told("instance.canceled", child.id))["because"]
    assert because == "the calling step was canceled"
    assert not Disclosure.objects.filter(instance_id=child.id).exists()


def test_resolution_by_hand_is_told_by_its_commitment_in_a_bundle(
    tmp_path: Path,
) -> None:
    instance_id = start(deploy(BROKEN))
    incidents.resolve_by_hand(
        incident_id=Incident.objects.get().id, output={}, actor=TESTER, reason=SAID
    )
    assert not AuditEntry.objects.filter(entry__contains=SAID).exists()
    assert read_detail(told("incident.resolved", instance_id))["reason"] == SAID
    ended = AuditEntry.objects.filter(chain=instance_id, kind="step.completed")
    by_hand = [read_detail(one).get("by_hand") for one in ended]
    assert SAID in by_hand
    bundle = world.export([instance_id], redaction=Redaction(without_disclosures=True))
    with zipfile.ZipFile(world.path_of(bundle)) as archive:
        archive.extractall(tmp_path)
    (root,) = tmp_path.iterdir()
    assert world.faults_of(root) == []
    (case,) = world.lines_of(root, "data/cases.jsonl")
    assert SAID not in json.dumps(case)
    entries = [one["detail"] for one in world.lines_of(root, "data/events.jsonl")]
    assert case["incidents"][0]["reason"] in [one.get("reason") for one in entries]
