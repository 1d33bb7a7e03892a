"""Laws of the pure engine over generated processes, without a database.

A process is a tree of blocks (task, sequence, exclusive, parallel, inclusive choice,
sub-process); its oracle is a plain recursive walk of the same tree.
"""

import datetime as dt
import itertools
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.core.bpmn.graph import Flow, Node, NodeKind, Process
from workflows.core.chain import Head
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.plan import Plan, build_plan
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import FINAL_STEP_STATES, InstanceState, StepState

NOW = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
BLOCKS = ("sequence", "exclusive", "parallel", "inclusive", "sub")
GATEWAYS = {
    "exclusive": NodeKind.EXCLUSIVE_GATEWAY,
    "parallel": NodeKind.PARALLEL_GATEWAY,
    "inclusive": NodeKind.INCLUSIVE_GATEWAY,
}


@dataclass(frozen=True)
class Block:
    """A piece of a process; `taken` says which branches' conditions hold."""

    kind: str
    parts: tuple["Block", ...] = ()
    taken: tuple[bool, ...] = ()


def blocks() -> st.SearchStrategy[Block]:
    leaf = st.just(Block("task")) | st.just(Block("person"))

    def grow(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
        return st.builds(
            lambda kind, parts, bits: Block(kind, tuple(parts), tuple(bits)),
            st.sampled_from(BLOCKS),
            st.lists(inner, min_size=1, max_size=3),
            st.lists(st.booleans(), min_size=3, max_size=3),
        )

    return st.recursive(leaf, grow, max_leaves=8)


@dataclass
class Drawing:
    """Nodes and flows of a process being drawn, and the tasks that must run."""

    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def add(self, kind: NodeKind, *, scope: str) -> str:
        name = f"{kind.value}{next(self.numbers)}"
        self.nodes[name] = Node(id=name, kind=kind, scope=scope)
        return name

    def join(self, source: str, target: str, *, condition: str = "") -> None:
        name = f"f{next(self.numbers)}"
        flow = Flow(id=name, source=source, target=target, condition=condition)
        self.flows[name] = flow

    def draw(
        self, block: Block, entry: str, *, scope: str, wanted: Counter[str]
    ) -> str:
        """Draw a block behind `entry`, return its exit; count the tasks it runs."""
        if block.kind in ("task", "person"):
            person = block.kind == "person"
            kind = NodeKind.USER_TASK if person else NodeKind.MANUAL_TASK
            name = self.add(kind, scope=scope)
            self.join(entry, name)
            wanted[name] += 1
            return name
        if block.kind == "sequence":
            for part in block.parts:
                entry = self.draw(part, entry, scope=scope, wanted=wanted)
            return entry
        if block.kind == "sub":
            return self.draw_sub(block, entry, scope=scope, wanted=wanted)
        return self.draw_choice(block, entry, scope=scope, wanted=wanted)

    def draw_sub(
        self, block: Block, entry: str, *, scope: str, wanted: Counter[str]
    ) -> str:
        name = self.add(NodeKind.SUB_PROCESS, scope=scope)
        self.join(entry, name)
        wanted[name] += 1
        inner = self.add(NodeKind.START_EVENT, scope=name)
        for part in block.parts:
            inner = self.draw(part, inner, scope=name, wanted=wanted)
        self.join(inner, self.add(NodeKind.END_EVENT, scope=name))
        return name

    def draw_choice(
        self, block: Block, entry: str, *, scope: str, wanted: Counter[str]
    ) -> str:
        kind = GATEWAYS[block.kind]
        fork, join = self.add(kind, scope=scope), self.add(kind, scope=scope)
        self.join(entry, fork)
        wanted[fork] += 1
        wanted[join] += 1
        bits = list(block.taken[: len(block.parts)])
        if block.kind == "exclusive":
            first = bits.index(True) if True in bits else 0
            runs = [index == first for index in range(len(bits))]
        elif block.kind == "parallel":
            runs = [True] * len(bits)
        else:
            bits = bits if any(bits) else [True, *bits[1:]]
            runs = bits
        for part, bit, does_run in zip(block.parts, bits, runs, strict=True):
            below: Counter[str] = Counter()
            gate = self.add(NodeKind.MANUAL_TASK, scope=scope)
            below[gate] += 1
            held = bit or (block.kind == "exclusive" and not any(bits) and does_run)
            word = "" if block.kind == "parallel" else str(held).lower()
            self.join(fork, gate, condition=word)
            self.join(self.draw(part, gate, scope=scope, wanted=below), join)
            if does_run:
                wanted.update(below)
        return join


def draw(block: Block) -> tuple[Plan, Counter[str]]:
    drawing = Drawing()
    wanted: Counter[str] = Counter()
    start = drawing.add(NodeKind.START_EVENT, scope="")
    last = drawing.draw(block, start, scope="", wanted=wanted)
    drawing.join(last, drawing.add(NodeKind.END_EVENT, scope=""))
    nodes = {
        name: Node(
            id=name,
            kind=node.kind,
            scope=node.scope,
            flows_in=tuple(f.id for f in drawing.flows.values() if f.target == name),
            flows_out=tuple(f.id for f in drawing.flows.values() if f.source == name),
        )
        for name, node in drawing.nodes.items()
    }
    process = Process(id="p", name="p", nodes=nodes, flows=drawing.flows)
    return build_plan(process, handlers={}, decisions={}), wanted


@dataclass
class Played:
    """What one instance did: its completed steps and its audit trail."""

    instance: InstanceRow
    completed: Counter[str]
    kinds: list[str]
    live: list[StepRow]


def play(plan: Plan, *, budget: int = 500, last_first: bool = False) -> Played:
    """Run an instance to its end; every advance works on freshly loaded rows."""
    instance = InstanceRow(
        id=UUID(int=1),
        definition_id=1,
        process_id="p",
        state=InstanceState.ACTIVE,
        business_key="",
        variables={},
        initiator="system:test",
        parent_instance_id=None,
        parent_step_id=None,
        depth=0,
        version=0,
        head=Head(chain=UUID(int=1)),
    )
    ids = itertools.count(1)
    steps: dict[int, StepRow] = {}
    kinds: list[str] = []
    stimulus: stimuli.Stimulus | None = stimuli.Start()
    while stimulus is not None and instance.state is InstanceState.ACTIVE:
        live = [s for s in steps.values() if s.state not in FINAL_STEP_STATES]
        run = Run(plan=plan, instance=instance, steps=live, now=NOW, ids=ids)
        run.budget = budget
        hear(run, stimulus)
        for human in run.take_humans():
            run.waits(human.step)
        for step in run.touched:
            step.new = step.changed = False
            steps[step.id] = step
        kinds.extend(draft.kind for draft in run.changes.drafts)
        stimulus = next_stimulus(list(steps.values()), last_first=last_first)
    completed = Counter(
        step.node_id for step in steps.values() if step.state is StepState.COMPLETED
    )
    live = [s for s in steps.values() if s.state not in FINAL_STEP_STATES]
    return Played(instance, completed, kinds, live)


def next_stimulus(steps: list[StepRow], *, last_first: bool) -> stimuli.Stimulus | None:
    ready = [step for step in steps if step.state is StepState.READY]
    if ready:
        return stimuli.Go(step_id=ready[0].id)
    people = [
        step
        for step in steps
        if step.state is StepState.WAITING and step.kind == NodeKind.USER_TASK
    ]
    if not people:
        return None
    return stimuli.Done(step_id=people[-1 if last_first else 0].id, output={})


def tasks(played: Played, wanted: Counter[str]) -> Counter[str]:
    return Counter({
        name: played.completed[name] for name in played.completed if name in wanted
    })


@settings(max_examples=80, deadline=None)
@given(blocks())
def test_every_process_ends_and_runs_exactly_what_its_tree_says(block: Block) -> None:
    plan, wanted = draw(block)
    played = play(plan)
    assert played.instance.state is InstanceState.COMPLETED
    assert played.live == []
    assert tasks(played, wanted) == wanted


@settings(max_examples=50, deadline=None)
@given(blocks(), st.integers(min_value=1, max_value=4))
def test_small_advances_end_where_one_large_advance_ends(
    block: Block, budget: int
) -> None:
    plan, wanted = draw(block)
    assert tasks(play(plan, budget=budget), wanted) == wanted


@settings(max_examples=50, deadline=None)
@given(blocks())
def test_order_of_answers_does_not_change_what_runs(block: Block) -> None:
    plan, wanted = draw(block)
    assert tasks(play(plan, last_first=True), wanted) == wanted


@settings(max_examples=25, deadline=None)
@given(blocks())
def test_same_input_gives_the_same_trail(block: Block) -> None:
    plan, _ = draw(block)
    assert play(plan).kinds == play(plan).kinds
