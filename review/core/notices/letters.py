"""What mails and chat posts say. Pure; the HTML of mails is a template.

A chat room reads titles and links alone: who is in it is not ours to know. No link
does anything but open a page, which asks for sign-in.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.core.notices.notices import ChatKind

MOST_LISTED: Final = 50
_MOST_SUBJECT: Final = 150


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in a mail: heads, and rows of as many words."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One notice as a message shows it; `url` is whole. Tables are for mails alone."""

    kind: str
    title: str
    text: str
    url: str
    told_at: dt.datetime
    tables: tuple[Table, ...] = ()


def write_subject(lines: Sequence[Line]) -> str:
    """Return a mail's subject: the first notice, and how many more there are."""
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    title = " ".join(lines[0].title.split())
    if len(title) > _MOST_SUBJECT:
        title = title[: _MOST_SUBJECT - 1] + "…"
    return title + more


def write_text(lines: Sequence[Line], *, settings_url: str, list_url: str) -> str:
    """Return a mail's plain text."""
    blocks = [
        "\n".join(
            part
            for part in (
                line.title,
                line.text,
                *(f"\n{_align(table)}\n" for table in line.tables),
                line.url,
            )
            if part
        )
        for line in lines[:MOST_LISTED]
    ]
    if len(lines) > MOST_LISTED:
        blocks.append(f"{len(lines) - MOST_LISTED} more: {list_url}")
    blocks.append(
        "-- \nThe links open pages that ask for sign-in; nothing is decided by mail.\n"
        f"Choose what is mailed, and when: {settings_url}"
    )
    return "\n\n".join(blocks) + "\n"


def _align(table: Table) -> str:
    """Return a table as plain text, its columns under each other."""
    rows = (table.heads, *table.rows)
    widths = [max(len(row[n]) for row in rows) for n in range(len(table.heads))]
    lines = [
        "  ".join(
            cell.ljust(width) if not n else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([table.title, *lines])


def write_post(
    kind: ChatKind, lines: Sequence[Line], *, room: str, delivery_key: str
) -> bytes:
    """Return the JSON body of a chat post, as the room's kind wants it."""
    body = _write_body(kind, lines, room=room, delivery_key=delivery_key)
    return json.dumps(body, ensure_ascii=False).encode()


def _write_body(
    kind: ChatKind, lines: Sequence[Line], *, room: str, delivery_key: str
) -> dict[str, object]:
    shown, more = lines[:MOST_LISTED], max(len(lines) - MOST_LISTED, 0)
    match kind:
        case ChatKind.SLACK:
            return _write_slack(shown, more)
        case ChatKind.TEAMS:
            return _write_teams(shown, more)
        case ChatKind.JSON:
            return _write_json(lines, room=room, delivery_key=delivery_key)


def _write_slack(lines: Sequence[Line], more: int) -> dict[str, object]:
    rows = [f"<{line.url}|{_escape_slack(line.title)}>" for line in lines]
    if more:
        rows.append(f"and {more} more")
    return {"text": "\n".join(rows), "unfurl_links": False}


def _escape_slack(text: str) -> str:
    """Escape the three characters that Slack reads; a bar would end a link's address."""
    for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "¦")):
        text = text.replace(plain, escaped)
    return text


def _write_teams(lines: Sequence[Line], more: int) -> dict[str, object]:
    """Return an Adaptive Card, which Teams' workflows post."""
    # A TextRun is plain text; a TextBlock would read the title as Markdown.
    rows: list[dict[str, object]] = [
        {
            "type": "RichTextBlock",
            "inlines": [
                {
                    "type": "TextRun",
                    "text": line.title,
                    "selectAction": {"type": "Action.OpenUrl", "url": line.url},
                }
            ],
        }
        for line in lines
    ]
    if more:
        rows.append({"type": "TextBlock", "text": f"and {more} more", "wrap": True})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": rows,
    }
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": card,
            }
        ],
    }


def _write_json(
    lines: Sequence[Line], *, room: str, delivery_key: str
) -> dict[str, object]:
    return {
        "id": delivery_key,
        "room": room,
        "notices": [
            {
                "kind": line.kind,
                "title": line.title,
                "url": line.url,
                "at": line.told_at.isoformat(),
            }
            for line in lines
        ],
    }


def read_tables(stored: Sequence[Mapping[str, Any]]) -> tuple[Table, ...]:
    """Read the tables that a notice keeps."""
    return tuple(
        Table(
            str(each["title"]),
            tuple(map(str, each["heads"])),
            tuple(tuple(map(str, row)) for row in each["rows"]),
        )
        for each in stored
    )
