"""Erase a person's data, place and lift holds, say how long content is kept."""

from typing import Any, Final

from django import forms

from review.core.evidence.erasing import HoldKind
from review.forms.days import DayField

_WORDS: Final = {"class": "input", "rows": 2}
_DATE: Final = {"class": "input is-short", "type": "date"}
_TEXT: Final = {"class": "input", "autocomplete": "off"}
_REASON: Final = (
    "Stays in the log for ever: name a request or a matter, not the person."
)


def _reason(label: str = "Reason") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=2000,
        help_text=_REASON,
        widget=forms.Textarea(attrs=_WORDS),
        error_messages={"required": "Give a reason; it is kept in the audit trail."},
    )


def _day(label: str) -> DayField:
    return DayField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs=_DATE),
    )


class PersonForm(forms.Form):
    """Whose data."""

    subject = forms.CharField(
        label="Whose data",
        max_length=300,
        help_text=(
            "As the cases name the person: the value of the variable that the process"
            " gives as cs:subject."
        ),
        widget=forms.TextInput(attrs=_TEXT),
        error_messages={"required": "Say whose data."},
    )


class ProposeForm(forms.Form):
    """Why what was found is to be erased."""

    subject = forms.CharField(max_length=300, widget=forms.HiddenInput)
    reason = _reason()


class HoldForm(forms.Form):
    """What is to be kept; which fields count depends on the kind."""

    kind = forms.ChoiceField(
        label="What is held",
        choices=(
            (HoldKind.CASE.value, "One case"),
            (HoldKind.SUBJECT.value, "All cases about a person"),
            (HoldKind.RANGE.value, "Cases of a process that started in a range"),
        ),
        widget=forms.Select(attrs={"class": "input"}),
    )
    case = forms.UUIDField(
        label="Case",
        required=False,
        help_text="The id in the address of its page.",
        widget=forms.TextInput(attrs=_TEXT),
        error_messages={"invalid": "That is no id of a case."},
    )
    subject = forms.CharField(
        label="Person",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs=_TEXT),
    )
    definition = forms.ChoiceField(
        label="Process", required=False, widget=forms.Select(attrs={"class": "input"})
    )
    since = _day("Started from")
    until = _day("Started before")
    reason = _reason()

    def __init__(self, *args: Any, definitions: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["definition"].choices = [  # type: ignore[attr-defined]
            ("", "Every process"),
            *((key, key) for key in definitions),
        ]


class ReasonForm(forms.Form):
    """Why a hold is lifted, or a proposal declined."""

    reason = _reason()


class RetentionForm(forms.Form):
    """How long after its end a process's content is kept."""

    definition = forms.ChoiceField(
        label="Process", widget=forms.Select(attrs={"class": "input"})
    )
    days = forms.IntegerField(
        label="Days after the end",
        required=False,
        min_value=1,
        max_value=36_525,
        help_text="Empty: for ever.",
        widget=forms.NumberInput(attrs={"class": "input is-short"}),
    )
    reason = _reason()

    def __init__(self, *args: Any, definitions: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["definition"].choices = [  # type: ignore[attr-defined]
            (key, key) for key in definitions
        ]
