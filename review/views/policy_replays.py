"""Replay past work through a proposed policy and give its page the answer."""

from collections.abc import Mapping
from typing import Any

from review.core.grid_table import Grid, read_grid
from review.core.objectives import read_objectives
from review.core.rules import read_rules
from review.core.states import PolicyKind
from review.models import Queue
from review.operations.lane_previews import preview_routing
from review.operations.previews import preview_grid
from review.views.lane_preview import describe_lanes
from review.views.objective_bars import preview_objectives
from review.views.policy_preview import describe_preview


def replay(
    queue: Queue, kind: PolicyKind, body: Mapping[str, Any], *, weeks: int
) -> dict[str, Any]:
    """Return `preview` and the template that shows it; the body is sound."""
    if kind is PolicyKind.OBJECTIVES:
        return preview_objectives(queue, read_objectives(body), weeks=weeks)
    if kind is PolicyKind.ROUTING:
        lanes = preview_routing(queue=queue, proposed=read_rules(body), weeks=weeks)
        return {
            "preview": describe_lanes(lanes, queue=queue.key),
            "preview_template": "review/_policy_lanes.html",
            "preview_layout": "stack",  # lanes take the whole width
        }
    grid = read_grid(body)[0]
    assert grid is not None  # checked before
    found = preview_grid(queue=queue, proposed=Grid(grid), weeks=weeks)
    return {
        "preview": describe_preview(found),
        "preview_template": "review/_policy_preview.html",
    }
