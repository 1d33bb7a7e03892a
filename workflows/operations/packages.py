"""Packages of definitions: files from a folder or an archive, read and checked as one.

Nothing is stored here.
"""

import functools
import io
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import Node, Process
from workflows.core.bpmn.linter import lint_package
from workflows.core.bpmn.problems import BpmnError, Finding, Problem, Problems
from workflows.core.contracts import VersionError
from workflows.core.engine.plan import Decide
from workflows.core.manifest import MANIFEST, Manifest, ManifestError, read_manifest
from workflows.decisions import DecisionError, lint_decisions, read_decisions
from workflows.handlers import Handler, UnknownHandler, registry
from workflows.operations.errors import Invalid, NotFound
from workflows.schemas import SchemaProblem, read_schema

MAX_FILES = 500
MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_TOTAL_BYTES = 20 * 1024 * 1024
MAX_PATH = 300

_SUFFIXES = frozenset({
    ".bpmn",
    ".csv",
    ".dmn",
    ".json",
    ".md",
    ".png",
    ".svg",
    ".toml",
    ".txt",
})


class PackageRefused(Invalid):
    """A package that cannot be deployed, with every problem found in it."""

    code = "package-refused"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Contents:
    """A package that was read and found sound.

    `decisions` are by id and by name, `forms` by file name without `.json`,
    `handlers` by node as `process/node`.
    """

    manifest: Manifest
    processes: Mapping[str, Process]
    decisions: Mapping[str, Decide]
    forms: Mapping[str, dict[str, Any]]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


# --- files ------------------------------------------------------------------------


def load_package(path: Path) -> dict[str, bytes]:
    """Return the files of a package by path, from a folder or a zip archive.

    Hidden files are left out. Raises NotFound, or Invalid for an archive that reaches
    outside its folder, links, and anything beyond the limits.
    """
    if path.is_dir():
        return _checked(_folder(path), where=str(path))
    if path.is_file():
        return load_archive(path.read_bytes(), name=path.name)
    raise NotFound(f"{path} is no folder and no file.")


