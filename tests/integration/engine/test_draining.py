"""Jobs that drain: threads of one worker share the due instances."""

import pytest

from tests.factories.processes import (
    TESTER,
    chain,
    deploy,
    process,
    service_line,
)
from workflows import jobs
from workflows.models import AuditEntry, Instance, Stimulus
from workflows.operations import instances
from workflows.operations.instances import Start

COUNT = 230
LINE = process(
    '<startEvent id="s"/>'
    + service_line(["a", "b"], handler="test.noop")
    + '<endEvent id="e"/>'
    + chain("s", "a", "b", "e")
)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_threads_advance_every_instance_once() -> None:
    definition_id = deploy(LINE)
    wish = Start(variables={}, initiator=TESTER)
    instances.start_many(definition_id=definition_id, starts=[wish] * COUNT)
    assert jobs.drain_engine() == COUNT * 4
    assert Instance.objects.filter(state="COMPLETED").count() == COUNT
    assert not Stimulus.objects.exists()
    ended = AuditEntry.objects.filter(kind="instance.completed")
    assert ended.values("chain").distinct().count() == ended.count() == COUNT
