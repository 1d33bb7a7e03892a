"""A desk whose work is folded."""

import pytest

from tests.factories.tasks import Desk, make_desk


@pytest.fixture
def desk(db: None) -> Desk:
    """A queue with four reviewers and a step with a clock that leads there."""
    return make_desk(sla="PT8H", warn="75%", grid="grid", proposal="proposal")
