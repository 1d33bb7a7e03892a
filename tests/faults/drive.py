"""Deploy and start instances, in a process of its own: `drive.py COUNT`."""

from __future__ import annotations

import sys

import django

django.setup()

from django.db import connection  # noqa: E402

from tests.factories.processes import TESTER, chain, deploy, process  # noqa: E402
from workflows.operations import instances  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402

WORK = process(
    '<startEvent id="s"/>'
    '<serviceTask id="call" cs:handler="fault.outside"/>'
    '<serviceTask id="book" cs:handler="fault.book"/>'
    '<intermediateCatchEvent id="pause"><timerEventDefinition>'
    "<timeDuration>PT1S</timeDuration></timerEventDefinition>"
    "</intermediateCatchEvent>"
    '<serviceTask id="book_again" cs:handler="fault.book"/>'
    '<endEvent id="e"/>' + chain("s", "call", "book", "pause", "book_again", "e")
)


def main(count: int) -> None:
    """Start this many instances, a few in each transaction."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE faults_effect (step_id bigint NOT NULL)")
    definition_id = deploy(WORK)
    for first in range(0, count, 10):
        keys = [f"case-{number}" for number in range(first, min(first + 10, count))]
        starts = [Start(variables={}, initiator=TESTER, business_key=k) for k in keys]
        instances.start_many(definition_id=definition_id, starts=starts)


if __name__ == "__main__":
    main(int(sys.argv[1]))
