"""The middle of a task: its fields, what is proposed for them, and how sure that is.

Pure. Differences of text are found by words; every changed field says so itself.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from review.views.formats import (
    MEDIUM_CONFIDENCE,
    Bar,
    confidence_bar,
    format_label,
    format_value,
)
from review.views.sources import (
    anchor_of,
    describe_place,
    escape,
    is_reading,
    iterate_readings,
)

LONGEST_DIFF: Final = 2000
_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")
_SUGGESTION: Final = ("action", "decision", "recommendation")


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """A run of text that stayed or changed."""

    text: str
    changed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field: what stands there, what is proposed, and where it came from."""

    name: str
    pointer: str
    label: str
    value: object
    old: Sequence[Run]
    new: Sequence[Run]
    is_changed: bool
    source_label: str = ""
    source_url: str = ""
    confidence: Bar | None = None

    @property
    def text(self) -> str:
        """Return what stands there, in one piece."""
        return "".join(run.text for run in self.old)


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """What the model would do, in words."""

    action: str
    confidence: Bar | None
    lines: Sequence[str]
    is_hidden: bool = False


def build_fields(
    payload: Mapping[str, Any],
    *,
    proposal: object,
    labels: Mapping[str, str],
    order: Sequence[str],
) -> list[Field]:
    """Return the readings of a payload and its plain values, in the form's order."""
    proposed = proposal if isinstance(proposal, Mapping) else {}
    fields = [
        _read_field(
            pointer,
            name,
            reading,
            proposed,
            labels=labels,
            place=describe_place(payload, reading.get("source")),
        )
        for pointer, name, reading in iterate_readings(payload)
    ]
    names = [name for name in order if name in payload]
    names += [name for name in payload if name not in {*names, "confidence"}]
    for name in names:
        value = payload[name]
        if not is_reading(value) and _is_plain(value):
            fields.append(_plain_field(name, value, proposed, labels))
    return fields


def build_suggestion(
    proposal: object, *, confidence: Decimal | None, fields: Sequence[Field]
) -> Suggestion | None:
    """Return what the model suggests; None where it says nothing."""
    if proposal in (None, {}, ""):
        return None
    doubtful = [
        field.label
        for field in fields
        if field.confidence is not None and field.confidence.tone == "warn"
    ]
    lines = []
    if doubtful:
        lines.append(f"Look closely at: {', '.join(doubtful)}.")
    action = ""
    if isinstance(proposal, Mapping):
        named = next((word for word in _SUGGESTION if proposal.get(word)), "")
        action = format_value(proposal[named]).capitalize() if named else ""
        shown = {field.name for field in fields} | {named, "confidence"}
        lines += [
            f"{format_label(name)}: {_describe(value)}"
            for name, value in proposal.items()
            if name not in shown and value is not None
        ]
        changed = sum(field.is_changed for field in fields)
        action = action or (
            f"Change {changed} of {len(fields)} fields" if changed else "Keep as read"
        )
    else:
        action = format_value(proposal)
    return Suggestion(action=action, confidence=confidence_bar(confidence), lines=lines)


def diff_words(old: str, new: str) -> tuple[list[Run], list[Run]]:
    """Return both texts cut into runs that stayed and runs that changed."""
    if old == new:
        return [Run(old)], [Run(new)]
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(old) + len(new) > LONGEST_DIFF or not (before and after):
        return [Run(old, changed=True)], [Run(new, changed=True)]
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    if matcher.ratio() < 0.4:
        return [Run(old, changed=True)], [Run(new, changed=True)]
    left, right = [], []
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        is_changed = tag != "equal"
        if a2 > a1:
            left.append(Run("".join(before[a1:a2]), is_changed))
        if b2 > b1:
            right.append(Run("".join(after[b1:b2]), is_changed))
    return left, right


def _read_field(
    pointer: str,
    name: str,
    reading: Mapping[str, Any],
    proposed: Mapping[str, Any],
    *,
    labels: Mapping[str, str],
    place: str,
) -> Field:
    value = reading.get("value")
    confidence = reading.get("confidence")
    sure = (
        Decimal(confidence)
        if isinstance(confidence, Decimal | int) and 0 <= confidence <= 1
        else None
    )
    old, new, is_changed = _compare(name, value, proposed)
    return Field(
        name=name,
        pointer=f"{pointer}/value",
        label=labels.get(name) or format_label(name),
        value=value,
        old=old,
        new=new,
        is_changed=is_changed,
        source_label=place,
        source_url=f"#{anchor_of(name)}" if reading.get("source") else "",
        confidence=confidence_bar(sure),
    )


def _plain_field(
    name: str, value: object, proposed: Mapping[str, Any], labels: Mapping[str, str]
) -> Field:
    old, new, is_changed = _compare(name, value, proposed)
    return Field(
        name=name,
        pointer=f"/{escape(name)}",
        label=labels.get(name) or format_label(name),
        value=value,
        old=old,
        new=new,
        is_changed=is_changed,
    )


def _compare(
    name: str, value: object, proposed: Mapping[str, Any]
) -> tuple[Sequence[Run], Sequence[Run], bool]:
    text = format_value(value)
    if name not in proposed or proposed[name] == value:
        return [Run(text)], [Run(text)], False
    old, new = diff_words(text, format_value(proposed[name]))
    return old, new, True


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(not isinstance(each, Mapping | list) for each in value)
    return not isinstance(value, Mapping)


def _describe(value: object) -> str:
    """Return a value of a proposal; a list of named effects reads as pairs."""
    if isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
        pairs = [
            " ".join(format_value(inner) for inner in each.values()) for each in value
        ]
        return "; ".join(pairs)
    return format_value(value)


def is_doubtful(confidence: Decimal | None) -> bool:
    """Tell whether the case is one to look at before hearing the model."""
    return confidence is None or confidence < MEDIUM_CONFIDENCE
