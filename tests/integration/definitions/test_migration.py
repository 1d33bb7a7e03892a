"""Running instances move to another version, or say why they cannot, and then end."""

import datetime as dt
import io
import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.models import Task
from review.operations.tasks import claims
from tests.factories.processes import TESTER, chain, flow, process
from tests.factories.said import read_detail
from tests.factories.tasks import Desk, judge, make_desk
from tests.integration.definitions.moving import (
    armed,
    deploy,
    drain,
    kinds,
    migrate,
    sentences,
    snapshot,
    stands,
    start,
    version_of,
)
from tests.integration.evidence import world
from workflows.models import AuditEntry, Definition, Instance, Step, Timer
from workflows.operations import definitions, instances, retirement
from workflows.operations.errors import Invalid, NotFound
from workflows.sweeper import sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def timer_event(name: str, duration: str, host: str = "") -> str:
    tag = "boundaryEvent" if host else "intermediateCatchEvent"
    attached = f' attachedToRef="{host}"' if host else ""
    return (
        f'<{tag} id="{name}"{attached}><timerEventDefinition><timeDuration>{duration}'
        f"</timeDuration></timerEventDefinition></{tag}>"
    )


def user(name: str, title: str = "Case") -> str:
    return (
        f'<userTask id="{name}" name="{title}" cs:queue="desk"'
        f' cs:title=\'"{title}"\' cs:result="{name}"/>'
    )


def review(name: str = "check", *, boundary: str = "", tail: str = "") -> str:
    """A process with one user task, perhaps boundary events and more after it."""
    nodes = ["s", name, *([tail] if tail else []), "e"]
    extra = f'<manualTask id="{tail}"/>' if tail else ""
    return process(
        f'<startEvent id="s"/>{user(name)}{extra}{boundary}<endEvent id="e"/>'
        + chain(*nodes)
    )


def test_instance_moves_with_its_open_task_and_ends_in_the_new_version(
    desk: Desk,
) -> None:
    old = deploy(review(), version="1.0.0")
    (instance_id,) = start(old)
    task = Task.objects.get(instance_id=instance_id)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    new = deploy(review("look", tail="file"), version="1.1.0")

    report = migrate({"check": "look"})

    assert (report.migrated, report.blocked, report.gone) == (1, 0, 0)
    assert (version_of(instance_id), stands(instance_id)) == ("1.1.0", ["look"])
    assert kinds(instance_id)[-2:] == ["instance.migrated", "step.migrated"]
    task.refresh_from_db()
    assert (task.definition_id, task.node_id, task.state) == (old, "check", "CLAIMED")
    judge(task, desk.alice, lease=lease)
    instance = Instance.objects.get(pk=instance_id)
    assert (instance.state, instance.end_node_id) == ("COMPLETED", "e")
    # The result is kept under the name that the new version's step gives it.
    assert instance.variables["look"]["outcome"] == "APPROVED"
    ended = Step.objects.filter(instance_id=instance_id).values_list("node_id")
    assert ("file",) in ended
    assert not Instance.objects.filter(definition_id=old).exists()
    assert Instance.objects.filter(definition_id=new).count() == 1


def test_entry_tells_versions_mapping_and_reason(desk: Desk) -> None:
    (instance_id,) = start(deploy(review(), version="1.0.0"))
    deploy(review("look"), version="1.1.0")
    migrate({"check": "look", "e": "e"}, reason="The step has a new name.")
    entry = AuditEntry.objects.get(chain=instance_id, kind="instance.migrated")
    assert read_detail(entry) == {
        "from": "moving 1.0.0",
        "to": "moving 1.1.0",
        "mapping": {"check": "look"},
        "reason": "The step has a new name.",
    }
    step = AuditEntry.objects.get(chain=instance_id, kind="step.migrated")
    assert json.loads(step.entry)["detail"]["from"] == "check"


def test_dry_run_says_the_same_and_writes_nothing(desk: Desk) -> None:
    old = deploy(review(), version="1.0.0")
    start(old, count=3)
    deploy(review("look"), version="1.1.0")
    before = snapshot()
    assert migrate({"check": "look"}, dry_run=True, reason="").migrated == 3
    blocked = migrate(dry_run=True, reason="")
    assert (blocked.migrated, blocked.blocked, len(blocked.examples)) == (0, 3, 3)
    assert snapshot() == before
    assert migrate({"check": "look"}).migrated == 3


