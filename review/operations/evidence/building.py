"""Build ordered bundles: claim, plan, part by part, put together. Workers' side.

Note [A bundle's lease]
Who builds a bundle holds a lease under a token that rises with each claim, and says
every two seconds that he is alive and how far. Each part is written into a folder named
by its number and the token, and counts once the row says so, in one conditional update.
A worker that was killed leaves at most one part undone: when its lease lapses another
goes on after the last finished one. One that was only paused finds its token old at its
next word; what it wrote lies in folders that nobody reads, and goes with the rest.
"""

import datetime as dt
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, connections, transaction

from review.core.evidence import bundles as core
from review.core.evidence.bundles import (
    BundleState,
    Custody,
    Part,
    Redaction,
    sum_parts,
)
from review.core.evidence.scopes import EVERYTHING, AuditScope
from review.core.evidence.selections import Selection
from review.evidence.assembling import Assembled, Order, assemble
from review.evidence.parts import build_part
from review.evidence.selecting import (
    Resolved,
    check_count,
    list_windows,
    put_in_order,
    resolve,
)
from review.live import publish, send_now
from review.models import EvidenceBundle
from review.operations.evidence import custody
from review.operations.evidence.bundles import (
    BELL,
    BUILDER,
    SCOPE,
    TOPIC,
    bundle_topic,
    clear_beside,
    expire_old,
    folder_of,
    scope_of,
)
from review.operations.evidence.findings import Findings
from review.permissions import get_rights
from workflows import dispatch, failpoints
from workflows.driver import fetch
from workflows.models import Instance
from workflows.operations.errors import Refused
from workflows.store import database_now

LEASE_SECONDS = 30
BEAT_SECONDS = 2.0
SLICE_SECONDS: Final = 10.0
"""How long one job builds before it lets what else waits for its worker go first."""
HERE_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 10
"""After a failure, times the attempts so far."""
_CHUNK: Final = 5_000

log = structlog.get_logger(__name__)

# Note [A lapsed lease]: `next_at` of what is being built is the end of its lease, so
# one index finds what waits, what a dead worker left, and what is to expire.
_IS_DUE: Final = """
    SELECT EXISTS (SELECT FROM review_evidencebundle
        WHERE state IN ('WAITING', 'BUILDING') AND next_at <= clock_timestamp())
"""
_CLAIM: Final = """
    UPDATE review_evidencebundle
    SET state = 'BUILDING', token = token + 1, attempts = attempts + 1,
        started_at = coalesce(started_at, clock_timestamp()),
        next_at = clock_timestamp() + %s * interval '1 second'
    WHERE id = (
        SELECT id FROM review_evidencebundle
        WHERE state IN ('WAITING', 'BUILDING')
            AND CASE WHEN %s::bigint IS NULL THEN next_at <= clock_timestamp()
                ELSE id = %s AND state = 'WAITING' END
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, token
"""
_BEAT: Final = """
    UPDATE review_evidencebundle
    SET next_at = clock_timestamp() + %s * interval '1 second', entries_done = %s
    WHERE id = %s AND token = %s AND state = 'BUILDING' RETURNING id
"""


class LeaseLost(Exception):
    """Another worker has the bundle, or it was called off."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A bundle that is ours to build until its lease ends."""

    bundle_id: int
    token: int


# --- taking up --------------------------------------------------------------------


def drain(*, seconds: float = SLICE_SECONDS) -> int:
    """Build what is due for about so long; return how many bundles were finished.

    One that is not finished is handed back after its current part, and rung for again.
    """
    until = time.monotonic() + min(seconds, SLICE_SECONDS)
    finished = 0
    while claimed := claim():
        finished += build(claimed, until=until)
        if time.monotonic() >= until:
            dispatch.ring(BELL)
            break
    return finished


def sweep() -> None:
    """Ring for bundles that are due, build here where no broker is; let old ones go."""
    ((due,),) = fetch(_IS_DUE)
    if due and not dispatch.ring(BELL):
        drain(seconds=HERE_SECONDS)
    expire_old()


@transaction.atomic
def claim(bundle_id: int | None = None) -> Claim | None:
    """Take up a bundle that is due, or this one if nobody has it; None for none."""
    rows = fetch(_CLAIM, [LEASE_SECONDS, bundle_id, bundle_id])
    return Claim(*rows[0]) if rows else None


def build_now(bundle_id: int) -> bool:
    """Build a bundle here and to its end; return whether it is ready."""
    claimed = claim(bundle_id)
    return claimed is not None and build(claimed, until=None)


def build(claimed: Claim, *, until: float | None) -> bool:
    """Go on with a claimed bundle; return whether it is ready.

    What breaks is tried again later, and given up when it broke too often.
    """
    bundle = EvidenceBundle.objects.get(pk=claimed.bundle_id)
    if bundle.attempts > core.MOST_ATTEMPTS:
        words = bundle.error or "The workers that built it died one after the other."
        _give_up(claimed, words)
        return False
    try:
        with Pulse(claimed, done=bundle.entries_done) as pulse:
            return _Build(bundle, claimed, pulse).run(until)
    except LeaseLost:
        log.warning("bundle_lease_lost", bundle=claimed.bundle_id)
    except Refused as refusal:
        _give_up(claimed, refusal.message)
    except Exception as error:
        # Whatever it is (a full disk, a lost connection): others must go on behind it.
        log.exception("bundle_broke", bundle=claimed.bundle_id)
        _put_off(claimed, f"{type(error).__name__}: {error}")
    return False


