"""Which node probably stands for which: same id, else the most alike of its kind."""

from tests.factories.processes import bpmn, chain, process
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import Process
from workflows.core.engine.suggesting import list_counterparts, suggest_nodes


def read(body: str, *nodes: str) -> Process:
    flows = chain("s", *nodes, "e") if nodes else ""
    text = f'<startEvent id="s"/>{body}<endEvent id="e"/>{flows}'
    (found,) = read_bpmn(bpmn(process(text)), source="main.bpmn")
    return found


def user(name: str, title: str = "") -> str:
    return f'<userTask id="{name}" name="{title}"/>'


def test_same_id_stands_for_itself() -> None:
    old, new = read(user("a"), "a"), read(user("a", "Other"), "a")
    assert suggest_nodes(old, new) == {"s": "s", "a": "a", "e": "e"}


def test_nearest_name_of_the_same_kind_is_suggested() -> None:
    old = read(user("Activity_1", "Check the invoice"), "Activity_1")
    new = read(
        user("x", "Check invoice")
        + user("y", "Pay")
        + '<manualTask id="z" name="Check the invoice"/>',
        "x",
        "y",
        "z",
    )
    assert suggest_nodes(old, new)["Activity_1"] == "x"
    assert [one.id for one in list_counterparts(old.nodes["Activity_1"], new)] == [
        "x",
        "y",
    ]


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    old, new = read(user("check"), "check"), read(user("zzz"), "zzz")
    assert suggest_nodes(old, new)["check"] == ""


def test_node_is_suggested_once() -> None:
    old = read(user("check1") + user("check2"), "check1", "check2")
    new = read(user("check3"), "check3")
    suggested = suggest_nodes(old, new)
    assert sorted([suggested["check1"], suggested["check2"]]) == ["", "check3"]


def test_node_inside_follows_its_sub_process() -> None:
    def nested(scope: str, name: str) -> Process:
        inside = (
            f'<subProcess id="{scope}"><startEvent id="i"/>{user(name)}'
            f'<endEvent id="o"/>{chain("i", name, "o")}</subProcess>'
        )
        return read(inside, scope)

    old = nested("block_one", "check_it")
    assert suggest_nodes(old, nested("block_two", "check_that"))["check_it"] == (
        "check_that"
    )
    assert suggest_nodes(old, read(user("check_that"), "check_that"))["check_it"] == ""
