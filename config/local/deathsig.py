"""Make processes die with their parent, so that a killed supervisor leaves nothing.

Note [death signal]: Linux delivers PR_SET_PDEATHSIG when the *thread* that forked the
child ends, and forgets it when the child changes its user. So children are started
from the main thread only, and the call comes after any change of user. Elsewhere than
on Linux the call does not exist, and an orderly stop is the only way to end a stack.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
# Looked up here because a fresh child must not load libraries.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(signum: signal.Signals, *, parent: int) -> None:
    """Ask the kernel for `signum` at the death of this process's parent `parent`."""
    if _prctl is None:
        return
    _prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent:  # it died before the call above
        os.kill(os.getpid(), signum)


def bind_forks() -> None:
    """Make every later os.fork() child of this process die with it.

    RQ's work-horse is such a child: it puts itself into a group of its own, so no
    signal sent to the worker's group would reach it.
    """
    parent = [os.getpid()]

    def after_fork() -> None:
        die_with_parent(signal.SIGKILL, parent=parent[0])
        parent[0] = os.getpid()

    os.register_at_fork(after_in_child=after_fork)
