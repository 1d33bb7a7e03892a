"""The rail: which links the viewer gets, with their counts."""

import dataclasses
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import live, permissions
from review.dashboards.frame import Viewer
from review.dashboards.rail import CAP, RailCounts, read_rail
from review.operations.people.access_reviews import can_see_people
from review.views.access import is_fragment, screen, viewer_required

MOST_QUEUES: Final = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """One line of the rail."""

    label: str
    url: str
    count: str = ""
    count_title: str = ""
    is_hot: bool = False
    key: str = ""
    is_current: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A titled group of links."""

    label: str
    links: tuple[Link, ...]


def build_rail(request: HttpRequest, viewer: Viewer) -> dict[str, object]:
    """Return what the rail's template shows for this viewer on this page."""
    counts = read_rail(viewer)
    path = _current_path(request)
    if path.startswith("/calendars/"):
        path = reverse("policy-list")  # calendars are listed there
    groups = {
        "Work": _work(counts),
        "Oversight": _oversight(viewer, counts),
        "Evidence": _evidence(viewer),
    }
    current = _find_current(
        [link.url for each in groups.values() for link in each], path
    )
    sections = [
        Section(
            label,
            tuple(
                dataclasses.replace(link, is_current=link.url == current)
                for link in links
            ),
        )
        for label, links in groups.items()
        if links
    ]
    topics = [f"queue.{queue.key}" for queue in counts.queues]
    topics.append(live.person_topic(viewer.person_id))
    if permissions.can_see_incidents(viewer.rights):
        topics.append("incidents")
    if permissions.can_see_dashboard(viewer.rights):
        topics.append("dashboard")
    if permissions.can_see_policies(viewer.rights):
        topics.append("policies")
    return {
        "sections": sections,
        "topics": " ".join(topics),
        "refresh_url": reverse("rail"),
        "home_url": reverse("my-work"),
        "me": {"name": viewer.rights.name, "roles": viewer.role_labels},
    }


@require_GET
@screen()
def rail(request: HttpRequest) -> HttpResponse:
    """Give the rail's links afresh, for its live refresh."""
    context = {"rail": build_rail(request, viewer_required(request))}
    return render(request, "components/rail_links.html", context)


def _current_path(request: HttpRequest) -> str:
    if is_fragment(request):
        return urlsplit(request.headers.get("HX-Current-URL", "")).path
    return request.path


def _find_current(urls: Sequence[str], path: str) -> str:
    """Return the link of the open page, or of the page nearest above it."""
    above = [
        url for url in urls if path == url or (url != "/" and path.startswith(url))
    ]
    return max(above, key=len, default="")


def _work(counts: RailCounts) -> list[Link]:
    links = [
        Link("My work", reverse("my-work"), _count(counts.held), "held", key="g m"),
        Link(
            "Notifications",
            reverse("notification-list"),
            _count(counts.unread),
            "unread",
            key="g t",
        ),
    ]
    links.extend(
        Link(
            queue.name,
            reverse("queue-detail", args=[queue.key]),
            _count(queue.live),
            f"open, {queue.breached} breached" if queue.breached else "open",
            is_hot=queue.breached > 0,
        )
        for queue in counts.queues[:MOST_QUEUES]
    )
    links.append(Link("All queues", reverse("queue-list"), key="g q"))
    links.append(Link("What comes next", reverse("next-up"), key="g u"))
    links.append(Link("Availability", reverse("availability"), key="g y"))
    if counts.queues:
        links.append(Link("Stand-ins", reverse("delegation-list")))
    return links


def _oversight(viewer: Viewer, counts: RailCounts) -> list[Link]:
    rights = viewer.rights
    links = []
    if permissions.can_see_dashboard(rights):
        links.append(
            Link(
                "SLA dashboard",
                reverse("dashboard"),
                _count(counts.breached),
                "breached",
                is_hot=counts.breached > 0,
                key="g d",
            )
        )
    if permissions.can_see_definitions(rights):
        links.append(Link("Processes", reverse("definition-list"), key="g p"))
    if permissions.can_deploy(rights):
        links.append(Link("Definitions", reverse("definition-desk")))
    if permissions.can_see_instances(rights):
        links.append(Link("Instances", reverse("instance-list"), key="g i"))
    if permissions.can_see_policies(rights):
        links.append(
            Link(
                "Policies",
                reverse("policy-list"),
                _count(counts.policies),
                "waiting",
                key="g o",
            )
        )
    if can_see_people(rights):
        links.append(Link("People", reverse("people-list")))
    if permissions.can_see_incidents(rights):
        links.extend(_incidents(counts))
    if permissions.can_see_policies(rights):
        links.append(_stops(counts))
        links.append(Link("SLOs and alerts", reverse("objective-list"), key="g e"))
    if permissions.can_see_instances(rights):
        links.append(Link("Emergencies", reverse("emergency-list")))
    return links


def _incidents(counts: RailCounts) -> list[Link]:
    links = [
        Link(
            "Incidents",
            reverse("incident-list"),
            _count(counts.incidents),
            "open",
            is_hot=counts.incidents > 0,
            key="g x",
        )
    ]
    if settings.DUAL_CONTROL or counts.proposals:
        links.append(
            Link(
                "Approvals",
                reverse("approval-list"),
                _count(counts.proposals),
                "waiting",
                key="g v",
            )
        )
    return links


def _stops(counts: RailCounts) -> Link:
    standing = counts.stops
    return Link(
        "Stops",
        reverse("stop-list"),
        _count(standing),
        "standing",
        is_hot=standing > 0,
        key="g h",
    )


def _evidence(viewer: Viewer) -> list[Link]:
    links = []
    if permissions.can_audit(viewer.rights):
        links = [
            Link("Audit search", reverse("audit-search"), key="g a"),
            Link("Samples", reverse("sample-list")),
            Link("Control tests", reverse("control-runs")),
            Link("Bundles", reverse("bundle-list")),
        ]
    if permissions.can_see_content(viewer.rights):
        links.append(Link("Erasure and holds", reverse("content-keeping")))
    return links


def _count(value: int) -> str:
    if not value:
        return ""
    return f"{value:,}+" if value >= CAP else f"{value:,}"
