"""Decision tables of a draft: open one, judge what was typed, save it in its file.

A table is saved under the revision it was opened from. Where somebody saved in between
nothing is written; what was typed can be put over the newest saving, this table alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils.text import slugify

from review.models import DraftRevision, Person
from review.operations.definitions import definition_drafts
from review.operations.definitions.definition_drafts import Read
from workflows.core.dmn import DmnError, Model, read_dmn
from workflows.core.dmn.checking import Fault, Sight, check_sheet
from workflows.core.dmn.editing import (
    Ask,
    Place,
    Sheet,
    list_places,
    read_result,
    read_sheet,
    require,
    write_new,
    write_result,
    write_sheet,
)
from workflows.core.dmn.lint import lint_table
from workflows.core.dmn.source import Node, Source, read_source
from workflows.core.dmn.xml import XmlError
from workflows.core.feel.types import BUILT_IN_TYPES, FeelType
from workflows.core.outline import (
    Logic,
    Outline,
    Question,
    Table,
    list_questions,
    read_outline,
    tell_changes,
)
from workflows.core.outline.logic import Kind
from workflows.operations import exports
from workflows.operations.decisions import Remark, remark
from workflows.operations.errors import Conflict, Invalid, NotFound

_SUFFIX: Final = ".dmn"
_LONGEST_ID: Final = 80


class Listed(NamedTuple):
    """A table of a draft: its file, its number there from 1, what it is called."""

    path: str
    number: int
    name: str
    id: str
    """The table's own; "" for none."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A table of one saving of a draft, as it stands there."""

    draft: Read
    path: str
    number: int
    place: Place
    sheet: Sheet

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self.place.name or self.path

    @property
    def result(self) -> str:
        """Return the type of what its decision gives; only its own table says it."""
        return read_result(self.place.owner)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody wants a table to say, and what its decision is to ask for."""

    sheet: Sheet
    result: str = ""
    asks: Sequence[Ask] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A table as it would be saved: what is wrong, and what decides by it."""

    content: bytes
    model: Model
    outline: Outline
    logic: Logic
    table: Table
    faults: Sequence[Fault]
    remarks: Sequence[Remark]
    is_tried: bool
    """It is a decision's own logic, so that it can be tried."""

    @property
    def questions(self) -> list[Question]:
        """Return what must be known to try it."""
        if not self.is_tried:
            return []
        return list_questions(self.outline, self.logic, self.model)


def list_tables(files: Mapping[str, bytes]) -> list[Listed]:
    """Return every table of a package; files that cannot be read have none."""
    return [one for path in sorted(files) for one in _list_of(files[path], path)]


def open_table(
    *, key: str, path: str, number: int, revision: int | None = None
) -> Opened:
    """Return a table of a draft's newest saving, or of another that is kept.

    Raises NotFound, and Invalid for a file that cannot be changed here.
    """
    found = definition_drafts.read(key, revision=revision)
    if path not in found.files or not path.endswith(_SUFFIX):
        raise NotFound(f"The draft of {key} has no decisions in {path!r}.")
    place = _find_place(_read(found.files[path], path), number, path=path)
    return Opened(found, path, number, place, read_sheet(place.table))


def add(*, key: str, revision: int, name: str, person: Person) -> str:
    """Give a draft a new file with one empty table; return its path.

    Raises Invalid for a name that no id can be made of, Conflict where a file or a
    decision is called so already, and what definition_drafts.save does.
    """
    identity = slugify(name)[:_LONGEST_ID].strip("-")
    if not identity[:1].isalpha():
        raise Invalid(
            f"Begin the name with a letter; no id can be made of {name!r:.60}."
        )
    files = definition_drafts.read(key).files
    path = f"{identity}{_SUFFIX}"
    taken = {one.name.casefold() for one in list_tables(files)}
    if path in files or name.casefold() in taken:
        raise Conflict(
            f"The draft has a decision table {name!r:.60} already; change that."
        )
    definition_drafts.save(
        key=key,
        revision=revision,
        files={path: write_new(name, identity)},
        person=person,
        what=f"Made the table {name} in {path}",
    )
    return path


def write(opened: Opened, typed: Typed) -> bytes:
    """Return the file with what was typed in the place of the table."""
    source = _read(opened.draft.files[opened.path], opened.path)
    _put(source, _find_place(source, opened.number, path=opened.path), typed)
    return source.to_bytes()


def judge(opened: Opened, typed: Typed) -> Judged:
    """Return what a table would be like as it was typed. Raises Invalid."""
    content = write(opened, typed)
    try:
        model = read_dmn(content, source=opened.path, lenient=True)
    except DmnError as error:
        raise Invalid(str(error)) from error
    outline = read_outline(content, source=opened.path)
    logic, table = _find_outlined(outline, opened.place, _within(opened))
    decision = model.decisions.get(logic.id) if opened.place.is_own else None
    given = None
    if decision is not None:
        given = frozenset({need.path[0] for need in decision.needs} | {decision.name})
    sight = Sight(
        names=model.names,
        given=given,
        find_type=lambda name: _find_type(model, name),
        result=decision.type if decision else None,
    )
    return Judged(
        content=content,
        model=model,
        outline=outline,
        logic=logic,
        table=table,
        faults=[*_check_result(model, typed), *check_sheet(typed.sheet, sight)],
        remarks=_remark(model, opened),
        is_tried=decision is not None,
    )


