"""Plan and draw samples: what is drawn never changes, and can be drawn again by anybody."""

import dataclasses
import datetime as dt
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from review.core.evidence.controls import CONTROLS
from review.core.evidence.sampling import (
    MONETARY,
    Drawn,
    Impossible,
    Method,
    Unit,
    draw,
    rank,
    size_attribute,
    size_monetary,
)
from review.core.evidence.selections import Selection
from review.dashboards.population import list_population
from review.evidence.selecting import resolve
from review.models import Person, SampleItem, SamplePlan
from review.operations.evidence.sample_words import explain_size
from review.operations.people.people import actor_of
from review.permissions import audit_scope_of, get_rights
from workflows import audit
from workflows.operations.errors import Invalid, NotFound
from workflows.store import database_now

NO_AMOUNT: Final = "no amount above 0, so no monetary unit to draw"
HUNDRED: Final = Decimal(100)
PATIENCE: Final = 20.0
"""Seconds that looking for a population may take; its auditor waits."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """A sample as it is planned; rates are shares of 1, `size` overrules the rates."""

    title: str
    method: Method
    seed: str
    facets: Mapping[str, str]
    confidence: Decimal = Decimal("0.95")
    tolerable: Decimal = Decimal("0.05")
    expected: Decimal = Decimal(0)
    is_finite: bool = False
    size: int | None = None
    stratify: str = ""
    exclusions: Mapping[UUID, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A population and how many of it are drawn, before anything is."""

    units: Sequence[Unit]
    keys: Mapping[str, str]
    excluded: Sequence[Mapping[str, str]]
    size: int
    value: Decimal | None
    rationale: str

    @property
    def listing(self) -> bytes:
        """Return the population as the CSV its digest is taken over."""
        rows = ["id,amount,stratum"]
        rows += [
            f"{unit.id},{'' if unit.amount is None else f'{unit.amount:f}'},"
            f"{unit.stratum}"
            for unit in self.units
        ]
        return ("\n".join(rows) + "\n").encode()


def plan_sample(*, person: Person, wanted: Wanted) -> Planned:
    """Read the population and work the size out. Raises Forbidden, Invalid."""
    scope = audit_scope_of(get_rights(person.id))
    selection = Selection(kind="query", title="", facets=dict(wanted.facets))
    cases = resolve(selection, scope=scope, patience=PATIENCE).cases
    stratify = wanted.stratify if wanted.method is Method.STRATIFIED else ""
    rows = list_population(cases, stratify=stratify)
    excluded = [
        {"case": str(row.id), "why": wanted.exclusions[row.id]}
        for row in rows
        if row.id in wanted.exclusions
    ]
    rows = [row for row in rows if row.id not in wanted.exclusions]
    if wanted.method in MONETARY:
        excluded += [
            {"case": str(row.id), "why": NO_AMOUNT}
            for row in rows
            if row.amount is None or row.amount <= 0
        ]
        rows = [row for row in rows if row.amount is not None and row.amount > 0]
    if not rows:
        raise Invalid("There is no case to draw from; widen the search.")
    amounts = [row.amount for row in rows if row.amount is not None]
    value = sum(amounts, Decimal(0)) if amounts else None
    try:
        size = _size(wanted, population=len(rows), value=value)
    except Impossible as error:
        raise Invalid(str(error)) from error
    return Planned(
        units=[Unit(str(row.id), row.amount, row.stratum) for row in rows],
        keys={str(row.id): row.business_key for row in rows},
        excluded=excluded,
        size=min(size, len(rows)),
        value=value,
        rationale=explain_size(
            method=wanted.method,
            confidence=wanted.confidence,
            tolerable=wanted.tolerable,
            expected=wanted.expected,
            size=size,
            population=len(rows),
            is_finite=wanted.is_finite,
            is_given=wanted.size is not None,
        ),
    )


