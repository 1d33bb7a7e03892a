"""Filters of the lists, as forms read from the address. An unknown value is refused there."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from review.core.states import Control, PriorityClass

SELECT: Final = {"class": "input is-short"}
SEARCH: Final = {
    "class": "input",
    "type": "search",
    "data-key": "/",
    "aria-keyshortcuts": "/",
    "data-key-label": "Search",
}


class ListFilter(forms.Form):
    """A filter form; `given` is what of it was filled in and understood."""

    def given(self) -> dict[str, Any]:
        """Return the understood values by name; empty ones are left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything is filled in, understood or not: then it can be cleared."""
        return any(self.data.get(name) for name in self.fields)


def _any_or(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", "Any"), *words]


class QueueFilter(ListFilter):
    """What of one queue is listed; `places` are the regions and skills it asks for."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={**SEARCH, "placeholder": "Case, or words of the task"}
        ),
    )
    held = forms.ChoiceField(
        label="Held",
        required=False,
        choices=_any_or([
            ("free", "Free"),
            ("held", "Held"),
            ("mine", "By me"),
            ("pushed", "Given to me"),
            ("parked", "Waiting"),
            ("stranded", "No approver"),
        ]),
        widget=forms.Select(attrs=SELECT),
    )
    rank = forms.ChoiceField(
        label="Class",
        required=False,
        choices=_any_or([(word.value, word.value) for word in PriorityClass]),
        widget=forms.Select(attrs=SELECT),
    )
    control = forms.ChoiceField(
        label="Control",
        required=False,
        choices=_any_or([
            (Control.REVIEW.value, "Review"),
            (Control.DUAL.value, "Dual"),
        ]),
        widget=forms.Select(attrs=SELECT),
    )
    standing = forms.ChoiceField(
        label="SLA",
        required=False,
        choices=_any_or([
            ("breached", "Breached"),
            ("soon", "Due within 4 h"),
            ("today", "Due today"),
        ]),
        widget=forms.Select(attrs=SELECT),
    )
    place = forms.CharField(label="Asks for", required=False, max_length=60)

    def __init__(
        self, *args: Any, places: Sequence[Sequence[str]] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        words = [word for part in places for word in part]
        choices = _any_or([(word, word) for word in words])
        self.fields["place"].widget = (
            forms.Select(attrs=SELECT, choices=choices)
            if words
            else forms.HiddenInput()
        )


class IncidentFilter(ListFilter):
    """Which open incidents are listed, and how they are put together."""

    q = forms.CharField(
        label="Message",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={**SEARCH, "placeholder": "Words of it"}),
    )
    code = forms.CharField(
        label="Code",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"class": "input is-short"}),
    )
    handler = forms.CharField(
        label="Handler",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "input is-short"}),
    )
    definition = forms.CharField(
        label="Process",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"class": "input is-short", "placeholder": "Key"}),
    )
    by = forms.ChoiceField(
        label="Together by",
        required=False,
        choices=[("", "Error"), ("step", "Step")],
        widget=forms.Select(attrs=SELECT),
    )
