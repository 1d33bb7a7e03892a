"""Order what auditors' workers do, in a process of its own: `auditing.py begin|bundle`.

`begin` orders two bundles of all cases and tests of their controls, `bundle` one more.
"""

from __future__ import annotations

import sys

import django

django.setup()

from review.core.evidence.selections import Selection  # noqa: E402
from review.core.states import Role  # noqa: E402
from review.operations.evidence import bundles, control_orders  # noqa: E402
from tests.factories.processes import TESTER  # noqa: E402
from tests.factories.tasks import make_person  # noqa: E402

EVERYTHING = Selection(kind="query", title="Every case")


def bundle() -> None:
    """Order a bundle of every case."""
    bundles.order_bundle(selection=EVERYTHING, doer=TESTER)


def begin() -> None:
    """Order two bundles of every case, and tests of all their controls."""
    bundle()
    bundle()
    control_orders.order(person=make_person("Dan", Role.AUDITOR), selection=EVERYTHING)


if __name__ == "__main__":
    {"begin": begin, "bundle": bundle}[sys.argv[1]]()