def save(
    *, opened: Opened, typed: Typed, revision: int, person: Person
) -> DraftRevision:
    """Save a table over the revision it was opened from.

    Raises what definition_drafts.save does: Stale where somebody saved since.
    """
    return definition_drafts.save(
        key=opened.draft.draft.key,
        revision=revision,
        files={opened.path: write(opened, typed)},
        person=person,
        what=_what(opened),
    )


def save_over(
    *, opened: Opened, typed: Typed, over: int, person: Person
) -> DraftRevision:
    """Save a table into a newer saving than it was opened from, all else as it is there.

    `over` is the saving that the person was shown. Raises as `save`.
    """
    newest = definition_drafts.read(opened.draft.draft.key, revision=over)
    mine = write(opened, typed)
    content = mine
    theirs = newest.files.get(opened.path)
    if theirs is not None:
        content = _replace(opened, typed, mine=mine, theirs=theirs)
    return definition_drafts.save(
        key=opened.draft.draft.key,
        revision=over,
        files={opened.path: content},
        person=person,
        what=f"{_what(opened)}, over revision {over}",
    )


def tell_theirs(opened: Opened, newest: Read) -> list[str]:
    """Say what others changed in a table since it was opened, nothing for nothing."""
    before = _outlined(opened.draft.files, opened)
    after = _outlined(newest.files, opened)
    if before is None or after is None:
        return [] if before is after else ["The table is gone in what they saved."]
    return tell_changes(before, after)


def find_deployed(opened: Opened) -> Table | None:
    """Return the table of the version that the draft began from, None without one."""
    base = opened.draft.draft.base_id
    if base is None:
        return None
    return _outlined(exports.read_files(definition_id=base), opened)


def _list_of(content: bytes, path: str) -> Iterator[Listed]:
    if not path.endswith(_SUFFIX):
        return
    try:
        places = list_places(read_source(content))
    except XmlError:
        return  # the linter says so
    for number, place in enumerate(places, 1):
        yield Listed(path, number, place.name or path, place.table.get("id"))


def _read(content: bytes, path: str) -> Source:
    try:
        return read_source(content)
    except XmlError as error:
        raise Invalid(
            f"{path}, line {error.line}: {error.message}; upload a mended file."
        ) from error


def _find_place(source: Source, number: int, *, path: str) -> Place:
    places = list_places(source)
    if not 1 <= number <= len(places):
        raise NotFound(f"{path} has no decision table {number}.")
    return places[number - 1]


def _put(source: Source, place: Place, typed: Typed) -> None:
    write_sheet(source, place.table, typed.sheet)
    if place.is_own and place.owner.tag == "decision":
        write_result(place.owner, typed.result)
        for ask in typed.asks:
            require(source, place.owner, ask)


def _replace(opened: Opened, typed: Typed, *, mine: bytes, theirs: bytes) -> bytes:
    """Return their file with my table in it; mine where theirs has no such table."""
    own = _read(mine, opened.path)
    try:
        other = read_source(theirs)
    except XmlError:
        return mine
    place = _find_same(other, opened)
    if place is None or _spaces(own.root) != _spaces(other.root):
        return mine
    table = _find_place(own, opened.number, path=opened.path).table
    place.table.start, place.table.end = table.start, table.end
    place.table.parts = table.parts
    if place.is_own and place.owner.tag == "decision":
        write_result(place.owner, typed.result)
        for ask in typed.asks:
            require(other, place.owner, ask)
    return other.to_bytes()


def _spaces(root: Node) -> set[tuple[str, str]]:
    """Return the names that a file's root gives to namespaces."""
    found = root.list_attributes()
    return {one for one in found if one[0].startswith("xmlns")}


def _within(opened: Opened) -> int:
    """Return which of its owner's tables it is, from 0."""
    inner = [one for one in opened.place.owner.walk() if one.tag == "decisionTable"]
    return next(n for n, one in enumerate(inner) if one is opened.place.table)


def _find_same(source: Source, opened: Opened) -> Place | None:
    same = [
        one
        for one in list_places(source)
        if one.owner.get("id") == opened.place.owner.get("id")
        and one.name == opened.place.name
    ]
    number = _within(opened)
    return same[number] if number < len(same) else None


def _outlined(files: Mapping[str, bytes], opened: Opened) -> Table | None:
    if opened.path not in files:
        return None
    try:
        outline = read_outline(files[opened.path], source=opened.path)
    except XmlError:
        return None
    try:
        return _find_outlined(outline, opened.place, _within(opened))[1]
    except LookupError:
        return None


def _find_outlined(outline: Outline, place: Place, number: int) -> tuple[Logic, Table]:
    """Return a table as the outline has it. Raises LookupError."""
    name = place.owner.get("id") or place.name
    kind: Kind = "decision" if place.owner.tag == "decision" else "knowledge"
    logic = outline.items[kind, name]
    return logic, logic.tables[number]


def _check_result(model: Model, typed: Typed) -> Iterator[Fault]:
    if typed.result and _find_type(model, typed.result) is None:
        said = f"The decision gives: there is no type “{typed.result}”."
        yield Fault(("result",), said)


def _remark(model: Model, opened: Opened) -> list[Remark]:
    if opened.number > len(model.tables):
        return []  # a decision with two logics, of which one is read
    table = model.tables[opened.number - 1]
    return [remark(one, name=table.name) for one in lint_table(table)]


def _find_type(model: Model, name: str) -> FeelType | None:
    """Return a type as references name it, prefixes of older versions left out."""
    for word in (name.strip(), name.strip().rpartition(":")[2]):
        if found := model.types.get(word) or BUILT_IN_TYPES.get(word):
            return found
    return None


def _what(opened: Opened) -> str:
    return f"Changed the table {opened.name} in {opened.path}"
