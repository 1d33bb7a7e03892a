"""`manage.py up`: the whole stack as one process tree that ends with its root."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from config.local.datadir import DataDirectory, write_whole
from config.local.errors import LocalStackError
from config.local.processes import POLL_SECONDS, Program, last_lines, stop_all
from config.local.restarts import DEATHS_GIVEN_UP, WINDOW_SECONDS, Restarts
from config.local.servers import PROJECT, EmbeddedServers, describe_holder

STOP_SECONDS = 12
READY_SECONDS = 120
WATCH_SECONDS = 0.2
WEB_POOL = 8
SERVERS = ("postgres", "valkey")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequested(Exception):
    """SIGINT or SIGTERM came; raised in the main thread wherever it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `up` was asked for.

    `migrations` are all (application, name) on disk; `static_digest` changes when a
    static file does; `probe_host` is a host name the site answers to.
    """

    directory: DataDirectory
    port: int
    workers: int
    demo: bool
    migrations: frozenset[tuple[str, str]]
    static_digest: str
    static_root: Path
    probe_host: str
    environment: Mapping[str, str]


@dataclass(slots=True)
class Supervisor:
    """Runs a Plan; `say` takes the lines meant for the person at the terminal."""

    plan: Plan
    say: Callable[[str], None]
    _servers: EmbeddedServers = field(init=False)
    _environment: dict[str, str] = field(init=False)
    _restarts: dict[str, Restarts] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._servers = EmbeddedServers(
            self.plan.directory, self.plan.environment, command="manage.py up"
        )
        self._environment = {
            **self.plan.environment,
            "COUNTERSIGN_DATA_DIR": str(self.plan.directory.root),
            "COUNTERSIGN_SUPERVISOR": str(os.getpid()),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self) -> None:
        """Start everything, watch it, and stop it in order when told to.

        Raises LocalStackError where something cannot start or does not stay up.
        """
        directory = self.plan.directory
        lock = directory.claim()
        if lock is None:
            raise LocalStackError(
                f"{directory.root} is in use by {describe_holder(directory)}; stop it,"
                " or choose another directory with --data-dir."
            )
        listener = _listen(self.plan.port)
        for signum in STOP_SIGNALS:
            signal.signal(signum, _request_stop)
        try:
            self._start(listener)
            self._watch()
        except StopRequested:
            self.say("Stopping.")
        finally:
            for signum in STOP_SIGNALS:
                signal.signal(signum, signal.SIG_IGN)
            self._stop()
            lock.release()

    # -- Start -------------------------------------------------------------------------

    def _start(self, listener: socket.socket) -> None:
        """Start in the order of need; what is independent runs side by side."""
        host, port = listener.getsockname()
        self._environment.setdefault(
            "COUNTERSIGN_ORIGINS", f"http://{host}:{port},http://localhost:{port}"
        )
        self._servers.prepare()
        collecting = self._begin_collectstatic()
        self._environment.update(self._servers.start())
        self._migrate()
        if collecting:
            self._finish("collectstatic")
            write_whole(self._static_stamp, self.plan.static_digest)
        self._begin_web(listener)
        if self.plan.demo:
            self._begin_once("seed_demo")
        self._wait_ready(port)
        if self.plan.demo:
            self._finish("seed_demo")
        for name, *command in self._background():
            self._begin(self._manage(name, *command))
        self._servers.note(site=f"http://{host}:{port}")
        self.say(f"READY http://{host}:{port}")
        if self.plan.demo:
            self.say(self._output("seed_demo").read_text(encoding="utf-8").strip())

    @property
    def _static_stamp(self) -> Path:
        return self.plan.directory.root / "static.digest"

    def _begin_collectstatic(self) -> bool:
        stamp = self._static_stamp
        known = stamp.read_text(encoding="ascii") if stamp.exists() else ""
        if known == self.plan.static_digest and self.plan.static_root.is_dir():
            return False
        stamp.unlink(missing_ok=True)  # half a collection must not pass for a whole one
        self._begin_once("collectstatic", "--no-input", "--clear", "-v0")
        return True

    def _migrate(self) -> None:
        """Migrate as the tables' owner, unless the database has every migration."""
        if self._servers.has_migrations(self.plan.migrations):
            return
        self._begin_once("migrate", "--no-input", "-v0")
        self._finish("migrate")

    def _begin_web(self, listener: socket.socket) -> None:
        descriptor = listener.fileno()
        command = ["-m", "config.local.serve", "--fd", str(descriptor)]
        web = self._python("web", *command, pass_fds=[descriptor])
        self._begin(web.with_environment(COUNTERSIGN_DATABASE_POOL=str(WEB_POOL)))

    def _background(self) -> list[tuple[str, ...]]:
        workers = [(f"worker-{n}", "work") for n in range(1, self.plan.workers + 1)]
        # One more for what calls outside systems: its jobs fork, the engine's do not.
        services = ("services", "work", "--queue", "services")
        notify = ("notify", "work", "--queue", "notify")
        return [*workers, services, notify, ("sweeper", "sweep"), ("sealer", "seal")]

    def _python(
        self, name: str, *command: str, pass_fds: tuple[int, ...] | list[int] = ()
    ) -> Program:
        environment = dict(self._environment)
        if name != "migrate":
            # What serves strangers must not hold the key to the tables' shape.
            environment.pop("COUNTERSIGN_OWNER_DATABASE_URL", None)
            environment.pop("COUNTERSIGN_OWNER_DATABASE_URL_FILE", None)
        return Program(
            name=name,
            command=[sys.executable, *command],
            log=self.plan.directory.log(name),
            environment=environment,
            directory=PROJECT,
            pass_fds=pass_fds,
        )

    def _manage(self, name: str, *command: str) -> Program:
        return self._python(name, "manage.py", *command)

    def _begin(self, program: Program) -> None:
        self._servers.programs[program.name] = program
        self._servers.children[program.name] = program.start()
        self._servers.note()

    def _output(self, command: str) -> Path:
        return self.plan.directory.log(command).with_suffix(".out")

    def _begin_once(self, command: str, *arguments: str) -> None:
        """Start a command that ends by itself; `_finish` waits for it."""
        program = self._manage(command, command, *arguments)
        output = self._output(command)
        output.unlink(missing_ok=True)
        self._begin(program.with_output(output))

    def _finish(self, command: str) -> None:
        child = self._servers.children[command]
        while child.poll() is None:
            time.sleep(POLL_SECONDS)
        del self._servers.children[command]
        if child.returncode != 0:
            self._fail(f"`manage.py {command}` failed", command)

    def _fail(self, what: str, name: str) -> NoReturn:
        log = self._servers.programs[name].log
        raise LocalStackError(f"{what}; the end of {log}:\n{last_lines(log)}")

    def _wait_ready(self, port: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _is_ready(port, host=self.plan.probe_host):
            if self._servers.children["web"].poll() is not None:
                self._fail("The web server ended before it was ready", "web")
            if time.monotonic() > deadline:
                self._fail(f"The site was not ready in {READY_SECONDS} s", "web")
            time.sleep(POLL_SECONDS)

    # -- Watch -------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            time.sleep(WATCH_SECONDS)
            now = time.monotonic()
            for name, child in list(self._servers.children.items()):
                if child.poll() is not None:
                    self._bury(name, code=child.returncode, at=now)
            for name in [name for name, due in self._due.items() if due <= now]:
                del self._due[name]
                self._begin(self._servers.programs[name])

    def _bury(self, name: str, *, code: int, at: float) -> None:
        """Note a death and when the child starts again; give up where it is hopeless."""
        restarts = self._restarts.get(name, Restarts()).after_death(at=at)
        self._restarts[name] = restarts
        del self._servers.children[name]
        if restarts.is_given_up:
            self._fail(
                f"{name} ended {DEATHS_GIVEN_UP} times within {WINDOW_SECONDS:.0f} s,"
                " so everything is stopped",
                name,
            )
        delay = restarts.delay_seconds
        self._due[name] = at + delay
        self.say(f"{name} ended ({_describe_exit(code)}); starting it in {delay:g} s.")

    # -- Stop --------------------------------------------------------------------------

    def _stop(self) -> None:
        """Stop the programs that use the servers, then the servers."""
        children = self._servers.children
        users = {
            name: children.pop(name) for name in [*children] if name not in SERVERS
        }
        for name in stop_all(users, signal.SIGTERM, seconds=STOP_SECONDS):
            self.say(f"{name} did not stop in {STOP_SECONDS} s and was killed.")
        self._servers.stop()


def _request_stop(signum: int, frame: FrameType | None) -> None:
    raise StopRequested


def _describe_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _listen(port: int) -> socket.socket:
    """Return a socket listening on 127.0.0.1:`port`; any free port for 0."""
    listener = socket.socket()
    # Connections of the last run that are still closing do not hold the port.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise LocalStackError(
            f"Port {port} on 127.0.0.1 cannot be used ({error.strerror}); choose"
            " another with --port."
        ) from error
    listener.listen(128)
    return listener


def _is_ready(port: int, *, host: str) -> bool:
    """Whether /readyz reports every part as ok; anchors may be late, being others'."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        report = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(report, dict) and all(
        word == "ok" for part, word in report.items() if part != "anchors"
    )
