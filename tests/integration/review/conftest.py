"""One desk for each control: a single reviewer, two of them, and the grid's choice."""

import pytest

from tests.factories.tasks import Desk, make_desk


@pytest.fixture
def desk(db: None) -> Desk:
    """One person decides."""
    return make_desk()


@pytest.fixture
def dual_desk(db: None) -> Desk:
    """Two persons decide."""
    return make_desk(quorum="dual")


@pytest.fixture
def grid_desk(db: None) -> Desk:
    """The grid says who decides."""
    return make_desk(grid="grid")
