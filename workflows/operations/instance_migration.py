"""Take running instances to another version of their definition.

1. a plan is made: from which version to which, which node stands for which;
2. live instances of the old version are gone through in batches, by their ids;
3. each is locked, looked at and, unless it is a dry run, moved: a batch commits whole;
4. those with obstacles stay where they are, with sentences that say why.

A run that was broken off is simply done again: what was moved is no longer of the old
version. A dry run takes the same way up to the first write.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from workflows import store
from workflows.core.actors import Actor
from workflows.core.engine.migrating import (
    Listening,
    Moved,
    Wish,
    find_unheard,
    migrate,
)
from workflows.core.engine.migration import Obstacle, Way, find_obstacles
from workflows.core.engine.plan import Plan
from workflows.core.engine.run import Run
from workflows.core.feel import FeelSyntaxError
from workflows.core.iso8601 import Iso8601Error
from workflows.core.states import FINAL_INSTANCE_STATES
from workflows.ids import step_numbers
from workflows.models import Definition
from workflows.operations import advance, definitions, plans
from workflows.operations.errors import Invalid, NotFound, check_reason

BATCH = 200
KEPT = 500
"""How many blocked instances a report names one by one; it counts all."""


@dataclass(frozen=True, slots=True)
class Route:
    """From one version of a key to another; `nodes` maps node ids that differ.

    `prospect` are the plans, by process, of a target that is not deployed: such a
    route can be tried, and never taken.
    """

    source: Definition
    target: Definition
    nodes: Mapping[str, str]
    prospect: Mapping[str, Plan] | None = None

    @property
    def target_processes(self) -> Collection[str]:
        """Return the ids of the target's processes."""
        if self.prospect is not None:
            return self.prospect
        return definitions.compiled(self.target.id).processes

    def plan(self, process_id: str) -> Plan:
        """Return the target's plan of one process."""
        if self.prospect is not None:
            return self.prospect[process_id]
        return plans.plan_for(self.target.id, process_id)


@dataclass(frozen=True, slots=True)
class Blocked:
    """An instance that stays where it is, and why."""

    instance_id: UUID
    business_key: str
    obstacles: tuple[Obstacle, ...]


@dataclass(slots=True)
class Report:
    """What a migration did, or would do.

    `gone` are instances that ended or were migrated by somebody else in between.
    `reasons` counts the instances by step and sentence. `more` says that a limit was
    reached before the last one.
    """

    dry_run: bool
    more: bool = False
    migrated: int = 0
    gone: int = 0
    blocked: int = 0
    examples: list[Blocked] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def looked_at(self) -> int:
        """Return how many instances were gone through."""
        return self.migrated + self.blocked + self.gone

    def block(self, run: Run, obstacles: Sequence[Obstacle]) -> None:
        """Count an instance that stays."""
        instance = run.instance
        self.blocked += 1
        self.reasons.update({(one.node_id, one.message) for one in obstacles})
        if len(self.examples) < KEPT:
            self.examples.append(
                Blocked(instance.id, instance.business_key, tuple(obstacles))
            )


def find_route(
    *, key: str, source: str, target: str, nodes: Mapping[str, str]
) -> Route:
    """Return the route between two versions. Raises NotFound, Invalid.

    `nodes` maps old ids to new ones; ids that are left out stand for themselves.
    """
    found = {row.version: row for row in Definition.objects.filter(key=key)}
    for version in (source, target):
        if version not in found:
            known = ", ".join(found) or "none"
            raise NotFound(f"{key} {version} is not deployed; deployed are: {known}.")
    if source == target:
        raise Invalid(f"Both versions are {source}; choose another one to migrate to.")
    route = Route(source=found[source], target=found[target], nodes=dict(nodes))
    _check_nodes(route)
    return route


def find_prospect(
    *, source: Definition, files: Mapping[str, bytes], nodes: Mapping[str, str]
) -> Route:
    """Return the route to a package that is not deployed, to be tried only.

    Raises PackageRefused, Invalid.
    """
    package = definitions.compile_files(files)
    target = Definition(
        id=0,
        key=package.definition.key,
        version=package.definition.version,
        process_id=package.main.id,
    )
    built = {name: plans.plan_of(package, name) for name in package.processes}
    route = Route(source=source, target=target, nodes=dict(nodes), prospect=built)
    found = {node for one in package.processes.values() for node in one.nodes}
    _check_mapping(route, found)
    return route