def test_instance_whose_step_has_no_counterpart_stays(desk: Desk) -> None:
    (instance_id,) = start(deploy(review(), version="1.0.0"))
    deploy(review("look"), version="1.1.0")
    report = migrate()
    assert report.blocked == 1
    assert "is not in the new version; map it" in sentences(report)[0]
    assert (version_of(instance_id), stands(instance_id)) == ("1.0.0", ["check"])


def test_boundary_timers_are_kept_armed_and_ended(desk: Desk) -> None:
    def version(*timers: tuple[str, str]) -> str:
        return review(
            boundary="".join(
                timer_event(name, duration, "check")
                + f'<endEvent id="{name}-end"/>'
                + flow(name, f"{name}-end")
                for name, duration in timers
            )
        )

    old = deploy(version(("a", "PT1H"), ("gone", "PT2H")), version="1.0.0")
    (instance_id,) = start(old)
    before = armed(instance_id)
    deploy(version(("b", "PT5H"), ("new", "PT7H")), version="1.1.0")

    migrate({"a": "b"})

    after = armed(instance_id)
    assert sorted(after) == ["b", "new"]
    assert (after["b"].id, after["b"].due_at) == (before["a"].id, before["a"].due_at)
    assert after["new"].due_at - after["b"].due_at > dt.timedelta(hours=5)
    assert Timer.objects.get(pk=before["gone"].id).state == "CANCELED"
    Timer.objects.filter(pk=after["b"].id).update(
        due_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    )
    sweep()
    instance = Instance.objects.get(pk=instance_id)
    assert (instance.state, instance.end_node_id) == ("COMPLETED", "b-end")
    assert armed(instance_id) == {}


