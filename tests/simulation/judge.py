"""Compare what a run left behind with what the oracle says, and check its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from tests.simulation.oracle import Expected
from tests.simulation.rows import parse
from tests.simulation.trees import Block, Call, Scope, Work, parts_of
from tests.simulation.world import World
from workflows.core.bpmn.graph import NodeKind
from workflows.core.chain import GENESIS, Head, verify_chain
from workflows.core.states import FINAL_INSTANCE_STATES, InstanceState, StepState


def faults_of(world: World) -> list[str]:
    """Return what is wrong with a run that has ended, as sentences."""
    found = list(_leftovers(world))
    found.extend(_chains(world))
    found.extend(_tokens(world))
    counted = counted_names(world.script.tree)
    for root in world.roots.values():
        family = list(_family(world, root))
        found.extend(_case(world, root, family))
        for instance_id in family:
            found.extend(_counters(world, instance_id, counted))
    return found


def _family(world: World, root: UUID) -> Iterator[UUID]:
    yield root
    for row, _, _ in world.db.rows.instances.values():
        if row.parent_instance_id == root:
            yield from _family(world, row.id)


def completed(world: World, instance_id: UUID) -> Counter[str]:
    """Count the completed nodes of one instance."""
    return Counter(
        step.node_id
        for step, _, owner in world.db.rows.steps.values()
        if owner == instance_id and step.state is StepState.COMPLETED
    )


def _case(world: World, root: UUID, family: list[UUID]) -> Iterator[str]:
    expected = world.script.expected
    instance = world.db.instance(root)
    seen = Counter[str]()
    for instance_id in family:
        seen += completed(world, instance_id)
    if instance.state is InstanceState.CANCELED and root in world.canceled:
        # How far it came is chance; it may not have done more than all.
        loose = replace(expected, must=Counter(), may=expected.must + expected.may)
        yield from _counts(loose, seen)
        return
    if instance.state is not expected.state:
        yield f"The case ended {instance.state}, not {expected.state}."
    yield from _counts(expected, seen)
    yield from _orders(world, expected, family)
    variables = parse(world.db.rows.instances[root][1])
    for name, value in expected.collected.items():
        holders = [parse(world.db.rows.instances[one][1]) for one in family]
        if not any(held.get(name) == value for held in holders):
            yield f"Variable {name} is {variables.get(name)!r}, not {value!r}."


def _counts(expected: Expected, seen: Counter[str]) -> Iterator[str]:
    for name in sorted(expected.must.keys() | expected.may.keys() | seen.keys()):
        least = expected.must[name]
        most = least + expected.may[name]
        if not least <= seen[name] <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            yield f"Node {name} completed {seen[name]} times instead of {wanted}."


def _orders(world: World, expected: Expected, family: list[UUID]) -> Iterator[str]:
    """Check which tasks came before which, by the places in the audit trail."""
    order: dict[str, list[int]] = {}
    for place, (owner, step_id) in enumerate(world.db.completions):
        if owner in family and step_id is not None:
            step = world.db.rows.steps[step_id][0]
            order.setdefault(step.node_id, []).append(place)
    for first, second in expected.ordered:
        ends = [at for name in first for at in order.get(name, ())]
        begins = [at for name in second for at in order.get(name, ())]
        if ends and begins and max(ends) > min(begins):
            yield f"{sorted(second)} began to complete before {sorted(first)} had."
    for names in expected.reversed:
        came = sorted((at, name) for name in names for at in order.get(name, ()))
        if tuple(name for _, name in came) != names:
            yield f"Compensation ran {[name for _, name in came]}, not {list(names)}."


def _counters(world: World, instance_id: UUID, counted: set[str]) -> Iterator[str]:
    """Check that each task's own counter tells how often it completed."""
    seen = completed(world, instance_id)
    variables = parse(world.db.rows.instances[instance_id][1])
    process = world.script.drawn.processes[world.db.instance(instance_id).process_id]
    for name in sorted(counted & process.nodes.keys()):
        if int(variables.get(f"n_{name}", 0)) != seen[name]:
            yield (
                f"Variable n_{name} is {variables.get(f'n_{name}')!r}, but the task"
                f" completed {seen[name]} times."
            )


def counted_names(block: Block) -> set[str]:
    """Return the tasks whose counters are variables of their instance.

    Inside something that repeats they are local to its rounds.
    """
    if isinstance(block, Work | Scope | Call) and block.loop is not None:
        below = [guard.path for guard in block.guards]
        return set[str]().union(*map(counted_names, below))
    names = set[str]().union(*map(counted_names, parts_of(block)))
    if isinstance(block, Work) and _counts_itself(block):
        names.add(block.name)
    return names


def _counts_itself(work: Work) -> bool:
    return work.kind in (
        NodeKind.SCRIPT_TASK,
        NodeKind.USER_TASK,
        NodeKind.SERVICE_TASK,
    )


def _leftovers(world: World) -> Iterator[str]:
    rows = world.db.rows
    for row, _, _ in rows.instances.values():
        if row.state not in FINAL_INSTANCE_STATES:
            yield f"Instance {row.process_id} has not ended: {row.state}."
    for step, _, _ in rows.steps.values():
        if step.ended_at is None:
            yield f"Step {step.node_id} is still {step.state}."
    yield from _hanging(world)


def _hanging(world: World) -> Iterator[str]:
    """What hangs on instances must go with them."""
    rows = world.db.rows
    for timer in rows.timers.values():
        if timer.state == "ARMED":
            yield f"A timer of {timer.node_id} is still armed."
    for subscription in rows.subscriptions.values():
        yield f"{subscription.node_id} still waits for {subscription.name}."
    for task in rows.tasks.values():
        if task.open:
            yield f"A person's task for {task.node_id} is still open."
    for incident in rows.incidents.values():
        if incident.open:
            yield f"Incident {incident.code} of step {incident.step_id} is still open."
    yield from _messages(world)


def _messages(world: World) -> Iterator[str]:
    """A message is taken at most once, and none is left that somebody must get."""
    taken = Counter(world.db.heard)
    for message_id, times in taken.items():
        if times > 1:
            yield f"Message {message_id} was heard {times} times."


def _chains(world: World) -> Iterator[str]:
    for instance_id, rows in world.db.rows.audit.items():
        head = Head(chain=instance_id, seq=0, hash=GENESIS)
        for fault in verify_chain(rows, head=head):
            yield f"Audit: {fault.message}"
        kept = world.db.instance(instance_id).head
        if (kept.seq, kept.hash) != (head.seq, head.hash):
            yield f"The head of {instance_id} is not the end of its chain."


def _tokens(world: World) -> Iterator[str]:
    for step_id, used, current in world.db.finished:
        if used != current:
            node = world.db.rows.steps[step_id][0].node_id
            yield (
                f"Step {node} was finished under token {used} while {current} had"
                " been given to another worker."
            )
