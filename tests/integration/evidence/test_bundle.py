"""A case is walked through people, exported, verified by a stranger and tampered with."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_django
from django.core.management import CommandError, call_command
from django.db import connection, transaction

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.states import Decision, Role
from review.evidence import verify
from review.evidence.bundle import export_instance
from review.models import Person, Task
from review.operations import claims, people, queues, verdicts
from tests.factories.processes import TESTER, chain, deploy, process
from tests.factories.tasks import AT_ONCE
from workflows.models import AuditEntry
from workflows.operations import advance, instances
from workflows.operations.checkpoints import seal
from workflows.operations.errors import NotFound
from workflows.operations.instances import Start
from workflows.operations.log_key import KeyFolder
from workflows.store import database_now

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

PROCESS = process(
    '<startEvent id="s"/>'
    '<userTask id="decide" name="Decide" cs:queue="credit" cs:title="applicant"/>'
    '<serviceTask id="double" cs:handler="test.double"/><endEvent id="e"/>'
    + chain("s", "decide", "double", "e")
)


def make_reviewer(name: str) -> Person:
    reviewer = people.create_person(name=name, actor=TESTER)
    people.grant_role(person=reviewer, role=Role.REVIEWER, actor=TESTER)
    return reviewer


def walk_case() -> UUID:
    """Let one instance go all the way, with an edit by a person who gives reasons."""
    definition_id = deploy(PROCESS)
    queues.define_queue(key="credit", name="Credit", actor=TESTER, rules=AT_ONCE)
    (instance_id,) = instances.start_many(
        definition_id=definition_id,
        starts=[
            Start(
                variables={"amount": 20, "applicant": "=cmd|' /C calc'!A0"},
                initiator=TESTER,
                business_key="L-1",
            )
        ],
    )
    while advance.advance_batch(worker="test").instances:
        pass
    task = Task.objects.get(instance_id=instance_id)
    ada = make_reviewer("Ada Löwe")
    lease = claims.claim(task_id=task.id, person=ada)
    verdicts.submit(
        task_id=task.id,
        person=ada,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.EDIT_AND_APPROVE,
        rationale='The amount is "21", see page 3.',
        edits={"/amount": 21},
    )
    while advance.advance_batch(worker="test").instances:
        pass
    return instance_id


@pytest.fixture(scope="module")
def made(
    django_db_setup: None,
    django_db_blocker: pytest_django.DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[UUID, Path, str]:
    """Export one case; give its id, the ZIP and the log's public key."""
    folder = tmp_path_factory.mktemp("evidence")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.DATA_DIR", folder)
        with transaction.atomic():
            instance_id = walk_case()
            keys = KeyFolder.of_settings()
            seal(folder=keys, now=database_now())
            export = export_instance(
                instance_id=instance_id, actor=TESTER, reason="yearly audit"
            )
            file = folder / export.name
            file.write_bytes(b"".join(export.chunks()))
            assert file.stat().st_size == export.size
            key = str(keys.read_verifier_keys()[0])
            transaction.set_rollback(True)
        connection.close()
    return instance_id, file, key


@pytest.fixture
def unpacked(made: tuple[UUID, Path, str], tmp_path: Path) -> Path:
    """Unpack the bundle anew for a test that changes it."""
    instance_id, file, _ = made
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path)
    return tmp_path / f"evidence-{instance_id}"


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


def faults_of(bundle: Path) -> list[str]:
    found = verify.verify(verify.Bundle(bundle))
    return [f"{one.subject}: {one.words}" for one in found if not one.ok]


def seal_again(bundle: Path) -> None:
    """Write manifests that fit, as a careful forger would."""
    payload = {
        path.relative_to(bundle).as_posix(): path
        for path in bundle.rglob("*")
        if path.is_file()
    }
    digests = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in payload.items()
    }
    data = {name: one for name, one in digests.items() if name.startswith("data/")}
    (bundle / verify.MANIFEST).write_text(verify.write_manifest(data))
    tags = {name: one for name, one in digests.items() if name not in data}
    tags[verify.MANIFEST] = hashlib.sha256(
        (bundle / verify.MANIFEST).read_bytes()
    ).hexdigest()
    del tags[verify.TAG_MANIFEST]
    (bundle / verify.TAG_MANIFEST).write_text(verify.write_manifest(tags))


