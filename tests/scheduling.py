"""Which tests must meet in one process when several run them, and in what order.

No fixtures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

GROUPS: Final = {
    "tests/e2e/test_access.py": "access",
    "tests/integration/local/test_attach.py": "stacks",
    "tests/integration/local/test_up.py": "stacks",
    "tests/e2e/": "browser",
    "tests/faults/test_kill.py": "kill",
    "tests/faults/test_failpoints.py": "failpoints",
    "tests/conformance/bpmn/test_pictures.py": "pictures",
}
"""By where a test stands, what it shares with others: a site, a fleet, a stack.

They come first, in this order, since they are long: the last ones to run are short, so
that no process waits for another at the end.
"""
WHOLE: Final = (
    "tests/architecture/",
    "tests/conformance/",
    "tests/simulation/",
    "tests/unit/",
)
"""Where a file's tests go to one process: thousands of short ones without a database."""


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
    """Hand out tests one by one, and those of a group together to one process.

    xdist's own `xdist_group` writes the group into an attribute of the test that
    pytest 9.2 no longer reads, so that each process would set up the whole group's
    fleet or site again. Its order, the groups with most tests first, is not ours.
    """

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        if group := _group(nodeid):
            return group
        return nodeid.partition("::")[0] if nodeid.startswith(WHOLE) else nodeid


def put_long_first(items: list[pytest.Item]) -> None:
    """Order tests by group; what is in none follows in its order, short files last."""
    names = [*dict.fromkeys(GROUPS.values()), ""]
    items.sort(
        key=lambda item: (
            names.index(_group(item.nodeid)),
            item.nodeid.startswith(WHOLE),
        )
    )


def _group(nodeid: str) -> str:
    found = (name for place, name in GROUPS.items() if nodeid.startswith(place))
    return next(found, "")
