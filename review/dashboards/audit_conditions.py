"""Facets of the audit search as conditions of a statement. What is found is read elsewhere."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from review.core.evidence.facets import BYPASSES, Facets
from review.core.evidence.scopes import AuditScope
from review.dashboards.audit_scope import limit_cases
from review.dashboards.sql import read_row, read_rows
from workflows.models.audit import USUAL_KINDS

FROM: Final = """
    FROM workflows_auditentry e
    LEFT JOIN workflows_instance i ON i.id = e.chain
    LEFT JOIN workflows_definition d ON d.id = i.definition_id
"""
_PLAIN: Final[Mapping[str, str]] = {
    "chain": "e.chain = %(chain)s",
    "definition": "d.key = %(definition)s",
    "version": "d.version = %(version)s",
    "since": "e.at >= %(since)s",
    "until": "e.at < %(until)s",
    "found": "e.chain = ANY(SELECT unnest(cases) FROM review_auditlist"
    " WHERE id = %(found)s)",
}
_OF_TASK: Final[Mapping[str, str]] = {
    "queue": "t.queue_id IN (SELECT id FROM review_queue WHERE key = %(queue)s)",
    "policy": "(c.policy ->> 'version' = %(policy)s OR EXISTS (SELECT FROM"
    " review_verdict v WHERE v.task_id = t.id AND v.policy_version = %(policy)s))",
    "model": "coalesce(c.proposal ->> 'model_version', c.proposal ->> 'model')"
    " = %(model)s",
    "decision": "EXISTS (SELECT FROM review_verdict v"
    " WHERE v.task_id = t.id AND v.decision = %(decision)s)",
    "outcome": "t.outcome = %(outcome)s",
    "least": "t.impact >= %(least)s",
    "most": "t.impact <= %(most)s",
}
_FOUR_EYES: Final = "t.control = 'DUAL'"
_BREACHED: Final = "t.breached_at IS NOT NULL"
# As review.dashboards.track_record counts what people upheld.
OVERTURNED: Final = """
    (t.state = 'DECIDED' AND t.decided_by = 'PEOPLE'
     AND jsonb_typeof(c.proposal) = 'object'
     AND (t.round > 1 OR t.outcome IS DISTINCT FROM CASE
         WHEN lower(coalesce(c.proposal ->> 'action', c.proposal ->> 'decision',
                             c.proposal ->> 'recommendation', ''))
              = ANY(ARRAY['reject', 'decline', 'refuse', 'deny', 'block', 'return'])
         THEN 'REJECTED' ELSE 'APPROVED' END))
"""
_TASK: Final = """
    EXISTS (SELECT FROM review_task t
            JOIN review_taskcontent c ON c.task_id = t.id
            WHERE t.step_id = e.step_id AND {conditions})
"""
_ROLE: Final = """
    EXISTS (SELECT FROM review_rolegrant g
            WHERE e.actor = 'person:' || g.person_id AND g.role = %(role)s
              AND g.granted_at <= e.at
              AND (g.revoked_at IS NULL OR g.revoked_at > e.at)
              AND (g.ends_at IS NULL OR g.ends_at > e.at))
"""
_BYPASS: Final = """
    e.id IN (
        SELECT a.id FROM workflows_auditentry a WHERE a.kind = ANY(%(bypasses)s)
        UNION ALL
        SELECT a.id FROM review_verdict v
        JOIN workflows_auditentry a ON a.chain = v.instance_id AND a.seq = v.audit_seq
        WHERE v.on_behalf_of_id IS NOT NULL)
"""
# The very conditions of two partial indexes; see AuditEntry.
_BY_PERSON: Final = "e.actor LIKE 'person:%%'"
_RARE: Final = "e.kind <> ALL(%(usual)s)"
_MACHINES: Final = {"SYSTEM": "system:", "API": "token:"}
_CASES: Final = """
    SELECT id FROM workflows_instance
    WHERE business_key = %(words)s ORDER BY started_at DESC LIMIT 50
"""
_PEOPLE: Final = """
    SELECT id, name FROM review_person
    WHERE lower(name) LIKE %(words)s ORDER BY name, id LIMIT 20
