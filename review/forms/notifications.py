"""Which notices are listed, and how a person wants to be told."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django import forms

from review.core.notices.notices import (
    KINDS,
    Channel,
    Digest,
    Notice,
    Schedule,
    Wishes,
    list_groups,
)
from review.filters import SELECT, ListFilter

DIGESTS: Final = [
    (Digest.INSTANT.value, "At once"),
    (Digest.HOURLY.value, "Collected, every full hour"),
    (Digest.DAILY.value, "Collected, once a day"),
]
SCHEDULES: Final = [
    (Schedule.NEVER.value, "Not by mail"),
    (Schedule.DAILY.value, "Every day, of the day before"),
    (Schedule.WEEKLY.value, "Mondays, of the week before"),
]
CHOSEN: Final = tuple(kind for kind in Notice if kind is not Notice.FIGURES)
"""The kinds with boxes; figures have a schedule instead."""
LABELS: Final = {Channel.IN_APP: "In the app", Channel.EMAIL: "E-mail"}
_TIME: Final = {"class": "input is-short", "type": "time"}


class NotificationFilter(ListFilter):
    """What of a person's notices is listed."""

    show = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[("", "Unread"), ("all", "All")],
        widget=forms.Select(attrs=SELECT),
    )
    about = forms.ChoiceField(
        label="About",
        required=False,
        choices=[("", "Anything"), *((name, name) for name, _ in list_groups())],
        widget=forms.Select(attrs=SELECT),
    )


class WishesForm(forms.Form):
    """How a person wants to be told: channels of each kind, digest, quiet hours."""

    digest = forms.ChoiceField(label="Mail comes", choices=DIGESTS)
    digest_at = forms.TimeField(
        label="Once a day at", widget=forms.TimeInput(attrs=_TIME, format="%H:%M")
    )
    quiet_from = forms.TimeField(
        label="Quiet from",
        required=False,
        widget=forms.TimeInput(attrs=_TIME, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        label="Quiet until",
        required=False,
        widget=forms.TimeInput(attrs=_TIME, format="%H:%M"),
    )
    urgent_passes = forms.BooleanField(
        label="Urgent notices come at once, also in quiet hours", required=False
    )
    figures = forms.ChoiceField(
        label="Figures of my queues", choices=SCHEDULES, required=False
    )
    figures_at = forms.TimeField(
        label="They come at",
        required=False,
        widget=forms.TimeInput(attrs=_TIME, format="%H:%M"),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        wishes: Wishes,
        figures: tuple[Schedule, dt.time] | None = None,
    ) -> None:
        initial = {
            "digest": wishes.digest.value,
            "digest_at": wishes.digest_at,
            "quiet_from": wishes.quiet.start if wishes.quiet else None,
            "quiet_until": wishes.quiet.end if wishes.quiet else None,
            "urgent_passes": wishes.urgent_passes,
            "figures": figures[0].value if figures else "",
            "figures_at": figures[1] if figures else None,
        }
        super().__init__(data, initial=initial)
        for name in ("digest", "figures"):
            self.fields[name].widget.attrs |= {"class": "input is-short"}
        if figures is None:
            del self.fields["figures"], self.fields["figures_at"]
        for kind in CHOSEN:
            for channel in Channel:
                self.fields[name_box(kind, channel)] = forms.BooleanField(
                    label=f"{KINDS[kind].label}: {LABELS[channel]}",
                    required=False,
                    initial=wishes.wants(kind, channel),
                )

    def clean(self) -> dict[str, Any]:
        """Ask for both ends of the quiet hours, or for none."""
        given = super().clean() or {}
        start, end = given.get("quiet_from"), given.get("quiet_until")
        if not self.errors and (start is None) is not (end is None):
            missing = "quiet_from" if start is None else "quiet_until"
            self.add_error(missing, "Quiet hours need a beginning and an end.")
        return given

    def list_channels(self) -> dict[Notice, list[Channel]]:
        """Return the channels of each kind as they were ticked."""
        given = self.cleaned_data
        return {
            kind: [each for each in Channel if given[name_box(kind, each)]]
            for kind in CHOSEN
        }

    def read_figures(self) -> tuple[Schedule, dt.time]:
        """Return how often figures come and when, as it was given."""
        given = self.cleaned_data
        words, at = given.get("figures"), given.get("figures_at")
        return Schedule(words or Schedule.NEVER), at or dt.time(7)

    def quiet(self) -> tuple[dt.time, dt.time] | None:
        """Return the quiet hours as they were given."""
        given = self.cleaned_data
        if given["quiet_from"] is None:
            return None
        return given["quiet_from"], given["quiet_until"]


def name_box(kind: Notice, channel: Channel) -> str:
    """Return the name of the box that a kind's channel is ticked in."""
    return f"{kind.value}-{channel.value}"
