"""What forms make of numbers and texts that no page sends."""

import pytest

from review.core.states import PolicyKind
from review.forms.acts import JsonForm
from review.forms.policies import read_posted

ENDLESS = "9" * 5000


def test_rows_without_end_are_none() -> None:
    given = {"rows": ENDLESS, "inputs": ENDLESS, "turn": ENDLESS}
    editor = read_posted(PolicyKind.GRID, given)
    assert (editor.rows, editor.inputs, editor.turn) == ([], [], 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{not json", "This is not JSON", id="no json"),
        pytest.param(f'{{"a": {ENDLESS}}}', "This is not JSON", id="endless number"),
        pytest.param("[" * 100_000, "nested too deep", id="nested"),
        pytest.param("[1]", "Write an object", id="list"),
        pytest.param('{"a": NaN}', "is no JSON number", id="nan"),
    ],
)
def test_values_that_are_no_object_are_refused_in_words(text: str, said: str) -> None:
    form = JsonForm({"values": text, "reason": "To see it."})
    assert said in " ".join(map(str, form.errors["values"]))