"""
# Numbers of entries rise with their times, near enough: bisecting them finds a day
# among millions in some twenty steps, without an index of times to keep at each write.
_BISECT: Final = """
    WITH RECURSIVE bounds(least, most) AS (
        SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM workflows_auditentry
        UNION ALL
        SELECT CASE WHEN m.at < %(moment)s THEN m.id + 1 ELSE least END,
               CASE WHEN m.at < %(moment)s THEN most
                    ELSE least + (most - least) / 2 END
        FROM bounds, LATERAL (
            SELECT id, at FROM workflows_auditentry
            WHERE id >= least + (most - least) / 2 ORDER BY id LIMIT 1) m
        WHERE least < most
    )
    SELECT max(least) AS id FROM bounds
"""
# The expression of an index: see AuditEntry. What is left of it is compared as it is.
_HASHES: Final = """
    SELECT id FROM workflows_auditentry
    WHERE substring(hash, 1, 4) = %(key)s
      AND hash >= %(hash_from)s AND hash <= %(hash_to)s
      AND encode(hash, 'hex') LIKE %(hash_like)s
    LIMIT %(most)s
"""
WHOLE_HASH: Final = 64
MOST_ALIKE: Final = 1_000
_OUT_OF_ORDER: Final = dt.timedelta(hours=1)
"""How long a transaction may have kept a number before it wrote its time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """Conditions on the entries `e`, their parameters, and who `words` may mean.

    `is_long`: no index finds these entries, they are found by reading back from the
    newest. `named` are entries that an index found all the same.
    """

    conditions: tuple[str, ...]
    parameters: Mapping[str, Any]
    people: Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_empty: bool = False
    is_long: bool = False
    named: tuple[int, ...] = ()

    @property
    def where(self) -> str:
        """Return the conditions as one."""
        return " AND ".join(self.conditions) or "true"


def build_search(facets: Facets, *, scope: AuditScope) -> Search:
    """Return the search for these facets within the scope.

    Two short readings before it: whom and which cases words mean, and where the days
    begin and end.
    """
    conditions, parameters = limit_cases(scope)
    given = {
        name: value
        for name, value in dataclasses.asdict(facets).items()
        if value is not None and value != ""
    }
    parameters |= given
    if scope.is_limited:
        # What belongs to no case is not part of any matter.
        conditions.append("i.id IS NOT NULL")
    conditions += [_PLAIN[name] for name in given if name in _PLAIN]
    if facets.kind:
        conditions.append(_of_kind(facets.kind, parameters))
    if facets.bypass:
        conditions.append(_BYPASS)
        parameters["bypasses"] = list(BYPASSES)
    conditions += _conditions_of_role(facets, parameters)
    named = find_hashes(facets.hash) if facets.hash else []
    conditions += _conditions_of_hash(facets, named, parameters)
    conditions += _conditions_of_tasks(facets, given)
    conditions += _bounds(facets, parameters)
    people: dict[str, str] = {}
    is_empty = False
    if facets.actor:
        people = find_people(facets.actor) if ":" not in facets.actor else {}
        actors = list(people) or [facets.actor]
        conditions.append(_of_actors(actors, "actors", parameters))
        is_empty = not people and ":" not in facets.actor
    if facets.words:
        meant, chains = _understand(facets.words)
        is_empty = is_empty or not (meant or chains)
        people |= meant
        parameters["chains"] = chains
        either = ["e.chain = ANY(%(chains)s)"] if chains or not meant else []
        if meant:
            either.append(_of_actors(list(meant), "people", parameters))
        conditions.append(f"({' OR '.join(either)})")
    if facets.hash and len(facets.hash) < WHOLE_HASH:
        is_empty = is_empty or not named
    return Search(
        tuple(conditions),
        parameters,
        people,
        is_empty,
        is_long=not _is_quick(facets, parameters),
        named=tuple(named),
    )


def _is_quick(facets: Facets, parameters: Mapping[str, Any]) -> bool:
    """Tell whether an index leads to the entries, or to few among which they are.

    Those are the indexes of chains, of people's entries, of rare kinds and of how hashes
    begin, and lists of cases.
    """
    actors = parameters.get("actors", [])
    return bool(
        facets.chain
        or facets.found
        or facets.words
        or facets.bypass
        or 0 < len(facets.hash) < WHOLE_HASH
        or (facets.kind and _is_rare(facets.kind))
        or (actors and all(ref.startswith("person:") for ref in actors))
    )


