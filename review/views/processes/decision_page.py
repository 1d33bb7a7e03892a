"""The page of one decision: its table, versions beside it, needs, remarks, the form."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from review.dashboards.decisions import COUNTED, Hits
from review.forms.decisions import TryForm
from review.views.processes.sheets import Sheet as Drawn
from review.views.processes.sheets import build_sheet, find_record, write_json
from review.views.tasks.differences import diff_words
from workflows.core.outline import (
    Comparison,
    Logic,
    Question,
    Table,
    compare_tables,
    list_needed,
)
from workflows.operations import decisions
from workflows.operations.decisions import Remark, Sheet
from workflows.operations.definitions import Reference

KINDS: Final = {
    "input": "Input",
    "decision": "Decision",
    "knowledge": "Knowledge model",
}
SEVERITIES: Final = {"error": "bad", "warning": "warn", "info": "hold"}


@dataclasses.dataclass(frozen=True, slots=True)
class Lit:
    """An evaluation that the page shows: a stored one, or a trial of just now."""

    explanation: Mapping[str, Any]
    title: str
    url: str = ""
    link: str = ""
    answer: str = ""
    messages: Sequence[str] = ()
    is_trial: bool = False


def build_page(
    sheet: Sheet,
    *,
    lit: Lit | None,
    form: TryForm,
    hits: Mapping[tuple[str, str], Hits],
    compared: Sheet | None,
    versions: Sequence[Reference],
    keep: Mapping[str, str],
) -> dict[str, object]:
    """Return all that the decision's template shows.

    `keep` are the parameters that name the evaluation, for links that stay with it.
    """
    logic = sheet.logic
    remarks = _remarks(sheet)
    counted = max((one.evaluations for one in hits.values()), default=0)
    url = reverse("decision-detail", args=[sheet.definition.id, logic.id])
    return {
        "page_title": f"{logic.name} \N{MIDDLE DOT} {sheet.definition.version}",
        "definition": sheet.definition,
        "logic": logic,
        "source": sheet.outline.source,
        "form": form,
        "lit": lit,
        "outcome": _outcome(sheet, lit),
        "tables": [
            _draw(logic, table, lit=lit, hits=hits, remarks=remarks)
            for table in logic.tables
        ],
        "counted": f"{counted:,}" if counted else "",
        "is_capped": counted >= COUNTED,
        "remarks": remarks,
        "needs": _needs(sheet, lit=lit, keep=keep),
        "versions": _versions(sheet, versions, compared=compared, url=url),
        "comparison": _compare(sheet, compared, versions) if compared else None,
        "url": url,
    }


def read_given(lit: Lit | None, questions: Sequence[Question]) -> dict[str, str]:
    """Return the inputs of an evaluation as texts to fill the form with."""
    inputs = lit.explanation.get("inputs") if lit else None
    if not isinstance(inputs, Mapping):
        return {}
    found = {}
    for question in questions:
        value: Any = inputs
        for name in question.path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            is_word = isinstance(value, str) and question.type
            found[question.name] = value if is_word else write_json(value)
    return found


def decision_url(definition_id: int, decision: str, **query: object) -> str:
    """Return the address of a decision's page, with what it should light."""
    url = reverse("decision-detail", args=[definition_id, decision])
    return f"{url}?{urlencode(query)}" if query else url


def _draw(
    logic: Logic,
    table: Table,
    *,
    lit: Lit | None,
    hits: Mapping[tuple[str, str], Hits],
    remarks: Sequence[Mapping[str, Any]],
) -> Drawn:
    is_own = table is logic.table
    by_rule: dict[int, list[str]] = {}
    for remark in remarks:
        if remark["table_id"] == table.id:
            for rule in remark["rules"]:
                by_rule.setdefault(rule["number"], []).append(remark["anchor"])
    return build_sheet(
        table,
        caption=f"Rules of {logic.name}" if is_own else f"Table within {logic.name}",
        record=find_record(lit.explanation, owner=logic.name, table=table)
        if lit
        else None,
        hits=hits.get((logic.name, table.id)),
        remarks=by_rule,
        anchor=_anchor(logic.tables.index(table)),
    )


def _anchor(place: int) -> str:
    return f"rule-{place}" if place else "rule"


def _outcome(sheet: Sheet, lit: Lit | None) -> str:
    """Return what came out, as FEEL text; "" where a stored explanation lacks it."""
    if lit is None or lit.is_trial:
        return lit.answer if lit else ""
    if sheet.logic.table is None:
        return ""
    record = find_record(
        lit.explanation, owner=sheet.logic.name, table=sheet.logic.table
    )
    return write_json(record["value"]) if record and "value" in record else ""


