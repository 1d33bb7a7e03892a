"""Start, watch and end child processes of the embedded stack."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

from config.local.deathsig import die_with_parent
from config.local.privileges import SAME_USER, Privileges

LOG_BYTES = 10 * 1024 * 1024
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process by number and start time, since numbers alone are used again.

    `started` is field 22 of /proc/PID/stat (clock ticks after boot; see proc(5)),
    0 where /proc does not exist.
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, _start_ticks(pid) or 0)

    def is_alive(self) -> bool:
        if not self.started:
            return _answers_to_signals(self.pid)
        return _start_ticks(self.pid) == self.started

    def send(self, signum: signal.Signals) -> None:
        if self.is_alive():
            os.kill(self.pid, signum)

    def wait_gone(self, *, seconds: float) -> bool:
        """Return whether the process, which need not be our child, ended in time."""
        deadline = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def _start_ticks(pid: int) -> int | None:
    """Return the start time of a process that is there and not a zombie, else None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold blanks; fields 3 and on follow the last ')'.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def _answers_to_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom, how to end it politely, and where its words go."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    privileges: Privileges = SAME_USER
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    directory: Path = Path("/")
    pass_fds: Sequence[int] = ()
    output: Path | None = None

    def with_output(self, path: Path) -> Program:
        """Return the same program with its standard output in a file of its own."""
        return replace(self, output=path)

    def with_environment(self, **variables: str) -> Program:
        """Return the same program with more variables."""
        return replace(self, environment={**self.environment, **variables})

    def start(self) -> subprocess.Popen[bytes]:
        """Start in a session of its own: Ctrl-C reaches the supervisor alone.

        Must be called from the main thread; see Note [death signal].
        """
        parent = os.getpid()
        enter_namespace = self.privileges.enter_namespace

        def before_exec() -> None:
            enter_namespace()
            die_with_parent(self.orphan_signal, parent=parent)

        options: dict[str, Any] = self.privileges.popen_options()
        with _open_log(self.log) as log, _open_log(self.output or self.log) as output:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=dict(self.environment),
                cwd=self.directory,
                start_new_session=True,
                pass_fds=self.pass_fds,
                preexec_fn=before_exec,  # noqa: PLW1509  (one thread; no locks taken)
                **options,
            )


class Child(Protocol):
    """A process that can be told to end: what `Program.start` returns."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def send_signal(self, sig: int) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


def stop(child: Child, signum: signal.Signals, *, seconds: float) -> bool:
    """End `child`; return False where it had to be killed after `seconds`."""
    return not stop_all({"": child}, signum, seconds=seconds)


def stop_all(
    children: Mapping[str, Child],
    signum: signal.Signals,
    *,
    seconds: float,
) -> list[str]:
    """End all children at once; return the names of those killed after `seconds`."""
    deadline = time.monotonic() + seconds
    killed = []
    for child in children.values():
        if child.poll() is None:
            child.send_signal(signum)
    for name, child in children.items():
        try:
            child.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # it leads a session of its own
            child.wait()
            killed.append(name)
    return killed


def _open_log(path: Path) -> Any:
    """Open for appending; a grown log is kept once under the name *.log.1."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def last_lines(path: Path, *, count: int = 8) -> str:
    """Return the end of a log for an error message; '' where there is none."""
    try:
        text = path.read_bytes()[-8192:].decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.strip().splitlines()[-count:])
