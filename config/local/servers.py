"""PostgreSQL and Valkey of one data directory, started and stopped together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from config.env import Environment
from config.local import binaries, privileges
from config.local.datadir import DataDirectory
from config.local.errors import LocalStackError
from config.local.postgres import APPLICATION, DATABASE, OWNER, Postgres, grant_defaults
from config.local.processes import ProcessId, Program, stop
from config.local.state import StackState
from config.local.valkey import Valkey

PROJECT = Path(__file__).resolve().parent.parent.parent
LEFTOVER_SECONDS = 30
STOP_SECONDS = 30


class EmbeddedServers:
    """Starts what the environment does not already name; the lock must be held."""

    def __init__(
        self, directory: DataDirectory, environment: Mapping[str, str], *, command: str
    ) -> None:
        self.directory = directory
        self.programs: dict[str, Program] = {}
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = environment
        self._given = Environment(environment)
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        self._state = StackState(owner=ProcessId.of(os.getpid()), command=command)

    def prepare(self) -> None:
        """Clear what an earlier owner left, and write down that we are here."""
        self._end_leftovers()
        self.directory.ensure_secret_key()
        self.note()

    def start(self) -> Mapping[str, str]:
        """Return the variables that name the servers, once both answer.

        `prepare` comes first. Raises LocalStackError, having stopped what it started.
        """
        try:
            self._start_programs()
        except BaseException:
            self.stop()
            raise
        self.note(urls=self._urls())
        return self._state.urls

    def _start_programs(self) -> None:
        if not self._given.secret("DATABASE_URL"):
            self._postgres = self._prepare_postgres()
        if not self._given.secret("REDIS_URL"):
            self._valkey = self._prepare_valkey()
        for server in (self._postgres, self._valkey):
            if server:
                program = server.program()
                self.programs[program.name] = program
                self.children[program.name] = program.start()
                self.note()
        if self._postgres:
            self._postgres.wait_ready(self.children["postgres"])
            self._postgres.prepare_database()
            _refuse_newer_schema(self._postgres)
        else:
            _grant_given(self._given)
        if self._valkey:
            self._valkey.wait_ready(self.children["valkey"])

    def _prepare_postgres(self) -> Postgres:
        directory = self.directory
        programs = binaries.find_postgres(self._environment)
        directory.check_stamp(postgres_major=binaries.postgres_major(programs))
        rights = privileges.choose(reached=[programs / "postgres", directory.postgres])
        directory.check_owner(rights)
        postgres = Postgres(
            bin=programs,
            data=directory.postgres,
            sockets=directory.make_sockets(rights),
            log=directory.log("postgres"),
            privileges=rights,
            environment=self._environment,
        )
        postgres.initialise()
        return postgres

    def _prepare_valkey(self) -> Valkey:
        server = binaries.find_valkey(self._environment)
        # Root may enter the directory that belongs to PostgreSQL's user; others are
        # that user themselves.
        sockets = (
            self._postgres.sockets
            if self._postgres
            else self.directory.make_sockets(privileges.SAME_USER)
        )
        self.directory.valkey.mkdir(mode=0o700, exist_ok=True)
        return Valkey(
            server=server,
            data=self.directory.valkey,
            socket=sockets / "valkey.sock",
            log=self.directory.log("valkey"),
            environment=self._environment,
        )

    def _urls(self) -> dict[str, str]:
        urls = {}
        if self._postgres:
            urls["DATABASE_URL"] = self._postgres.url(role=APPLICATION)
            urls["COUNTERSIGN_OWNER_DATABASE_URL"] = self._postgres.url(role=OWNER)
        if self._valkey:
            urls["REDIS_URL"] = self._valkey.url()
        return urls

    def is_new(self) -> bool:
        """Whether the embedded database has never been migrated."""
        return self._postgres is not None and not _applied(self._postgres)

    def has_migrations(self, migrations: frozenset[tuple[str, str]]) -> bool:
        """Whether the embedded database has all of `migrations`; False if unknown."""
        return self._postgres is not None and migrations <= _applied(self._postgres)

    def note(
        self, *, urls: Mapping[str, str] | None = None, site: str | None = None
    ) -> None:
        """Write the state for others: processes as they are now, `urls`, `site`."""
        children = {name: ProcessId.of(c.pid) for name, c in self.children.items()}
        self._state = replace(
            self._state,
            children=children,
            urls=self._state.urls if urls is None else urls,
            site=self._state.site if site is None else site,
        )
        self._state.write(self.directory.state)

    def stop(self) -> None:
        """Stop Valkey, then PostgreSQL, and forget the state."""
        for name in ("valkey", "postgres"):
            child = self.children.pop(name, None)
            if child:
                stop(child, self.programs[name].stop_signal, seconds=STOP_SECONDS)
        self.directory.state.unlink(missing_ok=True)

    def _end_leftovers(self) -> None:
        """Wait for processes of a supervisor that was killed; they were told to end.

        A second server on the same files would be refused by PostgreSQL and would
        spoil Valkey's.
        """
        state = StackState.read(self.directory.state)
        if state is None:
            return
        for name, process in state.children.items():
            signum = signal.SIGINT if name == "postgres" else signal.SIGTERM
            with suppress(ProcessLookupError):
                process.send(signum)
            if not process.wait_gone(seconds=LEFTOVER_SECONDS):
                raise LocalStackError(
                    f"Process {process.pid} ({name}) of an earlier start on"
                    f" {self.directory.root} does not end; end it and try again."
                )
        self.directory.state.unlink(missing_ok=True)


def _grant_given(given: Environment) -> None:
    """Let the given application role use what the given owner's migrations make."""
    owner_url = given.secret("COUNTERSIGN_OWNER_DATABASE_URL")
    if not owner_url:
        return
    application = conninfo_to_dict(given.secret("DATABASE_URL")).get("user")
    try:
        with psycopg.connect(owner_url, autocommit=True) as connection:
            grant_defaults(
                connection, owner=connection.info.user, application=str(application)
            )
    except psycopg.Error as error:
        raise LocalStackError(
            f"The role in COUNTERSIGN_OWNER_DATABASE_URL could not grant rights to"
            f" {application}: {' '.join(str(error).split())}"
        ) from error


