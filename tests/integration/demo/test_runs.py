"""The demonstration packages run: every way through them ends where it should."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from review.core.states import Decision, Role
from review.demo import effects, rulebook
from review.models import Person, Task
from review.operations import queues
from review.operations.people import people
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from tests.factories.policies import set_policy
from tests.factories.processes import TESTER
from workflows.models import Incident, Instance, Step
from workflows.operations import definitions, external, instances
from workflows.operations.advance import advance_batch
from workflows.store import database_now

PACKAGES = Path(__file__).parents[3] / "review" / "demo" / "packages"
LOAN = {
    "applicant": "Ada",
    "country": "NL",
    "amount": 15_000,
    "currency": "EUR",
    "months": 60,
    "income_monthly": 4_000,
    "payslips": [3_900, 4_100],
    "existing_debt": 0,
    "missed_payments": 0,
    "collateral_kind": "REAL_ESTATE",
    "collateral_value": 300_000,
}
TRIP = {
    "declaration": "T 1",
    "employee": "Ada",
    "amount": 150,
    "currency": "EUR",
    "receipts_complete": True,
}
INVOICE = (
    "ACME\nInvoice number: INV-1\nInvoice date: 2026-01-05\nPO number: PO-1\n"
    "Net amount: 100.00\nVAT 19%: 19.00\nTotal due: 119.00\nCurrency: EUR\n"
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def drain() -> None:
    """Let everything run that needs nobody."""
    while advance_batch(worker="test").instances or external.work_off(worker="test"):
        pass


def start(key: str, **variables: Any) -> Instance:
    files = definitions.load_package(PACKAGES / key)
    definitions.deploy(files=files, actor=TESTER)
    instance_id = instances.start(
        definition_key=key, variables=variables, initiator=TESTER
    )
    drain()
    return Instance.objects.get(pk=instance_id)


def reviewer(name: str) -> Person:
    person = people.create_person(name=name, actor=TESTER)
    people.grant_role(person=person, role=Role.REVIEWER, actor=TESTER)
    return person


def waiting(instance: Instance) -> Task:
    return Task.objects.select_related("queue").get(
        instance=instance, state__in=["OPEN", "CLAIMED"]
    )


def judge(
    instance: Instance,
    decision: Decision,
    *,
    by: str = "Kim",
    edits: dict[str, object] | None = None,
) -> Instance:
    """Claim and decide the task that waits; return the instance as it then stands."""
    person = Person.objects.filter(name=by).first() or reviewer(by)
    task = waiting(instance)
    lease = claims.claim(task_id=task.id, person=person)
    verdicts.submit(
        task_id=task.id,
        person=person,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=decision,
        rationale="" if decision is Decision.APPROVE else "Because.",
        edits=edits or {},
        occurred_at=database_now(),  # takes effect at once
    )
    drain()
    instance.refresh_from_db()
    return instance


def end(instance: Instance) -> tuple[str, str]:
    assert not Incident.objects.exists(), Incident.objects.values("code", "message")
    return instance.state, instance.end_node_id


def test_small_sure_loan_needs_nobody() -> None:
    instance = start("loan-approval", **LOAN)
    assert end(instance) == ("COMPLETED", "granted")
    task = Task.objects.get(instance=instance)
    assert (task.control, task.outcome, task.decided_by) == ("AUTO", "APPROVED", "AUTO")
    assert len(effects.list_effects("payouts")) == 1
    assert len(effects.list_effects("notices")) == 1
    assert instance.variables["score"]["decision"] == "APPROVE"


def test_large_loan_takes_two_persons() -> None:
    instance = start("loan-approval", **{**LOAN, "amount": 150_000, "months": 240})
    task = waiting(instance)
    assert (task.queue.key, task.control, task.priority_class) == (
        "credit",
        "DUAL",
        "A",
    )
    instance = judge(instance, Decision.APPROVE)
    assert instance.state == "ACTIVE"
    assert end(judge(instance, Decision.APPROVE, by="Lee")) == ("COMPLETED", "granted")


def test_refusal_of_the_model_goes_to_a_person_and_is_told() -> None:
    poor = {**LOAN, "missed_payments": 6, "collateral_kind": "NONE"}
    instance = start("loan-approval", **poor)
    assert waiting(instance).control == "REVIEW"
    assert end(judge(instance, Decision.REJECT)) == ("COMPLETED", "refused")
    (notice,) = effects.list_effects("notices")
    assert notice["template"] == "loan-refused"
    assert effects.list_effects("payouts") == []


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision.APPROVE, ("COMPLETED", "granted")),
        (Decision.REJECT, ("COMPLETED", "stopped")),
    ],
)
def test_compliance_hit_is_cleared_by_two_persons(
    decision: Decision, expected: tuple[str, str]
) -> None:
    instance = start("loan-approval", **{**LOAN, "applicant": "A. Sanctioned"})
    assert waiting(instance).queue.key == "compliance"
    judge(instance, decision)
    assert end(judge(instance, decision, by="Lee")) == expected


def test_payout_that_the_bank_refuses_ends_as_a_refusal() -> None:
    rich = {
        **LOAN,
        "amount": 1_500_000,
        "months": 480,
        "income_monthly": 90_000,
        "payslips": [90_000],
        "collateral_value": 9_000_000,
    }
    instance = start("loan-approval", **rich)
    judge(instance, Decision.APPROVE)
    assert end(judge(instance, Decision.APPROVE, by="Lee")) == ("COMPLETED", "refused")
    assert Step.objects.filter(instance=instance, node_id="refused_payout").exists()


def test_decision_that_waits_long_alerts_the_head_of_credit() -> None:
    instance = start("loan-approval", **{**LOAN, "amount": 50_000})
    timer = instance.timers.get(node_id="waiting_long", state="ARMED")
    assert timer.due_at > instance.started_at


def test_small_trip_goes_past_the_budget_owner() -> None:
    instance = start("travel-declaration", **TRIP)
    assert waiting(instance).queue.key == "administration"
    judge(instance, Decision.APPROVE)
    assert waiting(instance).queue.key == "supervisors"
    assert end(judge(instance, Decision.APPROVE)) == ("COMPLETED", "paid")
    (payment,) = effects.list_effects("payments")
    assert payment["reference"] == "TD T 1"


def test_trip_above_the_limit_passes_the_budget_owner() -> None:
    instance = start("travel-declaration", **{**TRIP, "amount": 200.01})
    judge(instance, Decision.APPROVE)
    assert waiting(instance).queue.key == "budget-owners"


def test_rejected_trip_comes_back_and_is_corrected() -> None:
    instance = start("travel-declaration", **{**TRIP, "receipts_complete": False})
    judge(instance, Decision.APPROVE)
    judge(instance, Decision.APPROVE)
    task = waiting(instance)
    assert (task.node_id, task.queue.key) == ("correct", "employees")
    judge(
        instance,
        Decision.EDIT_AND_APPROVE,
        edits={"/receipts_complete": True, "/first_check": "SUPERVISOR"},
    )
    assert waiting(instance).queue.key == "supervisors"
    assert end(judge(instance, Decision.APPROVE)) == ("COMPLETED", "paid")


def test_rejected_trip_can_be_withdrawn() -> None:
    instance = start("travel-declaration", **TRIP)
    for node in ("administration", "correct", "hand_in_again"):
        assert waiting(instance).node_id == node
        judge(instance, Decision.REJECT)
    assert end(instance) == ("COMPLETED", "withdrawn")


def test_draft_is_discarded_or_handed_in() -> None:
    draft = start("travel-declaration", **TRIP, draft=True)
    assert end(judge(draft, Decision.REJECT)) == ("COMPLETED", "discarded")
    draft = start("travel-declaration", **TRIP, draft=True)
    judge(draft, Decision.APPROVE)
    assert waiting(draft).node_id == "administration"


def invoice(text: str, **variables: object) -> Instance:
    """Let an invoice come in at a desk that has the demonstration's grid."""
    desk = queues.define_queue(key="invoices", name="Invoices", actor=TESTER)
    set_policy(desk, rulebook.INVOICE_GRID)
    document = {"id": "d", "name": "invoice.txt", "text": text}
    return start(
        "invoice-extraction", supplier="ACME", documents=[document], **variables
    )


