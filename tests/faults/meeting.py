"""Who meets at a queue at the same moment, and what one person does there. No tests."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import django

django.setup()

from django.db import connection  # noqa: E402

from review.core.states import Decision, Role  # noqa: E402
from review.models import Person, Queue, Task  # noqa: E402
from review.operations import queues  # noqa: E402
from review.operations.people import delegations, emergencies, people  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from review.operations.verdicts import verdicts  # noqa: E402
from tests.factories.processes import TESTER, chain, deploy, process  # noqa: E402
from tests.factories.tasks import AT_ONCE, PASSWORD, make_person  # noqa: E402
from workflows.operations import instances  # noqa: E402
from workflows.operations.errors import Conflict, Forbidden, Refused  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.store import database_now  # noqa: E402

Told = dict[str, Any]

TRIES: Final = 5000
REVIEW: Final = (
    '<startEvent id="s"/><userTask id="judge" cs:queue="{key}" cs:quorum="{quorum}"/>'
    '<endEvent id="e"/>' + chain("s", "judge", "e")
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """A queue of its own, a definition that leads there, and who meets there.

    Dora has no role; she stands in for Alice. Glenda and Hana broke the glass; Glenda
    starts all the cases. Alice has a second account.
    """

    queue: Queue
    definition_id: int
    persons: dict[str, Person]

    def open(self, count: int) -> list[int]:
        """Start cases of Glenda's; return their tasks' ids."""
        start = Start(
            variables={"amount": 500},
            initiator=people.actor_of(self.persons["glenda"]),
            business_key="CROWD",
        )
        ids = instances.start_and_advance(
            definition_id=self.definition_id, starts=[start] * count
        )
        found = Task.objects.filter(instance_id__in=ids).order_by("id")
        return list(found.values_list("id", flat=True))


def gather(key: str, *, quorum: str = "dual") -> Crowd:
    """Make a crowd around a queue of this key."""
    queue = queues.define_queue(key=key, name=key, actor=TESTER, rules=AT_ONCE)
    persons = {
        name: make_person(f"{name} of {key}", Role.REVIEWER, queue=queue)
        for name in ("alice", "bob", "carol")
    }
    for name in ("dora", "glenda", "hana"):
        persons[name] = make_person(f"{name} of {key}")
    people.add_account(
        person=persons["alice"],
        username=f"alice-too-{key}",
        password=PASSWORD,
        actor=TESTER,
    )
    lend(persons["alice"], persons["dora"], queue)
    for name in ("glenda", "hana"):
        break_glass(persons[name], queue)
    definition_id = deploy(
        process(REVIEW.format(key=key, quorum=quorum)), key=f"crowd-{key}"
    )
    return Crowd(queue, definition_id, persons)


def lend(giver: Person, taker: Person, queue: Queue) -> int:
    """Let somebody stand in for an hour; return the delegation's id."""
    return delegations.delegate(
        giver=giver,
        taker=taker,
        queue=queue,
        ends_at=database_now() + dt.timedelta(hours=1),
        reason="To see whether four eyes hold.",
    ).id


def break_glass(person: Person, queue: Queue) -> int:
    """Let somebody review a queue in an emergency; return its id."""
    return emergencies.break_glass(
        person=person, queue=queue, reason="To see whether four eyes hold."
    ).id


# --- what one person does -------------------------------------------------------------


def judge(
    task_id: int,
    person: Person,
    decision: Decision = Decision.APPROVE,
    *,
    tabs: int = 1,
) -> str:
    """Claim and judge a task, in so many tabs; return the answer or the final no.

    While somebody else holds the task, or has just changed it, one tries again.
    """
    for _ in range(TRIES):
        try:
            lease = claims.claim(task_id=task_id, person=person)
            shown = Task.objects.values_list("payload_digest", flat=True)
            digest = shown.get(id=task_id)
            answers = {
                verdicts.submit(
                    task_id=task_id,
                    person=person,
                    token=lease.token,
                    payload_digest=digest,
                    decision=decision,
                    rationale="As the papers say.",
                    edits={"/amount": 501}
                    if decision is Decision.EDIT_AND_APPROVE
                    else {},
                )
                for _ in range(tabs)
            }
            return "judged" if len(answers) == 1 else "answered-differently"
        except Forbidden as refusal:
            return refusal.code
        except Conflict as refusal:
            if refusal.code == "task-ended":
                return refusal.code
            time.sleep(0.0005)
    return "never-answered"


def hand_in(
    task_id: int,
    person: Person,
    *,
    token: int,
    shown: str,
    decision: Decision = Decision.APPROVE,
) -> str:
    """Hand a verdict in on what was shown; return the answer or the refusal in words."""
    try:
        answer = verdicts.submit(
            task_id=task_id,
            person=person,
            token=token,
            payload_digest=shown,
            decision=decision,
            rationale="As the papers say.",
            edits={"/amount": 501} if decision is Decision.EDIT_AND_APPROVE else {},
        )
    except Refused as refusal:
        return f"{refusal.status} {refusal.code}"
    return f"{answer.task_state} {answer.outcome} {answer.round} {answer.verdict_id}"


# --- side by side ---------------------------------------------------------------------


@contextmanager
def lanes(count: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads whose connections are closed afterwards."""
    gate = threading.Barrier(count)

    def hang_up(_: int) -> None:
        connection.close()
        gate.wait(60)  # so that each thread hangs up once

    with ThreadPoolExecutor(count) as pool:
        yield pool
        list(pool.map(hang_up, range(count)))
