"""What each form of expression gives, and what is said when it gives null."""

import datetime as dt
from decimal import Decimal

import pytest

from workflows.core.feel import (
    FeelSyntaxError,
    Limits,
    compile_expression,
    compile_unary_tests,
    from_feel,
    names_in,
    to_feel,
)

SCOPE = {
    "amount": 120,
    "name": "Ada",
    "none": None,
    "flags": [True, False],
    "people": [
        {"first name": "Ada", "age": 36, "skills": ["maths"]},
        {"first name": "Alan", "age": 41, "skills": []},
    ],
    "Profit and loss": 7,
    "a-b": 3,
    "a": 10,
    "b": 4,
    "loan": {"monthly payment": 250, "start": dt.date(2026, 1, 31)},
}
NAMES = names_in(SCOPE)

VALUES = [
    ("1 + 2 * 3 ** 2", 19),
    ("-2 ** 2", 4),
    ("2 ** 3 ** 2", 64),
    ("10 / 4", Decimal("2.5")),
    ("0.1 + 0.2 = 0.3", True),
    (".5 + 1e2", Decimal("100.5")),
    ('"Hello " + name', "Hello Ada"),
    ('amount > 100 and name = "Ada"', True),
    ("amount > 200 or none = null", True),
    ("Profit and loss + 1", 8),
    ("a-b", 3),
    ("a - b", 6),
    ("loan.monthly payment * 2", 500),
    ('string(loan.start + duration("P1M"))', "2026-02-28"),
    ("people[age > 40].first name", ["Alan"]),
    ("people[1].skills[1]", "maths"),
    ("people[-1].age", 41),
    ("people.age", [36, 41]),
    ("count(people[item.age > 1])", 2),
    ("[1, 2, 3, 4][item > 2 and item < 4]", [3]),
    ("[{item: 1}, {item: 2}][item >= 2]", [{"item": 2}]),
    ("for i in 1..3, j in [10, 20] return i * j", [10, 20, 20, 40, 30, 60]),
    (
        "for i in 0..5 return if i < 2 then 1 else partial[-1] + partial[-2]",
        [1, 1, 2, 3, 5, 8],
    ),
    ("for i in 3..1 return i", [3, 2, 1]),
    (
        'for d in @"2026-02-27"..@"2026-03-01" return day of week(d)',
        ["Friday", "Saturday", "Sunday"],
    ),
    ("for i in (1..4) return i", [2, 3]),
    ("some x in people satisfies x.age > 40", True),
    ("every x in people satisfies x.age > 40", False),
    ("some x in [] satisfies x", False),
    ("every x in [] satisfies x", True),
    ("if none then 1 else 2", 2),
    ("if amount > 100 then 1 else if amount > 50 then 2 else 3", 1),
    ("{a: 1, b: a + 1, c: {d: b * 2}}.c.d", 4),
    (
        "{f: function(n) if n < 2 then 1 else n * f(n - 1), r: f(20)}.r",
        2432902008176640000,
    ),
    ("(function(x: number, y: number) x - y)(y: 1, x: 10)", 9),
    ("{add: function(n) function(m) n + m}.add(2)(3)", 5),
    ("5 between 1 and 10", True),
    ("5 in (1..5)", False),
    ("5 in ]1..5]", True),
    ("5 in (< 3, > 4)", True),
    ('name in ("Bob", "Ada")', True),
    ("5 in [1, 3, 5]", True),
    ("5 in [[1..3], [4..6]]", True),
    ("amount instance of number", True),
    ("none instance of number", False),
    ("[1, 2] instance of list<number>", True),
    ('{a: 1, b: ""} instance of context<a: number>', True),
    ("[1..3] instance of range<number>", True),
    ("(function(a: number) a) instance of function<number> -> number", True),
    ("(function(a: string) a) instance of function<number> -> number", False),
    ("[1..10[ = [1..10)", True),
    ("(> 5).start included", False),
    ("[1..3].end", 3),
    ("/* half */ 1 // rest\n + 1", 2),
    ('"\\u0041\\t\\"\\U01F40E"', 'A\t"\U0001f40e'),
    ('"\\uD83D\\uDE00"', "\U0001f600"),
    ('{"a key": 1}.a key', 1),
    ("true[1]", True),
    ("[[1, 2], [3]][1][2]", 2),
    ("not(false) and not(none) = null", True),
    ("null = none", True),
    ('@"2026-01-05T09:00:00Z" = @"2026-01-05T10:00:00+01:00"', True),
]

NULLS = [
    ('1 + "a"', "number + string has no meaning"),
    ("1 / 0", "division by zero"),
    ("unknown", "there is no 'unknown' here"),
    ("loan.interest", "the context has no entry 'interest'"),
    ('1 < "a"', "number < string has no meaning"),
    ('1 = "a"', "number = string has no meaning"),
    ("[1, 2][5]", "there is no item 5 in a list of 2"),
    ("name()", "a string cannot be called"),
    ('abs("a")', "abs: a string is no number and no duration"),
    ("substring(1, 2)", "substring does not take (number, number)"),
    ('substring(text: "a")', "substring does not take (text)"),
    ('(function(a: number) a)("x")', "a is a string, not a number"),
    ("(function(a) a)(1, 2)", "takes 1 arguments, not 2"),
    ('@"2026-13-01"', "is no date, time or duration"),
    ('["a"..3]', "there is no range from string to number"),
    ("10 ** 7000", "not a finite number"),
    ("now()", "the present moment was not given"),
    ("1 and true", "'and' takes booleans"),
    ('[1, 2]["a"]', "a filter takes booleans"),
]

