"""Large variables: stored once, apart, read when asked for, erased when unused."""

import json
from uuid import UUID

import pytest
from django.db import connection

from tests.factories.processes import (
    TESTER,
    chain,
    deploy,
    process,
    service_line,
)
from workflows import store
from workflows.core.canonical import digest
from workflows.core.payloads import UnknownPayload
from workflows.models import AuditEntry, Instance, Payload, PayloadUse
from workflows.operations import instances, plans
from workflows.operations import payloads as operations
from workflows.operations.instances import Start
from workflows.store import payloads

BIG = "x" * 40_000
LINE = process(
    '<startEvent id="s"/>'
    + service_line(["a"], handler="test.noop")
    + '<endEvent id="e"/>'
    + chain("s", "a", "e")
)
READING = process(
    '<startEvent id="s"/><scriptTask id="a">'
    "<script>string length(doc)</script></scriptTask>"
    '<endEvent id="e"/>' + chain("s", "a", "e")
)

pytestmark = pytest.mark.django_db


def _start(body: str, **variables: object) -> UUID:
    definition_id = deploy(body)
    wish = Start(variables=variables, initiator=TESTER)
    (found,) = instances.start_and_advance(definition_id=definition_id, starts=[wish])
    return found


def _stored(instance_id: UUID) -> dict[str, object]:
    found: dict[str, object] = Instance.objects.get(pk=instance_id).variables
    return found


def test_large_variable_is_stored_apart_once() -> None:
    first, second = _start(LINE, doc=BIG, amount=1), _start(LINE, doc=BIG, amount=2)
    reference = {"$payload": digest(BIG), "size": 40_002}
    assert _stored(first) == {"doc": reference, "amount": 1}
    assert _stored(second) == {"doc": reference, "amount": 2}
    row = Payload.objects.get()
    assert (row.digest, json.loads(row.content), row.size) == (digest(BIG), BIG, 40_002)
    users = PayloadUse.objects.values_list("instance_id", flat=True)
    assert set(users) == {first, second}


def test_small_variables_leave_no_payload() -> None:
    instance_id = _start(LINE, doc="short")
    assert _stored(instance_id) == {"doc": "short"}
    assert not Payload.objects.exists()


def test_entries_name_the_stored_form() -> None:
    instance_id = _start(LINE, doc=BIG)
    ended = AuditEntry.objects.get(chain=instance_id, kind="instance.completed")
    said = json.loads(ended.entry)["detail"]["variables"]
    assert said == digest({"doc": {"$payload": digest(BIG), "size": 40_002}})


def test_expression_reads_the_content() -> None:
    assert _stored(_start(READING, doc=BIG))["a"] == 40_000


def test_loaded_instance_reads_the_content_when_asked() -> None:
    instance_id = _start(LINE, doc=BIG)
    payloads.read.cache_clear()
    (run,) = store.load_runs([instance_id], plan_for=plans.plan_for)
    assert payloads.read.cache_info().misses == 0
    assert run.instance.variables["doc"] == BIG
    assert payloads.read.cache_info().misses == 1


def test_value_that_looks_like_a_reference_stays_what_it_is() -> None:
    fake = {"$payload": digest(BIG), "size": 9}
    instance_id = _start(LINE, doc=fake)
    (run,) = store.load_runs([instance_id], plan_for=plans.plan_for)
    assert run.instance.variables["doc"] == fake
    assert not PayloadUse.objects.exists()


def test_payload_of_another_instance_is_not_given() -> None:
    mine, other = _start(LINE, doc=BIG), _start(LINE, doc="short")
    assert json.loads(payloads.read_used(mine, digest(BIG))) == BIG
    with pytest.raises(UnknownPayload):
        payloads.read_used(other, digest(BIG))


def test_unused_payload_is_erased_after_its_grace() -> None:
    instance_id = _start(LINE, doc=BIG)
    _start(LINE, doc=BIG + "y")
    PayloadUse.objects.filter(instance_id=instance_id).delete()
    assert operations.erase_unused() == 0
    _age(hours=operations.GRACE_HOURS + 1)
    assert operations.erase_unused() == 1
    assert Payload.objects.get().digest == digest(BIG + "y")
    # The one in use is left alone until another day has passed.
    assert operations.erase_unused() == 0


def test_content_that_comes_again_is_kept_another_day() -> None:
    PayloadUse.objects.filter(instance_id=_start(LINE, doc=BIG)).delete()
    _age(hours=operations.GRACE_HOURS + 1)
    _start(LINE, doc=BIG)
    PayloadUse.objects.all().delete()
    assert operations.erase_unused() == 0


def _age(*, hours: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_payload"
            " SET checked_at = checked_at - %s * interval '1 hour'",
            [hours],
        )
