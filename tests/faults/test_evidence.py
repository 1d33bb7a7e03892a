"""Promises 15, 16 and 20 at a small share; `make chaos` runs them, 17 and 18 at full size."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.factories.desk import build_world
from tests.faults import bypassing, erasing, tampering
from tests.integration.audit.rows import make_rows
from workflows.operations.guards import read_guards

pytestmark = pytest.mark.slow


@pytest.mark.django_db
def test_whatever_is_done_to_a_log_is_found() -> None:
    told = tampering.tamper(39)  # every kind once
    assert told["missed"] == []
    assert told["kept"]
    assert len(told["kinds"]) == 39


@pytest.mark.django_db(transaction=True)
def test_what_was_erased_is_nowhere(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    told = erasing.erase(21)
    assert told["kept"], told


@pytest.mark.django_db(transaction=True)
def test_no_row_of_state_changes_without_its_entry() -> None:
    build_world().open_task()
    make_rows()
    count = bypassing.bypass()
    assert count.passed == []
    assert dict(count.otherwise) == {}
    assert count.tables == set(read_guards().classes)
    assert {"workflows_step", "review_task", "review_person"} <= count.tables
    assert min(count.refused.values()) > 20
    assert set(count.refused) == {"update", "delete", "insert"}
