"""Run our side of a benchmark in processes of its own, on one scratch database."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.peers import ROOT
from tests.benchmarks.servers import Bench


def environment(bench: Bench, database: str) -> dict[str, str]:
    """Return the environment of processes that share a database made anew."""
    return {
        **os.environ,
        "DATABASE_URL": bench.dsn(database),
        "REDIS_URL": bench.redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "COUNTERSIGN_ENV": "test",
        # Sessions made in one process are read in another.
        "COUNTERSIGN_SECRET_KEY": secrets.token_urlsafe(48),
    }


def start(env: dict[str, str], module: str, *words: object) -> subprocess.Popen[str]:
    """Start a module of this package; it may wait for a line on its input."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, words)],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(child: subprocess.Popen[str]) -> dict[str, Any]:
    """Tell a process to go on, wait for its end, return the last line it printed."""
    out, _ = child.communicate("go\n")
    if child.returncode:
        raise SystemExit(f"{child.args!r} failed.")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def ask(env: dict[str, str], module: str, *words: object) -> dict[str, Any]:
    """Start a process and return what it measured."""
    return end(start(env, module, *words))


def together(
    env: dict[str, str], module: str, *words: object, count: int
) -> list[dict[str, Any]]:
    """Run processes of the same words beside one another; return what each measured."""
    crowd = [start(env, module, *words) for _ in range(count)]
    let_go(crowd)
    return [end(child) for child in crowd]


def let_go(crowd: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until each process has printed a line, then tell all to go on at once."""
    for child in crowd:
        if child.stdout:
            child.stdout.readline()
    for child in crowd:
        if child.stdin:
            child.stdin.write("go\n")
            child.stdin.flush()
