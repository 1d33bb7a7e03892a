"""A version of a policy as pages draw it: matrix, rows, difference. No queries of its own."""

from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse

from review.core.policies import clock_policy
from review.core.policies.calendar_policy import to_days_off
from review.core.policies.grid_matrix import Cell, build_matrix
from review.core.policies.grid_table import GridBody, list_remarks, read_grid, to_dmn
from review.core.policies.ladder_policy import write_words
from review.core.states import PolicyKind
from review.dashboards.case import Case
from review.models import Policy
from review.operations.policies.policies import KINDS
from review.views.policies.calendar_preview import draw_week, list_days
from review.views.policies.policy_kinds import PAGES
from review.views.policies.policy_preview import TONES
from review.views.policies.two_persons import draw_lines
from review.views.processes.sheets import Sheet, build_sheet, find_record
from workflows.core.outline import read_outline

REVEALS: Final = {
    "assist": "model's view at once",
    "on request": "model's view on request",
    "verdict first": "model's view after the verdict",
}


def draw_policy(
    kind: PolicyKind, body: Mapping[str, Any], *, with_remarks: bool = True
) -> dict[str, Any]:
    """Return what shows a sound body: its rows, and for a grid its matrix."""
    rules = KINDS[kind]
    drawn: dict[str, Any] = {
        "heads": rules.list_heads(body),
        "lines": rules.list_lines(body),
        "is_prose": PAGES[kind].is_prose,
    }
    if kind is PolicyKind.CALENDAR:
        drawn["week"] = draw_week(body)
        drawn["own_days"] = list_days(to_days_off(body))
    grid = read_grid(body)[0] if kind is PolicyKind.GRID else None
    if grid is not None:
        drawn["matrix"] = draw_matrix(grid)
        drawn["sheet"] = draw_sheet(grid)
        drawn["remarks"] = (
            [said for _, said in list_remarks(grid)] if with_remarks else []
        )
    if kind is PolicyKind.CLOCKS:
        drawn["remarks"] = clock_policy.list_remarks(clock_policy.read_levels(body))
    if kind is PolicyKind.LADDER:
        drawn["words"] = write_words(body)
    return drawn


def draw_matrix(grid: GridBody) -> dict[str, Any]:
    """Return confidence by impact, each cell with its row, control and reveal mode."""
    found = build_matrix(grid)
    return {
        "impact": [band.label for band in found.impact],
        "rows": [
            {"label": band.label, "cells": [_cell(cell, grid) for cell in cells]}
            for band, cells in zip(found.confidence, found.cells, strict=True)
        ],
        "is_partial": found.is_partial,
    }


def draw_sheet(
    grid: GridBody, *, explanation: Mapping[str, Any] | None = None
) -> Sheet:
    """Return the grid as a decision table, lit where an evaluation is given."""
    outline = read_outline(to_dmn(grid).encode(), source="grid.dmn")
    logic = outline.decisions[0]
    assert logic.table is not None
    record = None
    if explanation:
        record = find_record(explanation, owner=logic.name, table=logic.table)
    return build_sheet(
        logic.table, caption="Rows of the grid", record=record, anchor="row"
    )


def draw_lit(case: Case) -> dict[str, Any] | None:
    """Return the queue's grid that sent a case to people, lit, or None."""
    pinned, explanation = case.why.get("grid_policy"), case.why.get("explanation")
    if not pinned or not explanation:
        return None
    policy = Policy.objects.filter(pk=pinned["id"]).first()
    grid = read_grid(policy.body)[0] if policy else None
    if grid is None:
        return None
    return {
        "sheet": draw_sheet(grid, explanation=explanation),
        "name": f"the queue's grid {pinned['version']}",
        "url": reverse("policy-detail", args=[pinned["id"]]),
    }


def draw_changes(
    kind: PolicyKind, old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """Return two versions line by line, in the newer one's order."""
    rules = KINDS[kind]
    heads = rules.list_heads(new)
    lost = [head for head in rules.list_heads(old) if head not in heads]
    drawn = draw_lines(
        heads,
        _aligned(kind, old, heads),
        _aligned(kind, new, heads),
        what=PAGES[kind].what,
    )
    return drawn | {
        "lost": f"No longer asked: {', '.join(lost)}." if lost else "",
        "is_prose": PAGES[kind].is_prose,
    }


def _aligned(kind: PolicyKind, body: Mapping[str, Any], heads: Any) -> list[Any]:
    """Return a body's lines with their cells under the heads of the newer version."""
    rules = KINDS[kind]
    own = list(rules.list_heads(body))
    places = [own.index(head) if head in own else None for head in heads]
    return [
        line._replace(cells=tuple("-" if n is None else line.cells[n] for n in places))
        for line in rules.list_lines(body)
    ]


def _cell(cell: Cell, grid: GridBody) -> dict[str, Any]:
    shows_reveal = cell.control in {"review", "dual"}
    return {
        "control": cell.control,
        "tone": TONES.get(cell.control, ""),
        "reveal": REVEALS.get(cell.reveal, "") if shows_reveal else "",
        "row": cell.row,
        "maybe": [
            {
                "row": number,
                "control": grid.rows[number - 1].control,
                "tone": TONES.get(grid.rows[number - 1].control, ""),
            }
            for number in cell.maybe
        ],
    }
