"""Calls of other definitions: what is noted at deploy, and which version is called."""

import pytest

import tests.factories.handlers  # noqa: F401  registers the handlers
from tests.factories.processes import TESTER, chain, package, process
from workflows.core.bpmn.graph import Node, NodeKind
from workflows.models import Definition, Incident, Instance
from workflows.operations import definitions, plans
from workflows.operations.instances import Start, start_and_advance
from workflows.operations.packages import PackageRefused

pytestmark = pytest.mark.django_db

LEAF = process(
    '<startEvent id="s"/><manualTask id="t"/><endEvent id="e"/>' + chain("s", "t", "e")
)


def called(version: str) -> int:
    files = package(LEAF, key="called", version=version)
    return definitions.deploy(files=files, actor=TESTER).definition_id


def caller(attributes: str, *, version: str = "1.0.0", local: str = "") -> int:
    body = (
        f'<startEvent id="s"/><callActivity id="c" calledElement="called" {attributes}/>'
        '<endEvent id="e"/>' + chain("s", "c", "e")
    )
    files = package(
        process(body), *([local] if local else []), key="caller", version=version
    )
    return definitions.deploy(files=files, actor=TESTER).definition_id


def run(definition_id: int) -> str:
    """Start the caller; return the version of the instance it called."""
    (instance_id,) = start_and_advance(
        definition_id=definition_id, starts=[Start(variables={}, initiator=TESTER)]
    )
    child = Instance.objects.select_related("definition").get(
        parent_instance_id=instance_id
    )
    return child.definition.version


def test_latest_call_takes_what_is_newest_at_the_call() -> None:
    called("1.0.0")
    definition_id = caller("")
    called("2.0.0")
    newest = called("2.1.0")
    assert run(definition_id) == "2.1.0"
    definitions.retire(definition_id=newest, actor=TESTER)
    assert run(definition_id) == "2.0.0"


def test_pinned_call_stays_with_the_version_of_the_deployment() -> None:
    first = called("1.0.0")
    definition_id = caller('cs:binding="pinned"')
    called("1.1.0")
    assert run(definition_id) == "1.0.0"
    definitions.retire(definition_id=first, actor=TESTER)
    assert run(definition_id) == "1.0.0"
    assert Definition.objects.get(pk=definition_id).calls == {
        "main/c": {"called": "called", "binding": "pinned", "version": "1.0.0"}
    }


def test_pinned_call_takes_the_version_that_is_given() -> None:
    called("1.0.0")
    called("1.1.0")
    assert run(caller('cs:binding="pinned" cs:version="1.0.0"')) == "1.0.0"
    assert run(caller('cs:version="1.0.0"', version="1.0.1")) == "1.0.0"


def test_compatible_call_stays_within_the_major_version() -> None:
    called("1.0.0")
    definition_id = caller('cs:binding="compatible"')
    called("1.3.0")
    called("2.0.0")
    assert run(definition_id) == "1.3.0"
    ranged = caller('cs:binding="compatible" cs:version="&lt;1.3"', version="1.0.1")
    assert run(ranged) == "1.0.0"


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ('cs:binding="pinned"', r"pinned call needs 'called' to be deployed"),
        ('cs:binding="pinned" cs:version="3.0.0"', r"'called' 3\.0\.0 to be deployed"),
        ('cs:binding="compatible" cs:version="3"', "in force: none"),
        ('cs:binding="pinned" cs:version="1.2"', "MAJOR.MINOR.PATCH"),
    ],
)
def test_call_of_what_is_not_deployed_is_refused_where_it_stands(
    attributes: str, told: str
) -> None:
    with pytest.raises(PackageRefused, match=told) as caught:
        caller(attributes)
    (problem,) = caught.value.problems
    assert (problem.source, problem.element) == ("main.bpmn", "c")
    assert problem.line > 0
    assert not Definition.objects.exists()


def test_call_within_the_package_needs_no_deployment() -> None:
    local = process(
        '<startEvent id="s2"/><endEvent id="e2"/>' + chain("s2", "e2"),
        process_id="called",
    )
    definition_id = caller('cs:binding="pinned"', local=local)
    assert run(definition_id) == "1.0.0"
    assert Definition.objects.get(pk=definition_id).calls == {}


def test_same_bytes_again_are_no_new_deployment_even_where_the_called_is_gone() -> None:
    target = called("1.0.0")
    definition_id = caller('cs:binding="pinned"')
    definitions.retire(definition_id=target, actor=TESTER)
    assert caller('cs:binding="pinned"') == definition_id


def test_latest_call_of_nothing_is_an_incident() -> None:
    definition_id = caller("")
    start_and_advance(
        definition_id=definition_id, starts=[Start(variables={}, initiator=TESTER)]
    )
    assert "fits the call of 'called'" in Incident.objects.get().message


def test_unreadable_wish_of_an_old_deployment_finds_nothing() -> None:
    called("1.0.0")
    node = Node(
        id="c",
        kind=NodeKind.CALL_ACTIVITY,
        called="called",
        properties={"version": "one"},
    )
    own = caller("")
    assert plans.resolve_called(own, process_id="main", node=node) is None
