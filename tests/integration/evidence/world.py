"""Cases that people decided, and a bundle of them: what the tests of evidence look at."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.evidence.selections import Selection
from review.core.states import Decision, Role
from review.evidence import files, verify
from review.evidence.verify import Trust
from review.models import EvidenceBundle, Person, Queue, Task
from review.operations import queues
from review.operations.evidence import building, bundles
from review.operations.people import people
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from review.operations.verdicts.recording import Seen
from tests.factories.processes import TESTER, chain, deploy, process
from tests.factories.tasks import AT_ONCE
from workflows.operations import advance, instances
from workflows.operations.checkpoints import seal
from workflows.operations.instances import Start
from workflows.operations.log_key import KeyFolder
from workflows.store import database_now

PROCESS = process(
    '<startEvent id="s"/>'
    '<userTask id="decide" name="Decide" cs:queue="credit" cs:title="applicant"/>'
    '<serviceTask id="double" cs:handler="test.double"/><endEvent id="e"/>'
    + chain("s", "decide", "double", "e")
)
LETTER = base64.b64encode(b"Dear").decode()
PAPER = {"id": "letter", "name": "Letter", "media_type": "text/plain", "data": LETTER}
SLIP = {"id": "slip", "name": "Slip", "text": "Paid"}


@dataclass(frozen=True, slots=True)
class Made:
    """A finished bundle: its cases, its file, and the log's public key."""

    bundle_id: int
    cases: list[UUID]
    file: Path
    key: str

    @property
    def name(self) -> str:
        return f"evidence-{self.bundle_id}"

    def unpack(self, to: Path) -> Path:
        """Unpack the bundle; return its folder."""
        with zipfile.ZipFile(self.file) as archive:
            archive.extractall(to)
        return to / self.name


def make_reviewer(name: str) -> Person:
    reviewer = people.create_person(name=name, actor=TESTER)
    people.grant_role(person=reviewer, role=Role.REVIEWER, actor=TESTER)
    return reviewer


def walk_cases(count: int = 1) -> list[UUID]:
    """Let instances go all the way, with an edit by a person who gives reasons."""
    definition_id = deploy(PROCESS)
    if not Queue.objects.filter(key="credit").exists():
        queues.define_queue(key="credit", name="Credit", actor=TESTER, rules=AT_ONCE)
    variables = {
        "amount": 20,
        "applicant": "=cmd|' /C calc'!A0",
        "documents": [PAPER, SLIP],
    }
    starts = [
        Start(variables=variables, initiator=TESTER, business_key=f"=L-{number}")
        for number in range(1, count + 1)
    ]
    cases = instances.start_many(definition_id=definition_id, starts=starts)
    while advance.advance_batch(worker="test").instances:
        pass
    found = Person.objects.filter(name="Ada Löwe").first()
    ada = found or make_reviewer("Ada Löwe")
    for task in Task.objects.filter(instance_id__in=cases).order_by("id"):
        lease = claims.claim(task_id=task.id, person=ada)
        verdicts.submit(
            task_id=task.id,
            person=ada,
            token=lease.token,
            payload_digest=task.payload_digest,
            decision=Decision.EDIT_AND_APPROVE,
            rationale='The amount is "21", see page 3.',
            edits={"/amount": 21},
            seen=Seen(sources_opened=["letter"]),
        )
    while advance.advance_batch(worker="test").instances:
        pass
    return cases


def select(cases: list[UUID], *, title: str = "Tested cases") -> Selection:
    return Selection(kind="sample", title=title, cases=tuple(cases))


def export(cases: list[UUID], **options: object) -> EvidenceBundle:
    """Order a bundle, build it here, return its row."""
    bundle_id = bundles.order_bundle(
        selection=select(cases),
        doer=TESTER,
        **options,  # type: ignore[arg-type]
    )
    assert building.build_now(bundle_id)
    return EvidenceBundle.objects.get(pk=bundle_id)


def seal_log() -> str:
    """Seal the log and return its public key."""
    keys = KeyFolder.of_settings()
    seal(folder=keys, now=database_now())
    return str(keys.read_verifier_keys()[0])


def lines_of(bundle: Path, name: str) -> list[Any]:
    """Return the JSON of each line of a file."""
    return [json.loads(line) for line in (bundle / name).read_text().splitlines()]


def path_of(bundle: EvidenceBundle) -> Path:
    return bundles.folder_of(bundle.pk) / bundle.file_name


def faults_of(bundle: Path, **trust: Any) -> list[str]:
    """Judge a bundle in this process; return what is wrong, in words."""
    found = verify.verify(files.Bundle(bundle), Trust(**trust))
    return [f"{one.subject}: {one.words}" for one in found if not one.ok]


def run_verifier(*arguments: object, script: Path) -> tuple[int, str]:
    """Run verify.py as a stranger would: no packages, no environment, another folder."""
    done = subprocess.run(
        [sys.executable, "-E", "-S", str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={},
        cwd="/",
    )
    return done.returncode, done.stdout + done.stderr


def write_fitting_manifests(bundle: Path) -> None:
    """Write manifests that fit, as a careful forger would."""
    found = {
        path.relative_to(bundle).as_posix(): path
        for path in bundle.rglob("*")
        if path.is_file()
    }
    digests = {name: _hash(path) for name, path in found.items()}
    data = {name: one for name, one in digests.items() if name.startswith("data/")}
    (bundle / files.MANIFEST).write_text(files.write_manifest(data))
    tags = {name: one for name, one in digests.items() if name not in data}
    tags[files.MANIFEST] = _hash(bundle / files.MANIFEST)
    tags.pop(files.TAG_MANIFEST, None)
    (bundle / files.TAG_MANIFEST).write_text(files.write_manifest(tags))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
