"""A real PostgreSQL and a real Valkey for one test run, on Unix sockets in a new folder.

They are started by the first test that needs them (by the controller under xdist) and
hold nothing worth keeping: no fsync, no log, ended without ceremony.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from config.local import binaries, privileges
from config.local.postgres import (
    APPLICATION,
    OWNER,
    Postgres,
    create_role,
    grant_defaults,
)
from config.local.processes import Program, stop
from config.local.valkey import Valkey

FOLDER_PREFIX = "countersign-tests-"
FOLDER_VARIABLE = "PYTEST_COUNTERSIGN_FOLDER"
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
