"""Laws of the layered drawing: nothing overlaps, streams run down, all is drawn."""

import random
from itertools import combinations

import pytest

from review.core.figures.flow_layout import GAP_X, HEIGHT, Drawing, lay_out


def graph(seed: int) -> tuple[list[str], dict[tuple[str, str], float]]:
    """Return a random graph with circles, loops and edges over many layers."""
    chance = random.Random(seed)  # noqa: S311
    nodes = [f"n{number}" for number in range(chance.randint(1, 14))]
    edges = {
        (chance.choice(nodes), chance.choice(nodes)): float(chance.randint(1, 99))
        for _ in range(chance.randint(0, 30))
    }
    return nodes, edges


def place(drawing: Drawing) -> dict[str, tuple[float, float]]:
    return {box.name: (box.x, box.y) for box in drawing.boxes}


@pytest.mark.parametrize("seed", range(25))
def test_boxes_stand_apart_and_inside_the_drawing(seed: int) -> None:
    drawing = lay_out(*graph(seed))
    for one, other in combinations(drawing.boxes, 2):
        beside = abs(one.x - other.x) >= one.width + GAP_X - 0.01
        assert beside or abs(one.y - other.y) >= HEIGHT
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= drawing.width
        assert box.y + box.height <= drawing.height


@pytest.mark.parametrize("seed", range(10))
def test_every_edge_is_drawn_once(seed: int) -> None:
    nodes, edges = graph(seed)
    assert sorted(line.pair for line in lay_out(nodes, edges).lines) == sorted(edges)


def test_chain_runs_down_in_one_column() -> None:
    edges = {("a", "b"): 1.0, ("b", "c"): 1.0}
    (ax, ay), (bx, by), (cx, cy) = (
        place(lay_out(["a", "b", "c"], edges))[name] for name in "abc"
    )
    assert ax == bx == cx
    assert ay < by < cy


def test_edge_that_leads_back_runs_up_however_heavy() -> None:
    at = place(lay_out(["a", "b"], {("a", "b"): 2.0, ("b", "a"): 9.0}))
    assert at["a"][1] < at["b"][1]


def test_edges_to_what_is_not_shown_are_left_out() -> None:
    drawing = lay_out(["a"], {("a", "gone"): 1.0, ("a", "a"): 3.0})
    assert [line.pair for line in drawing.lines] == [("a", "a")]
    assert lay_out([], {}).boxes == ()
