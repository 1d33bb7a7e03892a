"""Lend one's rights, break the glass, and review who did."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from review.forms.days import DayField

_DATE: Final = {"class": "input is-short", "type": "date"}
_WORDS: Final = {"class": "input", "rows": 2}
HOURS: Final = ((1, "1 hour"), (2, "2 hours"), (4, "4 hours"), (8, "8 hours"))


class DelegateForm(forms.Form):
    """To whom, for which queue, how far and how long; days are whole ones."""

    taker = forms.TypedChoiceField(
        label="Who stands in for you",
        coerce=int,
        widget=forms.Select(attrs={"class": "input"}),
        error_messages={"invalid_choice": "Choose somebody of the list."},
    )
    queue = forms.TypedChoiceField(
        label="For which queue",
        coerce=int,
        required=False,
        empty_value=None,
        widget=forms.Select(attrs={"class": "input"}),
    )
    amount = forms.DecimalField(
        label="Up to which amount",
        required=False,
        max_digits=24,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"class": "input is-short", "step": "any"}),
        help_text="Cases above it are not for your stand-in. Empty: any amount.",
    )
    starts_on = DayField(
        label="From", required=False, widget=forms.DateInput(attrs=_DATE)
    )
    ends_on = DayField(
        label="Until, that day included",
        widget=forms.DateInput(attrs=_DATE),
        error_messages={"required": "Say when it ends; nothing is lent for good."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=2000,
        widget=forms.Textarea(attrs=_WORDS),
        error_messages={"required": "Say why; it is kept with the delegation."},
    )

    def __init__(
        self,
        *args: Any,
        persons: Sequence[tuple[int, str]],
        queues: Sequence[tuple[int, str]],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.fields["taker"].choices = [("", "Choose…"), *persons]  # type: ignore[attr-defined]
        self.fields["queue"].choices = [("", "All that I review"), *queues]  # type: ignore[attr-defined]


class BreakGlassForm(forms.Form):
    """Which queue, how long, and what the emergency is."""

    queue = forms.TypedChoiceField(
        label="Queue", coerce=int, widget=forms.Select(attrs={"class": "input"})
    )
    hours = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        choices=HOURS,
        initial=1,
        widget=forms.Select(attrs={"class": "input is-short"}),
    )
    reason = forms.CharField(
        label="What the emergency is",
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
        help_text="A sentence that another person can judge afterwards.",
        error_messages={"required": "Say what the emergency is."},
    )

    def __init__(
        self, *args: Any, queues: Sequence[tuple[int, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["queue"].choices = list(queues)  # type: ignore[attr-defined]

    @property
    def lasting(self) -> dt.timedelta:
        """Return for how long the right is taken; of a valid form."""
        return dt.timedelta(hours=self.cleaned_data["hours"])


class EmergencyReviewForm(forms.Form):
    """Whether it was an emergency, in one's own words."""

    verdict = forms.ChoiceField(
        label="Was it an emergency?",
        choices=(("yes", "Justified"), ("no", "Not justified")),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether it was justified."},
    )
    note = forms.CharField(
        label="What you looked at, and why you judge so",
        max_length=2000,
        widget=forms.Textarea(attrs=_WORDS),
        error_messages={"required": "Say what you looked at; it is kept."},
    )
