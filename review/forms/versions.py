"""Acts on versions of definitions: retire one, take its instances to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from review.forms.acts import ReasonForm


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One node to map: its id, what it is called, and what it may become."""

    node_id: str
    label: str
    live: int
    choices: Sequence[tuple[str, str]]
    suggested: str


class RetireForm(forms.Form):
    """When a version is retired."""

    when = forms.ChoiceField(
        label="When",
        choices=[
            ("idle", "When its last instance has ended"),
            ("now", "At once"),
        ],
        initial="idle",
        widget=forms.Select(attrs={"class": "input"}),
    )


class MappingForm(ReasonForm):
    """Which node stands for which, and why; a dry run needs no reason."""

    def __init__(
        self, *args: Any, rows: Sequence[MappingRow], needs_reason: bool, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.rows = rows
        self.fields["reason"].required = needs_reason
        for row in rows:
            self.fields[f"node:{row.node_id}"] = forms.ChoiceField(
                label=row.label,
                choices=[("", "no counterpart"), *row.choices],
                required=False,
                initial=row.suggested,
                widget=forms.Select(attrs={"class": "input"}),
            )
        self.order_fields([name for name in self.fields if name != "reason"])

    def nodes(self) -> dict[str, str]:
        """Return the chosen counterparts; a node without one stands for itself."""
        given = {
            row.node_id: self.cleaned_data[f"node:{row.node_id}"] for row in self.rows
        }
        return {old: new for old, new in given.items() if new}
