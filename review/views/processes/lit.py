"""A stored evaluation as the lit table, for pages of tasks and instances."""

from typing import Any

from review.dashboards.case import Case
from review.views.policies.policy_sheet import draw_lit
from review.views.processes.decision_page import decision_url
from review.views.processes.sheets import Sheet, build_sheet, find_record
from workflows.core.bpmn.graph import NodeKind
from workflows.operations import decisions, definitions


def build_lit_grid(case: Case) -> dict[str, Any] | None:
    """Return the table that sent a case to people, lit, or None where none did."""
    if case.why.get("grid_policy"):
        return draw_lit(case)
    grid, explanation = case.why.get("grid"), case.why.get("explanation")
    if not grid or not explanation:
        return None
    definition_id = case.row.definition_id
    found = decisions.find_sheet(definition_id=definition_id, decision=str(grid))
    if found is None or found.logic.table is None:
        return None
    logic, table = found.logic, found.logic.table
    sheet: Sheet = build_sheet(
        table,
        caption=f"Rules of {logic.name}",
        record=find_record(explanation, owner=logic.name, table=table),
    )
    return {
        "sheet": sheet,
        "name": logic.name,
        "url": decision_url(definition_id, logic.id, explain=case.row.id),
    }


def step_decision_url(instance: Any, step: Any) -> str:
    """Return where a step's decision is explained; "" for a step that made none."""
    if step.kind != NodeKind.BUSINESS_RULE_TASK or step.state != "COMPLETED":
        return ""
    process = definitions.compiled(instance.definition_id).processes.get(
        instance.process_id
    )
    node = process.nodes.get(step.node_id) if process else None
    if node is None or not node.decision:
        return ""
    return decision_url(instance.definition_id, node.decision, step=step.id)
