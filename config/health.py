"""Answers for supervisors and load balancers: alive, and ready to serve."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from workflows.operations.anchors import are_late, list_standings
from workflows.store import database_now

VALKEY_TIMEOUT_SECONDS = 0.5


@never_cache
@require_safe
@login_not_required
def livez(request: HttpRequest) -> HttpResponse:
    """Say that the process answers; touches nothing outside it."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Report database, migrations and valkey as `ok` or `down` (or `pending`).

    503 where the database or its schema is not usable. A stopped Valkey alone is told
    but stays 200: without it only live hints and the doorbell are late. So do anchors
    that are `late` to hold the log's checkpoints.
    """
    database, migrations = _check_database()
    ready = database == migrations == "ok"
    return JsonResponse(
        {
            "database": database,
            "migrations": migrations,
            "valkey": _check_valkey(),
            "anchors": _check_anchors() if ready else "unknown",
        },
        status=200 if ready else 503,
    )


def _check_database() -> tuple[str, str]:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "down", "unknown"
    return "ok", "pending" if plan else "ok"


def _check_anchors() -> str:
    try:
        is_late = settings.ANCHORS and are_late(list_standings(now=database_now()))
    except DatabaseError:
        return "unknown"
    return "late" if is_late else "ok"


def _check_valkey() -> str:
    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=VALKEY_TIMEOUT_SECONDS,
            socket_connect_timeout=VALKEY_TIMEOUT_SECONDS,
        ) as client:
            client.ping()
    except RedisError:
        return "down"
    return "ok"
