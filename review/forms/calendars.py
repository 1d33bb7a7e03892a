"""What a new calendar is called."""

from typing import Any, Final

from django import forms
from django.utils.text import slugify

_TEXT: Final = {"class": "input", "autocomplete": "off"}


class NamingForm(forms.Form):
    """Name and key; a key that is left empty is made of the name."""

    name = forms.CharField(
        label="Name",
        max_length=200,
        widget=forms.TextInput(attrs={**_TEXT, "placeholder": "Berlin office"}),
        error_messages={"required": "Give the calendar a name."},
    )
    key = forms.SlugField(
        label="Key",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={**_TEXT, "placeholder": "berlin-office"}),
        help_text="What processes and clocks call it; it never changes."
        " Left empty: made of the name.",
        error_messages={
            "invalid": "A key has letters, digits, hyphens and underscores only."
        },
    )

    def clean(self) -> dict[str, Any]:
        """Make a key where none is typed."""
        given = self.cleaned_data
        if "name" in given and "key" in given and not given["key"]:
            given["key"] = slugify(given["name"])[:100]
            if not given["key"]:
                self.add_error("key", "Write a key; none can be made of this name.")
        return given
