"""Find tasks that nobody can ever approve as things stand, and tell who can help.

Every few seconds a bounded number of free tasks is looked at: those that came since,
and the next ones of a round over all. So what opens is seen at once, what changes
(a vote, a role, an authority) when the round comes by: in installations of some
thousand open tasks within seconds. A row of `QuorumGap` says why, as long as it is so.
It is worked out anew each time and nobody's evidence: lists and pages show it, and the
queue's owner is told once for each task. Any number of sweepers may do this at once.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.db import transaction
from django.urls import reverse

from review.core.notices.notices import Notice
from review.core.states import VOTES, Control, Decision
from review.core.tasks.coverage import Voter, find_gap
from review.core.tasks.routing import Place, Taker, find_lack
from review.core.verdicts.delegation import covers
from review.core.verdicts.quorum import Judgement, read_plan, tally
from review.operations.notices.notifying import tell
from workflows.driver import fetch, run
from workflows.store import parse_json

BATCH: Final = 2000
PAUSE_SECONDS: Final = 5

Mark = tuple[int, str, int]
START: Final[Mark] = (0, "-infinity", 0)

# The order is that of the index from which tasks are claimed.
_ROUND: Final = f"""
    SELECT lane_id, serve_at::text, id FROM review_task
    WHERE state = 'OPEN' AND assigned_to_id IS NULL
      AND (lane_id, serve_at, id) > (%s, %s::timestamptz, %s)
    ORDER BY lane_id, serve_at, id LIMIT {BATCH}
"""  # noqa: S608  (constants of this module)
_NEWEST: Final = f"""
    SELECT id FROM review_task
    WHERE id > %s AND state = 'OPEN' AND assigned_to_id IS NULL
    ORDER BY id LIMIT {BATCH}
"""  # noqa: S608  (constants of this module)
_KNOWN: Final = f"SELECT task_id FROM review_quorumgap ORDER BY random() LIMIT {BATCH}"  # noqa: S608  (a constant)
_READ: Final = """
    SELECT t.id, t.queue_id, q.key, t.title, l.region, l.skill, l.level, t.excluded,
           t.control, t.round, t.initiator, t.impact, c.policy->>'quorum',
           coalesce((c.policy->>'reject_ends')::boolean, false),
           CASE WHEN t.stage <> 'FIRST' THEN (
               SELECT jsonb_agg(jsonb_build_array(v.person_id, v.decision, v.round,
                                                  v.on_behalf_of_id) ORDER BY v.id)::text
               FROM review_verdict v
               WHERE v.task_id = t.id AND NOT EXISTS (
                   SELECT FROM review_verdictundo u WHERE u.verdict_id = v.id)) END
    FROM review_task t
    JOIN review_lane l ON l.id = t.lane_id JOIN review_queue q ON q.id = t.queue_id
    JOIN review_taskcontent c ON c.task_id = t.id
    WHERE t.id = ANY(%s) AND t.state IN ('OPEN', 'CLAIMED', 'WAITING')
"""
# By whatever right: a role, somebody's delegation, an emergency. `queue_id` NULL: all.
_RIGHTS: Final = """
    SELECT w.person_id, w.queue_id, w.giver_id, w.amount, p.regions,
           (SELECT jsonb_object_agg(s.name, s.level)::text
            FROM review_skill s WHERE s.person_id = p.id)
    FROM (
        SELECT person_id, queue_id, NULL::bigint AS giver_id, NULL::numeric AS amount
        FROM review_rolegrant WHERE role = 'REVIEWER' AND revoked_at IS NULL
        UNION ALL
        SELECT d.taker_id, coalesce(d.queue_id, g.queue_id), d.giver_id, d.amount
        FROM review_delegation d
        JOIN review_rolegrant g ON g.person_id = d.giver_id AND g.role = 'REVIEWER'
          AND g.revoked_at IS NULL AND (d.queue_id IS NULL OR g.queue_id IS NULL
                                        OR d.queue_id = g.queue_id)
        JOIN review_person o ON o.id = d.giver_id AND o.disabled_at IS NULL
        WHERE d.revoked_at IS NULL AND d.starts_at <= statement_timestamp()
          AND d.ends_at > statement_timestamp()
        UNION ALL
        SELECT person_id, queue_id, NULL, NULL FROM review_breakglass
        WHERE expires_at > statement_timestamp()
    ) w JOIN review_person p ON p.id = w.person_id
    WHERE p.disabled_at IS NULL AND NOT p.simulated
    ORDER BY w.person_id
