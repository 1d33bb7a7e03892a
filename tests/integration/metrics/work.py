"""Work of every kind at one desk, by the operations that people use."""

from decimal import Decimal
from typing import Any

from review.core.states import Decision, Role
from review.models import Task, Verdict
from review.operations.queues import QueueRules
from review.operations.tasks import claims, handing, parking, tasks
from review.operations.verdicts import reopening
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    Desk,
    judge,
    lapse,
    make_person,
    open_task,
    set_rules,
    start_cases,
)
from tests.integration.review.test_settling import let_time_pass
from workflows.operations import instances

SLOW = QueueRules(undo_seconds=8, wip_limit=None, claim_ahead=0)
AT_ONCE = QueueRules(undo_seconds=0, wip_limit=None, claim_ahead=0)


def do_all_kinds(desk: Desk) -> None:
    """Approve, reject, edit, ask, park, hand over, reassign, lapse, hold, withdraw."""
    suggests: dict[str, Any] = {"proposal": {"action": "approve"}}
    judge(open_task(desk), desk.alice)
    judge(open_task(desk, **suggests), desk.bob, Decision.REJECT)
    task = open_task(desk, **suggests)
    judge(task, desk.alice, Decision.EDIT_AND_APPROVE, edits={"/amount": Decimal(400)})
    _ask(desk)
    _pass_on(desk)
    _lapse(desk)
    _settle(desk)
    claims.claim(task_id=open_task(desk).id, person=desk.carol)
    (withdrawn,) = start_cases(desk)
    instances.cancel(instance_id=withdrawn, actor=TESTER, reason="Not needed.")
    _reopen(desk)
    # Two persons, and the grid alone.
    dual = open_task(desk, amount=20_000)
    judge(dual, desk.alice)
    judge(dual, desk.bob, Decision.REJECT)
    start_cases(desk, confidence=Decimal("0.99"))


def _ask(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    parking.ask_information(
        task_id=task.id,
        person=desk.alice,
        token=lease.token,
        question="Which year?",
        asked_of="the applicant",
    )
    parking.answer(task_id=task.id, answer="The last one.", by=TESTER)
    judge(task, desk.alice)
    waiting = open_task(desk)
    lease = claims.claim(task_id=waiting.id, person=desk.bob)
    parking.hold_for_help(
        task_id=waiting.id, person=desk.bob, token=lease.token, reason="Is it so?"
    )


def _pass_on(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    handing.hand_over(
        task_id=task.id,
        person=desk.alice,
        token=lease.token,
        to_person_id=desk.bob.id,
        reason="You know it.",
    )
    manager = make_person("Mona", Role.MANAGER)
    given = tasks.reassign(
        task_id=task.id, manager=manager, to_person=desk.carol, reason="He is away."
    )
    judge(task, desk.carol, lease=given)


def _lapse(desk: Desk) -> None:
    task = open_task(desk)
    claims.claim(task_id=task.id, person=desk.alice)
    lapse(task)
    judge(task, desk.dave)
    given_up = open_task(desk)
    lease = claims.claim(task_id=given_up.id, person=desk.alice)
    claims.release(task_id=given_up.id, person=desk.alice, token=lease.token)


def _settle(desk: Desk) -> None:
    set_rules(desk, SLOW)
    released, held = open_task(desk), open_task(desk)
    judge(released, desk.alice)
    let_time_pass(released)
    judge(held, desk.alice)
    set_rules(desk, AT_ONCE)


def _reopen(desk: Desk) -> None:
    owner = make_person("Olga", Role.PROCESS_OWNER)
    task = open_task(desk)
    judge(task, desk.alice)
    task.refresh_from_db()
    assert Verdict.objects.filter(task=task).exists()
    if task.state == "DECIDED" and Task.objects.filter(
        instance_id=task.instance_id
    ).exclude(id=task.id):
        reopening.reopen(task_id=task.id, person=owner, reason="A paper came.")
