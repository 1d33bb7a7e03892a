"""What is stopped now: asked in the very transaction that would decide by itself.

PostgreSQL alone is asked, and nothing is kept from one transaction to the next: a stop
holds for every decision whose transaction began after the stop was committed. How stops
are placed, extended and lifted is in stopping.py.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db import connection

from review import live
from review.core.policies import grid
from review.core.stops import (
    Automatic,
    DiversionKind,
    StopKind,
    Target,
    covers,
    find_row,
    name_models,
)
from review.core.tasks.desks import Assessment
from review.operations.figures import intake
from review.operations.policies.grids import Standing
from review.operations.tasks.task_rows import AT_ONCE, OpenedTask
from workflows.core.bpmn.graph import NodeKind
from workflows.core.engine.state import Hold
from workflows.handlers import registry
from workflows.holding import DivertedStep
from workflows.kinds import HumanRequest
from workflows.models import Definition
from workflows.operations import definitions
from workflows.store import copy_in

DEEPEST: Final = 5
"""How far called definitions are followed to the models that they ask."""

_STANDING: Final = """
    SELECT s.id, s.kind, s.name, s.version, coalesce(q.key, ''), s.grid_id, s.row,
        s.everything, s.ends_at,
        ARRAY(SELECT d.id FROM workflows_definition d
              WHERE s.kind = 'DEFINITION' AND d.key = s.name
                AND (s.version = '' OR d.version = s.version))
    FROM review_stop s LEFT JOIN review_queue q ON q.id = s.queue_id
    WHERE s.lifted_at IS NULL AND s.ends_at > clock_timestamp()
    ORDER BY s.id
"""
_COPY: Final = """
    COPY review_diversion
        (stop_id, kind, instance_id, step_id, node_id, task_id, at, audit_seq)
    FROM STDIN
"""


@dataclass(frozen=True, slots=True)
class StandingStop:
    """A stop that holds now; `definitions` are the ids that one of a process names."""

    id: int
    target: Target
    ends_at: dt.datetime
    definitions: frozenset[int] = frozenset()


def list_standing() -> list[StandingStop]:
    """Return the stops that hold at this moment, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        return [
            StandingStop(
                id=row[0],
                target=Target(
                    kind=StopKind(row[1]),
                    name=row[2],
                    version=row[3],
                    queue=row[4],
                    grid=row[5],
                    row=row[6],
                    everything=row[7],
                ),
                ends_at=row[8].astimezone(dt.UTC),
                definitions=frozenset(row[9]),
            )
            for row in cursor.fetchall()
        ]


class Brakes:
    """The stops as the engine asks for them; see workflows.holding.Stops."""

    def list_holds(self) -> Sequence[Hold]:
        """Return which automatic steps are held now."""
        return [hold for stop in list_standing() if (hold := _hold(stop)) is not None]

    def check_start(self, key: str, *, count: int) -> None:
        """Let a process be started so many times now. Raises Busy."""
        intake.check_start(key, count=count)

    def has_room(self, key: str) -> bool:
        """Tell whether a process may be started once now. Raises Busy."""
        return intake.has_room(key)

    def hold_start(self, key: str, instance_id: UUID) -> None:
        """Hold an instance that was begun without room."""
        intake.hold_start(key, instance_id)

    def write_diverted(self, steps: Sequence[DivertedStep]) -> None:
        """Keep which steps were held, or took their fallback."""
        copy_in(
            _COPY,
            (
                (
                    one.diverted.stop,
                    (
                        DiversionKind.FALLBACK
                        if one.diverted.fell
                        else DiversionKind.HELD
                    ).value,
                    one.instance_id,
                    one.diverted.step_id,
                    one.diverted.node_id,
                    None,
                    one.at,
                    one.audit_seq,
                )
                for one in steps
            ),
        )
        live.publish(live.STOPS)


def _hold(stop: StandingStop) -> Hold | None:
    match stop.target.kind:
        case StopKind.MODEL:
            names = list_handlers(stop.target.name)
            return Hold(stop.id, stop.ends_at, handlers=names) if names else None
        case StopKind.DEFINITION:
            return Hold(
                stop.id,
                stop.ends_at,
                handlers=_list_deciding(),
                definitions=stop.definitions,
                decisions=True,
                everything=stop.target.everything,
            )
        case StopKind.CELL:
            return None  # grids are asked when tasks open


