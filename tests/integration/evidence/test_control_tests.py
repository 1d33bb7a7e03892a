"""Control tests over all cases: sound ones pass, each control that failed is found."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import F
from django.urls import reverse

from review.core.states import Decision
from review.dashboards.control_tests import TESTS
from review.models import (
    ClockEvent,
    ControlException,
    InstanceClock,
    Task,
    Verdict,
)
from review.operations.evidence.control_runs import run_controls, run_tests
from tests.audit_tables import owner_without_triggers
from tests.factories.desk import PROCESS, World, build_world, payload
from tests.factories.processes import TESTER, deploy
from tests.integration.evidence.test_audit_desk import decide, notices
from workflows.models import AuditEntry
from workflows.operations import instances
from workflows.operations.errors import Forbidden
from workflows.operations.instances import Start

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Make the people, the queue and the process anew."""
    return build_world()


class TestControls:
    def test_sound_cases_have_no_exception(self, world: World) -> None:
        task = world.open_task(quorum="dual")
        decide(task, world.people["alice"], Decision.APPROVE)
        decide(task, world.people["bob"], Decision.APPROVE)
        decide(world.open_task(), world.people["bob"], Decision.REJECT, rationale="No",
               reason_code="documents-missing")  # fmt: skip
        answer = world.browser("dan").post(
            reverse("control-runs"), {"queue": "desk"}, follow=True
        )
        run = answer.context["run"]
        assert {one["code"]: one["failed"] for one in run.results} == dict.fromkeys(
            [test.code for test in TESTS], 0
        )
        looked = {one["code"]: one["looked"] for one in run.results}
        assert looked == {
            "dual_control": 1, "clock": 2, "rationale": 3, "self_approval": 3,
            "policy": 3, "chain": 2,
        }  # fmt: skip
        (entry,) = notices("audit.controls_tested")
        assert entry["detail"]["results"] == run.results

    def test_each_control_that_did_not_hold_is_found(self, world: World) -> None:
        task = world.open_task(quorum="dual")
        alice, bob = world.people["alice"], world.people["bob"]
        decide(task, alice, Decision.APPROVE)
        decide(task, bob, Decision.APPROVE)
        tables = [f"review_{name}" for name in ("verdict", "task", "clockevent")]
        seq = Verdict.objects.get(person=alice).audit_seq
        with owner_without_triggers(*tables, "workflows_auditentry"):
            Verdict.objects.filter(person=bob).update(
                round=2, policy_version="x 0.0.1", decision="REJECT"
            )
            Task.objects.update(initiator=f"person:{alice.id}")
            stop = ClockEvent.objects.get(task=task, kind="STOP")
            stop.at += dt.timedelta(days=9)
            stop.save()
            entry = AuditEntry.objects.get(chain=task.instance_id, seq=seq)
            entry.entry = entry.entry.replace("Alice", "Alina")
            entry.save()
        run = run_controls(person=world.people["dan"], title="", facets={})
        failed = {one["code"]: one["failed"] for one in run.results}
        assert failed == dict.fromkeys([test.code for test in TESTS], 1)
        rows = ControlException.objects.filter(run=run)
        whys = {row.test: row.why for row in rows}
        assert whys["dual_control"] == "1 of 2 persons judged"
        assert whys["self_approval"] == "Alice judged what he had started"
        assert whys["rationale"] == "reject without a reason"
        assert whys["chain"].startswith(f"entry {seq} does not follow")
        assert whys["clock"] == "stopped after the due moment, not marked late"
        page = world.browser("dan").get(reverse("control-run", args=[run.id]))
        html = page.content.decode()
        case = task.instance
        assert case.business_key
        url = reverse("audit-case", args=[case.id])
        # The case by its key, its id only on asking, and the way to the very entry.
        assert (
            f'<a href="{url}#event-{seq}" title="{case.id}">{case.business_key}</a>'
            in html
        )

    def test_due_moments_are_worked_out_again(self, world: World) -> None:
        tasks = [world.open_task() for _ in range(3)]
        _sound, moved, marked = tasks
        with owner_without_triggers("review_task", "review_clockevent"):
            ClockEvent.objects.filter(task=moved).update(
                due_at=F("due_at") + dt.timedelta(hours=1)
            )
            Task.objects.filter(id=moved.id).update(
                due_at=F("due_at") + dt.timedelta(hours=1)
            )
            Task.objects.filter(id=marked.id).update(
                due_at=F("due_at") + dt.timedelta(hours=1)
            )
        run = run_controls(person=world.people["dan"], title="", facets={})
        rows = ControlException.objects.filter(run=run, test="clock")
        whys = {row.task_id: row.why for row in rows}
        assert set(whys) == {moved.id, marked.id}
        assert "the start put the due moment at" in whys[moved.id]
        assert "its clock gives" in whys[marked.id]
        (looked,) = [one for one in run.results if one["code"] == "clock"]
        assert (looked["looked"], looked["failed"]) == (3, 2)

    def test_clocks_of_whole_cases_are_worked_out_again(self, world: World) -> None:
        definition_id = deploy(
            PROCESS.replace('id="main"', 'id="main" cs:sla="P1D"'), key="timed"
        )
        starts = [Start(variables=payload(), initiator=TESTER) for _ in range(5)]
        sound, held, moved, marked, late = instances.start_and_advance(
            definition_id=definition_id, starts=starts
        )
        hour, days = dt.timedelta(hours=1), dt.timedelta(days=3)
        with owner_without_triggers("review_instanceclock", "review_clockevent"):
            events = ClockEvent.objects.filter(task=None)
            events.filter(instance_id=moved).update(due_at=F("due_at") + hour)
            clocks = InstanceClock.objects.filter(pk__in=[moved, marked])
            clocks.update(due_at=F("due_at") + hour)
            began = {"at": F("at") - days, "due_at": F("due_at") - days}
            events.filter(instance_id=late).update(**began)
            InstanceClock.objects.filter(pk=late).update(
                started_at=F("started_at") - days,
                warn_at=F("warn_at") - days,
                due_at=F("due_at") - days,
            )
        # Held before any sweep saw that it was late: that it was is noticed then.
        for case in (held, late):
            instances.suspend(instance_id=case, actor=TESTER, reason="A question")
        instances.resume(instance_id=held, actor=TESTER, reason="Answered")
        found = InstanceClock.objects.get(pk=late)
        assert found.breached_at == found.due_at
        clock_test = next(test for test in TESTS if test.code == "clock")
        cases = [sound, held, moved, marked, late]
        (((result),),) = run_tests([cases], tests=[clock_test])
        whys = {one.instance_id: one.why for one in result.exceptions}
        assert set(whys) == {moved, marked}
        assert "the start put the due moment at" in whys[moved]
        assert "its clock gives" in whys[marked]
        assert {one.task_id for one in result.exceptions} == {None}
        assert result.looked == 10  # each with the clock of its task

    def test_a_cut_tail_and_a_removed_entry_are_gaps(self, world: World) -> None:
        chain_test = next(test for test in TESTS if test.code == "chain")
        whole, cut, holed = world.start(3)
        with owner_without_triggers("workflows_auditentry"):
            last = AuditEntry.objects.filter(chain=cut).order_by("-seq")[0]
            AuditEntry.objects.filter(id=last.id).delete()
            AuditEntry.objects.filter(chain=holed, seq=2).delete()
        (((result),),) = run_tests([[whole, cut, holed]], tests=[chain_test])
        whys = {row.instance_id: row.why for row in result.exceptions}
        assert set(whys) == {cut, holed}
        assert "the chain has" in whys[cut]
        assert "entry 3 does not follow" in whys[holed]

    def test_nobody_but_an_auditor_runs_them(self, world: World) -> None:
        world.start()
        with pytest.raises(Forbidden):
            run_controls(person=world.people["carol"], title="", facets={})
