"""Processes whose clock is wrong, by libfaketime (Debian's package is faketime). No tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PLACES: Final = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")
NAME: Final = "libfaketimeMT.so.1"
MISSING: Final = (
    f"there is no {NAME} on this machine, by which clocks are set wrong (Debian's"
    " package is faketime)"
)


def find_library() -> Path | None:
    """Return libfaketime as threads can use it, None where it is not installed."""
    for place in PLACES:
        for found in Path("/").glob(f"{place[1:]}/{NAME}"):
            return found
    return None


def wrong_by(words: str) -> dict[str, str]:
    """Return the variables of a process whose clock is off as `words` say: `+1h`.

    Clocks that only run on are left alone, as they are where a wall clock is set.
    """
    return _variables() | {"FAKETIME": words}


def as_told_by(path: Path) -> dict[str, str]:
    """Return the variables of a process whose clock follows what a file says now."""
    return _variables() | {
        "FAKETIME_TIMESTAMP_FILE": str(path),
        "FAKETIME_CACHE_DURATION": "1",
    }


def _variables() -> dict[str, str]:
    return {
        "LD_PRELOAD": str(find_library()),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
