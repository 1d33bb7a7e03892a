"""Handlers whose effects can be counted afterwards."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from uuid import uuid4

from django.db import connection
from pydantic import BaseModel

import review.live
from review.core.evidence import bundles
from review.operations.evidence import building, control_orders, control_runs
from tests.faults import scoring  # noqa: F401  registers its handler
from workflows.handlers import HandlerContext, handler
from workflows.operations import claims

# A killed worker's steps are free again after the time limit and this grace; the
# product's 15 seconds would make these tests wait without testing more.
claims.GRACE_SECONDS = 1
# So with bundles and tests of controls: a part for few cases, and short leases.
building.LEASE_SECONDS = control_orders.LEASE_SECONDS = 2
building.BEAT_SECONDS = 0.4
bundles.PART_CASES = control_runs.AT_ONCE = 8

OUTSIDE_SECONDS = 0.4

if os.environ.get("FAULTS_DEAF"):
    # Every hint is published, to a channel of its own that nobody listens to.
    review.live.hints_channel = lambda database: f"{database}:nobody:{uuid4()}"


class Nothing(BaseModel):
    """No fields."""


class Reference(BaseModel):
    reference: str


@handler("fault.outside", version="1.0.0", kind="external", timeout_seconds=2)
def call_outside(request: Nothing, context: HandlerContext) -> Reference:
    """Note the call as another system would, one line in one write."""
    line = {"key": context.idempotency_key, "attempt": context.attempt}
    path = Path(os.environ["FAULTS_FOLDER"]) / "outside.jsonl"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)
    time.sleep(OUTSIDE_SECONDS)
    return Reference(reference=context.idempotency_key)


@handler("fault.book", version="1.0.0", kind="transactional")
def book(request: Nothing, context: HandlerContext) -> Nothing:
    """Add a row in the engine's own transaction; nothing keeps a second one away."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO faults_effect VALUES (%s)", [context.step_id])
    return request


@handler("fault.poison", version="1.0.0", kind="external", timeout_seconds=2)
def poison(request: Nothing, context: HandlerContext) -> Nothing:
    """Kill the process that runs this."""
    os.kill(os.getpid(), signal.SIGKILL)
    return request
