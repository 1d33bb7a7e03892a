"""Run the real stack in processes of its own, as a person at a terminal would."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.local.processes import ProcessId
from config.local.servers import PROJECT

SECONDS = 120


def clean_environment(data: Path, **extra: str) -> dict[str, str]:
    """Return our environment without what points the tests at their servers."""
    ours = ("COUNTERSIGN_", "DATABASE_URL", "REDIS_URL", "PYTEST_", "COV_")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(ours)}
    return kept | {"COUNTERSIGN_DATA_DIR": str(data)} | extra


def manage(
    data: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one management command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=clean_environment(data, **environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def copy_data(at_rest: Path, to: Path, *names: str) -> Path:
    """Copy a data directory that nobody uses, or of one in use what is named."""
    if not names:
        shutil.copytree(at_rest, to)
    for name in names:
        to.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (at_rest / name).is_dir() else shutil.copy2
        copy(at_rest / name, to / name)
    return to


@dataclass(slots=True)
class Running:
    """A supervisor that has said READY."""

    process: subprocess.Popen[str]
    data: Path
    site: str

    def descendants(self) -> list[ProcessId]:
        """Return all processes below the supervisor, however they were started."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                parent = _parent(entry)
                children.setdefault(parent, []).append(int(entry.name))
        found, todo = [], [self.process.pid]
        while todo:
            below = children.get(todo.pop(), [])
            found += [ProcessId.of(pid) for pid in below]
            todo += below
        return found

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, signum: signal.Signals) -> str:
        """Send `signum` to the supervisor; return what it still had to say."""
        self.process.send_signal(signum)
        return self.process.communicate(timeout=SECONDS)[0]


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1


def wait_all_gone(processes: list[ProcessId]) -> list[ProcessId]:
    """Return the processes that are still there after a while."""
    deadline = time.monotonic() + SECONDS
    left = processes
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [process for process in left if process.is_alive()]
    return left


def wait_listens_to_sigterm(pid: int) -> None:
    """Return once the process has set a handler (SigCgt of proc_pid_status(5))."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        if caught & 1 << (signal.SIGTERM - 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"Process {pid} does not listen to SIGTERM.")


@contextmanager
def running(data: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    """Run `manage.py up` on any free port; end it with the block if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port=0", "--workers=1", *arguments],
        cwd=PROJECT,
        env=clean_environment(data, **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        ready = re.fullmatch(r"READY (http://127\.0\.0\.1:\d+)\n", line)
        assert ready, line + process.communicate(timeout=SECONDS)[0]
        yield Running(process, data, ready.group(1))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=SECONDS)
