"""What a model allows to come after what: the order of drawings, told as pairs."""

from tests.factories.processes import chain, flow
from tests.unit.bpmn.models import read
from workflows.core.bpmn.following import Following, read_following


def following(body: str) -> Following:
    return read_following(read(body))


def tasks(*names: str) -> str:
    return "".join(f'<manualTask id="{name}"/>' for name in names)


def allowed(found: Following, names: str) -> set[str]:
    """Return the pairs of one-letter nodes that may follow each other."""
    return {a + b for a in names for b in names if found.may_follow(a, b)}


ENDS = '<startEvent id="s"/><endEvent id="e"/>'


def test_gateways_are_passed_through_and_choices_kept_apart() -> None:
    found = following(
        ENDS
        + tasks("a", "b", "c", "d")
        + '<exclusiveGateway id="x" default="x-c"/><exclusiveGateway id="y"/>'
        + chain("s", "a", "x")
        + flow("x", "b", condition="true")
        + flow("x", "c")
        + flow("b", "y")
        + flow("c", "y")
        + chain("y", "d", "e")
    )
    assert allowed(found, "abcde") == {"ab", "ac", "bd", "cd", "de"}
    assert found.starts == {"a"}
    assert found.ends == {"e"}
    assert found.may_begin("a")
    assert not found.may_begin("b")
    assert not found.may_end("d")


def test_parallel_paths_have_no_order_until_they_meet() -> None:
    found = following(
        ENDS
        + tasks("a", "b", "c", "d", "f")
        + '<parallelGateway id="x"/><parallelGateway id="y"/>'
        + chain("s", "a", "x", "b", "c", "y", "f", "e")
        + chain("x", "d", "y")
    )
    assert allowed(found, "abcdf") == {
        "ab", "ad", "bc", "bd", "db", "cd", "dc", "cf", "df",
    }  # fmt: skip


def test_loop_back_before_a_parallel_block_keeps_its_paths_apart() -> None:
    found = following(
        ENDS
        + tasks("a", "b", "c")
        + '<parallelGateway id="x"/><parallelGateway id="y"/>'
        '<exclusiveGateway id="z" default="z-e"/>'
        + chain("s", "a", "x", "b", "y", "z", "e")
        + chain("x", "c", "y")
        + flow("z", "a", condition="true")
    )
    assert allowed(found, "abc") == {"ab", "ac", "bc", "cb", "ba", "ca"}


def test_boundary_event_follows_what_came_before_its_activity() -> None:
    found = following(
        ENDS
        + tasks("a", "b", "c")
        + '<boundaryEvent id="t" attachedToRef="b"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        + chain("s", "a", "b", "e")
        + chain("t", "c", "e")
    )
    assert allowed(found, "abct") == {"ab", "at", "tc"}


def test_sub_process_is_entered_and_left_unseen_and_its_boundary_cuts_it_short() -> (
    None
):
    found = following(
        ENDS
        + tasks("a", "d", "f")
        + '<subProcess id="sub"><startEvent id="s2"/><manualTask id="b"/>'
        '<manualTask id="c"/><endEvent id="g"/>'
        + chain("s2", "b", "c", "g")
        + "</subProcess>"
        '<boundaryEvent id="t" attachedToRef="sub"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        + chain("s", "a", "sub", "d", "e")
        + chain("t", "f", "e")
    )
    assert allowed(found, "abcdfgt") == {
        "ab", "at", "bc", "bt", "cg", "ct", "gd", "gt", "tf",
    }  # fmt: skip


def test_activity_that_repeats_follows_itself_and_event_sub_processes_come_any_time() -> (
    None
):
    found = following(
        ENDS + '<userTask id="a" cs:queue="q"><multiInstanceLoopCharacteristics'
        ' cs:collection="many" cs:element="one"/></userTask>'
        + tasks("b")
        + '<subProcess id="sub" triggeredByEvent="true"><startEvent id="s2">'
        "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
        '</startEvent><manualTask id="c"/>'
        + chain("s2", "c")
        + "</subProcess>"
        + chain("s", "a", "b", "e")
    )
    assert allowed(found, "ab") == {"aa", "ab"}
    assert found.may_follow("c", "b")
    assert found.may_follow("a", "c")
