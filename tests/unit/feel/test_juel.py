"""JUEL to FEEL: what is translated means the same; everything else is refused."""

import pytest

from workflows.core.feel import compile_expression, to_feel
from workflows.core.feel.juel import JuelError, to_feel_text, translated

SAME = {
    "a == 1": "a = 1",
    "a eq 1 and b ne 2": "a = 1 and b != 2",
    "input > 3 && b != 'x'": 'input > 3 and b != "x"',
    "a lt 1 or b ge 2.5": "a < 1 or b >= 2.5",
    "(a || b) && c": "(a or b) and c",
    "a || b && c": "a or b and c",
    "!late": "late != true",
    "not (x gt 1)": "(x > 1) != true",
    "!!a": "(a != true) != true",
    "flag": "flag",
    " true ": "true",
    "a == null": "a = null",
    "a - (b - c)": "a - (b - c)",
    "a * (b + 1) / 2": "a * (b + 1) / 2",
    "-a + 1": "-a + 1",
    "i+1": "i + 1",
    'order.customer.name == "it\'s"': 'order.customer.name = "it\'s"',
    "a == 'say \"hi\" \\\\ \\'you\\''": 'a = "say \\"hi\\" \\\\ \'you\'"',
    "orders[0].price": "orders[1].price",
    "order['price'] < 5": "order.price < 5",
    "(a == b) == c": "((a = b) = true) = c",
    "empty a": 'a = null or a = "" or a = [] or a = {}',
}
REFUSED = {
    "order.ship()": "it calls 'ship'",
    "size(list)": "it calls 'size'",
    "a ? b : c": "'?' has no sure meaning",
    "fn:length(a)": "':' has no sure meaning",
    "a % 2": "'%' has no sure meaning",
    "a mod 2": "'mod' has no sure meaning",
    "orders[i]": "only a fixed number or name",
    "orders[1.5]": "only a fixed number or name",
    "orders[": "only a fixed number or name",
    "a['no name']": "only a fixed number or name",
    "'a' + b": "it calculates with a text",
    "execution.id": "'execution' is an object of that engine",
    "a.": "a dot stands without",
    "a.if": "'if' is a word of FEEL",
    "between > 1": "'between' is a word of FEEL",
    "(a": "a bracket is never closed",
    "a ==": "it ends too early",
    "a == and": "'and' has no sure meaning",
    "a b": "'b' has no sure meaning",
    "": "it ends too early",
    "(" * 60 + "a" + ")" * 60: "nested too deeply",
    "a = 1": "'=' has no sure meaning",
}


@pytest.mark.parametrize(("juel", "feel"), SAME.items())
def test_juel_with_a_sure_meaning_is_translated(juel: str, feel: str) -> None:
    assert to_feel_text(juel) == feel
    assert translated(f" ${{{juel}}} ") == feel
    assert compile_expression(feel).text == feel


@pytest.mark.parametrize(("juel", "words"), REFUSED.items())
def test_juel_without_a_sure_meaning_is_refused(juel: str, words: str) -> None:
    with pytest.raises(JuelError, match=r"\S") as raised:
        to_feel_text(juel)
    assert words in str(raised.value)
    assert translated(f"#{{{juel}}}") == ""


@pytest.mark.parametrize(
    ("juel", "variables", "expected"),
    [
        ("!late", {"late": None}, True),
        ("!(a > 3)", {"a": None}, True),
        ("!(a && b)", {"a": None, "b": True}, True),
        ("(a > 3) == false", {"a": None}, True),
        ("empty a", {"a": ""}, True),
        ("empty a", {"a": []}, True),
        ("!empty a", {"a": [1]}, True),
        ("!empty a", {"a": None}, False),
        ("orders[1].price > 100", {"orders": [{"price": 1}, {"price": 101}]}, True),
        ("a == 'it\\'s'", {"a": "it's"}, True),
        ("2 + 3 * a == 8", {"a": 2}, True),
    ],
)
def test_translation_gives_what_juel_gives(
    juel: str, variables: dict[str, object], expected: bool
) -> None:
    scope = {name: to_feel(value) for name, value in variables.items()}
    assert compile_expression(to_feel_text(juel)).value(scope) is expected


@pytest.mark.parametrize(
    "text", ["a = 1", "x ${a}", "${a} y", "{a}", "${" + "a" * 3000]
)
def test_text_that_is_no_juel_is_left_alone(text: str) -> None:
    assert translated(text) == ""
