"""Human steps become tasks: who must look, why, and what wrong inputs lead to."""

from decimal import Decimal

import pytest

from review.core.verdicts.shown import digest_shown
from review.models import Queue, Task
from review.operations.tasks import claims
from tests.factories.tasks import Desk, make_desk, open_task, start_cases
from workflows.audit import INSTALLATION
from workflows.core.canonical import digest
from workflows.models import AuditEntry, Instance
from workflows.operations.packages import PackageRefused


def test_task_snapshots_what_the_step_sees(desk: Desk) -> None:
    task = open_task(desk, amount=Decimal("12.50"))
    assert task.title == "Case Ada"
    assert task.content.payload == {
        "name": "Ada",
        "amount": Decimal("12.50"),
        "confidence": Decimal("0.5"),
    }
    assert task.payload_digest == digest({
        "payload": task.content.payload,
        "policy": "test-process 1.0.0",
        "proposal": None,
    })
    assert task.opened_at == task.recorded_at


@pytest.mark.parametrize(
    ("amount", "confidence", "control"),
    [
        (500, "0.95", "AUTO"),
        (500, "0.94", "REVIEW"),
        (10_000, "0.99", "DUAL"),
        (1_000_000, "0.99", "BLOCK"),
    ],
)
def test_grid_rules(
    grid_desk: Desk, amount: int, confidence: str, control: str
) -> None:
    task = open_task(grid_desk, amount=amount, confidence=Decimal(confidence))
    assert task.control == control
    assert task.content.why["answer"] == control.lower()
    assert task.content.why["explanation"]["tables"][0]["matched"]


@pytest.mark.parametrize(
    ("amount", "outcome", "led_to"),
    [
        (500, "APPROVED", ("granted", "task.auto_decided")),
        (2_000_000, "BLOCKED", ("refused", "task.blocked")),
    ],
)
def test_what_the_grid_decides_alone_is_kept_as_such(
    grid_desk: Desk, amount: int, outcome: str, led_to: tuple[str, str]
) -> None:
    end, kind = led_to
    task = open_task(grid_desk, amount=amount, confidence=Decimal("0.99"))
    assert (task.state, task.outcome, task.decided_by) == ("DECIDED", outcome, "AUTO")
    instance = Instance.objects.get(id=task.instance_id)
    assert (instance.state, instance.end_node_id) == ("COMPLETED", end)
    assert instance.variables["review"]["by"] == "auto"
    assert AuditEntry.objects.filter(chain=task.instance_id, kind=kind).count() == 1


@pytest.mark.parametrize(
    ("confidence", "reason"),
    [
        ("0.99", 'Confidence is the text "0.99", not a number.'),
        (Decimal("1.2"), "Confidence is 1.2, outside 0 to 1."),
        (Decimal("1.0000001"), "Confidence is 1.0000001, outside 0 to 1."),
        (-1, "Confidence is -1, outside 0 to 1."),
        (True, "Confidence is true, not a number."),
        (None, "Confidence is missing."),
        ([1], "Confidence is a list, not a number."),
    ],
)
def test_wrong_confidence_goes_to_a_person_with_the_reason(
    grid_desk: Desk, confidence: object, reason: str
) -> None:
    task = open_task(grid_desk, confidence=confidence)
    assert (task.state, task.control, task.confidence) == ("OPEN", "REVIEW", None)
    assert reason in task.content.why["reasons"]


def test_missing_confidence_still_gets_its_second_person(grid_desk: Desk) -> None:
    task = open_task(grid_desk, amount=50_000, confidence=None)
    assert task.control == "DUAL"


def test_wrong_confidence_never_blocks_without_a_person(grid_desk: Desk) -> None:
    task = open_task(grid_desk, amount=5_000_000, confidence="high")
    assert (task.state, task.control) == ("OPEN", "DUAL")


@pytest.mark.parametrize("amount", ["500", None, -5, False])
def test_wrong_impact_goes_to_two_persons(grid_desk: Desk, amount: object) -> None:
    task = open_task(grid_desk, amount=amount, confidence=Decimal("0.99"))
    assert (task.state, task.control) == ("OPEN", "DUAL")


def test_unusable_words_of_a_step_lose_no_case(db: None) -> None:
    desk = make_desk(
        title="1 + 1",
        priority='"Z"',
        grid="grid",
        impact="amount.of.money",
    )
    task = open_task(desk)
    why = task.content.why
    assert (task.state, task.title, task.priority_class) == ("OPEN", "Review", "B")
    assert "Impact is missing." in why["reasons"]
    assert len(why["problems"]) == 2


def test_goal_that_is_no_duration_is_refused_at_deploy(db: None) -> None:
    with pytest.raises(PackageRefused, match="PT8H"):
        make_desk(sla="soon")


def test_queue_nobody_made_is_made(db: None) -> None:
    desk = make_desk(queue="surprise")
    task = open_task(desk)
    assert task.queue.key == "surprise"
    assert Queue.objects.filter(key="surprise").count() == 1


def test_many_open_in_one_go(grid_desk: Desk) -> None:
    found = start_cases(grid_desk, count=20)
    opened = Task.objects.filter(instance_id__in=found)
    assert opened.count() == 20
    assert {one.content.payload["name"] for one in opened} == {"Ada"}


def test_proposal_and_form_are_pinned(db: None) -> None:
    desk = make_desk(proposal="{action: name}", escalate_to="desk")
    task = open_task(desk)
    assert task.content.proposal == {"action": "Ada"}
    assert task.content.policy["version"] == "test-process 1.0.0"


def test_own_work_is_open_to_its_initiator(db: None) -> None:
    desk = make_desk(initiator="allowed")
    task = open_task(desk, initiator=desk.alice)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    assert lease.task_id == task.id


def test_payload_is_what_was_shown_not_what_came_later(grid_desk: Desk) -> None:
    task = open_task(grid_desk, confidence=Decimal("0.99"))
    later = Instance.objects.get(id=task.instance_id).variables
    assert "review" in later
    assert "review" not in task.content.payload
    assert task.payload_digest == digest_shown(
        payload=task.content.payload,
        proposal=task.content.proposal,
        policy_version="test-process 1.0.0",
    )


def test_impact_beyond_the_lists_column_is_kept_in_the_reasons(grid_desk: Desk) -> None:
    task = open_task(grid_desk, amount=10**30, confidence=None)
    assert (task.impact, task.content.why["impact"]) == (None, 10**30)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_queue_nobody_made_is_entered_at_the_installation() -> None:
    task = open_task(make_desk(queue="surprise"))
    entry = AuditEntry.objects.get(
        chain=INSTALLATION, kind="queue.created", actor="system:engine"
    )
    assert (task.queue.key, '"queue":"surprise"' in entry.entry) == ("surprise", True)
