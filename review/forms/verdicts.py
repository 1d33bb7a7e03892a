"""What is done with a held task: judge it, hand it on, hold on to it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from django import forms

from review.core.states import Decision
from review.forms.corrections import Correction


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
