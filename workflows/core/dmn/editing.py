"""Decision tables as texts to be changed, and back into their file.

`origin` is the place, from 0, that a column or a rule has in the file; None is new.
What stands there beside the texts stays with it: ids, extensions, comments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from xml.sax.saxutils import quoteattr

from workflows.core.dmn.source import Node, Source, make

_FIRST: Final = ("description", "extensionElements")
_OWNERS: Final = frozenset({"decision", "businessKnowledgeModel"})
_BEFORE_NEEDS: Final = (*_FIRST, "question", "allowedAnswers", "variable")
_NEWEST: Final = "https://www.omg.org/spec/DMN/20230324/MODEL/"
DASH: Final = "-"


class Input(NamedTuple):
    """A column that is tested."""

    label: str
    expression: str
    type: str = ""
    allowed: str = ""
    origin: int | None = None


class Output(NamedTuple):
    """A column that is given."""

    name: str
    type: str = ""
    allowed: str = ""
    default: str = ""
    label: str = ""
    origin: int | None = None


class Rule(NamedTuple):
    """A row: a text for each input, output and annotation, and its description."""

    tests: tuple[str, ...]
    results: tuple[str, ...]
    notes: tuple[str, ...] = ()
    description: str = ""
    origin: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole table. `notes` are the names of its annotations' columns."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    notes: tuple[str, ...] = ()
    hit_policy: str = "UNIQUE"
    aggregation: str = ""


class Place(NamedTuple):
    """Where a table stands: its element, and the decision or knowledge around it."""

    table: Node
    owner: Node
    is_own: bool
    """The owner's logic, rather than a part of it."""

    @property
    def name(self) -> str:
        """What it is called after its owner."""
        return " ".join(self.owner.get("name").split())


class Ask(NamedTuple):
    """An input that the decision is to require."""

    name: str
    type: str = ""


def list_places(source: Source) -> list[Place]:
    """Return every table of a file that can be changed, in the order of the file."""
    found = []
    for owner in source.root.children:
        if owner.tag not in _OWNERS:
            continue
        own = owner.first("decisionTable")
        found += [
            Place(one, owner, is_own=one is own)
            for one in owner.walk()
            if one.tag == "decisionTable" and one.namespace == owner.namespace
        ]
    return found


def read_sheet(table: Node) -> Sheet:
    """Return a table's texts; cells that are not written are empty."""
    inputs = [_read_input(one, n) for n, one in enumerate(table.all("input"))]
    outputs = [_read_output(one, n) for n, one in enumerate(table.all("output"))]
    rows = list(table.all("rule"))
    notes = [one.get("name").strip() for one in table.all("annotation")]
    most = max((len(list(one.all("annotationEntry"))) for one in rows), default=0)
    notes += ["Note"] * (most - len(notes))
    widths = len(inputs), len(outputs), len(notes)
    return Sheet(
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        rules=tuple(_read_rule(one, n, widths) for n, one in enumerate(rows)),
        notes=tuple(notes),
        hit_policy=table.get("hitPolicy") or "UNIQUE",
        aggregation=table.get("aggregation"),
    )


def write_sheet(source: Source, table: Node, sheet: Sheet) -> None:
    """Let a table of a file say what a sheet says, and leave all else alone."""
    if (table.get("hitPolicy") or "UNIQUE") != sheet.hit_policy:
        table.set("hitPolicy", sheet.hit_policy)
    table.set("aggregation", sheet.aggregation)
    stem = table.get("id") or "table"
    rows = list(table.all("rule"))
    # Before the columns change, since what is not new is found by its place.
    entries = [
        {tag: list(row.all(tag)) for tag in ("inputEntry", "outputEntry")}
        for row in rows
    ]
    _write_columns(source, table, sheet, stem=stem)
    wanted = []
    for rule in sheet.rules:
        if rule.origin is None:
            row = make(table, "rule", {"id": source.fresh_id(f"{stem}-rule")})
            own: dict[str, list[Node]] = {"inputEntry": [], "outputEntry": []}
        else:
            row, own = rows[rule.origin], entries[rule.origin]
        _write_rule(row, rule, sheet, own)
        wanted.append(row)
    table.arrange("rule", wanted, after=(*_FIRST, "input", "output", "annotation"))


