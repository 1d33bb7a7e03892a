"""Large values: listed by name on a page, read only when somebody opens one."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards.audit_scope import check_case
from review.dashboards.case import read_case
from review.dashboards.covering import check_uncovered
from review.views.access import screen, viewer_required
from review.views.formats import dump_json
from workflows.core.payloads import UnknownPayload, find_references
from workflows.operations.errors import NotFound
from workflows.store import parse_json, payloads

PREVIEW: Final = 65_536
"""Characters of a value that a page shows; the rest is for a download."""


def list_large(
    stored: Mapping[str, Any], *, url: str, owner: UUID | int
) -> list[dict[str, str]]:
    """Return the large values of stored variables, with where to open them."""
    return [
        {
            "label": name,
            "size": _size(payload.size),
            "short": payload.digest[:12],
            "url": reverse(url, args=[owner, payload.digest]),
        }
        for name, payload in sorted(find_references(stored).items())
    ]


@require_GET
@screen(permissions.check_can_open_instances)
def instance_value(
    request: HttpRequest, instance_id: UUID, digest: str
) -> HttpResponse:
    """Show the beginning of a large value of an instance, or give all of it."""
    rights = viewer_required(request).rights
    check_case(rights, instance_id)
    check_uncovered(rights, instance_id)
    return _answer(request, instance_id, digest)


@require_GET
@screen()
def task_value(request: HttpRequest, task_id: int, digest: str) -> HttpResponse:
    """Show the beginning of a large value that a task shows, or give all of it."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    check_uncovered(viewer.rights, case.row.instance_id)
    shown = {payload.digest for payload in find_references(case.payload).values()}
    if digest not in shown:
        raise NotFound(f"Task {task_id} shows no large value {digest}.")
    return _answer(request, case.row.instance_id, digest)


def _answer(request: HttpRequest, instance_id: UUID, digest: str) -> HttpResponse:
    try:
        content = payloads.read_used(instance_id, digest)
    except UnknownPayload as error:
        raise NotFound(str(error)) from error
    if request.GET.get("whole"):
        return HttpResponse(
            content,
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="{digest[:12]}.json"'
            },
        )
    value = parse_json(content)
    text = value if isinstance(value, str) else dump_json(value)
    if len(text) > PREVIEW:
        text = f"{text[:PREVIEW]}\n... {len(text) - PREVIEW:,} more characters"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"
