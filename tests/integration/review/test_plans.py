"""Claiming reads indexes, however many tasks others hold or wait."""

import pytest
from django.db import connection

from review.models import Lane
from review.operations.tasks import claims, serving
from tests.factories.tasks import Desk, start_cases


def explain(sql: str, desk: Desk) -> str:
    """Return the plan of a claim's statement, as if tables were too long to scan."""
    lane = Lane.objects.get(queue=desk.queue)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE review_task")
        cursor.execute("SET LOCAL enable_seqscan = off")
        values: dict[str, int | list[int]] = {
            "lane": lane.id,
            "lanes": [lane.id],
            "queues": [desk.queue.id],
            "person": 0,
            "persons": [0],
            "skipped": [0],
        }
        cursor.execute(f"EXPLAIN {sql}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("sql", [serving.HEADS, claims._TAKE_FROM["CLAIMED"]])
def test_held_tasks_are_not_read_one_by_one_for_lapsed_leases(
    desk: Desk, sql: str
) -> None:
    start_cases(desk, count=200)
    for _ in range(40):
        claims.claim_next(queue_keys=["desk"], person=desk.alice)
    plan = explain(sql, desk)
    assert "review_task_lapsed" in plan
    assert "AND (lease_until <= statement_timestamp())" in plan


def test_next_open_task_is_the_head_of_its_index(desk: Desk) -> None:
    start_cases(desk, count=20)
    plan = explain(claims._TAKE_FROM["OPEN"], desk)
    assert "Sort" not in plan
    assert "review_task_claim_next" in plan or "review_task_page" in plan


def test_heads_of_lanes_and_given_work_are_read_from_their_indexes(desk: Desk) -> None:
    start_cases(desk, count=200)
    plan = explain(serving.HEADS, desk)
    assert "review_task_claim_next" in plan
    assert "review_task_assigned" in plan
    assert "Seq Scan" not in plan
    assert plan.count("Sort") <= 2  # of the few leases that lapsed, and the given work
