"""Make .venv and install a lock into it, unless that very lock is in already.

Runs before anything is installed, so it uses the standard library only:
`python3 config/local/install.py requirements.lock`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
LEAST_PYTHON = (3, 11)
# The development lock holds all of the other, so having it in is having both.
SUPERSET = "requirements-dev.lock"


def main(arguments: list[str]) -> int:
    """Install the lock named on the command line; return the exit status."""
    if sys.version_info < LEAST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:2])
        print(f"Python 3.11 or newer is needed, and {sys.executable} is {found}.")
        return 1
    (name,) = arguments
    environment = PROJECT / ".venv"
    stamp = environment / "installed.sha256"
    wanted = _digest(name)
    if stamp.exists() and stamp.read_text(encoding="ascii").strip() in {
        wanted,
        _digest(SUPERSET),
    }:
        return 0
    print(f"Installing {name} into .venv ...", flush=True)
    python = environment / "bin" / "python"
    if not python.exists() and not _make(environment):
        return 1
    stamp.unlink(missing_ok=True)  # half an installation must not pass for a whole one
    status = subprocess.run(_install_command(python, name), check=False).returncode
    if status == 0:
        stamp.write_text(wanted + "\n", encoding="ascii")
    return status


def _digest(name: str) -> str:
    return hashlib.sha256((PROJECT / name).read_bytes()).hexdigest()


def _make(environment: Path) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(environment)], check=False
    )
    if done.returncode != 0:
        print("Python's venv module is needed; Debian's package is python3-venv.")
    return done.returncode == 0


def _install_command(python: Path, name: str) -> list[str]:
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]
    lock = ["--require-hashes", "--only-binary=:all:", "-r", os.fspath(PROJECT / name)]
    return [os.fspath(python), "-m", "pip", "install", *options, *lock]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