def _applied(postgres: Postgres) -> frozenset[tuple[str, str]]:
    """Return (application, name) of every migration the database has."""
    with postgres.connect(database=DATABASE) as connection:
        found = connection.execute("SELECT to_regclass('django_migrations')")
        if found.fetchone() == (None,):
            return frozenset()
        rows = connection.execute("SELECT app, name FROM django_migrations")
        return frozenset((app, name) for app, name in rows)


def _refuse_newer_schema(postgres: Postgres) -> None:
    """Refuse a database that holds migrations this version has not got."""
    applied = _applied(postgres)
    for app in ("review", "workflows"):
        of_app = {name for place, name in applied if place == app}
        for name in sorted(of_app - _known_migrations(app)):
            raise LocalStackError(
                f"The database in {postgres.data} was made by a newer Countersign (it"
                f" holds {app}.{name}); upgrade, or choose another data directory."
            )


def _known_migrations(app: str) -> set[str]:
    """Return the names of an application's migrations and of those they replaced.

    Read from the files, since commands come here before Django is set up.
    """
    files = list((PROJECT / app / "migrations").glob("[0-9]*.py"))
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    named = re.findall(rf'\("{app}", "(\w+)"\)', text)
    return {path.stem for path in files} | set(named)


def describe_holder(directory: DataDirectory) -> str:
    """Return who uses `directory`, for a refusal."""
    state = StackState.read(directory.state)
    if state is None:
        return "another process"
    site = f", {state.site}" if state.site else ""
    return f"`{state.command}` (process {state.owner.pid}{site})"
