"""What each sweep does about objectives, alerts and held starts; seldom looks."""

import time
from typing import Final

from django.db import connection

from review.operations.figures import alerts, intake, objective_counts, objectives
from workflows.store import database_now

SECONDS: Final = 10.0
"""How often one sweeper asks what is due; a subject is looked at once a minute."""
FORGETS_EVERY: Final = 3600.0

_round = {"asked": 0.0, "forgot": 0.0}


def sweep() -> None:
    """Look at what is due. Any number of sweepers may run."""
    now = time.monotonic()
    if connection.in_atomic_block or now - _round["asked"] < SECONDS:
        return
    _round["asked"] = now
    evaluate_due()
    intake.release_due()
    if now - _round["forgot"] >= FORGETS_EVERY:
        _round["forgot"] = now
        objective_counts.forget_old(database_now())
        intake.forget_old()


def evaluate_due() -> None:
    """Evaluate every objective and every alert whose moment has come."""
    objectives.evaluate_due()
    alerts.evaluate_due()