SYNTAX = [
    ("1 +", "expected a value, found the end", 1, 4),
    ("1 == 2", "equality is written =", 1, 4),
    ("a && b", "write and", 1, 3),
    ("(1", "expected ')'", 1, 3),
    ("if a then b", "expected 'else'", 1, 12),
    ("\n  1 +\n  )", "expected a value, found ')'", 3, 3),
    ('"open', "no closing quote", 1, 1),
    ("/* open", "no end", 1, 1),
    ("{a: 1, a: 2}", "stands twice", 1, 9),
    ("[1..2", "to close the range", 1, 6),
    ("1 2", "an operator or the end", 1, 3),
    ("", "expected a value, found the end", 1, 1),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_expression_gives_value(text: str, expected: object) -> None:
    result = compile_expression(text, NAMES).evaluate(SCOPE)
    assert from_feel(result.value) == expected
    assert result.messages == ()


@pytest.mark.parametrize(("text", "message"), NULLS)
def test_meaningless_expression_gives_null_and_says_why(
    text: str, message: str
) -> None:
    result = compile_expression(text, NAMES).evaluate(SCOPE)
    assert result.value is None
    assert message in " ".join(result.messages)


@pytest.mark.parametrize(("text", "message", "line", "column"), SYNTAX)
def test_syntax_error_names_its_place(
    text: str, message: str, line: int, column: int
) -> None:
    with pytest.raises(FeelSyntaxError) as raised:
        compile_expression(text)
    assert message in raised.value.message
    assert (raised.value.line, raised.value.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "feel"),
    [
        ("${a == 1}", "a = 1"),
        ("${approved && !late}", "approved and late != true"),
        ("#{kind eq 'new' || x ge 3}", 'kind = "new" or x >= 3'),
        ("${orders[0].price >= 10}", "orders[1].price >= 10"),
    ],
)
def test_juel_is_refused_with_its_feel_form(text: str, feel: str) -> None:
    with pytest.raises(FeelSyntaxError) as raised:
        compile_expression(text)
    assert raised.value.message.endswith(f"in FEEL write: {feel}")
    assert compile_expression(feel).text == feel


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ("-", None, True),
        ("", 5, True),
        ("5", 5, True),
        ("< 5", 5, False),
        ("[1..5], > 10", 11, True),
        ('not("a", "b")', "c", True),
        ('not("a", "b")', "a", False),
        ("? > 3 and ? < limit", 5, True),
        ("limit", 9, True),
        ("[1, 2, 3]", 2, True),
        ("null", None, True),
        ("null", 1, False),
        ("< 5", "a", False),
        ("< 5", None, False),
        ('starts with(?, "ab")', "abc", True),
        ("not(?)", False, True),
        ('= "x"', "x", True),
        ('!= "x"', "x", False),
    ],
)
def test_cell_tells_whether_value_passes(
    cell: str, value: object, expected: bool
) -> None:
    assert compile_unary_tests(cell).matches(value, {"limit": 9}) is expected


def test_cell_that_cannot_be_told_says_why() -> None:
    verdict, messages = compile_unary_tests("< 5").verdict("a", {})
    assert verdict is None
    assert messages == ("string < number has no meaning",)


def test_compiled_texts_are_cached() -> None:
    assert compile_expression("1 + a") is compile_expression("1 + a")
    assert compile_unary_tests("< 3") is compile_unary_tests("< 3")


def test_present_moment_is_the_one_passed_in() -> None:
    now = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
    assert (
        from_feel(compile_expression("now()").value({}, now=now))
        == "2026-01-05T09:00:00Z"
    )
    assert from_feel(compile_expression("today()").value({}, now=now)) == "2026-01-05"


def test_limits_are_those_of_the_caller() -> None:
    text = "for i in 1..100 return i"
    assert compile_expression(text).evaluate({}, limits=Limits(steps=50)).value is None
    assert len(compile_expression(text).evaluate({}).value) == 100  # type: ignore[arg-type]


def test_values_cross_the_border_and_back() -> None:
    given = {
        "int": 3,
        "float": 0.25,
        "decimal": Decimal("1.10"),
        "text": "x",
        "yes": True,
        "nothing": None,
        "list": [1, (2, 3)],
        "date": dt.date(2026, 1, 5),
        "time": dt.time(9, 30),
        "moment": dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC),
        "span": dt.timedelta(days=1, hours=2),
    }
    assert from_feel(to_feel(given)) == {
        "int": 3,
        "float": Decimal("0.25"),
        "decimal": Decimal("1.10"),
        "text": "x",
        "yes": True,
        "nothing": None,
        "list": [1, [2, 3]],
        "date": "2026-01-05",
        "time": "09:30:00",
        "moment": "2026-01-05T09:00:00Z",
        "span": "P1DT2H",
    }
    assert to_feel(float("nan")) is None
    with pytest.raises(TypeError, match="a set has no FEEL value"):
        to_feel({1})


def test_unusable_input_is_null_with_a_message() -> None:
    result = compile_expression("x").evaluate({"x": object()})
    assert result.value is None
    assert "'x' is not usable" in result.messages[0]