# --- building ---------------------------------------------------------------------


class _Build:
    def __init__(self, bundle: EvidenceBundle, claimed: Claim, pulse: "Pulse") -> None:
        self.bundle, self.claimed, self.pulse = bundle, claimed, pulse
        self.folder = folder_of(bundle.pk)
        self.parts = [Part.from_json(one) for one in bundle.parts]
        self.redaction = Redaction.from_json(bundle.redaction)

    def run(self, until: float | None) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        plan = self.folder / self.bundle.plan if self.bundle.plan else None
        if plan is None or not self._is_whole(plan):
            plan = self._plan(until)
        if plan is None:
            return False
        for number, cases in enumerate(_read_plan(plan), start=1):
            if number > len(self.parts):
                if until is not None and time.monotonic() >= until:
                    self._hand_back()
                    return False
                self._build_part(number, cases)
        self._finish()
        return True

    def _is_whole(self, plan: Path) -> bool:
        """Tell whether plan and parts are where the row says: the folder may be gone."""
        found = plan.is_file() and all(
            (self.folder / part.folder).is_dir() for part in self.parts
        )
        if not found:
            self.parts = []
        return found

    def _find(self, scope: AuditScope, until: float | None) -> Resolved | None:
        """Find the cases asked for; None where the bundle was handed back meanwhile."""
        selection = Selection.from_json(self.bundle.selection)
        if selection.kind != "query":
            return resolve(selection, scope=scope)
        found = Findings.take_over(self.folder, token=self.claimed.token)
        if not found.is_whole:
            for window in list_windows(selection, scope=scope, below=found.below):
                found.add(window)
                check_count(found.cases)
                is_last = window.below is None
                # A crash before this costs no window: what it found is in the file.
                self.pulse.done = window.done
                self._update(
                    entries=window.total,
                    entries_done=window.done,
                    attempts=self.bundle.attempts if is_last else 0,
                )
                is_over = until is not None and time.monotonic() >= until
                if is_over and not is_last:
                    self._hand_back()
                    return None
        return Resolved(put_in_order(found.cases, scope=scope), withheld=[])

    def _plan(self, until: float | None) -> Path | None:
        """Find the cases asked for, cut them into parts and write both down.

        None where the bundle was handed back before all were found.
        """
        scope = read_scope(self.bundle)
        resolved = self._find(scope, until)
        if resolved is None:
            return None
        plan = self.folder / f"plan-{self.claimed.token}.jsonl"
        parts = entries = 0
        with plan.open("w", encoding="utf-8") as out:
            for part in core.cut(_count_entries(resolved.cases)):
                out.write(json.dumps([str(case) for case, _ in part]) + "\n")
                parts += 1
                entries += sum(count for _, count in part)
        withheld = [[str(case), why] for case, why in resolved.withheld]
        found = {"scope": scope.to_json(), "withheld": withheld}
        _beside(plan).write_text(json.dumps(found), encoding="utf-8")
        self._update(
            plan=plan.name,
            parts=[],
            parts_total=parts,
            cases=len(resolved.cases),
            withheld=len(withheld),
            entries=entries,
            entries_done=0,
        )
        self.pulse.done = 0
        failpoints.reach("bundle.planned")
        return plan

    def _build_part(self, number: int, cases: list[UUID]) -> None:
        name = f"part-{number:05}-{self.claimed.token}"
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        told = build_part(
            folder,
            cases,
            label=f"{number:05}",
            sources=self.folder / "sources",
            redaction=self.redaction,
            tell=self.pulse.tell,
        )
        entries = sum(told["kinds"].values())
        self.parts.append(Part(name, told["counts"]["cases"], entries, told))
        # A crash before this leaves a folder nobody reads; the part is built again.
        self._update(
            parts=[part.to_json() for part in self.parts],
            entries_done=sum_parts(self.parts)[1],
            attempts=0,
            error="",
        )
        failpoints.reach("bundle.part")
        send_now(bundle_topic(self.bundle.pk))

    def _finish(self) -> None:
        bundle, now = self.bundle, database_now()
        plan = EvidenceBundle.objects.values_list("plan", flat=True).get(pk=bundle.pk)
        found = json.loads(_beside(self.folder / plan).read_text(encoding="utf-8"))
        # Kept with the entry that says the file is there: what is not changed without.
        bundle.selection = {**bundle.selection, SCOPE: found["scope"]}
        order = Order(
            id=bundle.pk,
            title=bundle.title,
            selection=bundle.selection,
            redaction=self.redaction,
            reason=bundle.reason,
            ordered_by=bundle.ordered_by,
            ordered_by_name=bundle.ordered_by_name,
            ordered_at=bundle.ordered_at,
            ordered_seq=bundle.ordered_seq,
            withheld=[(UUID(case), why) for case, why in found["withheld"]],
            previous_size=bundle.previous_size,
            previous_note=bundle.previous_note,
        )
        # The token is in the name: two that put it together never write one file.
        out = self.folder / f"{order.name}-{self.claimed.token}.zip"
        made = assemble(
            out, order=order, finished=self.parts, folder=self.folder, now=now
        )
        _sync(out)
        failpoints.reach("bundle.assembled")
        self._hand_out(out, made)
        # A crash here leaves parts that nobody reads; a sweep takes them away.
        failpoints.reach("bundle.handed")
        clear_beside(out)

    def _hand_out(self, out: Path, made: Assembled) -> None:
        """Say that the file is there, with its hash, in an entry; LeaseLost undoes it."""
        with transaction.atomic():
            now = database_now()
            cases, entries = sum_parts(self.parts)
            self._update(
                state=BundleState.READY.value,
                selection=self.bundle.selection,
                file_name=out.name,
                size=made.size,
                digest=made.digest,
                checkpoint_size=made.checkpoint_size,
                cases=cases,
                entries=entries,
                entries_done=entries,
                finished_at=now,
                next_at=now + settings.BUNDLE_KEPT,
                error="",
            )
            bundle = EvidenceBundle.objects.get(pk=self.bundle.pk)
            note = f"{cases} cases, {entries} entries"
            custody.keep(bundle, Custody.FINISHED, actor=BUILDER, now=now, note=note)
        send_now(TOPIC, bundle_topic(bundle.pk))

    def _hand_back(self) -> None:
        self._update(
            state=BundleState.WAITING.value, next_at=database_now(), attempts=0
        )

    def _update(self, **values: object) -> None:
        """Change the row as long as it is ours; raises LeaseLost."""
        rows = EvidenceBundle.objects.filter(
            pk=self.claimed.bundle_id,
            token=self.claimed.token,
            state=BundleState.BUILDING.value,
        )
        if not rows.update(**values):
            raise LeaseLost


