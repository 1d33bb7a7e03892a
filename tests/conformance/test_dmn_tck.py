"""The public DMN conformance kit, where it lies beside the repository."""

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conformance.dmn_tck import evaluate

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "conformance"
KIT = FOLDER / "dmn_tck"


@functools.cache
def _kit_reader() -> ModuleType:
    """The kit's own reader and comparison, loaded from its folder."""
    spec = importlib.util.spec_from_file_location("tckdata", FOLDER / "tckdata.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tckdata"] = module
    spec.loader.exec_module(module)
    return module


def _folders() -> list[str]:
    return sorted(path.name for path in KIT.glob("compliance-level-*/*"))


@pytest.mark.skipif(not KIT.is_dir(), reason=f"the conformance kit is not at {KIT}")
def test_the_kit_is_whole() -> None:
    assert sum(1 for _ in _kit_reader().load_cases(KIT)) == 630


@pytest.mark.parametrize(
    "folder",
    _folders() or [pytest.param("", marks=pytest.mark.skip(reason=f"no kit at {KIT}"))],
)
def test_folder_of_the_kit(folder: str) -> None:
    kit = _kit_reader()
    wrong: list[str] = []
    for case in kit.load_cases(KIT, include={folder}):
        for node in case.results:
            given = dict(case.inputs)
            got = evaluate(
                case.model, node.name, given, kind=case.kind, service=case.invocable
            )
            if not kit.same(node.expected, got):
                wrong.append(f"{case.case_id}: wanted {node.expected!r}, got {got!r}")
    assert wrong == []
