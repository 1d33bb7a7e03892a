"""Absences, and what a person takes: regions, skills, limit and hours."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from review.forms.days import MomentField

_MOMENT: Final = {"class": "input is-short", "type": "datetime-local"}
_SKILL: Final = re.compile(r"(?P<name>.+?)\s+(?P<level>[1-5])")


class AbsenceForm(forms.Form):
    """From when to when somebody is away, in the viewer's zone."""

    starts_at = MomentField(
        label="From",
        widget=forms.DateTimeInput(attrs=_MOMENT, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Say when it begins."},
    )
    ends_at = MomentField(
        label="Until",
        widget=forms.DateTimeInput(attrs=_MOMENT, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Say when it ends."},
    )
    reason = forms.CharField(
        label="Note",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "input"}),
        help_text="Your managers see it.",
    )

    def read_span(self, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
        """Return the span in UTC; what was typed is of the viewer's zone."""
        starts_at, ends_at = (
            self.cleaned_data[name].replace(tzinfo=zone).astimezone(dt.UTC)
            for name in ("starts_at", "ends_at")
        )
        return starts_at, ends_at


class StaffForm(forms.Form):
    """What a person takes; skills are written "fraud 3, law 1"."""

    regions = forms.CharField(
        label="Regions",
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "input"}),
        help_text="Separated by commas. Empty: work of all regions.",
    )
    skills = forms.CharField(
        label="Skills",
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs={"class": "input"}),
        help_text="Each with its level from 1 to 5, separated by commas: fraud 3, law 1.",
    )
    wip_limit = forms.IntegerField(
        label="Tasks held at once, in all queues",
        required=False,
        min_value=1,
        max_value=1000,
        widget=forms.NumberInput(attrs={"class": "input is-short"}),
        help_text="Empty: only the queues' own limits.",
    )
    calendar = forms.ChoiceField(
        label="Hours",
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
        help_text="Outside them nothing is given to this person.",
    )

    def __init__(
        self, *args: Any, calendars: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["calendar"].choices = [("", "Always"), *calendars]  # type: ignore[attr-defined]

    def clean_regions(self) -> list[str]:
        """Return the regions as a list without repetitions."""
        return _split(self.cleaned_data["regions"])

    def clean_skills(self) -> dict[str, int]:
        """Return the levels by skill; refuses one without its level."""
        found: dict[str, int] = {}
        for text in _split(self.cleaned_data["skills"]):
            match = _SKILL.fullmatch(text)
            if match is None:
                name = text.rstrip("0123456789.- ") or "fraud"
                raise forms.ValidationError(
                    f"“{text}” needs its level from 1 to 5 after it, such as “{name} 2”."
                )
            found[match["name"]] = int(match["level"])
        return found


def _split(text: str) -> list[str]:
    return list(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))
