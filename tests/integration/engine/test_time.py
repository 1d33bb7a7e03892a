"""Timers, retries, incidents and leases, on the real database."""

from uuid import UUID

import pytest
from django.db import connection

from tests.factories.processes import TESTER, chain, deploy, flow, process
from tests.integration.engine.conftest import Waiting
from tests.integration.engine.test_paths import (
    answer,
    drain,
    ended,
    run,
    state,
    variables,
    waiting,
)
from workflows.core.engine import stimuli
from workflows.models import AuditEntry, Incident, Instance, Step, Timer
from workflows.operations import advance, external, incidents, instances, timers
from workflows.operations.errors import Conflict, Invalid
from workflows.operations.instances import Start
from workflows.sweeper import sweep

pytestmark = pytest.mark.django_db


def make_due(table: str, column: str) -> None:
    """Let a stored moment have come; triggers do not watch it."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = clock_timestamp()")  # noqa: S608


def timer_boundary(*, interrupting: bool) -> str:
    word = "true" if interrupting else "false"
    return process(
        '<startEvent id="s"/><userTask id="u"/>'
        f'<boundaryEvent id="b" attachedToRef="u" cancelActivity="{word}">'
        "<timerEventDefinition><timeDuration>PT1H</timeDuration>"
        '</timerEventDefinition></boundaryEvent><userTask id="late"/>'
        '<endEvent id="e"/><endEvent id="f"/>'
        + chain("s", "u", "e")
        + chain("b", "late", "f")
    )


def test_timer_is_not_fired_early(people: Waiting) -> None:
    instance_id = run(timer_boundary(interrupting=True))
    assert timers.fire_due() == 0
    assert Timer.objects.get(instance_id=instance_id).state == "ARMED"


def test_interrupting_timer_replaces_the_task(people: Waiting) -> None:
    instance_id = run(timer_boundary(interrupting=True))
    step_id = waiting(instance_id, "u")
    make_due("workflows_timer", "due_at")
    assert timers.fire_due() == 1
    assert people.canceled == [step_id]
    assert waiting(instance_id, "late")
    assert timers.fire_due() == 0


def test_non_interrupting_timer_adds_a_path(people: Waiting) -> None:
    instance_id = run(timer_boundary(interrupting=False))
    make_due("workflows_timer", "due_at")
    timers.fire_due()
    answer(instance_id, "u")
    assert state(instance_id) == "ACTIVE"
    answer(instance_id, "late")
    assert state(instance_id) == "COMPLETED"


def test_timer_of_a_finished_task_is_canceled(people: Waiting) -> None:
    instance_id = run(timer_boundary(interrupting=True))
    answer(instance_id, "u")
    assert Timer.objects.get(instance_id=instance_id).state == "CANCELED"


def test_intermediate_timer_waits_for_its_moment() -> None:
    instance_id = run(
        process(
            '<startEvent id="s"/><intermediateCatchEvent id="w">'
            "<timerEventDefinition><timeDuration>PT5M</timeDuration>"
            '</timerEventDefinition></intermediateCatchEvent><endEvent id="e"/>'
            + chain("s", "w", "e")
        )
    )
    assert state(instance_id) == "ACTIVE"
    make_due("workflows_timer", "due_at")
    sweep()
    assert state(instance_id) == "COMPLETED"
    assert AuditEntry.objects.filter(chain=instance_id, kind="timer.fired").exists()


def one(handler: str) -> str:
    return process(
        f'<startEvent id="s"/><serviceTask id="a" cs:handler="{handler}"/>'
        '<endEvent id="e"/>' + chain("s", "a", "e")
    )


def test_failing_handler_is_tried_again_after_a_delay() -> None:
    instance_id = run(one("test.flaky"))
    for _ in range(2):
        make_due("workflows_step", "run_at")
        drain()
    assert state(instance_id) == "COMPLETED"
    failed = AuditEntry.objects.filter(chain=instance_id, kind="step.failed")
    assert failed.count() == 2


def broken() -> tuple[UUID, int]:
    instance_id = run(one("test.broken"), amount=-1)
    return instance_id, Incident.objects.get(instance_id=instance_id).id


def test_permanent_failure_is_an_incident_at_once() -> None:
    instance_id, incident_id = broken()
    incident = Incident.objects.get(pk=incident_id)
    assert "negative amount" in incident.message
    assert incident.step is not None
    assert incident.step.state == "INCIDENT"
    assert state(instance_id) == "ACTIVE"


def test_retry_of_what_is_still_broken_opens_a_new_incident() -> None:
    instance_id, incident_id = broken()
    incidents.retry(incident_id=incident_id, actor=TESTER, reason="bank is back")
    states = Incident.objects.filter(instance_id=instance_id).order_by("id")
    assert [incident.state for incident in states] == ["RESOLVED", "OPEN"]


def test_edited_input_lets_the_step_go_on() -> None:
    instance_id, incident_id = broken()
    incidents.edit_input(
        incident_id=incident_id, variables={"amount": 5}, actor=TESTER, reason="typo"
    )
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id)["amount"] == 5
    assert Incident.objects.get(pk=incident_id).resolution == "INPUT_EDITED"


def test_incident_resolved_by_hand_gives_the_output() -> None:
    instance_id, incident_id = broken()
    incidents.resolve_by_hand(
        incident_id=incident_id, output={"ref": "B-7"}, actor=TESTER, reason="by phone"
    )
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id)["ref"] == "B-7"


def test_incident_act_needs_a_reason_and_happens_once() -> None:
    _, incident_id = broken()
    with pytest.raises(Invalid):
        incidents.retry(incident_id=incident_id, actor=TESTER, reason=" ")
    incidents.resolve_by_hand(
        incident_id=incident_id, output={}, actor=TESTER, reason="done"
    )
    with pytest.raises(Conflict):
        incidents.retry(incident_id=incident_id, actor=TESTER, reason="again")


def test_external_step_runs_outside_and_finishes() -> None:
    instance_id = run(one("test.outside"), amount=4)
    assert state(instance_id) == "ACTIVE"
    (work,) = external.claim(worker="w1", limit=5)
    step = Step.objects.get(pk=work.step_id)
    assert (step.state, step.attempt, step.lease_token) == ("RUNNING", 1, 1)
    external.finish(external.run_all([work], threads=1), worker="w1")
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id)["doubled"] == 8


def test_external_step_is_claimed_by_one_worker_only() -> None:
    run(one("test.outside"), amount=4)
    assert len(external.claim(worker="w1", limit=5)) == 1
    assert external.claim(worker="w2", limit=5) == []


def test_result_of_a_lost_lease_is_discarded_and_audited() -> None:
    instance_id = run(one("test.outside"), amount=4)
    (slow,) = external.claim(worker="slow", limit=5)
    make_due("workflows_step", "lease_until")
    (quick,) = external.claim(worker="quick", limit=5)
    assert (slow.context.idempotency_key, quick.token) == (
        quick.context.idempotency_key,
        2,
    )
    done = stimuli.Done(step_id=slow.step_id, output={"doubled": -1})
    external.finish([external.Answer(work=slow, stimulus=done)], worker="slow")
    assert state(instance_id) == "ACTIVE"
    external.finish(external.run_all([quick], threads=1), worker="quick")
    assert variables(instance_id)["doubled"] == 8
    kinds = AuditEntry.objects.filter(chain=instance_id).values_list("kind", flat=True)
    assert "step.result_discarded" in kinds


def test_step_that_keeps_losing_its_worker_becomes_an_incident() -> None:
    instance_id = run(one("test.outside"), amount=4)
    for _ in range(external.MAX_CLAIMS):
        assert len(external.claim(worker="dying", limit=5)) == 1
        make_due("workflows_step", "lease_until")
    assert external.claim(worker="next", limit=5) == []
    assert Incident.objects.get(instance_id=instance_id).code == "WORKER_LOST"


def test_suspended_instance_hears_nothing_until_resumed(people: Waiting) -> None:
    body = '<startEvent id="s"/><endEvent id="e"/>' + flow("s", "e")
    definition_id = deploy(process(body))
    wish = Start(variables={}, initiator=TESTER)
    (instance_id,) = instances.start_many(definition_id=definition_id, starts=[wish])
    instances.suspend(instance_id=instance_id, actor=TESTER, reason="audit")
    drain()
    assert ended(instance_id) == []
    instances.resume(instance_id=instance_id, actor=TESTER, reason="done")
    drain()
    assert Instance.objects.get(pk=instance_id).state == "COMPLETED"


def test_timers_of_suspended_instances_do_not_stand_before_others(
    people: Waiting,
) -> None:
    held = run(timer_boundary(interrupting=True))
    free = run(timer_boundary(interrupting=True))
    instances.suspend(instance_id=held, actor=TESTER, reason="ask the customer")
    make_due("workflows_timer", "due_at")
    assert timers.fire_due(limit=1) == 1
    assert waiting(free, "late")
    instances.resume(instance_id=held, actor=TESTER, reason="answered")
    assert timers.fire_due(limit=1) == 1
    assert waiting(held, "late")


def test_timer_start_begins_instances_again_and_again() -> None:
    definition_id = deploy(
        process(
            '<startEvent id="s"><timerEventDefinition><timeCycle>R2/PT1H</timeCycle>'
            '</timerEventDefinition></startEvent><endEvent id="e"/>' + flow("s", "e")
        )
    )
    for _ in range(4):
        make_due("workflows_timer", "due_at")
        timers.fire_due()
        drain()
    assert Instance.objects.filter(definition_id=definition_id).count() == 2


@pytest.mark.django_db(transaction=True)
def test_instance_the_engine_fails_on_ends_as_an_incident_and_not_its_neighbours(
    people: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "open_many", people.open_none)
    body = '<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>'
    bad = run(process(body + chain("s", "u", "e")))
    for _ in range(advance.ATTEMPTS):
        make_due("workflows_stimulus", "run_at")
        advance.advance_batch(worker="test")
    assert Incident.objects.get(instance_id=bad).code == "ENGINE_FAULT"
    wish = Start(variables={}, initiator=TESTER)
    neighbours = deploy(one("test.noop"), key="neighbour")
    (good,) = instances.start_many(definition_id=neighbours, starts=[wish])
    drain()
    assert state(good) == "COMPLETED"
    monkeypatch.undo()
    incident_id = Incident.objects.get(instance_id=bad).id
    incidents.retry(incident_id=incident_id, actor=TESTER, reason="mended")
    drain()
    assert waiting(bad, "u")
