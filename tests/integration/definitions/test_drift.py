"""Drift: handlers that are not what a definition was deployed against."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from pydantic import BaseModel

import tests.factories.handlers  # noqa: F401  registers the handlers
from tests.factories.processes import TESTER, chain, package, process
from workflows import handlers
from workflows.handlers import HandlerContext, Registry, handler
from workflows.operations import definitions, retirement
from workflows.operations.drift import detect_drift, drift_of, drift_of_step
from workflows.operations.errors import NotFound
from workflows.operations.instances import Start, start_many

pytestmark = pytest.mark.django_db


class Amount(BaseModel):
    amount: int


class AmountIn(Amount):
    currency: str


class Score(BaseModel):
    score: int


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Let a test install handlers that are gone after it."""
    kept = handlers.registry._handlers
    mine = {name: dict(versions) for name, versions in kept.items()}
    monkeypatch.setattr(handlers.registry, "_handlers", mine)
    monkeypatch.setattr(handlers.registry, "_found", {})
    return handlers.registry


def install(version: str, model: type[BaseModel] = Amount) -> None:
    def score(request: BaseModel, context: HandlerContext) -> Score:
        """Score an amount."""
        return Score(score=1)

    score.__annotations__["request"] = model
    handler("test.score", version=version)(score)


def uninstall(registry: Registry) -> None:
    del registry._handlers["test.score"]
    registry._found.clear()


def deploy(wanted: str = "") -> int:
    attribute = f' cs:handlerVersion="{wanted}"' if wanted else ""
    body = (
        f'<startEvent id="s"/><serviceTask id="t" cs:handler="test.score"{attribute}/>'
        '<endEvent id="e"/>' + chain("s", "t", "e")
    )
    files = package(process(body))
    return definitions.deploy(files=files, actor=TESTER).definition_id


def test_unchanged_handler_is_no_drift(installed: Registry) -> None:
    install("1.0.0")
    deploy()
    assert detect_drift() == []


def test_missing_handler_is_drift_at_its_steps(installed: Registry) -> None:
    install("1.0.0")
    definition_id = deploy()
    uninstall(installed)
    (drift,) = detect_drift()
    assert (drift.handler, drift.used_by) == ("test.score 1.0.0", ("main/t",))
    assert "No handler is named 'test.score'" in drift.changes[0]
    assert drift_of_step(definition_id, process_id="main", node_id="t") == [drift]
    assert drift_of_step(definition_id, process_id="main", node_id="s") == []


def test_version_out_of_range_is_drift(installed: Registry) -> None:
    install("1.0.0")
    deploy("1")
    uninstall(installed)
    install("2.0.0")
    (drift,) = detect_drift()
    assert "has no version within '1'; registered: 2.0.0" in drift.changes[0]


def test_changed_contract_under_the_same_version_is_drift(installed: Registry) -> None:
    install("1.0.0")
    deploy()
    uninstall(installed)
    install("1.0.0", AmountIn)
    (drift,) = detect_drift()
    assert drift.changes == ("Input currency is required now.",)


def test_newer_version_that_fits_is_no_drift(installed: Registry) -> None:
    install("1.0.0")
    deploy()
    install("1.1.0")
    assert detect_drift() == []


def test_newer_version_that_does_not_fit_is_drift(installed: Registry) -> None:
    install("1.0.0")
    deploy()
    install("1.1.0", AmountIn)
    (drift,) = detect_drift()
    assert drift.changes == (
        "any version takes 1.1.0 now, where 1.0.0 was deployed against.",
        "Input currency is required now.",
    )


def test_retired_definition_counts_while_it_runs(installed: Registry) -> None:
    install("1.0.0")
    definition_id = deploy()
    start_many(
        definition_id=definition_id, starts=[Start(variables={}, initiator=TESTER)]
    )
    definitions.retire(definition_id=definition_id, actor=TESTER)
    uninstall(installed)
    assert len(detect_drift()) == 1
    with pytest.raises(NotFound):
        drift_of(0)


def test_retired_definition_that_runs_nowhere_does_not_count(
    installed: Registry,
) -> None:
    install("1.0.0")
    retirement.retire_when_idle(definition_id=deploy(), actor=TESTER)
    uninstall(installed)
    assert detect_drift() == []


def test_command_tells_drift_and_fails(installed: Registry) -> None:
    install("1.0.0")
    deploy()
    out = io.StringIO()
    call_command("detect_drift", stdout=out)
    assert out.getvalue() == "No drift.\n"
    uninstall(installed)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 handlers") as caught:
        call_command("detect_drift", stdout=out)
    assert caught.value.returncode == 1
    assert out.getvalue().startswith("test-process 1.0.0: test.score 1.0.0 (main/t)\n")
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("detect_drift", "--json", stdout=out)
    (told,) = json.loads(out.getvalue())
    assert told["definition"] == "test-process 1.0.0"
