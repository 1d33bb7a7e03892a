"""Typed words leave the entries of cases; codes, ids and the engine's words stay."""

import hashlib
import itertools
from collections.abc import Callable

import pytest

from workflows.core.actors import ENGINE, Actor, person, token
from workflows.core.chain import MAX_ENTRY_BYTES, Draft, EntryTooLarge
from workflows.core.commitments import commit, stand_in
from workflows.core.typed import hide_typed, list_typed

ADA = person(person_id=7, name="Ada")
ROBOT = token(token_id=3, name="Robot")


def salts() -> Callable[[], bytes]:
    numbers = itertools.count()
    return lambda: hashlib.sha256(str(next(numbers)).encode()).digest()


def draft(
    detail: dict[str, object], *, actor: Actor = ADA, kind: str = "task.acted"
) -> Draft:
    return Draft(kind=kind, actor=actor, detail=detail)


@pytest.mark.parametrize(
    "actor", [ADA, ROBOT, ENGINE], ids=["person", "token", "engine"]
)
def test_typed_words_become_commitments_whoever_acts(actor: Actor) -> None:
    given = draft({"task": 4, "reason": "Zoe rang.", "to": "Bob"}, actor=actor)
    (made,), (opening,) = hide_typed([given], new_salt=salts())
    assert made.detail == {
        "task": 4,
        "reason": stand_in(opening.committed),
        "to": "Bob",
    }
    assert commit(opening.salt, "Zoe rang.") == opening.committed
    assert (opening.value, opening.place) == ("Zoe rang.", "reason of task.acted")
    assert given.detail["reason"] == "Zoe rang."  # the draft given stays as it is
    assert list_typed(made.detail) == [("reason", opening.committed)]


def test_equal_words_have_different_commitments() -> None:
    twice = [draft({"reason": "Late."}), draft({"reason": "Late.", "note": "Late."})]
    _, openings = hide_typed(twice, new_salt=salts())
    assert len({one.committed for one in openings}) == 3


def test_unlisted_words_of_a_person_are_taken_for_typed() -> None:
    given = [
        draft({
            "excuse": "Zoe rang.",
            "tags": ["Zoe"],
            "told": {"whom": "Zoe"},
            "n": 3,
        }),
        draft({"excuse": "timeout"}, actor=ENGINE),
    ]
    made, openings = hide_typed(given, new_salt=salts())
    assert [one.value for one in openings] == [
        "Zoe rang.", ["Zoe"], {"whom": "Zoe"},
    ]  # fmt: skip
    assert made[0].detail["n"] == 3
    assert made[1] is given[1]


@pytest.mark.parametrize(
    "given",
    [
        draft({"node": "review", "because": "lease lapsed"}, actor=ENGINE),
        draft({"reason": "", "ahead": True}),
        draft({"text": stand_in("ab" * 32)}),
        draft({"decision": "APPROVE", "reason_code": "OK"}),
        draft({"reason": "Request 17"}, kind="content.erased"),
    ],
    ids=["engine", "empty", "committed", "codes", "erasure"],
)
def test_what_is_no_typed_text_stays(given: Draft) -> None:
    drafts = [given]
    made, openings = hide_typed(drafts, new_salt=salts())
    assert made is drafts
    assert not openings


def test_words_that_no_entry_could_hold_are_refused() -> None:
    with pytest.raises(EntryTooLarge, match="say it shorter"):
        hide_typed([draft({"reason": "x" * MAX_ENTRY_BYTES})], new_salt=salts())
