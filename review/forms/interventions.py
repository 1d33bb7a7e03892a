"""Forms of acts on instances: one for each act, and those of proposals and bulk acts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from review.core.interventions import Act
from review.forms.acts import JsonForm, ReasonForm
from workflows.core.canonical import digest
from workflows.core.states import InstanceState

_JSON: Final = {"class": "input mono", "spellcheck": "false"}
_SHORT: Final = {"class": "input is-short"}


class ActForm(ReasonForm):
    """An act that brings a reason; `seen` is the standing of what the person saw."""

    seen = forms.IntegerField(widget=forms.HiddenInput)

    def read_arguments(self) -> dict[str, Any]:
        """Return the act's arguments; call it on a valid form."""
        return {}


class RetryForm(ActForm):
    """Which incident is tried again."""

    incident = forms.IntegerField(widget=forms.HiddenInput)

    def read_arguments(self) -> dict[str, Any]:
        """Return the incident."""
        return {"incident": self.cleaned_data["incident"]}


class CancelForm(ActForm):
    """Whether what was done is taken back before the instance ends."""

    compensate = forms.BooleanField(
        label="Take back what was done first, last done first", required=False
    )

    field_order = ["compensate", "reason"]

    def read_arguments(self) -> dict[str, Any]:
        """Return whether to compensate; nothing where not, as for other callers."""
        return {"compensate": True} if self.cleaned_data["compensate"] else {}


class SkipForm(ActForm, JsonForm):
    """Which step is skipped, and the variables it would have brought."""

    step = forms.IntegerField(widget=forms.HiddenInput)
    fire = forms.BooleanField(
        label="Fire the join with what has arrived", required=False
    )

    field_order = ["fire", "values", "reason"]

    def __init__(self, *args: Any, is_join: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["values"].label = "Variables to set (a JSON object)"
        self.fields["values"].widget.attrs["rows"] = 4
        if is_join:
            self.fields["fire"].required = True
        else:
            del self.fields["fire"]

    def read_arguments(self) -> dict[str, Any]:
        """Return the step, the variables and whether a join fires."""
        return {
            "step": self.cleaned_data["step"],
            "variables": self.cleaned_data["values"],
            "fire": self.cleaned_data.get("fire", False),
        }


class MoveForm(ActForm):
    """Which step's token goes where."""

    step = forms.IntegerField(widget=forms.HiddenInput)
    to = forms.MultipleChoiceField(
        label="Move the token to",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one node to move the token to.",
            "invalid_choice": "The token cannot be moved to %(value)s.",
        },
    )

    field_order = ["to", "reason"]

    def __init__(
        self, *args: Any, targets: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["to"].choices = list(targets)  # type: ignore[attr-defined]

    def read_arguments(self) -> dict[str, Any]:
        """Return the step and its targets."""
        return {"step": self.cleaned_data["step"], "to": self.cleaned_data["to"]}


class EditForm(ActForm, JsonForm):
    """All variables as they shall be.

    `base` names what stood there when the page was made, by digest: only what differs
    from that is written, so an edit never takes back what others wrote meanwhile.
    """

    scope = forms.IntegerField(widget=forms.HiddenInput, required=False)
    base = forms.CharField(widget=forms.HiddenInput, max_length=200_000)

    field_order = ["values", "reason"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["values"].label = "Variables (a JSON object)"
        self.fields[
            "values"
        ].help_text = "Change values, add names, or delete a line to remove a variable."

    def clean_base(self) -> dict[str, str]:
        """Return digests by name."""
        try:
            base = json.loads(self.cleaned_data["base"])
        except (ValueError, RecursionError):
            base = None
        if not isinstance(base, dict):
            raise forms.ValidationError("This page is broken; open the form again.")
        return base

    def clean(self) -> dict[str, Any]:
        """Refuse an edit that changes nothing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "values" in cleaned and "base" in cleaned:
            given = self.read_arguments()
            if not given["set"] and not given["remove"]:
                self.add_error("values", "Nothing differs from what stood there.")
        return cleaned

    def read_arguments(self) -> dict[str, Any]:
        """Return what is set and what is removed."""
        values, base = self.cleaned_data["values"], self.cleaned_data["base"]
        return {
            "set": {
                name: value
                for name, value in values.items()
                if base.get(name) != name_value(value)
            },
            "remove": sorted(set(base) - set(values)),
            "scope": self.cleaned_data["scope"],
        }


def name_value(value: object) -> str:
    """Return what stands for a value in `base`."""
    return digest(value)[:16]


def write_base(values: Mapping[str, Any]) -> str:
    """Return the `base` of a page that shows these variables."""
    return json.dumps({name: name_value(value) for name, value in values.items()})


class ApproveForm(forms.Form):
    """Approving needs no reason; one that is given is kept."""

    reason = forms.CharField(
        label="Remark",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
    )


class ChoiceForm(forms.Form):
    """Which instances a bulk act is for, and which act."""

    op = forms.ChoiceField(label="Act", widget=forms.Select(attrs=_SHORT))
    definition = forms.CharField(
        label="Process",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={**_SHORT, "placeholder": "Key"}),
    )
    version = forms.CharField(
        label="Version",
        required=False,
        max_length=50,
        widget=forms.TextInput(attrs={**_SHORT, "size": 8}),
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "Any"),
            (InstanceState.ACTIVE.value, "Running"),
            (InstanceState.SUSPENDED.value, "Suspended"),
        ],
        widget=forms.Select(attrs=_SHORT),
    )
    node = forms.CharField(
        label="Waits at",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={**_SHORT, "placeholder": "Node id"}),
    )
    code = forms.CharField(
        label="Incident code",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs=_SHORT),
    )

    def __init__(
        self, *args: Any, acts: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["op"].choices = list(acts)  # type: ignore[attr-defined]


class BulkForm(ReasonForm):
    """The instances chosen from the preview, and why."""

    op = forms.CharField(widget=forms.HiddenInput)
    node = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)
    code = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)
    to = forms.CharField(
        label="Move the tokens to",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "input", "placeholder": "Node id"}),
    )

    field_order = ["to", "reason"]

    def __init__(self, *args: Any, act: Act, **options: Any) -> None:
        super().__init__(*args, **options)
        if act is Act.MOVE:
            self.fields["to"].required = True
        else:
            del self.fields["to"]
