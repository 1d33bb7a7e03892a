"""Promise 16: whatever a superuser does to a log older than its anchor is found.

`tampering COUNT` makes a log, anchors it, and then, again and again from the same
state, changes it behind all triggers. The verifier is given nothing but the database
as it then is, the anchor's files and the public key: no key folder, no memory. Each
change is undone by ROLLBACK, so that every one is alone.

The forger is thorough: besides plain changes he mends hashes, whole chains, leaves,
stored subtrees and checkpoints after him, and signs anew with the stolen key.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from tests.faults.forger import Forger  # noqa: E402
from tests.integration.audit.rows import NOW, an_instance, draft  # noqa: E402
from workflows.audit import record  # noqa: E402
from workflows.connectors.anchors import Errand, leave  # noqa: E402
from workflows.core.anchors import read_targets  # noqa: E402
from workflows.models import AuditEntry, Checkpoint, Leaf  # noqa: E402
from workflows.operations.checkpoints import seal  # noqa: E402
from workflows.operations.log_key import KeyFolder, open_checkpoint  # noqa: E402
from workflows.operations.verification import Report, verify_log  # noqa: E402

Told = dict[str, Any]
SEED: Final = 20260105
CHAINS: Final = 12
TABLES: Final = (
    "workflows_auditentry",
    "workflows_auditchain",
    "workflows_instance",
    "workflows_leaf",
    "workflows_subtree",
    "workflows_checkpoint",
)


def make_log(folder: KeyFolder, anchors: Path) -> int:
    """Seal and anchor a log in four parts, then write on; return the anchored size."""
    chains = []
    for part in range(4):
        chains += [an_instance(entries=8) for _ in range(CHAINS // 4)]
        for chain in chains:
            record(instance_id=chain, drafts=[draft(n=part), draft(n=-part)], now=NOW)
        if part == 2:  # so that there is a stored subtree
            record(instance_id=chains[0], drafts=[draft()] * 150, now=NOW)
        seal(folder=folder, now=NOW)
        _anchor(folder, anchors)
    anchored = Leaf.objects.count()
    # What came after the anchor is nobody's to prove.
    record(instance_id=chains[0], drafts=[draft(n=1)] * 5, now=NOW)
    seal(folder=folder, now=NOW)
    return anchored


def _anchor(folder: KeyFolder, anchors: Path) -> None:
    newest = Checkpoint.objects.order_by("-size")[0]
    (key,) = folder.read_verifier_keys()
    errand = Errand(
        checkpoint=open_checkpoint(newest.note, key=key),
        note=newest.note,
        key=key,
        old_size=0,
        prove=lambda _: (),
    )
    leave(read_targets([f"file:{anchors}"])[0], errand)


def tamper(count: int) -> Told:
    """Change the log so many times, each alone; count what the verifier found."""
    pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way)
    done: Counter[str] = Counter()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as root:
        folder, anchors = KeyFolder(Path(root) / "keys"), Path(root) / "worm"
        anchors.mkdir()
        with transaction.atomic():
            anchored = make_log(folder, anchors)
            verify = _verifier(folder, anchors, Path(root))
            clean = verify()
            forger = Forger(pick, anchored=anchored, key=folder.read_key())
            _disable_triggers()
            for number in range(count):
                name, report = _once(forger, verify, number)
                done[name] += 1
                if report.ok:
                    missed.append(f"{name} ({forger.told})")
            last = verify()
            transaction.set_rollback(True)
    return {
        "entries": clean.entries,
        "anchored": anchored,
        "anchors": clean.anchors,
        "mutations": count,
        "found": count - len(missed),
        "missed": missed[:20],
        "kinds": dict(sorted(done.items())),
        "clean_verifies": clean.ok and last.ok,
        "kept": not missed and clean.ok and last.ok,
    }


def _verifier(folder: KeyFolder, anchors: Path, root: Path) -> Callable[[], Report]:
    """Return a verifier that has the anchor's files and the public key, and no more."""
    keys = folder.read_verifier_keys()
    notes = [file.read_text(encoding="utf-8") for file in sorted(anchors.iterdir())]
    nothing = KeyFolder(root / "nothing")

    def verify() -> Report:
        return verify_log(folder=nothing, keys=keys, anchors=notes)

    return verify


def _once(
    forger: Forger, verify: Callable[[], Report], number: int
) -> tuple[str, Report]:
    """Change the log, verify it, and take the change back."""
    kinds = forger.kinds()
    name, act = kinds[number % len(kinds)]
    with transaction.atomic():
        act()
        report = verify()
        transaction.set_rollback(True)
    return name, report


def _disable_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def main() -> None:
    """Print what came of it; in a database of its own that has been migrated."""
    if AuditEntry.objects.exists():
        raise SystemExit("This run wants a database without entries.")
    print(json.dumps(tamper(int(sys.argv[1]))))  # noqa: T201  its output is its purpose


if __name__ == "__main__":
    main()
