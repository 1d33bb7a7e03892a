"""Which instances a bulk act is for: chosen by what they are, or named one by one."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import read_rows

COUNT_CAP: Final = 10_000
"""Counting stops here: a preview says "10,000+" rather than reading a million rows."""

_CHOSEN: Final = """
    FROM workflows_instance i JOIN workflows_definition d ON d.id = i.definition_id
    WHERE i.state IN ('ACTIVE', 'SUSPENDED')
      AND (%(state)s = '' OR i.state = %(state)s)
      AND (%(definition)s = '' OR d.key = %(definition)s)
      AND (%(version)s = '' OR d.version = %(version)s)
      AND (NOT %(named)s OR i.id = ANY(%(ids)s::uuid[]))
      AND (%(node)s = '' OR EXISTS (
            SELECT 1 FROM workflows_step s
            WHERE s.instance_id = i.id AND s.node_id = %(node)s
              AND s.state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')))
      AND (%(code)s = '' OR EXISTS (
            SELECT 1 FROM workflows_incident c
            WHERE c.instance_id = i.id AND c.state = 'OPEN' AND c.code = %(code)s))
      AND (NOT %(has_incident)s OR EXISTS (
            SELECT 1 FROM workflows_incident c
            WHERE c.instance_id = i.id AND c.state = 'OPEN'))
"""
_COUNT: Final = f"""
    SELECT count(*) AS total FROM (SELECT 1 {_CHOSEN} LIMIT %(cap)s) c
"""  # noqa: S608  a constant of this module
_LIST: Final = f"""
    SELECT i.id, i.business_key, i.state, i.started_at, d.name AS definition_name,
        d.version AS definition_version,
        EXISTS (SELECT 1 FROM workflows_incident c
                WHERE c.instance_id = i.id AND c.state = 'OPEN') AS has_incident,
        ARRAY(SELECT coalesce(nullif(s.name, ''), s.node_id) FROM workflows_step s
              WHERE s.instance_id = i.id
                AND s.state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
              ORDER BY s.id LIMIT 3) AS at_steps
    {_CHOSEN}
    ORDER BY i.started_at, i.id LIMIT %(limit)s
"""  # noqa: S608  a constant of this module
_LABELS: Final = """
    SELECT id, business_key FROM workflows_instance WHERE id = ANY(%(ids)s::uuid[])
"""
_STEPS: Final = """
    SELECT s.id FROM workflows_step s
    WHERE s.instance_id = %(id)s AND s.node_id = %(node)s
      AND s.state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
      AND NOT EXISTS (SELECT 1 FROM workflows_step body
                      WHERE body.id = s.scope_id AND body.node_id = s.node_id)
    ORDER BY s.id
"""
_INCIDENTS: Final = """
    SELECT c.id FROM workflows_incident c
    LEFT JOIN workflows_step s ON s.id = c.step_id
    WHERE c.instance_id = %(id)s AND c.state = 'OPEN'
      AND (%(code)s = '' OR c.code = %(code)s)
      AND (%(node)s = '' OR s.node_id = %(node)s)
    ORDER BY c.id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen: every word that is given must fit. `ids` None names none."""

    definition: str = ""
    version: str = ""
    state: str = ""
    node: str = ""
    code: str = ""
    has_incident: bool = False
    ids: Sequence[UUID] | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was said, so that everything would be chosen."""
        words = (self.definition, self.version, self.state, self.node, self.code)
        return not any(words) and not self.has_incident and self.ids is None


def count_chosen(choice: Choice) -> int:
    """Return how many instances fit, at most COUNT_CAP."""
    found = read_rows(_COUNT, {**_words(choice), "cap": COUNT_CAP})
    return int(found[0].total)


def list_chosen(choice: Choice, *, limit: int) -> list[Any]:
    """Return the instances that fit, the oldest first."""
    return read_rows(_LIST, {**_words(choice), "limit": limit})


def read_labels(ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the business keys of instances by id, for those that have one."""
    return {row.id: row.business_key for row in read_rows(_LABELS, {"ids": list(ids)})}


def list_step_ids(instance_id: UUID, *, node: str) -> list[int]:
    """Return the live steps of an instance at a node, of iterations their body."""
    rows = read_rows(_STEPS, {"id": instance_id, "node": node})
    return [row.id for row in rows]


def list_incident_ids(instance_id: UUID, *, code: str, node: str) -> list[int]:
    """Return the open incidents of an instance, of one code and node where given."""
    words = {"id": instance_id, "code": code, "node": node}
    return [row.id for row in read_rows(_INCIDENTS, words)]


def _words(choice: Choice) -> dict[str, object]:
    return {
        "definition": choice.definition,
        "version": choice.version,
        "state": choice.state,
        "node": choice.node,
        "code": choice.code,
        "has_incident": choice.has_incident,
        "named": choice.ids is not None,
        "ids": list(choice.ids or ()),
    }
