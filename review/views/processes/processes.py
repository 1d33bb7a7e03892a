"""One process as its owner watches it: where cases stand, where time and volume go."""

import dataclasses
import datetime as dt
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards import processes
from review.dashboards.frame import Viewer
from review.dashboards.processes import Passed, Process, Standing
from review.live import DASHBOARD, INCIDENTS, INSTANCES, MANY_INSTANCES
from review.operations.figures import intake
from review.views.access import is_fragment, screen, viewer_required
from review.views.formats import format_moment, format_short
from review.views.pages import render_page
from workflows.core.bpmn.graph import Node
from workflows.core.bpmn.graph import Process as Model
from workflows.core.bpmn.vocabulary import GATEWAYS, LABELS
from workflows.operations import definitions
from workflows.operations.errors import NotFound
from workflows.store import database_now

PERIODS: Final = (7, 30, 90)
DAYS: Final = 30
LEVELS: Final = 5
_PASSED_BY: Final = sorted(kind.value for kind in GATEWAYS)
HEATS: Final = {"time": "Time", "volume": "Volume"}


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What the address chooses: versions, the heat's measure and the period."""

    process: Process
    version: str
    heat: str
    days: int

    def url(self, **other: object) -> str:
        """Return this page with some choices replaced."""
        words = {"version": self.version, "heat": self.heat, "days": self.days, **other}
        plain = {"version": "", "heat": "time", "days": DAYS}
        asked = {n: value for n, value in words.items() if value != plain.get(n)}
        return f"?{urlencode(asked)}"

    def instances_url(self, **more: str) -> str:
        """Return the list of the instances that are counted here."""
        words = {"definition": self.process.key, "version": self.version, **more}
        asked = urlencode({name: word for name, word in words.items() if word})
        return f"{reverse('instance-list')}?{asked}"


@require_GET
@screen(permissions.check_can_see_definitions)
def process_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show a process: its picture with live counts, and the same as a table."""
    viewer = viewer_required(request)
    look = _look(request, key)
    now = database_now()
    context = _numbers(look, viewer, now=now)
    if request.GET.get("part") == "numbers" and is_fragment(request):
        return render(request, "review/processes/_process_numbers.html", context)
    newest = look.process.newest
    context |= {
        "page_title": newest.name,
        "process": look.process,
        "newest": newest,
        "diagram_url": reverse("definition-diagram", args=[newest.id]),
        "links": build_links(look.process, viewer, current="detail"),
        "versions": build_versions(look.process, look.version, look.url),
        "heats": [
            {
                "label": label,
                "url": look.url(heat=heat),
                "is_current": heat == look.heat,
            }
            for heat, label in HEATS.items()
        ],
        "periods": build_periods(look.days, look.url),
        "held": intake.count_held(key),
        "held_url": f"{reverse('instance-list')}?definition={key}&state=SUSPENDED",
        "deployed": format_moment(newest.deployed_at, zone=viewer.look.tzinfo, now=now),
    }
    return render_page(request, "review/processes/process_detail.html", context)


def get_process(key: str, version: str) -> Process:
    """Return a process with one of its versions, or all. Raises NotFound."""
    found = processes.find_process(key, version=version)
    if found is None:
        wanted = f"{key} {version}" if version else key
        raise NotFound(f"No process {wanted!r} is deployed.")
    return found


def read_days(request: HttpRequest) -> int:
    """Return the period that an address asks for, in days; another one is DAYS."""
    text = request.GET.get("days", "")
    return int(text) if text in {str(days) for days in PERIODS} else DAYS


def find_begin(days: int, *, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Return when a period of days began: with a whole day, as lists are narrowed by."""
    day = now.astimezone(zone).date() - dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time.min, zone)


