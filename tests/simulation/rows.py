"""A model of the store's rows: tables, row locks, transactions, constraints.

Rules that the real store's SQL and constraints lay down are written here once, each
with its reason. Whatever a transaction writes is staged and applied at its commit, all
or nothing; a working copy is made from JSON text each time, as from a real row, so
that nothing survives a transaction but what was saved.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from workflows.core.canonical import dumps
from workflows.core.chain import GENESIS, Head, Row, link
from workflows.core.engine.plan import Plan
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import FINAL_STEP_STATES, InstanceState, StepState

START = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
"""Where a suspended instance's work is put aside."""

ENGINE_TIMERS = "engine."


class Refused(AssertionError):
    """A transaction that the database's constraints would refuse: a broken engine."""


@dataclass(slots=True)
class Timer:
    """One row of `workflows_timer`."""

    id: int
    instance_id: UUID
    step_id: int | None
    node_id: str
    kind: str
    data: str
    due_at: dt.datetime
    state: str = "ARMED"


@dataclass(slots=True)
class Heard:
    """One row of `workflows_stimulus`."""

    id: int
    instance_id: UUID
    kind: str
    step_id: int | None
    data: str
    run_at: dt.datetime


@dataclass(slots=True)
class Subscription:
    """One row of `workflows_subscription`; `served` is the sender's own knowledge."""

    id: int
    instance_id: UUID
    step_id: int | None
    node_id: str
    kind: str
    name: str
    key: str
    once: bool
    served: bool = False


@dataclass(slots=True)
class Message:
    """One row of `workflows_message`; `message_id` is unique."""

    message_id: str
    name: str
    key: str
    variables: str
    expires_at: dt.datetime
    state: str = "BUFFERED"


@dataclass(slots=True)
class Incident:
    """One row of `workflows_incident`."""

    id: int
    instance_id: UUID
    step_id: int
    code: str
    open: bool = True


@dataclass(slots=True)
class Task:
    """A person's task for a user step, as the review part keeps it."""

    step_id: int
    instance_id: UUID
    node_id: str
    open: bool = True


@dataclass(slots=True)
class Tables:
    """All rows, and what the world remembers of them for its checks.

    `steps` keeps data as text beside the row; `fired` counts triggers that events
    have heard, by step (0 is the top) and event, written with the commit.
    """

    instances: dict[UUID, tuple[InstanceRow, str, str]] = field(default_factory=dict)
    steps: dict[int, tuple[StepRow, str, UUID]] = field(default_factory=dict)
    live: dict[UUID, dict[int, None]] = field(default_factory=dict)
    timers: dict[int, Timer] = field(default_factory=dict)
    stimuli: dict[int, Heard] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    audit: dict[UUID, list[Row]] = field(default_factory=dict)
    fired: dict[tuple[UUID, int, str], int] = field(default_factory=dict)


