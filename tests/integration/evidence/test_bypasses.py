"""Whatever goes past the usual way is an entry, and the search lists them all.

Each row performs one through its operation or its view.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from review.core.evidence.facets import read_facets
from review.core.evidence.scopes import EVERYTHING
from review.core.interventions import Act
from review.core.states import Decision, PolicyKind, Role
from review.dashboards import audit
from review.dashboards.audit_conditions import build_search
from review.models import Task
from review.operations import queues
from review.operations.instances import acts
from review.operations.instances.acts import Wish
from review.operations.people import delegations, emergencies, people
from review.operations.policies import policies
from review.operations.queues import QueueRules
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from tests.factories.desk import World, build_world
from tests.factories.processes import TESTER
from tests.factories.said import read_detail
from workflows.models import AuditEntry, Step
from workflows.store import database_now

pytestmark = pytest.mark.django_db

WHY = "The payment run cannot wait for tomorrow."


@pytest.fixture
def world() -> World:
    """Make the people, the queue and the process anew."""
    return build_world()


def _act(world: World, act: Act, **arguments: Any) -> None:
    task = world.open_task()
    step = Step.objects.get(id=task.step_id)
    wish = Wish(act, task.instance_id, WHY, {"step": step.id, **arguments})
    acts.do_now(person=world.people["olga"], wish=wish)


def _skip(world: World) -> None:
    _act(world, Act.SKIP, variables={})


def _move(world: World) -> None:
    _act(world, Act.MOVE, to=["two"])


def _edit(world: World) -> None:
    task = world.open_task()
    wish = Wish(Act.EDIT, task.instance_id, WHY, {"set": {"amount": 1}})
    acts.do_now(person=world.people["olga"], wish=wish)


def _judge_for_another(world: World) -> None:
    now = database_now()
    delegations.delegate(
        giver=world.people["alice"],
        taker=world.people["carol"],
        starts_at=now,
        ends_at=now + dt.timedelta(days=1),
        reason=WHY,
    )
    task = world.open_task()
    lease = claims.claim(task_id=task.id, person=world.people["carol"])
    verdicts.submit(
        task_id=task.id,
        person=world.people["carol"],
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.APPROVE,
    )


def _break_glass(world: World) -> None:
    emergencies.break_glass(person=world.people["olga"], queue=world.queue, reason=WHY)


def _change_policy(world: World) -> None:
    policies.propose(
        queue_id=world.queue.id,
        kind=PolicyKind.GRID,
        body={"inputs": [], "rows": [{"control": "review", "note": "All."}]},
        reason=WHY,
        person=world.people["olga"],
    )


def _change_queue(world: World) -> None:
    queues.define_queue(
        key="desk", name="Desk", actor=TESTER, rules=QueueRules(undo_seconds=0)
    )


def _export(world: World) -> None:
    task = world.open_task()
    url = reverse("audit-export", args=[task.instance_id])
    answer = world.browser("dan").post(url, {"reason": WHY})
    if answer.streaming:
        b"".join(answer)


def _search_personal_data(world: World) -> None:
    world.open_task()
    world.browser("dan").post(
        reverse("audit-personal"), {"words": "Noor", "reason": WHY}
    )


def _unmask(world: World) -> None:
    task = world.open_task()
    url = reverse("audit-unmask", args=[task.instance_id])
    world.browser("dan").post(url, {"reason": WHY})


def _open_as_auditor(world: World) -> None:
    task = world.open_task()
    world.browser("dan").get(reverse("audit-case", args=[task.instance_id]))


def _grant(world: World) -> None:
    people.grant_role(person=world.people["mallory"], role=Role.MANAGER, actor=TESTER)


@pytest.mark.parametrize(
    ("bypass", "kind", "named"),
    [
        (_skip, "step.skipped", WHY),
        (_move, "step.moved", WHY),
        (_edit, "instance.variables_edited", WHY),
        (_judge_for_another, "delegation.given", WHY),
        (_judge_for_another, "verdict.submitted", "on_behalf_of"),
        (_break_glass, "emergency.opened", WHY),
        (_change_policy, "policy.proposed", WHY),
        (_change_queue, "queue.changed", ""),
        (_export, "evidence.exported", ""),
        (_search_personal_data, "audit.personal_data_searched", WHY),
        (_unmask, "audit.personal_data_unmasked", WHY),
        (_open_as_auditor, "audit.case_opened", ""),
        (_grant, "role.granted", "MANAGER"),
    ],
    ids=lambda given: given.__name__.strip("_") if callable(given) else None,
)
def test_a_bypass_leaves_its_entry_and_is_listed_as_one(
    bypass: Callable[[World], None], kind: str, named: str, world: World
) -> None:
    before = AuditEntry.objects.latest("id").id
    bypass(world)
    written = AuditEntry.objects.filter(id__gt=before, kind=kind)
    assert any(named in json.dumps(read_detail(one)) for one in written)
    search = build_search(read_facets({"bypass": "yes"}), scope=EVERYTHING)
    listed = {row.id for row in audit.read_entries(search, before=None).rows}
    assert listed & {one.id for one in written}


def test_the_usual_way_is_no_bypass(world: World) -> None:
    before = AuditEntry.objects.latest("id").id
    task: Task = world.open_task()
    lease = claims.claim(task_id=task.id, person=world.people["alice"])
    verdicts.submit(
        task_id=task.id,
        person=world.people["alice"],
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.APPROVE,
    )
    search = build_search(read_facets({"bypass": "yes"}), scope=EVERYTHING)
    listed = {row.id for row in audit.read_entries(search, before=None).rows}
    assert not {one for one in listed if one > before}