def migrate_instances(
    route: Route,
    *,
    actor: Actor,
    reason: str,
    dry_run: bool = False,
    only: Sequence[UUID] | None = None,
    limit: int | None = None,
    on_batch: Callable[[Report], None] | None = None,
) -> Report:
    """Migrate the live instances of a version, or those named in `only`.

    `limit` ends it after the batch that reaches so many instances. `on_batch` is told
    of the counts after each batch. Raises Invalid without a
    reason (a dry run needs none), and NotFound for an instance that does not run on
    the old version.
    """
    if not dry_run:
        check_reason(reason)
        if route.prospect is not None:
            raise Invalid(f"{route.target} is not deployed; nothing can move there.")
    if only is not None:
        _check_running(route, only)
    report = Report(dry_run=dry_run)
    after: UUID | None = None
    while batch := store.pick_running(
        route.source.id, after=after, limit=BATCH, only=only
    ):
        if limit is not None and report.looked_at >= limit:
            report.more = True
            break
        after = batch[-1]
        _take_batch(route, batch, report, actor=actor, reason=reason)
        if on_batch is not None:
            on_batch(report)
    return report


def migrate_next(
    route: Route, *, after: UUID | None, actor: Actor, reason: str
) -> tuple[Report, UUID | None]:
    """Migrate the batch of instances behind one; return its counts and where it ended.

    None is the end. In a transaction of the caller's the batch commits with it, so
    that what is written down of it is true after a crash.
    """
    check_reason(reason)
    report = Report(dry_run=False)
    batch = store.pick_running(route.source.id, after=after, limit=BATCH)
    if not batch:
        return report, None
    _take_batch(route, batch, report, actor=actor, reason=reason)
    return report, batch[-1]


@transaction.atomic
def _take_batch(
    route: Route,
    instance_ids: Sequence[UUID],
    report: Report,
    *,
    actor: Actor,
    reason: str,
) -> None:
    """Move a batch in one transaction; a crash before its commit moves none of it."""
    runs = store.load_runs(instance_ids, plan_for=plans.plan_for)
    listening = store.lock_listening(instance_ids)
    moves: list[Moved] = []
    for run in runs:
        instance = run.instance
        if instance.definition_id != route.source.id or (
            instance.state in FINAL_INSTANCE_STATES
        ):
            # Whoever held the row before us was faster.
            report.gone += 1
            continue
        wish = Wish(
            definition_id=route.target.id,
            process_id=_process_id(route, instance.process_id),
            source=str(route.source),
            target=str(route.target),
            actor=actor,
            reason=reason,
        )
        found = _try(run, route, wish, listening.get(instance.id, ()))
        if isinstance(found, Moved):
            moves.append(found)
        else:
            report.block(run, found)
    report.migrated += len(moves)
    if moves and not report.dry_run:
        settled = advance.Batch(runs=[move.run for move in moves])
        advance.settle(settled)
        store.save_listening(moves)
        advance.save(settled)
        store.save_places(moves)
        store.save_search_values([move.run for move in moves], moved=True)


def _try(
    run: Run, route: Route, wish: Wish, rows: Sequence[Listening]
) -> Moved | list[Obstacle]:
    """Return a migrated working copy, or why there is none."""
    if wish.process_id not in route.target_processes:
        return [Obstacle(f"{route.target} has no process {wish.process_id}.")]
    way = Way(
        old=run.plan,
        new=route.plan(wish.process_id),
        nodes=route.nodes,
    )
    obstacles = find_obstacles(way, run.instance, list(run.live.values()))
    obstacles.extend(find_unheard(way, rows))
    if obstacles:
        return obstacles
    try:
        moved = migrate(run, way, wish=wish, rows=rows, ids=step_numbers())
    except (Iso8601Error, FeelSyntaxError) as error:
        return [Obstacle(f"A timer of the new version: {error}")]
    return [
        Obstacle(one.message, one.step_id) for one in moved.run.changes.incidents
    ] or moved


def _process_id(route: Route, process_id: str) -> str:
    """Return the process that stands for one: the main one for the main one."""
    if process_id == route.source.process_id:
        return route.target.process_id
    return process_id


def _check_nodes(route: Route) -> None:
    _check_mapping(route, _node_ids(route.target))


def _check_mapping(route: Route, new: Collection[str]) -> None:
    old = _node_ids(route.source)
    for source, target in route.nodes.items():
        if source not in old:
            raise Invalid(f"{route.source} has no node {source!r} to map.")
        if target not in new:
            raise Invalid(f"{route.target} has no node {target!r} to map {source} to.")


def _node_ids(definition: Definition) -> set[str]:
    processes = definitions.compiled(definition.id).processes
    return {node for process in processes.values() for node in process.nodes}


def _check_running(route: Route, only: Sequence[UUID]) -> None:
    running = set(
        store.pick_running(route.source.id, after=None, limit=len(only), only=only)
    )
    missing = [str(one) for one in only if one not in running]
    if missing:
        raise NotFound(
            f"{missing[0]} is no live instance of {route.source}; it may have ended or"
            " been migrated already."
        )
