"""A real PostgreSQL and Valkey for benchmarks: durable, on a TCP port as peers want."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from config.local.postgres import OWNER, Postgres
from config.local.processes import stop
from tests.stack import Servers

DURABLE = ("synchronous_commit=on", "shared_buffers=512MB", "max_wal_size=4GB")


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the servers of a benchmark listen."""

    port: int
    redis_url: str

    def dsn(self, database: str) -> str:
        """Return the address of a database that is made anew."""
        with psycopg.connect(
            f"postgresql://{OWNER}@127.0.0.1:{self.port}/postgres", autocommit=True
        ) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}"')
            connection.execute(f'CREATE DATABASE "{database}"')
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"


@contextmanager
def bench_servers(*, options: Sequence[str] = ()) -> Iterator[Bench]:
    """Start both servers in a new folder and end them afterwards.

    `options` are further settings of PostgreSQL.
    """
    folder = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    folder.chmod(0o755)
    port = _free_port()
    servers = Servers(folder)
    plain = servers.postgres
    postgres = Postgres(
        bin=plain.bin,
        data=plain.data,
        sockets=plain.sockets,
        log=plain.log,
        privileges=plain.privileges,
        superuser=OWNER,
        options=("listen_addresses=127.0.0.1", f"port={port}", *DURABLE, *options),
    )
    plain.sockets.mkdir(mode=0o700)
    postgres.privileges.give(plain.sockets)
    postgres.initialise()
    with (plain.data / "pg_hba.conf").open("w") as rules:
        rules.write("host all all 127.0.0.1/32 trust\nlocal all all trust\n")
    children = [postgres.program().start(), servers.valkey.program().start()]
    try:
        _wait(port, children[0])
        servers.valkey.wait_ready(children[1])
        yield Bench(port=port, redis_url=f"unix://{folder}/valkey.sock?db=0")
    finally:
        for child in children:
            stop(child, signal.SIGQUIT, seconds=10)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            psycopg.connect(
                f"postgresql://{OWNER}@127.0.0.1:{port}/postgres", connect_timeout=1
            ).close()
        except psycopg.OperationalError:
            if child.poll() is not None:
                raise
        else:
            return
