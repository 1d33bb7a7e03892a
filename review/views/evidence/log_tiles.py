"""The audit log over HTTP for public tools (c2sp.org/tlog-tiles), read-only."""

import gzip

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from review import permissions
from review.core.states import Role
from review.dashboards.frame import viewer_of
from review.permissions import Rights
from workflows.core import tiles
from workflows.operations.errors import Forbidden
from workflows.operations.tiles import read_note, read_tile
from workflows.operations.tokens import check_token

_NOTHING, _ENTRIES = "nothing", "entries"
_YEAR_SECONDS = 365 * 24 * 60 * 60


@require_safe
@login_not_required
def log_checkpoint(request: HttpRequest) -> HttpResponse:
    """Show the newest signed checkpoint."""
    if refusal := _refuse(request, is_public=settings.LOG_PUBLIC != _NOTHING):
        return refusal
    note = read_note()
    if note is None:
        return _say(404, "Nothing was signed yet.")
    answer = HttpResponse(note, content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "max-age=2"
    return answer


@require_safe
@login_not_required
def log_tile(request: HttpRequest, path: str) -> HttpResponse:
    """Give a tile of hashes or of entries, whole or partial."""
    tile = tiles.read_path(path)
    holds_entries = tile is not None and tile.level is None
    is_public = settings.LOG_PUBLIC == _ENTRIES or (
        settings.LOG_PUBLIC != _NOTHING and not holds_entries
    )
    if refusal := _refuse(request, is_public=is_public, shows_all=holds_entries):
        return refusal
    data = read_tile(tile) if tile is not None else None
    if data is None:
        return _say(404, "There is no such tile.")
    packs = holds_entries and "gzip" in request.headers.get("Accept-Encoding", "")
    answer = HttpResponse(
        gzip.compress(data, mtime=0) if packs else data,
        content_type="application/octet-stream",
    )
    if packs:
        answer["Content-Encoding"] = "gzip"
    answer["Vary"] = (
        "Accept-Encoding" if is_public else "Accept-Encoding, Authorization"
    )
    who = "public" if is_public else "private"
    answer["Cache-Control"] = f"{who}, max-age={_YEAR_SECONDS}, immutable"
    return answer


def _refuse(
    request: HttpRequest, *, is_public: bool, shows_all: bool = False
) -> HttpResponse | None:
    """Let in whom the settings, a machine's token or a person's role let in.

    Entries of all cases (`shows_all`) are for auditors without limits, for process
    owners, and for tokens that were made for it.
    """
    if is_public:
        return None
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _refuse_token(secret.strip(), shows_all=shows_all)
    viewer = viewer_of(request)
    if viewer is None:
        return _say(401, "Sign in as an auditor, or send an API token.")
    try:
        _check_can_read(viewer.rights, shows_all=shows_all)
    except Forbidden as refusal:
        return _say(403, refusal.message)
    return None


def _check_can_read(rights: Rights, *, shows_all: bool) -> None:
    """Read the log's files: auditors and process owners.

    Entries of all cases (`shows_all`) are not for an auditor of some of them.
    """
    if rights.holds_anywhere(Role.PROCESS_OWNER):
        return
    if permissions.audit_scope_of(rights).is_limited and shows_all:
        raise Forbidden("The whole log is not within your limits.")


def _refuse_token(secret: str, *, shows_all: bool) -> HttpResponse | None:
    try:
        token = check_token(secret=secret)
    except Forbidden as refusal:
        return _say(401, refusal.message)
    if shows_all and not token.reads_log:
        return _say(
            403,
            "This token may not read entries; make one with `manage.py"
            " create_api_token NAME --reads-log`.",
        )
    return None


def _say(status: int, sentence: str) -> HttpResponse:
    answer = HttpResponse(f"{sentence}\n", status=status, content_type="text/plain")
    answer["Cache-Control"] = "no-store"
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
