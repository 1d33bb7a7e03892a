"""What a preview of a grid says in words. No queries."""

from collections.abc import Mapping
from typing import Any, Final

from review.core.policies.previewing import ENOUGH, HOURS_A_DAY, Interval, Move, Preview
from review.core.states import Control
from review.views.formats import format_count

LABELS: Final = {
    Control.AUTO: "auto",
    Control.REVIEW: "review",
    Control.DUAL: "dual",
    Control.BLOCK: "block",
}
TONES: Final = {"auto": "good", "review": "accent", "dual": "hold", "block": "bad"}
_MINUS: Final = "\N{MINUS SIGN}"


def describe_preview(found: Preview) -> dict[str, Any]:
    """Return the preview as its template shows it."""
    moves = sorted(
        ((pair, move) for pair, move in found.moves.items() if pair[0] is not pair[1]),
        key=lambda one: -one[1].count,
    )
    return {
        "weeks": found.weeks,
        "seen": f"{found.seen:,}",
        "total": f"{found.total:,}",
        "is_empty": not found.seen,
        "sample": tell_sample(found.seen, found.total),
        "aside": _aside(found.aside),
        "said": _summary(found, moves),
        "people": _people(found),
        "moves": [_move(found, pair, move) for pair, move in moves],
        "matrix": _matrix(found),
    }


def _summary(found: Preview, moves: list[tuple[tuple[Control, Control], Move]]) -> str:
    """Return "This moves 312 items from review to auto ...; people needed per day -1.4"."""
    if not found.seen:
        return ""
    if not moves:
        return "This moves no item; each would be handled as it is now."
    said = ", ".join(
        f"{_scaled(found, move.count)} {'item' if move.count == 1 else 'items'}"
        f" from {LABELS[a]} to {LABELS[b]}"
        for (a, b), move in moves
    )
    change = found.people_a_day
    people = (
        "; people needed per day: not enough data"
        if change is None
        else f"; people needed per day {format_signed(change)}"
    )
    return f"This moves {said}{people}."


def _people(found: Preview) -> str:
    if found.people_before is None or found.people_after is None:
        return (
            f"Fewer than {ENOUGH} judgements were timed in these weeks, too few to say"
            " how many people it takes."
        )
    return (
        f"It takes {format_people(found.people_before)} people a working day now,"
        f" {format_people(found.people_after)} then: a judgement takes"
        f" {format_minutes(found.minutes or 0)} (median, from claim to verdict), review"
        f" takes {format_people(found.per_case.get(Control.REVIEW, 1))} of them and dual"
        f" {format_people(found.per_case.get(Control.DUAL, 2))}, and a person works"
        f" {HOURS_A_DAY} hours a day on cases."
    )


def tell_sample(seen: int, total: int) -> str:
    """Return how large a sample was replayed, "" where it was all or nothing."""
    if not seen or seen >= total:
        return ""
    share = 100 * seen / total
    return (
        f"{seen:,} of {total:,} tasks were replayed ({share:.0f} %, spread"
        " evenly); counts are scaled up to all of them."
    )


def _aside(count: int) -> str:
    if not count:
        return ""
    return (
        f"{format_count(count, 'task')} of these weeks left out: their steps name a"
        " grid of their own, so the queue's has no say there."
    )


def _move(found: Preview, pair: tuple[Control, Control], move: Move) -> dict[str, str]:
    a, b = pair
    return {
        "from": LABELS[a],
        "to": LABELS[b],
        "from_tone": TONES[LABELS[a]],
        "to_tone": TONES[LABELS[b]],
        "count": _scaled(found, move.count),
        "error": _error(move),
    }


def _error(move: Move) -> str:
    """Say how often people overturned what stands in a band, and how sure that is."""
    if not move.judged:
        return "Nobody judged these, so nothing is known of their error."
    error = move.error
    if error is None:
        return (
            f"Not enough data: {move.judged:,} judged, {move.overturned:,} overturned;"
            f" it takes {ENOUGH}."
        )
    return f"People rejected or changed {format_percent(error)} of the {error.n:,} they judged."


def format_percent(found: Interval) -> str:
    """Return a share with its interval."""
    return (
        f"{100 * found.share:.1f} % ({100 * found.low:.1f} to {100 * found.high:.1f} %)"
    )


def _matrix(found: Preview) -> list[dict[str, Any]]:
    """Return the counts from each control (rows) to each (cells)."""
    used: Mapping[tuple[Control, Control], Move] = found.moves
    return [
        {
            "label": LABELS[a],
            "tone": TONES[LABELS[a]],
            "cells": [
                {
                    "text": _scaled(found, used[a, b].count) if (a, b) in used else "",
                    "is_moved": a is not b and (a, b) in used,
                    "is_same": a is b,
                }
                for b in Control
            ],
        }
        for a in Control
        if any((a, b) in used for b in Control)
    ]


def _scaled(found: Preview, count: int) -> str:
    return f"{round(count * found.scale):,}"


def format_people(value: float) -> str:
    """Return how many people something takes; little is not nothing."""
    return "less than 0.1" if 0 < value < 0.05 else f"{value:,.1f}"


def format_minutes(minutes: float) -> str:
    """Return a judgement's time, below a minute in seconds."""
    if minutes < 1 / 60:
        return "less than a second"
    if minutes < 1:
        return f"{round(60 * minutes)} seconds"
    return f"{minutes:,.1f} minutes"


def format_signed(value: float) -> str:
    """Return a change with its sign."""
    rounded = round(value, 1)
    if rounded == 0:
        return "\N{PLUS-MINUS SIGN}0.0"
    return f"{_MINUS if rounded < 0 else '+'}{abs(rounded):,.1f}"
