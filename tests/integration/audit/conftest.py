"""A key folder of the test's own, and a small log to seal and verify."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.integration.audit.leaving import Clock
from workflows.operations.log_key import KeyFolder


@pytest.fixture
def keys(tmp_path: Path, settings: Settings) -> KeyFolder:
    """Put the signing key and the last checkpoint below the test's own folder."""
    settings.DATA_DIR = tmp_path
    return KeyFolder.of_settings()


@pytest.fixture
def clock() -> Clock:
    """Give a clock that goes only when told."""
    return Clock()
