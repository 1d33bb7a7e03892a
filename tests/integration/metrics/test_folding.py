"""Folding what happens into the rollups: once, whole, and the same as a rebuild."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction

from review.models import RollupHour, RollupMark, RollupState, Task, TaskFact
from review.operations.figures import rollups
from review.operations.tasks import claims
from tests.factories.tasks import Desk, judge, make_desk, open_task
from tests.integration.metrics.work import do_all_kinds


def count_hours() -> dict[str, int]:
    """Return the sums of all hours in the cell of everything."""
    rows = RollupHour.objects.filter(cell_id=0)
    return {
        name: sum(getattr(row, name) for row in rows)
        for name in ("arrivals", "live", "begun", "closed", "decided", "overturned")
    }


def test_work_is_folded_as_it_happens_and_a_rebuild_makes_the_same(desk: Desk) -> None:
    rollups.catch_up()
    first = open_task(desk)
    rollups.catch_up()
    assert count_hours()["live"] == 1
    judge(first, desk.alice)
    do_all_kinds(desk)
    rollups.catch_up()
    assert rollups.check() == []
    folded = list(TaskFact.objects.order_by("task_id").values())
    hours = count_hours()
    counted = Task.objects.exclude(decided_by="AUTO")
    assert hours["arrivals"] == counted.count() == len(folded)
    assert hours["live"] == counted.exclude(state__in=["DECIDED", "CANCELED"]).count()
    assert hours["overturned"] == 2
    assert rollups.rebuild() == len(folded)
    assert list(TaskFact.objects.order_by("task_id").values()) == folded
    assert count_hours() == hours
    assert rollups.check() == []
    # Folding the same again changes nothing.
    assert rollups.fold().changed == 0


def test_check_tells_what_differs_and_ends_with_1(desk: Desk) -> None:
    task = open_task(desk)
    out = io.StringIO()
    call_command("rollup", "--rebuild", "--check", stdout=out)
    assert "1 tasks were counted anew" in out.getvalue()
    assert "are what a rebuild would make" in out.getvalue()
    # Entries of this very transaction would be folded again, and mend it.
    RollupMark.objects.update(floor_id=2**62)
    TaskFact.objects.filter(task_id=task.id).update(reassigned=7)
    RollupState.objects.filter(cell_id=0).update(tasks=3)
    out = io.StringIO()
    with pytest.raises(CommandError, match="rollup --rebuild") as failure:
        call_command("rollup", "--check", stdout=out)
    assert failure.value.returncode == 1
    assert f"task {task.id}: reassigned is kept as 7, is 0" in out.getvalue()
    assert "review_rollupstate: (0, OPEN, 3) is kept" in out.getvalue()
    call_command("rollup", "--rebuild", "--check", stdout=io.StringIO())


def test_tasks_from_before_the_first_pass_are_folded_bit_by_bit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "BACKFILL", 2)
    for _ in range(5):
        open_task(desk)
    assert rollups.fold().more
    rollups.catch_up()
    assert rollups.read_standing().unfolded == 0
    assert rollups.check() == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_folder_that_dies_before_its_commit_leaves_nothing_and_two_count_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = make_desk(sla="PT8H", warn="75%")
    rollups.catch_up()
    judge(open_task(desk), desk.alice)
    waiting = open_task(desk)
    _settle()
    before = count_hours()

    def die(name: str) -> None:
        """The server ends the connection, as it does with a killed folder's."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patched:
        patched.setattr("workflows.failpoints.reach", die)
        with pytest.raises(OperationalError):
            rollups.fold()
    connection.close()
    assert count_hours() == before
    # One holds the mark; the other goes away and takes nothing along.
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert rollups.fold().changed == 2
        assert pool.submit(_fold_elsewhere).result(30).busy
    with ThreadPoolExecutor(4) as pool:
        claims.claim(task_id=waiting.id, person=desk.bob)
        _settle()
        list(pool.map(lambda _: _fold_elsewhere(), range(8)))
    hours = count_hours()
    assert (hours["arrivals"], hours["live"], hours["begun"]) == (2, 1, 2)
    assert rollups.check() == []
    # What an open transaction has written is folded when it has ended, not before.
    assert TaskFact.objects.get(task_id=waiting.id).state == "CLAIMED"


def _fold_elsewhere() -> rollups.Folded:
    try:
        return rollups.fold()
    finally:
        connection.close()


def _settle() -> None:
    """Wait for other tests' transactions: they hold the horizon of the whole server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        ours = cursor.fetchone()[0]
        while True:
            cursor.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            )
            if cursor.fetchone()[0] >= ours:
                return
            time.sleep(0.05)
