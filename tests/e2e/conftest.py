"""A running site with its own database, and browsers that tell when something is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from config.local.processes import Program, stop
from tests.browser import open_chromium
from tests.factories.desk import PASSWORD
from tests.stack import Servers, address_of

ROOT: Final = Path(__file__).parents[2]
AXE: Final = next((ROOT / "tests" / "vendor").glob("axe-core-*/axe.min.js"))
START_SECONDS: Final = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.slow)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the site is and what was put on its stage."""

    url: str
    environment: dict[str, str]
    made: dict[str, Any]


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _make_database(name: str) -> str:
    """Return the address of a migrated database that is made anew."""
    if servers := Servers.of_this_run():
        return servers.copy_template(name)
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    made = address_of(url, name)
    _run(
        ["manage.py", "migrate", "--verbosity", "0"],
        {**os.environ, "DATABASE_URL": made},
    )
    return made


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="package")
def site(
    servers: None, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Site]:
    """Run web server and workers over a database of their own.

    They end with these tests: their hints would reach other tests of this process.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "DATABASE_URL": _make_database(f"browser_{worker_id}"),
        "COUNTERSIGN_ORIGINS": url,
        "COUNTERSIGN_LOG_LEVEL": "WARNING",
    }
    made = json.loads(_run(["-m", "tests.e2e.stage"], environment).splitlines()[-1])
    logs = tmp_path_factory.mktemp("site")
    web = ["-m", "uvicorn", "config.asgi:application", "--port", str(port)]
    programs = [
        [*web, "--host", "127.0.0.1", "--log-level", "warning"],
        ["manage.py", "work", "--queue", "engine"],
        ["manage.py", "work", "--queue", "services"],
    ]
    children = [
        Program(
            name=arguments[1],
            command=[sys.executable, *arguments],
            directory=ROOT,
            environment=environment,
            log=logs / f"{number}.log",
        ).start()
        for number, arguments in enumerate(programs)
    ]
    try:
        _wait_for(f"{url}/livez", children[0], logs / "0.log")
        yield Site(url=url, environment=environment, made=made)
    finally:
        for child in children:
            stop(child, signal.SIGTERM, seconds=10)


def _wait_for(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url):  # noqa: S310
            return
        time.sleep(0.1)
    pytest.fail(f"The site did not start: {log.read_text(encoding='utf-8')[-2000:]}")


class Backstage:
    """Lets cases arrive and clocks be looked at; reads and moves what the site has."""

    def __init__(self, site: Site) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.backstage"],
            cwd=ROOT,
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._database = psycopg.connect(
            site.environment["DATABASE_URL"], autocommit=True
        )
        # What moves here is time: no change of state that an audit entry tells of.
        self._database.execute("SET session_replication_role = replica")
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._program.stdout is not None
        line = self._program.stdout.readline()
        assert line, "The program behind the stage has ended."
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ask(self, **wish: Any) -> dict[str, Any]:
        assert self._program.stdin is not None
        self._program.stdin.write(json.dumps(wish) + "\n")
        self._program.stdin.flush()
        return self._answer()

    def start(self, *names: str, **how: Any) -> list[int]:
        """Let a case of each name arrive; return their tasks."""
        tasks: list[int] = self._ask(do="start", names=names, **how)["tasks"]
        return tasks

    def start_sure(self, confidence: str = "0.95") -> int:
        """Let a case come that its queue's grid passes alone if it is sure enough."""
        task: int = self._ask(do="start_sure", confidence=confidence)["task"]
        return task

    def start_case(self) -> None:
        """Let another case of the stage's own process arrive."""
        self._ask(do="start_case")

    def start_loan(self) -> str:
        """Let another loan arrive; return its instance."""
        return str(self._ask(do="start_loan")["instance"])

    def set_rules(self, *, undo_seconds: int, claim_ahead: int) -> None:
        """Give the stage's desk other rules."""
        self._ask(do="set_rules", undo_seconds=undo_seconds, claim_ahead=claim_ahead)

    def furnish(self) -> dict[str, Any]:
        """Make one of everything that has a page of its own."""
        return self._ask(do="furnish")

    def build_bundles(self) -> int:
        """Build the bundles that were ordered, as a worker does; return how many."""
        built: int = self._ask(do="build")["bundles"]
        return built

    def sweep(self) -> None:
        """Look at the clocks once, as the sweeper does every second."""
        self._ask(do="sweep")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read, or move, rows of the site's database."""
        cursor = self._database.execute(query, values)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self._database.close()
        with self._program:
            assert self._program.stdin is not None
            self._program.stdin.close()


