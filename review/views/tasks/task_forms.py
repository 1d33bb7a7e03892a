"""The forms of a task's page: the verdict with all that belongs to it, and the acts."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import Q

from review.core.states import VOTES, Decision, Role, Signature
from review.dashboards.case import Case, list_reason_codes, read_form
from review.forms.corrections import Correction
from review.forms.verdicts import HandOverForm, VerdictForm
from review.models import Person, Queue, ReasonCode
from review.views.formats import HIGH_CONFIDENCE, MEDIUM_CONFIDENCE
from review.views.tasks import changes
from review.views.tasks.sight import describe_view, digest_view

MOST_COLLEAGUES: Final = 200
CHOICES: Final = (
    (Decision.APPROVE, "Approve", "a"),
    (Decision.REJECT, "Reject", "r"),
    (Decision.EDIT_AND_APPROVE, "Edit and approve", "e"),
    (Decision.REQUEST_INFORMATION, "Ask for information", "q"),
    (Decision.ESCALATE, "Escalate", "Shift+E"),
    (Decision.ABSTAIN, "Conflict, pass on", "p"),
)
_NAMES: Final = {word.value: label for word, label, _ in CHOICES}


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """A reason code as the page tells of it; `number` is its key, from 1."""

    number: int
    code: str
    label: str
    decision: str
    policy: str
    text: str


def build_fields(case: Case) -> list[changes.Field]:
    """Return the fields of a case in the order of its form."""
    schema = read_form(case)
    order = (schema.get("x-ui") or {}).get("order") or list(
        schema.get("properties", {})
    )
    return changes.build_fields(
        case.payload,
        proposal=case.proposal,
        labels=read_labels(schema),
        order=order,
    )


def read_labels(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles that a form gives its fields, by name."""
    return {
        name: str(each["title"])
        for name, each in (schema.get("properties") or {}).items()
        if isinstance(each, Mapping) and each.get("title")
    }


def list_reasons(case: Case) -> list[Reason]:
    """Return the reasons that may be given here, grouped by decision and numbered.

    What agrees and what disagrees are numbered alike: by the order of the decisions.
    """
    hidden = set(case.row.hidden_decisions)
    known = [
        code
        for code in list_reason_codes(case.row.queue_id)
        if code.decision not in hidden
    ]
    order = list(_NAMES)
    known.sort(key=lambda code: order.index(code.decision))
    return [_reason(number, code) for number, code in enumerate(known, start=1)]


def build_verdict_form(
    case: Case,
    *,
    reasons: Sequence[Reason],
    fields: Sequence[changes.Field] | None = None,
    draft: Mapping[str, str] | None = None,
    data: Mapping[str, Any] | None = None,
) -> VerdictForm:
    """Return the verdict form, filled with `data` or with a draft's fields."""
    known = fields if fields is not None else build_fields(case)
    queues = Queue.objects.exclude(pk=case.row.queue_id).order_by("name", "pk")
    preset = str(case.policy.get("escalate_to") or case.row.escalates_to or "")
    return VerdictForm(
        data,
        initial={
            "to_queue": preset,
            **(draft or {}),
            "token": case.row.lease_token,
            "payload_digest": case.row.payload_digest,
            "view_digest": digest_view(view_of(case, reasons)),
        },
        reasons=_group(reasons),
        reason_decisions={each.code: each.decision for each in reasons},
        queues=list(queues.values_list("key", "name")),
        corrections=_corrections(case, known),
        hidden=case.row.hidden_decisions,
        is_signed=case.row.signature == Signature.PASSWORD.value,
    )


def view_of(case: Case, reasons: Sequence[Reason]) -> dict[str, Any]:
    """Return what the page shows to who holds the task, for his verdict's entry."""
    return describe_view(case, reasons=[each.code for each in reasons])


def build_hand_over_form(case: Case) -> HandOverForm | None:
    """Return the form that gives the task to a colleague, None where there is none."""
    colleagues = _list_colleagues(case)
    if not colleagues:
        return None
    return HandOverForm(
        colleagues=[(0, "Choose a colleague"), *colleagues],
        prefix="hand",
        initial={"token": case.row.lease_token},
    )


def list_choices(case: Case, form: VerdictForm) -> list[dict[str, object]]:
    """Return the decisions this queue offers; none is preselected but by a draft."""
    chosen = form["decision"].value()
    return [
        {
            "value": word.value,
            "label": label,
            "key": key,
            "is_chosen": word.value == chosen,
        }
        for word, label, key in CHOICES
        if word.value not in case.row.hidden_decisions
    ]


def describe_rationale(case: Case) -> str:
    """Return when words are asked for here, in one sentence (UX: decision quality)."""
    row = case.row
    also = []
    if row.rationale_below is not None and (
        row.confidence is None or row.confidence < row.rationale_below
    ):
        sure = "low" if row.rationale_below <= MEDIUM_CONFIDENCE else "not high"
        if row.rationale_below > HIGH_CONFIDENCE:
            sure = "below this queue's threshold"
        also.append(f"confidence is {sure}")
    if row.rationale_above is not None and (
        row.impact is None or row.impact >= row.rationale_above
    ):
        also.append(f"the amount is {row.rationale_above:,.0f} or more")
    if also:
        return f"Asked for with every verdict here: {' and '.join(also)}."
    return "Asked for with reject and edit, unless a reason says it all."


def _reason(number: int, code: ReasonCode) -> Reason:
    return Reason(
        number,
        code.code,
        code.label,
        code.decision,
        policy=code.policy_text,
        text=code.rationale_text,
    )


def _group(reasons: Sequence[Reason]) -> list[tuple[str, object]]:
    """Return the reasons as options under the decision each belongs to."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in reasons:
        key = f"{each.number}  " if each.number < 10 else ""
        groups.setdefault(each.decision, []).append((each.code, f"{key}{each.label}"))
    return [
        ("", "Choose a reason (1\N{EN DASH}9)"),
        *((_NAMES[decision], options) for decision, options in groups.items()),
    ]


def _corrections(case: Case, fields: Sequence[changes.Field]) -> list[Correction]:
    properties = read_form(case).get("properties") or {}
    return [
        Correction(
            field.pointer,
            field.label,
            field.value,
            schema=_own_schema(properties.get(field.name)),
        )
        for field in fields
        if not isinstance(field.value, list)
    ]


def _own_schema(schema: object) -> Mapping[str, Any]:
    """Return a value's own part of a form; one that points elsewhere says nothing."""
    if not isinstance(schema, Mapping) or "$ref" in schema:
        return {}
    return {name: value for name, value in schema.items() if not name.startswith("x-")}


def _list_colleagues(case: Case) -> list[tuple[int, str]]:
    """Return who else reviews this queue and may judge this task, by name."""
    held = Q(grants__role=Role.REVIEWER.value, grants__revoked_at=None) & (
        Q(grants__queue=None) | Q(grants__queue_id=case.row.queue_id)
    )
    persons = (
        Person.objects
        .filter(held, disabled_at=None)
        .exclude(pk__in=[*case.row.excluded, case.row.claimed_by_id or 0])
        .order_by("name", "pk")
        .distinct()
    )
    return list(persons.values_list("id", "name")[:MOST_COLLEAGUES])


def is_vote(decision: Decision) -> bool:
    """Tell whether a decision counts in a quorum."""
    return decision in VOTES
