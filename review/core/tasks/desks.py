"""What a user task's own words mean for one case: desk, control, title, class.

Pure: definitions and variables come in, an assessment comes out. Nothing here fails
on bad input. A word that cannot be evaluated leaves a sentence in `problems`, and the
case goes to people.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from review.core.policies import grid
from review.core.policies.grid import Reading, Ruling
from review.core.states import PriorityClass
from review.core.tasks.rules import Words
from workflows.core.bpmn.graph import Node
from workflows.core.bpmn.quorum_words import QuorumWord, read_quorum
from workflows.core.feel import FeelSyntaxError, compile_expression, from_feel
from workflows.core.iso8601 import Iso8601Error, parse_duration

DEFAULT_QUEUE: Final = "triage"
DEFAULT_CONFIDENCE: Final = "confidence"
DEFAULT_IMPACT: Final = "amount"
MAX_TITLE: Final = 300
MAX_KEY: Final = 100

_PATH: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_CLASSES: Final = frozenset(word.value for word in PriorityClass)


class Decided(Protocol):
    """A decision's value with what an auditor needs of how it came about."""

    @property
    def value(self) -> object: ...
    @property
    def messages(self) -> tuple[str, ...]: ...


Decide = Callable[[Mapping[str, object]], Decided]


@dataclass(frozen=True, slots=True)
class Desk:
    """A user task's attributes, read once per definition; texts are FEEL or words."""

    queue: str
    form: str
    grid: str
    confidence: str
    impact: str
    proposal: str
    title: str
    fallback_title: str
    priority: str
    sla: str
    warn: str
    ladder: str
    calendar: str
    escalate_to: str
    quorum: QuorumWord
    says_quorum: bool
    own_work: bool
    dual: bool
    reject_ends: bool
    routing: str
    words: Words


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a desk's words make of one case."""

    title: str
    priority: PriorityClass
    proposal: object
    confidence: Reading
    impact: Reading
    ruling: Ruling
    answer: object
    explanation: object
    problems: tuple[str, ...]


def read_desk(node: Node) -> Desk:
    """Read a user task's attributes; what is missing has its default."""
    words = node.properties
    quorum = read_quorum(words.get("quorum", ""))
    return Desk(
        queue=(words.get("queue") or _group(words) or DEFAULT_QUEUE)[:MAX_KEY],
        form=words.get("form", ""),
        grid=words.get("grid", ""),
        confidence=words.get("confidence") or DEFAULT_CONFIDENCE,
        impact=words.get("impact") or DEFAULT_IMPACT,
        proposal=words.get("proposal", ""),
        title=words.get("title", ""),
        fallback_title=node.name or node.id,
        priority=words.get("priority", ""),
        sla=words.get("sla", "") or _due(words),
        warn=words.get("warn", ""),
        ladder=words.get("ladder", ""),
        calendar=words.get("calendar", ""),
        escalate_to=words.get("escalate_to", ""),
        quorum=quorum,
        says_quorum=bool(words.get("quorum", "").strip()),
        own_work=is_own_work(node),
        dual=quorum.needed >= 2,
        reject_ends=words.get("reject", "") == "ends",
        routing=words.get("routing", ""),
        words=Words(
            region=words.get("region", ""),
            skill=words.get("skill", ""),
            level=words.get("level", ""),
            exclude=words.get("exclude", ""),
        ),
    )


def _group(words: Mapping[str, str]) -> str:
    """Return the first candidate group of other editors' models: it is our queue."""
    first = words.get("candidate_groups", "").partition(",")[0].strip()
    return first if _KEY.fullmatch(first) else ""


def _due(words: Mapping[str, str]) -> str:
    """Return a due date of other editors' models where it is a plain duration."""
    text = words.get("due_date", "").strip()
    try:
        duration = parse_duration(text)
    except Iso8601Error:
        # A moment or an expression: nothing that business time could be counted to.
        return ""
    return text if not duration.months and duration.exact.total_seconds() > 0 else ""


