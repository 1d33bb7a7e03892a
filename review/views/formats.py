"""Values as people read them: durations, moments, numbers, bars. No queries, no clock.

Everything comes out as plain text or numbers, so that templates have nothing to
compute.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from workflows.core.canonical import dumps

HIGH_CONFIDENCE: Final = Decimal("0.85")
MEDIUM_CONFIDENCE: Final = Decimal("0.6")
LONGEST_TEXT: Final = 2000
MOST_DECIMALS: Final = 6
NONE: Final = "\N{EN DASH}"
"""What stands where there is no value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pill:
    """A short word with a tone: "", good, warn, bad, hold or accent."""

    label: str
    tone: str = ""
    title: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar, 0 to 100 per cent long, with its words."""

    percent: int
    label: str
    title: str
    tone: str = ""


def format_duration(span: dt.timedelta) -> str:
    """Return a span in its two largest units: "40 s", "12 min", "5 h 10 min", "2 d 3 h"."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours and days < 100 else f"{days} d"


def format_short(span: dt.timedelta) -> str:
    """Return a span in one unit, for figures side by side: "45 min", "7.6 h", "3.2 d"."""
    hours = max(0.0, span.total_seconds() / 3600)
    if hours < 1:
        return format_duration(span)
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"


def format_moment(at: dt.datetime, *, zone: dt.tzinfo, now: dt.datetime) -> str:
    """Return a moment in the person's zone, with no more of the date than needed."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    if local.year == today.year:
        return f"{local:%-d %b %H:%M}"
    return f"{local:%-d %b %Y %H:%M}"


def format_number(value: Decimal | int | None) -> str:
    """Return a number with thousands separated and no idle zeros; "" for None.

    What a division left behind MOST_DECIMALS places is cut, and says so by a sign.
    """
    if value is None:
        return ""
    exact = Decimal(value)
    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        return f"{exact:,.{MOST_DECIMALS}f}…"
    text = f"{exact:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_impact(value: Decimal | None) -> str:
    """Return an impact as amounts of money are written: tenths as hundredths."""
    text = format_number(value)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals}0" if len(decimals) == 1 else text


def format_count(value: int, word: str, *, cap: int | None = None) -> str:
    """Return "1 task", "3 tasks" or "1,000+ tasks" where counting stopped at `cap`."""
    more = "+" if cap is not None and value >= cap else ""
    return f"{value:,}{more} {word}" if value == 1 else f"{value:,}{more} {word}s"


def format_value(value: object) -> str:
    """Return a JSON value as one line of text."""
    match value:
        case None:
            return NONE
        case bool():
            return "yes" if value else "no"
        case Decimal() | int():
            return format_number(value)
        case str():
            return value[:LONGEST_TEXT]
        case list() if all(isinstance(item, str | int | Decimal) for item in value):
            return ", ".join(format_value(item) for item in value)[:LONGEST_TEXT]
    return dump_json(value)[:LONGEST_TEXT]


def dump_json(value: object, *, margin: str = "") -> str:
    """Return a JSON value indented, Decimals as the numbers they are.

    People edit this text and hand it in again: a number must not come back as text.
    """
    inner = f"{margin}  "
    match value:
        case dict() if value:
            rows = [
                f"{inner}{dumps(str(key))}: {dump_json(item, margin=inner)}"
                for key, item in value.items()
            ]
            return "\n".join(["{", ",\n".join(rows), f"{margin}}}"])
        case list() if value:
            rows = [f"{inner}{dump_json(item, margin=inner)}" for item in value]
            return "\n".join(["[", ",\n".join(rows), f"{margin}]"])
        case _:
            return dumps(value)


def format_label(name: str) -> str:
    """Return a field's name as a label: "gross_monthlyIncome" -> "Gross monthly income"."""
    spaced = "".join(
        f" {letter.lower()}" if letter.isupper() and before.islower() else letter
        for before, letter in zip(f" {name}", name, strict=False)
    )
    words = spaced.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def confidence_bar(confidence: Decimal | None) -> Bar | None:
    """Return a confidence as a band; the tooltip says whole per cents, no false decimals."""
    if confidence is None:
        return None
    band = name_band(confidence)
    percent = int(confidence * 100)
    return Bar(
        percent=percent,
        label=band,
        title=f"Confidence {percent} %",
        tone="warn" if band == "Low" else "",
    )


def name_band(confidence: Decimal) -> str:
    """Return the band of a confidence in a word; its lower edge belongs to it."""
    if confidence >= HIGH_CONFIDENCE:
        return "High"
    return "Medium" if confidence >= MEDIUM_CONFIDENCE else "Low"


def age_bar(
    *,
    opened_at: dt.datetime,
    due_at: dt.datetime | None,
    tone: str,
    now: dt.datetime,
) -> Bar:
    """Return the age against the time allowed, or against a day where none is set."""
    age = now - opened_at
    allowed = (due_at - opened_at) if due_at else dt.timedelta(days=1)
    share = age / allowed if allowed > dt.timedelta(0) else 1.0
    return Bar(
        percent=max(2, min(100, round(share * 100))),
        label=format_duration(age),
        title=f"Open since {opened_at:%Y-%m-%d %H:%M} UTC",
        tone=tone or "good",
    )


def sla_pill(
    *,
    due_at: dt.datetime | None,
    warn_at: dt.datetime | None,
    now: dt.datetime,
    zone: dt.tzinfo,
) -> Pill:
    """Return where an open task stands against its due moment, in words and tone."""
    if due_at is None:
        return Pill("No SLA")
    title = f"Due {format_moment(due_at, zone=zone, now=now)}"
    if due_at <= now:
        return Pill(f"Breached {format_duration(now - due_at)}", "bad", title)
    tone = "warn" if warn_at is not None and warn_at <= now else ""
    return Pill(f"Due in {format_duration(due_at - now)}", tone, title)


CONTROL_PILLS: Final[Mapping[str, Pill]] = {
    "AUTO": Pill("Auto", "good", "Decided by the grid without people"),
    "REVIEW": Pill("Review", "", "One person decides"),
    "DUAL": Pill("Dual", "hold", "Two different persons decide"),
    "BLOCK": Pill("Block", "bad", "The grid stopped it"),
}
STATE_PILLS: Final[Mapping[str, Pill]] = {
    "ACTIVE": Pill("Running", "accent"),
    "SUSPENDED": Pill("Suspended", "hold"),
    "COMPLETED": Pill("Completed", "good"),
    "CANCELED": Pill("Canceled"),
    "FAILED": Pill("Failed", "bad"),
    "OPEN": Pill("Open", "accent"),
    "CLAIMED": Pill("Claimed", "hold"),
    "SETTLING": Pill("Settling", "hold", "A verdict stands and can still be undone"),
    "DECIDED": Pill("Decided", "good"),
    "READY": Pill("Ready"),
    "RUNNING": Pill("Running", "accent"),
    "WAITING": Pill("Waiting", "accent"),
    "INCIDENT": Pill("Incident", "bad"),
    "SKIPPED": Pill("Skipped"),
    "RESOLVED": Pill("Resolved", "good"),
}
OUTCOME_PILLS: Final[Mapping[str, Pill]] = {
    "APPROVED": Pill("Approved", "good"),
    "REJECTED": Pill("Rejected", "bad"),
    "BLOCKED": Pill("Blocked", "bad"),
    "RETURNED": Pill("Returned", "warn"),
}


def state_pill(state: str) -> Pill:
    """Return the pill of a state word; an unknown word stands for itself."""
    return STATE_PILLS.get(state, Pill(state.capitalize()))
