"""Routing rules among the kinds of policies. What they mean for a case: rules.py."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.core.policies.policies import Fault, Line
from review.core.tasks.rules import find_problems

COLUMNS: Final = (
    "name", "when", "class", "region", "skill", "level", "queue", "exclude",
)  # fmt: skip
_RULE: Final = re.compile(r"Rule (\d+): (?:(\w+):)?")


class RoutingRules:
    """The kind ROUTING; see policies.PolicyRules."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body, at the cell that its sentence names."""
        return [Fault(_place(said), said) for said in find_problems(body)]

    def normalize(self, body: object) -> dict[str, Any]:
        """Return the rules with what is empty left out: they digest alike."""
        assert isinstance(body, Mapping)  # checked before
        return {"rules": [_tidy(rule) for rule in body["rules"]]}

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return "": rules only say who decides."""
        return ""

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        return tuple(word.capitalize() for word in COLUMNS)

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return one line for each rule."""
        return [
            Line(f"Rule {n}", tuple(str(rule.get(word, "")) for word in COLUMNS))
            for n, rule in enumerate(body.get("rules", ()), 1)
        ]


def _tidy(rule: object) -> object:
    if not isinstance(rule, Mapping):
        return rule
    tidy = {
        word: value.strip() if isinstance(value, str) else value
        for word, value in rule.items()
    }
    return {word: value for word, value in tidy.items() if value not in ("", None)}


def _place(said: str) -> tuple[str | int, ...]:
    match = _RULE.match(said)
    if match is None:
        return ("rows",)
    word = match[2] or next((each for each in COLUMNS if f": {each} " in said), "")
    place = ("rows", int(match[1]) - 1)
    return (*place, word) if word in COLUMNS else place
