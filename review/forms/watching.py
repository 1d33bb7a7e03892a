"""Alerts on figures, and silences: what a person types."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms

from review.core.figures.alerting import Bounds, Comparison
from review.core.figures.figures import BY_KEY, FIGURES

HOURS: Final = (
    (1, "1 hour"),
    (4, "4 hours"),
    (24, "1 day"),
    (168, "7 days"),
    (720, "30 days"),
)
PERIODS: Final = (
    (3600, "1 hour"),
    (4 * 3600, "4 hours"),
    (86400, "24 hours"),
    (7 * 86400, "7 days"),
    (28 * 86400, "28 days"),
)
WAITS: Final = (
    (0, "at once"),
    (300, "5 minutes"),
    (900, "15 minutes"),
    (3600, "1 hour"),
    (14400, "4 hours"),
    (86400, "1 day"),
)
_INPUT: Final = {"class": "input"}
_SHORT: Final = {"class": "input is-short"}
_FACTORS: Final = {
    "share": Decimal(100),
    "seconds": 1 / Decimal(3600),
    "count": Decimal(1),
}
UNITS: Final = {"share": "%", "seconds": "hours", "count": "tasks"}


class SilenceForm(forms.Form):
    """For how long nobody is told, and why."""

    hours = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        choices=HOURS,
        initial=4,
        widget=forms.Select(attrs=_SHORT),
    )
    reason = forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
        error_messages={"required": "Say why; it is kept with the silence."},
    )

    @property
    def lasting(self) -> dt.timedelta:
        """Return for how long; of a valid form."""
        return dt.timedelta(hours=self.cleaned_data["hours"])


class AlertForm(forms.Form):
    """A figure, whose work, and its bounds in the figure's own unit."""

    name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs=_INPUT)
    )
    figure = forms.ChoiceField(
        label="Figure",
        choices=[(one.key, f"{one.title} ({UNITS[one.unit]})") for one in FIGURES],
        widget=forms.Select(attrs=_INPUT),
    )
    queue = forms.TypedChoiceField(
        label="Queue",
        coerce=int,
        required=False,
        empty_value=None,
        widget=forms.Select(attrs=_INPUT),
        help_text="Its chat rooms and receivers hear it too.",
    )
    task_class = forms.ChoiceField(
        label="Class",
        required=False,
        choices=[("", "all"), ("A", "A"), ("B", "B"), ("C", "C")],
        widget=forms.Select(attrs=_SHORT),
    )
    definition = forms.ChoiceField(
        label="Process", required=False, choices=[], widget=forms.Select(attrs=_INPUT)
    )
    step = forms.CharField(
        label="Step",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={**_SHORT, "placeholder": "its id", "list": "alert-steps"}
        ),
    )
    comparison = forms.ChoiceField(
        label="Alert when it is",
        choices=[("ABOVE", "above"), ("BELOW", "below")],
        widget=forms.Select(attrs=_SHORT),
    )
    threshold = forms.DecimalField(
        label="this",
        max_digits=15,
        decimal_places=3,
        widget=forms.NumberInput(attrs={**_SHORT, "step": "any"}),
        help_text="In the figure's unit: per cent, hours or tasks.",
    )
    clear = forms.DecimalField(
        label="Over when it is back at",
        max_digits=15,
        decimal_places=3,
        widget=forms.NumberInput(attrs={**_SHORT, "step": "any"}),
        help_text="On the good side of the threshold, so that it does not flutter.",
    )
    lasting = forms.TypedChoiceField(
        label="After",
        coerce=int,
        choices=WAITS,
        widget=forms.Select(attrs=_SHORT),
        help_text="It must be out of bounds for so long without a break.",
    )
    period = forms.TypedChoiceField(
        label="Read over the last",
        coerce=int,
        choices=PERIODS,
        initial=86400,
        widget=forms.Select(attrs=_SHORT),
        help_text="For figures of a period; others are read as of now.",
    )
    note = forms.CharField(
        label="What to do",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
        help_text="Told with the alert.",
    )

    receiver = forms.ChoiceField(
        label="Post its alerts also to",
        choices=[],
        required=False,
        widget=forms.Select(attrs=_INPUT),
    )
    webhook = forms.CharField(
        label="Address of the receiver",
        required=False,
        max_length=2000,
        widget=forms.URLInput(
            attrs={**_INPUT, "autocomplete": "off", "placeholder": "https://"}
        ),
        help_text="https, at a host that the settings allow. Only its host is shown.",
    )
    secret = forms.ChoiceField(
        label="Signed with",
        required=False,
        choices=[],
        widget=forms.Select(attrs=_SHORT),
        help_text="A secret of the settings, by its name.",
    )
    reason = forms.CharField(
        label="Why",
        min_length=5,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
        error_messages={
            "required": "Say why; the second person reads it, and it is kept.",
            "min_length": "Say why in at least a few words.",
        },
    )

    def __init__(
        self,
        *args: Any,
        queues: Sequence[tuple[int, str]],
        definitions: Sequence[tuple[str, str]] = (),
        secrets: Sequence[str] = (),
        host: str = "",
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        kept = [("keep", f"{host}, as it is")] if host else []
        new = "another address" if host else "an address"
        for name, choices in (
            ("queue", [("", "All queues"), *queues]),
            ("definition", [("", "all"), *definitions]),
            ("receiver", [("", "nobody else"), *kept, ("new", new)]),
            ("secret", [("", "not signed"), *((one, one) for one in secrets)]),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def show_only(self) -> None:
        """Show what stands, for somebody who may not change it."""
        for name in ("receiver", "webhook", "secret", "reason"):
            del self.fields[name]
        for field in self.fields.values():
            field.disabled = True

    def clean(self) -> dict[str, Any]:
        """Refuse a new receiver without an address."""
        given = super().clean() or self.cleaned_data
        if given.get("receiver") == "new" and not given.get("webhook"):
            self.add_error("webhook", "Write the address that alerts are posted to.")
        return given

    def read_webhook(self, standing: Mapping[str, str]) -> dict[str, str]:
        """Return where alerts are posted to besides, or nothing; of a valid form."""
        given = self.cleaned_data
        match given["receiver"]:
            case "new":
                return {"url": given["webhook"].strip(), "secret": given["secret"]}
            case "keep":
                return {"url": standing["url"], "secret": given["secret"]}
            case _:
                return {}

    @property
    def bounds(self) -> Bounds:
        """Return the bounds as figures are read: shares of 1, seconds; of a valid form."""
        given = self.cleaned_data
        factor = _FACTORS[BY_KEY[given["figure"]].unit]
        return Bounds(
            comparison=Comparison(given["comparison"]),
            threshold=to_stored(given["threshold"], factor),
            clear=to_stored(given["clear"], factor),
            lasting=dt.timedelta(seconds=given["lasting"]),
        )

    @property
    def window(self) -> dt.timedelta:
        """Return over which time the figure is read; of a valid form."""
        return dt.timedelta(seconds=self.cleaned_data["period"])

    @property
    def scope(self) -> dict[str, str]:
        """Return whose work it is about, as an address names it; of a valid form."""
        given = self.cleaned_data
        return {
            "class": given["task_class"],
            "definition": given["definition"].strip(),
            "step": given["step"].strip(),
        }


def to_stored(value: Decimal, factor: Decimal) -> Decimal:
    """Return a typed bound as it is stored."""
    return (value / factor).quantize(Decimal("0.000001"))


def to_typed(value: Decimal, unit: str) -> Decimal:
    """Return a stored bound in the unit that people type."""
    return (value * _FACTORS[unit]).quantize(Decimal("0.001")).normalize()
