"""Tables of lists: which columns are shown, and cells as they stand on the page.

Cells are made here, not in the template: fifty rows of ten cells, each an include with
its own context, cost more than the query that found them. `components/list_table.html`
writes what this gives.
"""

import dataclasses
import html
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from django.utils.safestring import SafeString

from review.views.formats import Bar, Pill
from review.views.tasks.empty import Empty

BAR_WIDTH: Final = 48


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column: `name` in addresses and preferences, `label` in its head.

    `short` stands before the value where rows are stacked on a narrow screen. A fixed
    column is always shown, an extra one only when asked for; a live one is marked in
    place while the list stays open.
    """

    name: str
    label: str
    is_number: bool = False
    short: str = ""
    is_fixed: bool = False
    is_extra: bool = False
    is_live: bool = False
    is_wide: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row; `mark` is its class, `pick` the value of its checkbox."""

    anchor: str
    cells: SafeString
    mark: str = ""
    pick: str = ""
    label: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """What `components/list_table.html` shows; `empty` stands in place of no rows."""

    label: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: Empty | None = None
    is_selectable: bool = False


def markup(text: str, *parts: object) -> SafeString:
    """Return markup with the parts put in escaped, as Django's format_html does.

    That one looks at every part for lazy texts; a page of cells has some two thousand
    parts, none of them is lazy, and most of them are the same few words.
    """
    return SafeString(
        text.format(*[
            part if isinstance(part, SafeString) else _escape(str(part))
            for part in parts
        ])
    )


_escape = lru_cache(maxsize=4096)(html.escape)


def choose_columns(
    known: Sequence[Column], wanted: Sequence[object] | None
) -> tuple[Column, ...]:
    """Return the columns a person wants, in the list's order; unknown ones are left out.

    Without a choice all are shown but the extra ones.
    """
    if not wanted:
        return tuple(column for column in known if not column.is_extra)
    names = {str(name) for name in wanted}
    return tuple(column for column in known if column.is_fixed or column.name in names)


def make_cells(
    columns: Sequence[Column], values: Mapping[str, SafeString | str]
) -> SafeString:
    """Return the cells of a row in the order of its columns."""
    return SafeString(
        "".join([_cell(column, values.get(column.name, "")) for column in columns])
    )


def _cell(column: Column, value: SafeString | str) -> SafeString:
    kind = _kind_of(column)
    if value and column.short:
        return markup(
            '<td class="{}" data-label="{}">{}</td>', kind, column.short, value
        )
    if column.is_live:
        return markup("<td data-live>{}</td>", value)
    if kind:
        return markup('<td class="{}">{}</td>', kind, value)
    return markup("<td>{}</td>", value)


def _kind_of(column: Column) -> str:
    if column.is_number:
        return "number"
    if column.is_fixed:
        return "strong nowrap"
    return "wide" if column.is_wide else ""


def link(url: str, label: str) -> SafeString:
    """Return a link; its row is opened by it."""
    return markup('<a href="{}">{}</a>', url, label)


def pill(value: Pill | None) -> SafeString | str:
    """Return a pill, or plain muted text for one without a tone."""
    if value is None or not value.label:
        return ""
    if not value.tone:
        return markup(
            '<span class="muted nowrap" title="{}">{}</span>', value.title, value.label
        )
    return markup(
        '<span class="pill is-{}" title="{}">{}</span>',
        value.tone,
        value.title,
        value.label,
    )


def outlined(label: str, tone: str, title: str = "") -> SafeString:
    """Return a pill that has an outline also without a tone."""
    kind = f"pill is-{tone}" if tone else "pill"
    return markup('<span class="{}" title="{}">{}</span>', kind, title, label)


def bar(value: Bar | None) -> SafeString:
    """Return a bar with its words, "none" where there is nothing to measure."""
    if value is None:
        return SafeString('<span class="muted">none</span>')
    return markup(
        '<span class="nowrap" title="{}"><svg class="meter{}" width="{}" height="6"'
        ' aria-hidden="true"><rect class="track" width="{}" height="6" rx="3" />'
        '<rect class="fill" width="{}%" height="6" rx="3" /></svg>'
        ' <span class="meter-text">{}</span></span>',
        value.title,
        f" is-{value.tone}" if value.tone else "",
        BAR_WIDTH,
        BAR_WIDTH,
        value.percent,
        value.label,
    )


def muted(text: str) -> SafeString | str:
    """Return quiet text on one line."""
    return markup('<span class="muted nowrap">{}</span>', text) if text else ""
