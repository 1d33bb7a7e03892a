"""Acts on many tasks: to whom, to which class, where to, and why."""

from collections.abc import Sequence
from typing import Any

from django import forms

from review.core.states import PriorityClass


class ActForm(forms.Form):
    """What every act on other people's work says: why."""

    reason = forms.CharField(
        label="Why",
        max_length=2000,
        help_text="Kept with each of the tasks.",
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
    )


class AssignForm(ActForm):
    """To whom the tasks go; nobody means that they are free again."""

    to = forms.TypedChoiceField(
        label="To",
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
    )
    field_order = ("to", "reason")

    def __init__(
        self, *args: Any, reviewers: Sequence[tuple[int, str]] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["to"].choices = [("", "Nobody: free again"), *reviewers]  # type: ignore[attr-defined]


class RankForm(ActForm):
    """The class that the tasks get."""

    to = forms.ChoiceField(
        label="Class",
        choices=[(word.value, word.value) for word in PriorityClass],
        widget=forms.Select(attrs={"class": "input"}),
    )
    field_order = ("to", "reason")


class MoveForm(ActForm):
    """The queue that the tasks go to."""

    to = forms.ChoiceField(label="Queue", widget=forms.Select(attrs={"class": "input"}))
    field_order = ("to", "reason")

    def __init__(
        self, *args: Any, queues: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["to"].choices = list(queues)  # type: ignore[attr-defined]


class BatchForm(forms.Form):
    """What hands a batch in: how many, and why where a reason is needed."""

    reason_code = forms.ChoiceField(
        label="Reason",
        required=False,
        widget=forms.Select(attrs={"class": "input", "data-key-options": True}),
    )
    rationale = forms.CharField(
        label="Rationale",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )
    typed = forms.CharField(
        label="Number of tasks",
        max_length=4,
        widget=forms.TextInput(
            attrs={"class": "input is-short", "inputmode": "numeric", "size": 4}
        ),
    )

    def __init__(
        self, *args: Any, reasons: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["reason_code"].choices = [("", "None"), *reasons]  # type: ignore[attr-defined]
