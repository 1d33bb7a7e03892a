"""Does every scope have a beginning, and may it stand where it stands? (Clause 10.3.)"""

from workflows.core.bpmn.graph import EventKind, Node, NodeKind, Process
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    EVENT_SCOPE_STARTS,
    LABELS,
    SCOPES,
    TOP_STARTS,
)

_ALWAYS_INTERRUPTING = frozenset({EventKind.ERROR, EventKind.COMPENSATION})


def check_scopes(process: Process, *, line: int, problems: Problems) -> None:
    """Note scopes that cannot begin or that stand wrongly; `line` is the process's."""
    checking = _Scopes(process, problems)
    checking.top(line)
    for node in process.nodes.values():
        if node.event_scope:
            checking.event_scope(node)
        elif node.kind is NodeKind.AD_HOC_SUB_PROCESS:
            checking.ad_hoc(node)
        elif node.kind in SCOPES:
            checking.embedded(node)


class _Scopes:
    """Notes the problems of one process's scopes."""

    def __init__(self, process: Process, problems: Problems) -> None:
        self._process = process
        self._problems = problems

    def _tell(self, message: str, node: Node) -> None:
        self._problems.add(message, element=node.id, line=node.line)

    def top(self, line: int) -> None:
        process = self._process
        starts = process.starts()
        for start in starts:
            if start.event not in TOP_STARTS:
                self._tell(
                    f"A start event of the kind {start.event.value} begins an event"
                    " sub-process only.",
                    start,
                )
        receivers = [one for one in process.nodes.values() if one.instantiate]
        if not starts and not receivers and not process.entries():
            self._problems.add(
                "There is no start event; draw one.", element=process.id, line=line
            )
        self._several(starts, process.id)

    def _several(self, starts: tuple[Node, ...], name: str) -> None:
        plain = [one for one in starts if one.event is EventKind.NONE]
        if len(plain) > 1:
            self._problems.add(
                f"There are {len(plain)} start events without a trigger"
                f" ({', '.join(node.id for node in plain)}); keep one.",
                element=name,
                line=plain[1].line,
            )

    def embedded(self, scope: Node) -> None:
        starts = self._process.starts(scope.id)
        for start in starts:
            if start.event is not EventKind.NONE:
                self._tell(
                    f"A {LABELS[scope.kind]} begins with one start event without a"
                    f" trigger; this one waits for a {start.event.value} event."
                    ' An event sub-process has triggeredByEvent="true".',
                    start,
                )
        self._several(starts, scope.id)
        if not starts and not self._process.entries(scope.id):
            self._tell(
                f"There is no start event in this {LABELS[scope.kind]}, and nothing"
                " else to begin with; draw what it does.",
                scope,
            )

    def ad_hoc(self, scope: Node) -> None:
        inside = [one for one in self._process.nodes.values() if one.scope == scope.id]
        for node in inside:
            if node.kind in {NodeKind.START_EVENT, NodeKind.END_EVENT}:
                self._tell(
                    f"An ad-hoc sub-process has no {LABELS[node.kind]}; remove it.",
                    node,
                )
        if not self._process.entries(scope.id) and not self._process.starts(scope.id):
            self._tell("This ad-hoc sub-process has no activity to begin with.", scope)

    def event_scope(self, scope: Node) -> None:
        if scope.kind is not NodeKind.SUB_PROCESS:
            self._tell(
                f"A {LABELS[scope.kind]} is no event sub-process;"
                " drop triggeredByEvent.",
                scope,
            )
        if scope.flows_in or scope.flows_out:
            self._tell(
                "No sequence flow leads into or out of an event sub-process; its start"
                " event begins it.",
                scope,
            )
        if scope.loop is not None or scope.for_compensation:
            self._tell(
                "An event sub-process neither repeats nor is for compensation.", scope
            )
        starts = self._process.starts(scope.id)
        if len(starts) != 1:
            self._tell(
                "An event sub-process has exactly one start event, with a trigger;"
                f" here are {len(starts)}.",
                scope,
            )
        for start in starts:
            self._trigger(start)

    def _trigger(self, start: Node) -> None:
        if start.event not in EVENT_SCOPE_STARTS:
            self._tell(
                "The start event of an event sub-process needs a trigger, such as a"
                " message, a timer or an error.",
                start,
            )
        elif start.event in _ALWAYS_INTERRUPTING and not start.interrupting:
            self._tell(
                f"An event sub-process for {start.event.value} always interrupts;"
                " drop isInterrupting.",
                start,
            )
