"""Migrations beside verdicts, timers, starts and other migrations."""

from collections.abc import Iterator

import pytest

import tests.factories.handlers  # noqa: F401  registers the handlers
from review.core.states import Decision
from review.models import Task
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from tests.factories.processes import TESTER
from tests.factories.tasks import Desk, make_desk
from tests.integration.definitions.moving import (
    KEY,
    deploy,
    kinds,
    migrate,
    start,
    version_of,
)
from tests.integration.definitions.test_migration import review
from tests.integration.review.racing import Track, refusals, track
from workflows.models import Instance
from workflows.operations import instance_migration, instances
from workflows.operations.instance_migration import Report, find_route

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lanes() -> Iterator[Track]:
    with track(3) as laid:
        yield laid


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def test_two_migrations_at_once_move_each_instance_once(
    desk: Desk, lanes: Track
) -> None:
    ids = start(deploy(review(), version="1.0.0"), count=12)
    deploy(review("look"), version="1.1.0")

    def act() -> Report:
        return migrate({"check": "look"})

    answers = lanes.race(act, act, act)
    assert refusals(answers) == []
    reports = [one for one in answers if isinstance(one, Report)]
    assert sum(report.migrated for report in reports) == len(ids)
    assert sum(report.blocked for report in reports) == 0
    for instance_id in ids:
        assert kinds(instance_id).count("instance.migrated") == 1


def test_verdict_and_migration_at_once_both_count(desk: Desk, lanes: Track) -> None:
    old = deploy(review(), version="1.0.0")
    deploy(review("look", tail="file"), version="1.1.0")
    for _ in range(6):
        (instance_id,) = start(old)
        task = Task.objects.get(instance_id=instance_id)
        lease = claims.claim(task_id=task.id, person=desk.alice)
        task.refresh_from_db()

        def judge(task: Task = task, token: int = lease.token) -> object:
            return verdicts.submit(
                task_id=task.id,
                person=desk.alice,
                token=token,
                decision=Decision.APPROVE,
                payload_digest=task.payload_digest,
            )

        answers = lanes.race(judge, lambda: migrate({"check": "look"}))
        assert refusals(answers) == []
        instance = Instance.objects.get(pk=instance_id)
        assert instance.state == "COMPLETED"
        # Whoever came first: the verdict's result has the name of the version it met.
        moved = "instance.migrated" in kinds(instance_id)
        assert version_of(instance_id) == ("1.1.0" if moved else "1.0.0")
        assert ("look" if moved else "check") in instance.variables


def test_cancellation_and_migration_at_once_leave_an_ended_instance(
    desk: Desk, lanes: Track
) -> None:
    ids = start(deploy(review(), version="1.0.0"), count=4)
    deploy(review("look"), version="1.1.0")

    def cancel() -> None:
        for instance_id in ids:
            instances.cancel(
                instance_id=instance_id, actor=TESTER, reason="Not needed."
            )

    answers = lanes.race(cancel, lambda: migrate({"check": "look"}))
    assert refusals(answers) == []
    assert {one.state for one in Instance.objects.all()} == {"CANCELED"}


def test_batches_commit_one_by_one_and_the_rest_is_done_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_migration, "BATCH", 2)
    ids = start(deploy(review(), version="1.0.0"), count=5)
    deploy(review(), version="1.1.0")
    route = find_route(key=KEY, source="1.0.0", target="1.1.0", nodes={})

    class PowerCut(Exception):
        """The process dies here."""

    def die(report: Report) -> None:
        if report.migrated == 4:
            raise PowerCut

    with pytest.raises(PowerCut):
        instance_migration.migrate_instances(
            route, actor=TESTER, reason="Better.", on_batch=die
        )
    assert sorted(map(version_of, ids)) == ["1.0.0"] + ["1.1.0"] * 4
    assert migrate().migrated == 1
