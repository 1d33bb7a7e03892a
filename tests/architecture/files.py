"""The repository's own files: what git has, or would have, without vendored ones."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
VENDORED = ("static/vendor/", "tests/vendor/")


@cache
def list_files() -> tuple[Path, ...]:
    """Return the paths of all our files, relative to the repository's root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:  # an archive without git
        skipped = {".venv", "node_modules", "var", "__pycache__"}
        names = [
            str(path.relative_to(PROJECT))
            for path in PROJECT.rglob("*")
            if path.is_file() and not skipped & set(path.parts)
        ]
    return tuple(
        Path(name)
        for name in sorted(names)
        if not name.startswith(VENDORED) and (PROJECT / name).is_file()
    )


def list_python() -> list[Path]:
    return [path for path in list_files() if path.suffix == ".py"]


def read(path: Path) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")
