"""Fill in what mails and posts say: whole addresses, ids, the template of the HTML."""

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from review.core import letters
from review.core.letters import Line
from review.core.notices import ChatKind
from workflows.connectors.mail import Letter

_HTML: Final = "mail/notices.html"


def whole_url(path: str) -> str:
    """Return the address of a page as mails and posts name it."""
    site = settings.ORIGINS[0] if settings.ORIGINS else ""
    return f"{site}{path}"


def delivery_key(delivery_id: int) -> str:
    """Name a delivery the same way each time it is tried."""
    return f"countersign-delivery-{delivery_id}"


def write_letter(lines: Sequence[Line], *, to: str, delivery_id: int) -> Letter:
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
        message_id=f"<{delivery_key(delivery_id)}@{host or 'countersign.invalid'}>",
        unsubscribe_url=settings_url,
    )


def write_post(
    kind: ChatKind, lines: Sequence[Line], *, room: str, delivery_id: int
) -> bytes:
    """Return the body of the post that carries these notices."""
    return letters.write_post(
        kind, lines, room=room, delivery_key=delivery_key(delivery_id)
    )
