"""What call activities call: noted at deploy, resolved at the call.

How a version is chosen is in core/bindings.py.
"""

from collections.abc import Mapping
from typing import Any

from workflows.core.bindings import (
    Binding,
    BindingError,
    Standing,
    Wish,
    choose,
    newest,
    read_wish,
)
from workflows.core.bpmn.graph import Node, NodeKind, Process
from workflows.core.bpmn.problems import Problem
from workflows.core.contracts import Version
from workflows.models import Definition
from workflows.operations import packages, version_choice


def note_calls(processes: Mapping[str, Process]) -> dict[str, dict[str, str]]:
    """Return what each call activity of a package would call now, by process/node.

    Processes of the package itself are called in the caller's own version and are not
    noted. A *latest* call of what is not deployed is noted with an empty version.
    Raises PackageRefused for attributes that say no version, and where nothing that
    is deployed fits a pinned or compatible call.
    """
    noted: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for process in processes.values():
        for node in process.nodes.values():
            if node.kind is not NodeKind.CALL_ACTIVITY or node.called in processes:
                continue
            try:
                noted[f"{process.id}/{node.id}"] = _note(node)
            except BindingError as error:
                problems.append(
                    Problem(
                        source=process.source,
                        line=node.line,
                        element=node.id,
                        message=str(error),
                    )
                )
    if problems:
        raise packages.PackageRefused(tuple(problems))
    return noted


def resolve(
    node: Node, *, process_id: str, calls: Mapping[str, Mapping[str, str]]
) -> Definition | None:
    """Return the definition that a call activity calls now, None where none fits.

    `calls` are the notes of the caller's deployment; without one the call takes what
    is newest now.
    """
    note = calls.get(f"{process_id}/{node.id}", {}).get("version", "")
    try:
        wish = _wish(node)
    except BindingError:
        # Deployed before attributes were checked: the step becomes an incident.
        return None
    standing, rows = _read(node.called)
    version = choose(wish, standing, noted=Version.parse(note) if note else None)
    return None if version is None else rows[version]


def describe(node: Node) -> str:
    """Return what a call activity asks for, for a sentence, e.g. `'invoice' (1.2.0)`."""
    wanted = node.properties.get("version", "") or node.binding
    return f"{node.called!r} ({wanted})" if wanted else repr(node.called)


def _note(node: Node) -> dict[str, str]:
    wish = _wish(node)
    standing, _ = _read(node.called)
    version = choose(wish, _open_only(standing), noted=newest(standing.open))
    if version is None and wish.binding is not Binding.LATEST:
        known = ", ".join(str(one) for one in sorted(standing.open)) or "none"
        wanted = f" {wish.version}" if wish.version else ""
        raise BindingError(
            f"A {wish.binding.value} call needs {node.called!r}{wanted} to be deployed"
            f" before its caller; in force: {known}. Deploy it first, or put the"
            " process into this package."
        )
    return {
        "called": node.called,
        "binding": wish.binding.value,
        "version": str(version or ""),
    }


def _open_only(standing: Standing) -> Standing:
    return Standing(versions=standing.open)


def _wish(node: Node) -> Wish:
    return read_wish(binding=node.binding, version=node.properties.get("version", ""))


def _read(key: str) -> tuple[Standing, dict[Version, Any]]:
    rows = {
        Version.parse(row.version): row
        for row in Definition.objects.filter(key=key).only(
            "id", "version", "process_id", "retired_at", "retiring_at"
        )
    }
    chosen = version_choice.find_chosen(key)
    highest = Version.parse(chosen.version) if chosen else None
    closed = frozenset(
        version
        for version, row in rows.items()
        if row.retired_at or row.retiring_at or (highest and version > highest)
    )
    return Standing(versions=tuple(rows), closed=closed), rows
