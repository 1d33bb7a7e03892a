"""Signing in and personal settings."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from review.core.keys import ACTIONS, Action, find_conflicts, is_key
from review.core.tasks.wellness import Wellness
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
BLURS: Final = [("0", "None"), ("1", "Light"), ("2", "Medium"), ("3", "Strong")]
SIZES: Final = [("small", "Small"), ("medium", "Medium"), ("large", "Large")]


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
    blur = forms.TypedChoiceField(
        label="Blur pictures", choices=BLURS, coerce=int, widget=forms.RadioSelect
    )
    greyscale = forms.BooleanField(label="Pictures without colour", required=False)
    hover = forms.BooleanField(
        label="Show a blurred picture clearly while it is pointed at or focused",
        required=False,
    )
    mute = forms.BooleanField(label="Sound starts muted", required=False)
    thumbnails = forms.ChoiceField(
        label="Size of pictures in lists", choices=SIZES, widget=forms.RadioSelect
    )

    class Meta:
        model = Preference
        fields = ["theme", "density", "single_keys", "zone"]

    def soft_switches(self) -> list[forms.BoundField]:
        """Return the switches of pictures and sound, as the page lists them."""
        return [self[name] for name in ("greyscale", "hover", "mute")]

    def wellness(self) -> Wellness:
        """Return what the person wants of pictures and sound."""
        return Wellness(
            blur=self.cleaned_data["blur"],
            greyscale=self.cleaned_data["greyscale"],
            mute=self.cleaned_data["mute"],
            hover=self.cleaned_data["hover"],
            thumbnails=self.cleaned_data["thumbnails"],
        )


class KeyForm(forms.Form):
    """A key for each action; the field is named by the action."""

    def __init__(self, *args: Any, own: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        for action in ACTIONS:
            self.fields[action.name] = forms.CharField(
                label=action.label,
                required=False,
                max_length=40,
                strip=False,
                initial=own.get(action.name, action.key),
                widget=forms.TextInput(
                    attrs={
                        "class": "input is-key",
                        "data-capture-key": True,
                        "data-default": action.key,
                        "autocomplete": "off",
                        "spellcheck": "false",
                    }
                ),
            )

    def clean(self) -> dict[str, Any]:
        """Refuse what is no key, and name both actions of each conflict."""
        for action in ACTIONS:
            if not is_key(self._read(action)):
                self.add_error(
                    action.name,
                    "This is no key, or the browser or the system keeps it.",
                )
        for first, second, key in find_conflicts(self.changed()):
            self.add_error(second.name, f"{key} is the key of “{first.label}” already.")
        return self.cleaned_data

    def changed(self) -> dict[str, str]:
        """Return the keys that are not the defaults, by action."""
        given = {action.name: self._read(action) for action in ACTIONS}
        return {
            action.name: given[action.name]
            for action in ACTIONS
            if given[action.name] != action.key
        }

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields under the screens on which their keys work."""
        places = list(dict.fromkeys(action.where for action in ACTIONS))
        return [
            (place, [self[action.name] for action in ACTIONS if action.where == place])
            for place in places
        ]

    def _read(self, action: Action) -> str:
        """Return what was given for an action; an emptied field is its default."""
        return str(self.cleaned_data.get(action.name) or action.key)
