"""A recorded case against a model: what to do next, and whether the paths agree.

Pure: it sees where a real instance waits and what the log says happened, and answers
with the next act or with the sentence why the model does not allow it. Nothing here
makes an instance go where the model does not lead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from review.core.evidence.xes import Event, Trace
from review.core.states import Decision, Outcome

END: Final = "the end of the case"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMap:
    """How a log speaks of a definition.

    `starts`: activities that open a case, with the variables that say so.
    `verdicts`: by (node, activity) what the person decided.
    `rounds`: activities that hand a case in, anew too; `read_round` turns the events
    up to the next one into variables that the log leaves implicit.
    `automatic`: activities that are a node's own work, by node.
    `silent`: by node the activity it stands for unless the named node follows.
    `withdrawals`: nodes where the person gives up when the case just ends.
    `ends`: by the last activity the end event that belongs to it.
    `assumptions`: what was supposed in mapping, in whole sentences.
    """

    starts: Mapping[str, Mapping[str, object]]
    verdicts: Mapping[tuple[str, str], Decision]
    rounds: frozenset[str]
    automatic: Mapping[str, str]
    silent: Mapping[str, tuple[str, str]]
    withdrawals: frozenset[str]
    ends: Mapping[str, str]
    read_case: Callable[[Trace], Mapping[str, object]]
    read_round: Callable[[Sequence[Event]], Mapping[str, object]]
    business_key: Callable[[Trace], str]
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """What the person at a task does, as the log tells it.

    `inferred`: the log tells of no such act; the case just ends there.
    """

    decision: Decision
    edits: Mapping[str, object] = field(default_factory=dict)
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Deviation:
    """Why the model does not allow what the log says came next."""

    reason: str


@dataclass(slots=True)
class Case:
    """One recorded case on its way: `position` events of it have been accounted for."""

    trace: Trace
    log_map: LogMap
    variables: dict[str, Any] = field(default_factory=dict)
    position: int = 0

    @property
    def upcoming(self) -> Event | None:
        """Return the event that the log has next, None at its end."""
        events = self.trace.events
        return events[self.position] if self.position < len(events) else None

    def begin(self) -> Deviation | None:
        """Take the first event; afterwards `variables` start the instance."""
        first = self.upcoming
        if first is None:
            return Deviation("The case has no events.")
        if first.activity not in self.log_map.starts:
            return Deviation(
                f"A case of the model does not begin with {first.activity!r}."
            )
        self.variables = {
            **self.log_map.read_case(self.trace),
            **self.log_map.starts[first.activity],
            **self._round_from(0),
        }
        self.position = 1
        return None

    def decide(self, node: str) -> Act | Deviation:
        """Return what the person does at the node where the instance waits."""
        event = self.upcoming
        if event is None:
            if node in self.log_map.withdrawals:
                return Act(decision=Decision.REJECT, inferred=True)
            return Deviation(f"The case ends while the model waits at {node!r}.")
        decision = self.log_map.verdicts.get((node, event.activity))
        if decision is None:
            return self._deviation(f"waits at {node!r}")
        edits: dict[str, object] = {}
        if event.activity in self.log_map.rounds:
            edits = {
                f"/{name}": value
                for name, value in self._round_from(self.position).items()
                if self.variables.get(name) != value
            }
        self.position += 1
        if not edits:
            return Act(decision=decision)
        self.variables.update({key[1:]: value for key, value in edits.items()})
        return Act(decision=Decision.EDIT_AND_APPROVE, edits=edits)

    def account(self, node: str) -> Deviation | None:
        """Take the event of a node that did its own work, e.g. a payment."""
        activity = self.log_map.automatic.get(node) or self.log_map.silent[node][0]
        event = self.upcoming
        if event is None or event.activity != activity:
            return self._deviation(f"goes on to {activity!r}")
        self.position += 1
        return None

    def expects(self, node: str) -> Deviation | None:
        """Say why a node may not do its own work now; None: the log says it did."""
        activity = self.log_map.automatic[node]
        event = self.upcoming
        if event is None or event.activity != activity:
            return self._deviation(f"goes on to {activity!r}")
        return None

    def finish(self, *, end_node: str) -> Deviation | None:
        """Compare the end: nothing may be left, and it must be the log's own."""
        if self.upcoming is not None:
            return self._deviation("has ended")
        last = self.trace.events[-1].activity
        wanted = self.log_map.ends.get(last)
        if wanted is not None and wanted != end_node:
            return Deviation(
                f"After {last!r} the case should end at {wanted!r}, not {end_node!r}."
            )
        return None

    def _round_from(self, position: int) -> dict[str, object]:
        """Return what the events from here to the next handing-in say of the round."""
        events = self.trace.events
        end = next(
            (
                index
                for index in range(position + 1, len(events))
                if events[index].activity in self.log_map.rounds
            ),
            len(events),
        )
        return dict(self.log_map.read_round(events[position:end]))

    def _deviation(self, model: str) -> Deviation:
        before = self.trace.events[self.position - 1].activity if self.position else "-"
        after = self.upcoming.activity if self.upcoming else END
        return Deviation(f"After {before!r} the log has {after!r}; the model {model}.")


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that an instance completed; `outcome` where people decided it."""

    node: str
    outcome: Outcome | None = None
    inferred: bool = False


def reconstruct(
    passed: Sequence[Passed], *, log_map: LogMap, variables: Mapping[str, object]
) -> list[str]:
    """Tell an instance's real path in the log's words, from what was stored of it.

    `variables` are those the instance began with.
    """
    told = [
        activity
        for activity, marks in log_map.starts.items()
        if all(variables.get(name) == value for name, value in marks.items())
    ][:1]
    nodes = [step.node for step in passed]
    for index, step in enumerate(passed):
        if step.inferred:
            continue
        if step.outcome is not None:
            told.extend(_told_verdict(step, log_map))
        elif step.node in log_map.automatic:
            told.append(log_map.automatic[step.node])
        elif step.node in log_map.silent:
            activity, unless = log_map.silent[step.node]
            if unless not in nodes[index + 1 : index + 4]:
                told.append(activity)
    return told


def _told_verdict(step: Passed, log_map: LogMap) -> list[str]:
    approved = step.outcome is Outcome.APPROVED
    return [
        activity
        for (node, activity), decision in log_map.verdicts.items()
        if node == step.node and (decision is not Decision.REJECT) is approved
    ][:1]