def write_new(name: str, identity: str) -> bytes:
    """Return a file of one decision, a table that has an output and nothing else yet."""
    called = quoteattr(name)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<definitions xmlns="{_NEWEST}" id="{identity}-definitions" name={called}'
        f' namespace="urn:countersign:dmn:{identity}">\n'
        f'  <decision id="{identity}" name={called}>\n'
        f"    <variable name={called}/>\n"
        f'    <decisionTable id="{identity}-table" hitPolicy="UNIQUE">\n'
        f'      <output id="{identity}-table-output-1" name="answer"/>\n'
        "    </decisionTable>\n"
        "  </decision>\n"
        "</definitions>\n"
    ).encode()


def read_result(owner: Node) -> str:
    """Return the type that a decision's value is to have, "" for any."""
    variable = owner.first("variable")
    return "" if variable is None else variable.get("typeRef")


def write_result(owner: Node, kind: str) -> None:
    """Say the type that a decision's value is to have."""
    variable = owner.first("variable")
    if variable is None and kind:
        variable = make(owner, "variable", {"name": owner.get("name")})
        owner.arrange("variable", [variable], after=_BEFORE_NEEDS)
    if variable is not None:
        variable.set("typeRef", kind)


def require(source: Source, owner: Node, ask: Ask) -> None:
    """Let a decision require an input by a name, which is made where there is none."""
    root = source.root
    found = next((one for one in root.all("inputData") if _is_called(one, ask)), None)
    if found is None:
        kind = {"typeRef": ask.type} if ask.type else {}
        found = make(
            owner,
            "inputData",
            {"id": source.fresh_id("input"), "name": ask.name},
            make(owner, "variable", {"name": ask.name, **kind}),
        )
        lead = root.usual_lead()
        place = root.parts.index(owner)
        found.indent(lead)
        root.parts[place:place] = [found, lead]
    href = f"#{found.get('id')}"
    needs = list(owner.all("informationRequirement"))
    required = [one.first("requiredInput") for one in needs]
    if any(one is not None and one.get("href").strip() == href for one in required):
        return
    need = make(
        owner,
        "informationRequirement",
        {"id": source.fresh_id("need")},
        make(owner, "requiredInput", {"href": href}),
    )
    owner.arrange("informationRequirement", [*needs, need], after=_BEFORE_NEEDS)


def _is_called(item: Node, ask: Ask) -> bool:
    return " ".join(item.get("name").split()) == ask.name and bool(item.get("id"))


def _read_input(element: Node, number: int) -> Input:
    expression, values = element.first("inputExpression"), element.first("inputValues")
    return Input(
        label=element.get("label").strip(),
        expression="" if expression is None else expression.child_text("text"),
        type="" if expression is None else expression.get("typeRef"),
        allowed="" if values is None else values.child_text("text"),
        origin=number,
    )


def _read_output(element: Node, number: int) -> Output:
    values, default = element.first("outputValues"), element.first("defaultOutputEntry")
    return Output(
        name=element.get("name").strip(),
        label=element.get("label").strip(),
        type=element.get("typeRef"),
        allowed="" if values is None else values.child_text("text"),
        default="" if default is None else default.child_text("text"),
        origin=number,
    )


def _read_rule(row: Node, number: int, widths: tuple[int, int, int]) -> Rule:
    tests, results, notes = (
        _padded([one.child_text("text") for one in row.all(tag)], width)
        for tag, width in zip(
            ("inputEntry", "outputEntry", "annotationEntry"), widths, strict=True
        )
    )
    return Rule(tests, results, notes, row.child_text("description"), number)


def _padded(texts: list[str], width: int) -> tuple[str, ...]:
    return tuple(texts[:width] + [""] * (width - len(texts)))


