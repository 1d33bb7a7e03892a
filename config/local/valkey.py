"""The embedded Valkey: one server on a Unix socket."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from redis import Redis, RedisError

from config.local.errors import LocalStackError
from config.local.processes import POLL_SECONDS, Program, last_lines

START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server: program `server`, files in `data`, answering on `socket`."""

    server: Path
    data: Path
    socket: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    append_only: bool = True
    databases: int = 16

    def program(self) -> Program:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "databases": str(self.databases),
            "appendonly": "yes" if self.append_only else "no",
            "save": "",
            # Evicting a queued bell silently would be worse than refusing a new one.
            "maxmemory-policy": "noeviction",
        }
        flags = [
            word for name, value in options.items() for word in (f"--{name}", value)
        ]
        return Program(
            name="valkey",
            command=[str(self.server), *flags],
            log=self.log,
            environment=self.environment,
            orphan_signal=signal.SIGTERM,  # it writes its file to the end
        )

    def wait_ready(self, child: subprocess.Popen[bytes]) -> None:
        """Return once the server answers; raise LocalStackError if it ends."""
        deadline = time.monotonic() + START_SECONDS
        with Redis(unix_socket_path=str(self.socket)) as client:
            while True:
                try:
                    client.ping()
                except RedisError as error:  # still loading, or no socket yet
                    if child.poll() is not None or time.monotonic() > deadline:
                        raise LocalStackError(
                            f"Valkey did not start; the end of {self.log}:\n"
                            f"{last_lines(self.log)}"
                        ) from error
                    time.sleep(POLL_SECONDS)
                else:
                    return

    def url(self, *, database: int = 0) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}?db={database}"
