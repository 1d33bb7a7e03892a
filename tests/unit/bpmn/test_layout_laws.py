"""Laws of every drawing: nothing overlaps, everything is where it belongs."""

from collections.abc import Sequence
from itertools import combinations, pairwise

from hypothesis import given, settings

from tests.unit.bpmn.drawn_models import models
from workflows.core.bpmn.completion import complete
from workflows.core.bpmn.drawing import BPMNDI
from workflows.core.bpmn.layout import Diagram, lay_out
from workflows.core.bpmn.layout_model import Box, Item, Picture, Scope, read_pictures
from workflows.core.markup import Element

Drawn = list[tuple[Picture, Diagram]]


def _scopes(picture: Picture) -> list[Scope]:
    tops = [pool.scope for pool in picture.pools if pool.scope]
    tops += [picture.bare] if picture.bare else []
    return [scope for top in tops for scope in top.walk()]


def _contains(outer: Box, inner: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def _hull(item: Item, diagram: Diagram) -> list[Box]:
    """Return what an item covers: itself, with what is attached to it."""
    return [diagram.boxes[one.id] for one in (item, *item.attached)]


def shapes_of_one_scope_never_overlap(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        for scope in _scopes(picture):
            for one, other in combinations(scope.items, 2):
                for box in _hull(one, diagram):
                    for another in _hull(other, diagram):
                        assert not box.overlaps(another), (one.id, other.id)


def pools_and_lanes_of_one_level_never_overlap(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        for one, other in combinations(picture.pools, 2):
            assert not diagram.boxes[one.id].overlaps(diagram.boxes[other.id])
        for scope in _scopes(picture):
            for lane, next_lane in pairwise(scope.lanes):
                assert not diagram.boxes[lane.id].overlaps(diagram.boxes[next_lane.id])


def content_lies_within_its_sub_process_and_pool(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        holders = [(pool.id, pool.scope) for pool in picture.pools]
        for scope in _scopes(picture):
            holders.extend((item.id, item.content) for item in scope.items)
        for holder, content in holders:
            for inner in content.items if content else ():
                for box in _hull(inner, diagram):
                    assert _contains(diagram.boxes[holder], box)


def members_lie_within_their_lane(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        for scope in _scopes(picture):
            nodes = {item.id for item in scope.items if not item.is_artifact}
            for lane in scope.lanes:
                for name in lane.members & nodes:
                    assert _contains(diagram.boxes[lane.id], diagram.boxes[name])


def every_flow_is_drawn_with_right_angles(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        for scope in _scopes(picture):
            for link in scope.links:
                points = diagram.lines[link.id]
                assert len(points) >= 2
                if link.is_flow:
                    for one, other in pairwise(points):
                        assert (one.x == other.x) != (one.y == other.y)
        for link in picture.links:
            assert len(diagram.lines[link.id]) >= 2


def flows_begin_and_end_on_their_shapes(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        for scope in _scopes(picture):
            for link in scope.links:
                if not link.is_flow:
                    continue
                points = diagram.lines[link.id]
                for name, point in (
                    (link.source, points[0]),
                    (link.target, points[-1]),
                ):
                    box = diagram.boxes[name]
                    is_level = point.x in {box.x, box.right}
                    is_upright = point.y in {box.y, box.bottom}
                    assert is_level or is_upright, (link, point, box)
                    assert box.x <= point.x <= box.right
                    assert box.y <= point.y <= box.bottom


def flows_pass_through_no_shape_of_their_scope(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        for scope in _scopes(picture):
            for link in scope.links:
                points = diagram.lines[link.id] if link.is_flow else ()
                for one, other in pairwise(points):
                    stretch = Box(
                        min(one.x, other.x),
                        min(one.y, other.y),
                        max(1, abs(one.x - other.x)),
                        max(1, abs(one.y - other.y)),
                    )
                    for item in scope.items:
                        inner = diagram.boxes[item.id]
                        core = Box(
                            inner.x + 1, inner.y + 1, inner.width - 2, inner.height - 2
                        )
                        assert not stretch.overlaps(core), (link, item.id)


def boundary_events_sit_on_the_border_of_their_host(drawn: Drawn) -> None:
    for picture, diagram in drawn:
        for scope in _scopes(picture):
            for item in scope.items:
                host = diagram.boxes[item.id]
                for event in item.attached:
                    middle = diagram.boxes[event.id].centre
                    assert middle.y == host.bottom
                    assert host.x < middle.x < host.right


LAWS = (
    shapes_of_one_scope_never_overlap,
    pools_and_lanes_of_one_level_never_overlap,
    content_lies_within_its_sub_process_and_pool,
    members_lie_within_their_lane,
    every_flow_is_drawn_with_right_angles,
    flows_begin_and_end_on_their_shapes,
    flows_pass_through_no_shape_of_their_scope,
    boundary_events_sit_on_the_border_of_their_host,
)


@settings(max_examples=80, deadline=None)
@given(models())
def test_every_drawing_keeps_all_laws(model: Element) -> None:
    diagrams = lay_out(model)
    drawn = list(zip(read_pictures(model), diagrams, strict=True))
    for law in LAWS:
        law(drawn)
    assert lay_out(model) == diagrams  # the same model is drawn the same way
    every_shape_and_line_becomes_one_element(complete(model), diagrams)


def every_shape_and_line_becomes_one_element(
    completed: Element, diagrams: Sequence[Diagram]
) -> None:
    drawn = [one for one in completed.walk() if one.namespace == BPMNDI]
    named = [one.get("bpmnElement") for one in drawn if one.name.startswith("BPMN")]
    shown = [name for name in named if name]
    expected = [
        name
        for diagram in diagrams
        for name in (diagram.root, *diagram.boxes, *diagram.lines)
    ]
    assert sorted(shown) == sorted(expected)
    ids = [one.get("id") for one in completed.walk() if one.get("id")]
    assert len(ids) == len(set(ids))
