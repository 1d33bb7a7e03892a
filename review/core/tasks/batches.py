"""Which tasks may be decided together, and when. No storage, no chance.

One form for many cases is how people stop looking. So a batch is of one kind: the same
rule sent them here, the same action is proposed, the same version of the form is
shown. It is small, some of it is opened first, and it never stands in for a second
pair of eyes or a signature.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.core.states import (
    Control,
    Decision,
    Reveal,
    Signature,
    Stage,
    TaskState,
)
from workflows.core.canonical import digest

MOST: Final = 50
SAMPLE: Final = 3
_OPPOSITE: Final = {
    Decision.APPROVE: Decision.REJECT,
    Decision.REJECT: Decision.APPROVE,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What tasks of one batch have in common."""

    rule: str
    action: str
    form: str

    def to_json(self) -> dict[str, str]:
        """Return it as a batch keeps it."""
        return {"rule": self.rule, "action": self.action, "form": self.form}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task somebody wants in a batch, as it stands."""

    id: int
    label: str
    state: TaskState
    is_free: bool
    control: Control
    stage: Stage
    seats: int
    needed: int
    reveal: Reveal
    signature: Signature
    is_excluded: bool
    kind: Kind


def read_kind(
    *,
    definition: str,
    node: str,
    why: Mapping[str, Any],
    policy: Mapping[str, Any],
    proposal: object,
) -> Kind:
    """Return a task's kind from what was pinned when it opened.

    The rule is the node with the rules of its grid that matched, in the version of the
    policy in force; the action is what the proposal calls so, or its decision, else all of it.
    """
    version = str(policy.get("version", ""))
    tables = (why.get("explanation") or {}).get("tables") or []
    matched = [
        f"{table.get('decision', '')} {', '.join(str(n) for n in table.get('matched', []))}"
        for table in tables
    ]
    rule = " · ".join([f"{definition} {node}", *matched, version])
    return Kind(
        rule=rule,
        action=_read_action(proposal),
        form=f"{policy.get('form') or 'default'} {version}",
    )


def find_bar(task: Candidate) -> str:
    """Return why a task may be in no batch, "" where it may."""
    bars = (
        (task.is_excluded, "four eyes: you started or judged this case"),
        (not task.is_free, "somebody else holds it, or it needs nobody any more"),
        (task.control is not Control.REVIEW, "it needs two persons"),
        (task.stage is not Stage.FIRST, "it is a second review"),
        (task.seats > 1 or task.needed > 1, "several persons judge it"),
        (task.signature is not Signature.NONE, "its queue asks for a signature"),
        (
            task.reveal is Reveal.VERDICT_FIRST,
            "you must judge it before you see what is proposed",
        ),
        (not task.kind.action, "nothing is proposed for it"),
    )
    return next((sentence for is_so, sentence in bars if is_so), "")


def find_refusal(tasks: Sequence[Candidate]) -> str:
    """Return why these tasks are no batch, naming the task that stands out."""
    if len(tasks) < 2:
        return "A batch is two tasks or more; open a single one."
    if len(tasks) > MOST:
        return f"A batch is {MOST} tasks at most; these are {len(tasks)}."
    for task in tasks:
        if bar := find_bar(task):
            return f"{task.label} cannot be decided with others: {bar}."
    first = tasks[0]
    for task in tasks[1:]:
        if what := _find_difference(first.kind, task.kind):
            return (
                f"{task.label} has {what} than {first.label};"
                " decide only tasks that are alike together."
            )
    return ""


def is_against(action: str, decision: Decision) -> bool:
    """Tell whether a decision is the opposite of what is proposed."""
    return action.strip().upper() == _OPPOSITE.get(decision)


def find_odd(tasks: Sequence[Candidate], decision: Decision) -> dict[int, str]:
    """Return why each task is not of the largest batch that these tasks hold.

    Tasks of that batch are not in it. Batches that the decision would go against come
    last; of two as large, the one that comes first is taken.
    """
    bars = {task.id: bar for task in tasks if (bar := find_bar(task))}
    free = [task for task in tasks if task.id not in bars]
    if not free:
        return bars
    sizes = Counter(task.kind for task in free)
    first = max(sizes, key=lambda k: (not is_against(k.action, decision), sizes[k]))
    others = {
        task.id: f"it has {what} than those chosen"
        for task in free
        if (what := _find_difference(first, task.kind))
    }
    return bars | others


def _find_difference(one: Kind, other: Kind) -> str:
    """Return in what another kind differs first, "" where it does not."""
    pairs = (
        ("another rule", one.rule, other.rule),
        ("another proposed action", one.action, other.action),
        ("another version of the form", one.form, other.form),
    )
    return next((what for what, this, that in pairs if this != that), "")


def count_sample(size: int) -> int:
    """Return how many tasks of a batch are opened first."""
    return min(SAMPLE, size)


def find_unready(
    *, sample: Sequence[int], opened: Sequence[int], size: int, typed: str
) -> str:
    """Return what is missing before a batch may be handed in, "" when nothing is."""
    missing = len(set(sample) - set(opened))
    if missing:
        some = "one more task" if missing == 1 else f"{missing} more tasks"
        return f"Open {some} of the sample first."
    if typed.strip() != str(size):
        return f"Type {size}, the number of tasks that this decides."
    return ""


def _read_action(proposal: object) -> str:
    if isinstance(proposal, Mapping):
        for name in ("action", "decision"):
            if isinstance(proposal.get(name), str):
                return str(proposal[name])
    if isinstance(proposal, str):
        return proposal[:200]
    return "" if proposal is None else digest(proposal)
