"""What is done with many incidents at once."""

from typing import Any, Final

from django import forms

from review.core.incident_orders import OrderAct
from review.forms.acts import JsonForm

_HIDDEN: Final = forms.HiddenInput


class OrderForm(JsonForm):
    """An act on a group, or on the incidents that are ticked, and why.

    `until` is the newest incident that the page showed: what came later was not seen
    and is left alone.
    """

    act = forms.ChoiceField(
        label="What to do",
        choices=[
            (OrderAct.RETRY.value, "Try the steps again"),
            (OrderAct.SETTLE.value, "Settle by hand"),
        ],
        widget=forms.Select(attrs={"class": "input is-short"}),
        initial=OrderAct.RETRY.value,
    )
    which = forms.ChoiceField(
        label="Which",
        choices=[("ticked", "Those ticked"), ("all", "All of them")],
        widget=forms.Select(attrs={"class": "input is-short", "data-by-ticks": True}),
        initial="all",
    )
    until = forms.IntegerField(widget=_HIDDEN, min_value=0)

    field_order = ["which", "act", "values", "reason"]

    def __init__(self, *args: Any, count: int = 0, **options: Any) -> None:
        super().__init__(*args, **options)
        self._count = count
        which: Any = self.fields["which"]
        which.choices = [("all", f"All {count:,}"), ("ticked", "Those ticked")]
        values = self.fields["values"]
        values.label = "Output to settle with (a JSON object)"
        values.help_text = "Only for settling: what each step would have given."
        values.required = False
        values.widget.attrs["rows"] = 3
        values.initial = "{}"

    def clean_which(self) -> str:
        """Refuse all of them where only some are ticked: one of the two is meant."""
        which: str = self.cleaned_data["which"]
        data: Any = self.data
        if which == "all" and 0 < len(data.getlist("incident")) < self._count:
            raise forms.ValidationError(
                "Only some are ticked: choose those ticked, or untick them."
            )
        return which

    def clean_values(self) -> dict[str, Any]:
        """Return the output; none where the steps are tried again."""
        if not self.cleaned_data["values"].strip():
            return {}
        return super().clean_values()
