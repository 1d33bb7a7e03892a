"""The audit log's cost and speed on a real database. Prints one JSON line.

What "without log" takes away: audit_off.py.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from review.core.evidence.selections import Selection  # noqa: E402
from review.evidence import files, verify  # noqa: E402
from review.operations.evidence import building, bundles  # noqa: E402
from tests.benchmarks import work  # noqa: E402
from tests.benchmarks.audit_off import (  # noqa: E402
    without_entries,
    without_triggers,
)
from tests.factories.processes import TESTER  # noqa: E402
from workflows import audit  # noqa: E402
from workflows.core.chain import Draft  # noqa: E402
from workflows.models import AuditEntry, Instance  # noqa: E402
from workflows.operations.checkpoints import Floor, seal  # noqa: E402
from workflows.operations.log_key import KeyFolder  # noqa: E402
from workflows.operations.verification import verify_log  # noqa: E402
from workflows.store import database_now  # noqa: E402

COUNT, BATCH, TURNS = 1_000, 50, 5
STEPS = 8
LARGE_CASE = 20_000


def main() -> None:
    """Measure in turns, so that both kinds share the machine's moods."""
    definition_id = work.prepare()
    work.do(definition_id=definition_id, count=BATCH, batch=BATCH)
    with_log, without_log = [], []
    for _ in range(TURNS):
        with_log.append(_rate(definition_id))
        with _no_log():
            without_log.append(_rate(definition_id))
    # What ran without a log cannot verify: away with it.
    with without_triggers():
        _forget_what_has_no_log()
    settings.DATA_DIR = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    found = {
        "with log": statistics.median(with_log),
        "without log": statistics.median(without_log),
        "entries sealed": _seal_rate(),
        "entries verified in the database": _verify_rate(),
        **_bundle_rates(),
    }
    print(json.dumps(found))


def _rate(definition_id: int) -> float:
    seconds = work.do(definition_id=definition_id, count=COUNT, batch=BATCH)
    return STEPS * COUNT / seconds


@contextmanager
def _no_log() -> Iterator[None]:
    with without_triggers(), without_entries():
        yield


def _forget_what_has_no_log() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bare AS SELECT id FROM workflows_instance i WHERE"
            " NOT EXISTS (SELECT FROM workflows_auditentry WHERE chain = i.id)"
        )
        cursor.execute(
            "DELETE FROM workflows_step WHERE instance_id IN (SELECT id FROM bare)"
        )
        cursor.execute(
            "DELETE FROM workflows_instance WHERE id IN (SELECT id FROM bare)"
        )


def _seal_rate() -> float:
    folder, floor, entries = KeyFolder.of_settings(), Floor(), 0
    began = time.perf_counter()
    while True:
        sealed = seal(folder=folder, now=database_now(), floor=floor)
        entries += sealed.entries
        if not sealed.more:
            return entries / (time.perf_counter() - began)


def _verify_rate() -> float:
    began = time.perf_counter()
    report = verify_log(folder=KeyFolder.of_settings())
    if not report.ok:
        raise SystemExit(f"The log does not verify: {report.faults[0].message}")
    return report.entries / (time.perf_counter() - began)


def _bundle_rates() -> dict[str, float]:
    """Export one case of very many entries, and verify it as a stranger would."""
    last = Instance.objects.order_by("-started_at")[0].id
    drafts = [
        Draft("note.added", TESTER, {"n": number}) for number in range(LARGE_CASE)
    ]
    with transaction.atomic():
        audit.record(instance_id=last, drafts=drafts, now=database_now())
    _seal_rate()
    began = time.perf_counter()
    bundle_id = bundles.order_bundle(
        selection=Selection(kind="case", title="Large", cases=(last,)), doer=TESTER
    )
    if not building.build_now(bundle_id):
        raise SystemExit("The bundle was not built.")
    built = time.perf_counter() - began
    (file,) = bundles.folder_of(bundle_id).glob("*.zip")
    entries = AuditEntry.objects.filter(chain=last).count()
    began = time.perf_counter()
    faults = [one for one in verify.verify(files.Bundle(file)) if not one.ok]
    if faults:
        raise SystemExit(f"The bundle does not verify: {faults[0]}")
    verified = time.perf_counter() - began
    return {
        "entries put into a bundle": entries / built,
        "entries of a bundle verified": entries / verified,
    }


if __name__ == "__main__":
    main()
