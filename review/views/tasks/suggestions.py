"""What the model would do, and when a reviewer may see it.

ASSIST shows it, ON_REQUEST keeps it one key away, VERDICT_FIRST until the person's own
verdict stands: deciding first reduces over-reliance (Bucinca 2021, doi
10.1145/3449287). What may not be seen is not on the page at all.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.core.states import Reveal
from review.dashboards.case import Case
from review.dashboards.track_record import TrackRecord, read_track_record
from review.views.formats import (
    Bar,
    confidence_bar,
    format_label,
    format_moment,
    format_value,
)
from review.views.tasks.changes import Field

LEAST_CASES: Final = 30
"""Below this many cases a share says more about chance than about the model."""
_ACTIONS: Final = ("action", "decision", "recommendation")
_MODES: Final = {
    Reveal.ASSIST.value: "",
    Reveal.ON_REQUEST.value: "on-request",
    Reveal.VERDICT_FIRST.value: "after-verdict",
}


@dataclasses.dataclass(frozen=True, slots=True)
class ModelView:
    """What of the model's view a page shows; `hidden` says why it shows nothing.

    `hidden` is "", "on-request" or "after-verdict".
    """

    hidden: str = ""
    action: str = ""
    band: Bar | None = None
    record: str = ""
    lines: Sequence[str] = ()
    evidence: Sequence[Field] = ()
    since: str = ""
    yours: str = ""


def build_model_view(
    case: Case, fields: Sequence[Field], *, zone: dt.tzinfo
) -> ModelView | None:
    """Return what the viewer may see of the proposal; None where there is none."""
    if case.proposal in (None, {}, "", []):
        return None
    hidden = _find_hidden(case)
    if hidden:
        return ModelView(hidden=hidden)
    action, lines = describe_proposal(case.proposal, fields)
    bar = confidence_bar(case.row.confidence)
    record = read_track_record(case.row.queue_id, case.row.confidence)
    since = case.row.revealed_at
    return ModelView(
        action=action,
        band=bar,
        record=describe_record(record),
        lines=lines,
        evidence=[field for field in fields if field.is_changed and field.place.anchor],
        since=format_moment(since, zone=zone, now=case.row.now) if since else "",
        yours=case.own_verdict.decision.replace("_", " ").lower()
        if case.own_verdict
        else "",
    )


def describe_record(record: TrackRecord) -> str:
    """Return how often cases like this were upheld; no figure where there are few."""
    if record.cases < LEAST_CASES:
        return "too few cases like this for a track record"
    share = round(100 * record.upheld / record.cases)
    return f"cases like this: {share} % upheld, n = {record.cases:,}"


def describe_proposal(
    proposal: object, fields: Sequence[Field]
) -> tuple[str, list[str]]:
    """Return a proposal's action in a word, and what else it says in lines."""
    if not isinstance(proposal, Mapping):
        return format_value(proposal), []
    named = next((word for word in _ACTIONS if proposal.get(word)), "")
    action = format_value(proposal[named]).capitalize() if named else ""
    shown = {field.name for field in fields} | {named, "confidence"}
    lines = [
        f"{format_label(name)}: {_describe(value)}"
        for name, value in proposal.items()
        if name not in shown and value is not None
    ]
    changed = sum(field.is_changed for field in fields)
    action = action or (
        f"Change {changed} of {len(fields)} fields" if changed else "Keep as read"
    )
    return action, lines


def _find_hidden(case: Case) -> str:
    if case.own_verdict is not None or not case.may_judge:
        return ""
    hidden = _MODES[case.row.reveal]
    return "" if hidden == "on-request" and case.row.revealed_at else hidden


def _describe(value: Any) -> str:
    """Return a value of a proposal; a list of named effects reads as pairs."""
    if isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
        pairs = [
            " ".join(format_value(inner) for inner in each.values()) for each in value
        ]
        return "; ".join(pairs)
    return format_value(value)