class Database:
    """The tables, their sequences, the row locks and the one clock.

    For the checks it remembers, commit by commit: the `trail`, steps in the order in
    which they completed, messages that were heard, and for each external step that was
    finished (step id, token used, highest token given).
    """

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self.rows = Tables()
        self.plans = plans
        self.now = START
        self.numbers = itertools.count(1)
        self.locks: dict[UUID, Transaction] = {}
        self.bells: list[str] = []
        self.trail: list[str] = []
        self.completions: list[tuple[UUID, int | None]] = []
        self.heard: list[str] = []
        self.finished: list[tuple[int, int, int]] = []
        self.budget: Callable[[], int | None] = lambda: None

    def begin(self, by: str) -> Transaction:
        """Open a transaction in the name of an actor of the simulation."""
        return Transaction(self, by)

    def instance(self, instance_id: UUID) -> InstanceRow:
        """Return the committed row of an instance; for reading only."""
        return self.rows.instances[instance_id][0]

    def live_steps(self, instance_id: UUID) -> list[StepRow]:
        """Return the committed live steps of an instance; for reading only."""
        ids = self.rows.live.get(instance_id, {})
        return [self.rows.steps[step_id][0] for step_id in ids]

    def pick_due(self, *, limit: int) -> list[UUID]:
        """Return instances with something to hear or to do, oldest first; no locks."""
        due = [
            (heard.run_at, heard.instance_id)
            for heard in self.rows.stimuli.values()
            if heard.run_at <= self.now
        ]
        for instance_id in self.rows.live:
            due.extend(
                (step.run_at, instance_id)
                for step in self.live_steps(instance_id)
                if step.state is StepState.READY
                and not step.external
                and step.run_at is not None
                and step.run_at <= self.now
            )
        due.sort()
        return list({instance_id: None for _, instance_id in due})[:limit]

    def pick_services(self, *, limit: int) -> list[UUID]:
        """Return active instances with an external step that can be claimed."""
        found = {
            instance_id: None
            for instance_id in self.rows.live
            if self.instance(instance_id).state is InstanceState.ACTIVE
            for step in self.live_steps(instance_id)
            if step.external and claimable(step, self.now)
        }
        return list(found)[:limit]

    def pick_timers(self, *, limit: int) -> list[Timer]:
        """Return armed timers that are due, as they stand now; no locks.

        Those of suspended instances would stand in front of others' for good.
        """
        due = [
            timer
            for timer in self.rows.timers.values()
            if timer.state == "ARMED"
            and timer.due_at <= self.now
            and self.instance(timer.instance_id).state is not InstanceState.SUSPENDED
        ]
        due.sort(key=lambda timer: (timer.due_at, timer.id))
        return [replace(timer) for timer in due[:limit]]

    def next_due(self) -> dt.datetime | None:
        """Return the next moment at which something can happen by itself."""
        moments = [t.due_at for t in self.rows.timers.values() if t.state == "ARMED"]
        moments.extend(h.run_at for h in self.rows.stimuli.values())
        for instance_id in self.rows.live:
            for step in self.live_steps(instance_id):
                if step.state is StepState.READY and step.run_at is not None:
                    moments.append(step.run_at)
                if step.state is StepState.RUNNING and step.lease_until is not None:
                    moments.append(step.lease_until + dt.timedelta(microseconds=1))
        later = [moment for moment in moments if self.now < moment < NEVER]
        return min(later, default=None)


def claimable(step: StepRow, now: dt.datetime) -> bool:
    """Say whether an external step waits for a worker, or has lost the one it had."""
    if step.state is StepState.READY:
        return step.run_at is not None and step.run_at <= now
    return (
        step.state is StepState.RUNNING
        and step.lease_until is not None
        and step.lease_until < now
    )


def parse(text: str) -> Any:
    """Read JSON as the store does."""
    return json.loads(text, parse_float=Decimal)


