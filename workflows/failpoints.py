"""Named places where a process can be made to die, for the tests of recovery.

Disarmed, a point is one look into an empty dictionary. `FAILPOINTS` arms some of them
in the test environment alone: `call.after=self:3 timer.fire=self:2` lets the first
three and two processes that come by kill themselves; `parent` instead of `self` kills
the worker that forked this process and lets the orphan go on, `both` kills the two.
`FAILPOINTS_FOLDER` holds one file for each blow, so that a fleet of processes, and
those started in place of the dead, deal no more blows than were asked for.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

POINTS: Final = (
    "claim.committed",
    "call.before",
    "call.after",
    "finish.before",
    "finish.uncommitted",
    "bell.before",
    "sweep.batch",
    "timer.fire",
    "escalation",
    "verdict.uncommitted",
    "leaf.batch",
    "sign.signed",
    "sign.anchored",
    "export.middle",
)
"""In the order of RELIABILITY's list F1 to F12."""

_BORN: Final = os.getpid()
_VICTIMS: Final = ("self", "parent", "both")


class BadFailpoint(ValueError):
    """FAILPOINTS names a place or a victim that does not exist."""


def read_armed(environment: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Return victim and number of blows by name of the point. Raises BadFailpoint."""
    text = environment.get("FAILPOINTS", "")
    if environment.get("COUNTERSIGN_ENV") != "test" or not text:
        return {}
    armed: dict[str, tuple[str, int]] = {}
    for word in text.split():
        name, _, blow = word.partition("=")
        victim, _, count = blow.partition(":")
        if name not in POINTS or victim not in _VICTIMS or not count.isdecimal():
            raise BadFailpoint(
                f"{word!r} arms no failpoint; write NAME=self:1 with a name out of"
                f" {', '.join(POINTS)}."
            )
        armed[name] = (victim, int(count))
    return armed


_armed = read_armed(os.environ)


def reach(name: str) -> None:
    """Die here if this point is armed and has blows left."""
    if name in _armed:
        _strike(name)


def _strike(name: str) -> None:
    victim, count = _armed[name]
    if not _take_blow(name, count):
        del _armed[name]
        return
    # Only what this very program forked has a parent that is its worker.
    forked = os.getpid() != _BORN and os.getppid() == _BORN
    if forked and victim != "self":
        os.kill(_BORN, signal.SIGKILL)
    if not forked or victim != "parent":
        os.kill(os.getpid(), signal.SIGKILL)


def _take_blow(name: str, count: int) -> bool:
    """Take one of the blows that are left; nobody else can take the same one."""
    folder = Path(os.environ["FAILPOINTS_FOLDER"])
    for number in range(count):
        try:
            (folder / f"{name}.{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return True
    return False
