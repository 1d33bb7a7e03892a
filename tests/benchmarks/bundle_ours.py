"""Fill a log, or build a bundle of some of its cases. Prints JSON."""

import json
import resource
import sys
import time

import django
from django.core.management import call_command

django.setup()

from django.db import connection, transaction  # noqa: E402

from review.core.evidence.selections import Selection  # noqa: E402
from review.load.filling import fill  # noqa: E402
from review.models import EvidenceBundle  # noqa: E402
from review.operations.evidence import building, bundles  # noqa: E402
from tests.factories.processes import TESTER  # noqa: E402
from workflows import audit  # noqa: E402
from workflows.core.chain import Draft  # noqa: E402
from workflows.models import AuditEntry, Instance  # noqa: E402
from workflows.operations.checkpoints import Floor, seal  # noqa: E402
from workflows.operations.log_key import KeyFolder  # noqa: E402
from workflows.store import database_now  # noqa: E402

OF_A_CASE = 11
GROUP = 500


def fill_log(entries: int) -> dict[str, float]:
    """Open cases, write further entries until each has eleven, seal all."""
    call_command("migrate", verbosity=0)
    fill(tasks=entries // OF_A_CASE, processes=2)
    cases = list(Instance.objects.values_list("id", "audit_seq").order_by("id"))
    for at in range(0, len(cases), GROUP):
        with transaction.atomic():
            for case, seq in cases[at : at + GROUP]:
                drafts = [
                    Draft("note.added", TESTER, {"note": number, "shared": True})
                    for number in range(OF_A_CASE - seq)
                ]
                audit.record(instance_id=case, drafts=drafts, now=database_now())
    folder, floor = KeyFolder.of_settings(), Floor()
    while seal(folder=folder, now=database_now(), floor=floor).more:
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"cases": len(cases), "entries": AuditEntry.objects.count()}


def build(cases: int) -> dict[str, float]:
    """Build a bundle of so many cases; return seconds and the process's peak."""
    ids = Instance.objects.order_by("id").values_list("id", flat=True)[:cases]
    selection = Selection(kind="sample", title="Measured", cases=tuple(ids))
    bundle_id = bundles.order_bundle(selection=selection, doer=TESTER, here=True)
    began, cpu = time.perf_counter(), time.process_time()
    if not building.build_now(bundle_id):
        raise SystemExit(EvidenceBundle.objects.get(pk=bundle_id).error)
    seconds = time.perf_counter() - began
    row = EvidenceBundle.objects.get(pk=bundle_id)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "bundle": bundle_id,
        "entries": row.entries,
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "peak_mb": peak,
    }


if __name__ == "__main__":
    do = {"fill": fill_log, "build": build}[sys.argv[1]]
    print(json.dumps(do(int(sys.argv[2]))))
