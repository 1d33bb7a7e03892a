"""What the list of instances is asked for: filters, days, and conditions on variables.

Everything comes from the address; what is not understood is said beside its field.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict

from review.dashboards.instance_search import OPERATORS, Operator, Where
from review.filters import SEARCH, SELECT, ListFilter
from review.forms.days import DayField
from workflows.core.searching import (
    Searchable,
    SearchKind,
    fold,
    read_moment,
    read_number,
)
from workflows.core.states import InstanceState

MOST_WHERES: Final = 5
LABELS: Final = {
    Operator.IS: "is",
    Operator.ABOVE: "is above",
    Operator.BELOW: "is below",
    Operator.BETWEEN: "is from … to …",
    Operator.BEGINS: "begins with",
}
_STATES: Final = [
    (word.value, "Running" if word is InstanceState.ACTIVE else word.capitalize())
    for word in InstanceState
]
_ANY: Final = ("", "Any")
_YES_NO: Final = (_ANY, ("yes", "Yes"), ("no", "No"))
_SHORT: Final = {"class": "input is-short"}
_MAIN: Final = frozenset({"q", "state", "definition", "version"})
_DAYS: Final = ("since", "until", "ended_since", "ended_until")
_YES: Final = frozenset({"yes", "true", "1"})
_NO: Final = frozenset({"no", "false", "0"})


def _choice(label: str, options: Sequence[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=options, widget=forms.Select(attrs=SELECT)
    )


def _day(label: str) -> DayField:
    return DayField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={**_SHORT, "type": "date"}, format="%Y-%m-%d"),
    )


class InstanceFilter(ListFilter):
    """Which instances are listed; `until` and `ended_until` are whole days too."""

    q = forms.CharField(
        label="Case, id or message key",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={**SEARCH, "placeholder": "The whole key"}),
    )
    state = _choice("State", [_ANY, *_STATES])
    definition = forms.CharField(
        label="Process",
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={**_SHORT, "placeholder": "Key", "list": "processes"}
        ),
    )
    version = forms.CharField(
        label="Version",
        required=False,
        max_length=50,
        widget=forms.TextInput(attrs={**_SHORT, "size": 8}),
    )
    node = forms.CharField(
        label="Stands at",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={**_SHORT, "placeholder": "Step's id"}),
    )
    incident = _choice("Incident", _YES_NO)
    late = _choice("Overdue", _YES_NO)
    since = _day("Started from")
    until = _day("Started to")
    ended_since = _day("Ended from")
    ended_until = _day("Ended to")

    def __init__(self, data: QueryDict, *, zone: dt.tzinfo) -> None:
        """Read the address; days are those of a time zone."""
        super().__init__(data)
        self._zone = zone

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """Return what most people narrow by."""
        return [field for field in self.visible_fields() if field.name in _MAIN]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """Return the rest, which is folded away until it is used."""
        return [field for field in self.visible_fields() if field.name not in _MAIN]

    @property
    def asks_more(self) -> bool:
        """Tell whether anything that is folded away is filled in."""
        return any(self.data.get(field.name) for field in self.more_fields)

    def given(self) -> dict[str, Any]:
        """Return the understood values, days as the moments where they begin."""
        found = super().given()
        for name in _DAYS:
            if name in found:
                day = found[name] + dt.timedelta(days=name.endswith("until"))
                found[name] = dt.datetime.combine(day, dt.time.min, self._zone)
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One condition on a variable as it is shown again, with what is wrong with it."""

    variables: Sequence[Mapping[str, object]]
    operators: Sequence[Mapping[str, object]]
    value: str = ""
    upto: str = ""
    error: str = ""


def read_lines(
    query: QueryDict, declared: Sequence[Searchable]
) -> tuple[list[Where], list[Line]]:
    """Return the conditions of an address and the lines of its form, one of them free.

    They stand in `var`, `op`, `value` and `upto`, each as often as there are lines. A
    condition that is not understood is no condition; its line says why.
    """
    known = {one.name: one for one in declared}
    columns = [query.getlist(name) for name in ("var", "op", "value", "upto")]
    count = min(MOST_WHERES, max(map(len, columns), default=0))
    wheres: list[Where] = []
    lines: list[Line] = []
    for row in range(count):
        name, sign, value, upto = (
            column[row].strip() if row < len(column) else "" for column in columns
        )
        if not name:
            continue
        error = ""
        try:
            wheres.append(_read(known, name, sign, value=value, upto=upto))
        except ValueError as found:
            error = str(found)
        lines.append(_line(declared, name, sign, value=value, upto=upto, error=error))
    if len(lines) < MOST_WHERES:
        lines.append(_line(declared, "", ""))
    return wheres, lines


def _line(
    declared: Sequence[Searchable],
    name: str,
    sign: str,
    *,
    value: str = "",
    upto: str = "",
    error: str = "",
) -> Line:
    return Line(
        variables=[
            {
                "value": one.name,
                "label": f"{one.name} ({one.kind.value})",
                "is_chosen": one.name == name,
            }
            for one in declared
        ],
        operators=[
            {"value": one.value, "label": label, "is_chosen": one.value == sign}
            for one, label in LABELS.items()
        ],
        value=value,
        upto=upto,
        error=error,
    )


def _read(
    known: Mapping[str, Searchable], name: str, sign: str, *, value: str, upto: str
) -> Where:
    """Return one condition; raises ValueError with a sentence."""
    variable = known.get(name)
    if variable is None:
        raise ValueError(f"This process declares no variable {name!r} to search by.")
    kind = variable.kind
    allowed = OPERATORS[kind]
    if sign not in {one.value for one in allowed}:
        words = " or ".join(f"“{LABELS[one]}”" for one in allowed)
        raise ValueError(f"{name} is a {kind.value}: compare it by {words}.")
    operator = Operator(sign)
    read = _read_value(kind, value, name)
    if operator is not Operator.BETWEEN:
        return Where(variable, operator, read)
    last = _read_value(kind, upto, name)
    if isinstance(last, str):
        raise TypeError(last)
    return Where(variable, operator, read, last)


def _read_value(kind: SearchKind, text: str, name: str) -> str | Decimal | dt.datetime:
    found: str | Decimal | dt.datetime | None
    if kind is SearchKind.NUMBER:
        found, like = read_number(text.replace(",", "")), "a number such as 1500"
    elif kind is SearchKind.DATE:
        found, like = _read_day(text), "a day such as 2026-01-31"
    elif kind is SearchKind.FLAG:
        found, like = _read_flag(text), "yes or no"
    else:
        found, like = fold(text) or None, "a text"
    if found is None:
        raise ValueError(f"{name} is compared with {like}.")
    return found


def _read_day(text: str) -> dt.datetime | None:
    moment = read_moment(text[:10])
    return moment.astimezone(ZoneInfo("UTC")) if moment else None


def _read_flag(text: str) -> str | None:
    word = fold(text)
    if word in _YES:
        return "true"
    return "false" if word in _NO else None