def read_scope(bundle: EvidenceBundle) -> AuditScope:
    """Return what who ordered a bundle may see now; a machine may see everything."""
    if bundle.person_id is None:
        return EVERYTHING
    return scope_of(get_rights(bundle.person_id))


def _count_entries(cases: list[UUID]) -> Iterator[tuple[UUID, int]]:
    """Return cases with the number of their entries; those that are gone have none."""
    for at in range(0, len(cases), _CHUNK):
        some = cases[at : at + _CHUNK]
        rows = Instance.objects.filter(id__in=some).values_list("id", "audit_seq")
        counts = dict(rows)
        yield from ((case, counts[case]) for case in some if case in counts)


def _beside(plan: Path) -> Path:
    """Return the file beside a plan: within which limits it was found, what is withheld."""
    return plan.with_name(f"{plan.name}.found")


def _read_plan(plan: Path) -> Iterator[list[UUID]]:
    with plan.open(encoding="utf-8") as lines:
        for line in lines:
            yield [UUID(case) for case in json.loads(line)]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- ends -------------------------------------------------------------------------


@transaction.atomic
def _give_up(claimed: Claim, words: str) -> None:
    now = database_now()
    rows = EvidenceBundle.objects.filter(pk=claimed.bundle_id, token=claimed.token)
    ours = rows.filter(state="BUILDING")
    if ours.update(state="FAILED", error=words[:500], finished_at=now, next_at=None):
        bundle = rows.get()
        publish(TOPIC, bundle_topic(bundle.pk))
        note = words[:200]
        custody.keep(bundle, Custody.FAILED, actor=BUILDER, now=now, note=note)


def _put_off(claimed: Claim, words: str) -> None:
    bundle = EvidenceBundle.objects.get(pk=claimed.bundle_id)
    wait = dt.timedelta(seconds=PAUSE_SECONDS * bundle.attempts)
    EvidenceBundle.objects.filter(
        pk=claimed.bundle_id, token=claimed.token, state="BUILDING"
    ).update(state="WAITING", error=words[:500], next_at=database_now() + wait)


# --- being alive ------------------------------------------------------------------


class Pulse:
    """Says every two seconds that the bundle is being built, and how far.

    In a thread with a connection of its own, since a part is read in one transaction.
    Within a caller's transaction nobody else could see the row: then there is none.
    """

    def __init__(self, claimed: Claim, *, done: int) -> None:
        self.done = done
        self._claimed = claimed
        self._over = threading.Event()
        self._is_lost = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            self._thread = threading.Thread(target=self._beat, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def tell(self, entries: int) -> None:
        """Note that more entries are written; raises LeaseLost where it is in vain."""
        self.done += entries
        failpoints.reach("bundle.middle")
        if self._is_lost:
            raise LeaseLost

    def _beat(self) -> None:
        try:
            while not self._over.wait(BEAT_SECONDS):
                words = [LEASE_SECONDS, self.done]
                mine = [self._claimed.bundle_id, self._claimed.token]
                if not fetch(_BEAT, [*words, *mine]):
                    self._is_lost = True
                    return
                send_now(bundle_topic(self._claimed.bundle_id))
        finally:
            connections.close_all()
