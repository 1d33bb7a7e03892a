"""Named places where a process can be made to die, for the tests of recovery.

Disarmed, a point is one look into an empty dictionary. `FAILPOINTS` arms some of them
in the test environment alone: with `call.after=self,parent` the first process that
comes by kills itself, the second the worker that forked it and goes on as an orphan;
`both` kills the two. `FAILPOINTS_FOLDER` holds one file for each blow that was dealt,
so that a fleet of processes, and those started in place of the dead, deal no more
blows than were asked for.
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
    "verdict.held",
    "settle.uncommitted",
    "leaf.batch",
    "sign.signed",
    "sign.anchored",
    "export.middle",
    "rollup.uncommitted",
    "bundle.planned",
    "bundle.middle",
    "bundle.part",
    "bundle.assembled",
    "bundle.handed",
    "controls.part",
    "controls.uncommitted",
)
"""In the order of RELIABILITY's list F1 to F12; then where auditors' work may break off."""

_BORN: Final = os.getpid()
_VICTIMS: Final = ("self", "parent", "both")


class BadFailpoint(ValueError):
    """FAILPOINTS names a place or a victim that does not exist."""


def read_armed(environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the victims, one for each blow, by name of the point.

    Raises BadFailpoint.
    """
    text = environment.get("FAILPOINTS", "")
    if environment.get("COUNTERSIGN_ENV") != "test" or not text:
        return {}
    armed: dict[str, tuple[str, ...]] = {}
    for word in text.split():
        name, _, listed = word.partition("=")
        victims = tuple(listed.split(","))
        if name not in POINTS or not set(victims) <= set(_VICTIMS):
            raise BadFailpoint(
                f"{word!r} arms no failpoint; write NAME=self,self with a name out of"
                f" {', '.join(POINTS)} and victims out of {', '.join(_VICTIMS)}."
            )
        armed[name] = victims
    return armed


_armed = read_armed(os.environ)


def reach(name: str) -> None:
    """Die here if this point is armed and has blows left."""
    if name in _armed:
        _strike(name)


def _strike(name: str) -> None:
    victim = _take_blow(name)
    if not victim:
        _armed.pop(name, None)  # two threads may find it out at once
        return
    # Only what this very program forked has a parent that is its worker.
    forked = os.getpid() != _BORN and os.getppid() == _BORN
    if forked and victim != "self":
        os.kill(_BORN, signal.SIGKILL)
    if not forked or victim != "parent":
        os.kill(os.getpid(), signal.SIGKILL)


def _take_blow(name: str) -> str:
    """Take the next blow that is left; nobody else can take the same one."""
    folder = Path(os.environ["FAILPOINTS_FOLDER"])
    for number, victim in enumerate(_armed.get(name, ())):
        try:
            (folder / f"{name}.{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return victim
    return ""
