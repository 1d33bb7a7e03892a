"""Cases with a person's step at the end, in processes of their own.

`begin COUNT` deploys and starts them; `judge COUNT` waits at the desk to which they
escalate until so many were decided.
"""

from __future__ import annotations

import dataclasses
import sys
import time

import django

django.setup()

from django.db import connection  # noqa: E402

from review.core.states import Decision, Role  # noqa: E402
from review.models import Person, Task  # noqa: E402
from review.operations import queues  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from review.operations.verdicts import verdicts  # noqa: E402
from tests.factories.processes import TESTER, chain, deploy, process  # noqa: E402
from tests.factories.tasks import AT_ONCE, make_person  # noqa: E402
from workflows.operations import instances  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402

WORK = process(
    '<startEvent id="s"/>'
    '<serviceTask id="call" cs:handler="fault.outside"/>'
    '<serviceTask id="book" cs:handler="fault.book"/>'
    '<intermediateCatchEvent id="pause"><timerEventDefinition>'
    "<timeDuration>PT0.5S</timeDuration></timerEventDefinition>"
    "</intermediateCatchEvent>"
    '<userTask id="judge" cs:queue="desk" cs:sla="PT1S" cs:escalate_to="late"/>'
    '<serviceTask id="book_again" cs:handler="fault.book"/>'
    '<endEvent id="e"/>'
    + chain("s", "call", "book", "pause", "judge", "book_again", "e")
)


def begin(count: int) -> None:
    """Make the desks and their reviewer, deploy, and start the cases."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE faults_effect (step_id bigint NOT NULL)")
    queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    held = dataclasses.replace(AT_ONCE, undo_seconds=1)
    late = queues.define_queue(key="late", name="Late", actor=TESTER, rules=held)
    make_person("Alice", Role.REVIEWER, queue=late)
    definition_id = deploy(WORK)
    starts = [
        Start(variables={}, initiator=TESTER, business_key=f"case-{number}")
        for number in range(count)
    ]
    instances.start_many(definition_id=definition_id, starts=starts)


def judge(count: int) -> None:
    """Approve whatever escalates until `count` tasks are decided."""
    alice = Person.objects.get(name="Alice")
    while Task.objects.filter(state="DECIDED").count() < count:
        # Also what she held when she was killed: her lease goes on.
        held = Task.objects.filter(claimed_by=alice, state="CLAIMED").first()
        lease = (
            claims.claim(task_id=held.id, person=alice)
            if held
            else claims.claim_next(queue_keys=["late"], person=alice)
        )
        if lease is None:
            time.sleep(0.1)
            continue
        shown = Task.objects.values_list("payload_digest", flat=True)
        verdicts.submit(
            task_id=lease.task_id,
            person=alice,
            token=lease.token,
            payload_digest=shown.get(id=lease.task_id),
            decision=Decision.APPROVE,
        )


if __name__ == "__main__":
    {"begin": begin, "judge": judge}[sys.argv[1]](int(sys.argv[2]))
