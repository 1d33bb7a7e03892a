"""Rules about how a model is cut and named: what it says it does, and for whom."""

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from workflows.core.bpmn.graph import EventKind, Node, NodeKind, Process
from workflows.core.bpmn.linter_view import Found, View, found
from workflows.core.bpmn.vocabulary import (
    ACTIVITIES,
    LABELS,
    OWN_ATTRIBUTES,
    SCOPES,
)

MAX_ACTIVITIES: Final = 30
MAX_PARTNERS: Final = 12
MAX_NESTING: Final = 2

_AND: Final = re.compile(r"\b(and|&)\b|\s&\s", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ORDERS: Final = re.compile(
    r"add|approve|archive|ask|assign|book|calculate|cancel|capture|charge|check|"
    r"close|collect|compute|confirm|convert|copy|create|debit|delete|deliver|do|"
    r"execute|export|fetch|generate|get|handle|import|inform|insert|invoke|issue|"
    r"load|make|notify|open|pay|perform|post|prepare|print|process|provide|"
    r"publish|pull|push|put|read|refund|register|reject|release|remove|renew|"
    r"request|reserve|reset|resolve|return|run|save|schedule|send|set|ship|start|"
    r"stop|store|submit|sync|transfer|trigger|update|upload|validate|verify|"
    r"withdraw|write"
)
_HAPPENED: Final = re.compile(
    r"begun|bought|built|chosen|done|failed|failure|found|gone|given|held|kept|"
    r"known|left|lost|made|met|paid|put|read|run|sent|set|shown|sold|taken|told|"
    r"won|written"
)
_VENDOR_NAMES: Final = frozenset({
    "assignee",
    "called",
    "candidate_groups",
    "candidate_users",
    "due_date",
    "follow_up_date",
    "form",
    "handler",
    "priority",
    "script",
})


def find_size(view: View) -> Iterator[Found]:
    """A process that does everything itself, and scopes within scopes within scopes."""
    process = view.process
    work = [node for node in view.nodes.values() if node.kind in ACTIVITIES - SCOPES]
    partners = {name for node in work if (name := node.handler or node.decision)}
    told = []
    if len(work) > MAX_ACTIVITIES:
        told.append(f"{len(work)} activities (more than {MAX_ACTIVITIES})")
    if len(partners) > MAX_PARTNERS:
        told.append(
            f"{len(partners)} different handlers and decisions"
            f" (more than {MAX_PARTNERS})"
        )
    if told:
        line = min((node.line for node in view.nodes.values()), default=0)
        yield Found(
            "god-process",
            process.id,
            line,
            f"This one process knows {' and '.join(told)}; give parts of it to"
            " processes of their own and call them.",
        )
    for node in view.nodes.values():
        depth = 1 + sum(1 for _ in view.around(node))
        if node.kind in SCOPES and depth > MAX_NESTING:
            yield found(
                "deep-nesting",
                node,
                f"Sub-processes are nested deeper than {MAX_NESTING};"
                " call another process instead.",
            )


def find_names(view: View) -> Iterator[Found]:
    """Activities that are two, and events that are named like orders."""
    for node in view.nodes.values():
        if node.kind in ACTIVITIES and _AND.search(node.name):
            yield found(
                "name-with-and",
                node,
                f"The name {node.name!r} holds two steps; make them two nodes.",
            )
        for name in dict.fromkeys((node.message, node.signal)):
            if is_order(name):
                yield found(
                    "hidden-command",
                    node,
                    f"The {node.event.value} {name!r} tells somebody what to do; name"
                    " what has happened, or call the work as a service task.",
                )


def is_order(name: str) -> bool:
    """Tell whether a name is an order ("Send invoice") and not an event ("Paid")."""
    words = [word.lower() for word in _WORD.findall(name)]
    return (
        len(words) > 1
        and _ORDERS.fullmatch(words[0]) is not None
        and not any(
            word.endswith("ed") or _HAPPENED.fullmatch(word) for word in words[1:]
        )
    )


def find_attributes(view: View) -> Iterator[Found]:
    """Attributes of the product that mean nothing where they stand."""
    for node in view.nodes.values():
        known = OWN_ATTRIBUTES.get(node.kind, frozenset())
        for name in node.properties:
            if name in known or name in _VENDOR_NAMES:
                continue
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean cs:{near[0]}?" if near else "."
            yield found(
                "unknown-attribute",
                node,
                f"cs:{name} means nothing on a {LABELS[node.kind]}{hint}",
            )


def find_people(view: View) -> Iterator[Found]:
    """Work for people that has no place to wait, or no time to be done by."""
    for node in view.nodes.values():
        if node.kind is not NodeKind.USER_TASK:
            continue
        if not node.properties.get("queue"):
            yield found(
                "no-queue",
                node,
                "This user task names no queue, so nobody's desk shows it as theirs;"
                ' say cs:queue="...".',
            )
        # The initiator's own work has nobody else to warn.
        if not node.properties.get("sla") and (
            node.properties.get("initiator") != "allowed"
        ):
            yield found(
                "no-sla",
                node,
                "This user task has no time to be done by, so nobody is warned when it"
                ' lies; say cs:sla="PT4H" or longer.',
            )


def find_calls_in_disguise(processes: Sequence[Process]) -> Iterator[tuple[str, Found]]:
    """Yield messages whose only receiver begins another process, with the source.

    A message that one process throws and that only starts another is a call: the
    caller hears neither its end nor its failure.
    """
    nodes = list(chain.from_iterable(_messages(process) for process in processes))
    for process, node in nodes:
        if not _throws(node) or node.handler:
            continue
        heard = [
            (other, one)
            for other, one in nodes
            if one.message == node.message and not _throws(one)
        ]
        if len(heard) != 1 or heard[0][0] is process:
            continue
        called, receiver = heard[0]
        if receiver.kind is NodeKind.START_EVENT and not receiver.scope:
            message = (
                f"The message {node.message!r} only ever starts {called.id!r};"
                " a call activity says so, and hears how it ends."
            )
            yield process.source, found("call-in-disguise", node, message)


def _messages(process: Process) -> Iterator[tuple[Process, Node]]:
    for node in process.nodes.values():
        if node.message and node.event in {EventKind.MESSAGE, EventKind.NONE}:
            yield process, node


def _throws(node: Node) -> bool:
    return node.kind in {
        NodeKind.INTERMEDIATE_THROW_EVENT,
        NodeKind.END_EVENT,
        NodeKind.SEND_TASK,
    }