def list_handlers(name: str) -> frozenset[str]:
    """Return the handlers that a model's name stands for: itself, or a connector's."""
    return frozenset(
        one.name
        for one in registry.list_handlers()
        if name in {one.name, one.connector}
    )


def _list_deciding() -> frozenset[str]:
    return frozenset(one.name for one in registry.list_handlers() if one.decides)


# --- grids ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A case that people or the grid decide: what a stop may be about."""

    request: HumanRequest
    queues: frozenset[str]
    standing: Standing | None


def divert_many(
    asked: Sequence[Asked], assessments: Sequence[Assessment]
) -> tuple[list[Assessment], dict[int, int]]:
    """Send to people what a stop covers; return the assessments and stops by step.

    `auto` becomes `review`, `block` becomes `dual`. Nothing is asked of the database
    where people decide anyway. Replayed facts of the past are left as they were.
    """
    alone = [
        place
        for place, one in enumerate(assessments)
        if one.ruling.control in AT_ONCE and asked[place].request.occurred_at is None
    ]
    found = list(assessments)
    stopped: dict[int, int] = {}
    standing = list_standing() if alone else []
    for place in alone if standing else ():
        case = _automatic(asked[place], found[place], standing)
        stop = next((one for one in standing if covers(one.target, case)), None)
        if stop is not None:
            found[place] = _to_people(found[place], stop)
            stopped[asked[place].request.step_id] = stop.id
    return found, stopped


def _automatic(
    asked: Asked, assessment: Assessment, standing: Sequence[StandingStop]
) -> Automatic:
    request, ruled = asked.request, asked.standing
    models = set(name_models(assessment.proposal))
    for stop in standing:
        # A handler whose word may have led to the grid's answer.
        if stop.target.kind is StopKind.MODEL and not models & {stop.target.name}:
            wanted = list_handlers(stop.target.name)
            if wanted and wanted & find_handlers(request.definition_id):
                models.add(stop.target.name)
    return Automatic(
        queues=asked.queues,
        definition=request.definition_key,
        version=request.definition_version,
        grid=ruled.version.id if ruled else None,
        row=find_row(assessment.explanation),
        models=frozenset(models),
    )


def _to_people(assessment: Assessment, stop: StandingStop) -> Assessment:
    said = (
        f"Automatic decisions are stopped for {stop.target.describe()}"
        f" (stop {stop.id}), so people decide."
    )
    ruling = assessment.ruling
    return replace(
        assessment,
        ruling=replace(
            ruling,
            control=grid.TO_PEOPLE[ruling.control],
            reasons=(*ruling.reasons, said),
        ),
    )


def find_handlers(definition_id: int) -> frozenset[str]:
    """Return all handlers that cases of a definition may call, called processes' too."""
    found: set[str] = set()
    keys: set[str] = set()
    ids = [definition_id]
    for _ in range(DEEPEST):
        called: set[str] = set()
        for one in ids:
            handlers, calls = _read_calls(one)
            found |= handlers
            called |= calls
        called -= keys
        if not called:
            break
        keys |= called
        ids = list(
            Definition.objects.filter(key__in=called).values_list("id", flat=True)
        )
    return frozenset(found)


@lru_cache(maxsize=2048)
def _read_calls(definition_id: int) -> tuple[frozenset[str], frozenset[str]]:
    # Deployed definitions never change.
    nodes = [
        node
        for process in definitions.compiled(definition_id).processes.values()
        for node in process.nodes.values()
    ]
    handlers = frozenset(node.handler for node in nodes if node.handler)
    calls = frozenset(
        node.called for node in nodes if node.kind is NodeKind.CALL_ACTIVITY
    )
    return handlers, calls


def write_reviewed(
    tasks: Sequence[OpenedTask], *, seqs: Mapping[int, int], now: dt.datetime
) -> None:
    """Keep which of the opened tasks people decide only because of a stop."""
    rows = [
        (
            one.why["stop"],
            DiversionKind.REVIEW.value,
            one.request.instance_id,
            one.step_id,
            one.request.node.id,
            one.task_id,
            now,
            seqs[one.step_id],
        )
        for one in tasks
        if "stop" in one.why
    ]
    if rows:
        copy_in(_COPY, rows)
        live.publish(live.STOPS)
