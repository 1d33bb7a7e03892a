"""Promise 19: every byte of a bundle, changed alone, is found by the verifier.

Hashing a whole bundle for each of a million flips would take days, so the verifier's own
functions are asked about the one file that changed: its hash, the comparison of hashes
with manifests, and the seal of the ZIP. A run of `make chaos`; the suite does a share.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from review.evidence import files
from tests.faults.fleet import a_fleet
from tests.faults.scale import SCALE

SEED: Final = 19
LEAST_BYTES: Final = 1 << 20
ASKED_WHOLE: Final = 40
"""Flips that the whole verifier is asked about as well, as a stranger runs it."""


def choose(size: int, *, share: float, pick: random.Random) -> Sequence[int]:
    """Return the places of a file to change: all of them, or a share, at least forty."""
    count = max(40, round(size * share))
    return range(size) if count >= size else sorted(pick.sample(range(size), count))


def flip_folder(folder: Path, *, share: float) -> tuple[int, list[str]]:
    """Change bytes of every file one by one; return how many, and those not found."""
    pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way again)
    digests: dict[str, str] = {}
    bundle = files.Bundle(folder)
    assert all(one.ok for one in files.check_files(bundle, digests))
    manifests = {
        name: files.read_manifest(bundle.read(name)) or {}
        for name in (files.TAG_MANIFEST, files.MANIFEST)
    }
    tried, missed = 0, []
    for name in sorted(bundle.files):
        data = bytearray(bundle.read(name))
        for place in choose(len(data), share=share, pick=pick):
            before = data[place]
            data[place] ^= pick.randrange(1, 256)
            tried += 1
            if not _is_found(name, bytes(data), digests, manifests):
                missed.append(f"{name} at {place}")
            data[place] = before
    return tried, missed


def _is_found(
    name: str,
    data: bytes,
    digests: dict[str, str],
    manifests: dict[str, dict[str, str]],
) -> bool:
    listed = dict(manifests)
    if name in listed:
        changed = files.read_manifest(data)
        if changed is None:
            return True
        listed[name] = changed
    expected = {**listed[files.TAG_MANIFEST], **listed[files.MANIFEST]}
    held = {**digests, name: hashlib.sha256(data).hexdigest()}
    return any(not one.ok for one in files.compare_files(held, expected))


def flip_archive(path: Path, *, share: float) -> tuple[int, list[str]]:
    """Change bytes of a ZIP one by one; return how many, and those not found."""
    pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way again)
    data = bytearray(path.read_bytes())
    assert files.is_sealed([bytes(data)])
    tried, missed = 0, []
    for place in choose(len(data), share=share, pick=pick):
        before = data[place]
        data[place] ^= pick.randrange(1, 256)
        tried += 1
        if files.is_sealed([bytes(data)]):
            missed.append(f"{path.name} at {place}")
        data[place] = before
    return tried, missed


def ask_whole(path: Path, script: Path, *, count: int) -> list[str]:
    """Let a stranger's Python judge a ZIP with one byte changed; return what it missed."""
    pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way again)
    data = path.read_bytes()
    missed = []
    changed = path.with_name("changed.zip")
    for place in pick.sample(range(len(data)), count):
        flipped = bytes([data[place] ^ pick.randrange(1, 256)])
        changed.write_bytes(data[:place] + flipped + data[place + 1 :])
        words = [sys.executable, "-I", str(script), str(changed), "--quiet"]
        done = subprocess.run(words, check=False, capture_output=True)
        if done.returncode not in {1, 2}:
            missed.append(f"{path.name} at {place}, judged whole")
    return missed


def run() -> tuple[dict[str, Any], bool]:
    """19: each byte of a bundle of 1 MiB and of its ZIP is changed, alone, and found."""
    with a_fleet() as fleet, tempfile.TemporaryDirectory() as folder:
        fleet.run("manage.py", "generate_load", "--tasks", "75")
        fleet.run("manage.py", "seal", "--once")
        target = Path(folder) / "bundle.zip"
        ((key,),) = fleet.query("SELECT key FROM workflows_definition LIMIT 1")
        where = f"definition={key}"
        words = ("export_evidence", "--where", where, "--to", str(target))
        fleet.run("manage.py", *words)
        with zipfile.ZipFile(target) as archive:
            archive.extractall(folder)
        (root,) = Path(folder).glob("evidence-*")
        size = sum(one.stat().st_size for one in root.rglob("*") if one.is_file())
        began = time.monotonic()
        in_folder, missed = flip_folder(root, share=SCALE)
        in_archive, more = flip_archive(target, share=SCALE)
        missed += more + ask_whole(target, root / "verify.py", count=ASKED_WHOLE)
    told = {
        "bytes": size,
        "bytes_zipped": in_archive if SCALE >= 1 else None,
        "flips_in_files": in_folder,
        "flips_in_zip": in_archive,
        "judged_whole": ASKED_WHOLE,
        "missed": missed[:10],
        "seconds": round(time.monotonic() - began, 1),
    }
    return told, not missed and size >= LEAST_BYTES


if __name__ == "__main__":
    print(json.dumps(run()[0]))  # noqa: T201
