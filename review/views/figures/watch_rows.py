"""Alerts and silences as lists show them."""

import datetime as dt
import json
from typing import Any

from django.urls import reverse

from review.core.figures.alerting import describe
from review.core.figures.figures import BY_KEY
from review.core.figures.objectives import Burn
from review.dashboards.frame import Viewer
from review.views.figures.objective_bars import BURNS, objective_url
from review.views.formats import Pill, format_duration, format_moment


def build_episode(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    """Return one alert as lists show it."""
    zone = viewer.look.tzinfo
    is_open = row.closed_at is None
    parts = row.subject.split(":")
    url, pill = "", Pill("alert", "bad")
    if parts[0] == "objective":
        url = objective_url(parts[1], parts[2])
        pill = BURNS[Burn(parts[3])]
    value = ""
    if row.figure in BY_KEY and row.value is not None:
        value = describe(BY_KEY[row.figure].unit, row.value)
    return {
        "id": row.id,
        "title": row.title,
        "url": url,
        "rule_id": row.rule_id,
        "is_open": is_open,
        "pill": pill if is_open else Pill("over"),
        "value": value,
        "opened": format_moment(row.opened_at, zone=zone, now=now),
        "closed": format_moment(row.closed_at, zone=zone, now=now)
        if not is_open
        else "",
        "lasted": format_duration((row.closed_at or now) - row.opened_at),
        "is_silent": row.told_at is None,
        "acts": json.loads(row.acts),
    }


def build_silence(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    """Return one silence as lists show it."""
    zone = viewer.look.tzinfo
    parts = row.subject.split(":")
    url = ""
    if parts[0] == "objective":
        what, url = f"{parts[2]} of {parts[1]}", objective_url(parts[1], parts[2])
    else:
        what = row.rule or "An alert"
        if row.rule_id and row.is_watched:
            url = reverse("alert-edit", args=[row.rule_id])
    return {
        "id": row.id,
        "what": what,
        "url": url,
        "reason": row.reason,
        "by": "you" if row.placed_by_id == viewer.person_id else row.placed_by,
        "since": format_moment(row.starts_at, zone=zone, now=now),
        "until": format_moment(row.ended_at or row.ends_at, zone=zone, now=now),
        "stands": row.stands,
    }