def is_own_work(node: Node) -> bool:
    """Tell whether a step is the initiator's own to do: `initiator="allowed"`.

    Correcting and handing in again is no review, so four eyes do not apply to it.
    """
    return node.properties.get("initiator", "") == "allowed"


def assess(
    desk: Desk, *, variables: Mapping[str, object], decide: Decide | None
) -> Assessment:
    """Apply a desk's words to a case.

    `decide` evaluates the grid that the step names, or, where it names none, the grid
    in force for its queue; None where there is neither.
    """
    problems: list[str] = []
    confidence = grid.read_confidence(_find(desk.confidence, variables, problems))
    impact = grid.read_impact(_find(desk.impact, variables, problems))
    answer: object = None
    explanation: object = None
    if not desk.grid and decide is None:
        ruling = grid.without_grid(dual=desk.dual)
    else:
        value, explanation = _ask_grid(
            decide, variables, confidence=confidence, impact=impact, problems=problems
        )
        answer, reveal = grid.read_answer(value)
        ruling = grid.settle(
            answer=answer,
            confidence=confidence,
            impact=impact,
            dual=desk.dual,
            reveal=reveal,
        )
    return Assessment(
        title=_title(desk, variables, problems),
        priority=_priority(desk, variables, problems),
        proposal=_find(desk.proposal, variables, problems) if desk.proposal else None,
        confidence=confidence,
        impact=impact,
        ruling=ruling,
        answer=answer,
        explanation=explanation,
        problems=tuple(problems),
    )


def _ask_grid(
    decide: Decide | None,
    variables: Mapping[str, object],
    *,
    confidence: Reading,
    impact: Reading,
    problems: list[str],
) -> tuple[object, object]:
    """Return the grid's answer and its explanation as JSON values."""
    inputs = grid.put_to_grid(confidence=confidence, impact=impact)
    if decide is None:
        problems.append("The definition has no decision of the grid's name.")
        return None, None
    if inputs is None:
        return None, None
    decided = decide({**variables, "confidence": inputs[0], "impact": inputs[1]})
    problems.extend(decided.messages)
    value: Any = from_feel(decided.value)
    told = getattr(decided, "explanation", None)
    return value, None if told is None else told.to_json()


def _title(desk: Desk, variables: Mapping[str, object], problems: list[str]) -> str:
    found = _find(desk.title, variables, problems) if desk.title else None
    if desk.title and not isinstance(found, str):
        problems.append("The title is no text; the step's name stands in for it.")
    title = found if isinstance(found, str) and found.strip() else desk.fallback_title
    return title[:MAX_TITLE]


def _priority(
    desk: Desk, variables: Mapping[str, object], problems: list[str]
) -> PriorityClass:
    found: object = desk.priority or PriorityClass.B.value
    if found not in _CLASSES:
        found = _find(desk.priority, variables, problems)
    if isinstance(found, str) and found in _CLASSES:
        return PriorityClass(found)
    problems.append(f"The priority class {found!r:.40} is none of A, B and C.")
    return PriorityClass.B


def _find(text: str, variables: Mapping[str, object], problems: list[str]) -> object:
    """Return what an expression means, as a JSON-able value.

    A plain path is looked up as it stands: FEEL would turn NaN into null, and the
    reason why a case came to people would be lost.
    """
    text = text.removeprefix("=").strip()
    if _PATH.fullmatch(text):
        return _walk(text, variables)
    try:
        result = compile_expression(text).evaluate(variables)
    except FeelSyntaxError as error:
        problems.append(f"{text}: {error}")
        return None
    problems.extend(f"{text}: {message}" for message in result.messages)
    return from_feel(result.value)


def _walk(path: str, variables: Mapping[str, object]) -> object:
    place: object = variables
    for name in path.split("."):
        if not isinstance(place, Mapping):
            return None
        place = place.get(name)
    return place
