"""As whom PostgreSQL runs: it refuses root, so root steps down first.

Two ways down. Where every directory on the way to its files may be entered by anybody,
the server becomes user 65534 (nobody). Under a private directory, such as a checkout
in /root, it stays root outside but is user 65534 inside a user namespace of its own,
which is all the server looks at.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from config.local.errors import LocalStackError

NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Privileges:
    """How a child steps down: not at all, to nobody, or into a user namespace."""

    mode: Literal["same", "nobody", "namespace"] = "same"

    @property
    def owner(self) -> int:
        """The user who must own the files the child writes, as seen from here."""
        return NOBODY if self.mode == "nobody" else os.geteuid()

    def popen_options(self) -> dict[str, Any]:
        if self.mode != "nobody":
            return {}
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def enter_namespace(self) -> None:
        """In the child, before exec: become user 65534 of a namespace of its own."""
        if self.mode != "namespace":
            return
        _unshare_user()

    def give(self, directory: Path) -> None:
        """Make `directory` and all in it the child's own."""
        if os.geteuid() != 0 or directory.stat().st_uid == self.owner:
            return
        for path in (directory, *directory.rglob("*")):
            os.chown(path, self.owner, self.owner, follow_symlinks=False)


SAME_USER = Privileges()


def _unshare_user() -> None:
    # The identity maps of a new namespace may be written once, by a process inside it,
    # and the group's only after setgroups is given up (user_namespaces(7)).
    uid, gid = os.geteuid(), os.getegid()
    _libc_unshare()
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def _load_unshare() -> Callable[[], None]:
    if sys.platform != "linux":
        return lambda: None
    import ctypes  # noqa: PLC0415  (absent from some builds that never get here)

    clone_newuser = 0x10000000
    unshare = ctypes.CDLL(None, use_errno=True).unshare

    def call() -> None:
        if unshare(clone_newuser) != 0:
            raise OSError(ctypes.get_errno(), "unshare")

    return call


_libc_unshare = _load_unshare()


def choose(*, reached: Iterable[Path]) -> Privileges:
    """Return how PostgreSQL is to run, given the paths it must reach.

    Raises LocalStackError where we are root and neither way down is open.
    """
    if os.geteuid() != 0:
        return SAME_USER
    blocked = [path for path in reached if not _is_open_to_all(path)]
    if not blocked:
        return Privileges("nobody")
    if _namespaces_work():
        return Privileges("namespace")
    raise LocalStackError(
        f"PostgreSQL does not run as root, {blocked[0]} is closed to other users and"
        " user namespaces are not permitted here: run as an ordinary user, or open"
        " the directories on that path."
    )


def _is_open_to_all(path: Path) -> bool:
    """Whether anybody may enter every directory above the resolved `path`."""
    return all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents
    )


def _namespaces_work() -> bool:
    try:
        done = subprocess.run(
            [sys.executable, "-S", "-c", ""],
            preexec_fn=Privileges("namespace").enter_namespace,
            check=False,
            capture_output=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
