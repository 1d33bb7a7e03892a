"""Files of rows that are written while they are sent, however many there are."""

import csv
import io
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from review.views.numbers import write_cell

LINES_AT_ONCE: Final = 500


def answer_csv(
    request: HttpRequest, name: str, lines: Iterator[list[str]]
) -> StreamingHttpResponse:
    """Return lines as a CSV file that no spreadsheet takes for formulas.

    It is written while it is sent, however long it is.
    """
    chunks = _write(lines)
    answer = StreamingHttpResponse(
        _await(chunks) if isinstance(request, ASGIRequest) else chunks,
        content_type="text/csv; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _write(lines: Iterator[list[str]]) -> Iterator[str]:
    while some := list(itertools.islice(lines, LINES_AT_ONCE)):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([write_cell(cell) for cell in line] for line in some)
        yield text.getvalue()


async def _await(chunks: Iterator[str]) -> AsyncIterator[str]:
    """Give the same without holding up others: Django would else gather it all."""
    while chunk := await sync_to_async(_next)(chunks):
        yield chunk


def _next(chunks: Iterator[str]) -> str:
    return next(chunks, "")