"""
_AUTHORITY: Final = """
    SELECT person_id, queue_id, amount FROM review_authority WHERE revoked_at IS NULL
"""
_PARTNERS: Final = """
    SELECT giver_id, taker_id FROM review_delegation
    WHERE revoked_at IS NULL AND starts_at <= statement_timestamp()
      AND ends_at > statement_timestamp()
"""
_WRITE: Final = """
    INSERT INTO review_quorumgap (task_id, why, found_at)
    SELECT task_id, why, clock_timestamp()
    FROM unnest(%s::bigint[], %s::text[]) AS v(task_id, why) ORDER BY task_id
    ON CONFLICT (task_id) DO UPDATE SET why = excluded.why
    WHERE review_quorumgap.why <> excluded.why
    RETURNING task_id, xmax = 0
"""
_FILLED: Final = """
    DELETE FROM review_quorumgap WHERE task_id = ANY(%s) AND NOT task_id = ANY(%s)
"""
_OWNERS: Final = """
    SELECT q.id, q.key, coalesce(
        CASE WHEN q.owner_id IS NOT NULL THEN ARRAY[q.owner_id] END,
        (SELECT array_agg(g.person_id) FROM review_rolegrant g
         WHERE g.role = 'MANAGER' AND g.revoked_at IS NULL
           AND (g.queue_id = q.id OR g.queue_id IS NULL)), '{}')
    FROM review_queue q WHERE q.id = ANY(%s)
"""


@dataclass(slots=True)
class _Round:
    """Where a sweeper's round stands; lost with the process, which begins another."""

    mark: Mark = START
    newest: int | None = None
    not_before: float = 0.0


_round = _Round()


@dataclass(frozen=True, slots=True)
class _Right:
    person_id: int
    queue_id: int | None
    giver_id: int | None
    amount: Decimal | None
    taker: Taker


@dataclass(frozen=True, slots=True)
class _Found:
    """A task that nobody can approve, and the sentences why and what to do."""

    task_id: int
    queue_id: int
    title: str
    why: str


@dataclass
class People:
    """Who may judge what, read once for a batch; also what previews ask."""

    memo: dict[tuple[object, ...], str] = field(default_factory=dict)

    @cached_property
    def rights(self) -> list[_Right]:
        return [
            _Right(
                row[0], row[1], row[2], row[3],
                Taker(frozenset(row[4]), parse_json(row[5] or "{}")),
            )
            for row in fetch(_RIGHTS)
        ]  # fmt: skip

    @cached_property
    def partners(self) -> Mapping[int, frozenset[int]]:
        found: dict[int, set[int]] = {}
        for giver, taker in fetch(_PARTNERS):
            found.setdefault(giver, set()).add(taker)
            found.setdefault(taker, set()).add(giver)
        return {person: frozenset(others) for person, others in found.items()}

    @cached_property
    def amounts(self) -> Mapping[tuple[int, int | None], Decimal]:
        return {(row[0], row[1]): row[2] for row in fetch(_AUTHORITY)}

    def get_authority(self, person_id: int, queue_id: int) -> Decimal | None:
        """Return up to which amount a person may approve; the queue's own goes first."""
        own = self.amounts.get((person_id, queue_id))
        return own if own is not None else self.amounts.get((person_id, None))

    def list_voters(
        self, place: Place, *, excluded: Sequence[int], impact: Decimal | None
    ) -> list[Voter]:
        """Return who may judge a task of a lane, whom these do not bar."""
        barred = set(excluded)
        barred |= {
            other for one in excluded for other in self.partners.get(one, frozenset())
        }
        found: dict[int, Decimal | None] = {}
        for right in self.rights:
            if (
                right.person_id in barred
                or right.queue_id not in {None, place.queue_id}
                or find_lack(right.taker, place) is not None
                or not covers(right.amount, impact=impact)
            ):
                continue
            weight = self.get_authority(
                right.giver_id or right.person_id, place.queue_id
            )
            before = found.get(right.person_id)
            found[right.person_id] = max(
                (one for one in (before, weight) if one is not None), default=None
            )
        return [
            Voter(person_id, weight, self.partners.get(person_id, frozenset()))
            for person_id, weight in found.items()
        ]


