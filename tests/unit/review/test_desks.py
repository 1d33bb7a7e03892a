"""A user task's own words applied to a case; bad ones lose nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pytest

from review.core.states import Control, PriorityClass
from review.core.tasks.desks import assess, is_own_work, read_desk
from workflows.core.bpmn.graph import Node, NodeKind


@dataclass(frozen=True)
class Answer:
    value: object
    messages: tuple[str, ...] = ()


def node(**words: str) -> Node:
    return Node(id="check", kind=NodeKind.USER_TASK, name="Check", properties=words)


CASE = {"name": "Ada", "amount": Decimal(100), "score": {"confidence": Decimal("0.9")}}


def test_defaults_of_a_bare_step() -> None:
    desk = read_desk(node())
    found = assess(desk, variables=CASE, decide=None)
    assert (desk.queue, found.title) == ("triage", "Check")
    assert found.priority is PriorityClass.B
    assert found.ruling.control is Control.REVIEW
    assert found.problems == ()


def test_words_are_feel_over_the_variables() -> None:
    desk = read_desk(
        node(
            title='"Loan of " + name',
            priority='if amount > 50 then "A" else "C"',
            proposal="{say: name}",
            quorum="dual",
        )
    )
    found = assess(desk, variables=CASE, decide=None)
    assert found.title == "Loan of Ada"
    assert found.priority is PriorityClass.A
    assert found.proposal == {"say": "Ada"}
    assert found.ruling.control is Control.DUAL


def test_grid_gets_confidence_and_impact_beside_the_variables() -> None:
    asked: list[Mapping[str, object]] = []

    def decide(inputs: Mapping[str, object]) -> Answer:
        asked.append(inputs)
        return Answer({"control": "auto"})

    desk = read_desk(node(grid="grid", confidence="score.confidence"))
    found = assess(desk, variables=CASE, decide=decide)
    assert found.ruling.control is Control.AUTO
    assert asked == [{**CASE, "confidence": Decimal("0.9"), "impact": Decimal(100)}]


@pytest.mark.parametrize("answer", [None, "perhaps", {}, {"control": 7}])
def test_grid_that_does_not_answer_leads_to_two_persons(answer: object) -> None:
    desk = read_desk(node(grid="grid", confidence="score.confidence"))
    found = assess(
        desk, variables=CASE, decide=lambda inputs: Answer(answer, ("no rule",))
    )
    assert found.ruling.control is Control.DUAL
    assert "no rule" in found.problems


def test_missing_grid_leads_to_two_persons() -> None:
    desk = read_desk(node(grid="grid", confidence="score.confidence"))
    found = assess(desk, variables=CASE, decide=None)
    assert found.ruling.control is Control.DUAL
    assert "no decision of the grid's name" in found.problems[0]


def test_grid_is_not_asked_without_an_impact() -> None:
    def decide(inputs: Mapping[str, object]) -> Answer:
        raise AssertionError("the grid has no row for nothing")

    desk = read_desk(node(grid="grid", impact="nowhere.at.all"))
    found = assess(desk, variables=CASE, decide=decide)
    assert found.ruling.control is Control.DUAL
    assert "Impact is missing." in found.ruling.reasons


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"title": "1 +"}, "1 +"),
        ({"title": "amount"}, "title is no text"),
        ({"priority": '"Z"'}, "none of A, B and C"),
        ({"proposal": "name + amount"}, "name + amount"),
    ],
)
def test_unusable_words_leave_a_sentence(words: dict[str, str], problem: str) -> None:
    found = assess(read_desk(node(**words)), variables=CASE, decide=None)
    assert found.title == "Check"
    assert found.priority is PriorityClass.B
    assert any(problem in sentence for sentence in found.problems)


def test_title_is_cut_where_the_column_ends() -> None:
    desk = read_desk(node(title="name"))
    found = assess(desk, variables={"name": "x" * 500}, decide=None)
    assert len(found.title) == 300


def test_own_work_is_marked_by_its_step() -> None:
    assert is_own_work(node(initiator="allowed"))
    assert not is_own_work(node())


@pytest.mark.parametrize(
    ("words", "queue", "sla"),
    [
        ({"candidate_groups": "accountancy, audit"}, "accountancy", ""),
        ({"candidate_groups": "${groups}"}, "triage", ""),
        ({"candidate_groups": "audit", "queue": "desk"}, "desk", ""),
        ({"due_date": "PT8H"}, "triage", "PT8H"),
        ({"due_date": "PT8H", "sla": "PT2H"}, "triage", "PT2H"),
        ({"due_date": "2026-02-01T09:00:00Z"}, "triage", ""),
        ({"due_date": "P1M"}, "triage", ""),
    ],
)
def test_words_of_other_editors_stand_in_where_they_are_plain(
    words: dict[str, str], queue: str, sla: str
) -> None:
    desk = read_desk(node(**words))
    assert (desk.queue, desk.sla) == (queue, sla)
