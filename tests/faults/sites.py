"""A site of its own as people run it, `manage.py up`, for runs that need pages. No tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.local.datadir import DataDirectory
from config.local.processes import stop
from config.local.state import StackState
from tests.faults.fleet import ROOT

START_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Site:
    """Where a site answers, and the variables for programs that share its database."""

    url: str
    web_pid: int
    environment: dict[str, str]

    def run(self, *words: str) -> str:
        """Run a module beside the site and return what it printed."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 0:
            raise AssertionError(f"{words} failed, see above:\n{done.stdout}")
        return done.stdout


@contextmanager
def a_site(**variables: str) -> Iterator[Site]:
    """Run `manage.py up` in a new folder, with these variables beside; end it after."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-site-"))
    folder.chmod(0o755)
    environment = {
        **os.environ,
        "COUNTERSIGN_ENV": "test",
        "COUNTERSIGN_DATA_DIR": str(folder / "data"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FAULTS_FOLDER": str(folder),
        **variables,
    }
    for name in ("DATABASE_URL", "REDIS_URL"):
        environment.pop(name, None)
    words = [sys.executable, "manage.py", "up", "--port", "0", "--workers", "1"]
    child = subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        state = _wait_ready(child, DataDirectory(folder / "data"))
        yield Site(
            url=state.site,
            web_pid=state.children["web"].pid,
            environment={
                **environment,
                **state.urls,
                "COUNTERSIGN_ORIGINS": state.site,
            },
        )
    finally:
        stop(child, signal.SIGTERM, seconds=60)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_ready(child: subprocess.Popen[bytes], data: DataDirectory) -> StackState:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        state = StackState.read(data.state)
        if state is not None and state.site:
            return state
        time.sleep(0.1)
    raise AssertionError("The site did not start; what it said is above.")
