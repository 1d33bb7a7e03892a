"""Acts that need a reason, and values written as JSON."""

import json
from decimal import Decimal
from typing import Any

from django import forms


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
        except RecursionError as error:
            raise forms.ValidationError("This is nested too deep.") from error
        if not isinstance(values, dict):
            raise forms.ValidationError('Write an object, like {"amount": 120}.')
        return values


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON number")