class Transaction:
    """Staged writes and held row locks; leaving the block commits or takes back."""

    def __init__(self, database: Database, by: str) -> None:
        self.database = database
        self.by = by
        self.held: list[UUID] = []
        self.writes: list[Callable[[Tables], None]] = []
        self.entries: list[Row] = []
        self.fired: list[tuple[UUID, int, str]] = []
        self.heard: list[str] = []
        self.finished: list[tuple[int, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            for instance_id in self.held:
                del self.database.locks[instance_id]

    def write(self, change: Callable[[Tables], None]) -> None:
        """Stage a change; it is applied at the commit, after all staged before it."""
        self.writes.append(change)

    def is_free(self, instance_id: UUID) -> bool:
        """Say whether nobody else holds an instance's row."""
        return self.database.locks.get(instance_id, self) is self

    def lock(self, instance_id: UUID) -> None:
        """Take an instance's row; the caller has seen that it is free."""
        assert self.is_free(instance_id), "the simulation took a row that is locked"
        if instance_id not in self.held:
            self.held.append(instance_id)
            self.database.locks[instance_id] = self

    def load_free(self, instance_ids: Sequence[UUID], *, limit: int) -> list[Run]:
        """Lock and load active instances that nobody works on (SKIP LOCKED)."""
        free = [
            instance_id
            for instance_id in instance_ids
            if self.database.instance(instance_id).state is InstanceState.ACTIVE
            and self.is_free(instance_id)
        ]
        return [self.load(instance_id) for instance_id in free[:limit]]

    def load(self, instance_id: UUID) -> Run:
        """Lock an instance, whatever its state, and make a working copy of it."""
        self.lock(instance_id)
        database = self.database
        row, variables, data = database.rows.instances[instance_id]
        instance = replace(
            row,
            variables=parse(variables),
            data=parse(data),
            head=replace(row.head),
        )
        steps = []
        for step_id in sorted(database.rows.live.get(instance_id, ())):
            step, text, _ = database.rows.steps[step_id]
            steps.append(replace(step, data=parse(text)))
        return self.run(instance, steps)

    def run(self, instance: InstanceRow, steps: Sequence[StepRow]) -> Run:
        """Return a working copy over these rows at this moment."""
        database = self.database
        run = Run(
            plan=database.plans[instance.process_id],
            instance=instance,
            steps=steps,
            now=database.now,
            ids=database.numbers,
        )
        run.budget = database.budget() or run.budget
        return run

    def link(self, run: Run) -> list[Row]:
        """Put a run's drafts into its instance's chain."""
        rows = link(run.instance.head, run.changes.drafts, now=run.now)
        self.entries.extend(rows)
        return rows

    def _commit(self) -> None:
        tables = self.database.rows
        for row in self.entries:
            chain = tables.audit.setdefault(row.chain, [])
            if row.seq != len(chain) + 1:
                raise Refused(f"Chain {row.chain} has an entry {row.seq} already.")
            chain.append(row)
        for change in self.writes:
            change(tables)
        for key in self.fired:
            tables.fired[key] = tables.fired.get(key, 0) + 1
        self._remember()

    def _remember(self) -> None:
        """Keep what the checks at the end ask for, and a line of the trail."""
        database = self.database
        database.heard.extend(self.heard)
        database.finished.extend(self.finished)
        database.completions.extend(
            (row.chain, row.step_id)
            for row in self.entries
            if row.kind == "step.completed"
        )
        last = self.entries[-1].hash.hex()[:16] if self.entries else "-"
        kinds = ",".join(row.kind for row in self.entries)
        database.trail.append(f"{database.now.isoformat()} {self.by} {kinds} {last}")


def check_rows(tables: Tables, run: Run) -> None:
    """Check what the database's constraints check of a saved instance's rows."""
    head, chain = run.instance.head, tables.audit[run.instance.id]
    if head.seq != len(chain) or head.hash != chain[-1].hash:
        raise Refused(f"The head of {run.instance.id} is not its chain's last entry.")
    for step in run.touched:
        if (step.state in FINAL_STEP_STATES) != (step.ended_at is not None):
            raise Refused(
                f"Step {step.id} ({step.node_id}): ended_at and state differ."
            )
        if step.state is StepState.RUNNING and step.lease_until is None:
            raise Refused(f"Step {step.id} ({step.node_id}) runs without a lease.")


def new_instance(
    tx: Transaction,
    *,
    process_id: str,
    variables: Mapping[str, object],
    parent: tuple[UUID, int] | None = None,
    depth: int = 0,
) -> Run:
    """Return a new instance's working copy that has heard nothing yet."""
    instance_id = UUID(int=next(tx.database.numbers))
    instance = InstanceRow(
        id=instance_id,
        definition_id=1,
        process_id=process_id,
        state=InstanceState.ACTIVE,
        business_key="",
        variables=dict(variables),
        initiator="system:simulation",
        parent_instance_id=parent[0] if parent else None,
        parent_step_id=parent[1] if parent else None,
        depth=depth,
        version=0,
        head=Head(chain=instance_id, seq=0, hash=GENESIS),
        started_at=tx.database.now,
        new=True,
    )
    return tx.run(instance, ())


def text(value: object) -> str:
    """Return JSON text as it stands in a row."""
    return dumps(value)
