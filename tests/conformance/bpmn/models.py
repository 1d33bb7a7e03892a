"""The public BPMN models beside the repository, and how they compare."""

from pathlib import Path
from typing import Final

import pytest
from lxml import etree

FOLDER: Final = Path(__file__).resolve().parents[4] / "shared" / "conformance"
MIWG: Final = sorted((FOLDER / "bpmn_miwg").glob("*.bpmn"))
ENGINE: Final = sorted((FOLDER / "bpmn_models").rglob("*.bpmn*"))
MODELS: Final = [*MIWG, *ENGINE]

REASON: Final = f"the public models are not at {FOLDER}"
needs_models = pytest.mark.skipif(not MODELS, reason=REASON)

DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def name_of(path: Path) -> str:
    """Return what the tables of these tests call a model."""
    return path.name.removesuffix(".xml").removesuffix(".bpmn20").removesuffix(".bpmn")


def tree(data: bytes) -> etree._Element:
    """Return a file's tree with comments, instructions and CDATA kept."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, strip_cdata=False)
    return etree.fromstring(data, parser)


def canonical(root: etree._Element) -> bytes:
    """Return canonical XML (C14N 1.0 with comments): what a parser can tell apart."""
    written: bytes = etree.tostring(root.getroottree(), method="c14n")
    return written


def diagrams(root: etree._Element) -> list[bytes]:
    """Return the diagrams of a file in canonical form."""
    found = root.findall(f"{{{DI}}}BPMNDiagram")
    return [etree.tostring(one, method="c14n", with_tail=False) for one in found]
