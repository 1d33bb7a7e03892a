"""The middle of a task: its fields, what is proposed for them, and where they were read.

Pure. Each kind of value is compared as what it is: words in texts, items in lists, the
distance between numbers and between days. Every changed field says so itself.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from review.views.formats import Bar, confidence_bar, format_label, format_value
from review.views.sources.readings import (
    anchor_of,
    describe_place,
    escape,
    find_page,
    find_span,
    is_reading,
    iterate_readings,
    list_documents,
    page_anchor,
)
from review.views.tasks.differences import Run, diff_values, measure


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a field was read: in words, and the anchor on the page (or "")."""

    label: str = ""
    anchor: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field: what stood there before an edit, what stands there, what is proposed.

    `before` is empty where nobody has edited the field; `distance` says in words how
    far old and new are apart.
    """

    name: str
    pointer: str
    label: str
    value: object
    old: Sequence[Run]
    new: Sequence[Run]
    is_changed: bool
    place: Place = Place()
    confidence: Bar | None = None
    distance: str = ""
    before: Sequence[Run] = ()

    @property
    def is_plain(self) -> bool:
        """Tell whether nothing about the field asks for a look."""
        has_moved = self.is_changed or bool(self.before)
        return not has_moved and self.confidence is None

    @property
    def text(self) -> str:
        """Return what stands there, in one piece."""
        return format_value(self.value)


def build_fields(
    payload: Mapping[str, Any],
    *,
    proposal: object,
    labels: Mapping[str, str],
    order: Sequence[str],
) -> list[Field]:
    """Return the readings of a payload and its plain values, in the form's order."""
    proposed = proposal if isinstance(proposal, Mapping) else {}
    numbers = {
        str(each.get("id")): number
        for number, each in enumerate(list_documents(payload), start=1)
    }
    fields = []
    for pointer, name, reading in iterate_readings(payload):
        field = _field(
            name,
            f"{pointer}/value",
            reading.get("value"),
            proposed=proposed,
            labels=labels,
        )
        source = reading.get("source")
        fields.append(
            dataclasses.replace(
                field,
                place=Place(
                    label=describe_place(payload, source),
                    anchor=_anchor(name, source, numbers),
                ),
                confidence=confidence_bar(_sure(reading.get("confidence"))),
            )
        )
    names = [name for name in order if name in payload]
    names += [name for name in payload if name not in {*names, "confidence"}]
    fields += [
        _field(
            name, f"/{escape(name)}", payload[name], proposed=proposed, labels=labels
        )
        for name in names
        if not is_reading(payload[name]) and _is_plain(payload[name])
    ]
    return fields


def compare_rounds(fields: Sequence[Field], earlier: Mapping[str, Any]) -> list[Field]:
    """Return the fields with what stood there in an earlier round as the old side."""
    flat = _flatten(earlier)
    compared = [_against(field, flat.get(field.pointer)) for field in fields]
    return sorted(compared, key=lambda field: not field.is_changed)


def add_before(fields: Sequence[Field], earlier: Mapping[str, Any]) -> list[Field]:
    """Return the fields with what stood there before an edit, where that differs."""
    flat = _flatten(earlier)
    return [
        dataclasses.replace(field, before=_against(field, flat.get(field.pointer)).old)
        if _against(field, flat.get(field.pointer)).is_changed
        else field
        for field in fields
    ]


def _flatten(payload: Mapping[str, Any]) -> dict[str, Field]:
    return {
        field.pointer: field
        for field in build_fields(payload, proposal=None, labels={}, order=())
    }


def _against(field: Field, before: Field | None) -> Field:
    was = before.value if before else None
    left, right = diff_values(was, field.value)
    is_changed = was != field.value
    return dataclasses.replace(
        field,
        old=left,
        new=right,
        is_changed=is_changed,
        distance=measure(was, field.value) if is_changed else "",
    )


def _field(
    name: str,
    pointer: str,
    value: object,
    *,
    proposed: Mapping[str, Any],
    labels: Mapping[str, str],
) -> Field:
    is_changed = name in proposed and proposed[name] != value
    wanted = proposed[name] if is_changed else value
    old, new = diff_values(value, wanted)
    return Field(
        name=name,
        pointer=pointer,
        label=labels.get(name) or format_label(name),
        value=value,
        old=old,
        new=new,
        is_changed=is_changed,
        distance=measure(value, wanted) if is_changed else "",
    )


def _anchor(name: str, source: object, numbers: Mapping[str, int]) -> str:
    if not isinstance(source, Mapping):
        return ""
    if find_span(source) is not None:
        return anchor_of(name)
    number = numbers.get(str(source.get("document")))
    page = find_page(source)
    if number is None:
        return ""
    return page_anchor(number, page) if page is not None else f"source-{number}"


def _sure(confidence: object) -> Decimal | None:
    is_number = isinstance(confidence, Decimal | int) and not isinstance(
        confidence, bool
    )
    if is_number and 0 <= Decimal(str(confidence)) <= 1:
        return Decimal(str(confidence))
    return None


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(not isinstance(each, Mapping | list) for each in value)
    return not isinstance(value, Mapping)
