"""Paths of tiles, as c2sp.org/tlog-tiles writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.core.tiles import Tile, pack_entries, read_path, write_path


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(0, 999, 7), "0/999.p/7"),
        (Tile(1, 1000), "1/x001/000"),
        (Tile(0, 1234067), "0/x001/x234/067"),
        (Tile(63, 5, 255), "63/005.p/255"),
        (Tile(None, 1234), "entries/x001/234"),
    ],
)
def test_place_is_written_in_threes(tile: Tile, path: str) -> None:
    assert write_path(tile) == path
    assert read_path(path) == tile


@given(
    st.one_of(st.none(), st.integers(0, 63)),
    st.integers(0, 10**12),
    st.integers(1, 256),
)
def test_every_path_leads_back(level: int | None, place: int, width: int) -> None:
    tile = Tile(level, place, width)
    assert read_path(write_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/", "0/1", "0/0001", "00/000", "64/000", "-1/000", "x/000",
        "0/001/234", "0/x001", "0/x000/001", "0/000.p/0", "0/000.p/256", "0/000.p/07",
        "0/000.p/", "0/000/", "entries/000.P/1", "data/000", "0/000\n", "0/\u0660\u0660\u0660",
        "0/" + "x001/" * 7 + "001",
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused(path: str) -> None:
    assert read_path(path) is None


def test_only_what_a_tree_has_exists() -> None:
    size = 70_000  # the example of the specification
    assert [
        tile.exists(size)
        for tile in (
            Tile(0, 272), Tile(0, 273, 112), Tile(0, 273, 113), Tile(0, 273),
            Tile(1, 0), Tile(1, 1, 17), Tile(1, 1, 18), Tile(2, 0, 1), Tile(2, 0, 2),
            Tile(3, 0, 1), Tile(None, 273, 112), Tile(None, 273, 113),
        )
    ] == [True, True, False, False, True, True, False, True, False, False, True, False]  # fmt: skip


def test_entries_follow_their_lengths() -> None:
    assert pack_entries([b"ab", b"", b"x" * 300]) == (
        b"\x00\x02ab\x00\x00\x01\x2c" + b"x" * 300
    )
