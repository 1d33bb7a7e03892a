"""Drafts of verdicts, kept in the person's session on the server.

They outlive the lease and end with the session: what somebody typed about a case does
not stay in a browser that others use.
"""

from typing import Final

from django.http import HttpRequest

KEY: Final = "drafts"
MOST_DRAFTS: Final = 5
MOST_CHARACTERS: Final = 40_000
_LEFT_OUT: Final = {"csrfmiddlewaretoken", "token", "payload_digest", "then"}


def read_draft(request: HttpRequest, task_id: int) -> dict[str, str]:
    """Return what was typed for a task, by field name; empty without a draft."""
    found = request.session.get(KEY, {}).get(str(task_id), {})
    return dict(found)


def keep_draft(request: HttpRequest, task_id: int) -> bool:
    """Keep a form's fields; the oldest draft goes when there are too many.

    False when they are larger than a draft may be.
    """
    fields = {
        name: str(value)
        for name, value in request.POST.items()
        if name not in _LEFT_OUT and value
    }
    if sum(map(len, fields.values())) > MOST_CHARACTERS:
        return False
    drafts = {**request.session.get(KEY, {})}
    drafts.pop(str(task_id), None)
    drafts[str(task_id)] = fields
    while len(drafts) > MOST_DRAFTS:
        del drafts[next(iter(drafts))]
    request.session[KEY] = drafts
    return True


def drop_draft(request: HttpRequest, task_id: int) -> None:
    """Forget a task's draft."""
    drafts = {**request.session.get(KEY, {})}
    if drafts.pop(str(task_id), None) is not None:
        request.session[KEY] = drafts
