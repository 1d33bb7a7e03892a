"""Give a management command its database: a running stack's, or one of its own.

Runs before Django's settings are read, because they are read from the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from config.local.datadir import DataDirectory, FileLock
from config.local.deathsig import bind_forks
from config.local.errors import LocalStackError
from config.local.processes import POLL_SECONDS
from config.local.servers import PROJECT, EmbeddedServers, describe_holder
from config.local.state import StackState

# Commands that work without any database, or, as `up`, bring their own.
WITHOUT_DATABASE = frozenset({
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "lint_definition",
    "makemessages",
    "makemigrations",
    "optimizemigration",
    "spectacular",
    "squashmigrations",
    "up",
    "version",
    "witness",
})
# Commands that change tables and so run as their owner, not as the application.
AS_OWNER = frozenset({"flush", "migrate"})
JOIN_SECONDS = 60
DEFAULT_DATA = PROJECT / "var"


@contextmanager
def attached(arguments: Sequence[str]) -> Iterator[None]:
    """Set DATABASE_URL and REDIS_URL for the command in `arguments` (as sys.argv).

    Where they are given, or the command needs none, nothing happens. Exits with one
    sentence where no database can be had.
    """
    command = arguments[1] if len(arguments) > 1 else "help"
    words = set(arguments[2:])
    if os.environ.get("COUNTERSIGN_SUPERVISOR"):
        bind_forks()
    if command in AS_OWNER:
        os.environ.setdefault("COUNTERSIGN_DATABASE_ROLE", "owner")
    if (
        command in WITHOUT_DATABASE
        or command.startswith("-")
        or words & {"-h", "--help", "--version"}
        or os.environ.get("DATABASE_URL")
        or os.environ.get("DATABASE_URL_FILE")
    ):
        yield
        return
    with ExitStack() as cleanup:
        try:
            _enter(command, cleanup)
        except LocalStackError as error:
            sys.exit(f"manage.py {command}: {error}")
        yield


def _enter(command: str, cleanup: ExitStack) -> None:
    """Join the stack of the data directory, or start its servers for ourselves."""
    directory = DataDirectory.named_by(
        os.environ.get("COUNTERSIGN_DATA_DIR", ""), default=DEFAULT_DATA
    )
    deadline = time.monotonic() + JOIN_SECONDS
    while True:
        lock = directory.claim()
        if lock is not None:
            cleanup.callback(lock.release)
            _start_own(directory, command, cleanup)
            return
        if _join(directory, cleanup):
            return
        if time.monotonic() > deadline:
            raise LocalStackError(
                f"{directory.root} is in use by {describe_holder(directory)}, whose"
                " database does not answer; stop it and try again."
            )
        time.sleep(POLL_SECONDS)


def _join(directory: DataDirectory, cleanup: ExitStack) -> bool:
    """Use a running stack's servers; False where they are not, or no longer, up.

    The shared lock keeps a command that started servers for itself from stopping them
    under us. The state is read after it is taken, so it cannot be of a past owner.
    """
    users = FileLock(directory.root / "users.lock")
    if not users.take(shared=True):
        return False
    state = StackState.read(directory.state)
    if state is None or not state.urls or not state.owner.is_alive():
        users.release()
        return False
    cleanup.callback(users.release)
    if "DATABASE_URL" not in state.urls:
        raise LocalStackError(
            f"{describe_holder(directory)} uses a database of its own choice; set"
            " DATABASE_URL (and REDIS_URL) to the same for this command."
        )
    _export(state.urls)
    return True


def _start_own(directory: DataDirectory, command: str, cleanup: ExitStack) -> None:
    servers = EmbeddedServers(
        directory, dict(os.environ), command=f"manage.py {command}"
    )
    servers.prepare()
    urls = servers.start()
    cleanup.callback(_stop_own, servers)
    _export(urls)
    bind_forks()
    if servers.is_new() and command != "migrate":
        migrate = [sys.executable, "manage.py", "migrate", "--no-input", "-v0"]
        done = subprocess.run(migrate, cwd=PROJECT, check=False)
        if done.returncode != 0:
            raise LocalStackError("the new database could not be migrated (see above).")


def _stop_own(servers: EmbeddedServers) -> None:
    """Stop our servers once those who joined us have ended."""
    users = FileLock(servers.directory.root / "users.lock")
    users.take(wait=True)
    servers.stop()
    users.release()


def _export(urls: Mapping[str, str]) -> None:
    for name, url in urls.items():
        os.environ.setdefault(name, url)
