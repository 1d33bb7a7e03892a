"""Trying a decision: one field for each value it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from workflows.core.outline import Question, read_answer

MAX_ANSWER = 4000
YES_NO = [("", "not given"), ("true", "yes"), ("false", "no")]
LARGE = frozenset({"", "list", "context"})


class TryForm(forms.Form):
    """Fields by the questions of a decision; `inputs` holds the values by name.

    A field left empty gives no value.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        questions: Sequence[Question],
        given: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data, label_suffix="")
        self.questions = {f"in-{n}": one for n, one in enumerate(questions)}
        self.inputs: dict[str, object] = {}
        for name, question in self.questions.items():
            self.fields[name] = _field(question, name)
            self.fields[name].initial = (given or {}).get(question.name, "")

    def clean(self) -> dict[str, Any]:
        """Read each answer as the FEEL value it stands for."""
        for name, question in self.questions.items():
            text = str(self.cleaned_data.get(name) or "")
            if not text.strip():
                continue
            try:
                value = read_answer(question, text)
            except ValueError as error:
                self.add_error(name, str(error))
            else:
                _place(self.inputs, question.path, value)
        return self.cleaned_data

    @property
    def asks(self) -> list[dict[str, Any]]:
        """Return each field with the texts it suggests."""
        return [
            {
                "field": self[name],
                "list": f"{name}-list" if _suggests(question) else "",
                "examples": question.examples,
            }
            for name, question in self.questions.items()
        ]


def _field(question: Question, name: str) -> forms.Field:
    if question.type == "boolean":
        return forms.ChoiceField(
            label=question.name,
            required=False,
            choices=YES_NO,
            widget=forms.Select(attrs={"class": "input"}),
        )
    attributes = {"class": "input", "autocomplete": "off", "spellcheck": "false"}
    if _suggests(question):
        attributes["list"] = f"{name}-list"
    if question.type == "number":
        attributes["inputmode"] = "decimal"
    is_large = question.type in LARGE and not question.examples
    widget = (
        forms.Textarea(attrs={**attributes, "rows": "2"})
        if is_large
        else forms.TextInput(attrs=attributes)
    )
    return forms.CharField(
        label=question.name,
        required=False,
        max_length=MAX_ANSWER,
        help_text=_help(question),
        widget=widget,
    )


def _suggests(question: Question) -> bool:
    return bool(question.examples) and question.type != "boolean"


def _help(question: Question) -> str:
    kind = question.type or "any FEEL value"
    example = f", such as {question.examples[0]}" if question.examples else ""
    if not question.type and not question.examples:
        example = ', such as {status: "OPEN", days: 3}'
    return f"{kind}{example}"


def _place(inputs: dict[str, object], path: Sequence[str], value: object) -> None:
    for name in path[:-1]:
        inner = inputs.setdefault(name, {})
        assert isinstance(inner, dict)
        inputs = inner
    inputs[path[-1]] = value
