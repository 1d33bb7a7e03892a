"""Two versions of a process beside each other: marks on both pictures, and a list."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards.processes import Process
from review.views.access import screen, viewer_required
from review.views.pages import render_page
from review.views.processes.processes import build_links, get_process
from workflows.core.bpmn.differences import Difference, Mark
from workflows.operations.differences import compare_versions
from workflows.operations.errors import NotFound

SIGNS: Final = {Mark.ADDED: "+", Mark.REMOVED: "\N{MINUS SIGN}", Mark.CHANGED: "~"}
_PARTS: Final = (
    ("main", "Main process"),
    ("decisions", "Decisions"),
    ("called", "Other processes of the package"),
    ("files", "Other files"),
)


@require_GET
@screen(permissions.check_can_see_definitions)
def process_compare(request: HttpRequest, key: str) -> HttpResponse:
    """Show what differs between an older and a newer version."""
    viewer = viewer_required(request)
    process = get_process(key, "")
    context: dict[str, object] = {
        "page_title": f"Compare versions of {process.newest.name}",
        "process": process,
        "newest": process.newest,
        "links": build_links(process, viewer, current="compare"),
    }
    if len(process.versions) < 2:
        return render_page(request, "review/processes/process_compare.html", context)
    old, new = _chosen(request, process)
    compared = compare_versions(old.id, new.id)
    context |= {
        "old": _side(process, old),
        "new": _side(process, new),
        "is_same": compared.is_same,
        "told": _told([
            *compared.main, *compared.decisions, *compared.called, *compared.files,
        ]),
        "drawn": [_line(one) for one in compared.main],
        "groups": [
            {"name": name, "label": label, "lines": [_line(one) for one in found]}
            for name, label in _PARTS
            if (found := getattr(compared, name))
        ],
        "migrate_url": f"{reverse('definition-migrate', args=[old.id])}?to={new.id}"
        if permissions.can_deploy(viewer.rights)
        else "",
    }  # fmt: skip
    return render_page(request, "review/processes/process_compare.html", context)


def _chosen(request: HttpRequest, process: Process) -> tuple[Any, Any]:
    """Return the older and the newer version; without a choice the newest two."""
    by_name = {row.version: row for row in process.versions}
    newer = request.GET.get("new") or process.versions[0].version
    index = next(
        (n for n, row in enumerate(process.versions) if row.version == newer), 0
    )
    before = process.versions[min(index + 1, len(process.versions) - 1)]
    older = request.GET.get("old") or before.version
    for name in (older, newer):
        if name not in by_name:
            raise NotFound(f"No version {name!r} of {process.key} is deployed.")
    return by_name[older], by_name[newer]


def _side(process: Process, row: Any) -> dict[str, object]:
    return {
        "id": row.id,
        "version": row.version,
        "process_id": row.process_id,
        "diagram_url": reverse("definition-diagram", args=[row.id]),
        "url": reverse("definition-detail", args=[row.id]),
        "versions": [
            {"version": one.version, "is_chosen": one.id == row.id}
            for one in process.versions
        ],
    }


def _line(found: Difference) -> dict[str, object]:
    """Return a difference for its row; the pictures show what is in the main process."""
    is_drawn = found.part in {"node", "flow"}
    return {
        "element_id": found.element_id,
        "sign": SIGNS[found.mark],
        "mark": found.mark.value,
        "label": found.label,
        "sentences": [detail.sentence for detail in found.details],
        "is_old": is_drawn and found.mark is not Mark.ADDED,
        "is_new": is_drawn and found.mark is not Mark.REMOVED,
    }


def _told(found: Iterable[Difference]) -> str:
    """Return how many elements differ, in words."""
    marks: Sequence[Mark] = [one.mark for one in found]
    said = [f"{marks.count(mark)} {mark.value}" for mark in Mark if mark in marks]
    return ", ".join(said) or "nothing differs"
