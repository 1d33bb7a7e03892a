"""Circuits of connectors: calls held back, one probe, fallbacks, the operator's word."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pydantic import BaseModel

from tests.factories.processes import TESTER, chain, deploy, flow, process
from workflows.handlers import Breaker, HandlerContext, Retry, handler
from workflows.models import AuditEntry, Circuit, Instance, Step
from workflows.operations import external, instances
from workflows.operations.instances import Start

pytestmark = pytest.mark.django_db

PATIENT = Retry(max_attempts=9, base_seconds=0.001, cap_seconds=0.001)
CALL = '<serviceTask id="call" cs:handler="bureau.ask"/>'


class Nothing(BaseModel):
    """No fields."""


class Bureau:
    """The outside system, up or down."""

    up = True


@handler(
    "bureau.ask",
    version="1.0.0",
    kind="external",
    retry=PATIENT,
    connector="bureau",
    breaker=Breaker(failures=3, window_seconds=600, open_seconds=600),
)
def ask(request: Nothing, context: HandlerContext) -> Nothing:
    """Fail while the bureau is down."""
    if not Bureau.up:
        raise ConnectionError("the bureau is down")
    return request


@pytest.fixture(autouse=True)
def bureau() -> Iterator[None]:
    Bureau.up = True
    yield
    Bureau.up = True


def start(count: int = 1, *, boundary: str = "") -> None:
    body = f'<startEvent id="s"/>{CALL}<endEvent id="e"/>' + chain("s", "call", "e")
    if boundary:
        body += (
            '<boundaryEvent id="b" attachedToRef="call"><errorEventDefinition'
            ' errorRef="err"/></boundaryEvent><endEvent id="by_hand"/>'
            + flow("b", "by_hand")
        )
    extra = f'<error id="err" errorCode="{boundary}"/>' if boundary else ""
    definition_id = deploy(process(body), key=f"p{boundary[3:]}", extra=extra)
    starts = [Start(variables={}, initiator=TESTER)] * count
    instances.start_and_advance(definition_id=definition_id, starts=starts)


def make_due() -> None:
    """Let every step that waits be due, whatever it waits for."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE workflows_step SET run_at = now() WHERE run_at > now()")


def break_bureau() -> None:
    """Let as many calls fail as open the circuit."""
    Bureau.up = False
    start(3)
    external.work_off(worker="w")
    assert Circuit.objects.get().state == "OPEN"


def let_the_pause_end() -> None:
    Circuit.objects.update(retry_at=connection_now())
    make_due()


def connection_now() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]


def kinds() -> list[str]:
    entries = AuditEntry.objects.filter(kind__startswith="circuit.").order_by("id")
    return list(entries.values_list("kind", flat=True))


def test_good_calls_write_nothing_of_the_circuit() -> None:
    start(4)
    assert external.work_off(worker="w") == 4
    assert Circuit.objects.count() == 0


def test_open_circuit_postpones_steps_without_an_attempt() -> None:
    break_bureau()
    before = set(Step.objects.values_list("id", flat=True))
    start(2)
    assert external.work_off(worker="w") == 0
    waiting = Step.objects.filter(kind="serviceTask").exclude(id__in=before)
    retry_at = Circuit.objects.get().retry_at
    assert retry_at is not None
    assert [
        (step.state, step.attempt, step.run_at is not None and step.run_at > retry_at)
        for step in waiting
    ] == [("READY", 0, True)] * 2
    assert kinds() == ["circuit.opened"]


def test_one_probe_goes_when_the_pause_ends() -> None:
    break_bureau()
    let_the_pause_end()
    works = external.claim(worker="w", limit=10)
    assert [work.probe for work in works] == [True]
    make_due()
    assert external.claim(worker="other", limit=10) == []
    assert Circuit.objects.get().state == "HALF_OPEN"


def test_good_probe_closes_and_the_rest_goes() -> None:
    break_bureau()
    let_the_pause_end()
    Bureau.up = True
    assert external.work_off(worker="w") == 1
    assert kinds() == ["circuit.opened", "circuit.closed"]
    make_due()
    external.work_off(worker="w")
    assert set(Instance.objects.values_list("state", flat=True)) == {"COMPLETED"}


def test_failed_probe_opens_anew_and_is_not_told_again() -> None:
    break_bureau()
    let_the_pause_end()
    external.work_off(worker="w")
    assert Circuit.objects.get().state == "OPEN"
    assert kinds() == ["circuit.opened"]


@pytest.mark.parametrize("code", ["cs.circuit", "cs.failure"])
def test_drawn_fallback_is_taken_at_once(code: str) -> None:
    break_bureau()
    before = set(Instance.objects.values_list("id", flat=True))
    start(2, boundary=code)
    assert external.work_off(worker="w") == 0
    fell_back = Instance.objects.exclude(id__in=before)
    assert (
        list(fell_back.values_list("state", "end_node_id"))
        == [("COMPLETED", "by_hand")] * 2
    )


def test_command_shows_circuits_and_closes_one() -> None:
    out = StringIO()
    call_command("circuits", stdout=out)
    assert out.getvalue() == "No connector has failed.\n"
    break_bureau()
    out = StringIO()
    call_command("circuits", stdout=out)
    assert out.getvalue().startswith("bureau: open, next probe ")
    with pytest.raises(CommandError, match="reason"):
        call_command("circuits", close="bureau")
    out = StringIO()
    call_command("circuits", close="bureau", reason="They say it is mended", stdout=out)
    assert out.getvalue() == "bureau: closed, 0 failures lately\n"
    assert kinds() == ["circuit.opened", "circuit.closed"]
    with pytest.raises(CommandError, match="No call"):
        call_command("circuits", close="bank", reason="unknown")
