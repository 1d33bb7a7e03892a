"""Bundles of evidence: order one of a case, see it grow, fetch its file, call it off."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import IO, Final
from uuid import UUID

from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.evidence.bundles import (
    UNDER_WAY,
    BundleState,
    Custody,
    RangeRefused,
    Redaction,
    percent,
    read_range,
)
from review.core.evidence.scopes import AuditScope
from review.core.evidence.selections import Selection
from review.dashboards.audit_scope import check_case
from review.dashboards.covering import cover_of
from review.dashboards.population import find_keys
from review.models import BundleCustody, EvidenceBundle, Person
from review.operations.evidence import building, bundles
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_count, format_moment
from review.views.pages import render_page
from workflows.models import Instance
from workflows.operations.errors import NotFound
from workflows.store import database_now

SMALL: Final = 2_000
"""Entries of a case whose bundle is built while its reader waits: a second or two."""
SHOWN: Final = 100
_CHUNK: Final = 256 * 1024
_PILLS: Final = {
    BundleState.WAITING: Pill("Waiting", "info"),
    BundleState.BUILDING: Pill("Being built", "info"),
    BundleState.READY: Pill("Ready", "good"),
    BundleState.FAILED: Pill("Failed", "bad"),
    BundleState.CANCELED: Pill("Called off", ""),
    BundleState.EXPIRED: Pill("Expired", ""),
}
_WORDS: Final = {
    Custody.ORDERED: "Ordered",
    Custody.FINISHED: "Finished",
    Custody.FAILED: "Failed",
    Custody.CANCELED: "Called off",
    Custody.EXPIRED: "File removed",
    Custody.DOWNLOADED: "Downloaded",
}


@require_GET
@screen(permissions.check_can_audit)
def bundle_list(request: HttpRequest) -> HttpResponse:
    """Show the newest bundles the viewer may have."""
    viewer = viewer_required(request)
    now, zone = database_now(), viewer.look.tzinfo
    rows = bundles.list_bundles(viewer.rights, limit=SHOWN)
    titles = _find_titles(rows, scope=bundles.scope_of(viewer.rights))
    context = {
        "page_title": "Bundles",
        "topic": bundles.TOPIC,
        "rows": [_tell(row, title=titles[row.pk], zone=zone, now=now) for row in rows],
    }
    return render_page(request, "review/evidence/bundle_list.html", context)


@require_GET
@screen(permissions.check_can_audit)
def bundle_detail(request: HttpRequest, bundle_id: int) -> HttpResponse:
    """Show how far a bundle is, its file, and who did what with it."""
    viewer = viewer_required(request)
    bundle = bundles.get_bundle(bundle_id, rights=viewer.rights)
    now, zone = database_now(), viewer.look.tzinfo
    rows = bundles.read_custody(bundle)
    titles = _find_titles([bundle], scope=bundles.scope_of(viewer.rights))
    context = {
        "page_title": f"Bundle {bundle.pk}",
        "bundle": {
            **_tell(bundle, title=titles[bundle.pk], zone=zone, now=now),
            "progress": _tell_progress(bundle),
        },
        "topic": bundles.bundle_topic(bundle.pk),
        "custody": [_tell_custody(row, zone=zone, now=now) for row in rows],
    }
    return render_page(request, "review/evidence/bundle_detail.html", context)


@require_POST
@screen(permissions.check_can_audit)
def bundle_cancel(request: HttpRequest, bundle_id: int) -> HttpResponse:
    """Call a bundle off."""
    bundles.cancel_bundle(bundle_id=bundle_id, person=_person(request))
    return redirect("bundle-detail", bundle_id)


@require_GET
@screen(permissions.check_can_audit)
def bundle_download(request: HttpRequest, bundle_id: int) -> HttpResponseBase:
    """Give the file or the bytes of it that are asked for; each time is on record."""
    rights = viewer_required(request).rights
    bundle = bundles.get_bundle(bundle_id, rights=rights)
    return _give(request, bundle)


@require_POST
@screen(permissions.check_can_audit)
def audit_export(request: HttpRequest, instance_id: UUID) -> HttpResponseBase:
    """Order the evidence of one instance; a small one is given at once."""
    check_case(viewer_required(request).rights, instance_id)
    found = Instance.objects.filter(pk=instance_id).first()
    if found is None:
        raise NotFound(f"There is no instance {instance_id}.")
    # Not by its key: that can be a person's, and would outlive its erasure here.
    selection = Selection(
        kind="case", title=f"Case {instance_id}", cases=(instance_id,)
    )
    is_small = found.audit_seq <= SMALL
    bundle_id = bundles.order_bundle(
        selection=selection,
        doer=_person(request),
        redaction=Redaction(
            without_disclosures="closed" in request.POST
            or cover_of(viewer_required(request).rights, instance_id) is not None
        ),
        reason=request.POST.get("reason", ""),
        here=is_small,
    )
    if is_small and building.build_now(bundle_id):
        return _give(request, EvidenceBundle.objects.get(pk=bundle_id))
    return redirect("bundle-detail", bundle_id)


# --- the file -----------------------------------------------------------------------


def _give(request: HttpRequest, bundle: EvidenceBundle) -> HttpResponseBase:
    """Answer with the file, or a range of it (RFC 9110, section 14)."""
    tag = f'"{bundle.digest}"'
    asked = None
    if request.headers.get("If-Range", tag) == tag:
        try:
            asked = read_range(request.headers.get("Range", ""), size=bundle.size)
        except RangeRefused:
            return HttpResponse(
                status=416, headers={"Content-Range": f"bytes */{bundle.size}"}
            )
    file = bundles.open_download(
        bundle_id=bundle.pk, doer=_person(request), asked=asked
    )
    first, last = asked or (0, bundle.size - 1)
    file.seek(first)
    chunks = _stream if isinstance(request, ASGIRequest) else _read
    answer = StreamingHttpResponse(
        chunks(file, last - first + 1), content_type="application/zip"
    )
    answer["Content-Length"] = str(last - first + 1)
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = tag
    answer["X-Content-Digest"] = f"sha-256={bundle.digest}"
    answer["Cache-Control"] = "private, no-store"
    name = f"evidence-{bundle.pk}.zip"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    if asked is not None:
        answer.status_code = 206
        answer["Content-Range"] = f"bytes {first}-{last}/{bundle.size}"
    return answer


def _read(file: IO[bytes], count: int) -> Iterator[bytes]:
    with file:
        while count > 0 and (chunk := file.read(min(_CHUNK, count))):
            count -= len(chunk)
            yield chunk


async def _stream(file: IO[bytes], count: int) -> AsyncIterator[bytes]:
    """Return the same without holding up others: Django would else gather it all."""
    with file:
        while count > 0:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK, count))
            if not chunk:
                return
            count -= len(chunk)
            yield chunk


# --- words ------------------------------------------------------------------------


def _find_titles(
    rows: Sequence[EvidenceBundle], *, scope: AuditScope
) -> dict[int, str]:
    """Return what each is called: that of one case by the case's key, if it has one."""
    cases = {
        row.pk: UUID(row.selection["cases"][0])
        for row in rows
        if row.selection["kind"] == "case" and row.selection["cases"]
    }
    keys = find_keys(list(cases.values()), scope=scope)
    return {
        row.pk: f"Case {keys[cases[row.pk]]}"
        if cases.get(row.pk) in keys
        else row.title
        for row in rows
    }


