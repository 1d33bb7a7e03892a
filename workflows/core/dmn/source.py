"""A DMN file as a tree that keeps each of its characters, for what changes a part of it.

Nobody has to know what stands in a file to leave it alone: comments, prefixes, CDATA,
diagrams and what other tools wrote are kept as they were written.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from workflows.core.dmn.xml import XmlError, read_xml

_NAME: Final = re.compile(r"<([^\s/>]+)")
_ATTRIBUTE: Final = re.compile(r"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_LEAD: Final = re.compile(r"\s*\Z")
_DECLARED: Final = re.compile(r"""<\?xml\b[^>]*encoding\s*=\s*["']([^"']+)["']""")
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTE: Final = {**_IN_TEXT, '"': "&quot;", "\n": "&#10;", "\t": "&#9;"}


@dataclass(slots=True, eq=False)
class Node:
    """An element: its tags as written, and between them texts and elements in order.

    `start` of an empty element is its whole tag, and `end` is empty. `text` is its own
    text, decoded.
    """

    tag: str
    namespace: str
    attributes: dict[str, str]
    start: str = ""
    end: str = ""
    parts: "list[Node | str]" = field(default_factory=list)
    text: str = ""

    @property
    def prefix(self) -> str:
        """The prefix of its name with the colon, "" for none."""
        return self._label.removesuffix(self.tag)

    @property
    def children(self) -> "list[Node]":
        """The elements in it."""
        return [one for one in self.parts if isinstance(one, Node)]

    def all(self, tag: str) -> "Iterator[Node]":
        """The children of that name, of its own namespace."""
        return (
            one
            for one in self.children
            if one.tag == tag and one.namespace == self.namespace
        )

    def first(self, tag: str) -> "Node | None":
        """The first child of that name."""
        return next(self.all(tag), None)

    def child_text(self, tag: str) -> str:
        """The text of the first child of that name, stripped; "" without one."""
        child = self.first(tag)
        return "" if child is None else child.text.strip()

    def walk(self) -> "Iterator[Node]":
        """The element and all below it, in the order of the file."""
        pending = [self]
        while pending:
            one = pending.pop()
            yield one
            pending.extend(reversed(one.children))

    def get(self, name: str) -> str:
        """An attribute's value, "" without one."""
        return self.attributes.get(name, "")

    def set(self, name: str, value: str) -> None:
        """Write an attribute; "" takes it away."""
        if self.get(name) == value:
            return
        written = f' {name}="{_escape(value, _IN_ATTRIBUTE)}"' if value else ""
        at = _NAME.match(self.start)
        assert at is not None  # it begins an element
        place = at.end()
        while found := _ATTRIBUTE.match(self.start, place):
            place = found.end()
            if found[1] == name:
                self.start = self.start[: found.start()] + written + self.start[place:]
                break
        else:
            self.start = self.start[:place] + written + self.start[place:]
        self.attributes[name] = value
        if not value:
            del self.attributes[name]

    def list_attributes(self) -> list[tuple[str, str]]:
        """Its attributes as written: names with their prefixes, quoted values."""
        at = _NAME.match(self.start)
        assert at is not None  # it begins an element
        found: list[tuple[str, str]] = []
        place = at.end()
        while one := _ATTRIBUTE.match(self.start, place):
            place = one.end()
            found.append((one[1], one[2]))
        return found

    def write(self, text: str) -> None:
        """Let a text be all that stands in it."""
        self.open()
        self.parts = [_escape(text, _IN_TEXT)]
        self.text = text

    def arrange(
        self, tag: str, wanted: "Sequence[Node]", *, after: Sequence[str] = ()
    ) -> None:
        """Let these be its children of a name, in this order.

        Each keeps the space and the comments before it. Where there was none, they come
        behind the children named in `after`, which the schema wants before them.
        """
        standing = list(self.all(tag))
        if len(standing) == len(wanted) and all(
            a is b for a, b in zip(standing, wanted, strict=True)
        ):
            return
        leads = {id(one): self._take(one) for one in standing[1:]}
        usual = self.usual_lead()
        if standing:
            place = self.parts.index(standing[0])
            leads[id(standing[0])] = self._take(standing[0])
            place -= len(leads[id(standing[0])])
        else:
            place = self._place_after(after)
        new: list[Node | str] = []
        for one in wanted:
            if id(one) in leads:
                new += [*leads[id(one)], one]
            else:
                one.indent(usual)
                new += [usual, one] if usual else [one]
        if wanted:
            self.open()
        self.parts[place:place] = new

    def indent(self, lead: str) -> None:
        """Put each child of a new element on a line of its own, below this space."""
        if not self.children or "\n" not in lead:
            return
        within = f"{lead}  "
        parts: list[Node | str] = []
        for one in self.children:
            one.indent(within)
            parts += [within, one]
        self.parts = [*parts, lead]

    def pieces(self) -> Iterator[str]:
        """The characters of the element, in order."""
        yield self.start
        for one in self.parts:
            if isinstance(one, str):
                yield one
            else:
                yield from one.pieces()
        yield self.end

    def open(self) -> None:
        """Give an empty element an end tag of its own."""
        if not self.end:
            self.start = f"{self.start.removesuffix('/>').rstrip()}>"
            self.end = f"</{self._label}>"

    def usual_lead(self) -> str:
        """Return the white space before its children."""
        text = ""
        for one in self.parts:
            if isinstance(one, Node):
                found = _LEAD.search(text)
                return found[0] if found else ""
            text += one
        return ""

    @property
    def _label(self) -> str:
        found = _NAME.match(self.start)
        assert found is not None  # as above
        return found[1]

    def _take(self, one: "Node") -> "list[Node | str]":
        """Take a child out with what stands before it; return that."""
        stop = self.parts.index(one)
        start = stop
        while start and isinstance(self.parts[start - 1], str):
            start -= 1
        lead = self.parts[start:stop]
        del self.parts[start : stop + 1]
        return lead

    def _place_after(self, tags: Sequence[str]) -> int:
        place = 0
        for at, one in enumerate(self.parts, 1):
            if isinstance(one, Node) and one.tag in tags:
                place = at
        return place


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its root between what stands before and behind, and what it is coded in."""

    root: Node
    before: str
    behind: str
    encoding: str
    taken: set[str]
    """The ids that stand in it, and those that were given out."""

    def to_bytes(self) -> bytes:
        """Return the file; unchanged, these are the bytes that were read."""
        text = "".join([self.before, *self.root.pieces(), self.behind])
        return text.encode(self.encoding, errors="xmlcharrefreplace")

    def fresh_id(self, stem: str) -> str:
        """Return an id that the file does not have yet, and never again."""
        number = 1
        while f"{stem}-{number}" in self.taken:
            number += 1
        self.taken.add(f"{stem}-{number}")
        return f"{stem}-{number}"


def read_source(data: bytes) -> Source:
    """Read a file to be changed. Raises XmlError, as read_xml does.

    Texts of another encoding than UTF-8 or ASCII are refused.
    """
    read_xml(data)
    declared = _DECLARED.search(data[:200].decode("latin-1"))
    is_utf = declared is None or declared[1].lower() in {"utf-8", "utf8"}
    encoding = "utf-8" if is_utf else "ascii"
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        message = "the file is not written in UTF-8; save it so to change it here"
        raise XmlError(message, 1) from None
    parser = expat.ParserCreate(namespace_separator="\n")
    builder = _Builder(parser, data)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.DefaultHandler = builder.other
    parser.Parse(data, True)  # noqa: FBT003  (takes no keywords)
    return builder.finish(encoding)


def make(
    like: Node,
    tag: str,
    attributes: Mapping[str, str] | None = None,
    *children: Node,
    text: str | None = None,
) -> Node:
    """Return a new element with the namespace and the prefix of another."""
    node = Node(tag, like.namespace, {}, start=f"<{like.prefix}{tag}/>")
    for name, value in (attributes or {}).items():
        node.set(name, value)
    if text is not None:
        node.write(text)
    if children:
        node.open()
        node.parts = list(children)
    return node


def make_fit(text: str) -> str:
    """Return a text with a space for each character that no XML 1.0 file can hold
    (clause 2.2), lines ended by a line feed alone."""
    return _UNFIT.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def _escape(text: str, marks: Mapping[str, str]) -> str:
    for sign, mark in marks.items():
        text = text.replace(sign, mark)
    return text


class _Builder:
    """Cuts the file where its parts begin; between two cuts stands one of them."""

    def __init__(self, parser: expat.XMLParserType, data: bytes) -> None:
        self.parser = parser
        self.data = data
        self.open: list[Node] = []
        self.root: Node | None = None
        self.outside: list[list[str]] = [[], []]
        self.last = 0
        self.kind = ""
        self.owner: Node | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._cut("start")
        namespace, _, tag = name.rpartition("\n")
        own = {key: value for key, value in attributes.items() if "\n" not in key}
        node = Node(tag, namespace, own)
        if self.open:
            self.open[-1].parts.append(node)
        else:
            self.root = node
        self.open.append(node)
        self.owner = node

    def end(self, _name: str) -> None:
        self._cut("end")
        self.owner = self.open.pop()

    def characters(self, text: str) -> None:
        self.other("")
        if self.open:
            self.open[-1].text += text

    def other(self, _text: str) -> None:
        self._cut("text")
        self.owner = self.open[-1] if self.open else None

    def finish(self, encoding: str) -> Source:
        self._cut_at(len(self.data))
        assert self.root is not None  # read_xml found one
        before, behind = ("".join(parts) for parts in self.outside)
        taken = {one.get("id") for one in self.root.walk()}
        return Source(self.root, before, behind, encoding, taken)

    def _cut(self, kind: str) -> None:
        self._cut_at(self.parser.CurrentByteIndex)
        self.kind = kind

    def _cut_at(self, place: int) -> None:
        piece = self.data[self.last : place].decode()
        self.last = place
        if not piece:
            return
        if self.owner is None:
            self.outside[self.root is not None].append(piece)
        elif self.kind == "start":
            self.owner.start += piece
        elif self.kind == "end":
            self.owner.end += piece
        else:
            self.owner.parts.append(piece)
