"""What witnesses and time stamps say of the log, judged out of a bundle by a stranger."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from pytest_django import Settings

from review.evidence import files
from tests.integration.audit.test_stamps import TSA_SETTINGS, openssl
from tests.integration.evidence import world
from tests.integration.evidence.world import faults_of, path_of, run_verifier
from workflows.core import timestamps
from workflows.core.notes import COSIGNATURE, cosign
from workflows.models import Anchoring, Checkpoint
from workflows.operations.log_key import LogKey
from workflows.store import database_now

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.skipif(
        not shutil.which("openssl"), reason="openssl is not installed: no authority"
    ),
]
SEEN = 1_767_604_800  # 2026-01-05 09:20:00 UTC


class Anchored(NamedTuple):
    """A bundle in a folder, the witness's key, and where the authority's lies."""

    bundle: Path
    witness: str
    authority: Path


@pytest.fixture
def anchored(settings: Settings, tmp_path: Path) -> Anchored:
    """Export a case of a log that a witness cosigned and an authority stamped."""
    settings.DATA_DIR = tmp_path / "data"
    cases = world.walk_cases(1)
    world.seal_log()
    checkpoint = Checkpoint.objects.get()
    witness = LogKey.make("witness.example.com/1", algorithm=COSIGNATURE)
    line = cosign(
        checkpoint.note.partition("\n\n")[0] + "\n",
        key=witness.verifier,
        timestamp=SEEN,
        sign=witness.private_key.sign,
    )
    folder = tmp_path / "authority"
    folder.mkdir()
    now = database_now()
    for target, kind, receipt in (
        ("witness:witness.example.com/1", "witness", line.encode()),
        ("tsa:stamps.example.com/tsr", "tsa", stamp(checkpoint.note, folder)),
    ):
        Anchoring.objects.create(
            target=target, kind=kind, size=checkpoint.size, state="DONE", attempts=1,
            next_try_at=now, asked_at=now, done_at=now, receipt=receipt,
        )  # fmt: skip
    row = world.export(cases)
    with zipfile.ZipFile(path_of(row)) as archive:
        archive.extractall(tmp_path)
    bundle = tmp_path / f"evidence-{row.pk}"
    return Anchored(bundle, str(witness.verifier), folder / "tsa.pem")


def stamp(note: str, folder: Path) -> bytes:
    """Let an authority of openssl's stamp a note; its certificate is `tsa.pem`."""
    (folder / "tsa.cnf").write_text(TSA_SETTINGS.format(folder=folder))
    (folder / "serial").write_text("01")
    openssl(
        folder, "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tsa.key", "-out", "tsa.pem",
        "-days", "30", "-subj", "/CN=tsa", "-addext",
        "extendedKeyUsage=critical,timeStamping",
    )  # fmt: skip
    digest = hashlib.sha256(note.encode()).digest()
    (folder / "query.tsq").write_bytes(timestamps.ask(digest=digest, nonce=7))
    openssl(
        folder, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq",
        "-out", "answer.tsr",
    )  # fmt: skip
    return (folder / "answer.tsr").read_bytes()


def test_receipts_are_judged_good_wrong_and_unknown(anchored: Anchored) -> None:
    bundle, witness, _ = anchored
    script = bundle / "verify.py"
    code, out = run_verifier("--witness-key", witness, script=script)
    assert code == 0, out
    assert (
        "cosignature of witness.example.com/1: good; it saw this log at"
        " 2026-01-05T09:20:00Z" in out
    )
    assert re.search(
        r"time stamp 01-timestamp-stamps.example.com_tsr.tsr: granted at \S+, imprint"
        r" checked; signature: use the openssl line",
        out,
    )
    code, out = run_verifier(script=script)
    assert code == 0, out
    assert "cosignature of witness.example.com/1: unknown key" in out
    other = LogKey.make("witness.example.com/1", algorithm=COSIGNATURE)
    code, out = run_verifier("--witness-key", other.verifier, script=script)
    assert code == 1
    assert "WRONG  cosignature of witness.example.com/1: there is none by" in out
    code, out = run_verifier("--witness-key", "nonsense", script=script)
    assert (code, "WRONG  witness key nonsense" in out) == (1, True)


def test_a_changed_receipt_is_found_though_all_manifests_fit(
    anchored: Anchored,
) -> None:
    bundle, witness, _ = anchored
    (cosigned,) = (bundle / files.RECEIPTS).glob("*cosignature*")
    text = cosigned.read_text()
    head, space, blob = text.rstrip("\n").rpartition(" ")
    middle = "A" if blob[40] != "A" else "B"
    cosigned.write_text(f"{head}{space}{blob[:40]}{middle}{blob[41:]}\n")
    (stamped,) = (bundle / files.RECEIPTS).glob("*.tsr")
    note = (bundle / files.ANCHORED_NOTE).read_text()
    digest = hashlib.sha256(note.encode()).digest()
    forged = hashlib.sha256(b"another history").digest()
    stamped.write_bytes(stamped.read_bytes().replace(digest, forged))
    world.write_fitting_manifests(bundle)
    found = faults_of(bundle, witnesses=[witness])
    name = stamped.name
    assert (
        "cosignature of witness.example.com/1: wrong: the signature is not good"
        in found
    )
    assert f"time stamp {name}: it is over something else" in found
    stamped.write_bytes(b"0\x03\x02\x01\x02")
    cosigned.write_text(text.replace(note.splitlines()[2], "A" * 43 + "="))
    found = faults_of(bundle, witnesses=[witness])
    assert any(one.startswith("receipts: ") for one in found)


def test_openssl_judges_a_time_stamp_by_the_readmes_line(anchored: Anchored) -> None:
    bundle, _, authority = anchored
    readme = (bundle / "README.txt").read_text(encoding="utf-8")
    found = re.search(r"^ {5}(openssl ts [^\n]*\\\n[^\n]*)$", readme, re.MULTILINE)
    assert found
    line = found[1].replace("/tmp/authority.pem", shlex.quote(str(authority)))  # noqa: S108
    words = ["bash", "-c", line]
    done = subprocess.run(
        words, cwd=bundle, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Verification: OK" in done.stdout + done.stderr
    note = bundle / files.ANCHORED_NOTE
    note.write_text(note.read_text() + " ")
    done = subprocess.run(
        words, cwd=bundle, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
