"""Chains of entries: what links them and what finds that somebody was at them."""

import datetime as dt
import hashlib
import json
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.core.actors import ENGINE, Actor, person
from workflows.core.canonical import dumps
from workflows.core.chain import (
    GENESIS,
    MAX_ENTRY_BYTES,
    Draft,
    EntryTooLarge,
    Head,
    Row,
    format_time,
    link,
    verify_chain,
)

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
CHAIN = UUID("0197b3a0-0000-7000-8000-000000000001")
OTHER = UUID("0197b3a0-0000-7000-8000-000000000002")
ADA = person(person_id=42, name='Ada "Count\u00e9ss" \U0001f600')


def chain_of(count: int) -> list[Row]:
    drafts = [
        Draft(
            kind="step.completed",
            actor=ENGINE if number % 2 else ADA,
            detail={"node": f"n{number}", "amount": Decimal("12.50"), "ok": True},
            step_id=number if number % 3 else None,
            occurred_at=NOW - dt.timedelta(days=number) if number % 2 else None,
        )
        for number in range(count)
    ]
    return link(Head(CHAIN), drafts, now=NOW)


def codes(rows: list[Row], *, head: Head | None = None) -> set[str]:
    return {fault.code for fault in verify_chain(rows, head=head or Head(CHAIN))}


def test_entry_is_canonical_and_hashed() -> None:
    head = Head(CHAIN)
    (row,) = link(
        head,
        [Draft("task.claimed", ADA, {"b": 1, "a": [None]}, step_id=7, occurred_at=NOW)],
        now=NOW,
    )
    fields = json.loads(row.entry)
    assert fields == {
        "v": 1,
        "chain": str(CHAIN),
        "seq": 1,
        "prev": "0" * 64,
        "kind": "task.claimed",
        "actor": "person:42",
        "actor_name": ADA.name,
        "at": "2026-01-05T09:00:00.000000Z",
        "occurred_at": "2026-01-05T09:00:00.000000Z",
        "step": 7,
        "detail": {"a": [None], "b": 1},
    }
    assert dumps(fields) == row.entry
    assert row.hash == hashlib.sha256(row.entry.encode()).digest() == head.hash
    assert head.seq == 1


@given(
    kind=st.text(max_size=10),
    name=st.text(st.characters(codec="utf-8"), max_size=10),
    detail=st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers()),
    step_id=st.none() | st.integers(0, 2**40),
)
def test_entry_of_any_draft_is_canonical(
    kind: str, name: str, detail: dict[str, int], step_id: int | None
) -> None:
    actor = Actor(kind=ADA.kind, id="1", name=name)
    kind = kind.encode("utf-8", "replace").decode()
    rows = link(Head(CHAIN), [Draft(kind, actor, detail, step_id)], now=NOW)
    assert dumps(json.loads(rows[0].entry)) == rows[0].entry
    assert verify_chain(rows, head=Head(CHAIN)) == []


def test_second_link_goes_on_where_the_first_ended() -> None:
    head = Head(CHAIN)
    first = link(head, [Draft("a.b", ENGINE, {})], now=NOW)
    second = link(head, [Draft("a.c", ENGINE, {})], now=NOW)
    assert json.loads(second[0].entry)["prev"] == first[0].hash.hex()
    assert codes(first + second) == set()


def test_no_drafts_leave_the_head() -> None:
    head = Head(CHAIN)
    assert link(head, [], now=NOW) == []
    assert (head.seq, head.hash) == (0, GENESIS)


def test_refused_draft_leaves_the_head() -> None:
    head = Head(CHAIN)
    drafts = [Draft("a.b", ENGINE, {}), Draft("a.b", ENGINE, {"x": "y" * 70_000})]
    with pytest.raises(EntryTooLarge, match="name a digest"):
        link(head, drafts, now=NOW)
    assert (head.seq, head.hash) == (0, GENESIS)


def test_largest_entry_still_fits() -> None:
    (row,) = link(Head(CHAIN), [Draft("a.b", ENGINE, {"x": ""})], now=NOW)
    room = MAX_ENTRY_BYTES - len(row.entry)
    (row,) = link(Head(CHAIN), [Draft("a.b", ENGINE, {"x": "y" * room})], now=NOW)
    assert len(row.entry) == MAX_ENTRY_BYTES


def test_time_is_written_in_utc_with_microseconds() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    moment = dt.datetime(2026, 1, 5, 11, 0, 0, 120, tzinfo=zone)
    assert format_time(moment) == "2026-01-05T09:00:00.000120Z"
    with pytest.raises(ValueError, match="no time zone"):
        format_time(moment.replace(tzinfo=None))


def test_whole_chain_verifies_and_moves_the_head() -> None:
    rows, head = chain_of(7), Head(CHAIN)
    assert verify_chain(rows, head=head) == []
    assert (head.seq, head.hash) == (7, rows[-1].hash)


def test_every_single_byte_change_of_an_entry_is_found() -> None:
    rows = chain_of(3)
    data = rows[1].entry.encode()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        entry = bytes(changed).decode("utf-8", "surrogateescape")
        assert "hash" in codes([rows[0], rows[1]._replace(entry=entry), rows[2]])


@given(st.integers(0, 31), st.integers(1, 255))
def test_changed_hash_is_found(place: int, mask: int) -> None:
    rows = chain_of(3)
    changed = bytearray(rows[1].hash)
    changed[place] ^= mask
    found = codes([rows[0], rows[1]._replace(hash=bytes(changed)), rows[2]])
    assert {"hash", "prev"} <= found


def test_rewritten_entry_with_fitting_hash_breaks_the_next_link() -> None:
    rows = chain_of(3)
    entry = rows[1].entry.replace("n1", "n9")
    forged = rows[1]._replace(entry=entry, hash=hashlib.sha256(entry.encode()).digest())
    assert codes([rows[0], forged, rows[2]]) == {"prev"}


def test_dropped_entry_is_found() -> None:
    rows = chain_of(4)
    assert {"gap", "prev"} <= codes([rows[0], *rows[2:]])


def test_swapped_entries_are_found() -> None:
    first, second, third = chain_of(3)
    assert {"gap", "prev"} <= codes([second, first, third])


def test_entry_of_another_chain_is_found() -> None:
    assert {"column"} == codes(chain_of(2), head=Head(OTHER))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "x.y"},
        {"actor": "person:1"},
        {"at": NOW + dt.timedelta(microseconds=1)},
        {"occurred_at": NOW + dt.timedelta(days=9)},
        {"occurred_at": None},
        {"step_id": 99},
        {"step_id": None},
        {"chain": OTHER},
    ],
)
def test_column_that_says_other_than_the_entry_is_found(
    change: dict[str, object],
) -> None:
    rows = chain_of(3)
    faults = verify_chain(
        [rows[0], rows[1]._replace(**change), rows[2]],  # type: ignore[arg-type]
        head=Head(CHAIN),
    )
    assert [(fault.code, fault.seq) for fault in faults] == [("column", 2)]
    assert next(iter(change)) in faults[0].message


@pytest.mark.parametrize("entry", ["", "[]", "{", "1", '"x"', "[" * 100_000])
def test_text_that_is_no_entry_is_a_fault_not_an_error(entry: str) -> None:
    rows = chain_of(2)
    assert {"hash", "form"} <= codes([rows[0], rows[1]._replace(entry=entry)])