@pytest.fixture(scope="package")
def backstage(site: Site) -> Iterator[Backstage]:
    """Keep one program beside the site, for all tests that need one."""
    behind = Backstage(site)
    yield behind
    behind.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Start one browser for these tests.

    It ends with them: while it lives its event loop runs in this process, and tests
    that bring an event loop of their own cannot.
    """
    with open_chromium() as browser:
        yield browser


@dataclass
class People:
    """Opens pages for people; collects what their browsers complain of.

    Without slots: Playwright hangs its wrapper of a listener on the listener's owner.
    """

    chromium: Browser
    site: Site
    signed_in: dict[str, Any]
    kept: dict[str, BrowserContext]
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def page(
        self, name: str = "", path: str = "/", *, alone: bool = False, **options: Any
    ) -> Page:
        """Return a page of somebody signed in (of a stranger without a name).

        A person's browser stays, with the files it has fetched, for later tests;
        `alone` or with options it is another one, for this test.
        """
        context = self._browser(name, options, alone=alone)
        page = context.new_page()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        return page

    def _browser(
        self, name: str, options: dict[str, Any], *, alone: bool
    ) -> BrowserContext:
        if alone or options or not name:
            context = self._open(name, options)
            self._contexts.append(context)
            return context
        if name not in self.kept:
            self.kept[name] = self._open(name, options)
        return self.kept[name]

    def _open(self, name: str, options: dict[str, Any]) -> BrowserContext:
        if name:
            options["storage_state"] = self._sign_in(name)
        context = self.chromium.new_context(
            base_url=self.site.url, reduced_motion="reduce", **options
        )
        context.set_default_timeout(10_000)
        return context

    def _sign_in(self, name: str) -> Any:
        """Return somebody's cookies, signing in by the form the first time."""
        if name not in self.signed_in:
            context = self.chromium.new_context(base_url=self.site.url)
            page = context.new_page()
            page.goto("/sign-in/")
            page.fill("[name=username]", name)
            page.fill("[name=password]", PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_url("**/")
            self.signed_in[name] = context.storage_state()
            context.close()
        return self.signed_in[name]

    def _on_console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.location['url']}: {message.text}")

    def list_barriers(self, page: Page) -> list[str]:
        """Return the serious violations that axe-core finds on a page as it stands.

        What the policy has against axe-core's own styles is no complaint of the page,
        so nobody listens to this page's console from here on.
        """
        with suppress(KeyError):
            page.remove_listener("console", self._on_console)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
            for node in each["nodes"]
        ]

    def close(self) -> None:
        """Close all pages; whoever opens one later has the cookies of signing in."""
        for context in self._contexts:
            context.close()
        for name, context in self.kept.items():
            if context.pages:
                for page in context.pages:
                    page.close()
                context.clear_cookies()
                context.add_cookies(self.signed_in[name]["cookies"])


@pytest.fixture(scope="package")
def kept() -> dict[str, BrowserContext]:
    """Remember everybody's browser; they end with the one they are part of."""
    return {}


@pytest.fixture(scope="package")
def signed_in() -> dict[str, Any]:
    """Remember who has signed in already."""
    return {}


@pytest.fixture
def people(
    chromium: Browser,
    site: Site,
    signed_in: dict[str, Any],
    kept: dict[str, BrowserContext],
) -> Iterator[People]:
    """Give browsers to people; fail when one of them had an error to report."""
    opened = People(chromium, site, signed_in, kept)
    yield opened
    opened.close()
    assert opened.complaints == []
