"""The diagram page draws every public model as the model and the given picture say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from lxml import etree
from playwright.sync_api import Browser

from tests.browser import open_chromium
from tests.conformance.bpmn.ink import Ink, likeness, measure
from tests.conformance.bpmn.models import (
    DI,
    ENGINE,
    MIWG,
    MODELS,
    name_of,
    needs_models,
    tree,
)
from tests.conformance.bpmn.page import Drawing, draw
from workflows.bpmn import show_bpmn

pytestmark = [
    needs_models,
    pytest.mark.e2e,
    pytest.mark.slow,
]

BOUNDS: Final = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
WAYPOINT: Final = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
SIDES: Final = ("x", "y", "width", "height")
# The public models reach 0.95 or more; with one shape out of place 0.75 at most.
ALIKE: Final = 0.85
# Painted lines are wider than the outlines they stand for.
BRUSH: Final = 4


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for these tests; it ends with them."""
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def given(browser: Browser) -> dict[str, Ink]:
    """Measure every given picture."""
    page = browser.new_page()
    return {
        name_of(path): measure(page, path.with_suffix(".png").read_bytes())
        for path in MIWG
    }


def _shown(path: Path) -> str:
    return show_bpmn(path.read_bytes(), source=path.name)


def _bounds(root: etree._Element) -> dict[str, dict[str, float]]:
    found = {}
    for shape in root.iter(f"{{{DI}}}BPMNShape"):
        bounds = shape.find(BOUNDS)
        assert bounds is not None
        name = shape.get("bpmnElement", "")
        found[name] = {side: float(bounds.get(side, "nan")) for side in SIDES}
    return found


def _waypoints(root: etree._Element) -> dict[str, list[dict[str, float]]]:
    return {
        edge.get("bpmnElement", ""): [
            {side: float(point.get(side, "nan")) for side in ("x", "y")}
            for point in edge.findall(WAYPOINT)
        ]
        for edge in root.iter(f"{{{DI}}}BPMNEdge")
    }


class Seen(NamedTuple):
    """What there is to see of a drawn model; `ink` of those with a given picture."""

    shapes: dict[str, dict[str, float]]
    painted: dict[str, dict[str, float]]
    lines: dict[str, list[dict[str, float]]]
    ink: Ink | None = None


def _look(drawing: Drawing, *, has_picture: bool = False) -> Seen:
    """Look at a drawing and close its page."""
    shapes, painted, lines = drawing.shapes(), drawing.on_paper(), drawing.lines()
    ink = measure(drawing.page, drawing.picture()) if has_picture else None
    drawing.page.close()
    return Seen(shapes, painted, lines, ink)


@pytest.fixture(scope="module")
def look(browser: Browser) -> Callable[[Path], Seen]:
    """Draw each model once, for all that is to be seen of it."""
    return cache(
        lambda path: _look(draw(browser, _shown(path)), has_picture=path in MIWG)
    )


def _assert_drawn(seen: Seen, root: etree._Element) -> None:
    shapes, painted, lines = seen.shapes, seen.painted, seen.lines
    wanted = _bounds(root)
    assert wanted.keys() - shapes.keys() == set()
    for name, bounds in wanted.items():
        # Whole units: the viewer rounds.
        assert shapes[name] == pytest.approx(bounds, abs=0.6), name
        assert painted[name] == pytest.approx(bounds, abs=BRUSH), name
    for name, points in _waypoints(root).items():
        assert len(lines[name]) == len(points)
        for point, drawn in zip(points, lines[name], strict=True):
            assert drawn == pytest.approx(point, abs=0.6), name


def _has_diagram(path: Path) -> bool:
    return next(tree(path.read_bytes()).iter(f"{{{DI}}}BPMNShape"), None) is not None


@pytest.mark.parametrize(
    "path", [one for one in MODELS if _has_diagram(one)], ids=name_of
)
def test_given_diagrams_are_drawn_where_the_model_puts_them(
    look: Callable[[Path], Seen], path: Path
) -> None:
    _assert_drawn(look(path), tree(path.read_bytes()))


@pytest.mark.parametrize(
    "path", [one for one in ENGINE if not _has_diagram(one)][::6], ids=name_of
)
def test_models_without_a_diagram_are_drawn_as_they_were_laid_out(
    browser: Browser, path: Path
) -> None:
    text = _shown(path)
    _assert_drawn(_look(draw(browser, text)), tree(text.encode()))


@pytest.mark.parametrize("path", MIWG, ids=name_of)
def test_drawing_looks_like_its_given_picture_and_like_no_other(
    look: Callable[[Path], Seen], given: dict[str, Ink], path: Path
) -> None:
    ours = look(path).ink
    assert ours is not None
    alike = {name for name, ink in given.items() if likeness(ours, ink) >= ALIKE}
    assert alike == {name_of(path)}


@pytest.mark.parametrize("path", MIWG, ids=name_of)
def test_drawing_with_one_shape_out_of_place_is_told_apart(
    browser: Browser, given: dict[str, Ink], path: Path
) -> None:
    root = tree(_shown(path).encode())
    tasks = {one.get("id") for one in root.iter() if str(one.tag).endswith("ask")}
    shapes = root.iter(f"{{{DI}}}BPMNShape")
    moved = next(one for one in shapes if one.get("bpmnElement") in tasks)
    bounds = moved.find(BOUNDS)
    assert bounds is not None
    bounds.set("y", str(float(bounds.get("y", "0")) + 90))
    drawing = draw(browser, etree.tostring(root, encoding="unicode"))
    ours = measure(drawing.page, drawing.picture())
    assert likeness(ours, given[name_of(path)]) < ALIKE
    drawing.page.close()


def test_model_with_colours_keeps_white_paper_in_the_dark(browser: Browser) -> None:
    papers = {}
    for name in ("C.1.0", "C.2.0"):
        (path,) = [one for one in MIWG if name_of(one) == name]
        drawing = draw(browser, _shown(path), theme="dark")
        papers[name] = drawing.page.evaluate(
            "getComputedStyle(document.querySelector('.diagram')).backgroundColor"
        )
        drawing.page.close()
    assert papers == {"C.1.0": "rgb(255, 255, 255)", "C.2.0": "rgb(22, 29, 39)"}
