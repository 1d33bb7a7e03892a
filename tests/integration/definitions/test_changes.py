"""Drafts and changes of definitions: saved in turn, made by two persons, once."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from review.core.changes import ChangeKind, ChangeState, Migration
from review.core.states import Role
from review.models import (
    DefinitionChange,
    DefinitionDraft,
    DefinitionMove,
    Notification,
    Task,
)
from review.operations.definitions import (
    definition_changes,
    definition_drafts,
    definition_moves,
)
from review.operations.definitions.definition_changes import Wish
from review.operations.people import people
from tests.factories.desk import PROCESS, World, build_world, payload
from tests.factories.processes import TESTER, bpmn, package
from workflows.audit import INSTALLATION
from workflows.core.manifest import MANIFEST
from workflows.models import AuditEntry, Definition, Instance, VersionChoice
from workflows.operations import definitions, instances
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from workflows.operations.packages import PackageRefused

SENIOR = bpmn(PROCESS.replace('cs:queue="desk"', 'cs:queue="senior"'))
GONE = bpmn(PROCESS.replace('id="one"', 'id="once"').replace('Ref="one"', 'Ref="once"'))
REASON = "The seniors look at these now."


@pytest.fixture
def world(db: None) -> World:
    """Make the people anew; carol owns processes too, as olga does."""
    world = build_world()
    people.grant_role(
        person=world.people["carol"], role=Role.PROCESS_OWNER, actor=TESTER
    )
    return world


def begin(world: World, model: bytes = SENIOR) -> int:
    """Begin a draft and save a model into it; return its revision."""
    olga = world.people["olga"]
    draft = definition_drafts.begin(key="screens", person=olga)
    saved = definition_drafts.save(
        key="screens",
        revision=draft.revision,
        files={"main.bpmn": model},
        person=olga,
        what="Drew main.bpmn",
    )
    return saved.revision


def propose(world: World, *, who: str = "olga", **wish: Any) -> DefinitionChange:
    wish = {"kind": ChangeKind.DEPLOY, "key": "screens", "reason": REASON, **wish}
    return definition_changes.propose(person=world.people[who], wish=Wish(**wish))


def approve(world: World, change: DefinitionChange, who: str = "carol") -> None:
    definition_changes.approve(change_id=change.pk, person=world.people[who])


def start() -> Instance:
    found = instances.start(
        definition_key="screens",
        business_key="NEW",
        initiator=TESTER,
        variables=payload(),
    )
    return Instance.objects.select_related("definition").get(pk=found)


def kinds() -> list[str]:
    found = AuditEntry.objects.filter(chain=INSTALLATION, kind__startswith="definition")
    return list(found.order_by("seq").values_list("kind", flat=True))


def test_draft_is_saved_in_turn_and_nothing_is_written_over(world: World) -> None:
    first = begin(world)
    found = definition_drafts.read("screens")
    assert b'version = "1.1.0"' in found.files[MANIFEST]
    carol = world.people["carol"]
    with pytest.raises(Stale, match="Olga has saved this draft since"):
        definition_drafts.save(
            key="screens",
            revision=first - 1,
            files={"main.bpmn": GONE},
            person=carol,
            what="Drew main.bpmn",
        )
    assert definition_drafts.read("screens").files["main.bpmn"] == SENIOR
    same = definition_drafts.save(
        key="screens",
        revision=first,
        files={"main.bpmn": SENIOR},
        person=carol,
        what="Drew main.bpmn",
    )
    assert same.revision == first
    second = definition_drafts.save(
        key="screens",
        revision=first,
        files={"main.bpmn": GONE},
        person=carol,
        what="Drew main.bpmn",
    )
    earlier = definition_drafts.read("screens", revision=first)
    assert earlier.files["main.bpmn"] == SENIOR
    for number in range(definition_drafts.KEPT):
        second = definition_drafts.save(
            key="screens",
            revision=second.revision,
            files={"notes.md": b"%d" % number},
            person=carol,
            what="Notes",
        )
    with pytest.raises(NotFound, match="not kept any more"):
        definition_drafts.read("screens", revision=first)
    with pytest.raises(Conflict, match="draft of screens already, begun by Olga"):
        definition_drafts.begin(key="screens", person=carol)
    with pytest.raises(Forbidden):
        definition_drafts.discard(
            key="screens", revision=second.revision, person=world.people["alice"]
        )
    definition_drafts.discard(key="screens", revision=second.revision, person=carol)
    assert not DefinitionDraft.objects.exists()


def test_draft_takes_no_other_key_and_no_path_outside(world: World) -> None:
    revision = begin(world)
    olga = world.people["olga"]
    other = package(PROCESS, key="other")[MANIFEST]
    for files, told in (
        ({MANIFEST: other}, "names another key"),
        ({MANIFEST: None}, "no package.toml"),
        ({"../main.bpmn": SENIOR}, "no path inside a package"),
    ):
        with pytest.raises(Invalid, match=told):
            definition_drafts.save(
                key="screens", revision=revision, files=files, person=olga, what="x"
            )


def test_second_person_deploys_once_and_running_cases_stay(world: World) -> None:
    (old,) = world.start()
    change = propose(world, revision=begin(world))
    told = Notification.objects.filter(kind="POLICY_PROPOSED")
    assert {one.person_id for one in told} == {world.people["carol"].pk}
    assert start().definition_id == world.definition_id
    with pytest.raises(Forbidden, match="second person"):
        approve(world, change, "olga")
    with pytest.raises(Forbidden, match="deploy definitions"):
        approve(world, change, "alice")
    approve(world, change)
    with pytest.raises(Conflict, match="settled already"):
        approve(world, change)
    change.refresh_from_db()
    deployed = Definition.objects.get(key="screens", version="1.1.0")
    assert (change.state, change.target_id) == ("DONE", deployed.pk)
    assert change.digest == deployed.digest
    assert Instance.objects.get(pk=old).definition_id == world.definition_id
    assert start().definition_id == deployed.pk
    assert not DefinitionDraft.objects.exists()
    assert kinds()[-3:] == [
        "definition.change_proposed",
        "definition.deployed",
        "definition.change_approved",
    ]
    entry = AuditEntry.objects.get(kind="definition.change_approved")
    assert entry.actor == f"person:{world.people['carol'].pk}"
    assert deployed.digest in entry.entry


def test_database_itself_refuses_one_person(world: World) -> None:
    change = propose(world, revision=begin(world))
    rows = DefinitionChange.objects.filter(pk=change.pk)
    values = {"state": "DONE", "target_id": world.definition_id}
    settled = {"settled_at": change.proposed_at, "settled_by": change.author}
    with (
        pytest.raises(IntegrityError, match="made_by_two_persons"),
        transaction.atomic(),
    ):
        rows.update(**values, **settled)


def test_what_cannot_be_deployed_is_not_proposed(world: World) -> None:
    revision = begin(world, SENIOR.replace(b"PT8H", b"soon"))
    with pytest.raises(PackageRefused, match="cs:sla"):
        propose(world, revision=revision)
    saved = definition_drafts.save(
        key="screens",
        revision=revision,
        files={"main.bpmn": SENIOR},
        person=world.people["carol"],
        what="Drew main.bpmn",
    )
    with pytest.raises(Stale, match="Carol has saved this draft"):
        propose(world, revision=revision)
    change = propose(world, revision=saved.revision)
    with pytest.raises(Conflict, match="waits for a second person already"):
        propose(world, who="carol", revision=saved.revision)
    with pytest.raises(Forbidden, match="decline it instead"):
        definition_changes.withdraw(
            change_id=change.pk, person=world.people["carol"], reason=REASON
        )
    definition_changes.decline(
        change_id=change.pk, person=world.people["carol"], reason="Not yet."
    )
    assert Definition.objects.filter(key="screens").count() == 1
    assert DefinitionChange.objects.get().state == ChangeState.DECLINED.value


def test_version_taken_meanwhile_leaves_the_change_standing(world: World) -> None:
    change = propose(world, revision=begin(world))
    other = package(PROCESS, key="screens", version="1.1.0")
    definitions.deploy(files=other, actor=TESTER)
    with pytest.raises(Conflict, match="deployed with other bytes"):
        approve(world, change)
    change.refresh_from_db()
    assert (change.state, change.settled_by_id) == ("PROPOSED", None)
    assert "definition.change_approved" not in kinds()


def test_instances_go_along_in_the_background_and_a_dead_worker_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.operations.instance_migration.BATCH", 2)
    ids = world.start(3)
    files = {**definition_drafts.read("screens").files} if begin(world, GONE) else {}
    source = world.definition_id
    blocked = Migration(source, "1.0.0", {})
    report = definition_changes.try_out(
        migration=blocked, person=world.people["olga"], files=files
    )
    assert (report.migrated, report.blocked) == (0, 3)
    going = Migration(source, "1.0.0", {"one": "once"})
    report = definition_changes.try_out(
        migration=going, person=world.people["olga"], files=files
    )
    assert (report.migrated, report.blocked) == (3, 0)
    change = propose(world, revision=2, migrations=[going])
    approve(world, change)
    move = DefinitionMove.objects.get()
    assert (move.state, move.total, move.migrated) == ("WAITING", 3, 0)

    def die(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(definition_moves, "_count", die)
        definition_moves.drain(seconds=0)
    move.refresh_from_db()
    assert (move.migrated, move.failures, move.error) == (0, 1, "RuntimeError: killed")
    assert Instance.objects.filter(pk__in=ids, definition_id=source).count() == 3
    DefinitionMove.objects.update(next_at=move.change.proposed_at)
    definition_moves.drain(seconds=60)
    move.refresh_from_db()
    assert (move.state, move.migrated, move.blocked) == ("DONE", 3, 0)
    assert not Instance.objects.filter(pk__in=ids, definition_id=source).exists()
    assert kinds()[-1] == "definition.migrated"
    moved = AuditEntry.objects.filter(chain__in=ids, kind="instance.migrated")
    assert {one.actor for one in moved} == {f"person:{world.people['carol'].pk}"}
    assert Task.objects.filter(instance_id__in=ids, state="OPEN").count() == 3


def test_roll_back_leads_new_cases_to_an_earlier_version_until_a_newer(
    world: World,
) -> None:
    approve(world, propose(world, revision=begin(world)))
    newer = Definition.objects.get(key="screens", version="1.1.0")
    running = start()
    change = propose(world, kind=ChangeKind.ROLL_BACK, target_id=world.definition_id)
    approve(world, change)
    assert start().definition_id == world.definition_id
    running.refresh_from_db()
    assert running.definition_id == newer.pk
    assert "definition.rolled_back" in kinds()
    with pytest.raises(Conflict, match=r"follow screens 1\.0\.0 already"):
        propose(world, kind=ChangeKind.ROLL_BACK, target_id=world.definition_id)
    # What lies between is followed, and 1.1.0 stays passed over.
    definitions.deploy(
        files=package(PROCESS, key="screens", version="1.0.1"), actor=TESTER
    )
    assert VersionChoice.objects.get().definition.version == "1.0.1"
    assert start().definition.version == "1.0.1"
    definitions.deploy(
        files=package(PROCESS, key="screens", version="1.2.0"), actor=TESTER
    )
    assert not VersionChoice.objects.exists()
    assert start().definition.version == "1.2.0"