def _tell(
    row: EvidenceBundle, *, title: str, zone: dt.tzinfo, now: dt.datetime
) -> dict[str, object]:
    state = BundleState(row.state)
    is_begun = bool(row.plan or row.entries)
    done = percent(row.entries_done, row.entries) if is_begun else 0
    return {
        "id": row.pk,
        "url": reverse("bundle-detail", args=[row.pk]),
        "title": title,
        "reason": row.reason,
        "by": row.ordered_by_name,
        "at": format_moment(row.ordered_at, zone=zone, now=now),
        "state": _PILLS[state],
        "is_under_way": state in UNDER_WAY,
        "is_ready": state is BundleState.READY,
        "percent": done,
        "cases": row.cases,
        "cases_label": format_count(row.cases, "case"),
        "withheld": row.withheld,
        "entries": f"{row.entries:,}",
        "size": _tell_size(row.size),
        "digest": row.digest,
        "error": row.error,
        "until": format_moment(row.next_at, zone=zone, now=now) if row.next_at else "",
        "redaction": _tell_redaction(Redaction.from_json(row.redaction)),
        "checkpoint": row.checkpoint_size,
    }


def _tell_progress(row: EvidenceBundle) -> str:
    if not row.plan:
        words = f": {row.entries_done:,} of {row.entries:,} entries read"
        return f"Looking for the cases{words if row.entries else ''}"
    done, total = len(row.parts), row.parts_total
    if done >= total:
        return f"Putting {total} parts together"
    return f"{row.entries_done:,} of {row.entries:,} entries, {done} of {total} parts"


def _tell_size(size: int) -> str:
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB" if size else ""
    return f"{size / 1_000_000:,.1f} MB"


def _tell_redaction(redaction: Redaction) -> str:
    if redaction.without_disclosures:
        return "Without opened personal values"
    return f"Without {', '.join(redaction.fields)}" if redaction.fields else ""


def _tell_custody(
    row: BundleCustody, *, zone: dt.tzinfo, now: dt.datetime
) -> dict[str, object]:
    note = row.note
    if row.first_byte is not None and row.last_byte is not None:
        note = f"bytes {row.first_byte:,} to {row.last_byte:,}"
    return {
        "what": _WORDS[Custody(row.what)],
        "by": row.actor_name,
        "at": format_moment(row.at, zone=zone, now=now),
        "note": note,
        "digest": row.digest,
        "seq": row.audit_seq,
    }


def _person(request: HttpRequest) -> Person:
    return Person.objects.get(pk=viewer_required(request).person_id)
