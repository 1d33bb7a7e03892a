"""A working paper as it stands: its items, the last mark of each test, and the figures."""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from review.core.evidence.controls import REPERFORMANCE, Result, compare
from review.core.evidence.projection import (
    Errors,
    Rate,
    Tainted,
    project_errors,
    project_rate,
)
from review.core.evidence.sampling import MONETARY, Method
from review.dashboards.sql import read_row, read_rows
from review.models import SamplePlan

_ITEMS: Final = """
    SELECT s.id, s.position, s.instance_id, s.business_key, s.stratum, s.amount, s.hits,
        s.digest, (
            SELECT t.outcome FROM review_task t
            WHERE t.instance_id = s.instance_id AND t.state = 'DECIDED'
            ORDER BY t.decided_at DESC, t.id DESC LIMIT 1) AS outcome
    FROM review_sampleitem s WHERE s.plan_id = %(plan)s ORDER BY s.position
"""
_MARKS: Final = """
    SELECT DISTINCT ON (m.item_id, m.test) m.item_id, m.test, m.result, m.note,
        m.audited, m.marked_at
    FROM review_samplemark m JOIN review_sampleitem s ON s.id = m.item_id
    WHERE s.plan_id = %(plan)s
    ORDER BY m.item_id, m.test, m.id DESC
"""
_CONTENT: Final = """
    SELECT t.id, t.title, t.state, t.outcome, t.decided_by, t.confidence, t.impact,
        c.payload::text AS payload, c.policy::text AS policy,
        c.proposal::text AS proposal,
        i.variables::text AS variables
    FROM workflows_instance i
    LEFT JOIN LATERAL (
        SELECT * FROM review_task t WHERE t.instance_id = i.id
        ORDER BY t.decided_at DESC NULLS LAST, t.id DESC LIMIT 1) t ON true
    LEFT JOIN review_taskcontent c ON c.task_id = t.id
    WHERE i.id = %(case)s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Paper:
    """The items of a plan in their order, and the last mark by item and test."""

    items: Sequence[Any]
    marks: Mapping[tuple[int, str], Any]

    def mark(self, item_id: int, test: str) -> Any | None:
        """Return the last mark of an item under a test."""
        return self.marks.get((item_id, test))

    def count_missing(self, tests: Sequence[str]) -> int:
        """Return how many ticks are still to be made, the re-performance among them."""
        wanted = (*tests, REPERFORMANCE)
        return sum(
            (item.id, test) not in self.marks for item in self.items for test in wanted
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """What one test found in the sample and says of the population."""

    code: str
    name: str
    rate: Rate | None
    missing: int
    not_applicable: int


def read_paper(plan_id: int) -> Paper:
    """Read the items and marks of a plan, in two statements however many there are."""
    marks = read_rows(_MARKS, {"plan": plan_id})
    return Paper(
        items=read_rows(_ITEMS, {"plan": plan_id}),
        marks={(row.item_id, row.test): row for row in marks},
    )


def read_content(instance_id: object) -> Any | None:
    """Return what a case's last task shows, for judging it again."""
    return read_row(_CONTENT, {"case": instance_id})


def find_figures(plan: SamplePlan, paper: Paper) -> list[Figure]:
    """Return the figures of each control test, and of re-performance last."""
    figures = [
        _figure(plan, paper, code=str(control["code"]), name=str(control["name"]))
        for control in plan.controls
    ]
    figures.append(_figure(plan, paper, code=REPERFORMANCE, name="Decided alike"))
    return figures


def find_errors(plan: SamplePlan, paper: Paper) -> Errors | None:
    """Return the projection of a monetary sample, None for others or before any mark."""
    if Method(plan.method) not in MONETARY or plan.population_value is None:
        return None
    hits = [
        Tainted(book=item.amount, audited=mark.audited, hits=item.hits)
        for item in paper.items
        if (mark := paper.mark(item.id, REPERFORMANCE)) is not None
        and mark.audited is not None
        and item.amount is not None
    ]
    if not hits:
        return None
    return project_errors(
        hits,
        value=plan.population_value,
        size=plan.size,
        confidence=Decimal(str(plan.parameters["confidence"])),
        by_cells=Method(plan.method) is Method.MONETARY_CELL,
    )


def _figure(plan: SamplePlan, paper: Paper, *, code: str, name: str) -> Figure:
    verdicts = [_held(item, paper.mark(item.id, code), code) for item in paper.items]
    # A monetary sample is of units of money: who is hit twice counts twice.
    units = [
        verdict
        for item, verdict in zip(paper.items, verdicts, strict=True)
        for _ in range(item.hits)
    ]
    known = [one for one in units if one in {"held", "failed"}]
    is_monetary = Method(plan.method) in MONETARY
    failed = known.count("failed")
    rate = (
        project_rate(
            size=len(known),
            found=failed,
            confidence=Decimal(str(plan.parameters["confidence"])),
            population=plan.population_size
            if plan.parameters.get("is_finite") and not is_monetary
            else None,
        )
        if known
        else None
    )
    return Figure(
        code=code,
        name=name,
        rate=rate,
        missing=verdicts.count("missing"),
        not_applicable=verdicts.count("left out"),
    )


def _held(item: Any, mark: Any | None, code: str) -> str:
    """Return what a mark says: held, failed, left out, or missing."""
    if mark is None:
        return "missing"
    if code == REPERFORMANCE:
        alike = compare(Result(mark.result), item.outcome)
        return "left out" if alike is None else "held" if alike else "failed"
    return {"OK": "held", "EXCEPTION": "failed"}.get(mark.result, "left out")