def _write_columns(source: Source, table: Node, sheet: Sheet, *, stem: str) -> None:
    for tag, columns, after in (
        ("input", sheet.inputs, _FIRST),
        ("output", sheet.outputs, (*_FIRST, "input")),
    ):
        standing = list(table.all(tag))
        wanted: list[Node] = []
        for column in columns:
            if column.origin is None:
                one = make(table, tag, {"id": source.fresh_id(f"{stem}-{tag}")})
            else:
                one = standing[column.origin]
            if isinstance(column, Input):
                _write_input(one, column)
            else:
                _write_output(one, column)
            wanted.append(one)
        table.arrange(tag, wanted, after=after)


def _write_input(element: Node, column: Input) -> None:
    _set(element, "label", column.label)
    expression = element.first("inputExpression")
    if expression is None:
        expression = make(element, "inputExpression")
        element.arrange("inputExpression", [expression], after=_FIRST)
    expression.set("typeRef", column.type)
    _write_text(expression, column.expression)
    _write_optional(element, "inputValues", column.allowed, after=("inputExpression",))


def _write_output(element: Node, column: Output) -> None:
    _set(element, "name", column.name)
    _set(element, "label", column.label)
    element.set("typeRef", column.type)
    _write_optional(element, "outputValues", column.allowed, after=_FIRST)
    _write_optional(
        element,
        "defaultOutputEntry",
        column.default,
        after=(*_FIRST, "outputValues"),
    )


def _write_rule(
    row: Node, rule: Rule, sheet: Sheet, own: dict[str, list[Node]]
) -> None:
    inner: tuple[tuple[str, Sequence[Input | Output], tuple[str, ...]], ...] = (
        ("inputEntry", sheet.inputs, rule.tests),
        ("outputEntry", sheet.outputs, rule.results),
    )
    _write_description(row, rule.description)
    after: tuple[str, ...] = _FIRST
    for tag, columns, texts in inner:
        wanted = []
        for column, text in zip(columns, texts, strict=True):
            place = column.origin
            is_there = place is not None and place < len(own[tag])
            # A cell without a text is an entry all the same: cells are told by place.
            entry = (
                own[tag][place] if is_there and place is not None else make(row, tag)
            )
            _write_text(entry, text)
            wanted.append(entry)
        row.arrange(tag, wanted, after=after)
        after = (*after, tag)
    _write_notes(row, rule.notes, after=after)


def _write_description(row: Node, text: str) -> None:
    if row.child_text("description") == text:
        return
    if not text:
        row.arrange("description", [])
        return
    standing = row.first("description")
    if standing is None:
        row.arrange("description", [make(row, "description", text=text)])
    else:
        standing.write(text)


def _write_notes(row: Node, notes: Sequence[str], *, after: Sequence[str]) -> None:
    standing = list(row.all("annotationEntry"))
    missing = max(0, len(notes) - len(standing))
    if not any(notes[len(standing) :]):
        missing = 0
    wanted = [*standing, *(make(row, "annotationEntry") for _ in range(missing))]
    for entry, text in zip(wanted, notes, strict=False):
        _write_text(entry, text)
    row.arrange("annotationEntry", wanted, after=after)


def _write_optional(
    element: Node, tag: str, text: str, *, after: Sequence[str]
) -> None:
    standing = element.first(tag)
    if text and standing is None:
        standing = make(element, tag)
        element.arrange(tag, [standing], after=after)
    if standing is not None:
        if text:
            _write_text(standing, text)
        elif standing.child_text("text"):
            element.arrange(tag, [])


def _write_text(element: Node, text: str) -> None:
    """Let an element's text be this one; one that says it already stays as it is."""
    standing = element.first("text")
    if standing is None:
        element.arrange("text", [make(element, "text", text=text)], after=_FIRST)
    elif standing.text.strip() != text:
        standing.write(text)


def _set(element: Node, name: str, value: str) -> None:
    if element.get(name).strip() != value:
        element.set(name, value)
