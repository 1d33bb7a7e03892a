"""Programs of a fleet, forked from one process that has loaded them all. No tests.

To load the program takes longer than what most of a fleet's processes do before they
are killed. `-m tests.faults.nursery` loads it once, then reads one JSON object per line
and answers each with one. What it forks are processes as any others: of their own
session, environment and log, and gone for good when they are killed.
"""

from __future__ import annotations

import gc
import json
import os
import random
import runpy
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

from config.local.deathsig import die_with_parent
from config.local.processes import POLL_SECONDS, Program

LOADED: Final = (
    "workflows.management.commands.work",
    "workflows.management.commands.sweep",
    "workflows.management.commands.seal",
    "workflows.management.commands.verify_audit",
    "review.management.commands.export_evidence",
    "review.operations.verdicts.verdicts",
    "tests.factories.tasks",
)


@dataclass(slots=True)
class Nursery:
    """Starts programs by forking the one process that has loaded them."""

    program: subprocess.Popen[str]

    @classmethod
    def open(cls, *, environment: dict[str, str], directory: Path) -> Nursery:
        """Let the process load; it does while others go on."""
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", str(os.getpid())],
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return cls(program)

    def start(self, program: Program) -> Forked:
        """Fork a process that runs what the program says after `python`."""
        pid = self.ask(
            do="start",
            words=[*program.command[1:]],
            environment={**program.environment},
            log=str(program.log),
            output=str(program.output or program.log),
        )
        return Forked(self, pid)

    def ask(self, **wish: Any) -> Any:
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(json.dumps(wish) + "\n")
        self.program.stdin.flush()
        line = self.program.stdout.readline()
        assert line, "The process that forks the others has ended."
        return json.loads(line)

    def close(self) -> None:
        """End the process; all that it forked die with it."""
        self.program.kill()
        self.program.communicate()


@dataclass(slots=True)
class Forked:
    """A forked process, to be handled as what `Program.start` returns."""

    nursery: Nursery
    pid: int
    returncode: int | None = field(default=None)

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.nursery.ask(do="poll", pid=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(POLL_SECONDS)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _load() -> None:
    import django  # noqa: PLC0415  (this module is also imported where settings differ)

    django.setup()
    for name in LOADED:
        import_module(name)
    gc.collect()
    gc.freeze()


def _answer(wish: dict[str, Any]) -> int | None:
    """Fork, or tell how a child ended (as Popen does), None where it goes on."""
    if wish["do"] == "start":
        pid = os.fork()
        if pid == 0:
            _become(wish)
        return pid
    pid, status = os.waitpid(wish["pid"], os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _become(wish: dict[str, Any]) -> NoReturn:
    """Be the program that is wished for, from a state as after its own start."""
    try:
        parent = os.getppid()
        os.setsid()
        die_with_parent(signal.SIGKILL, parent=parent)
        _redirect(log=wish["log"], output=wish["output"])
        os.environ.clear()
        os.environ.update(wish["environment"])
        random.seed()
        _arm()
        _run(wish["words"])
    finally:
        # Whatever it was that ended the program, the loop above it is not its own.
        os._exit(_leave(sys.exception()))


def _run(words: list[str]) -> None:
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


def _leave(end: BaseException | None) -> int:
    """Say what ended a program, and return its exit code, as Python does."""
    code = end.code if isinstance(end, SystemExit) else int(end is not None)
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    elif end is not None and not isinstance(end, SystemExit):
        traceback.print_exception(end)
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def _arm() -> None:
    """Read the failpoints of this process anew: its parent had none."""
    from workflows import failpoints  # noqa: PLC0415  (needs no settings, but see above)

    failpoints.__dict__["_BORN"] = os.getpid()
    failpoints.__dict__["_armed"] = failpoints.read_armed(os.environ)


def _redirect(*, log: str, output: str) -> None:
    for target, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, output, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        (2, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    ):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, target)
        os.close(opened)


def main(parent: int) -> None:
    """Load everything, then fork and poll as asked."""
    die_with_parent(signal.SIGKILL, parent=parent)
    _load()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