def _remarks(sheet: Sheet) -> list[dict[str, Any]]:
    found = decisions.list_remarks(sheet.definition.id, sheet.outline.source)
    places = {table.id: place for place, table in enumerate(sheet.logic.tables)}
    return [
        _remark(one, number, anchor=_anchor(places[one.table_id]))
        for number, one in enumerate(found, 1)
        if one.table_id in places
    ]


def _remark(remark: Remark, number: int, *, anchor: str) -> dict[str, Any]:
    return {
        "anchor": f"remark-{number}",
        "table_id": remark.table_id,
        "code": remark.code.capitalize(),
        "tone": SEVERITIES.get(remark.severity, ""),
        "message": remark.message,
        "rules": [
            {"number": rule, "url": f"#{anchor}-{rule}"} for rule in remark.rules
        ],
    }


def _needs(
    sheet: Sheet, *, lit: Lit | None, keep: Mapping[str, str]
) -> list[dict[str, object]]:
    """Return what is worked out before the decision, in that order, and it last."""
    inputs = lit.explanation.get("inputs") if lit else None
    return [
        _need(sheet, one, lit=lit, keep=keep, inputs=inputs)
        for one in list_needed(sheet.outline, sheet.logic)
    ]


def _need(
    sheet: Sheet,
    item: Logic,
    *,
    lit: Lit | None,
    keep: Mapping[str, str],
    inputs: object,
) -> dict[str, object]:
    is_self = item.kind == sheet.logic.kind and item.id == sheet.logic.id
    is_other = item.kind == "decision" and not is_self
    value = ""
    if item.kind == "input" and isinstance(inputs, Mapping) and item.name in inputs:
        value = write_json(inputs[item.name])
    tables = item.tables if item.kind == "knowledge" else ()
    records = [
        find_record(lit.explanation, owner=item.name, table=table)
        for table in item.tables
        if lit
    ]
    record = next((one for one in records if one and "value" in one), None)
    if record is not None:
        value = write_json(record["value"])
    return {
        "kind": KINDS[item.kind],
        "name": item.name,
        "type": item.type,
        "is_self": is_self,
        "url": decision_url(sheet.definition.id, item.id, **keep) if is_other else "",
        "told": item.question or item.description,
        "text": item.text if item.kind == "knowledge" else "",
        "tables": [
            build_sheet(table, caption=f"Rules of {item.name}", anchor=f"of-{item.id}")
            for table in tables
        ],
        "value": value,
    }


def _versions(
    sheet: Sheet,
    versions: Sequence[Reference],
    *,
    compared: Sheet | None,
    url: str,
) -> list[dict[str, object]]:
    return [
        {
            "label": one.version,
            "is_self": one.id == sheet.definition.id,
            "is_compared": compared is not None and one.id == compared.definition.id,
            "url": f"{url}?{urlencode({'with': one.id})}#comparison",
        }
        for one in versions
    ]


def _compare(
    sheet: Sheet, other: Sheet, versions: Sequence[Reference]
) -> dict[str, object]:
    """Return both versions beside each other, the older one first."""
    order = [one.id for one in versions]
    pair = sorted((sheet, other), key=lambda one: -order.index(one.definition.id))
    old, new = pair
    result: dict[str, object] = {"old": old.definition, "new": new.definition}
    if old.logic.table and new.logic.table:
        found = compare_tables(old.logic.table, new.logic.table)
        sides = zip(("old", "new"), pair, (found.old, found.new), strict=True)
        drawn = {
            f"{name}_sheet": build_sheet(
                one.logic.table,
                caption=f"{one.logic.name} in {one.definition.version}",
                side=side,
                anchor=name,
            )
            for name, one, side in sides
            if one.logic.table
        }
        return {**result, **drawn, "said": _describe(found)}
    left, right = diff_words(_told(old.logic), _told(new.logic))
    is_same = _told(old.logic) == _told(new.logic)
    said = ["Nothing differs."] if is_same else []
    return {**result, "old_text": left, "new_text": right, "said": said}


def _told(logic: Logic) -> str:
    return f"a table of {len(logic.table.rules)} rules" if logic.table else logic.text


def _describe(found: Comparison) -> list[str]:
    if found.is_same:
        return ["Nothing differs."]
    counts = [
        (found.changed, "cell", "changed"),
        (found.added, "rule", "added"),
        (found.removed, "rule", "removed"),
        (found.moved, "rule", "moved"),
        (len(found.new.columns), "column", "added"),
        (len(found.old.columns), "column", "removed"),
    ]
    said = [
        f"{count} {what}{'' if count == 1 else 's'} {done}"
        for count, what, done in counts
        if count
    ]
    return [*([f"{', '.join(said)}."] if said else []), *found.other]