def build_links(
    process: Process, viewer: Viewer, *, current: str
) -> list[dict[str, object]]:
    """Return the pages on one process, the open one marked."""
    links = [
        ("detail", "Live", reverse("process-detail", args=[process.key])),
        ("map", "What really happened", reverse("process-map", args=[process.key])),
        ("package", "Package", reverse("definition-detail", args=[process.newest.id])),
    ]
    if len(process.versions) > 1:
        url = reverse("process-compare", args=[process.key])
        links.insert(2, ("compare", "Compare versions", url))
    if permissions.can_see_instances(viewer.rights):
        url = f"{reverse('instance-list')}?{urlencode({'definition': process.key})}"
        links.append(("instances", "Instances", url))
    return [
        {"label": label, "url": url, "is_current": name == current}
        for name, label, url in links
    ]


def build_versions(process: Process, chosen: str, url: Any) -> list[dict[str, object]]:
    """Return all versions, and each of them, as links; `url` makes an address."""
    names = ["", *(row.version for row in process.versions)]
    return [
        {
            "label": name or "All versions",
            "url": url(version=name),
            "is_current": name == chosen,
        }
        for name in names
    ]


def build_periods(days: int, url: Any) -> list[dict[str, object]]:
    """Return the periods as links."""
    return [
        {"label": f"{one} days", "url": url(days=one), "is_current": one == days}
        for one in PERIODS
    ]


def _look(request: HttpRequest, key: str) -> Look:
    version = request.GET.get("version", "")
    heat = request.GET.get("heat", "time")
    return Look(
        process=get_process(key, version),
        version=version,
        heat=heat if heat in HEATS else "time",
        days=read_days(request),
    )


def _numbers(look: Look, viewer: Viewer, *, now: dt.datetime) -> dict[str, object]:
    """Return what a hint makes new: the figures above, and the table."""
    since = find_begin(look.days, now=now, zone=viewer.look.tzinfo)
    standing = processes.read_standing(look.process, now=now)
    passed = processes.read_passed(look.process, since=since, hidden=_PASSED_BY)
    totals = processes.read_totals(look.process, since=since)
    may_list = permissions.can_see_instances(viewer.rights)
    measures = {
        name: one.p85.total_seconds() if look.heat == "time" else float(one.times)
        for name, one in passed.items()
    }
    bounds = _bounds(measures.values(), is_time=look.heat == "time")
    rows = [
        _row(
            look,
            node_id,
            node,
            now=standing.get(node_id),
            passed=passed.get(node_id),
            level=_level(measures.get(node_id, 0.0), bounds),
            may_list=may_list,
        )
        for node_id, node in _list_nodes(look.process, standing, passed)
    ]
    return {
        "topic": f"{INSTANCES} {MANY_INSTANCES} {INCIDENTS} {DASHBOARD}",
        "refresh_url": f"{look.url()}&part=numbers",
        "tiles": _tiles(look, standing, totals, day=since.date(), may_list=may_list),
        "rows": rows,
        "heat": look.heat,
        "legend": _legend(look, bounds),
        "sample": f"{processes.SAMPLE:,}",
        "days": look.days,
    }


def _list_nodes(
    process: Process, standing: Mapping[str, Standing], passed: Mapping[str, Passed]
) -> Iterator[tuple[str, Node | None]]:
    """Give the nodes in the order of the model, then those of older versions alone."""
    model = definitions.compiled(process.newest.id).main
    known = set()
    for node in in_order(model):
        known.add(node.id)
        if node.id in standing or node.kind not in GATEWAYS:
            yield node.id, node
    for name in sorted((standing.keys() | passed.keys()) - known):
        yield name, None


def in_order(model: Model) -> list[Node]:
    """Return the nodes as cases come to them first, from the starts on."""
    found: dict[str, Node] = {}
    todo = [node.id for node in model.starts()] or [n.id for n in model.entries()]
    rest = list(model.nodes)
    while todo or rest:
        name = todo.pop(0) if todo else rest.pop(0)
        if name in found:
            continue
        node = found[name] = model.nodes[name]
        todo.extend(node.boundary)
        todo.extend(one.id for one in model.starts(name))
        todo.extend(model.flows[flow].target for flow in node.flows_out)
    return list(found.values())


