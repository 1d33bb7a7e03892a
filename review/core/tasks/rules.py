"""What a step's words and a queue's rules make of a case: lane, class and queue.

Pure: texts and variables come in, a route comes out. A text is literal where it is one
plain word ("north", "DE-BE", "3"), else FEEL; `=` before it makes it FEEL in any case.
Nothing here fails on bad input: what cannot be evaluated leaves a sentence in
`problems`, and the case goes where it would go without it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.core.states import PriorityClass
from workflows.core.feel import FeelSyntaxError, compile_expression, from_feel

MAX_RULES: Final = 200
MAX_REGION: Final = 40
MAX_SKILL: Final = 60
LEVELS: Final = range(1, 6)

_PLAIN: Final = re.compile(r"[\w-]+")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_CLASSES: Final = frozenset(word.value for word in PriorityClass)
_TEXTS: Final = ("name", "when", "class", "region", "skill", "queue", "exclude")
_WORDS: Final = ("class", "region", "skill", "level", "queue")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a queue: a FEEL condition and the words it sets."""

    number: int
    name: str
    when: str
    sets: Mapping[str, str]
    exclude: str = ""

    def describe(self) -> str:
        """Return how people name it."""
        return self.name or f"rule {self.number}"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules of a queue in their order, with what tasks pin of their version."""

    rules: tuple[Rule, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A user task's own words on routing; empty ones say nothing."""

    region: str = ""
    skill: str = ""
    level: str = ""
    exclude: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One source that had a say: which, on what condition, and what it set."""

    by: str
    when: str
    set: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        """Return it as the task keeps it."""
        return {"by": self.by, "when": self.when, "set": dict(self.set)}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A condition on `person` and payload under which that person may not judge."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where a case goes and who said so; `queue` is empty for the step's own."""

    queue: str = ""
    region: str = ""
    skill: str = ""
    level: int = 0
    priority: PriorityClass | None = None
    matches: tuple[Match, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    problems: tuple[str, ...] = ()


def read_rules(body: object, *, version: str = "") -> Ruleset:
    """Return the rules of a policy's body. Raises ValueError that names each problem."""
    problems = find_problems(body)
    if problems:
        raise ValueError(" ".join(problems))
    assert isinstance(body, Mapping)
    return Ruleset(
        rules=tuple(
            _read_rule(number, given)
            for number, given in enumerate(body.get("rules", ()), start=1)
        ),
        version=version,
    )


def find_problems(body: object) -> list[str]:
    """Return what is wrong with a policy's body, one sentence for each; [] is good."""
    if not isinstance(body, Mapping) or not isinstance(body.get("rules"), list):
        return [
            'Routing rules are {"rules": [...]}, each with "when" and what it sets.'
        ]
    rules = body["rules"]
    if len(rules) > MAX_RULES:
        return [f"{len(rules)} rules are too many; a queue has {MAX_RULES} at most."]
    return [
        f"Rule {number}: {problem}"
        for number, rule in enumerate(rules, start=1)
        for problem in _find_rule_problems(rule)
    ]


def route(
    *,
    words: Words,
    ruleset: Ruleset,
    variables: Mapping[str, object],
    answer: object = None,
) -> Route:
    """Return where a case goes.

    The step's own words say it first, then `answer` (what the step's DMN decision
    made of it), then the queue's rules in their order: for each word the first rule
    that matches and sets it counts, over what the step said. Exclusions add up.
    """
    problems: list[str] = []
    exclusions: list[Exclusion] = []
    own = {"region": words.region, "skill": words.skill, "level": words.level}
    matches = [_apply(own, variables, problems, by="the step")]
    if words.exclude:
        exclusions.append(Exclusion("the step", words.exclude))
    if isinstance(answer, Mapping):
        said = {word: answer[word] for word in _WORDS if answer.get(word) is not None}
        matches.append(Match("the decision", "", said))
    found = {word: value for match in matches for word, value in match.set.items()}
    ruled: dict[str, object] = {}
    for rule in ruleset.rules:
        if not _holds(rule, variables, problems):
            continue
        by = rule.describe()
        fresh = {word: text for word, text in rule.sets.items() if word not in ruled}
        match = _apply(fresh, variables, problems, by=by, when=rule.when)
        ruled |= match.set
        matches.append(match)
        if rule.exclude:
            exclusions.append(Exclusion(by, rule.exclude))
    said_something = [match for match in matches if match.set]
    return _settle(found | ruled, said_something, exclusions, problems)


def evaluate(text: str, variables: Mapping[str, object], problems: list[str]) -> object:
    """Return what a text means: itself where it is one plain word, else its FEEL."""
    if _PLAIN.fullmatch(text):
        return text
    expression = text.removeprefix("=").strip()
    try:
        result = compile_expression(expression).evaluate(variables)
    except FeelSyntaxError as error:
        problems.append(f"{expression}: {error}")
        return None
    problems.extend(f"{expression}: {message}" for message in result.messages)
    return from_feel(result.value)


def is_feel(text: str) -> bool:
    """Tell whether a text is evaluated, and does not stand for itself."""
    return bool(text) and not _PLAIN.fullmatch(text)


def _read_rule(number: int, given: Mapping[str, Any]) -> Rule:
    return Rule(
        number=number,
        name=str(given.get("name", "")).strip(),
        when=str(given.get("when", "")).strip(),
        sets={
            word: str(given[word]).strip()
            for word in _WORDS
            if str(given.get(word) or "").strip()
        },
        exclude=str(given.get("exclude", "")).strip(),
    )


def _find_rule_problems(rule: object) -> list[str]:
    if not isinstance(rule, Mapping):
        return ["it is no object."]
    unknown = sorted(set(map(str, rule)) - {*_TEXTS, "level"})
    problems = [f"nobody knows the word {word!r}." for word in unknown]
    problems += [
        f"{word!r} is no text."
        for word in _TEXTS
        if not isinstance(rule.get(word, ""), str)
    ]
    if problems:
        return problems
    if not any(rule.get(word) for word in (*_WORDS, "exclude")):
        problems.append("it sets nothing: class, region, skill, level, queue, exclude.")
    problems += [
        f"{word}: {problem}"
        for word in ("when", "region", "skill", "exclude", "class", "queue")
        if (problem := _find_syntax_problem(word, str(rule.get(word) or "")))
    ]
    level = rule.get("level")
    if isinstance(level, bool) or not (
        level is None
        or (isinstance(level, int) and level in LEVELS)
        or (isinstance(level, str) and (is_feel(level) or _is_level(level)))
    ):
        problems.append("level goes from 1 to 5, or is FEEL that gives such a number.")
    return problems


def _find_syntax_problem(word: str, text: str) -> str:
    text = text.strip()
    if word == "when" and text == "-":
        return ""
    if not text or (word not in {"when", "exclude"} and not is_feel(text)):
        wrong = word == "class" and text and text not in _CLASSES
        return f"{text!r} is none of A, B and C." if wrong else ""
    try:
        compile_expression(text.removeprefix("=").strip())
    except FeelSyntaxError as error:
        return str(error)
    return ""


def _is_level(text: str) -> bool:
    return text in {str(level) for level in LEVELS}


def _holds(rule: Rule, variables: Mapping[str, object], problems: list[str]) -> bool:
    text = rule.when.removeprefix("=").strip()
    if not text or text in {"-", "true"}:
        return True
    try:
        result = compile_expression(text).evaluate(variables)
    except FeelSyntaxError as error:
        problems.append(f"{rule.describe()}: {error}")
        return False
    if not isinstance(result.value, bool):
        told = f" ({result.messages[0]})" if result.messages else ""
        problems.append(f"{rule.describe()}: the condition gives no yes or no{told}.")
    return result.value is True


def _apply(
    texts: Mapping[str, str],
    variables: Mapping[str, object],
    problems: list[str],
    *,
    by: str,
    when: str = "",
) -> Match:
    said: dict[str, object] = {}
    for word, text in texts.items():
        value = evaluate(text, variables, problems) if text else None
        if value is not None:
            said[word] = value
        elif text:
            problems.append(f"{by}: {word} is nothing here, so it asks for none.")
    return Match(by, when, said)


def _settle(
    found: Mapping[str, object],
    matches: Sequence[Match],
    exclusions: Sequence[Exclusion],
    problems: list[str],
) -> Route:
    skill = _text(found.get("skill"), "skill", MAX_SKILL, problems)
    return Route(
        queue=_queue(found.get("queue"), problems),
        region=_text(found.get("region"), "region", MAX_REGION, problems),
        skill=skill,
        level=_level(found.get("level"), problems) if skill else 0,
        priority=_priority(found.get("class"), problems),
        matches=tuple(matches),
        exclusions=tuple(exclusions),
        problems=tuple(dict.fromkeys(problems)),
    )


def _text(value: object, word: str, limit: int, problems: list[str]) -> str:
    if value is None:
        return ""
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > limit:
        problems.append(
            f"The {word} {value!r:.60} is no word of up to {limit} letters; none is asked."
        )
        return ""
    return text


def _level(value: object, problems: list[str]) -> int:
    if value is None:
        return 1
    text = str(value)
    if isinstance(value, bool) or not _is_level(text):
        problems.append(f"The level {value!r:.40} does not go from 1 to 5; 1 is asked.")
        return 1
    return int(text)


def _priority(value: object, problems: list[str]) -> PriorityClass | None:
    if value is None:
        return None
    if isinstance(value, str) and value in _CLASSES:
        return PriorityClass(value)
    problems.append(f"The priority class {value!r:.40} is none of A, B and C.")
    return None


def _queue(value: object, problems: list[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and _KEY.fullmatch(value):
        return value
    problems.append(f"The queue {value!r:.60} is no key; the step's own is taken.")
    return ""
