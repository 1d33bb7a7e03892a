"""What people type never stands in a case's entry in clear: every detail's name is known.

The source of whatever writes entries of cases is read: the names of the details it
writes must be in one of the lists of workflows/core/typed.py, and a value that is called
as typed words are may stand under a typed name alone.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tests.architecture.files import list_python, read
from workflows.core.typed import CLEAR, TYPED

WRITERS = (
    "workflows/core/engine/", "workflows/operations/", "workflows/store/",
    "review/operations/", "review/core/verdicts/shown.py",
)  # fmt: skip
# These make entries that others write into the chain of the installation.
OF_THE_INSTALLATION = (
    "review/operations/policies/calendar_policies.py",
    "review/operations/policies/reason_policies.py",
)
RECORDERS = frozenset({
    "Draft", "complete", "finish", "hold_again", "move", "note", "push", "record",
    "submitted_draft", "take",
})  # fmt: skip
DETAILS = frozenset({"detail", "drafts", "facts"})
SPOKEN = TYPED | {"remark", "spoken", "typed", "typed_text", "words_typed"}
"""What variables and members are called that hold what somebody typed."""


Assigned = Mapping[str, list[ast.expr]]


class Member(NamedTuple):
    """One member of an entry's detail: its name, and what its value is called."""

    name: str
    called: str
    line: int


class Function:
    """One function, with all that stands in it and what its names are made of."""

    def __init__(self, node: ast.FunctionDef) -> None:
        self.name = node.name
        self.nodes = list(ast.walk(node))
        self.assigned: dict[str, list[ast.expr]] = defaultdict(list)
        for one in self.nodes:
            for name, value in _assignments(one):
                self.assigned[name].append(value)


class Module:
    """What one source says of the details that it writes."""

    def __init__(self, source: str) -> None:
        self.functions = {
            node.name: Function(node)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef)
        }


def list_members(source: str) -> list[Member]:
    """Return every member that a source puts into a detail, each where it stands."""
    module = Module(source)
    found: list[Member] = []
    asked: set[str] = set()
    for function in module.functions.values():
        for value in _handed_over(function):
            found += _members(value, function.assigned, module, asked)
    return sorted(set(found), key=lambda one: one.line)


def _handed_over(function: Function) -> Iterator[ast.expr]:
    """Give what is handed over as a detail, and what is called one."""
    for node in function.nodes:
        if isinstance(node, ast.Call):
            if _called(node.func) in RECORDERS:
                yield from node.args
            yield from (word.value for word in node.keywords if word.arg == "detail")
    for name in DETAILS & function.assigned.keys():
        yield from function.assigned[name]


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Give names and what is assigned to them; `x["k"] = v` counts as {"k": v}."""
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return
    value = node.value
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if value is None:
        return
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            made = ast.Dict(keys=[target.slice], values=[value])
            yield target.value.id, ast.copy_location(made, node)


def _members(
    value: ast.expr, values: Assigned, module: Module, asked: set[str]
) -> list[Member]:
    """Return the members of a detail: of dicts, of what is merged, of who makes it.

    `asked` are the functions that were asked already for what they return.
    """
    found: list[Member] = []
    todo: list[ast.expr] = [value]
    seen: set[str] = set()
    while todo:
        one = todo.pop()
        if isinstance(one, ast.Dict):
            found += _literal(one)
        elif isinstance(one, ast.Call):
            found += _returned(one, module, asked)
        todo += _parts(one, values, seen)
    return found


def _literal(value: ast.Dict) -> list[Member]:
    return [
        Member(key.value, _called(item), item.lineno)
        for key, item in zip(value.keys, value.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]


def _returned(call: ast.Call, module: Module, asked: set[str]) -> list[Member]:
    made_by = module.functions.get(_called(call.func))
    if made_by is None or made_by.name in asked:
        return []
    asked.add(made_by.name)
    return [
        member
        for node in made_by.nodes
        if isinstance(node, ast.Return) and node.value is not None
        for member in _members(node.value, made_by.assigned, module, asked)
    ]


def _parts(value: ast.expr, values: Assigned, seen: set[str]) -> list[ast.expr]:
    """Return what a detail is put together from."""
    match value:
        case ast.Dict():
            pairs = zip(value.keys, value.values, strict=True)
            return [item for key, item in pairs if key is None]
        case ast.Name(id=name) if name not in seen:
            seen.add(name)
            return values.get(name, [])
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.BoolOp():
            return value.values
        case _:
            return []


def _called(value: ast.expr) -> str:
    """Return the last name of a value: `reason` of `wish.reason.strip()[:80]`."""
    while True:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if value.func.attr not in {"strip", "lower", "removeprefix"}:
                return value.func.attr
            value = value.func.value
        elif isinstance(value, ast.Subscript):
            value = value.value
        elif isinstance(value, ast.Attribute) and value.attr == "text":
            value = value.value  # a model's text is called by what it is the text of
        elif isinstance(value, ast.Attribute):
            return value.attr
        else:
            return value.id if isinstance(value, ast.Name) else ""


def find_faults(members: Iterable[Member]) -> list[str]:
    """Return which members of details may not be there, as sentences."""
    faults = []
    for one in members:
        if one.name not in TYPED | CLEAR:
            faults.append(
                f"{one.line}: an entry's {one.name!r} is in no list of"
                " workflows/core/typed.py; is it what somebody typed?"
            )
        elif one.called in SPOKEN and one.name not in TYPED:
            faults.append(
                f"{one.line}: {one.called!r} is what somebody typed, and stands in"
                f" clear as {one.name!r}; put it under a name of TYPED."
            )
    return faults


def test_every_name_in_an_entry_of_a_case_is_listed() -> None:
    faults: list[str] = []
    seen = 0
    for path in list_python():
        if not str(path).startswith(WRITERS) or str(path) in OF_THE_INSTALLATION:
            continue
        source = read(path)
        if "record_installation(" in source and not _writes_cases(source):
            continue
        members = list_members(source)
        seen += len(members)
        faults += [f"{path}:{fault}" for fault in find_faults(members)]
    assert not faults, "\n".join(faults)
    assert seen > 200  # the reader of sources still finds what is written


def _writes_cases(source: str) -> bool:
    told = source.replace("record_installation(", "").replace("_record(", "")
    return "record(" in told or "run.note(" in told or "run.add(" in told


def test_unlisted_names_and_words_in_clear_are_found() -> None:
    source = """
def act(task, person, reason):
    detail: dict[str, object] = {"task": task.id, "because": reason.strip()}
    if person:
        detail["remark"] = person.remark
    record(task, "task.acted", person, detail | _more(task))

def _more(task):
    return {"reason": task.reason, "excuse": "none"}
"""
    assert [fault.split(":")[0] for fault in find_faults(list_members(source))] == [
        "3",
        "5",
        "9",
    ]


def test_no_name_is_in_both_lists() -> None:
    assert not TYPED & CLEAR
