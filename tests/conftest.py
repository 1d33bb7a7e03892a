"""Fixtures of the whole suite: real servers, and the database roles."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pytest
import pytest_django
from hypothesis import HealthCheck, settings

from tests.stack import FOLDER_VARIABLE, TEMPLATE, Servers, make_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_folder = Path(os.environ.get(FOLDER_VARIABLE) or make_folder())
_servers: Servers | None = None


def _point_at_servers() -> None:
    """Name the servers before settings are read; they are started when first needed.

    Given addresses are used as they are. Under xdist the controller made the folder and
    starts the servers; its workers find the folder's name in the environment.
    """
    global _servers  # noqa: PLW0603  (one per process, like the environment it mirrors)
    os.environ["COUNTERSIGN_ENV"] = "test"
    os.environ["COUNTERSIGN_DATA_DIR"] = str(_folder / f"data{WORKER}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    given = {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys()
    if given and FOLDER_VARIABLE not in os.environ:
        return
    _servers = Servers(_folder)
    os.environ[FOLDER_VARIABLE] = str(_folder)
    os.environ.update(_servers.urls(worker=WORKER))


_point_at_servers()
# To look for cycles after every 700 new objects takes a tenth of a run's time.
gc.set_threshold(50_000, 20, 50)
django.setup()
# A busy machine is no fault of the law under test.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    # Workers cannot agree on who starts the servers, so their controller does.
    distributed = config.getoption("numprocesses", None)
    if distributed and not WORKER and _servers:
        _servers.start()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a group in one process; only xdist's controller asks."""
    from tests.scheduling import GroupScheduling  # noqa: PLC0415  (xdist may be absent)

    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if WORKER:
        from tests.scheduling import put_long_first  # noqa: PLC0415  (as above)

        put_long_first(items)


def pytest_collection_finish() -> None:
    # What was imported and collected stays to the end: nothing of it is ever garbage.
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    if WORKER and _servers:
        return  # the folder is the controller's
    if _servers:
        _servers.stop()
    shutil.rmtree(_folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> None:
    """Ask for a running PostgreSQL and Valkey, without a test database."""
    if _servers and not WORKER:
        _servers.start()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, servers: None
) -> None:
    """Let the first test database wait for the servers, and be a copy."""
    from django.db import connection  # noqa: PLC0415  (settings exist only by now)

    if _servers:
        _servers.wait_template()
        connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module; it ends before tests that bring an event loop."""
    from tests.browser import open_chromium  # noqa: PLC0415  (slow to import)

    with open_chromium() as browser:
        yield browser


@pytest.fixture
def as_application_role(db: None) -> Iterator[None]:
    """Run the test's queries with the rights of the application's database role."""
    from django.db import connection  # noqa: PLC0415  (settings exist only by now)

    with connection.cursor() as cursor:
        cursor.execute("SET ROLE countersign_app")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    """Let tests with real commits empty the tables that refuse TRUNCATE."""
    from tests.audit_tables import let_tests_empty_tables  # noqa: PLC0415
    from tests.emptying import empty_only_what_was_filled  # noqa: PLC0415

    empty_only_what_was_filled()
    with django_db_blocker.unblock():
        let_tests_empty_tables()
