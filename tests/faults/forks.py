"""Promise 17: no log signs two histories, whatever was restored and who else seals.

`write SECONDS` writes entries, `consistent` compares every pair of checkpoints of the
database it is run on; `restored` and `many_sealers` are the runs of chaos.py.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from itertools import combinations
from typing import Any, Final

from config.local.processes import stop
from tests.faults.fleet import ROOT, Fleet, a_fleet
from tests.faults.nursery import Forked
from tests.faults.scale import SCALE

Told = dict[str, Any]
SEALERS: Final = 8
WRITERS: Final = 3


def restored() -> tuple[Told, bool]:
    """Restore an old copy of the database's files; nothing of it may be signed."""
    with a_fleet() as fleet:
        anchors = fleet.folder / "worm"
        anchors.mkdir()
        fleet.more_environment["COUNTERSIGN_ANCHORS"] = f"file:{anchors}"
        fleet.more_environment["COUNTERSIGN_ANCHOR_SECONDS"] = "5"
        _write_and_seal(fleet)
        _swap_files(fleet, take=True)
        kept = fleet.count("SELECT max(size) FROM workflows_checkpoint")
        time.sleep(5.0)  # so that the next checkpoint is left at the anchor too
        _write_and_seal(fleet)
        signed = fleet.count("SELECT max(size) FROM workflows_checkpoint")
        _swap_files(fleet, take=False)
        refused = _manage(fleet, "seal", "--once")
        # Whoever writes on after the restore changes nothing about it.
        fleet.run("-m", "tests.faults.forks", "write", "1")
        again = _manage(fleet, "seal", "--once")
        newest = fleet.count("SELECT max(size) FROM workflows_checkpoint")
        opened = _manage(fleet, "seal", "--new-key", "Restored after a lost disk.")
        sealed = _manage(fleet, "seal", "--once")
        plain = _manage(fleet, "verify_audit", "--json")
        against = _manage(fleet, "verify_audit", "--json", "--anchor", str(anchors))
        return _judge({
            "signed_before_restore": signed,
            "kept_by_backup": kept,
            "refused": [refused.returncode, again.returncode],
            "said": refused.stderr.strip()[-300:],
            "signed_meanwhile": newest - kept,
            "epoch_opened": opened.returncode,
            "sealed_after": sealed.returncode,
            "report": json.loads(plain.stdout.splitlines()[-1]),
            "report_with_anchors": json.loads(against.stdout.splitlines()[-1]),
        })


def _judge(told: Told) -> tuple[Told, bool]:
    report, with_anchors = told.pop("report"), told.pop("report_with_anchors")
    (epoch,) = report["epochs"]
    told |= {
        "verifies_with_epoch": report["ok"],
        "lost": epoch["lost"],
        "reason": epoch["reason"],
        "auditors_with_old_anchors_are_told": with_anchors["fault_count"],
    }
    kept = (
        all(code != 0 for code in told["refused"])
        and "--new-key" in told["said"]
        and told["signed_meanwhile"] == 0
        and told["epoch_opened"] == told["sealed_after"] == 0
        and report["ok"]
        and epoch["signed"] == told["signed_before_restore"]
        and epoch["kept"] == told["kept_by_backup"]
        and epoch["origin"] != epoch["old_origin"]
        and not with_anchors["ok"]
    )
    return told, kept


def _write_and_seal(fleet: Fleet) -> None:
    fleet.run("-m", "tests.faults.forks", "write", "2")
    fleet.run("manage.py", "seal", "--once")


def _swap_files(fleet: Fleet, *, take: bool) -> None:
    """Stop the server, copy its files away (or put the copy in their place), go on."""
    stop(fleet.children.pop("postgres"), signal.SIGINT, seconds=20)
    data, copy = fleet.postgres.data, fleet.folder / "backup"
    source, target = (data, copy) if take else (copy, data)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    if not take:
        target.chmod(0o700)
        fleet.postgres.privileges.give(target)
    fleet.start_database()


