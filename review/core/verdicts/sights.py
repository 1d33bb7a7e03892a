"""What a reviewer could see of a case, told in words from what a verdict kept. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from review.core.states import Reveal


@dataclass(frozen=True, slots=True)
class Span:
    """A hold of a task: which lease, from when to when."""

    token: int
    begins: dt.datetime
    ends: dt.datetime

    @property
    def seconds(self) -> int:
        """Return its length in whole seconds."""
        return max(0, int((self.ends - self.begins).total_seconds()))


def tell_model_view(shown: Mapping[str, Any], *, span: Span) -> str:
    """Say whether the model's view was in sight, and from which second of the hold."""
    mode = shown.get("reveal", "")
    revealed = _moment(shown.get("revealed_at"))
    if mode == Reveal.ASSIST:
        return "The model's view was shown from the beginning."
    if mode == Reveal.VERDICT_FIRST:
        return "The model's view was hidden until the verdict."
    if revealed is not None:
        at = max(0, int((revealed - span.begins).total_seconds()))
        return f"The model's view was shown at second {at} of {span.seconds}, as asked for."
    if mode == Reveal.ON_REQUEST:
        return f"The model's view stayed hidden, for all {span.seconds} s."
    return "Whether the model's view was shown is not recorded."


def list_sources(shown: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Return name and digest of each source beside the case, and whether it was opened."""
    opened = set(shown.get("sources_opened", ()))
    return [
        (name, str(digest), name in opened)
        for name, digest in sorted(dict(shown.get("sources", {})).items())
    ]


def _moment(text: object) -> dt.datetime | None:
    if not text:
        return None
    return dt.datetime.fromisoformat(str(text))
