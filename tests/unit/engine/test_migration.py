"""What keeps an instance from another version; what its notes become. No database."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from tests.factories.processes import bpmn, chain, flow, process
from workflows.bpmn import read_bpmn
from workflows.core.actors import ENGINE
from workflows.core.chain import Head
from workflows.core.engine.migrating import (
    Listening,
    RowKind,
    Wish,
    find_unheard,
    migrate,
)
from workflows.core.engine.migration import Way, find_obstacles
from workflows.core.engine.plan import Plan, build_plan
from workflows.core.engine.reaching import find_starved
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import InstanceState, StepState

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
ID = UUID("01900000-0000-7000-8000-000000000001")


def plan(body: str) -> Plan:
    (found,) = read_bpmn(bpmn(process(body)), source="main.bpmn")
    return build_plan(found, handlers={}, decisions={})


def line(*nodes: str, tasks: str = "userTask") -> Plan:
    body = "".join(f'<{tasks} id="{name}"/>' for name in nodes)
    return plan(
        f'<startEvent id="s"/>{body}<endEvent id="e"/>' + chain("s", *nodes, "e")
    )


def instance(**changes: Any) -> InstanceRow:
    values: dict[str, Any] = {
        "id": ID,
        "definition_id": 1,
        "process_id": "main",
        "state": InstanceState.ACTIVE,
        "business_key": "",
        "variables": {},
        "initiator": "system:test",
        "parent_instance_id": None,
        "parent_step_id": None,
        "depth": 0,
        "version": 1,
        "head": Head(chain=ID),
        **changes,
    }
    return InstanceRow(**values)


def step(
    node_id: str,
    *,
    number: int = 1,
    scope: int | None = None,
    state: StepState = StepState.WAITING,
    **data: Any,
) -> StepRow:
    return StepRow(
        id=number,
        scope_id=scope,
        node_id=node_id,
        kind="userTask",
        name="",
        state=state,
        attempt=0,
        data=data,
        error="",
        external=False,
        run_at=None,
        lease_token=0,
        lease_until=None,
        worker="",
        started_at=NOW,
        ended_at=None,
    )


def obstacles(way: Way, *steps: StepRow, **changes: Any) -> list[str]:
    return [one.message for one in find_obstacles(way, instance(**changes), steps)]


def moved(way: Way, *steps: StepRow, **changes: Any) -> Run:
    def numbers() -> Iterator[int]:
        yield from range(100, 200)

    run = Run(
        plan=way.old, instance=instance(**changes), steps=steps, now=NOW, ids=numbers()
    )
    wish = Wish(
        definition_id=2,
        process_id="main",
        source="a 1.0.0",
        target="a 1.1.0",
        actor=ENGINE,
        reason="Better.",
    )
    return migrate(run, way, wish=wish, rows=(), ids=numbers()).run


def test_step_at_a_node_of_the_same_id_and_kind_has_no_obstacle() -> None:
    assert obstacles(Way(line("a"), line("b", "a")), step("a")) == []


def test_instance_that_has_not_begun_or_has_ended_stays() -> None:
    way = Way(line("a"), line("a"))
    assert "has not begun" in obstacles(way)[0]
    assert (
        "has ended (FAILED)" in obstacles(way, step("a"), state=InstanceState.FAILED)[0]
    )


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (line("b"), "a is not in the new version; map it"),
        (line("a", tasks="manualTask"), "a is a userTask, a a manualTask"),
    ],
)
def test_node_without_a_counterpart_is_told(new: Plan, told: str) -> None:
    assert told in obstacles(Way(line("a"), new), step("a"))[0]


def test_every_obstacle_of_every_step_is_told() -> None:
    way = Way(line("a", "b"), line("c"))
    assert len(obstacles(way, step("a"), step("b", number=2))) == 2


def test_work_that_waits_may_be_done_otherwise_but_not_work_that_is_done_now() -> None:
    def work(handler: str) -> Plan:
        body = (
            f'<startEvent id="s"/><serviceTask id="a" cs:handler="{handler}"/>'
            '<endEvent id="e"/>'
        )
        return plan(body + chain("s", "a", "e"))

    way = Way(work("one"), work("two"))
    assert obstacles(way, step("a", state=StepState.READY)) == []
    assert obstacles(way, step("a", state=StepState.INCIDENT)) == []
    assert (
        "is being done by one now"
        in obstacles(way, step("a", state=StepState.RUNNING))[0]
    )


def test_compensation_that_is_going_on_is_waited_for() -> None:
    way = Way(line("a"), line("a"))
    assert "takes back what was done" in obstacles(way, step("a", undoes=7))[0]


@pytest.mark.parametrize(
    "data",
    [
        {"done": [{"node": "gone", "step": 1}]},
        {"done": [{"node": "a", "step": 1, "done": [{"node": "gone", "step": 2}]}]},
        {"todo": ["gone"]},
        {"failures": [{"node": "gone", "code": "X", "message": ""}]},
        {"loop": {"failures": [{"node": "gone"}], "next": 1, "done": 1}},
    ],
)
def test_note_of_a_node_that_is_gone_is_told(data: Mapping[str, Any]) -> None:
    way = Way(line("a", "gone"), line("a"))
    assert any("gone" in one for one in obstacles(way, step("a", **data)))


def test_what_is_still_to_be_heard_needs_its_event() -> None:
    way = Way(line("a", "b"), line("c"), nodes={"a": "c"})
    rows = [Listening(RowKind.STIMULUS, 1, 1, name) for name in ("a", "b")]
    (obstacle,) = find_unheard(way, rows)
    assert obstacle.node_id == "b"


def test_flow_is_found_by_its_id_or_by_its_ends() -> None:
    old, new = line("a"), line("b")
    way = Way(old, new, nodes={"a": "b"})
    assert way.flow("s-a") == "s-b"
    assert way.flow("a-e") == "b-e"
    assert Way(old, new).flow("s-a") is None
    assert Way(old, old).flow("s-a") == "s-a"
    assert way.flow("nothing") is None


def test_notes_are_rewritten_and_the_rest_is_kept() -> None:
    way = Way(line("a"), line("b"), nodes={"a": "b"})
    before = step(
        "a",
        flow="s-a",
        cond={"a": True},
        vars={"a": 1},
        child="a",
        begin=["a"],
        done=[{"node": "a", "step": 3, "gave": {"node": "a"}}],
        failed={"node": "a", "code": "X"},
    )
    run = moved(way, before)
    (after,) = run.live.values()
    assert (after.id, after.node_id) == (1, "b")
    assert after.data == {
        "flow": "s-b",
        "cond": {"b": True},
        "vars": {"a": 1},
        "child": "a",
        "begin": ["b"],
        "done": [{"node": "b", "step": 3, "gave": {"node": "a"}}],
        "failed": {"node": "b", "code": "X"},
    }


def test_entries_tell_the_instance_first_and_then_each_step() -> None:
    way = Way(line("a", "b"), line("a", "b"))
    run = moved(way, step("a"), step("b", number=2), data={"done": []})
    assert [(d.kind, d.step_id) for d in run.changes.drafts] == [
        ("instance.migrated", None),
        ("step.migrated", 1),
        ("step.migrated", 2),
    ]
    assert run.instance.definition_id == 2
    assert run.instance.data_changed


FORK = (
    '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
    '<parallelGateway id="j"/><endEvent id="e"/>'
    + flow("s", "f")
    + flow("f", "a")
    + flow("f", "b")
    + flow("a", "j")
    + flow("b", "j")
    + flow("j", "e")
)


@pytest.mark.parametrize(
    ("stands", "arrived", "starved"),
    [
        (["a", "b"], {}, []),
        (["s"], {}, []),
        (["a"], {}, [("j", "b-j")]),
        (["a", "j"], {"j": ["b-j"]}, []),
        (["j"], {"j": ["b-j"]}, [("j", "a-j")]),
        (["e"], {}, []),
    ],
)
def test_join_starves_where_nobody_can_bring_a_token(
    stands: list[str], arrived: dict[str, list[str]], starved: list[tuple[str, str]]
) -> None:
    assert list(find_starved(plan(FORK), stands, arrived)) == starved


def test_token_gets_to_a_join_by_a_boundary_event_and_by_a_link() -> None:
    linked = FORK.replace(flow("b", "j"), "") + (
        '<boundaryEvent id="x" attachedToRef="a"><timerEventDefinition>'
        "<timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>"
        '<intermediateThrowEvent id="t"><linkEventDefinition name="l"/>'
        '</intermediateThrowEvent><intermediateCatchEvent id="c">'
        '<linkEventDefinition name="l"/></intermediateCatchEvent>'
        + flow("x", "t")
        + flow("c", "j", flow_id="b-j")
    )
    found = plan(linked)
    assert list(find_starved(found, ["a"], {})) == []
    assert list(find_starved(found, ["b"], {})) == []
