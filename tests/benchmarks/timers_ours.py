"""Start instances that wait, make their timers due, fire them. Prints one JSON line."""

import json
import sys
import time

import django
from django.core.management import call_command

django.setup()

from django.db import connection  # noqa: E402

from tests.factories.processes import TESTER, chain, deploy, process  # noqa: E402
from workflows.models import AuditEntry, Instance, Timer  # noqa: E402
from workflows.operations import instances, timers  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.workers import tune_process  # noqa: E402

BATCH = 500
WAITING = process(
    '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition>'
    "<timeDuration>PT10H</timeDuration></timerEventDefinition>"
    '</intermediateCatchEvent><endEvent id="e"/>' + chain("s", "t", "e")
)
# Spread over the second that begins now.
_DUE = """
    UPDATE workflows_timer
    SET due_at = clock_timestamp() + (id %% 1000) * interval '1 millisecond'
    WHERE state = 'ARMED'
"""


def main() -> None:
    """Measure, and check that each fired once and let its instance end."""
    count = int(sys.argv[1])
    call_command("migrate", verbosity=0)
    definition_id = deploy(WAITING)
    wish = Start(variables={}, initiator=TESTER)
    for _ in range(count // BATCH):
        instances.start_and_advance(definition_id=definition_id, starts=[wish] * BATCH)
    tune_process()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        began = time.perf_counter()
        cursor.execute(_DUE, [])
    fired = 0
    while fired < count:
        fired += timers.fire_due()
    seconds = time.perf_counter() - began
    _check(count, fired=fired)
    print(json.dumps({"seconds": seconds}))


def _check(count: int, *, fired: int) -> None:
    found = (
        fired,
        Timer.objects.filter(state="FIRED").count(),
        Instance.objects.filter(state="COMPLETED").count(),
        AuditEntry.objects.filter(
            kind="step.completed", entry__contains='"node":"t"'
        ).count(),
    )
    if found != (count,) * 4:
        raise SystemExit(f"Of {count} timers, instances and entries: {found}.")


if __name__ == "__main__":
    main()
