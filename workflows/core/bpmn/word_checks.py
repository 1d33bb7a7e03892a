"""Do the product's own attributes say something that is understood? No expressions."""

import re
from collections.abc import Mapping
from typing import Final

from workflows.core.bpmn.graph import LoopKind, Node, NodeKind, Process
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.quorum_words import read_quorum
from workflows.core.bpmn.vocabulary import ACTIVITIES, BINDINGS
from workflows.core.commitments import PathError, parse_path, split_paths
from workflows.core.iso8601 import Iso8601Error, parse_duration
from workflows.core.ladders import LadderError, check_for_instances, read_ladder
from workflows.core.searching import SearchableError, find_personal, read_searchable

_USER_TASK_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "initiator": ("allowed", "excluded"),
    "reject": ("ends", "outcome"),
}
_SHARE: Final = re.compile(r"\d{1,3}%|0?\.\d{1,4}")


def check_attributes(node: Node, problems: Problems) -> None:
    """Note words of a node that nobody could understand once a case is there."""
    if node.binding and node.binding not in BINDINGS:
        problems.add(
            f"cs:binding={node.binding!r} must be one of: {', '.join(BINDINGS)}.",
            element=node.id,
            line=node.line,
        )
    if node.time_to_live:
        _check_goal(node.time_to_live, "cs:timeToLive", node, problems)
    repeats = node.loop is not None and node.loop.kind is not LoopKind.STANDARD
    if node.on_failure and node.kind in ACTIVITIES and not repeats:
        problems.add(
            "cs:onFailure says what a multi-instance activity, or the block of a"
            " splitting gateway, does when one path fails; this activity runs once.",
            element=node.id,
            line=node.line,
        )
    if node.kind is NodeKind.USER_TASK:
        _check_user_task(node, problems)


def _check_user_task(node: Node, problems: Problems) -> None:
    for name, words in _USER_TASK_WORDS.items():
        given = node.properties.get(name, "")
        if given and given not in words:
            problems.add(
                f"cs:{name}={given!r} must be one of: {', '.join(words)}.",
                element=node.id,
                line=node.line,
            )
    try:
        read_quorum(node.properties.get("quorum", ""))
    except ValueError as error:
        problems.add(f"cs:quorum: {error}", element=node.id, line=node.line)
    _check_clock(node.properties, problems, element=node.id, line=node.line)


def check_process_words(process: Process, *, line: int, problems: Problems) -> None:
    """Note words of a process itself that nobody could understand: its own clock."""
    words = process.properties
    _check_clock(words, problems, element=process.id, line=line, whole=True)
    subject = words.get("subject", "").strip()
    for path in [*split_paths(words.get("personal", "")), *([subject] * bool(subject))]:
        try:
            parse_path(path)
        except PathError as error:
            problems.add(f"cs:personal: {error}", element=process.id, line=line)
    _check_searchable(process, line=line, problems=problems)


def _check_searchable(process: Process, *, line: int, problems: Problems) -> None:
    """Note what cannot be searched by, above all personal values, which nobody may.

    What people wrote to give reasons counts as personal wherever it stands.
    """
    words = process.properties
    subject = words.get("subject", "").strip()
    named = [*split_paths(words.get("personal", "")), *([subject] * bool(subject))]
    try:
        declared = read_searchable(words.get("searchable", ""))
        personal = [parse_path(word) for word in named]
    except SearchableError as error:
        problems.add(f"cs:searchable: {error}", element=process.id, line=line)
        return
    except PathError:
        return
    personal += [one.path for one in declared if one.path[-1] == "rationale"]
    for name, path in sorted({
        (one.name, ".".join(path)) for one, path in find_personal(declared, personal)
    }):
        problems.add(
            f"cs:searchable: {name!r} cannot be searched by, for {path!r} is personal"
            " or tells whom a case is about, and search values are kept in clear;"
            " take it out of cs:searchable.",
            element=process.id,
            line=line,
        )


def _check_clock(
    words: Mapping[str, str],
    problems: Problems,
    *,
    element: str,
    line: int,
    whole: bool = False,
) -> None:
    """Note what is wrong with a clock's words; `whole` is a whole process's clock."""
    goal, warning = words.get("sla", ""), words.get("warn", "")
    if goal:
        _check_duration(goal, "cs:sla", problems, element=element, line=line)
    if warning and not _SHARE.fullmatch(warning):
        _check_duration(warning, "cs:warn", problems, element=element, line=line)
    try:
        rungs = read_ladder(words.get("ladder", ""))
        if whole:
            check_for_instances(rungs)
    except LadderError as error:
        problems.add(f"cs:ladder: {error}", element=element, line=line)


def _check_goal(text: str, what: str, node: Node, problems: Problems) -> None:
    _check_duration(text, what, problems, element=node.id, line=node.line)


def _check_duration(
    text: str, what: str, problems: Problems, *, element: str, line: int
) -> None:
    try:
        duration = parse_duration(text)
    except Iso8601Error as error:
        problems.add(f"{what}: {error}", element=element, line=line)
        return
    if duration.months or duration.exact.total_seconds() <= 0:
        problems.add(
            f"{what}: {text!r} must be above zero and without years or months.",
            element=element,
            line=line,
        )
