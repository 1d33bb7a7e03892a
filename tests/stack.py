"""A real PostgreSQL and a real Valkey for one test run, on Unix sockets in a new folder.

They are started by the first test that needs them (by the controller under xdist) and
hold nothing worth keeping: no fsync, no log, ended without ceremony.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from config.local import binaries, privileges
from config.local.postgres import (
    APPLICATION,
    OWNER,
    Postgres,
    create_role,
    grant_defaults,
)
from config.local.processes import POLL_SECONDS, Program, last_lines, stop
from config.local.servers import PROJECT
from config.local.valkey import Valkey

FOLDER_PREFIX = "countersign-tests-"
FOLDER_VARIABLE = "PYTEST_COUNTERSIGN_FOLDER"
TEMPLATE = "countersign_template"
TEMPLATE_SECONDS = 240
FAST_AND_LOOSE = (
    # Crowds of fifty of two processes may meet, and each brings its sweepers.
    "max_connections=250",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=64MB",
    "max_wal_size=1GB",
)


@dataclass(slots=True)
class Servers:
    """Both servers in one folder; `start` may be called any number of times."""

    folder: Path
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def postgres(self) -> Postgres:
        bin_directory = binaries.find_postgres(os.environ)
        return Postgres(
            bin=bin_directory,
            data=self.folder / "postgres" / "data",
            sockets=self.folder / "postgres",
            log=self.folder / "postgres.log",
            privileges=privileges.choose(reached=[bin_directory, self.folder / "x"]),
            options=FAST_AND_LOOSE,
            # Owner of all tables and superuser in one: tests create databases.
            superuser=OWNER,
        )

    @property
    def valkey(self) -> Valkey:
        return Valkey(
            server=binaries.find_valkey(os.environ),
            data=self.folder,
            socket=self.folder / "valkey.sock",
            log=self.folder / "valkey.log",
            append_only=False,
            databases=64,
        )

    @classmethod
    def of_this_run(cls) -> Servers | None:
        """Return the servers of the test run around us, None where there is none."""
        folder = os.environ.get(FOLDER_VARIABLE)
        return cls(Path(folder)) if folder else None

    def urls(self, *, worker: str) -> Mapping[str, str]:
        """Return the addresses for xdist's `worker` ('' without xdist, else gw0...)."""
        number = int(worker.removeprefix("gw")) + 1 if worker else 0
        sockets = self.folder / "postgres"
        return {
            "DATABASE_URL": f"postgres://{OWNER}@/postgres?host={sockets}&port=5432",
            "REDIS_URL": f"unix://{self.folder}/valkey.sock?db={number}",
        }

    def start(self) -> None:
        if self._children:
            return
        postgres, valkey = self.postgres, self.valkey
        (self.folder / "postgres").mkdir(mode=0o700)
        self.folder.chmod(0o755)
        postgres.privileges.give(self.folder / "postgres")
        postgres.initialise()
        database = self._spawn(postgres.program(), orphan_signal=signal.SIGQUIT)
        doorbell = self._spawn(valkey.program(), orphan_signal=signal.SIGKILL)
        postgres.wait_ready(database)
        valkey.wait_ready(doorbell)
        with postgres.connect(database="template1") as connection:
            create_role(connection, APPLICATION)
            grant_defaults(connection, owner=OWNER, application=APPLICATION)
        self._children.append(self._begin_template())

    def _begin_template(self) -> subprocess.Popen[bytes]:
        """Let a process of its own migrate the database that others are copies of."""
        return Program(
            name="template",
            command=[sys.executable, "-m", "tests.template"],
            log=self._template_log,
            environment={**os.environ, **self.urls(worker="")},
            directory=PROJECT,
        ).start()

    @property
    def _template_log(self) -> Path:
        return self.folder / "template.log"

    def wait_template(self) -> None:
        """Return once there is a migrated database to copy.

        Any process of the run may wait. Raises TimeoutError with what was logged.
        """
        deadline = time.monotonic() + TEMPLATE_SECONDS
        with self.postgres.connect() as connection:
            while not _has_database(connection, TEMPLATE):
                if self._has_failed() or time.monotonic() > deadline:
                    said = last_lines(self._template_log, count=30)
                    raise TimeoutError(f"No database was migrated to copy:\n{said}")
                time.sleep(POLL_SECONDS)

    def _has_failed(self) -> bool:
        return "Traceback" in last_lines(self._template_log, count=1000)

    def copy_template(self, name: str) -> str:
        """Make a migrated database anew and return its address."""
        self.wait_template()
        with self.postgres.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        return address_of(self.urls(worker="")["DATABASE_URL"], name)

    def copy_cluster(self, to: Postgres) -> None:
        """Copy all databases as they are into a cluster that has not been started.

        Its database `postgres` is the migrated one, once `adopt_template` was called.
        """
        self.wait_template()
        to.data.mkdir(mode=0o700)
        to.privileges.give(to.data)
        subprocess.run(
            [
                self.postgres.bin / "pg_basebackup",
                *("--pgdata", to.data, "--host", self.postgres.sockets),
                *("--username", OWNER, "--wal-method=fetch", "--checkpoint=fast"),
                *("--no-sync", "--no-manifest"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            preexec_fn=to.privileges.enter_namespace,
            **to.privileges.popen_options(),
        )

    def _spawn(
        self, program: Program, *, orphan_signal: signal.Signals
    ) -> subprocess.Popen[bytes]:
        child = replace(program, orphan_signal=orphan_signal).start()
        self._children.append(child)
        return child

    def stop(self) -> None:
        for child in self._children:
            stop(child, signal.SIGQUIT, seconds=10)
        self._children.clear()


def adopt_template(copied: Postgres) -> None:
    """Let the template in a copied cluster that runs be its database `postgres`."""
    with copied.connect(database="template1") as connection:
        connection.execute("DROP DATABASE postgres WITH (FORCE)")
        connection.execute(f'ALTER DATABASE "{TEMPLATE}" RENAME TO postgres')


def address_of(server: str, database: str) -> str:
    """Return the address of another database of the same server."""
    before, _, query = server.partition("?")
    return f"{before.rpartition('/')[0]}/{database}?{query}"


def _has_database(connection: psycopg.Connection, name: str) -> bool:
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    return found.fetchone() is not None


def make_folder() -> Path:
    """Make a new folder with a short path, and sweep up those of killed runs."""
    home = Path(tempfile.gettempdir())
    for old in home.glob(f"{FOLDER_PREFIX}*"):
        pid = old.name.removeprefix(FOLDER_PREFIX)
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(old, ignore_errors=True)
    folder = home / f"{FOLDER_PREFIX}{os.getpid()}"
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(mode=0o755)
    return folder