def test_waiting_timer_keeps_its_moment_under_a_new_name() -> None:
    def version(name: str, duration: str) -> str:
        body = f'<startEvent id="s"/>{timer_event(name, duration)}<endEvent id="e"/>'
        return process(body + chain("s", name, "e"))

    (instance_id,) = start(deploy(version("w", "PT1H"), version="1.0.0"))
    due_at = armed(instance_id)["w"].due_at
    deploy(version("pause", "P9D"), version="1.1.0")
    migrate({"w": "pause"})
    assert {name: timer.due_at for name, timer in armed(instance_id).items()} == {
        "pause": due_at
    }
    Timer.objects.update(due_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    sweep()
    assert Instance.objects.get(pk=instance_id).state == "COMPLETED"


def several(kind: str = "", *, boundary: str = "") -> str:
    """A user task for each of some names, and boundary events of the whole."""
    loop = (
        "<multiInstanceLoopCharacteristics"
        f' {kind} cs:collection="names" cs:element="one"/>'
    )
    task = user("check").replace("/>", f">{loop}</userTask>")
    return process(
        f'<startEvent id="s"/>{task}{boundary}<endEvent id="e"/>'
        + chain("s", "check", "e")
    )


def test_iterations_move_with_their_body(desk: Desk) -> None:
    (instance_id,) = start(deploy(several(), version="1.0.0"), names=["a", "b", "c"])
    first, *others = Task.objects.filter(instance_id=instance_id).order_by("id")
    judge(first, desk.alice)
    late = (
        timer_event("late", "P1D", "check") + '<endEvent id="l"/>' + flow("late", "l")
    )
    deploy(several(boundary=late), version="1.1.0")
    assert migrate().migrated == 1
    assert stands(instance_id) == ["check"] * 3
    # The boundary event hangs on the body alone.
    assert Timer.objects.filter(instance_id=instance_id, node_id="late").count() == 1
    for task in others:
        judge(task, desk.alice)
    assert Instance.objects.get(pk=instance_id).state == "COMPLETED"


def test_repeated_activity_stays_repeated_in_the_same_way(desk: Desk) -> None:
    start(deploy(several(), version="1.0.0"), names=["a", "b"])
    deploy(several('isSequential="true"'), version="1.1.0")
    assert "repeated parallel" in sentences(migrate())[0]


def test_activity_becomes_no_repeated_one(desk: Desk) -> None:
    start(deploy(review(), version="1.0.0"), names=["a"])
    deploy(several(), version="1.1.0")
    assert sentences(migrate()) == [
        "“Case” (check) is repeated, “Case” (check) is not."
    ]


def forked(*branches: str, extra: str = "") -> str:
    """Branches of user tasks between two parallel gateways."""
    nodes = "".join(user(name) for name in branches)
    flows = "".join(flow("fork", name) + flow(name, "join") for name in branches)
    return process(
        f'<startEvent id="s"/><parallelGateway id="fork"/>{nodes}{extra}'
        '<parallelGateway id="join"/><endEvent id="e"/>'
        + flow("s", "fork")
        + flows
        + flow("join", "e")
    )


def test_join_keeps_what_has_arrived(desk: Desk) -> None:
    (instance_id,) = start(deploy(forked("a", "b"), version="1.0.0"))
    first, second = Task.objects.filter(instance_id=instance_id).order_by("id")
    judge(first, desk.alice)
    deploy(forked("x", "b"), version="1.1.0")
    assert migrate({"a": "x"}).migrated == 1
    join = Step.objects.get(instance_id=instance_id, node_id="join")
    assert join.data["arrived"] == {"x-join": 1}
    judge(second, desk.alice)
    assert Instance.objects.get(pk=instance_id).state == "COMPLETED"


def test_join_that_would_wait_for_ever_is_told(desk: Desk) -> None:
    (instance_id,) = start(deploy(review("a"), version="1.0.0"))
    deploy(forked("a", "b"), version="1.1.0")
    (sentence,) = sentences(migrate())
    assert "The join join would wait for ever for a token by flow b-join" in sentence
    assert version_of(instance_id) == "1.0.0"


def test_join_that_would_have_all_its_tokens_is_told(desk: Desk) -> None:
    (instance_id,) = start(deploy(forked("a", "b", "c"), version="1.0.0"))
    done = Task.objects.filter(instance_id=instance_id).order_by("id")[:2]
    for task in done:
        judge(task, desk.alice)
    deploy(forked("a", "b", extra=user("c") + flow("c", "e")), version="1.1.0")
    assert any("have all its tokens already" in one for one in sentences(migrate()))


def inner(name: str, scope: str) -> str:
    return process(
        f'<startEvent id="s"/><subProcess id="{scope}"><startEvent id="i"/>{user(name)}'
        f'<endEvent id="o"/>{chain("i", name, "o")}</subProcess><endEvent id="e"/>'
        + chain("s", scope, "e")
    )


def test_scope_moves_with_what_is_inside(desk: Desk) -> None:
    (instance_id,) = start(deploy(inner("check", "part"), version="1.0.0"))
    deploy(inner("look", "whole"), version="1.1.0")
    assert migrate({"check": "look", "part": "whole"}).migrated == 1
    assert stands(instance_id) == ["whole", "look"]
    judge(Task.objects.get(instance_id=instance_id), desk.alice)
    assert Instance.objects.get(pk=instance_id).state == "COMPLETED"


def test_token_leaves_no_sub_process(desk: Desk) -> None:
    start(deploy(inner("check", "part"), version="1.0.0"))
    deploy(review(), version="1.1.0")
    found = sentences(migrate())
    assert any("a token cannot change its sub-process" in one for one in found)
    assert any(one.startswith("part is not in the new version") for one in found)


def test_called_instance_is_untouched_and_still_tells_its_caller(desk: Desk) -> None:
    called = process(
        f'<startEvent id="cs"/>{user("check")}<endEvent id="ce"/>'
        + chain("cs", "check", "ce"),
        process_id="called",
    )

    def version(name: str, tail: str) -> str:
        return process(
            f'<startEvent id="s"/><callActivity id="{name}" calledElement="called"/>'
            f'<manualTask id="{tail}"/><endEvent id="e"/>' + chain("s", name, tail, "e")
        )

    old = deploy(version("call", "after"), called, version="1.0.0")
    (instance_id,) = start(old)
    child = Instance.objects.get(parent_instance_id=instance_id)
    deploy(version("ask", "then"), called, version="1.1.0")
    assert migrate({"call": "ask"}, only=[instance_id]).migrated == 1
    assert (version_of(instance_id), version_of(child.id)) == ("1.1.0", "1.0.0")
    judge(Task.objects.get(instance_id=child.id), desk.alice)
    drain()
    assert Instance.objects.get(pk=instance_id).state == "COMPLETED"


def test_suspended_instance_moves_and_stays_suspended(desk: Desk) -> None:
    (instance_id,) = start(deploy(review(), version="1.0.0"))
    instances.suspend(instance_id=instance_id, actor=TESTER, reason="Wait.")
    deploy(review("look"), version="1.1.0")
    assert migrate({"check": "look"}).migrated == 1
    assert Instance.objects.get(pk=instance_id).state == "SUSPENDED"


def test_only_the_named_instances_move(desk: Desk) -> None:
    first, second = start(deploy(review(), version="1.0.0"), count=2)
    deploy(review(), version="1.1.0")
    assert migrate(only=[second]).migrated == 1
    assert (version_of(first), version_of(second)) == ("1.0.0", "1.1.0")
    with pytest.raises(NotFound, match="no live instance of moving"):
        migrate(only=[second])
    with pytest.raises(NotFound):
        migrate(only=[uuid4()])


@pytest.mark.parametrize(
    ("nodes", "told"),
    [({"no": "check"}, "moving 1.0.0 has no node"), ({"check": "no"}, "1.1.0 has no")],
)
def test_mapping_of_unknown_nodes_is_refused(
    nodes: dict[str, str], told: str, desk: Desk
) -> None:
    deploy(review(), version="1.0.0")
    deploy(review(), version="1.1.0")
    with pytest.raises(Invalid, match=told):
        migrate(nodes)
    with pytest.raises(Invalid, match="Give a reason"):
        migrate(reason=" ")


def test_version_is_retired_when_its_last_instance_has_moved(desk: Desk) -> None:
    old = deploy(review(), version="1.0.0")
    start(old, count=2)
    deploy(review(), version="1.1.0")
    retirement.retire_when_idle(definition_id=old, actor=TESTER)
    migrate()
    sweep()
    assert Definition.objects.get(pk=old).retired_at is not None
    assert definitions.find_definition(key="moving") is not None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE workflows_instance SET definition_id = definition_id + 1",
        "UPDATE workflows_instance SET process_id = 'other'",
        "UPDATE workflows_step SET node_id = 'e' WHERE state = 'WAITING'",
    ],
)
def test_database_refuses_a_move_without_an_entry(statement: str) -> None:
    make_desk()
    start(deploy(review(), version="1.0.0"))
    deploy(review(), version="1.1.0")
    with (
        pytest.raises(DatabaseError, match="no audit entry"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_command_migrates_after_a_dry_run(desk: Desk) -> None:
    (instance_id,) = start(deploy(review(), version="1.0.0"))
    deploy(review("look"), version="1.1.0")
    words = ("migrate_instances", "moving", "--from", "1.0.0", "--to", "1.1.0")
    quiet = io.StringIO()
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 instances cannot be migrated"):
        call_command(*words, "--dry-run", stdout=out, stderr=quiet)
    assert "0 instances would be migrated." in out.getvalue()
    assert f"  {instance_id}\n" in out.getvalue()
    mapped = (*words, "--map", "check=look")
    out = io.StringIO()
    call_command(*mapped, "--dry-run", stdout=out, stderr=quiet)
    assert out.getvalue() == "1 instances would be migrated.\n"
    assert version_of(instance_id) == "1.0.0"
    with pytest.raises(CommandError, match="Give a reason"):
        call_command(*mapped, stdout=out, stderr=quiet)
    call_command(
        *mapped,
        "--reason=Better.",
        f"--instance={instance_id}",
        stdout=out,
        stderr=quiet,
    )
    assert version_of(instance_id) == "1.1.0"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from=1.0.0", "--to=9.9.9"], "9.9.9 is not deployed; deployed are: 1.0.0"),
        (["--from=1.0.0", "--to=1.0.0"], "choose another one"),
        (["--from=1.0.0", "--to=1.1.0", "--map", "check"], "OLD=NEW"),
    ],
)
def test_command_says_what_is_wrong(
    arguments: list[str], told: str, desk: Desk
) -> None:
    deploy(review(), version="1.0.0")
    with pytest.raises(CommandError, match=re.escape(told)):
        call_command("migrate_instances", "moving", *arguments)


@pytest.mark.slow
def test_evidence_of_a_migrated_case_verifies(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.conf.settings.DATA_DIR", tmp_path)
    (instance_id,) = start(deploy(review(), version="1.0.0"))
    deploy(review("look"), version="1.1.0")
    migrate({"check": "look"})
    judge(Task.objects.get(instance_id=instance_id), desk.alice)
    key = world.seal_log()
    bundle = world.export([instance_id], reason="audit")
    assert world.faults_of(world.path_of(bundle), key=key) == []
