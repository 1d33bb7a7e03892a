"""What the demonstration's auditors have on their desks: searches, samples, tests."""

import datetime as dt
from typing import Final

from review.core.evidence.controls import REPERFORMANCE, Result
from review.core.evidence.sampling import Method
from review.core.evidence.scopes import AuditScope
from review.core.states import Role
from review.demo.actors import DEMO
from review.demo.cast import Cast
from review.models import Person, RoleGrant, SampleItem, SamplePlan
from review.operations.evidence import auditing, papers, samples
from review.operations.evidence.control_runs import run_controls
from review.operations.evidence.papers import Mark
from review.operations.people import people
from workflows.store import database_now

FULL: Final = "Dana Doyle"
LIMITED: Final = "Nils Nyberg"
LOANS: Final = {"definition": "loan-approval"}
MATTER: Final = "Annual audit of lending"
FOR_DAYS: Final = dt.timedelta(days=90)
TICKED: Final = 3
"""Items of the first paper that are worked through; the rest is for whoever tries it."""


def limit_auditor(cast: Cast) -> None:
    """Limit the second auditor to the loans, for a quarter; done already, nothing."""
    person = cast.people[LIMITED]
    if (
        RoleGrant.objects
        .filter(person=person, revoked_at=None)
        .exclude(scope={})
        .exists()
    ):
        return
    scope = AuditScope(
        matter=MATTER, definitions=("loan-approval",), ends_at=database_now() + FOR_DAYS
    )
    people.grant_role(person=person, role=Role.AUDITOR, actor=DEMO, scope=scope)


def furnish_desks(cast: Cast) -> None:
    """Leave searches, a paper under way and a run of control tests, once."""
    dana = cast.people[FULL]
    if SamplePlan.objects.filter(owner=dana).exists():
        return
    auditing.save_search(person=dana, name="Bypasses", facets={"bypass": "yes"})
    auditing.save_search(
        person=dana, name="Model overturned", facets={"overturned": "yes"}
    )
    _begin_paper(dana)
    run_controls(person=dana, title="All cases", facets={})
    run_controls(person=cast.people[LIMITED], title="Lending", facets={})


def _begin_paper(dana: Person) -> None:
    plan = samples.draw_sample(
        person=dana,
        wanted=samples.Wanted(
            title="Lending, first quarter",
            method=Method.DISCOVERY,
            seed="2026-01-05",
            facets=LOANS,
        ),
    )
    for item in SampleItem.objects.filter(plan=plan).order_by("position")[:TICKED]:
        ticks = [Mark(str(one["code"]), Result.OK) for one in plan.controls]
        papers.mark_item(
            person=dana,
            plan_id=plan.id,
            position=item.position,
            marks=[*ticks, Mark(REPERFORMANCE, Result.APPROVED)],
        )
