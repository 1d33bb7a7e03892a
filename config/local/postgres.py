"""The embedded PostgreSQL: cluster, server, roles and database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.local.errors import LocalStackError
from config.local.privileges import Privileges
from config.local.processes import POLL_SECONDS, Program, last_lines

DATABASE = "countersign"
OWNER = "countersign_owner"
APPLICATION = "countersign_app"
SUPERUSER = "postgres"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Postgres:
    """One cluster: programs in `bin`, files in `data`, its socket in `sockets`."""

    bin: Path
    data: Path
    sockets: Path
    log: Path
    privileges: Privileges
    options: Sequence[str] = ()
    superuser: str = SUPERUSER
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def initialise(self) -> bool:
        """Create the cluster where it is missing; return whether it was.

        It is built beside its place and renamed, so a crash leaves no half cluster.
        """
        if (self.data / "PG_VERSION").exists():
            self.privileges.give(self.data)
            return False
        building = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        self.privileges.give(building)
        self._run_initdb(building)
        if self.data.exists():
            self.data.rmdir()
        building.rename(self.data)
        return True

    def _run_initdb(self, directory: Path) -> None:
        command = [
            str(self.bin / "initdb"),
            f"--pgdata={directory}",
            f"--username={self.superuser}",
            "--auth-local=trust",  # the socket's directory is 0700: it is the lock
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            "--no-sync",
        ]
        done = subprocess.run(
            command,
            env=self._server_environment(),
            cwd="/",
            check=False,
            capture_output=True,
            text=True,
            preexec_fn=self.privileges.enter_namespace,
            **self.privileges.popen_options(),
        )
        if done.returncode != 0:
            reason = " ".join(done.stderr.split())[-400:]
            raise LocalStackError(
                f"PostgreSQL's initdb failed in {directory}: {reason}"
            )

    def _server_environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in self.environment.items()
            if not name.startswith("PG")  # the user's PGPORT, PGDATA are not ours
        }
        return inherited | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def program(self) -> Program:
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.sockets}",
            "max_connections=100",
            "logging_collector=off",
            *self.options,
        )
        flags = [word for setting in settings for word in ("-c", setting)]
        return Program(
            name="postgres",
            command=[str(self.bin / "postgres"), "-D", str(self.data), *flags],
            log=self.log,
            environment=self._server_environment(),
            privileges=self.privileges,
            # Fast shutdown in both cases: clients are cut, data is flushed.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
        )

    def wait_ready(self, child: subprocess.Popen[bytes]) -> None:
        """Return once the server answers queries; raise LocalStackError if it ends."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError as error:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise LocalStackError(
                        f"PostgreSQL did not start; the end of {self.log}:\n"
                        f"{last_lines(self.log)}"
                    ) from error
                time.sleep(POLL_SECONDS)
            else:
                return

    def connect(self, *, database: str = "postgres") -> psycopg.Connection:
        """Connect as the cluster's superuser, autocommitting."""
        return psycopg.connect(
            host=str(self.sockets),
            port=5432,
            user=self.superuser,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def url(self, *, role: str, database: str = DATABASE) -> str:
        return (
            f"postgres://{role}@/{database}"
            f"?host={quote(str(self.sockets), safe='/')}&port=5432"
        )

    def prepare_database(self) -> None:
        """Create roles, database and grants where they are missing; repeatable."""
        with self.connect() as connection:
            for role in (OWNER, APPLICATION):
                create_role(connection, role)
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if not known:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )
        with self.connect(database=DATABASE) as connection:
            grant_defaults(connection, owner=OWNER, application=APPLICATION)


def create_role(connection: psycopg.Connection, role: str) -> None:
    """Create a login role without further rights, where it is missing."""
    known = connection.execute(
        "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]
    ).fetchone()
    if not known:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))


def grant_defaults(
    connection: psycopg.Connection, *, owner: str, application: str
) -> None:
    """Let `application` use rows of all that `owner` makes later, never its shape.

    Migrations take back what is too much, such as changing audit rows.
    """
    names = {"owner": sql.Identifier(owner), "app": sql.Identifier(application)}
    later = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {app}",
        f"{later} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {{app}}",
        f"{later} GRANT USAGE, SELECT ON SEQUENCES TO {{app}}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
