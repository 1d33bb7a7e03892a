"""Conditional start events: the first variables say where an instance begins."""

import pytest

from tests.unit.engine.play import Case
from workflows.core.states import InstanceState

BODY = "".join(
    f'<startEvent id="{name}"><conditionalEventDefinition><condition>{condition}'
    f'</condition></conditionalEventDefinition></startEvent><userTask id="{task}"/>'
    f'<sequenceFlow id="f{name}" sourceRef="{name}" targetRef="{task}"/>'
    for name, condition, task in (
        ("large", "amount &gt; 100", "check"),
        ("any", "amount &gt; 0", "book"),
    )
)


@pytest.mark.parametrize(("amount", "task"), [(500, "check"), (5, "book")])
def test_instance_begins_at_the_first_condition_that_holds(
    amount: int, task: str
) -> None:
    case = Case(BODY, variables={"amount": amount}).start()
    assert case.waiting == [task]


def test_instance_without_a_condition_that_holds_fails() -> None:
    case = Case(BODY, variables={"amount": -1}).start()
    assert case.row.state is InstanceState.FAILED
