"""Whose figures, of which time: the filters of the dashboard as a form of the address."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from review.core.states import PriorityClass
from review.filters import SELECT, ListFilter
from review.forms.days import DayField

PRESETS: Final = {
    "today": "Today",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "month": "This month",
    "custom": "From … to …",
}
USUAL: Final = "30"
LONGEST: Final = dt.timedelta(days=731)
_DATE: Final = {"class": "input is-short", "type": "date"}

Choices = Sequence[tuple[str, str]]


class FigureFilter(ListFilter):
    """Queue, class, process, step, team, time; `compare` asks for the time before, too."""

    queue = forms.ChoiceField(label="Queue", required=False)
    definition = forms.ChoiceField(label="Process", required=False)
    step = forms.CharField(
        label="Step",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"class": "input is-short", "list": "figure-steps", "size": 12}
        ),
    )
    team = forms.ChoiceField(label="Team", required=False)
    period = forms.ChoiceField(
        label="Time",
        required=False,
        choices=list(PRESETS.items()),
        initial=USUAL,
        widget=forms.Select(attrs={**SELECT, "data-period": True}),
    )
    since = DayField(label="From", required=False, widget=forms.DateInput(attrs=_DATE))
    until = DayField(label="To", required=False, widget=forms.DateInput(attrs=_DATE))
    hours = forms.ChoiceField(
        label="Hours",
        required=False,
        choices=[("", "Wall clock"), ("business", "Business time")],
        widget=forms.Select(attrs=SELECT),
    )
    compare = forms.BooleanField(label="Compare with the time before", required=False)

    def __init__(
        self,
        *args: Any,
        queues: Choices = (),
        definitions: Choices = (),
        teams: Choices = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        # A field cannot be called "class" in Python, and an address should say so.
        self.fields["class"] = forms.ChoiceField(
            label="Class",
            required=False,
            choices=_any([(word.value, word.value) for word in PriorityClass]),
        )
        for name, choices in (
            ("queue", queues),
            ("definition", definitions),
            ("team", teams),
        ):
            self.fields[name].choices = _any(choices)  # type: ignore[attr-defined]
        for name in ("queue", "class", "definition", "team"):
            self.fields[name].widget.attrs |= SELECT
        self.order_fields([
            "queue", "class", "definition", "step", "team", "period", "since", "until",
            "hours", "compare",
        ])  # fmt: skip

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything but the time is filled in: then it can be cleared."""
        names = ("queue", "class", "definition", "step", "team", "hours", "compare")
        return any(self.data.get(name) for name in names)

    def clean(self) -> dict[str, Any]:
        """Ask for a time that begins before it ends and is not endless."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if given.get("period") != "custom" or {"since", "until"} & set(self.errors):
            return given
        if since is None:
            self.add_error("since", "Say where the time begins.")
        elif until is not None and until < since:
            self.add_error("until", "The time ends before it begins.")
        return given


def _any(words: Choices) -> list[tuple[str, str]]:
    return [("", "All"), *words]
