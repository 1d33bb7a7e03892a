"""A data directory that the product made and migrated itself, once for all tests."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.local.running import manage

COUNT_PEOPLE = "from review.models import Person; print(Person.objects.count())"


class Made(NamedTuple):
    """A data directory at rest, and the command that made it."""

    data: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Let a command without a running stack make all it needs; to be copied."""
    data = tmp_path_factory.mktemp("made") / "data"
    return Made(data, manage(data, "shell", "-v0", "-c", COUNT_PEOPLE))