def _row(
    look: Look,
    node_id: str,
    node: Node | None,
    *,
    now: Standing | None,
    passed: Passed | None,
    level: int,
    may_list: bool,
) -> dict[str, object]:
    url = look.instances_url(node=node_id) if may_list else ""
    heat = ""
    if passed:
        is_time = look.heat == "time"
        heat = format_short(passed.p85) if is_time else f"{passed.times:,}"
    return {
        "node_id": node_id,
        "name": (node.name if node else "") or node_id,
        "kind": LABELS[node.kind] if node else "of another version",
        "url": url if now else "",
        "live": f"{now.live:,}" if now else "",
        "active": f"{now.active:,}" if now and now.active else "",
        "waiting": f"{now.waiting:,}" if now and now.waiting else "",
        "age": format_short(now.age) if now else "",
        "incidents": f"{now.incidents:,}" if now and now.incidents else "",
        "incidents_url": f"{url}&incident=yes" if url else "",
        "breached": f"{now.breached:,}" if now and now.breached else "",
        "breached_url": f"{url}&late=yes" if url else "",
        "passed": f"{passed.times:,}" if passed else "",
        "median": format_short(passed.median) if passed else "",
        "p85": format_short(passed.p85) if passed else "",
        "level": level,
        "heat": heat,
    }


def _bounds(values: Collection[float], *, is_time: bool) -> list[float]:
    """Return the upper ends of the levels: even steps, of times steps of one ratio.

    For a step that takes weeks must not make all others look alike.
    """
    most = max(values, default=0.0)
    if most <= 0:
        return []
    if not is_time:
        return [most * level / LEVELS for level in range(1, LEVELS + 1)]
    least = max(1.0, min(value for value in values if value > 0))
    ratio = max(1.0, most / least)
    return [least * ratio ** (level / LEVELS) for level in range(1, LEVELS + 1)]


def _level(value: float, bounds: Sequence[float]) -> int:
    """Return how hot a node is, 1 to LEVELS, 0 where nothing passed or stayed."""
    if value <= 0 or not bounds:
        return 0
    return min(LEVELS, 1 + bisect_left(bounds, value * 0.999999))


def _legend(look: Look, bounds: Sequence[float]) -> list[dict[str, object]]:
    """Return the levels with their upper bounds in words."""
    return [
        {
            "level": level,
            "label": f"up to {format_short(dt.timedelta(seconds=end))}"
            if look.heat == "time"
            else f"up to {end:,.0f}",
        }
        for level, end in enumerate(bounds, start=1)
    ]


def _tiles(
    look: Look,
    standing: Mapping[str, Standing],
    totals: Any,
    *,
    day: dt.date,
    may_list: bool,
) -> list[dict[str, str]]:
    """Return the figures above, each with the list of what it counts."""
    incidents = sum(one.incidents for one in standing.values())
    breached = sum(one.breached for one in standing.values())
    lists = look.instances_url if may_list else lambda **_: ""
    period = f"in {look.days} days"
    return [
        _tile("Running", totals.active, "instances", lists(state="ACTIVE")),
        _tile("Suspended", totals.suspended, "instances", lists(state="SUSPENDED")),
        _tile("In incident", incidents, "steps", lists(incident="yes"), bad=incidents),
        _tile("Overdue", breached, "tasks", lists(late="yes"), bad=breached),
        _tile("Started", totals.started, period, lists(since=f"{day}")),
        _tile("Ended", totals.ended, period, lists(ended_since=f"{day}")),
    ]


def _tile(
    label: str, value: int, detail: str, url: str, *, bad: int = 0
) -> dict[str, str]:
    return {
        "label": label,
        "value": f"{value:,}",
        "detail": detail,
        "url": url if value else "",
        "tone": "bad" if bad else "",
    }
