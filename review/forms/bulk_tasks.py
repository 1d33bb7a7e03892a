"""Acts on many tasks: to whom, to which class, where to, until when, and why."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from review.core.states import PriorityClass
from review.forms.days import MomentField

MORNING: Final = dt.time(9)


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


class SnoozeForm(ActForm):
    """Until when the tasks do not come to the person, by the clock of his zone."""

    to = forms.ChoiceField(
        label="Until",
        choices=[
            ("PT1H", "In one hour"),
            ("PT4H", "In four hours"),
            ("P1D", "Tomorrow at 9:00"),
            ("P3D", "In three days at 9:00"),
            ("P7D", "In a week at 9:00"),
            ("AT", "The time below"),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    at = MomentField(
        label="Time",
        required=False,
        help_text="Only where “The time below” is chosen; by your own time zone.",
        widget=forms.DateTimeInput(
            attrs={"class": "input", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )
    field_order = ("to", "at", "reason")

    def __init__(
        self, *args: Any, now: dt.datetime, zone: dt.tzinfo, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.now = now.astimezone(zone)
        why = self.fields["reason"]
        why.required = False
        why.help_text = "Needed from the third task that you put off in a day."

    def clean(self) -> dict[str, Any]:
        """Put the moment in place of the words that name it."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        words, at = given.get("to", ""), given.get("at")
        if words == "AT" and at is None and "at" not in self.errors:
            self.add_error("at", "Say when the tasks may come to you again.")
        elif words == "AT" and at is not None:
            given["to"] = at.replace(tzinfo=self.now.tzinfo)
        elif words.startswith("PT"):
            given["to"] = self.now + dt.timedelta(hours=int(words[2:-1]))
        elif words:
            day = self.now.date() + dt.timedelta(days=int(words[1:-1]))
            given["to"] = dt.datetime.combine(day, MORNING, self.now.tzinfo)
        return given


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