def load_archive(data: bytes, *, name: str) -> dict[str, bytes]:
    """Return the files of a package in a zip archive. Raises Invalid.

    A single folder at the top of the archive is looked through.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = _checked(_archive(archive), where=name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise Invalid(f"{name} is no zip archive that can be read: {error}.") from error
    tops = {PurePosixPath(one).parts[0] for one in files}
    if MANIFEST not in files and len(tops) == 1:
        return {str(PurePosixPath(*_parts(one)[1:])): files[one] for one in files}
    return files


def check_files(files: Mapping[str, bytes], *, where: str) -> None:
    """Hold files that came one by one to the limits of a package. Raises Invalid."""
    for name, data in files.items():
        if len(data) > MAX_FILE_BYTES:
            raise Invalid(f"{name} is larger than {MAX_FILE_BYTES:,} bytes.")
    _checked(
        ((name, functools.partial(bytes, data)) for name, data in files.items()),
        where=where,
    )


def _folder(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if _is_hidden(name) or path.is_dir():
            continue
        if path.is_symlink() or not path.is_file():
            raise Invalid(f"{name} is no ordinary file; a package holds no links.")
        yield name, functools.partial(_read_file, path, name)


def _read_file(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        return _limited(file, name)


def _limited(file: IO[bytes], name: str) -> bytes:
    """Read at most the limit: a size that somebody else wrote down may lie."""
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise Invalid(f"{name} is larger than {MAX_FILE_BYTES:,} bytes.")
    return data


def _archive(
    archive: zipfile.ZipFile,
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for info in archive.infolist():
        name = info.filename
        if info.is_dir() or _is_hidden(name):
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG}:
            raise Invalid(f"{name} is no ordinary file; a package holds no links.")
        yield name, functools.partial(_read_member, archive, info)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:
        return _limited(member, info.filename)


def _checked(
    found: Iterator[tuple[str, Callable[[], bytes]]], *, where: str
) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for name, read in found:
        _check_name(name)
        if name in files:
            raise Invalid(f"{where} holds {name} twice.")
        files[name] = read()
        total += len(files[name])
        if len(files) > MAX_FILES or total > MAX_TOTAL_BYTES:
            raise Invalid(
                f"{where} holds more than {MAX_FILES} files or"
                f" {MAX_TOTAL_BYTES:,} bytes."
            )
    if not files:
        raise Invalid(f"{where} holds no files.")
    return files


def _check_name(name: str) -> None:
    parts = name.split("/")
    outside = name.startswith("/") or ".." in parts or "\\" in name or ":" in name
    if outside or "" in parts or "\0" in name or len(name) > MAX_PATH:
        raise Invalid(
            f"{name!r} is no path inside a package; use relative paths with / of at"
            f" most {MAX_PATH} characters."
        )


def _is_hidden(name: str) -> bool:
    parts = _parts(name)
    return any(part.startswith(".") and part != ".." for part in parts) or (
        "__MACOSX" in parts
    )


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


# --- contents ---------------------------------------------------------------------


def read_package(files: Mapping[str, bytes], *, with_handlers: bool = True) -> Contents:
    """Read and check everything in a package. Raises PackageRefused.

    `with_handlers` false leaves aside whether the handlers are installed, and the
    linter: what was deployed must stay readable when code is taken away.
    """
    problems = [
        _problem(path, "This kind of file has no place here.")
        for path in files
        if PurePosixPath(path).suffix not in _SUFFIXES
    ]
    manifest = _read_manifest(files, problems)
    processes = _read_processes(files, problems)
    decisions = _read_decisions(files, problems)
    forms = _read_forms(files, problems)
    if manifest and processes and manifest.process not in processes:
        message = (
            f"The main process {manifest.process!r} is in no BPMN file; found:"
            f" {', '.join(sorted(processes))}."
        )
        problems.append(_problem(MANIFEST, message))
    handlers: dict[str, Handler] = {}
    for process in processes.values():
        collected = Problems(process.source)
        for node in process.nodes.values():
            _check_node(node, decisions, forms, collected)
            handler = _find_handler(node, collected) if with_handlers else None
            if handler is not None:
                handlers[f"{process.id}/{node.id}"] = handler
        problems.extend(collected.found)
    if problems or manifest is None:
        ordered = sorted(problems, key=lambda one: (one.source, one.line))
        raise PackageRefused(tuple(ordered))
    findings = []
    if with_handlers:
        findings = lint_package(
            list(processes.values()), handlers=_by_process(handlers)
        )
        findings.extend(lint_decisions(decisions.values()))
    return Contents(
        manifest=manifest,
        processes=processes,
        decisions=decisions,
        forms=forms,
        handlers=handlers,
        findings=tuple(findings),
    )


def _by_process(handlers: Mapping[str, Handler]) -> dict[str, dict[str, Handler]]:
    found: dict[str, dict[str, Handler]] = {}
    for name, handler in handlers.items():
        process, _, node = name.partition("/")
        found.setdefault(process, {})[node] = handler
    return found


def _problem(path: str, message: str) -> Problem:
    return Problem(source=path, line=0, element="file", message=message)


def _read_manifest(
    files: Mapping[str, bytes], problems: list[Problem]
) -> Manifest | None:
    if MANIFEST not in files:
        problems.append(_problem(MANIFEST, "The package has no package.toml."))
        return None
    try:
        return read_manifest(files[MANIFEST])
    except ManifestError as error:
        problems.extend(_problem(MANIFEST, one) for one in error.problems)
        return None


def _read_processes(
    files: Mapping[str, bytes], problems: list[Problem]
) -> dict[str, Process]:
    processes: dict[str, Process] = {}
    sources = [path for path in sorted(files) if path.endswith(".bpmn")]
    if not sources:
        problems.append(_problem("*.bpmn", "The package has no BPMN file."))
    for path in sources:
        try:
            found = read_bpmn(files[path], source=path)
        except BpmnError as error:
            problems.extend(error.problems)
            continue
        for process in found:
            if process.id in processes:
                other = processes[process.id].source
                problems.append(
                    _problem(path, f"Process {process.id!r} is also in {other}.")
                )
            processes[process.id] = process
    return processes


def _read_decisions(
    files: Mapping[str, bytes], problems: list[Problem]
) -> dict[str, Decide]:
    decisions: dict[str, Decide] = {}
    for path in sorted(files):
        if not path.endswith(".dmn"):
            continue
        try:
            found = read_decisions(files[path], source=path)
        except DecisionError as error:
            problems.extend(error.problems)
            continue
        for name, decide in found.items():
            if name in decisions:
                problems.append(
                    _problem(path, f"The decision {name!r} is in two files.")
                )
            decisions[name] = decide
    return decisions


def _read_forms(
    files: Mapping[str, bytes], problems: list[Problem]
) -> dict[str, dict[str, Any]]:
    forms: dict[str, dict[str, Any]] = {}
    for path in sorted(files):
        pure = PurePosixPath(path)
        if pure.parent.name != "forms" or pure.suffix != ".json":
            continue
        try:
            forms[pure.stem] = read_schema(files[path])
        except SchemaProblem as error:
            problems.append(_problem(path, str(error)))
    return forms


def _check_node(
    node: Node,
    decisions: Mapping[str, Decide],
    forms: Mapping[str, object],
    problems: Problems,
) -> None:
    named = {
        "decision": node.decision,
        "grid": node.properties.get("grid", ""),
    }
    for attribute, name in named.items():
        if name and name not in decisions:
            problems.add(
                f"cs:{attribute} names {name!r}; no DMN file of the package has a"
                f" decision of that id or name. {_known(decisions)}",
                element=node.id,
                line=node.line,
            )
    form = node.properties.get("form", "")
    if form and form not in forms:
        problems.add(
            f"cs:form names {form!r}; there is no forms/{form}.json. {_known(forms)}",
            element=node.id,
            line=node.line,
        )


def _known(names: Mapping[str, object]) -> str:
    return f"Known: {', '.join(sorted(names))}." if names else "There are none."


def _find_handler(node: Node, problems: Problems) -> Handler | None:
    if not node.handler:
        return None
    try:
        found = registry.get(node.handler, node.handler_version)
        if found.compensation:
            registry.get(found.compensation)
    except (UnknownHandler, VersionError) as error:
        problems.add(str(error), element=node.id, line=node.line)
        return None
    return found
