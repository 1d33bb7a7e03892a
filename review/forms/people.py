"""People: which are listed, what they get, and the moment of an access review."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from review.core.states import Role
from review.filters import SEARCH, SELECT, ListFilter
from review.forms.days import DayField
from review.operations.people.roles import BY_TWO

_SHORT: Final = {"class": "input is-short"}
_DATE: Final = {"class": "input is-short", "type": "date"}


def name_role(role: Role) -> str:
    """Return a role as pages write it."""
    return role.value.capitalize().replace("_", " ")


class PeopleFilter(ListFilter):
    """Which people are listed; a team is the region and the skill that lanes ask for."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={**SEARCH, "placeholder": "Name or account"}),
    )
    role = forms.ChoiceField(
        label="Role",
        required=False,
        choices=[("", "Any"), *((role.value, name_role(role)) for role in Role)],
        widget=forms.Select(attrs=SELECT),
    )
    queue = forms.ChoiceField(
        label="Queue", required=False, widget=forms.Select(attrs=SELECT)
    )
    team = forms.ChoiceField(
        label="Team", required=False, widget=forms.Select(attrs=SELECT)
    )
    now = forms.ChoiceField(
        label="Now",
        required=False,
        choices=[("", "Any"), ("away", "Away"), ("closed", "Closed")],
        widget=forms.Select(attrs=SELECT),
    )

    def __init__(
        self,
        *args: Any,
        queues: Sequence[tuple[str, str]],
        teams: Sequence[str],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        words = [(team, team.strip("/").replace("/", " · ")) for team in teams]
        for name, choices in (("queue", queues), ("team", words)):
            self.fields[name].choices = [("", "Any"), *choices]  # type: ignore[attr-defined]


class GrantForm(forms.Form):
    """A role to give or to propose; a reviewer's and a manager's may be for one queue."""

    role = forms.ChoiceField(
        label="Role",
        choices=[(role.value, name_role(role)) for role in Role],
        widget=forms.Select(attrs=_SHORT),
    )
    queue = forms.ChoiceField(
        label="Queue", required=False, widget=forms.Select(attrs=_SHORT)
    )

    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "input"}),
        help_text="For every role but a reviewer's: another person approves it.",
    )

    def __init__(
        self, *args: Any, queues: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["queue"].choices = [("", "All"), *queues]  # type: ignore[attr-defined]

    @property
    def takes_two(self) -> bool:
        """Tell whether the role of a valid form takes a second person."""
        return Role(self.cleaned_data["role"]) in BY_TWO

    def clean(self) -> dict[str, Any]:
        """Ask for a reason where a second person has to judge it."""
        given = super().clean() or self.cleaned_data
        if given.get("role") and self.takes_two and not given.get("reason", "").strip():
            self.add_error(
                "reason", "Say why; the second person reads it, and it is kept."
            )
        return given


class LimitForm(forms.Form):
    """Up to which amount somebody's approval counts."""

    amount = forms.DecimalField(
        label="Approves up to",
        min_value=0,
        max_digits=30,
        decimal_places=6,
        widget=forms.NumberInput(attrs=_SHORT),
    )
    queue = forms.ChoiceField(
        label="Queue", required=False, widget=forms.Select(attrs=_SHORT)
    )

    def __init__(
        self, *args: Any, queues: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["queue"].choices = [("", "All"), *queues]  # type: ignore[attr-defined]


class AccessForm(forms.Form):
    """As of which day, and as what file."""

    day = DayField(
        label="As of the end of",
        required=False,
        widget=forms.DateInput(attrs=_DATE),
        help_text="Empty: as of now.",
    )
    format = forms.ChoiceField(
        label="File",
        choices=[("csv", "CSV"), ("xlsx", "XLSX")],
        widget=forms.Select(attrs=_SHORT),
    )

    def read_moment(self, zone: dt.tzinfo, *, now: dt.datetime) -> dt.datetime:
        """Return the end of the day in the viewer's zone, at most now."""
        day = self.cleaned_data["day"]
        if day is None:
            return now
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0), zone)
        return min(end.astimezone(dt.UTC), now)
