"""Drafts of verdicts: the verdict form's fields as they were typed, kept on the server.

They outlive the lease and the session; nothing that somebody typed about a case stays
in a browser that others use.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.http import HttpRequest

from review.operations.tasks import drafts

# A password is never kept; the rest belongs to one lease.
_LEFT_OUT: Final = frozenset({
    "csrfmiddlewaretoken",
    "token",
    "payload_digest",
    "then",
    "password",
    "sources_opened",
    "view_digest",
})


def read_draft(person_id: int, task_id: int) -> drafts.Kept | None:
    """Return what a person has typed about a task, None without a draft."""
    return drafts.read(task_id=task_id, person_id=person_id)


def fill(kept: drafts.Kept | None) -> Mapping[str, str]:
    """Return a draft as the initial values of the form."""
    return {} if kept is None else kept.fields


def keep_draft(request: HttpRequest, person_id: int, task_id: int) -> dt.datetime:
    """Keep the form's fields; return when.

    Raises Invalid when they are larger than a draft may be.
    """
    fields = {
        name: str(value)
        for name, value in request.POST.items()
        if name not in _LEFT_OUT and value
    }
    digest = request.POST.get("payload_digest", "")[:64]
    return drafts.keep(
        task_id=task_id, person_id=person_id, payload_digest=digest, fields=fields
    )
