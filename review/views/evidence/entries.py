"""Audit entries as lines of a timeline."""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from review.dashboards.blind import Blindfold
from review.dashboards.said import Said
from review.views.formats import format_label, format_moment, format_value
from workflows.core.commitments import read_stand_in

TONES: Final = {
    "incident.opened": "bad",
    "incident.resolved": "good",
    "step.failed": "bad",
    "sla.breached": "bad",
    "sla.warned": "warn",
    "task.escalated": "warn",
    "verdict.submitted": "accent",
    "task.decided": "good",
    "instance.completed": "good",
    "instance.canceled": "warn",
    "instance.suspended": "warn",
    "instance.variables_edited": "warn",
    "step.moved": "warn",
    "intervention.proposed": "accent",
    "intervention.done": "good",
    "intervention.declined": "bad",
}
TOLD: Final = (
    "act", "decision", "outcome", "reason_code", "reason", "because", "queue", "from",
    "to", "to_queue", "edited", "code", "message", "error", "attempt", "resolution", "end",
)  # fmt: skip
"""What of an entry's detail a timeline tells; the audit search shows all of it."""
HIDDEN: Final = "What others did here is hidden until your own verdict stands."
LONGEST_NOTE: Final = 400


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline."""

    text: str
    by: str
    at_iso: str
    at_label: str
    tone: str
    note: str
    anchor: str
    kind: str
    seq: int
    hash: str
    url: str = ""
    is_now: bool = False


def build_lines(
    rows: Sequence[Any],
    *,
    blindfold: Blindfold,
    said: Said,
    step_names: Mapping[int, str],
    zone: dt.tzinfo,
    now: dt.datetime,
    is_full: bool = False,
) -> list[Line]:
    """Return entries as lines; what the viewer must not know yet is left out.

    Of hidden entries in a row one line stays, with the time of the last. `said` is what
    people typed into these entries. `is_full` tells the whole detail instead of what a
    timeline needs.
    """
    lines: list[Line] = []
    for row in rows:
        line = _line(
            row,
            is_hidden=blindfold.hides(
                kind=row.kind, actor=row.actor, step_id=row.step_id
            ),
            said=said,
            is_full=is_full,
            step_name=step_names.get(row.step_id, ""),
            zone=zone,
            now=now,
        )
        if lines and line.text == lines[-1].text == HIDDEN:
            lines.pop()
        lines.append(line)
    return lines


def fold_ahead(rows: Sequence[Any]) -> list[Any]:
    """Leave out what was taken ahead and never worked on; the audit trail has it.

    A claim ahead that was begun is told by its beginning. `rows` are oldest first.
    """
    folded = set()
    ahead: dict[tuple[int | None, str], int] = {}
    for row in rows:
        held = (row.step_id, row.actor)
        if row.kind == "task.claimed_ahead":
            ahead[held] = row.id
            folded.add(row.id)
        elif row.kind == "task.released" and json.loads(row.entry)["detail"].get(
            "ahead"
        ):
            ahead.pop(held, None)
            folded.add(row.id)
        elif held in ahead:
            claimed = ahead.pop(held)
            if row.kind not in {"task.begun", "task.claimed"}:
                folded.discard(claimed)  # a seat of several is begun without an entry
    return [row for row in rows if row.id not in folded]


def _line(
    row: Any,
    *,
    is_hidden: bool,
    said: Said,
    is_full: bool,
    step_name: str,
    zone: dt.tzinfo,
    now: dt.datetime,
) -> Line:
    entry = json.loads(row.entry, parse_float=Decimal)
    detail = said.open(row.chain, entry["detail"])
    told = detail if is_full else {n: detail[n] for n in TOLD if n in detail}
    happened = row.occurred_at or row.at
    words = format_label(row.kind.replace(".", " ")).replace("Sla ", "SLA ")
    text = f"{words}: {step_name}" if step_name else words
    return Line(
        text=HIDDEN if is_hidden and not is_full else text,
        by="" if is_hidden else entry["actor_name"],
        at_iso=happened.isoformat(),
        at_label=format_moment(happened, zone=zone, now=now),
        tone="" if is_hidden else TONES.get(row.kind, ""),
        note=said.cover(_note(told, is_hidden=is_hidden, is_full=is_full)),
        anchor=f"event-{row.seq}",
        kind=row.kind,
        seq=row.seq,
        hash=row.hash,
    )


def _note(told: Mapping[str, object], *, is_hidden: bool, is_full: bool) -> str:
    if is_hidden:
        return HIDDEN if is_full else ""
    return describe_detail(told)


def describe_detail(detail: Mapping[str, object]) -> str:
    """Return an entry's detail as "name: value" pairs, digests shortened."""
    parts = [
        f"{format_label(name)}: {_shorten(value)}"
        for name, value in detail.items()
        if value not in (None, "", [], {})
    ]
    text = " · ".join(parts)
    return text if len(text) <= LONGEST_NOTE else f"{text[:LONGEST_NOTE]}…"


def _shorten(value: object) -> str:
    committed = read_stand_in(value)
    if committed is not None:
        return f"kept apart ({committed[:12]}…)"
    text = format_value(value)
    is_digest = len(text) == 64 and all(c in "0123456789abcdef" for c in text)
    return f"{text[:12]}…" if is_digest else text