def test_stranger_verifies_the_bundle(unpacked: Path) -> None:
    code, out = run_verifier(script=unpacked / "verify.py")
    assert code == 0, out
    assert "VERIFIED" in out.splitlines()[-1]
    assert "file data/events.jsonl: intact" in out
    assert "entry 1 instance.started: follows" in out
    assert "compare it with one you hold" in out
    assert "verdict 1: as entry" in out or "as entry" in out


def test_stranger_verifies_the_zip_with_his_key(
    made: tuple[UUID, Path, str], unpacked: Path
) -> None:
    _, file, key = made
    code, out = run_verifier(file, "--key", key, script=unpacked / "verify.py")
    assert code == 0, out
    assert "signature good, key as given" in out
    code, out = run_verifier(
        "--key", key.replace("countersign", "other"), script=unpacked / "verify.py"
    )
    assert code == 1
    assert "WRONG  checkpoint" in out


def test_every_entry_of_the_case_is_proven(unpacked: Path) -> None:
    entries = verify.split_lines((unpacked / verify.EVENTS).read_bytes())
    stored = AuditEntryTexts(unpacked)
    assert [line.decode() for line in entries] == stored.texts
    found = {one.subject: one.words for one in verify.verify(verify.Bundle(unpacked))}
    count = len(entries)
    assert found["sealed"].startswith(f"{count + 1} of {count + 2} entries proven")


class AuditEntryTexts:
    """The entries as case.json's head says they must be: linked from the first on."""

    def __init__(self, bundle: Path) -> None:
        lines = (bundle / verify.EVENTS).read_text().splitlines()
        self.texts = lines
        previous = "0" * 64
        for number, line in enumerate(lines, start=1):
            fields = json.loads(line)
            assert (fields["seq"], fields["prev"]) == (number, previous)
            previous = hashlib.sha256(line.encode()).hexdigest()


