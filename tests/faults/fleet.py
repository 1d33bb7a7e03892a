"""A database, a broker and a fleet of worker processes that can be hurt. No tests."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import redis

from config.local.postgres import OWNER, Postgres
from config.local.processes import ProcessId, Program, stop
from tests.faults.nursery import Forked, Nursery
from tests.faults.wrongclocks import as_told_by, wrong_by
from tests.stack import Servers, adopt_template

ROOT: Final = Path(__file__).resolve().parents[2]
# A restart may forget nothing that was committed; only a power cut would.
DURABLE: Final = (
    "synchronous_commit=on",
    "fsync=off",
    "shared_buffers=64MB",
    "max_connections=250",  # a hundred at once, and the crew
)
CLOCK: Final = "database-clock"
FROZEN_SECONDS: Final = 4.0  # the lease of these tests' calls is 3
CREW: Final = {
    "engine-1": ("manage.py", "work"),
    "engine-2": ("manage.py", "work"),
    "services-1": ("manage.py", "work", "--queue", "services"),
    "services-2": ("manage.py", "work", "--queue", "services"),
    "sweeper": ("manage.py", "sweep", "--interval", "0.5"),
    "sealer": ("manage.py", "seal", "--interval", "0.5"),
}


@dataclass(slots=True)
class Fleet:
    """Servers and processes of one run; whoever dies is started again by `tend`."""

    folder: Path
    servers: Servers
    postgres: Postgres
    children: dict[str, subprocess.Popen[bytes] | Forked] = field(default_factory=dict)
    nursery: Nursery | None = None
    dealt: Counter[str] = field(default_factory=Counter)
    frozen: list[tuple[float, ProcessId]] = field(default_factory=list)
    crew: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(CREW))
    more_environment: dict[str, str] = field(default_factory=dict)
    clocks: dict[str, str] = field(default_factory=dict)
    """By how much the clocks of some programs are wrong: +1h, -1h."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.url(role=OWNER, database="postgres"),
            "REDIS_URL": f"unix://{self.folder}/valkey.sock?db=0",
            "COUNTERSIGN_ENV": "test",
            "COUNTERSIGN_DATA_DIR": str(self.folder / "data"),
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "FAULTS_FOLDER": str(self.folder),
            # Few at a time, so that a killed work-horse takes few with it.
            "COUNTERSIGN_SERVICE_CALLS": "20",
            "COUNTERSIGN_SERVICE_THREADS": "8",
            **self.more_environment,
        }

    def program(self, name: str, *command: str) -> Program:
        return Program(
            name=name,
            command=[sys.executable, *command],
            log=self.folder / f"{name}.log",
            environment={**self.environment, **self._clock(self.clocks.get(name))},
            directory=ROOT,
        )

    def start(self, program: Program) -> subprocess.Popen[bytes] | Forked:
        """Start a program: forked where there is a nursery and the clock is right."""
        if self.nursery and program.name not in self.clocks:
            return self.nursery.start(program)
        return program.start()

    def _clock(self, wrong: str | None) -> dict[str, str]:
        return wrong_by(wrong) if wrong else {}

    def run(self, *command: str, clock: str | None = None) -> str:
        """Run a command to its end, by a wrong clock if wanted; return what it printed."""
        if self.nursery and not clock:
            return self._run_forked(self.nursery, *command)
        done = subprocess.run(
            [sys.executable, *command],
            env={**self.environment, **self._clock(clock)},
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise AssertionError(f"{command} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _run_forked(self, nursery: Nursery, *command: str) -> str:
        program = self.program("run", *command)
        output = self.folder / "run.out"
        output.unlink(missing_ok=True)
        code = nursery.start(program.with_output(output)).wait()
        said = output.read_text()
        if code != 0:
            raise AssertionError(f"{command} failed:\n{said}{program.log.read_text()}")
        return said

    def tend(self) -> None:
        """Start every process of the crew that is not running."""
        for name, command in self.crew.items():
            child = self.children.get(name)
            if child is None or child.poll() is not None:
                program = self.program(name, *command)
                self.children[name] = self.start(program)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.postgres.connect() as connection:
            return connection.execute(sql).fetchall()

    def count(self, sql: str) -> int:
        ((count,),) = self.query(sql)
        return int(count)

    def set_database_clock(self, words: str) -> None:
        """Let the database's clock, a second from now at most, say something else."""
        (self.folder / CLOCK).write_text(f"{words}\n")

    # --- faults ---------------------------------------------------------------

    def kill_engine_worker(self, pick: random.Random) -> None:
        """SIGKILL a worker that advances instances in its own process."""
        self.children[pick.choice(["engine-1", "engine-2"])].kill()

    def kill_service_worker(self, pick: random.Random) -> None:
        """SIGKILL the parent only; its work-horse runs on as an orphan."""
        self.children[pick.choice(["services-1", "services-2"])].kill()

    def kill_work_horse(self, pick: random.Random) -> None:
        """SIGKILL a forked work-horse in the middle of its calls."""
        horses = self._horses()
        if horses:
            os.kill(pick.choice(horses), signal.SIGKILL)
        self.dealt["horses killed"] += bool(horses)

    def _horses(self) -> list[int]:
        """Return the work-horses that run; wait a while for the first one."""
        deadline = time.monotonic() + 5.0
        names = ("services-1", "services-2")
        while time.monotonic() < deadline:
            pids = [self.children[name].pid for name in names]
            if found := [horse for pid in pids for horse in children_of(pid)]:
                return found
            time.sleep(0.05)
        return []

    def freeze_work_horse(self, pick: random.Random) -> None:
        """SIGSTOP a work-horse until long after its leases have lapsed."""
        horses = self._horses()
        if horses:
            frozen = ProcessId.of(pick.choice(horses))
            frozen.send(signal.SIGSTOP)
            self.frozen.append((time.monotonic() + FROZEN_SECONDS, frozen))
        self.dealt["horses frozen"] += bool(horses)

    def thaw(self) -> None:
        """Let frozen work-horses go on whose time has come."""
        for when, horse in self.frozen:
            if time.monotonic() > when:
                horse.send(signal.SIGCONT)

    def kill_clockwork(self, pick: random.Random) -> None:
        """SIGKILL the sweeper or the sealer."""
        self.children[pick.choice(["sweeper", "sealer"])].kill()

    def restart_broker(self, _pick: random.Random) -> None:
        """SIGKILL Valkey, which keeps nothing, and start an empty one."""
        stop(self.children.pop("valkey"), signal.SIGKILL, seconds=10)
        time.sleep(0.3)
        self.start_broker()

    def flush_broker(self, _pick: random.Random) -> None:
        """Empty Valkey, and cut every connection to it."""
        broker = redis.Redis(unix_socket_path=str(self.folder / "valkey.sock"))
        broker.flushall()
        broker.client_kill_filter(_type="normal", skipme=True)
        broker.close()

    def restart_database(self, pick: random.Random) -> None:
        """Stop PostgreSQL, fast or as a crash does, and start it again."""
        how = pick.choice([signal.SIGINT, signal.SIGQUIT])
        stop(self.children.pop("postgres"), how, seconds=20)
        time.sleep(0.3)
        self.start_database()

    def make_database(self) -> None:
        """Copy the migrated database of the test run around us, or migrate a new one."""
        run = Servers.of_this_run()
        if run:
            run.copy_cluster(self.postgres)
            self.start_database()
            adopt_template(self.postgres)
            return
        self.postgres.initialise()
        self.start_database()
        self.run("manage.py", "migrate", "--no-input", "-v0")

    def start_broker(self) -> None:
        child = self.servers.valkey.program().start()
        self.children["valkey"] = child
        self.servers.valkey.wait_ready(child)

    def start_database(self) -> None:
        child = self.postgres.program().start()
        self.children["postgres"] = child
        self.postgres.wait_ready(child)


def children_of(pid: int) -> list[int]:
    """Return the direct child processes of a process that may have ended."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found.extend(int(word) for word in listing.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@contextmanager
def a_fleet(*, database_clock: str = "", forks: bool = False) -> Iterator[Fleet]:
    """Start servers of its own and migrate; end everything afterwards.

    With `forks` its programs are forked from one that has loaded them (nursery.py).

    `database_clock` is what the database's clock follows from its first moment on, as
    libfaketime reads it; `set_database_clock` says otherwise later.
    """
    folder = Path(tempfile.mkdtemp(prefix="countersign-faults-"))
    folder.chmod(0o755)
    servers = Servers(folder)
    postgres = replace(servers.postgres, options=DURABLE)
    if database_clock:
        (folder / CLOCK).write_text(f"{database_clock}\n")
        told = {**postgres.environment, **as_told_by(folder / CLOCK)}
        postgres = replace(postgres, environment=told)
    fleet = Fleet(folder, servers, postgres)
    try:
        fleet.postgres.sockets.mkdir(mode=0o700)
        fleet.postgres.privileges.give(fleet.postgres.sockets)
        if forks:
            fleet.nursery = Nursery.open(environment=fleet.environment, directory=ROOT)
        fleet.make_database()
        fleet.start_broker()
        yield fleet
    finally:
        orphans = [ProcessId.of(pid) for pid in _descendants(fleet)]
        for child in fleet.children.values():
            stop(child, signal.SIGKILL, seconds=10)
        for orphan in [*orphans, *(horse for _, horse in fleet.frozen)]:
            orphan.send(signal.SIGKILL)
        if fleet.nursery:
            fleet.nursery.close()
        shutil.rmtree(folder, ignore_errors=True)


def _descendants(fleet: Fleet) -> list[int]:
    return [pid for child in fleet.children.values() for pid in children_of(child.pid)]


Fault = Callable[[Fleet, random.Random], None]
FAULTS: Final[dict[str, Fault]] = {
    "engine worker killed": Fleet.kill_engine_worker,
    "service worker killed": Fleet.kill_service_worker,
    "work-horse killed": Fleet.kill_work_horse,
    "work-horse frozen": Fleet.freeze_work_horse,
    "clockwork killed": Fleet.kill_clockwork,
    "broker flushed": Fleet.flush_broker,
    "broker restarted": Fleet.restart_broker,
    "database restarted": Fleet.restart_database,
}
