"""Keyset pages: where a list ended travels in the address, and nothing is counted."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.http import HttpRequest, QueryDict

from review.dashboards.engine import After
from review.views.numbers import read_number
from workflows.operations.errors import Invalid

Row = TypeVar("Row")


@dataclasses.dataclass(frozen=True, slots=True)
class Pages:
    """What the links below a list show."""

    label: str
    first_url: str
    next_url: str


def read_after(text: str) -> After | None:
    """Read the `after` of an address, "2026-01-05T09:00:00+00:00~17".

    Raises Invalid when somebody made it up.
    """
    if not text:
        return None
    moment, _, row_id = text.partition("~")
    try:
        at = dt.datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not row_id:
        raise Invalid("The page in this address cannot be read; start from the list.")
    return After(at=at, id=row_id)


def read_before(text: str) -> int | None:
    """Read the `before` of an address, a whole number; raises Invalid otherwise."""
    if not text:
        return None
    number = read_number(text)
    if number is None:
        raise Invalid("The page in this address cannot be read; start from the list.")
    return number


def cut(
    request: HttpRequest,
    rows: Sequence[Row],
    *,
    limit: int,
    parameter: str,
    mark: Callable[[Row], str],
) -> tuple[list[Row], Pages]:
    """Cut off the row that only proved there are more, and make the links.

    `mark` gives the address part that names a row as the end of a page.
    """
    shown = list(rows[:limit])
    has_more = len(rows) > limit
    is_first = not request.GET.get(parameter)
    noun = "row" if len(shown) == 1 else "rows"
    return shown, Pages(
        label=f"{len(shown)} {noun} shown{', more follow' if has_more else ''}",
        first_url="" if is_first else _url(request.GET, parameter, ""),
        next_url=_url(request.GET, parameter, mark(shown[-1])) if has_more else "",
    )


def mark_moment(at: dt.datetime, row_id: object) -> str:
    """Return the address part for a row of a list ordered by a moment and an id."""
    return f"{at.isoformat()}~{row_id}"


def _url(query: QueryDict, parameter: str, value: str) -> str:
    changed = query.copy()
    changed.pop(parameter, None)
    if value:
        changed[parameter] = value
    return f"?{changed.urlencode()}"
