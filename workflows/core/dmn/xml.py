"""XML to a small tree with line numbers; refuses DOCTYPE and documents out of bounds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 10_000_000
MAX_DEPTH = 100
MAX_ELEMENTS = 300_000


class XmlError(ValueError):
    """A document that is not read; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        """Keep the line beside the sentence."""
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(slots=True)
class Element:
    """An element: local name, namespace, attributes by local name, and its line."""

    tag: str
    namespace: str
    attributes: dict[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def get(self, name: str, default: str = "") -> str:
        """An attribute's value."""
        return self.attributes.get(name, default)

    @property
    def name(self) -> str:
        """The name attribute, each run of space in it made one."""
        return " ".join(self.get("name").split())

    @property
    def iterator(self) -> str:
        """The name of an iterator's variable, likewise."""
        return " ".join(self.get("iteratorVariable").split())

    def all(self, tag: str) -> Iterator["Element"]:
        """The children of that name."""
        return (child for child in self.children if child.tag == tag)

    def first(self, tag: str) -> "Element | None":
        """The first child of that name."""
        return next(self.all(tag), None)

    def child_text(self, tag: str) -> str:
        """The text of the first child of that name, stripped; empty without one."""
        child = self.first(tag)
        return "" if child is None else child.text.strip()

    def walk(self) -> Iterator["Element"]:
        """The element and everything below it."""
        pending = [self]
        while pending:
            element = pending.pop()
            yield element
            pending.extend(reversed(element.children))


class _Builder:
    """The handlers that make the tree."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        self.root: Element | None = None
        self.open: list[Element] = []
        self.texts: list[list[str]] = []
        self.count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        line = self.parser.CurrentLineNumber
        if self.count > MAX_ELEMENTS:
            raise XmlError(
                f"the document has more than {MAX_ELEMENTS:,} elements", line
            )
        if len(self.open) >= MAX_DEPTH:
            raise XmlError(f"elements are nested deeper than {MAX_DEPTH}", line)
        namespace, _, tag = name.rpartition("\n")
        own = {key.rpartition("\n")[2]: value for key, value in attributes.items()}
        # An attribute without a namespace is the element's own and wins.
        own.update((key, value) for key, value in attributes.items() if "\n" not in key)
        element = Element(tag, namespace, own, line)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self.texts.append([])

    def end(self, _name: str) -> None:
        self.open.pop().text = "".join(self.texts.pop())

    def data(self, text: str) -> None:
        if self.texts:
            self.texts[-1].append(text)

    def doctype(self, *_parts: object) -> None:
        raise XmlError(
            "a DOCTYPE is not accepted; remove it from the document",
            self.parser.CurrentLineNumber,
        )


def read_xml(data: bytes) -> Element:
    """The root element; XmlError for what is no XML or out of bounds."""
    if len(data) > MAX_BYTES:
        raise XmlError(f"the document is larger than {MAX_BYTES:,} bytes", 1)
    parser = expat.ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    builder = _Builder(parser)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(data, True)  # noqa: FBT003  (takes no keywords)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise XmlError(f"this is not well-formed XML: {reason}", error.lineno) from None
    if builder.root is None:
        raise XmlError("the document is empty", 1)
    return builder.root
