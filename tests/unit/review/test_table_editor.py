"""The editor of a decision table: what its buttons do, and what a form may send."""

from review.forms.decision_tables import (
    MOST_COLUMNS,
    MOST_FIELDS,
    WINDOW,
    TableEditor,
    is_too_wide,
    read_posted,
    read_stored,
    window_size,
)
from workflows.core.dmn.editing import Input, Output, Rule, Sheet


def make(*, inputs: int = 2, rules: int = 3) -> Sheet:
    return Sheet(
        inputs=tuple(Input("", f"x{n}", origin=n) for n in range(inputs)),
        outputs=(Output("y", allowed="1,\n2", origin=0),),
        rules=tuple(
            Rule(tuple(f"{n}.{k}" for k in range(inputs)), (str(n),), origin=n)
            for n in range(rules)
        ),
    )


def edit(sheet: Sheet, *acts: str, first: int = 0) -> TableEditor:
    editor = read_stored(sheet, result="", first=first)
    for act in acts:
        assert editor.act(act)
    return editor


def test_what_is_opened_is_what_stands() -> None:
    sheet = make()
    assert edit(sheet).to_sheet(sheet) == sheet
    assert not edit(sheet).act("save")
    assert not edit(sheet).act("up-input-x")


def test_rules_are_added_copied_moved_and_taken_away() -> None:
    sheet = make()
    changed = edit(sheet, "copy-0", "down-0", "remove-3", "add").to_sheet(sheet)
    assert [(one.origin, one.tests) for one in changed.rules] == [
        (None, ("0.0", "0.1")),
        (0, ("0.0", "0.1")),
        (1, ("1.0", "1.1")),
        (None, ("-", "-")),
    ]
    for nothing in ("up-0", "down-9", "remove-9", "copy-9", "down-input-9"):
        assert edit(sheet, nothing).to_sheet(sheet) == sheet


def test_columns_take_their_cells_along_inside_the_window_and_outside() -> None:
    sheet = make(rules=WINDOW + 5)
    editor = edit(sheet, "up-input-1", "add-input", "remove-input-1", first=WINDOW)
    assert (editor.first, editor.last, len(editor.rows)) == (WINDOW, WINDOW + 5, 5)
    changed = editor.to_sheet(sheet)
    assert [one.expression for one in changed.inputs] == ["x1", ""]
    assert len(changed.rules) == WINDOW + 5
    for n in (0, WINDOW - 1, WINDOW, WINDOW + 4):
        assert changed.rules[n].tests == (f"{n}.1", "-")
    added = edit(sheet, "add-output").to_sheet(sheet)
    assert {one.results[1] for one in added.rules} == {""}


def test_a_place_is_taken_once_and_texts_of_several_lines_are_kept() -> None:
    sheet = make()
    typed = {"is": "2", "i0-from": "0", "i0-expression": "x0", "i1-from": "0"}
    typed |= {"os": "1", "o0-from": "0", "o0-name": "y", "o0-allowed": "1, 2"}
    typed |= {"rows": "3", "r0-from": "1", "r1-from": "1", "r2-from": "77"}
    typed |= {"r0-t0": " a\x0b\r\nb ", "first": "0", "last": "3", "turn": "4"}
    editor = read_posted(typed, sheet)
    changed = editor.to_sheet(sheet)
    assert [one.origin for one in changed.inputs] == [0, None]
    assert [one.origin for one in changed.rules] == [1, None, None]
    assert changed.rules[0].tests[0] == "a \nb"
    assert changed.outputs == sheet.outputs
    assert read_posted({"last": "9" * 12, "rows": "-1"}, sheet).rows == []


def test_a_page_never_sends_more_fields_than_are_read() -> None:
    for inputs in (1, 5, 20, MOST_COLUMNS - 1):
        sheet = make(inputs=inputs, rules=200)
        editor = edit(sheet, *["add-input"] * 10, *["add"] * 100)
        cells = len(editor.rows) * (len(editor.list_keys()) + 1)
        heads = 5 * len(editor.inputs) + 6 * len(editor.outputs)
        assert cells + heads + 30 <= MOST_FIELDS + 50
        assert "fewer rules are shown" in editor.refused
        assert window_size(sheet) <= WINDOW
    assert is_too_wide(make(inputs=MOST_COLUMNS))
    assert not is_too_wide(make(inputs=MOST_COLUMNS - 1))


def test_a_decision_is_let_ask_for_what_an_input_tests() -> None:
    sheet = make()
    editor = edit(sheet, "ask-0", "ask-0", "ask-9")
    editor.inputs[0] |= {"expression": "case.amount", "type": "number"}
    editor.act("ask-0")
    assert editor.asks == ["x0", "case"]
    assert [(one.name, one.type) for one in editor.list_asks()] == [
        ("x0", ""),
        ("case", ""),
    ]
