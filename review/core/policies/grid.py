"""The confidence x impact grid: what may be put to it and what its answer means.

The table itself is a DMN decision of the definition; it is evaluated elsewhere. Here
stand the rules around it: a confidence or an impact that is not a plain number in its
range never decides anything by itself; the case goes to a person, with the reason.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from review.core.states import Control, Reveal

_ANSWERS: Final = {word.value.lower(): word for word in Control}
_REVEALS: Final = {word.value.lower().replace("_", " "): word for word in Reveal}
TO_PEOPLE: Final = {
    Control.AUTO: Control.REVIEW,
    Control.REVIEW: Control.REVIEW,
    Control.DUAL: Control.DUAL,
    Control.BLOCK: Control.DUAL,
}
"""With a doubt about the inputs, or under a stop, nothing is decided without people."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A number as read, or None and the sentence that says why it is unusable."""

    value: Decimal | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who has to look at a case, when they see the model's view, and why.

    `reasons` are whole sentences.
    """

    control: Control
    reasons: tuple[str, ...]
    reveal: Reveal = Reveal.ON_REQUEST


def read_confidence(value: object) -> Reading:
    """Read a confidence: a number from 0 to 1, as Decimal, int or float.

    A float stands for its shortest text (0.97 is Decimal("0.97")). Text, booleans,
    NaN, infinities, negative zero and anything out of range are unusable.
    """
    reading = _read_number(value, name="Confidence")
    number = reading.value
    if number is None:
        return reading
    if number > 1 or number < 0:
        return Reading(None, f"Confidence is {number:f}, outside 0 to 1.")
    return reading


def read_impact(value: object) -> Reading:
    """Read an impact: a number from 0 on, such as an amount of money."""
    reading = _read_number(value, name="Impact")
    number = reading.value
    if number is not None and number < 0:
        return Reading(None, f"Impact is {number:f}, below 0.")
    return reading


def _read_number(value: object, *, name: str) -> Reading:
    number = _to_decimal(value)
    if number is None:
        return Reading(None, f"{name} is {_describe(value)}.")
    if number.is_nan():
        return Reading(None, f"{name} is NaN, not a number.")
    if number.is_infinite():
        return Reading(None, f"{name} is infinite.")
    if number.is_zero() and number.is_signed():
        return Reading(None, f"{name} is negative zero.")
    return Reading(number)


def _to_decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return Decimal(repr(value))
    return Decimal(value) if isinstance(value, int | Decimal) else None


def _describe(value: object) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            return f"{str(value).lower()}, not a number"
        case str():
            return f'the text "{value[:40]}", not a number'
        case _:
            return f"a {type(value).__name__}, not a number"


def put_to_grid(
    *, confidence: Reading, impact: Reading
) -> tuple[Decimal, Decimal] | None:
    """Return what to evaluate the grid with, or None when it cannot be asked.

    An unusable confidence counts as none at all (0), so that a large impact still
    gets its second person; without an impact there is no row to look up.
    """
    if impact.value is None:
        return None
    return (confidence.value or Decimal(0), impact.value)


def read_answer(value: object) -> tuple[object, object]:
    """Part what a grid's table gave into its control and its reveal mode.

    A table of one output gives the control alone; a context names them `control` and
    `reveal`, and where nothing is named control its first value counts as that.
    """
    if not isinstance(value, dict):
        return value, None
    control = value.get("control", next(iter(value.values()), None))
    return control, value.get("reveal")


def read_reveal(word: object) -> Reveal | None:
    """Return the reveal mode of a word such as "on request"; None for no mode."""
    if not isinstance(word, str):
        return None
    plain = " ".join(word.lower().replace("_", " ").replace("-", " ").split())
    return _REVEALS.get(plain)


def settle(
    *,
    answer: object,
    confidence: Reading,
    impact: Reading,
    dual: bool,
    reveal: object = None,
) -> Ruling:
    """Turn the grid's answer into a ruling.

    `answer` is what the grid said ("auto", "review", "dual", "block"; None when it
    was not asked or failed), `reveal` its mode ("assist", "on request", "verdict
    first"; without one, or with a word that is none, on request). `dual` says that the step itself asks for two persons
    wherever people decide; the grid may raise one person to two, never lower it.
    Unusable inputs or an unknown answer always lead to people.
    """
    reasons = [reading.problem for reading in (confidence, impact) if reading.problem]
    control = _ANSWERS.get(answer) if isinstance(answer, str) else None
    if control is None:
        said = "did not answer" if answer is None else f"answered {answer!r:.60}"
        if impact.value is not None:
            reasons.append(f"The grid {said}; it must say auto, review, dual or block.")
        # Not knowing what is at stake is a reason for two pairs of eyes.
        control = Control.DUAL
    if control is Control.AUTO and confidence.value == 0:
        # Also what was a negative zero: the database keeps no sign of nothing.
        reasons.append("Confidence is 0, which approves nothing by itself.")
    if reasons:
        control = TO_PEOPLE[control]
    if dual and control is Control.REVIEW:
        control = Control.DUAL
        reasons.append("The step asks for two persons.")
    mode = read_reveal(reveal)
    if mode is None and reveal is not None:
        reasons.append(
            f"The grid's reveal mode {reveal!r:.40} is unknown;"
            " the model's view is shown on request."
        )
    return Ruling(control, tuple(reasons), mode or Reveal.ON_REQUEST)


def without_grid(*, dual: bool) -> Ruling:
    """Return the ruling of a step that has no grid: people decide."""
    if dual:
        return Ruling(Control.DUAL, ("The step asks for two persons.",))
    return Ruling(Control.REVIEW, ("The step asks for a person.",))