def _manage(fleet: Fleet, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        env=fleet.environment,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def many_sealers() -> tuple[Told, bool]:
    """Let eight sealers work beside writers; look at all that they signed."""
    seconds = max(60 * SCALE, 5)
    with a_fleet() as fleet:
        seal = ("manage.py", "seal", "--interval", "0.05")
        fleet.crew = {f"sealer-{number}": seal for number in range(1, SEALERS + 1)}
        fleet.run("-m", "tests.faults.forks", "write", "0")
        fleet.tend()
        writers = [
            fleet.program(
                f"writer-{number}", "-m", "tests.faults.forks", "write", str(seconds)
            ).start()
            for number in range(WRITERS)
        ]
        died = 0
        while any(writer.poll() is None for writer in writers):
            died += sum(child.poll() is not None for child in _sealers(fleet))
            time.sleep(0.5)
        time.sleep(3.0)
        died += sum(child.poll() is not None for child in _sealers(fleet))
        for name in fleet.crew:
            stop(fleet.children.pop(name), signal.SIGTERM, seconds=20)
        fleet.run("manage.py", "seal", "--once")
        out = fleet.run("-m", "tests.faults.forks", "consistent")
    told: Told = {"seconds": seconds, "sealers": SEALERS, "sealers_ended": died}
    told |= json.loads(out.splitlines()[-1])
    kept = (
        died == 0
        and told["gaps"] == 0
        and told["unsealed"] == 0
        and told["inconsistent_pairs"] == 0
        and told["log_verifies"]
        and told["checkpoints"] > 1
    )
    return told, kept


def _sealers(fleet: Fleet) -> list[subprocess.Popen[bytes] | Forked]:
    return [fleet.children[name] for name in fleet.crew]


# --- inside, on a database of their own -----------------------------------------------


def write(seconds: float) -> Told:
    """Add entries to cases of one's own for so long, a few in each transaction."""
    import django  # noqa: PLC0415  (the runs above need no Django)

    django.setup()
    from django.db import transaction  # noqa: PLC0415

    from tests.integration.audit.rows import an_instance, draft  # noqa: PLC0415
    from workflows.audit import record  # noqa: PLC0415
    from workflows.store import database_now  # noqa: PLC0415

    until, written = time.monotonic() + seconds, 0
    with transaction.atomic():
        cases = [an_instance(entries=3) for _ in range(5)]
    while time.monotonic() < until:
        for case in cases:
            with transaction.atomic():
                record(
                    instance_id=case,
                    drafts=[draft(n=written), draft(n=-written)],
                    now=database_now(),
                )
            written += 2
    return {"written": written}


def consistent(*, most: int = 400) -> Told:
    """Count gaps, and prove each pair of checkpoints; of very many, evenly spread ones."""
    import django  # noqa: PLC0415  (the runs above need no Django)

    django.setup()
    from workflows.core.merkle import verify_consistency  # noqa: PLC0415
    from workflows.models import AuditEntry, Checkpoint, Leaf  # noqa: PLC0415
    from workflows.operations.log_key import KeyFolder  # noqa: PLC0415
    from workflows.operations.proofs import StoredTree  # noqa: PLC0415
    from workflows.operations.verification import verify_log  # noqa: PLC0415

    rows = [
        (size, bytes(root))
        for size, root in Checkpoint.objects.order_by("size").values_list(
            "size", "root"
        )
    ]
    step = max(1, len(rows) // most)
    chosen = rows[::step]
    tree, bad, pairs = StoredTree(), 0, 0
    for (old_size, old_root), (size, root) in combinations(chosen, 2):
        pairs += 1
        bad += not verify_consistency(
            old_size=old_size,
            size=size,
            old_root=old_root,
            root=root,
            proof=tree.consistency_proof(old_size=old_size, size=size),
        )
    # All of them are roots of one tree, also those that were not among the pairs.
    report = verify_log(folder=KeyFolder.of_settings())
    entries, leaves = AuditEntry.objects.count(), Leaf.objects.count()
    indexes = Leaf.objects.order_by("-leaf_index").values_list("leaf_index", flat=True)
    return {
        "entries": entries,
        "leaves": leaves,
        "gaps": (indexes[0] + 1 if leaves else 0) - leaves,
        "unsealed": entries - leaves,
        "checkpoints": len(rows),
        "pairs": pairs,
        "inconsistent_pairs": bad,
        "log_verifies": report.ok and report.checkpoints == len(rows),
    }


def main() -> None:
    """Do what the words say, and print what came of it."""
    told = write(float(sys.argv[2])) if sys.argv[1] == "write" else consistent()
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