def test_sha256sum_agrees(unpacked: Path) -> None:
    done = subprocess.run(
        ["/usr/bin/sha256sum", "--strict", "-c", verify.MANIFEST, verify.TAG_MANIFEST],
        cwd=unpacked,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_case_tells_what_was_shown_and_decided(unpacked: Path) -> None:
    case = json.loads((unpacked / verify.CASE).read_text())
    (verdict,) = case["verdicts"]
    assert verdict["person_name"] == "Ada Löwe"
    assert verdict["decision"] == "EDIT_AND_APPROVE"
    shown = json.loads(
        (unpacked / f"data/contents/{verdict['shown']}.json").read_text()
    )
    assert shown["payload"]["amount"] == 20
    edits = json.loads(
        (unpacked / f"data/contents/{verdict['edits']}.json").read_text()
    )
    assert edits[-1]["value"] == 21
    end = case["instance"]["variables"]
    variables = json.loads((unpacked / f"data/contents/{end}.json").read_text())
    assert variables["doubled"] == 42
    assert {row["what"].split()[0] for row in case["contents"]} == {
        "shown",
        "seen",
        "edits",
        "variables",
        "proof",
    }
    (task,) = case["tasks"]
    proof = json.loads((unpacked / f"data/contents/{task['proof']}.json").read_text())
    (vote,) = proof["votes"]
    (person,) = case["persons"]
    assert person == {"id": vote["person"], "name": "Ada Löwe"}
    assert proof["excluded"] == {str(vote["person"]): "ALREADY_JUDGED"}


def test_spreadsheet_runs_nothing(unpacked: Path) -> None:
    rows = (unpacked / verify.EVENTS_CSV).read_text().splitlines()
    assert rows[0].startswith('"seq","at"')
    assert not any(
        cell.startswith(("=", "+", "-", "@"))
        for row in rows
        for cell in row[1:-1].split('","')
    )


def test_text_that_looks_like_a_formula_gets_a_quote() -> None:
    line = (
        b'{"actor":"person:1","actor_name":"=1+1","at":"x","chain":"c",'
        b'"detail":{"a":"\\"detail\\":","kind":"no"},"kind":"a.b","prev":"0","seq":1}'
    )
    _, row = verify.write_csv([verify.read_entry(line)])
    assert '"\'=1+1"' in row
    assert '{""a"":""\\""detail\\"":"",""kind"":""no""}' in row


def test_bag_is_declared(unpacked: Path, made: tuple[UUID, Path, str]) -> None:
    assert (unpacked / "bagit.txt").read_text().startswith("BagIt-Version: 1.0\n")
    info = (unpacked / "bag-info.txt").read_text()
    payload = [path for path in (unpacked / "data").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in payload)
    assert f"Payload-Oxum: {size}.{len(payload)}\n" in info
    assert f"External-Identifier: {made[0]}\n" in info


def test_every_flipped_byte_is_found(unpacked: Path) -> None:
    """Flip one bit of bytes all over every file; small files are flipped throughout."""
    pick = random.Random(5)  # noqa: S311  (seeded, to fail the same way again)
    assert faults_of(unpacked) == []
    for path in sorted(item for item in unpacked.rglob("*") if item.is_file()):
        data = path.read_bytes()
        every = 40 if path.parent == unpacked or path.suffix == ".bpmn" else 25
        for place in sorted(pick.sample(range(len(data)), min(len(data), every))):
            changed = bytearray(data)
            changed[place] ^= 1 << pick.randrange(8)
            path.write_bytes(changed)
            assert faults_of(unpacked), f"{path.name} at {place}"
        path.write_bytes(data)


def edit_lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    def edit(bundle: Path) -> None:
        file = bundle / verify.EVENTS
        lines = change(file.read_bytes().splitlines(keepends=True))
        file.write_bytes(b"".join(lines))
        entries = [verify.read_entry(line.rstrip(b"\n")) for line in lines]
        if all(entry.fields for entry in entries):
            csv = "".join(verify.write_csv(entries))
            (bundle / verify.EVENTS_CSV).write_bytes(csv.encode())

    return edit


def edit_case(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(bundle: Path) -> None:
        file = bundle / verify.CASE
        case = json.loads(file.read_text())
        change(case)
        file.write_text(json.dumps(case))

    return edit


def replace_content(bundle: Path) -> None:
    for path in (bundle / "data/contents").iterdir():
        if b'"payload"' in path.read_bytes():
            path.write_bytes(path.read_bytes().replace(b'"amount":20', b'"amount":19'))


def change_definition(bundle: Path) -> None:
    file = bundle / "data/definition/main.bpmn"
    file.write_bytes(file.read_bytes().replace(b"test.double", b"test.other!"))


def move_leaf(bundle: Path) -> None:
    file = bundle / verify.INCLUSION
    file.write_text(file.read_text().replace('"leaf":1', '"leaf":0'))


def change_root(bundle: Path) -> None:
    file = bundle / verify.CHECKPOINT
    lines = file.read_text().splitlines(keepends=True)
    lines[2] = ("A" if lines[2][0] != "A" else "B") + lines[2][1:]
    file.write_text("".join(lines))


FORGERIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "dropped": (edit_lines(lambda lines: lines[:2] + lines[3:]), "does not follow"),
    "dropped last": (edit_lines(lambda lines: lines[:-1]), "chain: should end with"),
    "swapped": (
        edit_lines(lambda lines: [lines[1], lines[0], *lines[2:]]),
        "says it is entry 2",
    ),
    "rewritten": (
        edit_lines(lambda lines: [lines[0], lines[1].replace(b"s", b"z"), *lines[2:]]),
        "does not follow",
    ),
    "doubled": (edit_lines(lambda lines: [*lines, lines[-1]]), "says it is entry"),
    "torn": (edit_lines(lambda lines: [*lines[:-1], lines[-1][:-1]]), "should end"),
    "not json": (edit_lines(lambda lines: [*lines[:-1], b"x\n"]), "does not follow"),
    "other decision": (
        edit_case(lambda case: case["verdicts"][0].update(decision="REJECT")),
        "says otherwise: decision",
    ),
    "other person": (
        edit_case(lambda case: case["verdicts"][0].update(person_name="Bob")),
        "says otherwise: name",
    ),
    "other rationale": (
        edit_case(lambda case: case["verdicts"][0].update(rationale="ok")),
        "says otherwise: rationale",
    ),
    "other place": (
        edit_case(lambda case: case["verdicts"][0].update(on_behalf_of=7)),
        "says otherwise: whose place",
    ),
    "signed": (
        edit_case(lambda case: case["verdicts"][0].update(signature={"name": "Bob"})),
        "says otherwise: signature",
    ),
    "no proof": (
        edit_case(lambda case: case["tasks"][0].pop("proof")),
        "it is not the one that the decision's entry names",
    ),
    "other outcome": (
        edit_case(lambda case: case["tasks"][0].update(outcome="REJECTED")),
        "the outcome is not the task's",
    ),
    "other entry": (
        edit_case(lambda case: case["tasks"][0].update(audit_seq=99)),
        "names entry 99",
    ),
    "odd case": (edit_case(lambda case: case.update(steps=[3])), "not as it should be"),
    "content": (replace_content, "is not what its name says"),
    "definition": (change_definition, "do not give its digest"),
    "proof": (
        move_leaf,
        "does not lead to the root",
    ),
    "checkpoint": (
        change_root,
        "checkpoint: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_with_fitting_manifests_is_found(name: str, unpacked: Path) -> None:
    forge, words = FORGERIES[name]
    forge(unpacked)
    seal_again(unpacked)
    faults = faults_of(unpacked)
    assert any(words in fault for fault in faults), faults
    assert not any(fault.startswith("file ") for fault in faults)


def test_missing_and_added_files_are_found(unpacked: Path) -> None:
    (unpacked / verify.CASE).unlink()
    (unpacked / "data/extra.txt").write_text("hello")
    faults = faults_of(unpacked)
    assert f"file {verify.CASE}: is missing" in faults
    assert "file data/extra.txt: is in no manifest" in faults


def test_verifier_says_where(unpacked: Path) -> None:
    edit_lines(lambda lines: lines[:2] + lines[3:])(unpacked)
    code, out = run_verifier("--quiet", script=unpacked / "verify.py")
    assert code == 1
    assert "WRONG  file data/events.jsonl: is not what the manifest says" in out
    assert "WRONG  entry 3 " in out
    code, out = run_verifier("--json", script=unpacked / "verify.py")
    assert code == 1
    assert json.loads(out)["ok"] is False


def test_what_is_no_bundle_is_code_2(unpacked: Path, tmp_path: Path) -> None:
    script = unpacked / "verify.py"
    empty = tmp_path / "empty"
    empty.mkdir()
    text = tmp_path / "text"
    text.write_text("hello")
    odd = tmp_path / "odd.zip"
    with zipfile.ZipFile(odd, "w") as archive:
        archive.writestr("a/../../etc/passwd", "x")
    for path in (empty, text, odd, tmp_path / "nowhere"):
        code, out = run_verifier(path, script=script)
        assert code == 2, out
        assert len(out.splitlines()) == 1


def test_damaged_zip_is_found(made: tuple[UUID, Path, str], tmp_path: Path) -> None:
    data = bytearray(made[1].read_bytes())
    with zipfile.ZipFile(made[1]) as archive:
        info = next(one for one in archive.infolist() if one.filename.endswith("jsonl"))
    data[info.header_offset + 30 + len(info.filename) + 40] ^= 1
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(data)
    assert f"file {verify.EVENTS}: is not what the manifest says" in faults_of(damaged)


def test_export_is_on_record(db: None, tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    instance_id = walk_case()
    call_command("export_evidence", str(instance_id), "--to", str(tmp_path / "a.zip"))
    entry = json.loads(AuditEntry.objects.get(kind="evidence.exported").entry)
    assert entry["detail"]["instance"] == str(instance_id)
    assert entry["actor"] == "system:command-line"
    call_command(
        "export_evidence", str(instance_id), "--to", str(tmp_path), "--reason", "court"
    )
    bundle = tmp_path / f"evidence-{instance_id}"
    code, out = run_verifier(script=bundle / "verify.py")
    assert code == 0, out
    assert "checkpoint: none yet" in out
    related = (bundle / verify.RELATED).read_text().splitlines()
    assert [json.loads(line)["kind"] for line in related] == [
        "definition.deployed",
        "evidence.exported",
    ]
    with pytest.raises(CommandError, match="exists"):
        call_command("export_evidence", str(instance_id), "--to", str(tmp_path))
    shutil.rmtree(bundle)


@pytest.mark.parametrize(
    ("to", "words"),
    [("new.zip", "There is no instance"), ("missing/new.zip", "is no folder")],
)
def test_command_refuses_what_it_cannot_do(
    to: str, words: str, db: None, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("export_evidence", str(uuid4()), "--to", str(tmp_path / to))


def test_unknown_instance_is_refused_and_not_recorded(db: None) -> None:
    with pytest.raises(NotFound):
        export_instance(instance_id=uuid4(), actor=TESTER)
    assert not AuditEntry.objects.filter(kind="evidence.exported").exists()


def test_export_is_read_as_a_stream(made: tuple[UUID, Path, str]) -> None:
    assert zipfile.ZipFile(io.BytesIO(made[1].read_bytes())).testzip() is None
