"""Commands without a running stack: their own servers, for as long as they run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.local.servers import PROJECT
from tests.integration.local.conftest import COUNT_PEOPLE, Made
from tests.integration.local.running import clean_environment, copy_data, manage

pytestmark = pytest.mark.slow


@pytest.fixture
def data(made: Made, tmp_path: Path) -> Path:
    return copy_data(made.data, tmp_path / "data")


def test_command_brings_a_migrated_database_and_takes_it_away(made: Made) -> None:
    done = made.done
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    assert not (made.data / "stack.json").exists()
    assert not (made.data / "postgres" / "postmaster.pid").exists()


def test_owner_waits_for_those_who_joined(data: Path) -> None:
    wait = "import sys; print('up', flush=True); sys.stdin.readline()"
    owner = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "-c", wait],
        cwd=PROJECT,
        env=clean_environment(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    with owner:
        assert owner.stdout.readline() == "up\n"
        joined = subprocess.Popen(
            [
                sys.executable,
                "manage.py",
                "shell",
                "-v0",
                "-c",
                f"{wait};{COUNT_PEOPLE}",
            ],
            cwd=PROJECT,
            env=clean_environment(data),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert joined.stdin is not None
        assert joined.stdout is not None
        with joined:
            assert joined.stdout.readline() == "up\n"
            owner.stdin.write("\n")
            owner.stdin.flush()
            with pytest.raises(subprocess.TimeoutExpired):
                owner.wait(1)
            joined.stdin.write("\n")
            joined.stdin.flush()
            assert joined.stdout.readline() == "0\n"
    assert (owner.returncode, joined.returncode) == (0, 0)


def test_command_without_need_starts_no_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for arguments in (["help"], ["migrate", "--help"]):
        assert manage(data, *arguments).returncode == 0
    assert not data.exists()


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("COUNTERSIGN_POSTGRES_BIN", "is not a program this machine can run"),
        ("COUNTERSIGN_VALKEY_BIN", "is not a program this machine can run"),
    ],
)
def test_missing_program_is_told_in_one_sentence(
    tmp_path: Path, variable: str, sentence: str
) -> None:
    done = manage(tmp_path / "data", "migrate", **{variable: str(tmp_path)})
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_newer_database_is_refused(data: Path) -> None:
    insert = (
        "from django.db.migrations.recorder import MigrationRecorder as R;"
        "from django.db import connection;"
        "R(connection).record_applied('review', '9999_from_the_future')"
    )
    made = manage(data, "shell", "-v0", "-c", insert, COUNTERSIGN_DATABASE_ROLE="owner")
    assert made.returncode == 0, made.stderr
    done = manage(data, "migrate")
    assert done.returncode == 1
    assert "made by a newer Countersign (it holds review.9999" in done.stderr
