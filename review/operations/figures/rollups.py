"""Fold what happened into the rollups, make them anew, and check them.

Note [Folding the log]
Every change of a task leaves an entry of its own transaction, so the log tells which
cases to look at: entries of transactions that have ended and were not folded yet. Each
task of such a case is read as it stands, what it adds to the figures is compared with
what it added before (its row in review_taskfact), and the difference goes into the
rollups. So a task may be folded any number of times and counts once.

Which transactions have ended is told by the snapshot: all below its xmin. The mark keeps
the xmin up to which was folded, so that the next pass takes those from there on. Ids are
drawn before their transactions commit; the floor below which nothing new appears rises
as the sealer's does (workflows/operations/checkpoints.py), from looks that settled.

One transaction does a pass, under the lock of the mark's row: a crash leaves what was
before it, and of two folders one goes away. Nothing of it is in the way of a claim or a
verdict: it takes no lock of theirs.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from review.core.figures.facts import Fact, contribute
from review.dashboards.sql import read_json, read_row, read_rows
from review.operations.figures import rollup_rows
from review.operations.figures.task_facts import find_facts
from workflows import failpoints
from workflows.core.canonical import dumps

ENTRIES: Final = 20_000
"""How many entries one pass takes; the next goes on."""
TASKS: Final = 1_000
"""How many tasks are read at a time."""
BACKFILL: Final = 2_000
"""How many tasks from before the rollups one pass takes beside."""
SETTLE_SECONDS: Final = 10.0
"""How long an id may be drawn before its transaction has a number."""
_LOOKS: Final = 30
_REREADS: Final = 3

# No transaction that writes entries lasts ten minutes, so what one that is open now has
# drawn is younger. OFFSET 0: not by walking up the ids from the first one.
_BEGIN: Final = """
    INSERT INTO review_rollupmark
        (id, folded_xid, floor_id, looks, backfilled_id, backfill_to, folded_at)
    SELECT 1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        coalesce((SELECT min(id) - 1 FROM (
                      SELECT id FROM workflows_auditentry
                      WHERE at > clock_timestamp() - interval '10 minutes'
                      OFFSET 0) young),
                 (SELECT max(id) FROM workflows_auditentry), 0),
        '[]', 0, coalesce((SELECT max(id) FROM review_task), 0), clock_timestamp()
    ON CONFLICT (id) DO {conflict}
"""
_BEGIN_AGAIN: Final = """
    UPDATE SET folded_xid = excluded.folded_xid, floor_id = excluded.floor_id,
        looks = '[]', backfilled_id = 0, backfill_to = excluded.backfill_to
"""
_LOCK: Final = """
    SELECT folded_xid, floor_id, looks::text AS looks, backfilled_id, backfill_to,
        folded_at > clock_timestamp() - interval '5 seconds' AS is_fresh
    FROM review_rollupmark WHERE id = 1 FOR UPDATE {wait}
"""
_LOOK: Final = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_open,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_transaction,
        coalesce((SELECT max(id) FROM workflows_auditentry), 0) AS highest_id,
        extract(epoch FROM clock_timestamp())::float8 AS at
"""
# What the caller's own transaction wrote counts too: folded again later, it is the same.
_FRESH: Final = """
    FROM workflows_auditentry a
    WHERE a.id > %(floor)s
      AND ((a.xid >= %(since)s::text::xid8 AND a.xid < %(upto)s::text::xid8)
           OR a.xid = pg_current_xact_id_if_assigned())
"""
_COUNT: Final = f"SELECT count(*) AS entries {_FRESH}"
_CUT: Final = f"""
    SELECT a.xid::text::bigint AS xid {_FRESH} ORDER BY a.xid OFFSET %(most)s LIMIT 1
"""
_TOUCHED: Final = f"""
    SELECT t.id FROM review_task t
    WHERE t.instance_id = ANY(ARRAY(SELECT DISTINCT a.chain {_FRESH}))
    ORDER BY t.id
"""  # noqa: S608  (constants)
_OLD: Final = """
    SELECT id FROM review_task WHERE id > %(after)s AND id <= %(upto)s
    ORDER BY id LIMIT %(limit)s
"""
_KEEP: Final = """
    UPDATE review_rollupmark SET folded_xid = %s, floor_id = %s, looks = %s::jsonb,
        backfilled_id = %s, folded_at = clock_timestamp() WHERE id = 1
"""


