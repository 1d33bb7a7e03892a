"""The words for acts on instances: labels, what each does, one line for a proposal."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from review.core.interventions import Act
from review.views.formats import format_label


@dataclasses.dataclass(frozen=True, slots=True)
class ActWords:
    """How a page speaks of an act."""

    label: str
    title: str
    explain: str
    done: str
    is_grave: bool = False


PROPOSED: Final = "Proposed. It is done when a second person approves."

WORDS: Final[Mapping[Act, ActWords]] = {
    Act.SUSPEND: ActWords(
        "Suspend",
        "Suspend the instance",
        "Nothing of it moves until it is resumed.",
        "The instance is suspended.",
    ),
    Act.RESUME: ActWords(
        "Resume",
        "Resume the instance",
        "What waited while it was suspended goes on at once.",
        "The instance goes on.",
    ),
    Act.CANCEL: ActWords(
        "Cancel",
        "Cancel the instance",
        "It ends now, with its open steps, tasks, timers and called instances. What was"
        " done already is not undone. This cannot be taken back.",
        "The instance is canceled.",
        is_grave=True,
    ),
    Act.RETRY: ActWords(
        "Retry",
        "Try the step again",
        "The same input, with a fresh set of attempts.",
        "The step is being tried again.",
    ),
    Act.MEND: ActWords(
        "Correct the input",
        "Correct the input and try again",
        "Changes variables of the instance, then tries the step again.",
        "The input is corrected and tried again.",
    ),
    Act.SETTLE: ActWords(
        "Settle by hand",
        "Settle the step by hand",
        "The work was done outside; the instance goes on with the output given.",
        "The step is settled by hand.",
    ),
    Act.SKIP: ActWords(
        "Skip",
        "Skip the step",
        "It ends as skipped and the case goes on as if it had completed. Tasks, timers"
        " and called instances of it are withdrawn.",
        "The step is skipped.",
    ),
    Act.MOVE: ActWords(
        "Move",
        "Move the token",
        "The step is canceled and its token begins at the nodes you choose, one token"
        " at each. Variables stay as they are.",
        "The token is moved.",
    ),
    Act.EDIT: ActWords(
        "Edit variables",
        "Edit variables",
        "What differs is written. The audit trail keeps the names and digests of what"
        " changed, and your reason.",
        "The variables are changed.",
    ),
}


def describe_act(act: Act, arguments: Mapping[str, Any], *, step: str) -> str:
    """Return a proposed act in one line: what, where, with what."""
    words = WORDS[act].label
    match act:
        case Act.MOVE:
            return f"Move the token of {step} to {', '.join(arguments['to'])}"
        case Act.SKIP:
            values = arguments.get("variables") or {}
            more = f", setting {', '.join(sorted(values))}" if values else ""
            return f"Skip {step}{more}"
        case Act.EDIT:
            names = sorted(arguments.get("set") or {})
            gone = [f"without {name}" for name in arguments.get("remove") or ()]
            return f"Edit variables: {', '.join([*names, *gone])}"
        case Act.RETRY | Act.MEND | Act.SETTLE:
            return f"{words}: {step or 'the instance'}"
        case _:
            return f"{words} the instance"


def list_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that an act would set, by name."""
    for name in ("set", "variables", "output"):
        if values := arguments.get(name):
            return dict(values)
    return {}


def name_step(name: str | None, node_id: str | None) -> str:
    """Return how a page calls a step."""
    return f"“{name}”" if name else (node_id or "")


def name_kind(kind: str) -> str:
    """Return a node's kind in words."""
    return format_label(kind).lower()