def _is_rare(kind: str) -> bool:
    """Tell whether a kind, or one that may end in "*", is none of the usual ones."""
    if "*" not in kind:
        return kind not in USUAL_KINDS
    begins = kind.rstrip("*")
    return not any(usual.startswith(begins) for usual in USUAL_KINDS)


def find_hashes(begins: str) -> list[int]:
    """Return the numbers of the entries whose hash begins so (8 hex digits or more)."""
    even = begins[: len(begins) // 2 * 2]
    rows = read_rows(
        _HASHES,
        {
            "key": bytes.fromhex(begins[:8]),
            "hash_from": bytes.fromhex(even),
            "hash_to": bytes.fromhex(even) + b"\xff" * 32,
            "hash_like": f"{begins}%",
            "most": MOST_ALIKE,
        },
    )
    return [row.id for row in rows]


def find_people(name: str) -> dict[str, str]:
    """Return actor refs and names of persons whose name contains the text."""
    rows = read_rows(_PEOPLE, {"words": f"%{escape_like(name.lower())}%"})
    return {f"person:{row.id}": row.name for row in rows}


def escape_like(text: str) -> str:
    """Return the text so that LIKE takes it as it is."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _understand(words: str) -> tuple[dict[str, str], list[UUID]]:
    return find_people(words), [row.id for row in read_rows(_CASES, {"words": words})]


def _of_actors(refs: list[str], name: str, parameters: dict[str, Any]) -> str:
    parameters[name] = refs
    by_person = all(ref.startswith("person:") for ref in refs)
    return f"(e.actor = ANY(%({name})s){f' AND {_BY_PERSON}' if by_person else ''})"


def _of_kind(kind: str, parameters: dict[str, Any]) -> str:
    if "*" not in kind:
        parameters["kind"] = kind
        return "e.kind = %(kind)s"
    parameters["kind"] = escape_like(kind).replace("*", "%")
    parameters["usual"] = list(USUAL_KINDS)
    return f"e.kind LIKE %(kind)s{f' AND {_RARE}' if _is_rare(kind) else ''}"


def _conditions_of_role(facets: Facets, parameters: dict[str, Any]) -> list[str]:
    if not facets.role:
        return []
    if facets.role in _MACHINES:
        parameters["machine"] = f"{_MACHINES[facets.role]}%"
        return ["e.actor LIKE %(machine)s"]
    return [_BY_PERSON, _ROLE]


def _conditions_of_hash(
    facets: Facets, named: list[int], parameters: dict[str, Any]
) -> list[str]:
    """Find an entry by how its hash begins, or any that names a whole digest."""
    if not facets.hash:
        return []
    parameters["named"] = named
    if len(facets.hash) < WHOLE_HASH:
        return ["e.id = ANY(%(named)s)"]
    return ["(e.id = ANY(%(named)s) OR strpos(e.entry, %(hash)s) > 0)"]


def _conditions_of_tasks(facets: Facets, given: Mapping[str, Any]) -> list[str]:
    if not facets.asks_tasks:
        return []
    of_task = [_OF_TASK[name] for name in given if name in _OF_TASK]
    for wanted, rule in (
        (facets.four_eyes, _FOUR_EYES),
        (facets.sla, _BREACHED),
        (facets.overturned, OVERTURNED),
    ):
        if wanted is not None:
            # Without a proposal there is nothing to overturn: that is no, not unknown.
            of_task.append(f"({rule}) IS {'' if wanted else 'NOT '}TRUE")
    return [_TASK.format(conditions=" AND ".join(of_task))]


def _bounds(facets: Facets, parameters: dict[str, Any]) -> list[str]:
    conditions = []
    if facets.since is not None:
        parameters["first_id"] = _find_id(facets.since - _OUT_OF_ORDER)
        conditions.append("e.id >= %(first_id)s")
    if facets.until is not None:
        parameters["end_id"] = _find_id(facets.until + _OUT_OF_ORDER)
        conditions.append("e.id < %(end_id)s")
    return conditions


def _find_id(moment: dt.datetime) -> int:
    """Return the number of the first entry at or after a moment, near enough."""
    row = read_row(_BISECT, {"moment": moment})
    return int(row.id) if row else 0
