"""Versions side by side: retire one, take its instances to another, see drift."""

import pytest
from django.urls import reverse

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.models import DefinitionChange
from tests.factories.desk import PROCESS, World
from tests.factories.processes import TESTER, chain, package, process
from workflows import handlers
from workflows.models import AuditEntry, Definition, Incident, Instance
from workflows.operations import definitions
from workflows.operations.instances import Start, start_and_advance

RENAMED = PROCESS.replace('id="one"', 'id="once"').replace('"one"/>', '"once"/>')


def deploy(body: str = RENAMED, version: str = "1.1.0") -> int:
    for flow_end in ('sourceRef="one"', 'targetRef="one"'):
        body = body.replace(flow_end, flow_end.replace("one", "once"))
    files = package(body, key="screens", version=version)
    return definitions.deploy(files=files, actor=TESTER).definition_id


def page(world: World, definition_id: int, who: str = "olga") -> str:
    url = reverse("definition-detail", args=[definition_id])
    return world.browser(who).get(url).content.decode()


def migrate_url(world: World) -> str:
    return reverse("definition-migrate", args=[world.definition_id])


@pytest.mark.parametrize("who", ["carol", "mallory", "alice"])
def test_only_process_owners_change_versions(who: str, world: World) -> None:
    deploy()
    browser = world.browser(who)
    assert browser.get(migrate_url(world)).status_code == 403
    url = reverse("definition-retire", args=[world.definition_id])
    assert browser.post(url, {"retire-when": "now"}).status_code == 403
    assert Definition.objects.filter(retired_at__isnull=False).count() == 0


def test_versions_stand_side_by_side_with_what_runs(world: World) -> None:
    world.start(2)
    newer = deploy()
    found = page(world, world.definition_id)
    assert "1.0.0 (this one)" in found
    assert reverse("definition-detail", args=[newer]) in found
    assert migrate_url(world) in found
    assert "Retire this version" in found
    other = page(world, world.definition_id, "carol")
    assert migrate_url(world) not in other
    assert "Retire this version" not in other


@pytest.mark.parametrize(
    ("when", "retired", "told"),
    [
        ("idle", False, "when the last of 1 instances has ended"),
        ("now", True, "The version is retired."),
    ],
)
def test_owner_retires_a_version(
    when: str, retired: bool, told: str, world: World
) -> None:
    world.start()
    url = reverse("definition-retire", args=[world.definition_id])
    answer = world.browser("olga").post(url, {"retire-when": when}, follow=True)
    assert told in answer.content.decode()
    definition = Definition.objects.get(pk=world.definition_id)
    assert (definition.retired_at is not None) is retired
    again = world.browser("olga").post(url, {"retire-when": when})
    assert again.status_code == 409


def test_retiring_at_no_known_moment_is_refused(world: World) -> None:
    url = reverse("definition-retire", args=[world.definition_id])
    assert world.browser("olga").post(url, {"retire-when": "soon"}).status_code == 422


def test_form_suggests_the_nearest_step(world: World) -> None:
    world.start()
    deploy()
    answer = world.browser("olga").get(migrate_url(world))
    (line,) = [one for one in answer.context["lines"] if one["label"] == "Check (one)"]
    assert (line["field"].value(), line["live"]) == ("once", "1")


def test_dry_run_says_why_not_and_writes_nothing(world: World) -> None:
    world.start(2)
    target = deploy()
    before = AuditEntry.objects.count()
    answer = world.browser("olga").post(
        migrate_url(world), {"to": target, "act": "try", "node:one": ""}
    )
    found = answer.content.decode()
    assert "What would happen" in found
    assert "is not in the new version; map it" in found
    assert AuditEntry.objects.count() == before


def test_owner_proposes_to_migrate_with_a_reason(world: World) -> None:
    (instance_id,) = world.start()
    target = deploy()
    browser = world.browser("olga")
    wish = {"to": target, "act": "apply", "node:one": "once"}
    refused = browser.post(migrate_url(world), wish)
    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()
    done = browser.post(migrate_url(world), {**wish, "reason": "A better process."})
    change = DefinitionChange.objects.get()
    assert done["Location"] == reverse("change-detail", args=[change.pk])
    assert change.migrations[0]["nodes"] == {"one": "once"}
    assert Instance.objects.get(pk=instance_id).definition_id == world.definition_id


def test_version_of_another_process_is_no_target(world: World) -> None:
    other = definitions.deploy(files=package(PROCESS, key="other"), actor=TESTER)
    url = f"{migrate_url(world)}?to={other.definition_id}"
    assert world.browser("olga").get(url).status_code == 404
    alone = world.browser("olga").get(migrate_url(world)).content.decode()
    assert "There is no other version" in alone


def test_drift_is_shown_with_the_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        '<startEvent id="s"/><serviceTask id="t" cs:handler="test.noop"/>'
        '<endEvent id="e"/>' + chain("s", "t", "e")
    )
    files = package(process(body), key="drifting")
    found = definitions.deploy(files=files, actor=TESTER).definition_id
    assert "What changed in its handlers" not in page(world, found)
    monkeypatch.setattr(handlers.registry, "_handlers", {})
    monkeypatch.setattr(handlers.registry, "_found", {})
    shown = page(world, found)
    assert "What changed in its handlers" in shown
    assert "No handler is named" in shown


def test_incident_tells_of_the_drift_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        '<startEvent id="s"/><serviceTask id="t" cs:handler="test.noop"/>'
        '<endEvent id="e"/>' + chain("s", "t", "e")
    )
    files = package(process(body), key="drifting")
    found = definitions.deploy(files=files, actor=TESTER).definition_id
    monkeypatch.setattr(handlers.registry, "_handlers", {})
    monkeypatch.setattr(handlers.registry, "_found", {})
    wish = Start(variables={}, initiator=TESTER)
    start_and_advance(definition_id=found, starts=[wish])
    url = reverse("incident-detail", args=[Incident.objects.get().pk])
    shown = world.browser("olga").get(url).content.decode()
    assert "What changed in its handlers" in shown
