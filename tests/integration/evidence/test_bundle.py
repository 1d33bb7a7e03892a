"""Cases are walked through people, exported, verified by a stranger and tampered with."""

from __future__ import annotations

import ast
import csv
import functools
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from review.evidence import assembling, files, tables, verify
from review.evidence.chains import read_entry
from tests.integration.evidence.logs import read_ocel, read_xes
from tests.integration.evidence.world import (
    Made,
    lines_of,
    run_verifier,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

FOREIGN = "countersign.local/x+c52b0ab1+AQsIWUYJJmBAuDPbL8UfNEDvGSJ5oQqjrZ4lFzdn8h8H"


def rows_of(bundle: Path, name: str) -> list[dict[str, str]]:
    with (bundle / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- whole and unharmed ---------------------------------------------------------------


def test_stranger_verifies_the_bundle(unpacked: Path) -> None:
    code, out = run_verifier(script=unpacked / "verify.py")
    assert code == 0, out
    assert out.splitlines()[-1].startswith("VERIFIED: ")
    assert "file data/events.jsonl: intact" in out
    assert "compare it with one you hold" in out
    kinds = Counter(line.split()[1] for line in out.splitlines()[:-1])
    assert kinds["entry"] == 33
    assert kinds["verdict"] == 3
    assert kinds["content"] >= 15
    assert not list(unpacked.rglob("__pycache__"))


def test_stranger_verifies_the_zip_with_his_key(made: Made, unpacked: Path) -> None:
    script = unpacked / "verify.py"
    code, out = run_verifier(made.file, "--key", made.key, script=script)
    assert code == 0, out
    assert "signature good, key as given" in out
    assert "archive: every byte" in out
    code, out = run_verifier("--key", FOREIGN, script=script)
    assert code == 1
    assert "WRONG  key" in out or "WRONG  checkpoint" in out


def test_every_sealed_entry_is_proven(unpacked: Path) -> None:
    found = {one.subject: one.words for one in verify.verify(files.Bundle(unpacked))}
    assert found["tree"] == "34 entries lead to the root that was signed"
    # The export's own entry came after the checkpoint.
    assert found["sealed"].startswith("34 of 35 entries proven")


def test_entries_are_linked_from_the_first_on(unpacked: Path, made: Made) -> None:
    heads: dict[str, tuple[int, str]] = {}
    for line in (unpacked / files.EVENTS).read_bytes().splitlines():
        fields = json.loads(line)
        seq, previous = heads.get(fields["chain"], (0, "0" * 64))
        assert (fields["seq"], fields["prev"]) == (seq + 1, previous)
        heads[fields["chain"]] = (seq + 1, hashlib.sha256(line).hexdigest())
    assert list(heads) == [str(case) for case in made.cases]


def read_commands(readme: str) -> list[str]:
    """Return the commands that the README gives for doing it by hand."""
    by_hand = readme[readme.index("2. By hand") :]
    return [line[5:] for line in by_hand.splitlines() if line.startswith("     ")]


def test_person_with_openssl_follows_the_readme_as_written(
    unpacked: Path, tmp_path: Path
) -> None:
    """Each command of the README, in its order; only its scratch folder is ours."""
    readme = (unpacked / "README.txt").read_text(encoding="utf-8")
    commands = read_commands(readme)
    assert len(commands) == 12
    assert "There is none in here." in readme  # of time stamps
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    script = "\n".join(commands).replace("/tmp/", f"{shlex.quote(str(scratch))}/")  # noqa: S108
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert said.count("Signature Verified Successfully") == 2
    hashed, linked = said[-3].split()[0], said[-2]
    assert linked == f'"prev":"{hashed}"'
    assert said[-1] == "1"
    changed = unpacked / files.EVENTS
    changed.write_bytes(changed.read_bytes().replace(b'"seq":3', b'"seq":4', 1))
    done = subprocess.run(
        ["bash", "-c", commands[0]],
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "data/events.jsonl: FAILED" in done.stdout
    code, out = run_verifier("--quiet", script=unpacked / "verify.py")
    assert code == 1
    assert re.search(r"WRONG  entry 3 of \S+ \S+: says it is entry 4", out)


def _answers(python: str) -> bool:
    done = subprocess.run([python, "-V"], check=False, capture_output=True)
    return done.returncode == 0


@functools.cache
def find_oldest() -> str:
    """Return the path of a Python 3.9 or 3.10, "" where there is none."""
    for name in ("python3.9", "python3.10"):
        found = shutil.which(name)
        if found and _answers(found):
            return found
    return ""


def test_older_python_verifies_it_too(unpacked: Path) -> None:
    python = find_oldest()
    if not python:
        pytest.skip("There is no Python 3.9 or 3.10 on this machine.")
    words = [python, "-I", str(unpacked / "verify.py"), "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_verifier_is_written_for_python_3_9() -> None:
    for path in assembling.list_shipped():
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        imported = {
            (node.module or "").partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        } | {
            one.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for one in node.names
        }
        ours = {"review", "workflows"}
        assert imported - ours <= sys.stdlib_module_names, path.name


# --- what is in it -----------------------------------------------------------------


def test_case_tells_what_was_shown_and_decided(unpacked: Path) -> None:
    case = lines_of(unpacked, files.CASES)[0]
    contents = {
        hashlib.sha256(line).hexdigest(): json.loads(line)
        for line in (unpacked / files.CONTENTS).read_bytes().splitlines()
    }
    (verdict,) = case["verdicts"]
    assert verdict["person_name"] == "Ada Löwe"
    assert contents[verdict["shown"]]["payload"]["amount"] == 20
    assert contents[verdict["edits"]][-1]["value"] == 21
    assert contents[case["instance"]["variables"]]["doubled"] == 42
    assert contents[verdict["seen"]]["sources_opened"] == ["letter"]
    (task,) = case["tasks"]
    proof = contents[task["proof"]]
    (vote,) = proof["votes"]
    assert case["persons"] == [{"id": vote["person"], "name": "Ada Löwe"}]


def test_tables_show_the_same_and_run_nothing(unpacked: Path, made: Made) -> None:
    cases = rows_of(unpacked, files.CASES_CSV)
    assert [row["case"] for row in cases] == [str(case) for case in made.cases]
    assert {row["business_key"][:4] for row in cases} == {"'=L-"}
    assert {row["schema"] for row in cases} == {"cases/1"}
    events = rows_of(unpacked, files.EVENTS_CSV)
    assert len(events) == 33
    asked = rows_of(unpacked, files.RECONCILE)
    assert {row["outcome"] for row in asked} == {"exported"}
    assert sum(int(row["entries"]) for row in asked) == 33
    for row in (*cases, *events, *asked):
        assert not [v for v in row.values() if v.startswith(("=", "+", "-", "@"))]
    with zipfile.ZipFile(unpacked / files.CASES_XLSX) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert sheet.count("<row ") == 4
    source, slip, *_ = rows_of(unpacked, files.SOURCES)
    assert (slip["opened_by"], slip["file"]) == ("", files.CONTENTS)
    assert (source["opened_by"], source["document"]) == ("Ada Löwe", "letter")
    assert (unpacked / source["file"]).read_text() == "Dear"


def test_pages_and_paper_are_for_reading(unpacked: Path) -> None:
    pages = [path.read_text() for path in (unpacked / "data").rglob("*.html")]
    assert len(pages) == 2
    for page in pages:
        assert not re.search(r"<script|javascript:|\son\w+=|src=|https?://", page)
        assert "=L-1" in page
    assert (unpacked / files.SUMMARY).read_bytes().startswith(b"%PDF-")


def test_event_logs_are_sound_and_whole(unpacked: Path, made: Made) -> None:
    log = read_ocel(unpacked / files.OCEL)
    assert len(log["events"]) == 33
    types = Counter(one["type"] for one in log["objects"])
    assert types["case"] == types["task"] == 3
    assert types["person"] == types["queue"] == types["definition"] == 1
    traces = read_xes(unpacked / files.XES)
    assert [told["cs:case"] for told, _ in traces] == [str(c) for c in made.cases]
    for _, events in traces:
        assert [one["cs:node"] for one in events] == ["s", "decide", "double", "e"]
        assert events[1]["org:resource"] == "Ada Löwe"
        assert events[1]["cs:outcome"] == "APPROVED"


def test_text_that_looks_like_a_formula_gets_a_quote() -> None:
    line = (
        b'{"actor":"person:1","actor_name":"=1+1","at":"x","chain":"c",'
        b'"detail":{"a":"\\"detail\\":","kind":"no"},"kind":"a.b","prev":"0","seq":1}'
    )
    row = tables.write_row(tables.event_values(read_entry(line)))
    assert '"\'=1+1"' in row
    assert '{""a"":""\\""detail\\"":"",""kind"":""no""}' in row


def test_bag_is_declared(unpacked: Path, made: Made) -> None:
    assert (unpacked / "bagit.txt").read_text().startswith("BagIt-Version: 1.0\n")
    info = (unpacked / "bag-info.txt").read_text()
    payload = [path for path in (unpacked / "data").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in payload)
    assert f"Payload-Oxum: {size}.{len(payload)}\n" in info
    assert f"External-Identifier: {made.bundle_id}\n" in info
