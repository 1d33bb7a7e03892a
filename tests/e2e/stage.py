"""Fill the database of the browser tests, as a program of its own: `-m tests.e2e.stage`.

Prints what it made as one line of JSON.
"""

import json
import os
import sys
from decimal import Decimal
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import tests.factories.handlers  # noqa: E402, F401  registers the handlers
from review.core.states import Decision, Role  # noqa: E402
from review.models import Task  # noqa: E402
from review.operations import queues  # noqa: E402
from review.operations.people import people  # noqa: E402
from review.operations.queues import QueueRules  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from review.operations.verdicts import verdicts  # noqa: E402
from tests.factories.desk import build_world, payload  # noqa: E402
from tests.factories.processes import (  # noqa: E402
    TESTER,
    chain,
    deploy,
    package,
    process,
)
from workflows.models import Incident, Instance  # noqa: E402
from workflows.operations import definitions, instances  # noqa: E402
from workflows.operations.advance import advance_batch  # noqa: E402

PACKAGES = Path(__file__).parents[2] / "review" / "demo" / "packages"
LOAN = {
    "applicant": "Noor Visser",
    "country": "NL",
    "purpose": "Kitchen",
    "amount": 112_000,
    "currency": "EUR",
    "months": 120,
    "income_monthly": 4312,
    "payslips": [3380, 3395],
    "existing_debt": 5000,
    "missed_payments": 1,
    "collateral_kind": "REAL_ESTATE",
    "collateral_value": 90_000,
}


def _settle() -> None:
    while advance_batch(worker="stage").more:
        pass


def main() -> None:
    world = build_world()
    queues.define_queue(key="credit", name="Credit", actor=TESTER)
    people.grant_role(person=world.people["carol"], role=Role.REVIEWER, actor=TESTER)
    # The second process owner, who approves what olga proposes.
    people.grant_role(
        person=world.people["erin"], role=Role.PROCESS_OWNER, actor=TESTER
    )
    # More than all tests together take.
    world.start(12)
    world.start(1, quorum="dual")
    decided = world.open_task()
    lease = claims.claim(task_id=decided.pk, person=world.people["bob"])
    verdicts.submit(
        task_id=decided.pk,
        person=world.people["bob"],
        token=lease.token,
        payload_digest=decided.payload_digest,
        decision=Decision.APPROVE,
    )
    loan = definitions.deploy(
        files=definitions.load_package(PACKAGES / "loan-approval"), actor=TESTER
    )
    instance_id = instances.start(
        definition_key="loan-approval",
        business_key="LN-1",
        initiator=TESTER,
        variables={**LOAN, "existing_debt": Decimal(5000)},
    )
    _deploy_booking()
    _settle()
    made = {
        "loan_definition": loan.definition_id,
        "loan_instance": str(instance_id),
        "loan_task": Task.objects.get(instance_id=instance_id).pk,
        "decided_task": decided.pk,
        "incident": Incident.objects.get().pk,
        "instances": Instance.objects.count(),
    }
    sys.stdout.write(json.dumps(made) + "\n")


def _deploy_booking() -> None:
    """Deploy two versions of a process whose one case is stuck in the older."""
    deploy(
        process(
            '<startEvent id="start"/><serviceTask id="book" name="Book"'
            ' cs:handler="test.broken"/><endEvent id="end"/>'
            + chain("start", "book", "end")
        ),
        key="booking",
    )
    instances.start(
        definition_key="booking",
        business_key="BOOK-1",
        initiator=TESTER,
        variables={"amount": -5},
    )
    definitions.deploy(
        files=package(
            process(
                '<startEvent id="start"/><serviceTask id="book" name="Book it"'
                ' cs:handler="test.broken"/><manualTask id="note" name="Note"/>'
                '<endEvent id="end"/>' + chain("start", "book", "note", "end")
            ),
            key="booking",
            version="1.1.0",
        ),
        actor=TESTER,
    )


def start_one() -> None:
    """Start one more case of the desk's process."""
    instances.start(
        definition_key="screens",
        business_key=f"LIVE-{Instance.objects.count()}",
        initiator=TESTER,
        variables=payload(),
    )
    _settle()


def start_loan() -> str:
    """Start one more loan, on the version that new instances follow; return its id."""
    instance_id = instances.start(
        definition_key="loan-approval",
        business_key="LN-2",
        initiator=TESTER,
        variables={**LOAN, "existing_debt": Decimal(5000)},
    )
    return str(instance_id)


def set_rules(*, undo_seconds: int, claim_ahead: int) -> None:
    """Let the desk's verdicts settle so long, and so many tasks be taken ahead."""
    queues.define_queue(
        key="desk",
        name="Credit desk",
        actor=TESTER,
        policy_text="Look twice.",
        rules=QueueRules(
            undo_seconds=undo_seconds, wip_limit=None, claim_ahead=claim_ahead
        ),
    )


if __name__ == "__main__":
    main()
