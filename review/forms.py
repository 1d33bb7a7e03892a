"""Forms of the screens: what people may send, and what is said when it will not do."""

from __future__ import annotations

import functools
import json
import zoneinfo
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from review.core.states import Decision
from review.models import Preference
from review.payloads import Correction

if TYPE_CHECKING:
    PreferenceModelForm = forms.ModelForm[Preference]
else:
    # Django's forms take type arguments in its stubs only.
    PreferenceModelForm = forms.ModelForm

THEMES: Final = [("auto", "As the system"), ("light", "Light"), ("dark", "Dark")]
DENSITIES: Final = [
    ("compact", "Compact"),
    ("standard", "Standard"),
    ("spacious", "Spacious"),
]


class SignInForm(AuthenticationForm):
    """User name and password; password managers and pasting work (WCAG 3.3.8)."""

    error_messages = {
        "invalid_login": "User name and password do not belong together. Try again.",
        "inactive": "This account has been closed. Ask your administrator.",
    }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["username"].widget.attrs |= {"class": "input", "autofocus": True}
        self.fields["password"].widget.attrs |= {"class": "input"}


class PreferenceForm(PreferenceModelForm):
    """How the person wants the screens."""

    zone = forms.ChoiceField(
        label="Time zone",
        help_text="Every time on the screens is shown in this zone.",
        choices=lambda: [
            (name, name) for name in sorted(zoneinfo.available_timezones())
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    theme = forms.ChoiceField(choices=THEMES, widget=forms.RadioSelect)
    density = forms.ChoiceField(choices=DENSITIES, widget=forms.RadioSelect)
    single_keys = forms.BooleanField(
        label="Single keys press the page's controls",
        help_text="Off: only keys with Ctrl work. Nothing needs a single key.",
        required=False,
    )

    class Meta:
        model = Preference
        fields = ["theme", "density", "single_keys", "zone"]


class ReasonForm(forms.Form):
    """An act that needs a reason and nothing else."""

    reason = forms.CharField(
        label="Reason",
        min_length=5,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
        error_messages={
            "required": "Say why; the reason is kept with the act.",
            "min_length": "Say why in at least a few words.",
        },
    )


class JsonForm(ReasonForm):
    """An act that brings a JSON object and needs a reason."""

    values = forms.CharField(
        label="Values (a JSON object)",
        max_length=200_000,
        widget=forms.Textarea(
            attrs={"class": "input mono", "rows": 10, "spellcheck": "false"}
        ),
    )

    field_order = ["values", "reason"]

    def clean_values(self) -> dict[str, Any]:
        """Return the object, its numbers as Decimal."""
        try:
            values = json.loads(
                self.cleaned_data["values"],
                parse_float=Decimal,
                parse_constant=_refuse_constant,
            )
        except ValueError as error:
            raise forms.ValidationError(f"This is not JSON: {error}.") from error
        if not isinstance(values, dict):
            raise forms.ValidationError('Write an object, like {"amount": 120}.')
        return values


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON number")


class LeaseForm(forms.Form):
    """What every act on a held task carries: the token of the lease it acts under."""

    token = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class EscalateForm(LeaseForm):
    """Handing a task to another queue."""

    to_queue = forms.ChoiceField(
        label="To", widget=forms.Select(attrs={"class": "input"})
    )
    reason = forms.CharField(
        label="Why somebody else",
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
    )

    def __init__(
        self, *args: Any, queues: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_queue"].choices = queues  # type: ignore[attr-defined]


class VerdictForm(LeaseForm):
    """One person's judgement; `fields` become one correction each.

    `corrections` gives the changed values by JSON Pointer.
    """

    payload_digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    decision = forms.ChoiceField(
        choices=[(word.value, word.value) for word in Decision],
        error_messages={"required": "Choose approve, reject or edit."},
    )
    reason_code = forms.ChoiceField(
        label="Reason",
        required=False,
        widget=forms.Select(
            attrs={"class": "input", "data-key-options": "", "autocomplete": "off"}
        ),
    )
    rationale = forms.CharField(
        label="Rationale",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(
            attrs={
                "class": "input",
                "rows": 4,
                "data-key": "c",
                "aria-keyshortcuts": "c",
                "data-key-label": "Rationale",
            }
        ),
    )

    def __init__(
        self,
        *args: Any,
        reasons: Sequence[tuple[str, object]],
        corrections: Sequence[Correction] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason_code"].choices = reasons  # type: ignore[attr-defined]
        self._corrections = {f"edit-{each.pointer}": each for each in corrections}
        for name, each in self._corrections.items():
            self.fields[name] = forms.CharField(
                label=each.label,
                required=False,
                initial=each.text,
                max_length=20_000,
                strip=False,
                widget=forms.TextInput(attrs={"class": "input"}),
            )

    @property
    def edit_fields(self) -> list[forms.BoundField]:
        """Return the fields in which values can be corrected."""
        return [self[name] for name in self._corrections]

    def clean(self) -> dict[str, Any]:
        """Read the corrections with the type each value has."""
        cleaned = super().clean() or {}
        if cleaned.get("decision") != Decision.EDIT_AND_APPROVE.value:
            return cleaned
        for name, each in self._corrections.items():
            text = cleaned.get(name, "")
            if text == each.text:
                continue
            try:
                self.corrections[each.pointer] = each.read(text)
            except ValueError as error:
                self.add_error(name, str(error))
        if not self.corrections and not self.errors:
            self.add_error(None, "Edit and approve needs at least one changed value.")
        return cleaned

    @functools.cached_property
    def corrections(self) -> dict[str, object]:
        """Return the changed values by pointer, filled while the form is cleaned."""
        return {}
