"""Children: gone with their parent, told apart from strangers, ended in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.local.privileges import SAME_USER, Privileges, choose
from config.local.processes import LOG_BYTES, ProcessId, Program, last_lines, stop

FOREVER = "import time; time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"
# A parent that starts a Program, forks as RQ does, and tells both numbers.
PARENT = """
import os, sys, time
from pathlib import Path
from config.local.deathsig import bind_forks
from config.local.processes import Program
bind_forks()
child = Program(name="x", command=[sys.executable, "-c", {forever!r}],
                log=Path({log!r}), environment=dict(os.environ)).start()
fork = os.fork()
if not fork:
    os.setpgrp()
    time.sleep(600)
print(child.pid, fork, flush=True)
time.sleep(600)
"""


def start(tmp_path: Path, code: str) -> subprocess.Popen[bytes]:
    child = Program(
        name="child",
        command=[sys.executable, "-c", code],
        log=tmp_path / "child.log",
        environment=dict(os.environ),
    ).start()
    time.sleep(0.2)  # for the interpreter to come up
    return child


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a death")
def test_children_and_forks_die_with_a_killed_parent(tmp_path: Path) -> None:
    code = PARENT.format(forever=FOREVER, log=str(tmp_path / "log"))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        below = [ProcessId.of(int(pid)) for pid in parent.stdout.readline().split()]
        assert [process.is_alive() for process in below] == [True, True]
        parent.kill()
    assert all(process.wait_gone(seconds=30) for process in below)


def test_process_with_a_reused_number_counts_as_gone() -> None:
    ours = ProcessId.of(os.getpid())
    assert ours.is_alive()
    assert not ProcessId(ours.pid, ours.started + 1).is_alive()


def test_polite_child_is_not_killed(tmp_path: Path) -> None:
    child = start(tmp_path, FOREVER)
    assert stop(child, signal.SIGTERM, seconds=30)
    assert child.returncode == -signal.SIGTERM


def test_deaf_child_is_killed(tmp_path: Path) -> None:
    child = start(tmp_path, DEAF)
    assert not stop(child, signal.SIGTERM, seconds=0.2)
    assert child.returncode == -signal.SIGKILL


def test_words_go_to_the_log_and_output_elsewhere(tmp_path: Path) -> None:
    program = Program(
        name="speaker",
        command=[
            sys.executable,
            "-c",
            "import sys; print('result'); print('words', file=sys.stderr)",
        ],
        log=tmp_path / "speaker.log",
        environment=dict(os.environ),
    )
    assert program.with_output(tmp_path / "speaker.out").start().wait(30) == 0
    assert (tmp_path / "speaker.log").read_text() == "words\n"
    assert (tmp_path / "speaker.out").read_text() == "result\n"


def test_grown_log_is_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    log.write_bytes(b"x" * (LOG_BYTES + 1))
    stop(start(tmp_path, FOREVER), signal.SIGKILL, seconds=30)
    assert (tmp_path / "child.log.1").stat().st_size == LOG_BYTES + 1
    assert log.stat().st_size == 0


def test_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log) == ""
    log.write_text("\n".join(f"line {n}" for n in range(100)))
    assert last_lines(log, count=2) == "line 98\nline 99"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_steps_down_by_the_way_that_is_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert choose(reached=[Path("/usr/bin/env")]) == Privileges("nobody")
    assert choose(reached=[tmp_path / "data"]).mode == "namespace"


@pytest.mark.skipif(os.geteuid() == 0, reason="root has to step down")
def test_ordinary_user_stays_himself(tmp_path: Path) -> None:
    assert choose(reached=[tmp_path]) == SAME_USER


@pytest.mark.parametrize("mode", ["same", "nobody", "namespace"])
def test_child_is_never_root_after_stepping_down(tmp_path: Path, mode: str) -> None:
    if os.geteuid() != 0 and mode == "nobody":
        pytest.skip("only root may become another user")
    program = Program(
        name="who",
        command=["/usr/bin/id", "-u"],
        log=tmp_path / "log",
        environment={},
        privileges=Privileges(mode),  # type: ignore[arg-type]
    )
    assert program.start().wait(30) == 0
    uid = int((tmp_path / "log").read_text())
    assert uid == (os.geteuid() if mode == "same" else 65534)
