"""Versions on their way out: no new starts, retired when the last instance ends."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from tests.factories.processes import TESTER, chain, package, process
from tests.integration.review.racing import track
from workflows.audit import INSTALLATION
from workflows.core.actors import SWEEPER
from workflows.models import AuditEntry, Definition, Instance, Timer
from workflows.operations import definitions, instances, retirement
from workflows.operations.errors import Conflict, NotFound
from workflows.operations.instances import Start, start_and_advance
from workflows.sweeper import sweep

WAITS = process(
    '<startEvent id="s"/><intermediateCatchEvent id="w"><timerEventDefinition>'
    "<timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    '<endEvent id="e"/>' + chain("s", "w", "e")
)
EVERY_DAY = process(
    '<startEvent id="s"><timerEventDefinition><timeCycle>R/P1D</timeCycle>'
    '</timerEventDefinition></startEvent><endEvent id="e"/>' + chain("s", "e")
)


def deploy(version: str = "1.0.0", body: str = WAITS) -> int:
    files = package(body, version=version)
    return definitions.deploy(files=files, actor=TESTER).definition_id


def start(definition_id: int) -> Instance:
    (instance_id,) = start_and_advance(
        definition_id=definition_id, starts=[Start(variables={}, initiator=TESTER)]
    )
    return Instance.objects.get(pk=instance_id)


def end(instance: Instance) -> None:
    instances.cancel(instance_id=instance.pk, actor=TESTER, reason="Not needed.")


def kinds() -> list[str]:
    found = AuditEntry.objects.filter(chain=INSTALLATION, kind__startswith="definition")
    return list(found.order_by("seq").values_list("kind", flat=True))


@pytest.mark.django_db
def test_version_takes_no_starts_and_is_retired_with_its_last_instance() -> None:
    definition_id = deploy()
    first, second = start(definition_id), start(definition_id)
    assert retirement.retire_when_idle(definition_id=definition_id, actor=TESTER) == 2
    assert definitions.find_definition(key="test-process") is None
    end(first)
    sweep()
    definition = Definition.objects.get(pk=definition_id)
    assert (definition.retiring_at is None, definition.retired_at) == (False, None)
    end(second)
    sweep()
    definition.refresh_from_db()
    assert definition.retired_at is not None
    assert kinds() == [
        "definition.deployed",
        "definition.retiring",
        "definition.retired",
    ]


@pytest.mark.django_db
def test_version_without_instances_is_retired_at_once() -> None:
    definition_id = deploy()
    assert retirement.retire_when_idle(definition_id=definition_id, actor=TESTER) == 0
    assert Definition.objects.get(pk=definition_id).retired_at is not None
    with pytest.raises(Conflict, match="retired already"):
        retirement.retire_when_idle(definition_id=definition_id, actor=TESTER)
    with pytest.raises(NotFound):
        retirement.retire_when_idle(definition_id=0, actor=TESTER)


@pytest.mark.django_db
def test_older_version_takes_over_while_a_version_is_on_its_way_out() -> None:
    deploy("1.0.0")
    newer = deploy("1.1.0")
    start(newer)
    retirement.retire_when_idle(definition_id=newer, actor=TESTER)
    found = definitions.find_definition(key="test-process")
    assert found is not None
    assert found.version == "1.0.0"
    with pytest.raises(Conflict, match="on its way out already"):
        retirement.retire_when_idle(definition_id=newer, actor=TESTER)


@pytest.mark.django_db
def test_retired_version_is_started_by_no_timer() -> None:
    definition_id = deploy(body=EVERY_DAY)
    assert Timer.objects.filter(kind="engine.start", state="ARMED").count() == 1
    definitions.retire(definition_id=definition_id, actor=TESTER)
    assert not Timer.objects.filter(kind="engine.start", state="ARMED").exists()


@pytest.mark.django_db
def test_retiring_the_older_version_leaves_the_newer_ones_timer() -> None:
    older = deploy("1.0.0", EVERY_DAY)
    deploy("1.1.0", EVERY_DAY)
    retirement.retire_when_idle(definition_id=older, actor=TESTER)
    assert Timer.objects.filter(kind="engine.start", state="ARMED").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE workflows_definition SET retiring_at = NULL",
        "UPDATE workflows_definition SET retiring_at = now() + interval '1 second'",
    ],
)
def test_database_keeps_a_version_on_its_way_out(statement: str) -> None:
    definition_id = deploy()
    start(definition_id)
    retirement.retire_when_idle(definition_id=definition_id, actor=TESTER)
    with (
        pytest.raises(DatabaseError, match="never changes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db
def test_command_retires_when_idle() -> None:
    definition_id = deploy()
    instance = start(definition_id)
    out = io.StringIO()
    call_command(
        "retire_definition", "test-process", "1.0.0", "--when-idle", stdout=out
    )
    assert "retired when the last of 1 has ended" in out.getvalue()
    with pytest.raises(CommandError, match="in force"):
        call_command("retire_definition", "test-process", "1.0.0", "--when-idle")
    end(instance)
    assert retirement.retire_idle() == 1
    last = AuditEntry.objects.filter(chain=INSTALLATION).order_by("seq").last()
    assert last is not None
    assert (last.kind, last.actor) == ("definition.retired", SWEEPER.ref)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_sweepers_retire_a_version_once() -> None:
    definition_id = deploy()
    instance = start(definition_id)
    retirement.retire_when_idle(definition_id=definition_id, actor=TESTER)
    end(instance)
    with track(4) as lanes:
        answers = lanes.race(*[retirement.retire_idle] * 4)
    assert (answers.count(1), answers.count(0)) == (1, 3)
    assert kinds().count("definition.retired") == 1
