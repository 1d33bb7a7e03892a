"""Whose a data directory is, and how its locks behave."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from config.local.datadir import FORMAT, STAMP, DataDirectory, FileLock
from config.local.errors import LocalStackError
from config.local.privileges import SAME_USER
from config.local.processes import ProcessId
from config.local.state import StackState


def claim(directory: DataDirectory) -> FileLock:
    lock = directory.claim()
    assert lock is not None
    return lock


def test_claim_makes_the_directory_and_keeps_others_out(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "new" / "data")
    lock = claim(directory)
    assert directory.claim() is None
    lock.release()
    claim(directory).release()


def test_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(LocalStackError, match="not a Countersign data directory"):
        DataDirectory(tmp_path).claim()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_keys_alone_do_not_make_it_foreign(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    claim(DataDirectory(tmp_path)).release()


def test_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(LocalStackError, match="cannot be used as data directory"):
        DataDirectory(tmp_path / "data").claim()


@pytest.mark.parametrize(
    ("stamp", "sentence"),
    [
        ({"format": FORMAT + 1, "postgres": 18}, "made by a newer Countersign"),
        ({"format": FORMAT, "postgres": 17}, "made with PostgreSQL 17, but this is 18"),
        ({"format": FORMAT}, "cannot be read as the stamp"),
        ([], "cannot be read as the stamp"),
    ],
)
def test_stamp_of_another_version_is_refused(
    tmp_path: Path, stamp: object, sentence: str
) -> None:
    (tmp_path / STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    with pytest.raises(LocalStackError, match=sentence):
        DataDirectory(tmp_path).check_stamp(postgres_major=18)


def test_stamp_is_written_once(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.check_stamp(postgres_major=18)
    written = (tmp_path / STAMP).read_text()
    directory.check_stamp(postgres_major=18)
    assert json.loads(written) == {"format": FORMAT, "postgres": 18}
    assert (tmp_path / STAMP).read_text() == written


def test_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.ensure_secret_key()
    key = (tmp_path / "secret_key").read_text()
    directory.ensure_secret_key()
    assert (tmp_path / "secret_key").read_text() == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("depth", [0, 60])
def test_socket_paths_are_short_however_deep_the_directory(
    tmp_path: Path, depth: int
) -> None:
    root = tmp_path.joinpath(*["deep"] * depth)
    root.mkdir(parents=True, exist_ok=True)
    sockets = DataDirectory(root).make_sockets(SAME_USER)
    try:
        assert len(os.fsencode(sockets / ".s.PGSQL.5432")) < 100
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        sockets.rmdir()


def test_sockets_never_go_where_others_may_enter(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o777)
    with pytest.raises(LocalStackError, match="mode 0700"):
        DataDirectory(tmp_path).make_sockets(SAME_USER)


def test_shared_locks_meet_and_exclusive_ones_do_not(tmp_path: Path) -> None:
    first, second, third = (FileLock(tmp_path / "lock") for _ in range(3))
    assert first.take(shared=True)
    assert second.take(shared=True)
    assert not third.take()
    first.release()
    second.release()
    assert third.take()


def test_state_survives_the_file(tmp_path: Path) -> None:
    state = StackState(
        owner=ProcessId.of(os.getpid()),
        command="manage.py up",
        children={"web": ProcessId(1, 2)},
        urls={"REDIS_URL": "unix:///x?db=0"},
        site="http://127.0.0.1:1",
    )
    state.write(tmp_path / "stack.json")
    assert StackState.read(tmp_path / "stack.json") == state


@pytest.mark.parametrize("text", ["", "{", "{}", '{"owner": 1}'])
def test_broken_state_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "stack.json").write_text(text)
    assert StackState.read(tmp_path / "stack.json") is None
