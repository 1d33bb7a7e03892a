"""Every attribute of ours as a form shows it: label, hint, group and what may be typed.

What each means to the engine stands in docs/bpmn.md; which element takes which in
vocabulary.py. A test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

DURATION: Final = (
    r"P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+([.]\d+)?S)?)?"  # no years or months
)


@dataclass(frozen=True, slots=True)
class Group:
    """A heading with its attributes in the order of a form."""

    key: str
    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """One attribute: `choices` are values with their labels, `pattern` what fits whole."""

    label: str
    hint: str
    choices: tuple[tuple[str, str], ...] = ()
    pattern: str = ""
    wrong: str = ""
    is_long: bool = False


def _time(label: str, hint: str) -> Word:
    wrong = "Write an ISO 8601 duration such as PT8H or P2D."
    return Word(label, hint, pattern=DURATION, wrong=wrong)


_FAILURE: Final = (
    ("fail-all", "End the other paths and fail"),
    ("wait-all", "Let them end, then fail"),
    ("degraded", "Go on with what came"),
)

WORDS: Final[Mapping[str, Word]] = MappingProxyType({
    "queue": Word("Queue", "Key of the queue where the task waits, such as credit."),
    "title": Word("Title", "FEEL for the task's title, such as applicant.name."),
    "form": Word("Form", "NAME of forms/NAME.json in the package."),
    "proposal": Word("Proposal", "FEEL for what is proposed to the reviewer."),
    "grid": Word("Grid", "DMN decision that answers auto, review, dual or block."),
    "confidence": Word("Confidence", "FEEL for the model's confidence, 0 to 1."),
    "impact": Word("Impact", "FEEL for what is at stake, such as amount."),
    "quorum": Word(
        "Quorum",
        "one, dual, 2 of 3, unanimous 3 or weighted; then perhaps parallel, open.",
    ),
    "reject": Word(
        "One rejection",
        "Whether a single rejection decides.",
        choices=(("outcome", "Counts like any vote"), ("ends", "Decides at once")),
    ),
    "initiator": Word(
        "Who started it",
        "Whether who started the case may judge it.",
        choices=(("excluded", "May not judge it"), ("allowed", "May judge it")),
    ),
    "exclude": Word("Conflict of interest", "FEEL on person and the case."),
    "priority": Word("Priority", "A, B, C, or FEEL that gives one."),
    "region": Word("Region", "A word, or FEEL that gives one."),
    "skill": Word("Skill", "A word, or FEEL that gives one."),
    "level": Word("Level", "The least level of the skill, or FEEL that gives one."),
    "routing": Word("Routing", "DMN decision that answers region, skill and level."),
    "sla": _time("Goal", "Business time until it is due, such as PT8H."),
    "warn": Word(
        "Warn at",
        "Share or time before the goal, such as 75% or PT1H.",
        pattern=rf"\d{{1,3}}%|0?[.]\d{{1,4}}|{DURATION}",
        wrong="Write a share such as 75%, or a duration such as PT1H.",
    ),
    "calendar": Word("Calendar", "Key of the calendar whose hours count."),
    "escalate_to": Word("Escalate to", "Key of the queue that late work goes to."),
    "ladder": Word(
        "Ladder", "What late work sets off, rung by rung; see the docs.", is_long=True
    ),
    "handler": Word("Handler", "Name of a registered handler, such as credit.check."),
    "handlerVersion": Word("Handler version", "A range such as >=1,<2."),
    "timeout": _time("Time limit", "After it the error cs.timeout, such as PT10S."),
    "retry.max": Word(
        "Attempts",
        "1 to 100; without it what the handler says.",
        pattern=r"[1-9]\d?|100",
        wrong="Write a whole number from 1 to 100.",
    ),
    "retry.base": _time("First pause", "Before the second attempt, such as PT1S."),
    "retry.cap": _time("Longest pause", "Pauses double up to it, such as PT1M."),
    "result": Word("Result", "Variable that takes the result."),
    "decision": Word("Decision", "Id or name of a DMN decision of the package."),
    "correlation": Word("Correlation", "FEEL for the key of the message."),
    "timeToLive": _time("Kept for", "How long the message waits for its receiver."),
    "binding": Word(
        "Which version",
        "Of another definition that is called.",
        choices=(
            ("latest", "Newest at the call"),
            ("compatible", "Newest of the same major version"),
            ("pinned", "As it was at deployment"),
        ),
    ),
    "version": Word("Version", "A version, or a range such as >=1.2,<3."),
    "onFailure": Word("If a path fails", "For good, after its attempts.", _FAILURE),
    "start": Word("Begins with", "FEEL for the list of ids to begin with."),
    "personal": Word(
        "Personal values",
        "Paths with commas, such as applicant.name, guarantors.*.name.",
        is_long=True,
    ),
    "subject": Word("Whom it is about", "Variable, or businessKey."),
})