@dataclass(frozen=True, slots=True)
class Folded:
    """What one pass did: entries and tasks it looked at, tasks whose part changed.

    `busy` tells that somebody else folds; `more` that entries or tasks were left over.
    """

    entries: int = 0
    tasks: int = 0
    changed: int = 0
    busy: bool = False
    more: bool = False


@transaction.atomic
def fold() -> Folded:
    """Fold what was committed since the last pass, at most `ENTRIES` entries of it."""
    mark = _lock(wait=False)
    if mark is None:
        return Folded(busy=True)
    look = read_row(_LOOK, {})
    if look is None:
        raise LookupError("The database told nothing of itself.")
    if mark.is_fresh and _is_idle(mark, look):
        return Folded()
    window = {
        "floor": mark.floor_id,
        "since": mark.folded_xid,
        "upto": max(mark.folded_xid, look.oldest_open),
    }
    fresh = read_row(_COUNT, window)
    entries = int(fresh.entries) if fresh else 0
    is_cut = entries > ENTRIES
    if is_cut:
        window["upto"] = _cut(window)
    tasks = changed = 0
    if entries:
        ids = [row.id for row in read_rows(_TOUCHED, window)]
        tasks, changed = len(ids), _fold_tasks(ids)
    backfilled, more = _backfill(mark)
    failpoints.reach("rollup.uncommitted")
    floor, looks = _rise(mark, look, folded=window["upto"])
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [window["upto"], floor, dumps(looks), backfilled])
    return Folded(entries, tasks, changed, more=more or is_cut)


def sweep() -> None:
    """Fold in a sweep: one pass, the next sweep goes on."""
    fold()


def catch_up() -> Folded:
    """Fold until nothing is left over; return the sums of all passes."""
    total = Folded()
    while True:
        one = fold()
        total = Folded(
            total.entries + one.entries,
            total.tasks + one.tasks,
            total.changed + one.changed,
            busy=one.busy,
        )
        if one.busy or not one.more:
            return total


@transaction.atomic
def rebuild() -> int:
    """Make facts and rollups anew from tasks and entries; return how many tasks.

    Waits for who folds; readers see the old figures until it is done. What is
    committed meanwhile is folded by the next pass.
    """
    _lock(wait=True)
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN.format(conflict=_BEGIN_AGAIN))
    rollup_rows.clear()
    count = 0
    for ids in _list_tasks():
        facts = find_facts(ids)
        rollup_rows.write_facts(facts.values())
        count += len(facts)
    rollup_rows.make_anew()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_rollupmark SET backfilled_id = backfill_to,"
            " folded_at = clock_timestamp(), rebuilt_at = clock_timestamp()"
        )
    return count


@transaction.atomic
def check(*, most: int = 5) -> list[str]:
    """Return how what is kept differs from what a rebuild would make; [] for not at all.

    Holds the lock of who folds meanwhile. At most `most` differences of each kind.
    """
    if _lock(wait=True) is None:
        return ["Nothing was ever folded."]
    catch_up()
    differing = [task for ids in _list_tasks() for task in _find_differing(ids)]
    for _ in range(_REREADS):
        # What changed since it was folded differs rightly, until it is folded.
        if differing:
            catch_up()
            differing = list(_find_differing(differing))
    gone = read_rows(
        "SELECT f.task_id FROM review_taskfact f WHERE NOT EXISTS"
        " (SELECT FROM review_task t WHERE t.id = f.task_id) LIMIT %(most)s",
        {"most": most},
    )
    found = [_describe(task) for task in differing[:most]]
    if len(differing) > most:
        found.append(f"and {len(differing) - most:,} tasks more")
    found += [f"task {row.task_id}: has facts and is no task" for row in gone]
    return found + rollup_rows.list_differences(most=most)


def _lock(*, wait: bool) -> Any:
    """Lock the mark, making it first where there is none; None: somebody else has it."""
    statement = _LOCK.format(wait="" if wait else "SKIP LOCKED")
    row = read_row(statement, {})
    if row is None and not read_rows("SELECT id FROM review_rollupmark", {}):
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN.format(conflict="NOTHING"))
        row = read_row(statement, {})
    return row


def _is_idle(mark: Any, look: Any) -> bool:
    """Tell whether nothing was written since everything was folded: a pass may rest."""
    return bool(
        mark.floor_id == look.highest_id and mark.backfilled_id >= mark.backfill_to
    )


