"""Signing in and personal settings."""

from __future__ import annotations

import functools
import zoneinfo
from typing import TYPE_CHECKING, Final

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from review.models import Preference

if TYPE_CHECKING:
    PreferenceModelForm = forms.ModelForm[Preference]
else:
    # Django's forms take type arguments in its stubs only.
    PreferenceModelForm = forms.ModelForm

THEMES: Final = [("auto", "As the system"), ("light", "Light"), ("dark", "Dark")]
DENSITIES: Final = [
    ("compact", "Compact"),
    ("standard", "Standard"),
    ("spacious", "Spacious"),
]


@functools.cache
def list_zones() -> list[tuple[str, str]]:
    """Return the IANA zones as choices; finding them reads hundreds of files."""
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


class SignInForm(AuthenticationForm):
    """User name and password; password managers and pasting work (WCAG 3.3.8)."""

    error_messages = {
        "invalid_login": "User name and password do not belong together. Try again.",
        "inactive": "This account has been closed. Ask your administrator.",
    }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["username"].widget.attrs |= {"class": "input", "autofocus": True}
        self.fields["password"].widget.attrs |= {"class": "input"}


class PreferenceForm(PreferenceModelForm):
    """How the person wants the screens."""

    zone = forms.ChoiceField(
        label="Time zone",
        help_text="Every time on the screens is shown in this zone.",
        choices=list_zones,
        widget=forms.Select(attrs={"class": "input"}),
    )
    theme = forms.ChoiceField(choices=THEMES, widget=forms.RadioSelect)
    density = forms.ChoiceField(choices=DENSITIES, widget=forms.RadioSelect)
    single_keys = forms.BooleanField(
        label="Single keys press the page's controls",
        help_text="Off: only keys with Ctrl work. Nothing needs a single key.",
        required=False,
    )

    class Meta:
        model = Preference
        fields = ["theme", "density", "single_keys", "zone"]
