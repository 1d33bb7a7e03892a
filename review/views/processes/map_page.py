"""The mined map of a process as rows, boxes and lines for its page. No queries here."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from review.core.figures.flow_layout import Drawing, lay_out
from review.core.figures.mining import (
    END,
    START,
    Mined,
    Pair,
    Variant,
    fold_loops,
    rank_variants,
)
from review.dashboards.processes import Process
from review.views.definitions.model_checks import Checked
from review.views.formats import format_short
from review.views.processes.processes import DAYS

SHARES: Final = (100, 75, 50, 25, 10)
TOP: Final = 12
LONGEST: Final = 24
TIMES: Final = "\N{MULTIPLICATION SIGN}"
ENDS: Final = {START: "Start", END: "End"}


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What the address chooses: versions, period, and how much is shown."""

    process: Process
    version: str
    days: int
    activities: int
    paths: int

    def query(self, **other: object) -> str:
        """Return the address's words with some replaced, those as usual left out."""
        usual = {"version": "", "days": DAYS, "activities": 100, "paths": 100}
        words = {name: getattr(self, name) for name in usual} | other
        return urlencode({n: w for n, w in words.items() if w != usual.get(n)})

    def url(self, **other: object) -> str:
        """Return this page with some choices replaced."""
        return f"?{self.query(**other)}"

    def cases_url(self, **words: object) -> str:
        """Return the page of the cases of one edge or variant."""
        url = reverse("process-map-cases", args=[self.process.key])
        return f"{url}?{self.query(**words)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """What the map shows: activities and edges that were chosen, with median times."""

    look: Look
    mined: Mined
    edges: Collection[Pair]
    times: Mapping[Pair, float]
    checked: Checked

    def leaves(self, pair: Pair) -> bool:
        """Tell whether the model does not allow a line.

        Where activities are hidden, lines lead past them, and the model is not asked.
        """
        return self.is_compared and not self.checked.allows(pair)

    @property
    def is_compared(self) -> bool:
        """Tell whether lines are compared with the model."""
        return self.look.activities == 100


def draw(shown: Shown) -> dict[str, object]:
    """Return the map as boxes and lines, with their words."""
    nodes = sorted(shown.mined.nodes, key=shown.checked.place)
    drawing: Drawing = lay_out(
        [START, *nodes, END] if nodes else [],
        {pair: shown.mined.edges[pair].times for pair in shown.edges},
    )
    most = max((shown.mined.edges[pair].times for pair in shown.edges), default=1)
    return {
        "width": f"{drawing.width:.0f}",
        "height": f"{drawing.height:.0f}",
        "boxes": [
            {
                "x": f"{box.x:.1f}",
                "y": f"{box.y:.1f}",
                "width": box.width,
                "height": box.height,
                "middle": f"{box.x + box.width / 2:.1f}",
                "name_y": f"{box.y + 19:.1f}",
                "count_y": f"{box.y + 36:.1f}",
                "name": _shorten(name_node(box.name, shown.checked)),
                "whole_name": name_node(box.name, shown.checked),
                "count": f"{shown.mined.nodes[box.name].times:,}{TIMES}"
                if box.name in shown.mined.nodes
                else f"{shown.mined.cases:,} cases"
                if box.name == START
                else "",
                "is_end": box.name in ENDS,
                "is_unknown": not shown.checked.knows(box.name),
            }
            for box in drawing.boxes
        ],
        "lines": [
            {
                "path": line.path,
                "x": f"{line.label_x:.1f}",
                "y": f"{line.label_y:.1f}",
                "time_y": f"{line.label_y + 13:.1f}",
                "count": f"{shown.mined.edges[line.pair].times:,}",
                "time": _time(shown.times, line.pair),
                "level": 1 + round(4 * shown.mined.edges[line.pair].times / most),
                "is_deviation": shown.leaves(line.pair),
                "title": _edge_words(shown, line.pair),
                "url": shown.look.cases_url(**{
                    "from": line.pair[0],
                    "to": line.pair[1],
                }),
            }
            for line in drawing.lines
        ],
    }


def _edge_words(shown: Shown, pair: Pair) -> str:
    count = shown.mined.edges[pair]
    time = _time(shown.times, pair)
    return (
        f"{name_node(pair[0], shown.checked)} → {name_node(pair[1], shown.checked)}:"
        f" {count.times:,} times in {count.cases:,} cases"
        + (f", {time} in the median" if time else "")
        + ("; the model does not allow it" if shown.leaves(pair) else "")
    )


def build_edges(shown: Shown) -> list[dict[str, object]]:
    """Return the lines of the map as rows, those taken most often first."""
    ranked = sorted(
        shown.edges, key=lambda pair: (-shown.mined.edges[pair].times, pair)
    )
    return [
        {
            "source": name_node(pair[0], shown.checked),
            "target": name_node(pair[1], shown.checked),
            "times": f"{shown.mined.edges[pair].times:,}",
            "cases": f"{shown.mined.edges[pair].cases:,}",
            "time": _time(shown.times, pair),
            "is_deviation": shown.leaves(pair),
            "is_compared": shown.is_compared,
            "url": shown.look.cases_url(**{"from": pair[0], "to": pair[1]}),
        }
        for pair in ranked
    ]


def build_deviations(shown: Shown, whole: Mined) -> list[dict[str, object]]:
    """Return what followed directly though no version of the model allows it."""
    found = [pair for pair in whole.edges if not shown.checked.allows(pair)]
    ranked = sorted(found, key=lambda pair: (-whole.edges[pair].times, pair))
    return [
        {
            "source": name_node(pair[0], shown.checked),
            "target": name_node(pair[1], shown.checked),
            "times": f"{whole.edges[pair].times:,}",
            "cases": tell_part(whole.edges[pair].cases, whole.cases),
            "url": shown.look.cases_url(**{
                "from": pair[0],
                "to": pair[1],
                "activities": 100,
            }),
        }
        for pair in ranked
    ]


def build_variants(
    shown: Shown, variants: Sequence[Variant], whole: Mined
) -> list[dict[str, object]]:
    """Return the commonest variants as rows."""
    return [
        {
            "number": number,
            "cases": f"{one.cases:,}",
            "share": _share(one.cases, whole.cases),
            "percent": round(100 * one.cases / max(1, whole.cases)),
            "lead": format_short(dt.timedelta(seconds=one.seconds))
            if one.seconds is not None
            else "",
            "steps": list_steps(one.trace, shown.checked),
            "is_running": not one.has_ended,
            "is_deviation": not shown.checked.allows_variant(one),
            "url": shown.look.cases_url(variant=key_of(one)),
        }
        for number, one in enumerate(rank_variants(variants)[:TOP], start=1)
    ]


def key_of(variant: Variant) -> str:
    """Return what names a variant in addresses, whatever its rank is by then."""
    told = "\n".join((*variant.trace, str(variant.has_ended)))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def list_steps(trace: Sequence[str], checked: Checked) -> list[str]:
    """Return the names along a trace, repetitions in a row counted."""
    return [
        f"{name_node(name, checked)} {TIMES}{times}"
        if times > 1
        else name_node(name, checked)
        for name, times in fold_loops(trace)
    ] or ["nothing completed yet"]


def name_node(node_id: str, checked: Checked) -> str:
    """Return a node's name; the ends of all cases have their own."""
    return ENDS.get(node_id) or checked.name(node_id)


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _time(times: Mapping[Pair, float], pair: Pair) -> str:
    seconds = times.get(pair)
    return "" if seconds is None else format_short(dt.timedelta(seconds=seconds))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def tell_part(part: int, whole: int) -> str:
    """Return a count with its share of a whole."""
    return f"{part:,} ({_share(part, whole)})" if whole else f"{part:,}"


def build_shares(look: Look, name: str) -> list[dict[str, object]]:
    """Return how much may be shown, as links."""
    return [
        {
            "label": f"{share} %",
            "url": look.url(**{name: share}),
            "is_current": getattr(look, name) == share,
        }
        for share in SHARES
    ]
