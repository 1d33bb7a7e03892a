"""An exported file gains ids and a diagram; every other byte stays."""

import pytest
from lxml import etree

from tests.unit.bpmn.models import HEAD, between, model
from workflows.bpmn import export_bpmn, read_bpmn
from workflows.core.bpmn.drawing import BPMNDI
from workflows.core.bpmn.problems import BpmnError
from workflows.xml import MAX_ELEMENTS, parse_xml

FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<!-- before -->
<?tool keep="this"?>
<b:definitions xmlns:b='http://www.omg.org/spec/BPMN/20100524/MODEL'
    xmlns:x="urn:somebody" targetNamespace="t"  x:made="yes">
  <b:process id="p" isExecutable="true" >
    <b:documentation><![CDATA[a < b & "c"]]></b:documentation>
    <b:extensionElements><x:thing>text <x:in/> tail</x:thing></b:extensionElements>
    <b:startEvent id="s"></b:startEvent>
    <b:sequenceFlow
        sourceRef='s' targetRef="e" x:note="a &gt; b&#10;c>d"/>
    <b:sequenceFlow id = "" sourceRef="s" targetRef="e"/>
    <b:endEvent id="e"/><!-- within -->
    <b:textAnnotation id="note"><b:text>Read &amp; weep</b:text></b:textAnnotation>
    <b:association sourceRef="e" targetRef="note"/>
  </b:process>
</b:definitions>
<!-- after -->
"""


def _diagrams(data: bytes) -> list[etree._Element]:
    return etree.fromstring(data).findall(f"{{{BPMNDI}}}BPMNDiagram")


def test_export_adds_ids_and_a_diagram_and_changes_no_other_byte() -> None:
    exported = export_bpmn(FOREIGN.encode(), source="f.bpmn").decode()
    drawn = exported[exported.index("<bpmndi:BPMNDiagram") :]
    drawn = drawn[: drawn.index("</b:definitions>")]
    rest = exported.replace(drawn, "")
    rest = rest.replace(' id="s--e"\n', "\n").replace('id = "s--e-2"', 'id = ""')
    assert rest.replace(' id="e--note"', "") == FOREIGN
    assert '<![CDATA[a < b & "c"]]>' in exported


def test_ids_are_those_that_the_reader_gives() -> None:
    data = FOREIGN.encode()
    (before,) = read_bpmn(data, source="f.bpmn")
    (after,) = read_bpmn(export_bpmn(data, source="f.bpmn"), source="f.bpmn")
    assert set(after.flows) == set(before.flows) == {"s--e", "s--e-2"}
    assert after.nodes["s"].flows_out == before.nodes["s"].flows_out


def test_name_of_a_flow_that_another_element_has_is_passed_over() -> None:
    body = (
        '<startEvent id="s"/><task id="s--e"/><endEvent id="e"/>'
        '<sequenceFlow sourceRef="s" targetRef="e"/>'
        '<sequenceFlow id="s--e-2" sourceRef="s" targetRef="s--e"/>'
        '<sequenceFlow id="z" sourceRef="s--e" targetRef="e"/>'
    )
    data = model(body)
    (before,) = read_bpmn(data, source="p.bpmn")
    (after,) = read_bpmn(export_bpmn(data, source="p.bpmn"), source="p.bpmn")
    assert set(after.flows) == set(before.flows) == {"s--e-2", "s--e-3", "z"}


def test_whole_file_is_exported_byte_for_byte() -> None:
    once = export_bpmn(model(between('<task id="n"/>')), source="p.bpmn")
    assert export_bpmn(once, source="p.bpmn") == once
    assert len(_diagrams(once)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_export_keeps_the_encoding(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    body = model(between('<task id="nä" name="Prüfen"/>')).decode()
    body = body.replace('"n"', '"nä"')
    text = f'<?xml version="1.0" encoding="{declared}"?>{body}'
    data = text.encode(encoding)
    exported = export_bpmn(data, source="p.bpmn")
    assert exported[:4] == data[:4]
    assert len(_diagrams(exported)) == 1
    assert 'bpmnElement="nä"' in exported.decode(encoding)
    (read,) = read_bpmn(exported, source="p.bpmn")
    assert read.nodes["nä"].name == "Prüfen"


def test_ids_that_the_encoding_lacks_are_written_as_references() -> None:
    text = (
        '<?xml version="1.0" encoding="us-ascii"?>'
        + model(between('<task id="n"/>')).decode().replace('"n"', '"&#228;"')
    ).encode("ascii")
    exported = export_bpmn(text, source="p.bpmn")
    assert b'bpmnElement="&#228;"' in exported
    assert len(_diagrams(exported)) == 1


def test_empty_diagram_comes_after_ours() -> None:
    empty = (
        f'<d:BPMNDiagram xmlns:d="{BPMNDI}" id="old"><d:BPMNPlane id="pl"/>'
        '</d:BPMNDiagram><relationship id="r" type="x"/></definitions>'
    )
    data = model(between('<task id="n"/>')).replace(b"</definitions>", empty.encode())
    first, second = _diagrams(export_bpmn(data, source="p.bpmn"))
    assert (first.get("id"), second.get("id")) == ("p_diagram", "old")


def test_file_with_a_diagram_keeps_it_as_it_is() -> None:
    once = export_bpmn(model(between('<task id="n"/>')), source="p.bpmn")
    partly = once.replace(b'bpmnElement="n"', b'bpmnElement="gone"')
    assert export_bpmn(partly, source="p.bpmn") == partly


def test_model_too_large_to_be_drawn_within_the_limit_is_not_drawn() -> None:
    tasks = "".join(f'<task id="t{n}"/>' for n in range(MAX_ELEMENTS // 3))
    data = model(tasks)
    exported = export_bpmn(data, source="p.bpmn")
    assert exported == data
    parse_xml(exported, source="p.bpmn")


def test_what_is_no_xml_is_refused() -> None:
    with pytest.raises(BpmnError, match="DOCTYPE"):
        export_bpmn(b"<!DOCTYPE a><a/>", source="p.bpmn")


def test_file_without_content_is_left_alone() -> None:
    data = f"{HEAD}</definitions>".encode()
    assert export_bpmn(data, source="p.bpmn") == data
    short = data.replace(b"></definitions>", b"/>")
    assert export_bpmn(short, source="p.bpmn") == short
