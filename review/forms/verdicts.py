"""What is done with a held task: judge it, pass it on, or hold on to it."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from django import forms

from review.core.states import VOTES, Decision
from review.forms.corrections import Correction

LONGEST_WORDS: Final = 10_000
MOST_SOURCES: Final = 200


def words(label: str, *, rows: int = 2, required: bool = True) -> forms.CharField:
    """Return a field for a few sentences."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": rows}),
    )


class LeaseForm(forms.Form):
    """What every act on a held task carries: the token of the lease it acts under."""

    token = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class ReasonForm(LeaseForm):
    """An act that says why."""

    reason = words("Why", required=False)


class HandOverForm(LeaseForm):
    """Giving a held task to a named colleague."""

    to_person = forms.TypedChoiceField(
        label="To", coerce=int, widget=forms.Select(attrs={"class": "input"})
    )
    reason = words("What they should know")

    def __init__(
        self, *args: Any, colleagues: Sequence[tuple[int, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_person"].choices = colleagues  # type: ignore[attr-defined]


class CommentForm(forms.Form):
    """A comment at a task; nobody needs to hold it for that."""

    text = words("Comment", rows=3)


class VerdictForm(LeaseForm):
    """One person's judgement, or why there is none; `corrections` become a field each.

    `rationale` is what is asked of somebody, where information is requested. A reason
    chosen without a decision stands for the decision it belongs to, so that to
    disagree takes no more steps than to agree.
    """

    payload_digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    view_digest = forms.CharField(
        widget=forms.HiddenInput, required=False, max_length=64
    )
    sources_opened = forms.CharField(
        widget=forms.HiddenInput, required=False, max_length=20_000
    )
    decision = forms.ChoiceField(
        required=False, choices=[(word.value, word.value) for word in Decision]
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
        max_length=LONGEST_WORDS,
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
    )
    asked_of = forms.CharField(
        label="Whom you ask",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    to_queue = forms.ChoiceField(
        label="To the queue",
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
    )
    password = forms.CharField(
        label="Your password, as your signature",
        required=False,
        strip=False,
        widget=forms.PasswordInput(
            attrs={"class": "input", "autocomplete": "current-password"}
        ),
    )

    def __init__(
        self,
        *args: Any,
        reasons: Sequence[tuple[str, object]],
        reason_decisions: Mapping[str, str],
        queues: Sequence[tuple[str, str]] = (),
        corrections: Sequence[Correction] = (),
        hidden: Collection[str] = (),
        is_signed: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason_code"].choices = reasons  # type: ignore[attr-defined]
        self.fields["to_queue"].choices = [("", "where this queue escalates"), *queues]  # type: ignore[attr-defined]
        self._reason_decisions = reason_decisions
        self._hidden = frozenset(hidden)
        self._is_signed = is_signed
        self._corrections = {f"edit-{each.pointer}": each for each in corrections}
        for name, each in self._corrections.items():
            self.fields[name] = _correction_field(each)

    @property
    def edit_fields(self) -> list[forms.BoundField]:
        """Return the fields in which values can be corrected."""
        return [self[name] for name in self._corrections]

    @property
    def wanted(self) -> Decision:
        """Return the decision of a valid form."""
        return Decision(self.cleaned_data["decision"])

    @property
    def opened(self) -> list[str]:
        """Return the keys of the sources that were opened, each once."""
        given = self.cleaned_data.get("sources_opened") or ""
        keys = [each for each in given.split("\n") if each]
        return list(dict.fromkeys(keys))[:MOST_SOURCES]

    def clean(self) -> dict[str, Any]:
        """Find the decision, and read the corrections with the type each value has."""
        cleaned = super().clean() or {}
        if not cleaned.get("decision") and "decision" not in self.errors:
            cleaned["decision"] = self._reason_decisions.get(
                cleaned.get("reason_code", ""), ""
            )
        decision = cleaned.get("decision", "")
        if not decision and "decision" not in self.errors:
            self.add_error("decision", "Choose what you decide, or a reason for it.")
        if decision in self._hidden:
            self.add_error("decision", "This queue does not offer that decision.")
        if decision == Decision.EDIT_AND_APPROVE.value:
            self._read_corrections(cleaned)
        if decision == Decision.REQUEST_INFORMATION.value and not cleaned.get(
            "rationale"
        ):
            self.add_error("rationale", "Write what you need to know.")
        if (
            decision in {Decision.ESCALATE.value, Decision.ABSTAIN.value}
            and not cleaned.get("rationale")
            and not cleaned.get("reason_code")
        ):
            self.add_error("rationale", "Say why somebody else must look at this.")
        if self._is_signed and decision in VOTES and not cleaned.get("password"):
            self.add_error(
                "password", "Sign with your password; it is asked each time."
            )
        return cleaned

    def _read_corrections(self, cleaned: Mapping[str, Any]) -> None:
        for name, each in self._corrections.items():
            text = cleaned.get(name, each.text)
            if text == each.text or name not in self.data:
                continue
            try:
                self.corrections[each.pointer] = each.read(text)
            except ValueError as error:
                self.add_error(name, str(error))
        if not self.corrections and not self.errors:
            self.add_error(None, "Edit and approve needs at least one changed value.")

    @functools.cached_property
    def corrections(self) -> dict[str, object]:
        """Return the changed values by pointer, filled while the form is cleaned."""
        return {}


def _correction_field(each: Correction) -> forms.Field:
    """Return a field that suits the type the form's schema gives a value."""
    options = each.options
    if options:
        return forms.ChoiceField(
            label=each.label,
            required=False,
            initial=each.text,
            choices=[
                *([("", "")] if not each.text else []),
                *((option, option) for option in options),
            ],
            widget=forms.Select(attrs={"class": "input", "autocomplete": "off"}),
        )
    attrs = {"class": "input", "autocomplete": "off"}
    if each.is_number:
        attrs["inputmode"] = "decimal"
    widget: forms.Widget = forms.TextInput(attrs=attrs)
    if each.input_type != "text":
        widget = forms.TextInput(attrs={**attrs, "type": each.input_type})
    elif len(each.text) > 60:
        widget = forms.Textarea(attrs={**attrs, "rows": 3})
    return forms.CharField(
        label=each.label,
        required=False,
        initial=each.text,
        max_length=20_000,
        strip=False,
        widget=widget,
    )