def sweep() -> None:
    """Look at what came and at the next of the round; registered for every sweep."""
    if time.monotonic() < _round.not_before:
        return
    _round.not_before = time.monotonic() + PAUSE_SECONDS
    rows = fetch(_ROUND, list(_round.mark))
    ids = {row[2] for row in rows}
    _round.mark = tuple(rows[-1]) if len(rows) == BATCH else START
    if _round.newest is not None:
        ids |= {row[0] for row in fetch(_NEWEST, [_round.newest])}
    _round.newest = max([*ids, _round.newest or 0])
    look(ids | {row[0] for row in fetch(_KNOWN)})


def look(task_ids: set[int]) -> int:
    """Find which of these tasks cannot be approved; keep and tell it; return how many."""
    if not task_ids:
        return 0
    ids = sorted(task_ids)
    people = People()
    found = [
        one for row in fetch(_READ, [ids]) if (one := _find(row, people)) is not None
    ]
    with transaction.atomic():
        gone = [one.task_id for one in found]
        run(_FILLED, [ids, gone])
        if found:
            written = fetch(_WRITE, [gone, [one.why for one in found]])
            fresh = {task_id for task_id, is_new in written if is_new}
            _tell([one for one in found if one.task_id in fresh])
    return len(found)


def _find(row: Sequence[Any], people: People) -> _Found | None:
    task_id, queue_id, key, title = row[:4]
    # Most tasks of a lane are alike: what is asked of them is worked out once.
    alike = (queue_id, *row[4:7], tuple(row[7]), *row[8:])
    if alike not in people.memo:
        people.memo[alike] = _explain(row, people, queue=key)
    why = people.memo[alike]
    return _Found(task_id, queue_id, title, why) if why else None


def _explain(row: Sequence[Any], people: People, *, queue: str) -> str:
    """Return why a task cannot be approved and what to do, "" where it can."""
    place = Place(row[1], row[4], row[5], row[6])
    control, turn, initiator, impact = row[8:12]
    plan = read_plan(parse_json(row[12] or "null"), control=Control(control))
    votes = [
        Judgement(
            person_id=person_id,
            decision=Decision(decision),
            round=voted,
            on_behalf_of=giver,
            authority=people.get_authority(giver or person_id, place.queue_id)
            if plan.amount is not None
            else None,
        )
        for person_id, decision, voted, giver in parse_json(row[14] or "[]")
        if Decision(decision) in VOTES
    ]
    standing = tally(
        plan=plan,
        judgements=votes,
        current_round=turn,
        initiator=initiator,
        reject_ends=row[13],
    )
    voters = people.list_voters(place, excluded=row[7], impact=impact)
    gap = find_gap(plan=plan, standing=standing, voters=voters)
    return gap.explain(queue=queue, asks=place.describe()) if gap else ""


def _tell(found: Sequence[_Found]) -> None:
    """Tell each queue's owner, else its managers, of what came; one notice a reason."""
    queues = {
        row[0]: (row[1], row[2])
        for row in fetch(_OWNERS, [sorted({one.queue_id for one in found})])
    }
    alike: dict[tuple[int, str], list[_Found]] = {}
    for one in found:
        alike.setdefault((one.queue_id, one.why), []).append(one)
    for (queue_id, why), those in alike.items():
        key, persons = queues[queue_id]
        more = f" and {len(those) - 1} more in {key}" if len(those) > 1 else ""
        tell(
            persons=persons,
            kind=Notice.STUCK,
            title=f"Cannot be approved: {those[0].title}{more}",
            text=why,
            url=reverse("task-detail", args=[those[0].task_id]),
            key=f"gap:{those[0].task_id}",
            queue_id=queue_id,
        )
