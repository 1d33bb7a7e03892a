"""The cases that a bundle's search has found so far, in a file beside its parts.

One line for each window of the log that was read (evidence/selecting.py), in a file of
the worker's own token: the next worker takes over what stands in the last one's, but for
a line that a crash tore off.
"""

import json
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from review.evidence.selecting import Window

_PREFIX: Final = "found-"


class Findings:
    """Cases found, and below which entry the search goes on; None before and after it."""

    def __init__(self, file: Path) -> None:
        self.cases: set[UUID] = set()
        self.below: int | None = None
        self.is_whole = False
        self._file = file

    @classmethod
    def take_over(cls, folder: Path, *, token: int) -> Self:
        """Return what earlier workers found, in a file of one's own from now on."""
        found = cls(folder / f"{_PREFIX}{token}.jsonl")
        earlier = [
            (int(path.stem.removeprefix(_PREFIX)), path)
            for path in folder.glob(f"{_PREFIX}*.jsonl")
        ]
        before = [path for number, path in sorted(earlier) if number < token]
        windows = _read(before[-1]) if before else []
        for window in windows:
            found._take(window)
        if windows:
            found._write("w", Window(list(found.cases), below=found.below))
        return found

    def add(self, window: Window) -> None:
        """Keep what one window found."""
        self._take(window)
        self._write("a", window)

    def _take(self, window: Window) -> None:
        self.cases.update(window.cases)
        self.below = window.below
        self.is_whole = window.below is None

    def _write(self, mode: str, window: Window) -> None:
        told = {"below": window.below, "cases": [str(case) for case in window.cases]}
        with self._file.open(mode, encoding="utf-8") as out:
            out.write(json.dumps(told) + "\n")


def _read(path: Path) -> list[Window]:
    windows = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break  # torn off: its window is read again
            told = json.loads(line)
            windows.append(
                Window([UUID(case) for case in told["cases"]], below=told["below"])
            )
    return windows
