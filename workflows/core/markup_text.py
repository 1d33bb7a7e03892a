"""An element tree as XML text, such that reading it gives the same tree. No files."""

import re
from collections.abc import Iterator, Mapping, Sequence

from workflows.core.markup import Element

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTE = {**_IN_TEXT, '"': "&quot;", "\n": "&#10;", "\t": "&#9;"}


def write_markup(
    root: Element,
    *,
    prefixes: Mapping[str, str],
    is_document: bool = True,
) -> str:
    """Return a tree as text, indented where no text stands between elements.

    `prefixes` names every namespace of the tree; they are declared on the root.
    A `document` begins with an XML declaration. Raises ValueError for a namespace
    without a prefix, and for a character that XML 1.0 cannot hold (clause 2.2).
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>'] if is_document else []
    declared = [
        (f"xmlns:{prefix}" if prefix else "xmlns", uri)
        for uri, prefix in prefixes.items()
    ]
    lines.extend(_lines(root, prefixes, declared, depth=0))
    return "\n".join(lines) + "\n"


def _lines(
    root: Element,
    prefixes: Mapping[str, str],
    declared: Sequence[tuple[str, str]],
    *,
    depth: int,
) -> Iterator[str]:
    name = _name(root.namespace, root.name, prefixes)
    attributes = [*declared, *_attributes(root, prefixes)]
    head = "".join(
        f' {key}="{_escaped(value, _IN_ATTRIBUTE)}"' for key, value in attributes
    )
    indent = "  " * depth
    if not root.children:
        text = _escaped(root.text, _IN_TEXT)
        closed = f">{text}</{name}>" if text else "/>"
        yield f"{indent}<{name}{head}{closed}"
        return
    # Text beside elements stays where a reader joins it again: at the front.
    yield f"{indent}<{name}{head}>{_escaped(root.text.strip(), _IN_TEXT)}"
    for child in root.children:
        yield from _lines(child, prefixes, (), depth=depth + 1)
    yield f"{indent}</{name}>"


def _attributes(
    element: Element, prefixes: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for key, value in element.attributes.items():
        uri, _, local = key.removeprefix("{").rpartition("}")
        yield _name(uri, local, prefixes, is_attribute=True), value


def _name(
    uri: str, local: str, prefixes: Mapping[str, str], *, is_attribute: bool = False
) -> str:
    if not uri:
        return local
    prefix = prefixes.get(uri)
    if prefix is None or (is_attribute and not prefix):
        raise ValueError(f"The namespace {uri} has no prefix to write {local!r} with.")
    return f"{prefix}:{local}" if prefix else local


def _escaped(text: str, table: Mapping[str, str]) -> str:
    if found := _ILLEGAL.search(text):
        raise ValueError(f"XML cannot hold the character {found[0]!r}.")
    return "".join(table.get(letter, letter) for letter in text)
