"""Hostile XML: nothing is expanded, fetched or read without bounds."""

import pytest

from workflows.xml import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, MarkupError, parse_xml

BOMB = (
    '<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;">]><a one="&c;">&c;</a>'
)
REFUSED = {
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "entity bomb": BOMB,
    "plain doctype": "<!DOCTYPE html><html/>",
    "lower case": "<!doctype html><html/>",
    "after a comment": '<?xml version="1.0"?><!-- <x> --> <?pi y?>\n<!DOCTYPE a><a/>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://x/">%p;]><a/>',
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_doctype_is_refused_in_every_encoding(text: str, encoding: str) -> None:
    with pytest.raises(MarkupError, match="DOCTYPE, which is refused"):
        parse_xml(text.encode(encoding), source="x.bpmn")


def test_doctype_is_found_where_it_stands() -> None:
    with pytest.raises(MarkupError) as caught:
        parse_xml(b"<!-- 1 -->\n\n<!DOCTYPE a>\n<a/>", source="x.bpmn")
    assert (caught.value.source, caught.value.line) == ("x.bpmn", 3)


def test_encoding_that_could_hide_a_doctype_is_refused() -> None:
    data = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4APA-a/+AD4-'
    with pytest.raises(MarkupError, match="encoding UTF-7 is not read"):
        parse_xml(data, source="x.bpmn")


def test_word_doctype_in_text_is_only_text() -> None:
    root = parse_xml(b"<a><![CDATA[<!DOCTYPE html>]]></a>", source="x.bpmn")
    assert root.text == "<!DOCTYPE html>"


def test_undeclared_entity_is_not_well_formed() -> None:
    with pytest.raises(MarkupError, match="not well formed"):
        parse_xml(b"<a>&x;</a>", source="x.bpmn")


def test_bounds_are_kept() -> None:
    deep = MAX_DEPTH + 1
    with pytest.raises(MarkupError, match="deeper than"):
        parse_xml(b"<a>" * deep + b"</a>" * deep, source="x.bpmn")
    with pytest.raises(MarkupError, match="elements"):
        parse_xml(b"<r>" + b"<a/>" * MAX_ELEMENTS + b"</r>", source="x.bpmn")
    with pytest.raises(MarkupError, match="bytes"):
        parse_xml(b" " * (MAX_BYTES + 1), source="x.bpmn")


def test_tree_keeps_names_lines_and_text() -> None:
    root = parse_xml(
        b'<a xmlns="urn:a" xmlns:b="urn:b" b:x="1" y=" 2 ">one<!-- c -->\n<b:c/>two</a>',
        source="x.bpmn",
    )
    assert (root.namespace, root.name, root.line) == ("urn:a", "a", 1)
    assert (root.get("{urn:b}x"), root.get("y"), root.get("z", "-")) == ("1", "2", "-")
    assert root.text == "one\ntwo"
    assert [(child.namespace, child.line) for child in root.children] == [("urn:b", 2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_declared_encoding_is_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>é</a>'
    assert parse_xml(text.encode(encoding), source="x.bpmn").text == "é"
