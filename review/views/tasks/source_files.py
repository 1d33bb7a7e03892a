"""The files of a task's sources: given as they are, or a page of them as a picture.

What comes from outside is never trusted: the media type follows the bytes, nothing is
sniffed, and the answer's own policy lets nothing in it run, load or be framed.
"""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from review.dashboards.case import read_case
from review.dashboards.covering import check_uncovered
from review.views.access import screen, viewer_required
from review.views.sources.documents import Document, Kind, read_document
from review.views.sources.pages import render_page
from review.views.sources.readings import list_documents
from workflows.operations.errors import NotFound

POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The address carries the digest of what was shown, so what it gives never changes;
    # it is kept short: rights may end.
    "Cache-Control": "private, max-age=300",
}


@require_GET
@screen()
def source_file(request: HttpRequest, task_id: int, number: int) -> HttpResponse:
    """Give a document's file: a picture to be shown, everything else to be kept."""
    document = _find(request, task_id, number)
    if document.kind is Kind.IMAGE and document.picture and not document.problem:
        return _answer(document, document.data, document.picture.media_type)
    return _answer(document, document.data, "application/octet-stream")


@require_GET
@screen()
def source_page(
    request: HttpRequest, task_id: int, number: int, page: int
) -> HttpResponse:
    """Give one page of a PDF, rendered to a picture where it can do no harm."""
    document = _find(request, task_id, number)
    picture = None
    if document.kind is Kind.PDF:
        picture = render_page(document.data, digest=document.digest, page=page)
    if picture is None:
        raise NotFound(f"Page {page} of {document.name} cannot be shown.")
    return _answer(document, picture, "image/png", name=f"{page}.png")


def _find(request: HttpRequest, task_id: int, number: int) -> Document:
    """Return a document of a task the viewer may see; raises NotFound, Forbidden."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    check_uncovered(viewer.rights, case.row.instance_id)
    documents = list_documents(case.payload)
    if number >= len(documents):
        raise NotFound(f"Task {task_id} has no file {number}.")
    document = read_document(documents[number])
    if not document.data:
        raise NotFound(f"{document.name} of task {task_id} is no file.")
    return document


def _answer(
    document: Document, content: bytes, media_type: str, *, name: str = ""
) -> HttpResponse:
    is_shown = media_type.startswith("image/")
    disposition = "inline" if is_shown else "attachment"
    answer = HttpResponse(content, content_type=media_type, headers=HEADERS)
    answer["Content-Disposition"] = (
        f'{disposition}; filename="{name or document.file_name}"'
    )
    return answer