def draw_sample(*, person: Person, wanted: Wanted) -> SamplePlan:
    """Draw a sample and keep plan, population and items for good; an entry tells of it.

    Raises Forbidden, Invalid.
    """
    if not wanted.title.strip():
        raise Invalid("Give the sample a title.")
    if not wanted.seed.strip():
        raise Invalid("A sample needs a seed, or nobody could draw it again.")
    planned = plan_sample(person=person, wanted=wanted)
    seed = wanted.seed.strip()
    try:
        drawn = draw(wanted.method, planned.units, size=planned.size, seed=seed)
    except Impossible as error:
        raise Invalid(str(error)) from error
    listing = planned.listing
    with transaction.atomic():
        now = database_now()
        plan = SamplePlan.objects.create(
            owner=person,
            title=wanted.title.strip(),
            method=wanted.method.value,
            parameters=_parameters(wanted),
            seed=seed,
            population=Selection(
                kind="query", title=wanted.title.strip(), facets=dict(wanted.facets)
            ).to_json(),
            population_size=len(planned.units),
            population_value=planned.value,
            population_digest=hashlib.sha256(listing).hexdigest(),
            listing=zlib.compress(listing),
            exclusions=list(planned.excluded),
            size=planned.size,
            rationale=planned.rationale,
            controls=[dataclasses.asdict(control) for control in CONTROLS],
            drawn_at=now,
        )
        SampleItem.objects.bulk_create(_items(plan, drawn, keys=planned.keys))
        _record(plan, drawn, person, now=now)
    return plan


def get_plan(*, plan_id: int, person: Person) -> SamplePlan:
    """Return an auditor's own plan. Raises NotFound."""
    plan = SamplePlan.objects.filter(id=plan_id, owner=person).first()
    if plan is None:
        raise NotFound("You drew no such sample.")
    return plan


def read_listing(plan: SamplePlan) -> bytes:
    """Return the population as CSV, the very bytes its digest is of."""
    return zlib.decompress(bytes(plan.listing))


def select(plan: SamplePlan) -> Selection:
    """Return the sample as a selection that can be exported."""
    items = plan.items.order_by("position").values_list("instance_id", flat=True)
    return Selection(
        kind="sample",
        title=plan.title,
        facets={"plan": str(plan.id)},
        cases=tuple(items),
    )


def _size(wanted: Wanted, *, population: int, value: Decimal | None) -> int:
    if wanted.size is not None:
        if wanted.size < 1:
            raise Invalid("A sample has at least one item.")
        return wanted.size
    if wanted.method in MONETARY:
        total = value or Decimal(0)
        return size_monetary(
            confidence=wanted.confidence,
            tolerable=wanted.tolerable * total,
            expected=wanted.expected * total,
            value=total,
        )
    expected = Decimal(0) if wanted.method is Method.DISCOVERY else wanted.expected
    return size_attribute(
        confidence=wanted.confidence,
        tolerable=wanted.tolerable,
        expected=expected,
        population=population if wanted.is_finite else None,
    )


def _parameters(wanted: Wanted) -> dict[str, Any]:
    return {
        "confidence": wanted.confidence,
        "tolerable": wanted.tolerable,
        "expected": wanted.expected,
        "is_finite": wanted.is_finite,
        "given_size": wanted.size,
        "stratify": wanted.stratify if wanted.method is Method.STRATIFIED else "",
    }


def _items(
    plan: SamplePlan, drawn: Sequence[Drawn], *, keys: Mapping[str, str]
) -> list[SampleItem]:
    return [
        SampleItem(
            plan=plan,
            position=place,
            instance_id=UUID(one.unit.id),
            business_key=keys[one.unit.id],
            stratum=one.unit.stratum,
            amount=one.unit.amount,
            hits=one.hits,
            digest=rank(plan.seed, one.unit.id),
        )
        for place, one in enumerate(drawn, start=1)
    ]


def _record(
    plan: SamplePlan, drawn: Sequence[Drawn], person: Person, *, now: dt.datetime
) -> None:
    ids = "\n".join(one.unit.id for one in drawn)
    detail = {
        "plan": plan.id,
        "method": plan.method,
        "parameters": plan.parameters,
        "seed": plan.seed,
        "population": plan.population_digest,
        "population_size": plan.population_size,
        "exclusions": len(plan.exclusions),
        "size": plan.size,
        "items": hashlib.sha256(ids.encode()).hexdigest(),
    }
    draft = audit.Draft("audit.sample_drawn", actor_of(person), detail)
    audit.record_installation(drafts=[draft], now=now)
