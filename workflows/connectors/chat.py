"""Post to a chat room's webhook. What the post says is not decided here."""

from collections.abc import Mapping
from typing import Final

from workflows.connectors import egress
from workflows.connectors.outcomes import Later, Rejected

MOST_WAIT_SECONDS: Final = 3600
# Also asked to come again: too early (425), too many (429), all of the server's own.
_LATER: Final = frozenset({408, 425, 429})


def post(
    url: str,
    *,
    body: bytes,
    delivery_key: str,
    proof: Mapping[str, str] | None = None,
) -> None:
    """Post once. Raises Rejected and Later; returning means that it was taken.

    `delivery_key` is the same each time the same post is tried, `proof` the headers
    that sign it. A redirect is a refusal: the room has moved, or somebody wants us
    elsewhere.
    """
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": delivery_key,
        **(proof or {}),
    }
    try:
        answer = egress.post(url, body=body, headers=headers)
    except egress.NotAllowed as error:
        raise Rejected(str(error)) from error
    except egress.Unreachable as error:
        raise Later(str(error)) from error
    if 200 <= answer.status < 300:
        return
    sentence = f"The room answered {answer.status}."
    if answer.status in _LATER or answer.status >= 500:
        raise Later(sentence, seconds=_read_wait(answer.retry_after))
    raise Rejected(sentence)


def _read_wait(text: str) -> int:
    """Return the seconds of a Retry-After header; a date, and nonsense, are 0."""
    known = text.isascii() and text.isdecimal() and len(text) < 10
    return min(int(text), MOST_WAIT_SECONDS) if known else 0
