"""A queue's ladder as a policy: rungs as rows, in the words of workflows.core.ladders.

Pure. A body has `rungs`, each `at` a moment with its `acts`; one that gives the words
themselves (`{"words": "75%: notify; 100%: escalate"}`) is read into the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.core.policies.policies import Fault, Line
from workflows.core.ladders import (
    ARGUMENTS,
    DECIDING,
    MAX_RUNGS,
    LadderError,
    read_ladder,
    read_when,
)

MAX_ACTS: Final = len(ARGUMENTS) - 1
"""A rung does each thing once, and ends the task in one way."""
PLAIN_ACTS: Final = (
    "notify", "notify holder", "notify owner", "notify managers", "raise", "raise A",
    "raise B", "widen", "widen region", "reassign", "escalate",
)  # fmt: skip
LAST_ACTS: Final = ("return", "reject")


def write_words(body: Mapping[str, Any]) -> str:
    """Return a body's rungs as the words of a ladder, as `cs:ladder` has them."""
    return "; ".join(
        f"{rung['at']}: {', '.join(rung['acts'])}" for rung in body["rungs"]
    )


def read_words(text: str) -> dict[str, Any]:
    """Return the body that words stand for. Raises LadderError."""
    return {
        "rungs": [
            {
                "at": rung.words.partition(":")[0].strip(),
                "acts": [f"{act.word} {act.argument}".strip() for act in rung.acts],
            }
            for rung in read_ladder(text)
        ]
    }


def list_targets(body: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return the queues that rungs escalate to by name, with each rung's place."""
    return [
        (place, act.removeprefix("escalate ").strip())
        for place, rung in enumerate(body["rungs"])
        for act in rung["acts"]
        if act.startswith("escalate ")
    ]


class LadderPolicyRules:
    """The kind LADDER; see policies.PolicyRules."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body, at its rung."""
        if isinstance(body, Mapping) and isinstance(body.get("words"), str):
            try:
                body = read_words(body["words"])
            except LadderError as error:
                return [Fault((), str(error))]
        if not isinstance(body, Mapping) or not isinstance(body.get("rungs"), list):
            return [Fault((), 'A ladder is an object with "rungs", or with "words".')]
        rungs = body["rungs"]
        if not rungs:
            said = "A ladder has at least one rung; 100%: escalate is what holds else."
            return [Fault((), said)]
        faults = [
            fault
            for place, rung in enumerate(rungs)
            for fault in _check_rung(rung, place)
        ]
        if not faults:
            faults += _check_whole(rungs)
        return faults

    def normalize(self, body: object) -> dict[str, Any]:
        """Return the rungs as their words are read: spaces and cases of writing alike."""
        assert isinstance(body, Mapping)  # checked before
        words = body.get("words")
        return read_words(words if isinstance(words, str) else write_words(body))

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return why even a first version takes a second person: the clock decides."""
        ends = any(act in DECIDING for rung in body["rungs"] for act in rung["acts"])
        return "It lets the clock end tasks that nobody decided." if ends else ""

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        return ("At", "Does")

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return one line for each rung."""
        return [
            Line(f"Rung {n}", (rung["at"], ", ".join(rung["acts"])))
            for n, rung in enumerate(body["rungs"], 1)
        ]


def _check_rung(rung: object, place: int) -> list[Fault]:
    where, label = ("rows", place), f"Rung {place + 1}"
    if not isinstance(rung, Mapping) or set(rung) - {"at", "acts"}:
        return [Fault(where, f'{label} is an object of "at" and "acts".')]
    at, acts = rung.get("at"), rung.get("acts")
    if not isinstance(at, str) or not isinstance(acts, list):
        return [Fault(where, f'{label}: "at" is a text, and "acts" a list of them.')]
    if any(not isinstance(act, str) or set(act) & set(",;:") for act in acts):
        return [Fault(where, f"{label}: each act is a text of its own.")]
    try:
        read_when(at.strip())
    except LadderError as error:
        return [Fault((*where, "at"), f"{label}: {error}")]
    try:
        read_ladder(f"{at}: {', '.join(acts)}")
    except LadderError as error:
        said = f"{label}: {error}" if acts else f"{label} does nothing; say what."
        return [Fault((*where, "act1"), said)]
    return []


def _check_whole(rungs: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return what is wrong with rungs that are sound one by one."""
    if len(rungs) > MAX_RUNGS:
        said = f"A ladder has at most {MAX_RUNGS} rungs, not {len(rungs)}."
        return [Fault((), said)]
    try:
        read_ladder(write_words({"rungs": rungs}))
    except LadderError as error:
        return [Fault((), str(error))]
    return []
