"""Rows of steps: turns, depth, and what the picture counts."""

import datetime as dt
import json
from types import SimpleNamespace

from review.views.instances.steps import build_step_rows

NOW = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)


def step(number: int, *, scope: int | None = None, **words: object) -> SimpleNamespace:
    data = words.pop("data", {})
    values = {
        "node_id": "check",
        "kind": "userTask",
        "name": "Check",
        "state": "WAITING",
        "attempt": 0,
        "error": "",
        "started_at": NOW,
        "ended_at": None,
        "task_id": None,
        **words,
    }
    return SimpleNamespace(id=number, scope_id=scope, data=json.dumps(data), **values)


def test_turns_say_over_what_and_their_body_how_many_are_done() -> None:
    rows = build_step_rows(
        [
            step(1, data={"loop": {"n": 2, "done": 1, "next": 2}}),
            step(
                2, scope=1, data={"index": 0, "vars": {"loopCounter": 1, "who": "A."}}
            ),
            step(3, scope=1, data={"index": 1, "vars": {"loopCounter": 2}}),
        ],
        now=NOW,
        zone=dt.UTC,
    )
    assert [row["turn"] for row in rows] == [
        "1 of 2 done",
        "turn 1 · who: A.",
        "turn 2",
    ]
    assert [row["depth"] for row in rows] == [0, 1, 1]
    assert [row["count"] for row in rows] == ["2", "", ""]


def test_what_is_taken_back_says_so_and_counts_only_while_it_lives() -> None:
    done = step(1, state="COMPLETED", data={"undoes": 9})
    (row,) = build_step_rows([done], now=NOW, zone=dt.UTC)
    assert (row["turn"], row["count"]) == ("takes back", "")
