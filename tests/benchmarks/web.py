"""A web server of our own for benchmarks that need pages or sockets."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def free_port() -> int:
    """Return a port nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(port: int, *, origin: str) -> Iterator[None]:
    """Serve the application on a port as long as the block lasts."""
    words = [sys.executable, "-m", "uvicorn", "config.asgi:application"]
    child = subprocess.Popen(
        [*words, "--port", str(port), "--log-level", "error"],
        env={
            **os.environ,
            "COUNTERSIGN_ORIGINS": origin,
            "COUNTERSIGN_LOG_LEVEL": "ERROR",
        },
    )
    try:
        _wait(child, origin=origin)
        yield
    finally:
        child.terminate()
        child.wait(10)


def _wait(child: "subprocess.Popen[bytes]", *, origin: str) -> None:
    while child.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{origin}/livez"):  # noqa: S310
            return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")
