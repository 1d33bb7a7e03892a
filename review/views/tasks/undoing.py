"""What can be undone, on whatever page comes next: kept in the session for its seconds."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse

from workflows.store import database_now

KEY: Final = "undo"


@dataclasses.dataclass(frozen=True, slots=True)
class Toast:
    """What was recorded, in words; `until` is set while it can be taken back."""

    text: str
    verdict_id: int
    url: str
    until: dt.datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return the toast as scripts show it."""
        return {
            "text": self.text,
            "verdict": self.verdict_id,
            "url": self.url,
            "undo_url": reverse("verdict-undo", args=[self.verdict_id])
            if self.until
            else "",
            "until": self.until.isoformat() if self.until else "",
        }


def remember(request: HttpRequest, toast: Toast) -> None:
    """Show a toast on the pages to come, until its time is over."""
    request.session[KEY] = toast.to_json()


def forget(request: HttpRequest) -> None:
    """Show nothing any more."""
    request.session.pop(KEY, None)


def offer(request: HttpRequest) -> Mapping[str, Any] | None:
    """Return the toast to show on a page, None where there is none any more.

    Whether a verdict can still be taken back is asked again when somebody tries.
    """
    kept = request.session.get(KEY)
    if not isinstance(kept, Mapping):
        return None
    now = database_now()
    until = kept.get("until")
    if not until or dt.datetime.fromisoformat(until) <= now:
        forget(request)
        return None
    return {**kept, "now": now.isoformat()}