def test_invoice_that_was_read_surely_and_matches_is_posted() -> None:
    instance = invoice(INVOICE, expected_total=119)
    assert end(instance) == ("COMPLETED", "posted")
    assert Task.objects.get(instance=instance).decided_by == "AUTO"
    assert len(effects.list_effects("ledger")) == 1


def test_doubtful_invoice_is_checked_and_corrected() -> None:
    instance = invoice(INVOICE.replace("INV-1", "INV-?"), expected_total=119)
    task = waiting(instance)
    assert (task.control, task.confidence) == ("REVIEW", Decimal("0.52"))
    judge(
        instance,
        Decision.EDIT_AND_APPROVE,
        edits={"/fields/invoice_number/value": "INV-1"},
    )
    assert end(instance) == ("COMPLETED", "posted")
    (posting,) = effects.list_effects("ledger")
    assert posting["invoice_number"] == "INV-1"


def test_invoice_without_a_total_goes_to_people() -> None:
    instance = invoice("Invoice number: INV-2\nCurrency: EUR\n")
    assert waiting(instance).control == "DUAL"
    judge(instance, Decision.REJECT)
    assert end(judge(instance, Decision.REJECT, by="Lee")) == ("COMPLETED", "rejected")


def test_unreadable_invoice_is_sent_back() -> None:
    assert end(invoice("nothing here")) == ("COMPLETED", "sent_back")
