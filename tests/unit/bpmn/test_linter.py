"""Findings: what runs, but deserves a look. Each rule with the least that shows it."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.bpmn.models import between, model, read
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.linter import RULES, lint_package, lint_process
from workflows.core.bpmn.linter_shape import is_order

DOCS = Path(__file__).resolve().parents[3] / "docs" / "linter.md"


@dataclass(frozen=True)
class Stub:
    """A handler as the rules see it."""

    name: str = "bank.ask"
    external: bool = True
    compensation: str = ""
    timeout_given: bool = False


def flow(source: str, target: str, condition: str = "") -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>"
    return (
        f'<sequenceFlow id="{source}-{target}" sourceRef="{source}"'
        f' targetRef="{target}">{inner if condition else ""}</sequenceFlow>'
    )


def path(*names: str) -> str:
    return "".join(flow(a, b) for a, b in itertools.pairwise(names))


def fork(kind: str, *, join: str, attributes: str = "") -> str:
    """Return two tasks between a gateway `g` that opens them and a gateway `j`."""
    conditional = kind == "exclusiveGateway"
    return (
        f'<startEvent id="s"/><{kind} id="g"{attributes}/><task id="a"/><task id="b"/>'
        f'<{join} id="j"/><endEvent id="e"/>'
        + path("s", "g")
        + flow("g", "a", "x" if conditional else "")
        + flow("g", "b", "y" if conditional else "")
        + path("a", "j", "e")
        + path("b", "j")
    )


def scope(inside: str, *, kind: str = "subProcess", boundary: str = "") -> str:
    """Return a sub-process `n` with start and end inside, and a boundary event."""
    body = f'<{kind} id="n"><startEvent id="s1"/>{inside}</{kind}>'
    if boundary:
        body += (
            f'<boundaryEvent id="b" attachedToRef="n">{boundary}</boundaryEvent>'
            '<endEvent id="be"/>' + path("b", "be")
        )
    return between(body)


ERROR = '<errorEventDefinition errorRef="err"/>'
ROOTS = '<error id="err" errorCode="NO"/><escalation id="esc" escalationCode="UP"/>'
ERROR_INSIDE = f'<endEvent id="thrown">{ERROR}</endEvent>' + path("s1", "thrown")
ESCALATION = '<escalationEventDefinition escalationRef="esc"/>'
RECEIVE = (
    '<intermediateCatchEvent id="n"{}><messageEventDefinition messageRef="m"/>'
    "</intermediateCatchEvent>"
)
MESSAGE = '<message id="m" name="Invoice paid"/>'
LOOP = (
    '<startEvent id="s"/><scriptTask id="a"><script>1</script></scriptTask>{}'
    + path("s", "a", "g")
)
SERVICE = '<serviceTask id="n" cs:handler="bank.ask"{}/>'
MANY = [f"t{number}" for number in range(31)]


@dataclass(frozen=True)
class Case:
    """A model with a finding at an element, and one like it without."""

    element: str
    bad: str
    good: str
    roots: str = ROOTS + MESSAGE
    handlers: Mapping[str, Stub] | None = None
    good_handlers: Mapping[str, Stub] | None = None


CASES = {
    "unreachable-node": Case(
        "lost",
        between('<task id="n"/>') + '<task id="lost"/>',
        between('<task id="n"/>'),
    ),
    "no-default-flow": Case(
        "g",
        fork("exclusiveGateway", join="exclusiveGateway"),
        fork("exclusiveGateway", join="exclusiveGateway", attributes=' default="g-b"'),
    ),
    "condition-on-default": Case(
        "g-b",
        fork("exclusiveGateway", join="exclusiveGateway", attributes=' default="g-b"'),
        fork("parallelGateway", join="parallelGateway"),
    ),
    "dead-join": Case(
        "j",
        fork("exclusiveGateway", join="parallelGateway"),
        fork("parallelGateway", join="parallelGateway"),
    ),
    "doubled-path": Case(
        "j",
        fork("parallelGateway", join="exclusiveGateway"),
        fork("exclusiveGateway", join="exclusiveGateway"),
    ),
    "race-of-one": Case(
        "g",
        '<startEvent id="s"/><eventBasedGateway id="g"/>'
        + RECEIVE.format("")
        + '<endEvent id="e"/>'
        + path("s", "g", "n", "e"),
        '<startEvent id="s"/><eventBasedGateway id="g"/>'
        + RECEIVE.format("")
        + '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H'
        "</timeDuration></timerEventDefinition></intermediateCatchEvent>"
        '<endEvent id="e"/>' + path("s", "g", "n", "e") + path("g", "t", "e"),
    ),
    "endless-loop": Case(
        "a",
        LOOP.format('<task id="g"/>') + path("g", "a"),
        LOOP.format('<exclusiveGateway id="g" default="g-a"/><endEvent id="e"/>')
        + path("g", "a")
        + flow("g", "e", "x"),
    ),
    "loop-without-exit": Case(
        "a",
        LOOP.format('<userTask id="g" cs:queue="q" cs:sla="PT1H"/>') + path("g", "a"),
        LOOP.format('<exclusiveGateway id="g" default="g-a"/><endEvent id="e"/>')
        + path("g", "a")
        + flow("g", "e", "x"),
    ),
    "god-process": Case(
        "p",
        '<startEvent id="s"/><endEvent id="e"/>'
        + "".join(f'<task id="{name}"/>' for name in MANY)
        + path("s", *MANY, "e"),
        '<startEvent id="s"/><endEvent id="e"/>'
        + "".join(f'<task id="{name}"/>' for name in MANY[1:])
        + path("s", *MANY[1:], "e"),
    ),
    "deep-nesting": Case(
        "n3",
        scope(
            '<subProcess id="n2"><startEvent id="s2"/><subProcess id="n3">'
            '<startEvent id="s3"/></subProcess>'
            + path("s2", "n3")
            + "</subProcess>"
            + path("s1", "n2")
        ),
        scope(
            '<subProcess id="n2"><startEvent id="s2"/></subProcess>' + path("s1", "n2")
        ),
    ),
    "name-with-and": Case(
        "n",
        between('<task id="n" name="Check and pay"/>'),
        between('<task id="n" name="Check the brand"/>'),
    ),
    "hidden-command": Case(
        "n",
        between(RECEIVE.format(' cs:timeout="PT1H"')),
        between(RECEIVE.format(' cs:timeout="PT1H"')).replace('"m"', '"paid"'),
        roots='<message id="m" name="Send invoice"/><message id="paid" name="Paid"/>',
    ),
    "unknown-attribute": Case(
        "n",
        between('<task id="n" cs:qeue="x"/>'),
        between('<task id="n" cs:result="x"/>'),
    ),
    "no-queue": Case(
        "n",
        between('<userTask id="n" cs:sla="PT1H"/>'),
        between('<userTask id="n" cs:sla="PT1H" cs:queue="x"/>'),
    ),
    "no-sla": Case(
        "n",
        between('<userTask id="n" cs:queue="x"/>'),
        between('<userTask id="n" cs:queue="x" cs:initiator="allowed"/>'),
    ),
    "no-timeout": Case(
        "n",
        between(SERVICE.format("")),
        between(SERVICE.format(' cs:timeout="PT5S"')),
        handlers={"n": Stub()},
        good_handlers={"n": Stub()},
    ),
    "endless-wait": Case(
        "n",
        between(RECEIVE.format("")),
        between(RECEIVE.format(' cs:timeout="PT1H"')),
    ),
    "no-compensation": Case(
        "work",
        scope(
            '<serviceTask id="work" cs:handler="bank.ask"/>' + path("s1", "work"),
            kind="transaction",
        ),
        scope(
            '<serviceTask id="work" cs:handler="bank.ask"/>' + path("s1", "work"),
            kind="transaction",
        ),
        handlers={"work": Stub(timeout_given=True)},
        good_handlers={"work": Stub(timeout_given=True, compensation="bank.undo")},
    ),
    "uncaught-error": Case(
        "thrown", scope(ERROR_INSIDE), scope(ERROR_INSIDE, boundary=ERROR)
    ),
    "uncaught-escalation": Case(
        "thrown",
        scope(ERROR_INSIDE.replace(ERROR, ESCALATION)),
        scope(ERROR_INSIDE.replace(ERROR, ESCALATION), boundary=ESCALATION),
    ),
    "catches-nothing": Case(
        "b",
        scope('<task id="t"/>' + path("s1", "t"), boundary=ERROR),
        scope(ERROR_INSIDE, boundary=ERROR),
    ),
}


@pytest.mark.parametrize(("code", "case"), CASES.items())
def test_rule_finds_what_it_is_about(code: str, case: Case) -> None:
    found = lint_process(read(case.bad, roots=case.roots), handlers=case.handlers)
    assert (code, case.element, RULES[code].value) in {
        (one.code, one.element, one.severity) for one in found
    }


@pytest.mark.parametrize(("code", "case"), CASES.items())
def test_rule_is_silent_where_there_is_nothing(code: str, case: Case) -> None:
    handlers = case.good_handlers
    found = lint_process(read(case.good, roots=case.roots), handlers=handlers)
    assert code not in {one.code for one in found}


def test_every_rule_has_a_case_and_a_line_in_the_docs() -> None:
    others = {"call-in-disguise", "no-subject", "open-subject"}
    assert {*CASES, *others} == set(RULES)
    told = re.findall(
        r"^\| `([a-z-]+)` \| (error|warning|advice) \|", DOCS.read_text(), re.MULTILINE
    )
    assert dict(told) == {code: severity.value for code, severity in RULES.items()}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('cs:personal="name, born"', {"no-subject"}),
        ('cs:personal="born" cs:subject="person.id"', {"open-subject"}),
        ('cs:personal="born, person" cs:subject="person.id"', set()),
        ('cs:personal="born" cs:subject="businessKey"', set()),
        ("", set()),
    ],
)
def test_personal_values_need_somebody_whose_they_are(
    words: str, expected: set[str]
) -> None:
    body = model(between('<task id="n"/>')).replace(
        b'id="p"', b'id="p" ' + words.encode()
    )
    (process,) = read_bpmn(body, source="p.bpmn")
    codes = {one.code for one in lint_process(process)}
    assert codes & {"no-subject", "open-subject"} == expected


def test_message_that_only_starts_another_process_is_a_call() -> None:
    thrower = between(
        '<intermediateThrowEvent id="n"><messageEventDefinition messageRef="m"/>'
        "</intermediateThrowEvent>"
    )
    other = (
        '</process><process id="q" isExecutable="true"><startEvent id="qs">'
        '<messageEventDefinition messageRef="m"/></startEvent><endEvent id="qe"/>'
        + path("qs", "qe")
    )
    both = read_bpmn(model(thrower + other, roots=MESSAGE), source="p.bpmn")
    (found,) = lint_package(both, handlers={})
    assert (found.code, found.element) == ("call-in-disguise", "n")
    assert lint_package(both[:1], handlers={}) == []


def test_join_that_waits_for_what_comes_after_it_is_dead() -> None:
    body = (
        '<startEvent id="s"/><parallelGateway id="j"/><task id="a"/>'
        '<exclusiveGateway id="g" default="g-e"/><endEvent id="e"/>'
        + path("s", "j", "a", "g", "e")
        + flow("g", "j", "again")
    )
    codes = [one.code for one in lint_process(read(body))]
    assert codes == ["dead-join"]


def test_join_behind_a_split_in_a_loop_is_let_alone() -> None:
    body = (
        '<startEvent id="s"/><parallelGateway id="f"/><task id="a"/><task id="b"/>'
        '<exclusiveGateway id="m"/><exclusiveGateway id="g" default="g-c"/>'
        '<task id="c"/><task id="d"/><parallelGateway id="j"/><endEvent id="e"/>'
        + path("s", "f", "a", "m", "g", "c", "j", "e")
        + path("f", "b", "m")
        + flow("g", "d", "x")
        + path("d", "j")
    )
    assert "dead-join" not in {one.code for one in lint_process(read(body))}


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("Send invoice", True),
        ("sendInvoice", True),
        ("charge-credit-card", True),
        ("Invoice sent", False),
        ("Payment received", False),
        ("Process started", False),
        ("Check", False),
        ("ORDER_PLACED", False),
        ("", False),
    ],
)
def test_order_is_told_from_an_event(name: str, *, order: bool) -> None:
    assert is_order(name) is order


def test_misspelt_attribute_is_told_the_near_one() -> None:
    body = between('<userTask id="n" cs:queue="x" cs:slaa="PT1H"/>')
    findings = [one for one in lint_process(read(body)) if one.code != "no-sla"]
    (finding,) = findings
    assert finding.message.endswith("did you mean cs:sla?")
    assert finding.as_dict()["line"] == 3


def test_sound_process_has_no_findings() -> None:
    body = between('<userTask id="n" cs:queue="x" cs:sla="PT1H"/>')
    assert lint_process(read(body)) == []


def test_nodes_behind_boundary_events_are_reached() -> None:
    body = between(
        '<userTask id="n" cs:queue="q" cs:sla="PT1H"/><boundaryEvent id="b"'
        ' attachedToRef="n"><errorEventDefinition/></boundaryEvent><sequenceFlow'
        ' id="f3" sourceRef="b" targetRef="x"/><task id="x"/>'
    )
    assert lint_process(read(body)) == []
