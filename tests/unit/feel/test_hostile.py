"""Texts that ask for too much end as null with a message, or do not compile."""

import pytest

from tests.unit.feel.hostile import CATASTROPHIC, HOSTILE
from workflows.core.feel import FeelSyntaxError, compile_expression, from_feel


def test_the_table_holds_two_hundred_texts() -> None:
    assert len({*HOSTILE, *CATASTROPHIC}) >= 200


def outcome(text: str) -> tuple[object, tuple[str, ...]]:
    """The value and the messages; a syntax error is a message too."""
    try:
        result = compile_expression(text).evaluate({})
    except FeelSyntaxError as error:
        return None, (error.message,)
    return from_feel(result.value), result.messages


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:50] for text in HOSTILE])
def test_hostile_text_gives_null_and_a_message(text: str) -> None:
    value, messages = outcome(text)
    assert value is None
    assert messages


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_catastrophic_pattern_is_answered(pattern: str) -> None:
    scope = {"text": "a" * 2000 + "!", "pattern": pattern}
    assert compile_expression("matches(text, pattern)").value(scope) is False
