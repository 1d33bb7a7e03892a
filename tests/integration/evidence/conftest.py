"""One bundle of three cases serves all tests that only look at it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_django
from django.db import connection, transaction

from tests.integration.evidence.world import (
    Made,
    export,
    path_of,
    seal_log,
    walk_cases,
)


@pytest.fixture(scope="module")
def made(
    django_db_setup: None,
    django_db_blocker: pytest_django.DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Made:
    """Export three cases; the database is as it was before, the file stays."""
    folder = tmp_path_factory.mktemp("evidence")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.DATA_DIR", folder)
        with transaction.atomic():
            cases = walk_cases(3)
            key = seal_log()
            bundle = export(cases, reason="yearly audit")
            file = folder / "bundle.zip"
            shutil.copy(path_of(bundle), file)
            transaction.set_rollback(True)
        connection.close()
    return Made(bundle.pk, cases, file, key)


@pytest.fixture
def unpacked(made: Made, tmp_path: Path) -> Path:
    """Unpack the bundle anew for a test that changes it."""
    return made.unpack(tmp_path)
