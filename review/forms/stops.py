"""What shall be stopped, for how long, and why."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.http import QueryDict

from review.core.stops import StopKind, Target
from workflows.operations.errors import Invalid

HOURS: Final = (
    (1, "1 hour"),
    (4, "4 hours"),
    (24, "1 day"),
    (72, "3 days"),
    (168, "7 days"),
)
_WORDS: Final = {"class": "input", "rows": 3}


class StopForm(forms.Form):
    """For how long automatic decisions stop, and why."""

    hours = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        choices=HOURS,
        initial=24,
        widget=forms.Select(attrs={"class": "input is-short"}),
        help_text="It ends by itself then; it can be extended while it stands.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs=_WORDS),
        error_messages={"required": "Say why; it is kept and told."},
    )

    @property
    def lasting(self) -> dt.timedelta:
        """Return for how long; of a valid form."""
        return dt.timedelta(hours=self.cleaned_data["hours"])


class ProcessStopForm(StopForm):
    """A stop of a process: of what decides, or of every automatic step."""

    everything = forms.BooleanField(
        label="Hold every automatic step, not only what decides",
        required=False,
        help_text="Scripts, service and send tasks wait as well; people's work goes on.",
    )
    field_order = ("hours", "everything", "reason")


class WhyForm(forms.Form):
    """Why a stop shall be lifted, or stand."""

    reason = forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
        error_messages={"required": "Say why; it is kept."},
    )


class SearchForm(forms.Form):
    """Part of the name of a queue, a process, a handler or a model."""

    q = forms.CharField(
        label="Queue, process, handler or model",
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"class": "input", "type": "search", "autocomplete": "off"}
        ),
    )


def read_target(given: QueryDict) -> Target | None:
    """Return what an address says is to be stopped; None where it says nothing.

    Raises Invalid when somebody made it up.
    """
    word = given.get("kind", "")
    if not word:
        return None
    try:
        return Target(
            kind=StopKind(word),
            name=given.get("name", "")[:300],
            version=given.get("version", "")[:50],
            queue=given.get("queue", "")[:100],
            grid=_number(given.get("grid", "")),
            row=_number(given.get("row", "")),
        )
    except ValueError as error:
        raise Invalid("What this address would stop cannot be read.") from error


def write_target(target: Target) -> str:
    """Return a target as the query of an address."""
    query = QueryDict(mutable=True)
    words: dict[str, Any] = {
        "kind": target.kind.value,
        "name": target.name,
        "version": target.version,
        "queue": target.queue,
        "grid": target.grid,
        "row": target.row,
    }
    query.update({name: str(value) for name, value in words.items() if value})
    return query.urlencode()


def _number(text: str) -> int | None:
    if len(text) > 18:
        raise ValueError(text)
    return int(text) if text else None
