"""Which tests must meet in one process when several run them. No fixtures."""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

GROUPS: Final = {
    "tests/e2e/": "browser",
    "tests/conformance/bpmn/test_pictures.py": "browser",
    "tests/faults/test_failpoints.py": "failpoints",
    "tests/faults/test_kill.py": "kill",
    "tests/integration/local/test_attach.py": "attach",
    "tests/integration/local/test_up.py": "up",
}
"""By where a test stands, what it shares with others: a site, a fleet, a stack."""


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
    """Hand out tests one by one, and those of a group together to one process.

    xdist's own `xdist_group` writes the group into an attribute of the test that
    pytest 9.2 no longer reads, so that each process would set up the whole group's
    fleet or site again.
    """

    def _split_scope(self, nodeid: str) -> str:
        found = (name for place, name in GROUPS.items() if nodeid.startswith(place))
        return next(found, nodeid)
