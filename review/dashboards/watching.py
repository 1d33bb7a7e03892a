"""Alerts, silences and brakes as pages list them."""

from typing import Any, Final

from review.dashboards.sql import read_rows

HISTORY: Final = 100

_EPISODES: Final = """
    SELECT e.id, e.subject, e.title, e.value, e.opened_at, e.told_at, e.acts::text,
        e.closed_at, e.rule_id, r.figure, q.key AS queue
    FROM review_alertepisode e
    LEFT JOIN review_alertrule r ON r.id = e.rule_id
    LEFT JOIN review_queue q ON q.id = e.queue_id
    WHERE starts_with(e.subject, %(subject)s) AND (NOT %(open)s OR e.closed_at IS NULL)
    ORDER BY e.opened_at DESC, e.id DESC LIMIT %(limit)s
"""
_SILENCES: Final = """
    SELECT s.id, s.subject, s.reason, p.name AS placed_by, s.placed_by_id, s.starts_at,
        s.ends_at, s.ended_at, o.name AS ended_by,
        s.ended_at IS NULL AND s.ends_at > clock_timestamp() AS stands,
        r.id AS rule_id, r.name AS rule, r.removed_at IS NULL AS is_watched
    FROM review_silence s JOIN review_person p ON p.id = s.placed_by_id
    LEFT JOIN review_alertrule r ON s.subject = 'rule:' || r.id
    LEFT JOIN review_person o ON o.id = s.ended_by_id
    WHERE starts_with(s.subject, %(subject)s)
    ORDER BY stands DESC, s.id DESC LIMIT %(limit)s
"""
_BRAKES: Final = """
    SELECT b.process, b.per_hour FROM review_intakebrake b
    JOIN review_alertepisode e ON e.id = b.episode_id
    WHERE starts_with(e.subject, %(subject)s) AND b.ended_at IS NULL ORDER BY b.process
"""
_RULES: Final = """
    SELECT r.id, r.name, r.figure, r.queue_id, q.name AS queue, r.scope::text,
        r.comparison, r.threshold, r.clear, r.lasting_seconds, r.period_seconds, r.note,
        w.value, w.read_at, w.out_since, e.id AS open_id, e.told_at,
        EXISTS (SELECT FROM review_silence s WHERE s.subject = 'rule:' || r.id
            AND s.ended_at IS NULL AND s.ends_at > clock_timestamp()) AS silent
    FROM review_alertrule r
    LEFT JOIN review_queue q ON q.id = r.queue_id
    LEFT JOIN review_watchstate w ON w.subject = 'rule:' || r.id
    LEFT JOIN review_alertepisode e ON e.rule_id = r.id AND e.closed_at IS NULL
    WHERE r.removed_at IS NULL ORDER BY e.id IS NULL, r.name
"""


def list_open(subject: str = "") -> list[Any]:
    """Return the open alerts whose subject begins so, the newest first."""
    return read_rows(_EPISODES, {"subject": subject, "open": True, "limit": HISTORY})


def list_episodes(subject: str = "") -> list[Any]:
    """Return alerts, open and over, whose subject begins so, the newest first."""
    return read_rows(_EPISODES, {"subject": subject, "open": False, "limit": HISTORY})


def list_silences(subject: str = "") -> list[Any]:
    """Return silences, those that stand first."""
    return read_rows(_SILENCES, {"subject": subject, "limit": HISTORY})


def list_brakes(subject: str) -> list[Any]:
    """Return the processes whose intake an objective slows now."""
    return read_rows(_BRAKES, {"subject": subject})


def list_rules() -> list[Any]:
    """Return the rules with what was read last, those that are out of bounds first."""
    return read_rows(_RULES, {})
