"""What an alert rule says, as it is proposed, compared and kept. Pure."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from review.core.figures.alerting import Bounds, Comparison, describe
from review.core.figures.figures import BY_KEY
from review.core.policies.policies import Line

HEADS: Final = ("", "Says")


def write_body(
    *,
    name: str,
    figure: str,
    queue: str,
    scope: Mapping[str, str],
    bounds: Bounds,
    period: dt.timedelta,
    note: str,
    webhook: Mapping[str, str],
) -> dict[str, Any]:
    """Return a rule as a proposal keeps it; without an address it has no receiver."""
    return {
        "name": name,
        "figure": figure,
        "queue": queue,
        "scope": {word: text for word, text in scope.items() if text},
        "comparison": bounds.comparison.value,
        "threshold": _number(bounds.threshold),
        "clear": _number(bounds.clear),
        "lasting_seconds": int(bounds.lasting.total_seconds()),
        "period_seconds": int(period.total_seconds()),
        "note": note,
        "webhook": dict(webhook) if webhook.get("url") else {},
    }


def read_bounds(body: Mapping[str, Any]) -> Bounds:
    """Return the bounds that a kept rule names."""
    return Bounds(
        comparison=Comparison(body["comparison"]),
        threshold=Decimal(body["threshold"]),
        clear=Decimal(body["clear"]),
        lasting=dt.timedelta(seconds=body["lasting_seconds"]),
    )


def list_lines(body: Mapping[str, Any]) -> Sequence[Line]:
    """Return what a kept rule says line by line, in words; nothing of nothing."""
    if not body:
        return []
    figure = BY_KEY.get(body["figure"])
    unit = figure.unit if figure else "count"
    bounds = read_bounds(body)
    side = "above" if bounds.comparison is Comparison.ABOVE else "below"
    wait = bounds.lasting.total_seconds()
    said = {
        "Name": body["name"],
        "Figure": figure.title if figure else body["figure"],
        "Queue": body["queue"] or "all queues",
        "Narrowed to": ", ".join(
            f"{word} {text}" for word, text in sorted(body["scope"].items())
        ),
        "Alerts when": f"{side} {describe(unit, bounds.threshold)}",
        "Over at": describe(unit, bounds.clear),
        "After": _span(int(wait)) if wait else "at once",
        "Read over": _span(body["period_seconds"]),
        "What to do": body["note"],
        "Receiver": tell_webhook(body.get("webhook", {})),
    }
    return [Line(name, (name, text)) for name, text in said.items() if text]


def tell_webhook(webhook: Mapping[str, str]) -> str:
    """Return a receiver in words; of its address, a secret, the host and a mark alone."""
    url = webhook.get("url", "")
    if not url:
        return ""
    mark = hashlib.sha256(url.encode()).hexdigest()[:8]
    secret = webhook.get("secret", "")
    signed = f"signed with {secret}" if secret else "not signed"
    return f"{urlsplit(url).hostname or ''} (address {mark}), {signed}"


def _number(value: Decimal) -> str:
    """Return a bound in one form, so that equal ones are equal."""
    return f"{value.quantize(Decimal('0.000001')):f}"


def _span(seconds: int) -> str:
    """Return a span in its largest whole unit: 3,600 gives "1 hour"."""
    units = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    size, word = next(unit for unit in units if seconds % unit[0] == 0)
    count = seconds // size
    return f"{count} {word}{'' if count == 1 else 's'}"
