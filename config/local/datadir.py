"""The data directory: its layout, the stamp that says whose it is, and its locks."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from config.local.errors import LocalStackError
from config.local.privileges import Privileges

FORMAT = 1
STAMP = "countersign.json"
# What other parts of the product may have put there before the first start.
OURS = {
    STAMP,
    "lock",
    "users.lock",
    "secret_key",
    "keys",
    "bundles",
    "logs",
    "static",
    "demo",
    "run",
}
SOCKET_NAME = ".s.PGSQL.5432"
# Unix sockets' paths end at 107 bytes on Linux and 103 elsewhere (unix(7)).
SOCKET_PATH_BYTES = 100


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Everything one stack keeps on disk; two stacks in two of them never meet."""

    root: Path

    @classmethod
    def named_by(cls, value: str, *, default: Path) -> Self:
        return cls(Path(value or default).expanduser().absolute())

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def state(self) -> Path:
        return self.root / "stack.json"

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"

    def claim(self) -> FileLock | None:
        """Make the directory where it is missing and lock it; None if it is in use.

        Raises LocalStackError for a directory that is not ours.
        """
        self._make()
        lock = FileLock(self.root / "lock")
        return lock if lock.take() else None

    def _make(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            names = {entry.name for entry in self.root.iterdir()}
        except OSError as error:
            raise LocalStackError(
                f"{self.root} cannot be used as data directory ({error.strerror});"
                " choose another with --data-dir or COUNTERSIGN_DATA_DIR."
            ) from error
        if STAMP not in names and names - OURS:
            raise LocalStackError(
                f"{self.root} holds other files and no {STAMP}, so it is not a"
                " Countersign data directory; choose an empty one with --data-dir"
                " or COUNTERSIGN_DATA_DIR."
            )
        self._check_access(os.geteuid())
        (self.root / "logs").mkdir(exist_ok=True)

    def _check_access(self, user: int) -> None:
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise LocalStackError(
                f"{self.root} belongs to user {self.root.stat().st_uid} and is closed"
                f" to user {user}; run as that user or choose another directory."
            )

    def check_stamp(self, *, postgres_major: int) -> None:
        """Write the stamp, or raise LocalStackError where it is not of this version."""
        path = self.root / STAMP
        if not path.exists():
            stamp = {"format": FORMAT, "postgres": postgres_major}
            write_whole(path, json.dumps(stamp) + "\n")
            return
        try:
            stamp = json.loads(path.read_text(encoding="utf-8"))
            made_format, made_major = int(stamp["format"]), int(stamp["postgres"])
        except (ValueError, KeyError, TypeError) as error:
            raise LocalStackError(
                f"{path} cannot be read as the stamp of a data directory; restore it"
                " from a backup or choose another directory."
            ) from error
        if made_format > FORMAT:
            raise LocalStackError(
                f"{self.root} was made by a newer Countersign (format {made_format};"
                f" this one knows {FORMAT}); upgrade, or choose another directory."
            )
        if made_major != postgres_major:
            raise LocalStackError(
                f"{self.root} was made with PostgreSQL {made_major}, but this is"
                f" {postgres_major}; name the older programs in"
                " COUNTERSIGN_POSTGRES_BIN, or dump and restore into a new directory."
            )

    def check_owner(self, privileges: Privileges) -> None:
        """Refuse a cluster that another user's server made and we cannot take over."""
        if not self.postgres.exists() or os.geteuid() == 0:
            return
        made_by = self.postgres.stat().st_uid
        if made_by != privileges.owner:
            raise LocalStackError(
                f"{self.postgres} belongs to user {made_by}: it was last used from"
                " another account; run from that one or choose another directory."
            )

    def ensure_secret_key(self) -> None:
        """Make the key that signs sessions, once, readable by its owner alone."""
        path = self.root / "secret_key"
        if path.exists():
            return
        with tempfile.NamedTemporaryFile("w", dir=self.root, delete=False) as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        os.link(file.name, path)  # fails where another start was quicker: never two
        Path(file.name).unlink()

    def make_sockets(self, privileges: Privileges) -> Path:
        """Return a directory for sockets that only we and root may enter.

        It lies inside, unless that makes socket paths too long; then in the system's
        folder for temporary files, under a name made from the data directory's.
        """
        inside = self.root / "run"
        if len(os.fsencode(inside / SOCKET_NAME)) < SOCKET_PATH_BYTES:
            directory = inside
        else:
            digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
            directory = Path(tempfile.gettempdir()) / f"countersign-{digest}"
        directory.mkdir(mode=0o700, exist_ok=True)
        privileges.give(directory)
        found = directory.lstat()
        private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
        if not private or found.st_uid != privileges.owner:
            raise LocalStackError(
                f"{directory} must be a directory of mode 0700 that belongs to user"
                f" {privileges.owner}; somebody else made it: remove it and try again."
            )
        return directory


class FileLock:
    """A lock the kernel drops when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Take the lock; False where others hold it and we do not wait."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, mode | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def write_whole(path: Path, text: str) -> None:
    """Replace the file at once, so that readers see the old text or the new one."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    Path(file.name).replace(path)
