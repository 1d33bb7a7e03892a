"""What a forger does to a bundle, with manifests that fit, and what is found of it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from review.evidence import files
from tests.faults import flips
from tests.integration.evidence.world import (
    Made,
    faults_of,
    lines_of,
    run_verifier,
    write_fitting_manifests,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def edit_lines(
    name: str, change: Callable[[list[bytes]], list[bytes]]
) -> Callable[[Path], None]:
    def edit(bundle: Path) -> None:
        file = bundle / name
        lines = change(file.read_bytes().splitlines(keepends=True))
        file.write_bytes(b"".join(lines))

    return edit


def edit_case(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(bundle: Path) -> None:
        file = bundle / files.CASES
        first, *rest = file.read_text().splitlines(keepends=True)
        case = json.loads(first)
        change(case)
        file.write_text(json.dumps(case) + "\n" + "".join(rest))

    return edit


def replace(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def edit(bundle: Path) -> None:
        data = (bundle / name).read_bytes()
        assert old in data
        (bundle / name).write_bytes(data.replace(old, new, 1))

    return edit


def edit_events(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    return edit_lines(files.EVENTS, change)


def move_leaf(bundle: Path) -> None:
    path = bundle / files.LEAVES
    lines = path.read_text().splitlines()
    chain, seq, place, digest = lines[1].split()
    lines[1] = f"{chain} {seq} {int(place) + 1} {digest}"
    path.write_text("\n".join(lines) + "\n")


def change_root(bundle: Path) -> None:
    file = bundle / files.CHECKPOINT
    lines = file.read_text().splitlines(keepends=True)
    lines[2] = ("A" if lines[2][0] != "A" else "B") + lines[2][1:]
    file.write_text("".join(lines))


def drop_case(bundle: Path) -> None:
    """Take a case out of everything, as if it had never been asked for."""
    case = lines_of(bundle, files.CASES)[1]
    name = case["instance"]["id"].encode()
    for file in (files.CASES, files.CASES_CSV, files.RECONCILE, files.EVENTS,
                 files.EVENTS_CSV, files.LEAVES):  # fmt: skip
        edit_lines(file, lambda lines: [one for one in lines if name not in one])(
            bundle
        )
    gone = {row["sha256"].encode() for row in case["contents"]}
    edit_lines(
        files.CONTENTS,
        lambda lines: [
            one
            for one in lines
            if hashlib.sha256(one.rstrip(b"\n")).hexdigest().encode() not in gone
        ],
    )(bundle)


def forge_signature(bundle: Path) -> None:
    """Sign what was changed with a key of one's own, under the log's key id."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    from review.evidence import envelope  # noqa: PLC0415

    replace(files.RECONCILE, b"exported", b"Exported")(bundle)
    write_fitting_manifests(bundle)
    digests = {
        path.relative_to(bundle).as_posix(): files.sha256(path.read_bytes())
        for path in bundle.rglob("*")
        if path.is_file() and path.name not in {files.TAG_MANIFEST, files.STATEMENT}
    }
    told = json.loads((bundle / files.SELECTION).read_text())
    signed = envelope.write_envelope(
        envelope.write_statement(digests, told),
        key_id=(bundle / files.VKEY).read_text().split("+")[1],
        sign=Ed25519PrivateKey.generate().sign,
    )
    (bundle / files.STATEMENT).write_bytes(signed)


FORGERIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "dropped": (edit_events(lambda rows: rows[:2] + rows[3:]), "does not follow"),
    "dropped last of a case": (
        edit_events(lambda rows: rows[:10] + rows[11:]),
        "should end with entry 11",
    ),
    "dropped last of all": (edit_events(lambda rows: rows[:-1]), "should end with"),
    "swapped": (
        edit_events(lambda rows: [rows[1], rows[0], *rows[2:]]),
        "says it is entry 2",
    ),
    "rewritten": (
        edit_events(lambda rows: [rows[0], rows[1].replace(b"s", b"z"), *rows[2:]]),
        "does not follow",
    ),
    "last rewritten": (
        edit_events(lambda rows: [*rows[:-1], rows[-1].replace(b"engine", b"angina")]),
        "is not what stands in leaf",
    ),
    "doubled": (edit_events(lambda rows: [*rows, rows[-1]]), "says it is entry"),
    "torn": (edit_events(lambda rows: [*rows[:-1], rows[-1][:-2]]), "should end"),
    "not json": (edit_events(lambda rows: [*rows[:-1], b"x\n"]), "is of no case"),
    "dropped case": (drop_case, "2 are here, 3 were exported"),
    "case without entries": (
        edit_events(lambda rows: rows[:11] + rows[22:]),
        "should end with entry 11",
    ),
    "entries without a case": (
        edit_lines(files.CASES, lambda rows: [rows[0], rows[2]]),
        "is of no case told at this place",
    ),
    "swapped cases": (
        edit_lines(files.CASES, lambda rows: [rows[1], rows[0], rows[2]]),
        "names another here",
    ),
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
    "odd case": (edit_case(lambda case: case.update(steps=[3])), "not told as it"),
    "content": (
        replace(files.CONTENTS, b'"amount":20', b'"amount":19'),
        "is another here",
    ),
    "definition": (
        replace("data/definitions/test-process-1.0.0/main.bpmn", b"double", b"dabble"),
        "no files in here give its digest",
    ),
    "table": (
        replace(files.CASES_CSV, b"COMPLETED", b"CANCELED "),
        "does not show what the lines say",
    ),
    "reconciliation": (
        replace(files.RECONCILE, b'"11"', b'"12"'),
        "names another here",
    ),
    "leaf": (move_leaf, "tree: "),
    "node": (
        edit_lines(files.NODES, lambda rows: [rows[0], b"0" * 64 + b"\n", *rows[2:]]),
        "do not lead to the root",
    ),
    "checkpoint": (change_root, "checkpoint: the signature is not good"),
    "page": (
        replace("data/html/00001-0001.html", b"APPROVED", b"REJECTED"),
        "statement on data/html/00001-0001.html: is not what was signed",
    ),
    "counts": (
        replace(files.SELECTION, b'"cases":3', b'"cases":4'),
        "statement on the selection",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_with_fitting_manifests_is_found(name: str, unpacked: Path) -> None:
    forge, words = FORGERIES[name]
    forge(unpacked)
    write_fitting_manifests(unpacked)
    faults = faults_of(unpacked)
    assert any(words in fault for fault in faults), faults
    assert not any(fault.startswith("file ") for fault in faults)


def test_signature_of_another_is_found_whatever_its_key_id(
    unpacked: Path, made: Made
) -> None:
    forge_signature(unpacked)
    write_fitting_manifests(unpacked)
    words = "statement: no signature in it is good by the log's key"
    assert words in faults_of(unpacked)
    assert words in faults_of(unpacked, key=made.key)


def test_signature_and_checkpoint_taken_away_are_missed(
    unpacked: Path, made: Made
) -> None:
    for name in (files.STATEMENT, files.CHECKPOINT):
        (unpacked / name).unlink()
    write_fitting_manifests(unpacked)
    assert any(
        one.startswith("signature: none") for one in faults_of(unpacked, key=made.key)
    )


def test_missing_added_and_swapped_files_are_found(unpacked: Path) -> None:
    (unpacked / files.CASES).unlink()
    (unpacked / "data/extra.txt").write_text("hello")
    pair = unpacked / files.CASES_CSV, unpacked / files.RECONCILE
    one, two = (path.read_bytes() for path in pair)
    pair[0].write_bytes(two)
    pair[1].write_bytes(one)
    faults = faults_of(unpacked)
    assert f"file {files.CASES}: is missing" in faults
    assert "file data/extra.txt: is in no manifest" in faults
    for path in pair:
        name = path.relative_to(unpacked).as_posix()
        assert f"file {name}: is not what the manifest says" in faults


def test_verifier_says_where(unpacked: Path) -> None:
    edit_events(lambda lines: lines[:2] + lines[3:])(unpacked)
    code, out = run_verifier("--quiet", script=unpacked / "verify.py")
    assert code == 1
    assert "WRONG  file data/events.jsonl: is not what the manifest says" in out
    assert "WRONG  entry 3 of " in out
    code, out = run_verifier("--json", script=unpacked / "verify.py")
    assert code == 1
    told = json.loads(out)
    assert told["ok"] is False
    assert sum(not one["ok"] for one in told["findings"]) > 1
    assert len(told["findings"]) > 90


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


def test_damaged_zip_is_found(made: Made, tmp_path: Path) -> None:
    data = bytearray(made.file.read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        info = next(one for one in archive.infolist() if one.filename.endswith("jsonl"))
    data[info.header_offset + 30 + len(info.filename) + 60] ^= 1
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(data)
    faults = faults_of(damaged)
    assert "archive: a byte of the ZIP is not as it was written" in faults
    assert f"file {files.EVENTS}: is not what the manifest says" in faults


def test_every_changed_byte_is_found(made: Made, unpacked: Path) -> None:
    """A share of the promise; the whole of it: `make chaos CHAOS_ONLY=bundle-flips`."""
    tried, missed = flips.flip_folder(unpacked, share=0)
    assert (tried > 1_400, missed) == (True, [])
    tried, missed = flips.flip_archive(made.file, share=0.02)
    assert (tried > 500, missed) == (True, [])
    assert flips.ask_whole(made.file, unpacked / "verify.py", count=3) == []
