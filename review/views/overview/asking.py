"""What a reader of figures asks for: whose work, of which time, compared or not."""

import dataclasses
import datetime as dt
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from review.core.states import Role
from review.dashboards.frame import Viewer
from review.dashboards.metrics import Hours, Period, Scope
from review.forms.figures import LONGEST, PRESETS, USUAL, FigureFilter
from review.models import Queue
from workflows.operations.errors import Invalid

CARRIED: Final = (
    "queue", "class", "definition", "step", "team", "period", "since", "until", "hours",
    "compare",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A scope and a period with the words of the address that they were read from."""

    scope: Scope
    period: Period
    words: dict[str, str]
    label: str
    zone: dt.tzinfo
    now: dt.datetime
    compare: bool = False

    @property
    def query(self) -> str:
        """Return the address's query, the same for the same question."""
        return urlencode(self.words)

    @property
    def before(self) -> Period | None:
        """Return the period to compare with, None where none is asked for."""
        return self.period.before if self.compare else None

    @property
    def hours_words(self) -> str:
        """Say which hours durations are measured in."""
        return "business time" if self.period.hours == "business" else "wall clock"

    def rows_url(self, figure: str) -> str:
        """Return where the tasks behind a figure are listed."""
        return f"{reverse('figure-rows', args=[figure])}?{self.query}"

    def without(self, *names: str) -> str:
        """Return the query without some of its words."""
        return urlencode({k: v for k, v in self.words.items() if k not in names})


def list_overseen_queues(viewer: Viewer) -> list[Queue]:
    """Return the queues whose figures the viewer may see, by name."""
    queues = Queue.objects.order_by("name", "pk")
    managed = _list_managed(viewer)
    if managed is not None:
        queues = queues.filter(pk__in=managed)
    return list(queues)


def _list_managed(viewer: Viewer) -> list[int] | None:
    """Return the queues a mere manager is limited to, None for whoever sees all."""
    rights = viewer.rights
    if rights.holds_anywhere(Role.AUDITOR, Role.PROCESS_OWNER, Role.ADMINISTRATOR):
        return None
    managed = rights.list_queue_ids(Role.MANAGER)
    return None if managed is None else list(managed)


def read_words(query: QueryDict) -> dict[str, str]:
    """Return the words of an address that say what is asked, the empty ones left out."""
    found = {name: query.get(name) for name in CARRIED}
    return {name: value for name, value in found.items() if value}


def read_asked(request: HttpRequest, viewer: Viewer, *, now: dt.datetime) -> Asked:
    """Read what the address asks for. Raises Invalid for what cannot be read."""
    return read_query(request.GET, viewer, now=now)


def read_query(query: QueryDict, viewer: Viewer, *, now: dt.datetime) -> Asked:
    """Read what a query asks for, as far as the viewer may see it.

    Raises Invalid for a period that cannot be read. A queue that the viewer does not
    oversee is as good as one that is not there: nothing of it is counted.
    """
    words = read_words(query)
    managed = _list_managed(viewer)
    allowed = None
    if managed is not None:
        keys = Queue.objects.filter(pk__in=managed).values_list("key", flat=True)
        allowed = frozenset(keys)
    hours: Hours = "business" if words.get("hours") == "business" else "wall"
    zone = viewer.look.tzinfo
    preset = words.get("period", USUAL)
    since, until = _find_span(preset, words, zone=zone, now=now)
    return Asked(
        scope=Scope.from_query(query, allowed=allowed),
        period=Period(since, until, viewer.look.zone, hours),
        words=words,
        label=_name_span(preset, since, until, zone=zone),
        zone=zone,
        now=now,
        compare=bool(words.get("compare")),
    )


def _find_span(
    preset: str, words: dict[str, str], *, zone: dt.tzinfo, now: dt.datetime
) -> tuple[dt.datetime, dt.datetime]:
    today = now.astimezone(zone).date()
    if preset == "today":
        return _midnight(today, zone), now
    if preset == "month":
        return _midnight(today.replace(day=1), zone), now
    if preset == "custom":
        return _read_dates(words, zone=zone, now=now)
    if preset in PRESETS:
        return now - dt.timedelta(days=int(preset)), now
    raise Invalid(
        f"The time {preset!r} is unknown; choose one of the list, or two dates."
    )


def _read_dates(
    words: dict[str, str], *, zone: dt.tzinfo, now: dt.datetime
) -> tuple[dt.datetime, dt.datetime]:
    names = ("period", "since", "until")
    form = FigureFilter({name: words.get(name, "") for name in names})
    form.is_valid()
    errors = [*form.errors.get("since", ()), *form.errors.get("until", ())]
    if errors:
        raise Invalid(str(errors[0]))
    last = form.cleaned_data["until"] or now.astimezone(zone).date()
    begin = _midnight(form.cleaned_data["since"], zone)
    end = min(_midnight(last + dt.timedelta(days=1), zone), now)
    if begin >= now:
        raise Invalid("The time begins after now; nothing has happened there.")
    if end - begin > LONGEST:
        raise Invalid("Figures are of at most two years at once.")
    return begin, end


def _midnight(date: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(0), zone)


def _name_span(
    preset: str, since: dt.datetime, until: dt.datetime, *, zone: dt.tzinfo
) -> str:
    if preset != "custom":
        return PRESETS[preset].lower()
    last = (until - dt.timedelta(microseconds=1)).astimezone(zone)
    first = since.astimezone(zone)
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} to {last.day} {last:%b} {last.year}"