def _cut(window: dict[str, Any]) -> int:
    """Return a transaction up to which there are some `ENTRIES` entries, one at least."""
    row = read_row(_CUT, {**window, "most": ENTRIES})
    found = int(row.xid) if row else int(window["upto"])
    return min(int(window["upto"]), max(found, int(window["since"]) + 1))


def _fold_tasks(ids: Sequence[int]) -> int:
    changes: Counter[tuple[tuple[object, ...], int]] = Counter()

    def add(key: tuple[object, ...], amounts: tuple[int, ...]) -> None:
        for place, amount in enumerate(amounts):
            if amount:
                changes[key, place] += amount

    changed = 0
    for batch in _batches(ids):
        before, after = rollup_rows.read_facts(batch), find_facts(batch)
        moved = [task for task in batch if before.get(task) != after.get(task)]
        for task in moved:
            if task in before:
                contribute(before[task], -1, add)
            if task in after:
                contribute(after[task], 1, add)
        rollup_rows.remove_facts([task for task in moved if task in before])
        rollup_rows.write_facts(after[task] for task in moved if task in after)
        changed += len(moved)
    rollup_rows.apply_changes(_gather(changes))
    return changed


def _gather(
    changes: Counter[tuple[tuple[object, ...], int]],
) -> dict[tuple[object, ...], list[int]]:
    found: dict[tuple[object, ...], list[int]] = {}
    for (key, place), amount in changes.items():
        width = len(rollup_rows.TABLES[str(key[0])].amounts)
        found.setdefault(key, [0] * width)[place] = amount
    return found


def _backfill(mark: Any) -> tuple[int, bool]:
    """Fold some tasks from before the first pass; return how far, and if some are left."""
    if mark.backfilled_id >= mark.backfill_to:
        return mark.backfilled_id, False
    rows = read_rows(
        _OLD,
        {"after": mark.backfilled_id, "upto": mark.backfill_to, "limit": BACKFILL},
    )
    ids = [row.id for row in rows]
    _fold_tasks(ids)
    if len(ids) < BACKFILL:
        return mark.backfill_to, False
    return ids[-1], True


def _rise(mark: Any, look: Any, *, folded: int) -> tuple[int, list[list[float]]]:
    """Return the floor after a pass, and the looks that may still raise it."""
    looks: list[list[float]] = [list(map(float, one)) for one in read_json(mark.looks)]
    settled = [
        one for one in looks if one[1] <= folded and look.at - one[2] >= SETTLE_SECONDS
    ]
    floor = max([mark.floor_id, *(int(one[0]) for one in settled)])
    left = [one for one in looks if one not in settled]
    if len(left) < _LOOKS and (not left or look.at - left[-1][2] >= 1):
        left.append([look.highest_id, look.next_transaction, look.at])
    return floor, left


def _list_tasks() -> Iterator[list[int]]:
    """Yield the ids of all tasks, some thousand at a time."""
    after = 0
    while True:
        rows = read_rows(_OLD, {"after": after, "upto": 2**63 - 1, "limit": TASKS * 5})
        if not rows:
            return
        after = rows[-1].id
        yield [row.id for row in rows]


def _find_differing(ids: Sequence[int]) -> Iterator[int]:
    for batch in _batches(ids):
        kept, found = rollup_rows.read_facts(batch), find_facts(batch)
        yield from (task for task in batch if kept.get(task) != found.get(task))


def _describe(task: int) -> str:
    kept = rollup_rows.read_facts([task]).get(task)
    found = find_facts([task]).get(task)
    if kept is None or found is None:
        return f"task {task}: {'no facts are kept' if found else 'facts of no work'}"
    names = [
        f"{name} is kept as {getattr(kept, name)}, is {getattr(found, name)}"
        for name in Fact.__slots__
        if getattr(kept, name) != getattr(found, name)
    ]
    return f"task {task}: {'; '.join(names)}"


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), TASKS):
        yield list(ids[start : start + TASKS])


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the rollups are: when the last pass ended, and how much is left of old."""

    folded_at: dt.datetime | None
    rebuilt_at: dt.datetime | None
    unfolded: int


def read_standing() -> Standing:
    """Return how far the rollups are."""
    row = read_row(
        "SELECT folded_at, rebuilt_at, greatest(backfill_to - backfilled_id, 0) AS old"
        " FROM review_rollupmark",
        {},
    )
    return (
        Standing(row.folded_at, row.rebuilt_at, row.old)
        if row
        else Standing(None, None, 0)
    )
