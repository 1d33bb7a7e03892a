"""The supervisor, as a whole: one data directory through several lives."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from config.local.servers import PROJECT
from config.local.state import StackState
from tests.integration.local.conftest import Made
from tests.integration.local.running import (
    Running,
    clean_environment,
    copy_data,
    manage,
    running,
    wait_all_gone,
    wait_listens_to_sigterm,
)

# One stack lives, is killed and begins again through these tests, in their order.
pytestmark = pytest.mark.slow
# What the first start collected; later ones elsewhere need not collect it anew.
STATIC = ("countersign.json", "static", "static.digest")


def get(url: str) -> httpx.Response:
    """Fetch without the proxies this machine may be set to use."""
    return httpx.get(url, trust_env=False, timeout=60).raise_for_status()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "data"


@pytest.fixture(scope="module")
def stack(data: Path) -> Iterator[Running]:
    with running(data) as found:
        yield found


def test_site_is_ready_when_it_says_so(stack: Running) -> None:
    assert get(f"{stack.site}/readyz").json() == {
        "database": "ok",
        "migrations": "ok",
        "valkey": "ok",
        "anchors": "ok",
    }


def test_pages_are_served_with_hashed_static_files(stack: Running) -> None:
    page = get(f"{stack.site}/sign-in/").text
    path = next(w for w in page.split('"') if w.startswith("/static/css/"))
    answer = get(f"{stack.site}{path}")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.text


def test_second_start_leaves_the_first_alone(stack: Running) -> None:
    done = manage(stack.data, "up", "--port=0")
    assert done.returncode == 1
    assert f"process {stack.process.pid}, {stack.site}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert stack.process.poll() is None


def test_other_commands_join_as_the_application_role(stack: Running) -> None:
    before = StackState.read(stack.data / "stack.json")
    rights = "has_table_privilege('workflows_auditentry', 'DELETE')"
    ask = (
        "from django.db import connection; cursor = connection.cursor();"
        f'cursor.execute("SELECT current_user, {rights}"); print(cursor.fetchone())'
    )
    done = manage(stack.data, "shell", "-v0", "-c", ask)
    assert done.stdout.strip() == "('countersign_app', False)", done.stderr
    assert StackState.read(stack.data / "stack.json") == before


def test_files_of_the_stack_are_private(stack: Running) -> None:
    for name in ("secret_key", "stack.json", "lock"):
        mode = (stack.data / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600, name
    assert len((stack.data / "secret_key").read_text().strip()) >= 40


def test_only_migrations_hold_the_owners_address(stack: Running) -> None:
    state = StackState.read(stack.data / "stack.json")
    assert state is not None
    for name in ("web", "worker-1", "sweeper", "sealer"):
        environ = Path(f"/proc/{state.children[name].pid}/environ").read_bytes()
        assert b"DATABASE_URL=" in environ
        assert b"COUNTERSIGN_OWNER_DATABASE_URL" not in environ


def test_two_stacks_side_by_side_do_not_meet(
    made: Made, stack: Running, tmp_path: Path
) -> None:
    deep = tmp_path / "/".join(["a-rather-long-directory-name"] * 4) / "data"
    copy_data(made.data, deep)
    copy_data(stack.data, deep, *STATIC)
    with running(deep, COUNTERSIGN_ENV="test") as other:
        assert other.site != stack.site
        theirs = StackState.read(deep / "stack.json")
        ours = StackState.read(stack.data / "stack.json")
        assert theirs is not None
        assert ours is not None
        assert not set(theirs.urls.values()) & set(ours.urls.values())
        assert "Stopping." in other.end(signal.SIGINT)
    assert get(f"{stack.site}/livez").text == "ok\n"


@pytest.mark.parametrize("command", ["work", "sweep", "seal"])
def test_background_command_joins_and_ends_when_told(
    stack: Running, command: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "manage.py", command],
        cwd=PROJECT,
        env=clean_environment(stack.data),
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_listens_to_sigterm(process.pid)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told


def test_given_database_is_used_as_it_is(stack: Running, tmp_path: Path) -> None:
    state = StackState.read(stack.data / "stack.json")
    assert state is not None
    copy_data(stack.data, tmp_path / "data", *STATIC)
    given = {n: u for n, u in state.urls.items() if n != "REDIS_URL"}
    with running(tmp_path / "data", COUNTERSIGN_ENV="test", **given) as other:
        assert get(f"{other.site}/readyz").json()["database"] == "ok"
        theirs = StackState.read(other.data / "stack.json")
        assert theirs is not None
        assert set(theirs.urls) == {"REDIS_URL"}
        assert not (other.data / "postgres").exists()


def test_dead_child_is_started_again(stack: Running) -> None:
    state = StackState.read(stack.data / "stack.json")
    assert state is not None
    os.kill(state.children["sweeper"].pid, signal.SIGKILL)
    assert stack.read_line() == "sweeper ended (signal 9); starting it in 0.5 s."


def test_nothing_outlives_a_killed_supervisor(data: Path, stack: Running) -> None:
    processes = stack.descendants()
    assert len(processes) >= 6
    stack.end(signal.SIGKILL)
    assert wait_all_gone(processes) == []


@pytest.mark.usefixtures("stack")
def test_next_start_keeps_the_data_and_stops_in_order(data: Path) -> None:
    secret = (data / "secret_key").read_text()
    with running(data) as again:
        assert (data / "secret_key").read_text() == secret
        processes = again.descendants()
        assert again.end(signal.SIGTERM) == "Stopping.\n"
        assert again.process.returncode == 0
        assert wait_all_gone(processes) == []
        assert not (data / "stack.json").exists()
    log = (data / "logs" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


def test_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = manage(tmp_path / "data", "up", f"--port={port}")
    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: Port {port} on 127.0.0.1 cannot be used"
        " (Address already in use); choose another with --port.\n"
    )
