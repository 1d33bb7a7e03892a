"""Personal values: where they are carried, and entries without them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.bpmn.models import between, model
from workflows.bpmn import read_bpmn
from workflows.core.actors import ENGINE
from workflows.core.chain import Draft
from workflows.core.commitments import Path, commit, parse_path, read_stand_in
from workflows.core.engine.personal import (
    hide_words,
    holds_any,
    hush,
    list_needles,
    paths_at,
    read_paths,
    read_subject,
)

SECRET = bytes(32)
PATHS = (parse_path("person.name"), parse_path("people.*.born"))


def node_with(inside: str, *, words: str = "") -> Any:
    body = model(between(f'<userTask id="n">{inside}</userTask>'))
    body = body.replace(b'id="p"', b'id="p" ' + words.encode())
    (process,) = read_bpmn(body, source="p.bpmn")
    return process


def inputs(*pairs: tuple[str, str]) -> str:
    rows = "".join(f'<cs:input target="{a}" source="{b}"/>' for a, b in pairs)
    return f"<extensionElements>{rows}</extensionElements>"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], PATHS),
        ([("who", "person")], [("who", "name")]),
        ([("who", "person.name")], [("who",)]),
        ([("name", "person.name.first")], [("name",)]),
        ([("all", "people")], [("all", "*", "born")]),
        ([("size", "amount")], []),
        ([("title", "&quot;Mr &quot; + person.name")], [("title",)]),
        ([("n", "count(people)")], [("n",)]),
    ],
)
def test_mappings_carry_personal_values_to_their_targets(
    pairs: list[tuple[str, str]], expected: list[Path]
) -> None:
    node = node_with(inputs(*pairs) if pairs else "").nodes["n"]
    assert sorted(paths_at(node, PATHS)) == sorted(expected)
    assert paths_at(node, ()) == ()


def test_element_of_a_loop_is_personal_where_its_collection_is() -> None:
    loop = '<multiInstanceLoopCharacteristics cs:collection="people" cs:element="one"/>'
    node = node_with(inputs(("who", "one")) + loop).nodes["n"]
    assert paths_at(node, PATHS) == (("who", "born"),)


def test_process_tells_paths_and_the_rationale_of_its_tasks() -> None:
    process = node_with("", words='cs:personal="a.b, c.*" cs:subject="a.id"')
    assert read_paths(process) == (("a", "b"), ("c", "*"), ("n", "rationale"))
    assert read_paths(node_with("")) == ()
    for variables, expected in (
        ({"a": {"id": " X "}}, "X"),
        ({"a": {"id": 7}}, "7"),
        ({"a": {"id": True}}, ""),
        ({"a": 1}, ""),
        ({}, ""),
    ):
        assert read_subject(process, variables, business_key="K") == expected


def test_entries_say_nothing_personal_and_keep_what_opens_them() -> None:
    content = {"person": {"name": "Ada Lovelace"}, "people": [{"born": 1815}]}
    needles = list_needles([content], PATHS)
    detail = {
        "node": "n",
        "name": "Ada Lovelace",
        "shown": "a" * 64,
        "output": "b" * 64,
        "business_key": "Ada Lovelace / 7",
        "round": 1815,
        "why": {"policy": "loan 1", "reasons": ["born in 1815"], "answer": "review"},
        "explanation": {"inputs": {"name": "Ada Lovelace", "born": 1815, "n": 2}},
    }
    (made,), openings = hush(
        [Draft("task.opened", ENGINE, detail)], needles=needles, secret=SECRET
    )
    told: Any = made.detail
    assert told["name"] == "Ada Lovelace"  # the node's: the model's own word
    assert (told["shown"], told["round"], told["node"]) == ("a" * 64, 1815, "n")
    assert told["why"]["answer"] == "review"
    assert told["explanation"]["inputs"]["n"] == 2
    values = {one.committed: one.value for one in openings}
    hidden = [
        told["output"],
        told["business_key"],
        told["why"]["reasons"][0],
        told["explanation"]["inputs"]["name"],
        told["explanation"]["inputs"]["born"],
    ]
    assert [values[str(read_stand_in(one))] for one in hidden] == [
        "b" * 64,
        "Ada Lovelace / 7",
        "born in 1815",
        "Ada Lovelace",
        1815,
    ]
    assert all(commit(one.salt, one.value) == one.committed for one in openings)


def test_digest_of_all_variables_stays_in_entries_of_the_instance() -> None:
    draft = Draft("instance.completed", ENGINE, {"variables": "c" * 64})
    (made,), _ = hush([draft], needles=frozenset(), secret=SECRET)
    assert made.detail["variables"] == "c" * 64


def test_words_told_of_a_case_lose_values_and_keep_digests() -> None:
    told, openings = hide_words(
        {"title": "Loan for Ada Lovelace", "digest": "d" * 64, "impact": Decimal(5)},
        needles=frozenset({"Ada Lovelace"}),
        secret=SECRET,
    )
    assert told["digest"] == "d" * 64
    assert [one.value for one in openings] == ["Loan for Ada Lovelace"]


def test_short_values_are_found_as_whole_texts_only() -> None:
    assert holds_any("yes", ["yes"])
    assert not holds_any("yesterday", ["yes"])
    assert holds_any("Dear Anna,", ["Anna"])
