"""Bytes of an upload to a small element tree. The only speaker of lxml for models.

Nothing here knows BPMN or DMN. Every document type declaration is refused, so no
entity is ever declared, expanded or fetched.
"""

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from xml.parsers import expat

from lxml import etree

from workflows.core.markup import Element

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 100
MAX_ELEMENTS = 5_000

_CHUNK = 16 * 1024
_DECLARATION = re.compile(r"\A\s*<\?xml\b(?P<body>[^>]*)\?>")
_ENCODING = re.compile(r"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_ENCODINGS = frozenset({
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "iso-8859-1",
    "latin-1",
    "windows-1252",
})
_MISC = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"<!doctype\b", re.IGNORECASE)


class MarkupError(ValueError):
    """The bytes are no XML that we read; `line` counts from 1, 0 is the whole file."""

    def __init__(self, *, source: str, line: int, message: str) -> None:
        super().__init__(f"{source}, line {line}: {message}")
        self.source = source
        self.line = line
        self.message = message


def parse_xml(data: bytes, *, source: str) -> Element:
    """Return the root element of an XML document.

    `source` is the name that errors carry. Raises MarkupError for a document type
    declaration, for XML that is not well formed, for another encoding than UTF-8,
    UTF-16, Latin-1 or ASCII, and beyond MAX_BYTES, MAX_DEPTH or MAX_ELEMENTS.
    """
    if len(data) > MAX_BYTES:
        raise MarkupError(
            source=source,
            line=0,
            message=f"The file has {len(data):,} bytes; the limit is {MAX_BYTES:,}.",
        )
    text = _decode(data, source=source)
    _refuse_doctype(text, source=source)
    builder = _Builder(source)
    # The parser is told the encoding, since the text was decoded and coded anew:
    # a declaration inside it can no longer change what the bytes mean.
    parser = etree.XMLPullParser(
        events=("start", "end"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    encoded = text.encode()
    try:
        for start in range(0, len(encoded), _CHUNK):
            parser.feed(encoded[start : start + _CHUNK])
            builder.take(parser)
        parser.close()
        builder.take(parser)
    except etree.XMLSyntaxError as error:
        raise MarkupError(
            source=source,
            line=error.lineno or 0,
            message=f"The XML is not well formed: {_first_line(error)}.",
        ) from error
    return builder.root()


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file that remembers where its elements stand in its own text.

    `starts` are the places of the start tags in `encoded` (UTF-8), in document order;
    `end` is the place of the root's end tag.
    """

    root: Element
    data: bytes
    encoded: bytes
    encoding: str
    starts: Sequence[int]
    end: int

    def patched(self, *, ids: Mapping[int, str], inserts: Mapping[int, str]) -> bytes:
        """Return the file with ids set and text put in, each other byte untouched.

        `ids` are by the number of an element in document order; `inserts` are texts by
        their place in `encoded`. Without either these are the bytes that were read.
        """
        if not ids and not inserts:
            return self.data
        edits = [(place, place, text) for place, text in inserts.items()]
        edits.extend(self._id_edit(self.starts[at], name) for at, name in ids.items())
        pieces: list[bytes] = []
        position = 0
        for start, stop, text in sorted(edits):
            pieces += [self.encoded[position:start], text.encode()]
            position = stop
        pieces.append(self.encoded[position:])
        text = b"".join(pieces).decode()
        if self.encoding == "utf-16":
            # With the byte order of the file, and its mark.
            name = "utf-16-be" if self.data[:2] == codecs.BOM_UTF16_BE else "utf-16-le"
            return self.data[:2] + text.encode(name)
        written = text.encode(self.encoding, errors="xmlcharrefreplace")
        has_mark = self.data.startswith(codecs.BOM_UTF8)
        if self.encoding == "utf-8-sig" and not has_mark:
            return written.removeprefix(codecs.BOM_UTF8)
        return written

    def _id_edit(self, start: int, name: str) -> tuple[int, int, str]:
        """Return where an id goes: over an empty one, else right after the tag."""
        tag = _START_TAG.match(self.encoded, start)
        # The parser found a start tag here, so it is one.
        if tag is None:
            raise ValueError(f"There is no start tag at byte {start}.")
        empty = _EMPTY_ID.search(self.encoded, tag.end("name"), tag.end())
        value = _attribute(name)
        if empty is not None:
            return empty.start(1), empty.end(1), f'"{value}"'
        return tag.end("name"), tag.end("name"), f' id="{value}"'


_START_TAG = re.compile(rb"""<(?P<name>[^\s/>]+)(?:[^>"']|"[^"]*"|'[^']*')*>""")
_EMPTY_ID = re.compile(rb"""\sid\s*=\s*("\s*"|'\s*')""")


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def parse_document(data: bytes, *, source: str) -> Document:
    """Return a file's tree with the places of its elements. Raises MarkupError."""
    root = parse_xml(data, source=source)
    encoding = _encoding(data, source=source)
    encoded = _decode(data, source=source).encode()
    starts: list[int] = []
    ends: list[int] = []
    # A second look by another parser, which knows byte positions. What it reads was
    # accepted already: no document type, and within the limits.
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda *_: starts.append(parser.CurrentByteIndex)
    parser.EndElementHandler = lambda *_: ends.append(parser.CurrentByteIndex)
    parser.Parse(encoded, True)  # noqa: FBT003  (the C function takes no keyword)
    return Document(
        root=root,
        data=data,
        encoded=encoded,
        encoding=encoding,
        starts=tuple(starts),
        end=ends[-1],
    )


def decode_text(data: bytes, *, source: str) -> str:
    """Return a document's text without its XML declaration. Raises MarkupError."""
    return _DECLARATION.sub("", _decode(data, source=source), count=1)


def _encoding(data: bytes, *, source: str) -> str:
    """Return the codec of a file. Raises MarkupError for one that is not read."""
    encoding = "utf-8-sig"
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    else:
        head = _DECLARATION.match(data[:200].decode("latin-1").removeprefix("ï»¿"))
        named = _ENCODING.search(head["body"]) if head else None
        if named and named[1].lower() not in {"utf-8", "utf8"}:
            encoding = named[1].lower()
            if encoding not in _ENCODINGS:
                raise MarkupError(
                    source=source,
                    line=1,
                    message=f"The encoding {named[1]} is not read; save as UTF-8.",
                )
    return encoding


def _decode(data: bytes, *, source: str) -> str:
    encoding = _encoding(data, source=source)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MarkupError(
            source=source,
            line=line,
            message="The bytes are not text in the encoding that the file declares;"
            " save as UTF-8.",
        ) from error


def _refuse_doctype(text: str, *, source: str) -> None:
    """Look where the grammar allows a declaration: before the first element."""
    position = 0
    while (match := _MISC.match(text, position)) is not None:
        position = match.end()
    if _DOCTYPE.match(text, position):
        raise _doctype_error(source=source, line=text.count("\n", 0, position) + 1)


def _doctype_error(*, source: str, line: int) -> MarkupError:
    return MarkupError(
        source=source,
        line=line,
        message="The file has a DOCTYPE, which is refused for safety; remove it.",
    )


def _first_line(error: etree.XMLSyntaxError) -> str:
    text = str(error.msg or error).splitlines()[0]
    return re.sub(r", line \d+, column \d+.*$", "", text).rstrip(".")


def _line(node: "etree._Element") -> int:
    # The stubs leave the type of sourceline open.
    return cast("int | None", node.sourceline) or 0


class _Builder:
    """Turns the parser's events into elements and stops at the limits."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._open: list[list[Element]] = [[]]
        self._count = 0

    def take(self, parser: "etree.XMLPullParser") -> None:
        for event, found in parser.read_events():
            # Only start and end events were asked for; both carry an element.
            node = cast("etree._Element", found)  # noqa: SLF001  (lxml's only name)
            if event == "start":
                self._start(node)
            else:
                self._end(node)

    def root(self) -> Element:
        if not self._open[0]:
            raise MarkupError(
                source=self._source, line=0, message="The file has no element."
            )
        return self._open[0][0]

    def _start(self, node: "etree._Element") -> None:
        if self._count == 0 and node.getroottree().docinfo.internalDTD is not None:
            raise _doctype_error(source=self._source, line=_line(node))
        self._count += 1
        if self._count > MAX_ELEMENTS:
            self._refuse(node, f"The file has more than {MAX_ELEMENTS:,} elements.")
        self._open.append([])
        if len(self._open) - 1 > MAX_DEPTH:
            self._refuse(node, f"Elements are nested deeper than {MAX_DEPTH}.")

    def _end(self, node: "etree._Element") -> None:
        children = self._open.pop()
        name = etree.QName(node)
        text = "".join([node.text or "", *(child.tail or "" for child in node)])
        self._open[-1].append(
            Element(
                namespace=name.namespace or "",
                name=name.localname,
                attributes={str(key): str(value) for key, value in node.items()},
                text=text,
                children=tuple(children),
                line=_line(node),
            )
        )

    def _refuse(self, node: "etree._Element", message: str) -> None:
        raise MarkupError(source=self._source, line=_line(node), message=message)
