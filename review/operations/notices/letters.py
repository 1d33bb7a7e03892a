"""Fill in what mails and posts say: whole addresses, ids, the template of the HTML."""

import datetime as dt
from collections.abc import Sequence
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from review.core.notices import letters
from review.core.notices.letters import Line
from workflows.connectors.mail import Letter

_HTML: Final = "mail/notices.html"


def whole_url(path: str) -> str:
    """Return the address of a page as mails and posts name it."""
    site = settings.ORIGINS[0] if settings.ORIGINS else ""
    return f"{site}{path}"


def name_delivery(delivery_id: int, due_at: dt.datetime) -> str:
    """Name a delivery the same way each time it is tried.

    With its moment, for a database that was restored or begun anew counts from an
    earlier number, and whoever knows that one would drop the new mail as a copy.
    """
    return f"countersign-{delivery_id}-{int(due_at.timestamp())}"


def write_letter(lines: Sequence[Line], *, to: str, delivery_key: str) -> Letter:
    """Return the mail that carries these notices."""
    settings_url = whole_url(reverse("notification-settings"))
    list_url = whole_url(reverse("notification-list"))
    subject = letters.write_subject(lines)
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    html = render_to_string(
        _HTML,
        {
            "subject": subject,
            "lines": lines[: letters.MOST_LISTED],
            "more": max(len(lines) - letters.MOST_LISTED, 0),
            "list_url": list_url,
            "settings_url": settings_url,
        },
    )
    return Letter(
        to=to,
        subject=subject,
        text=letters.write_text(lines, settings_url=settings_url, list_url=list_url),
        html=html,
        message_id=f"<{delivery_key}@{host or 'countersign.invalid'}>",
        unsubscribe_url=settings_url,
    )
