"""Working papers: tick tests, judge again, conclude. Marks are added, never changed."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction

from review.core.evidence.controls import JUDGEMENTS, REPERFORMANCE, TICKS, Result
from review.dashboards.papers import Paper, find_errors, find_figures, read_paper
from review.models import Person, SampleItem, SampleMark, SamplePlan, SampleSignOff
from review.operations.evidence import samples
from review.operations.people.people import actor_of
from review.permissions import check_can_audit, get_rights
from workflows import audit
from workflows.core.canonical import digest
from workflows.operations.errors import Conflict, Invalid, NotFound
from workflows.store import database_now

LONGEST_NOTE: Final = 4000
LONGEST_CONCLUSION: Final = 8000


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """What is noted of one item under one test."""

    test: str
    result: Result
    note: str = ""
    audited: Decimal | None = None


def mark_item(
    *, person: Person, plan_id: int, position: int, marks: list[Mark]
) -> None:
    """Note what an auditor found of one item; the newest mark of a test counts.

    Raises Forbidden, NotFound, Invalid (a result that is none of the test's), Conflict
    once the paper is signed.
    """
    with transaction.atomic():
        plan = _lock(person, plan_id)
        item = SampleItem.objects.filter(plan=plan, position=position).first()
        if item is None:
            raise NotFound(f"The sample has no item {position}.")
        known = {control["code"] for control in plan.controls} | {REPERFORMANCE}
        now = database_now()
        for mark in marks:
            _check(mark, known=known)
        SampleMark.objects.bulk_create([
            SampleMark(
                item=item,
                test=mark.test,
                result=mark.result.value,
                note=mark.note.strip(),
                audited=mark.audited,
                person=person,
                marked_at=now,
            )
            for mark in marks
        ])


def sign_off(*, person: Person, plan_id: int, conclusion: str) -> SampleSignOff:
    """Conclude a working paper for good; the entry has its digest.

    Raises Forbidden, NotFound, Invalid (no conclusion, ticks missing), Conflict.
    """
    if not conclusion.strip():
        raise Invalid("Say what you conclude.")
    if len(conclusion) > LONGEST_CONCLUSION:
        raise Invalid(f"Keep the conclusion under {LONGEST_CONCLUSION} characters.")
    with transaction.atomic():
        plan = _lock(person, plan_id)
        paper = read_paper(plan.id)
        missing = paper.count_missing([one["code"] for one in plan.controls])
        if missing:
            raise Invalid(
                f"{missing} ticks are missing; note NOT APPLICABLE where a test does"
                " not apply."
            )
        now = database_now()
        figures = tell_figures(plan, paper)
        made = SampleSignOff.objects.create(
            plan=plan,
            conclusion=conclusion.strip(),
            figures=figures,
            paper_digest=digest(tell_paper(plan, paper)),
            person=person,
            person_name=person.name,
            signed_at=now,
        )
        _record(made, person, now=now)
    return made


def tell_paper(plan: SamplePlan, paper: Paper) -> dict[str, Any]:
    """Return a working paper as JSON: what its digest is taken over."""
    tests = [*(str(one["code"]) for one in plan.controls), REPERFORMANCE]
    return {
        "plan": plan.id,
        "population": plan.population_digest,
        "items": [
            {
                "position": item.position,
                "case": str(item.instance_id),
                "amount": item.amount,
                "outcome": item.outcome,
                "marks": {
                    test: {
                        "result": mark.result,
                        "note": mark.note,
                        "audited": mark.audited,
                    }
                    for test in tests
                    if (mark := paper.mark(item.id, test)) is not None
                },
            }
            for item in paper.items
        ],
    }


def tell_figures(plan: SamplePlan, paper: Paper) -> dict[str, Any]:
    """Return the figures as JSON, rates as decimals of six places."""
    figures: dict[str, Any] = {
        one.code: {
            "looked": one.rate.size,
            "failed": one.rate.found,
            "likely": _share(one.rate.likely),
            "upper": _share(one.rate.upper),
        }
        for one in find_figures(plan, paper)
        if one.rate is not None
    }
    errors = find_errors(plan, paper)
    if errors is not None:
        figures["amounts"] = dataclasses.asdict(errors)
    return figures


def _share(rate: float) -> Decimal:
    return Decimal(rate).quantize(Decimal("0.000001"))


def _check(mark: Mark, *, known: set[str]) -> None:
    if mark.test not in known:
        raise Invalid(f"The paper has no test {mark.test!r}.")
    allowed = JUDGEMENTS if mark.test == REPERFORMANCE else TICKS
    if mark.result not in allowed:
        raise Invalid(f"{mark.result.value} is no result of the test {mark.test}.")
    if mark.result is Result.EXCEPTION and not mark.note.strip():
        raise Invalid("Say in a note what the exception is.")
    if len(mark.note) > LONGEST_NOTE:
        raise Invalid(f"Keep the note under {LONGEST_NOTE} characters.")


def _lock(person: Person, plan_id: int) -> SamplePlan:
    """Hold a plan until the end of the transaction, and see that it is not signed.

    Plans are only ever added and cannot be locked as rows by who may not change them.
    """
    check_can_audit(get_rights(person.id))
    plan = samples.get_plan(plan_id=plan_id, person=person)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('review_sampleplan'), %s)", [plan.id]
        )
    if SampleSignOff.objects.filter(plan=plan).exists():
        raise Conflict("This working paper is signed; nothing in it changes any more.")
    return plan


def _record(made: SampleSignOff, person: Person, *, now: dt.datetime) -> None:
    detail = {
        "plan": made.plan_id,
        "paper": made.paper_digest,
        "figures": made.figures,
        "conclusion": digest(made.conclusion),
    }
    draft = audit.Draft("audit.paper_signed", actor_of(person), detail)
    audit.record_installation(drafts=[draft], now=now)
