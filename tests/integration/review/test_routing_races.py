"""Limits and pushes hold when the same things happen at the same moment."""

from collections import Counter
from functools import partial as act

import pytest

from review.core.states import Assignment
from review.core.tasks.leases import Lease
from review.models import Task
from review.operations import queues
from review.operations.queues import QueueRules
from review.operations.tasks import claims, rebalancing
from tests.factories.processes import TESTER
from tests.factories.tasks import make_desk, start_cases
from tests.integration.review.racing import refusals, track
from workflows.store import database_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_one_person_in_many_tabs_and_many_sweepers_keep_limits_and_turns() -> None:
    desk = make_desk()
    queues.define_queue(
        key="desk", name="Desk", actor=TESTER, rules=QueueRules(wip_limit=2)
    )
    start_cases(desk, count=10)
    take = act(claims.claim_next, queue_keys=["desk"], person=desk.alice)
    with track(6) as tabs:
        answers = tabs.race(*[take] * 6)
        leases = [one for one in answers if isinstance(one, Lease)]
        assert len({lease.task_id for lease in leases}) == 2
        assert {one.code for one in refusals(answers)} == {"wip-limit"}
        rules = QueueRules(wip_limit=2, assignment=Assignment.ROUND_ROBIN)
        queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=rules)
        sweepers = [act(rebalancing.rebalance, now=database_now())] * 6
        tabs.race(*sweepers)
    pushed = Task.objects.filter(assigned_to__isnull=False)
    shares = Counter(pushed.values_list("assigned_to__name", flat=True))
    assert sum(shares.values()) >= 6
    assert "Alice" not in shares
