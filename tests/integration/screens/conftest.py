"""The world of the screens' tests."""

import pytest

from tests.factories.desk import World, build_world


@pytest.fixture
def world(db: None) -> World:
    """Make the people, the queue and the process anew."""
    return build_world()
