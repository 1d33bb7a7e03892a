"""People at the same moment: promises 8 to 12, counted. `crowd WHAT COUNT [PROCESSES]`.

Each run prints what was tried and what came of it; `kept` says whether that is what
was promised. The same functions run at a small share in the test suite.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import django

django.setup()

from django.db import OperationalError, connection  # noqa: E402

from review.core.states import Decision, Role  # noqa: E402
from review.models import Person, Queue, Task, Verdict  # noqa: E402
from review.operations import (  # noqa: E402
    claims,
    delegations,
    emergencies,
    people,
    queues,
    verdicts,
)
from tests.factories.processes import TESTER, chain, deploy, process  # noqa: E402
from tests.factories.tasks import AT_ONCE, PASSWORD, make_person  # noqa: E402
from workflows.operations import instances  # noqa: E402
from workflows.operations.errors import Conflict, Forbidden, Refused  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.store import database_now  # noqa: E402

Told = dict[str, Any]

BATCH: Final = 50
TRIES: Final = 5000
AT_ONCE_ASKED: Final = 20
KINDS: Final = ("same user", "two tabs", "delegate", "second account", "break-glass")
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


# --- what one person does
# --------------------------------------------------------------


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


def _second_of(crowd: Crowd, task_id: int) -> list[str]:
    """Do what the second face of Alice, or who broke the glass, tries with a task."""
    match KINDS[task_id % len(KINDS)]:
        case "two tabs":
            return [judge(task_id, crowd.persons["alice"], tabs=2)]
        case "delegate":
            return [judge(task_id, crowd.persons["dora"])]
        case "second account":
            account = people.get_person(username=f"alice-too-{crowd.queue.key}")
            return [judge(task_id, account)]
        case "break-glass":
            glenda, hana = crowd.persons["glenda"], crowd.persons["hana"]
            return [judge(task_id, one) for one in (glenda, hana, hana)]
        case _:
            return [judge(task_id, crowd.persons["alice"]) for _ in range(2)]


# --- 8: four eyes
# ----------------------------------------------------------------------


def four_eyes(count: int, *, key: str = "eyes") -> Told:
    """Let one natural person in several guises race for tasks that take two persons.

    In half of the trials an honest second person races, too; to the rest he comes
    afterwards, and every task must still be his to decide: nothing is stuck.
    """
    crowd, said = gather(key), Counter[str]()
    alice, bob = crowd.persons["alice"], crowd.persons["bob"]
    violations = stuck = 0
    with _lanes(3) as pool:
        for first in range(0, count, BATCH):
            ids = crowd.open(min(BATCH, count - first))
            walks: list[Callable[[], list[str]]] = [
                lambda ids=ids: [judge(one, alice) for one in ids],  # type: ignore[misc]
                lambda ids=ids: [  # type: ignore[misc]
                    code for one in ids for code in _second_of(crowd, one)
                ],
                lambda ids=ids: [judge(one, bob) for one in ids[::2]],  # type: ignore[misc]
            ]
            for walked in pool.map(lambda walk: walk(), walks):
                said.update(walked)
            said.update(f"afterwards {judge(one, bob)}" for one in ids)
            wrong, open_still = _check_pairs(crowd, ids)
            violations, stuck = violations + wrong, stuck + open_still
    return {
        "trials": count,
        "kinds": len(KINDS),
        "violations": violations,
        "stuck": stuck,
        "said": dict(sorted(said.items())),
        "kept": violations == stuck == 0
        and not said["never-answered"]
        and not said["answered-differently"],
    }


def _check_pairs(crowd: Crowd, ids: Sequence[int]) -> tuple[int, int]:
    """Return how many tasks one natural person judged alone, and how many are open."""
    natural = {crowd.persons["dora"].id: crowd.persons["alice"].id}
    votes: dict[int, list[int]] = {one: [] for one in ids}
    rows = Verdict.objects.filter(task_id__in=ids).values_list("task_id", "person_id")
    for task_id, person_id in rows:
        votes[task_id].append(natural.get(person_id, person_id))
    initiator = crowd.persons["glenda"].id
    wrong = sum(
        len(set(found)) != 2 or len(found) != 2 or initiator in found
        for found in votes.values()
    )
    done = Task.objects.filter(id__in=ids, state="DECIDED", outcome="APPROVED")
    return wrong, len(ids) - done.filter(instance__state="COMPLETED").count()


# --- 9: one owner
# ----------------------------------------------------------------------


def one_owner(count: int, *, persons: int = 50, key: str = "owners") -> Told:
    """Let fifty persons claim each of so many tasks, each in an order of their own."""
    crowd = gather(key, quorum="one")
    staff = [
        make_person(f"R{number} of {key}", Role.REVIEWER, queue=crowd.queue)
        for number in range(persons)
    ]
    ids: list[int] = []
    for first in range(0, count, BATCH):
        ids += crowd.open(min(BATCH, count - first))
    return _claimed(ids, staff, _race_in_lanes(ids, staff))


def _race_in_lanes(ids: Sequence[int], staff: Sequence[Person]) -> Counter[str]:
    with _lanes(len(staff)) as pool:
        return sum(pool.map(partial(_claim_each, ids), staff), Counter[str]())


def _claimed(ids: Sequence[int], staff: Sequence[Person], said: Counter[str]) -> Told:
    owned = Task.objects.filter(id__in=ids, state="CLAIMED", lease_token=1)
    owners = set(owned.values_list("claimed_by_id", flat=True))
    refused = len(ids) * (len(staff) - 1)
    return {
        "tasks": len(ids),
        "persons": len(staff),
        "claims_tried": len(ids) * len(staff),
        "owned_once": owned.count(),
        "distinct_owners": len(owners),
        "said": dict(said),
        "kept": owned.count() == len(ids)
        and dict(said) == {"claimed": len(ids), "409 task-held": refused},
    }


def _claim_each(ids: Sequence[int], person: Person) -> Counter[str]:
    said = Counter[str]()
    order = random.Random(person.id)  # noqa: S311  an order, no secret
    for task_id in order.sample(list(ids), len(ids)):
        try:
            claims.claim(task_id=task_id, person=person)
        except Refused as refusal:
            said[f"{refusal.status} {refusal.code}"] += 1
        except OperationalError as error:  # a deadlock would be one
            said[type(error).__name__] += 1
        else:
            said["claimed"] += 1
    return said


# --- 10: a decision is what was seen
# ---------------------------------------------------


def as_seen(count: int, *, key: str = "seen") -> Told:
    """Edit what somebody else has on the screen; what that person hands in is refused.

    The approval given before the edit is void: it takes another one.
    """
    crowd, said = gather(key, quorum="unanimous 3 parallel"), Counter[str]()
    alice, bob, carol = (crowd.persons[name] for name in ("alice", "bob", "carol"))
    void = 0
    for task_id in crowd.open(count):
        shown = Task.objects.get(id=task_id).payload_digest
        lease = claims.claim(task_id=task_id, person=carol)
        judge(task_id, alice)
        judge(task_id, bob, Decision.EDIT_AND_APPROVE)
        said[_hand_in(task_id, carol, token=lease.token, shown=shown)] += 1
        judge(task_id, carol)
        void += Task.objects.get(id=task_id).state != "DECIDED"
        judge(task_id, alice)
    decided = Task.objects.filter(queue=crowd.queue, state="DECIDED", round=2).count()
    return {
        "edited": count,
        "said": dict(said),
        "approvals_void": void,
        "decided_after_a_new_one": decided,
        "kept": dict(said) == {"409 payload-changed": count}
        and void == decided == count,
    }


def _hand_in(
    task_id: int,
    person: Person,
    *,
    token: int,
    shown: str,
    decision: Decision = Decision.APPROVE,
) -> str:
    try:
        answer = verdicts.submit(
            task_id=task_id,
            person=person,
            token=token,
            payload_digest=shown,
            decision=decision,
            rationale="As the papers say.",
        )
    except Refused as refusal:
        return f"{refusal.status} {refusal.code}"
    return f"{answer.task_state} {answer.outcome} {answer.round} {answer.verdict_id}"


# --- 11: rights apply at once
# ----------------------------------------------------------


def rights_gone(count: int, *, key: str = "rights") -> Told:
    """Take a role, a delegation or an emergency's right away between claim and verdict."""
    crowd, said = gather(key, quorum="one"), Counter[str]()
    ids = crowd.open(count)
    for number, task_id in enumerate(ids):
        person, take_away = _dismiss(crowd, number)
        shown = Task.objects.get(id=task_id).payload_digest
        lease = claims.claim(task_id=task_id, person=person)
        take_away()
        said[_hand_in(task_id, person, token=lease.token, shown=shown)] += 1
    written = Verdict.objects.filter(task_id__in=ids).count()
    return {
        "removed": count,
        "verdicts": written,
        "said": dict(said),
        "kept": written == 0 and set(said) <= {"403 not-a-reviewer"},
    }


def _dismiss(crowd: Crowd, number: int) -> tuple[Person, Callable[[], None]]:
    """Return somebody who may review now, and what ends that."""
    name = f"T{number} of {crowd.queue.key}"
    if number % 3 == 0:
        person = make_person(name, Role.REVIEWER, queue=crowd.queue)
        return person, partial(
            people.revoke_role,
            person=person,
            role=Role.REVIEWER,
            queue=crowd.queue,
            actor=TESTER,
        )
    person = make_person(name)
    if number % 3 == 1:
        lent = lend(crowd.persons["carol"], person, crowd.queue)
        return person, partial(delegations.revoke, delegation_id=lent, person=person)
    broken = break_glass(person, crowd.queue)
    return person, partial(emergencies.give_back, emergency_id=broken, person=person)


# --- 12: retries are safe
# --------------------------------------------------------------


def repeats(count: int, *, times: int = AT_ONCE_ASKED, key: str = "repeats") -> Told:
    """Hand the same verdict in many times at once, then another under the same lease."""
    crowd = gather(key)
    alice = crowd.persons["alice"]
    differing = others = 0
    ids = crowd.open(count)
    with _lanes(times) as pool:
        for task_id in ids:
            shown = Task.objects.get(id=task_id).payload_digest
            lease = claims.claim(task_id=task_id, person=alice)
            once = partial(_hand_in, task_id, alice, token=lease.token, shown=shown)
            found = set(pool.map(lambda act: act(), [once] * times))
            differing += len(found) != 1
            others += once(decision=Decision.REJECT) == "409 already-submitted"
    effects = Verdict.objects.filter(task_id__in=ids).count()
    return {
        "verdicts_asked": count,
        "times_each": times,
        "effects": effects,
        "with_different_answers": differing,
        "other_verdicts_refused": others,
        "kept": effects == others == count and differing == 0,
    }


# --- running them
# ----------------------------------------------------------------------


@contextmanager
def _lanes(count: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads whose connections are closed afterwards."""
    gate = threading.Barrier(count)

    def hang_up(_: int) -> None:
        connection.close()
        gate.wait(60)  # so that each thread hangs up once

    with ThreadPoolExecutor(count) as pool:
        yield pool
        list(pool.map(hang_up, range(count)))


def _spread(run: Callable[..., Told], count: int, processes: int) -> Told:
    """Run shares in processes of their own and add up what they told."""
    shares = [count // processes + (n < count % processes) for n in range(processes)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        running = [
            pool.submit(run, share, key=f"part{number}")
            for number, share in enumerate(shares)
        ]
        return _add([one.result() for one in running])


def _add(parts: Sequence[Told]) -> Told:
    total = dict(parts[0])
    for part in parts[1:]:
        for name, value in part.items():
            if name == "kept":
                total[name] = total[name] and value
            elif name == "said":
                total[name] = dict(Counter(total[name]) + Counter(value))
            elif name not in {"kinds", "persons", "times_each"}:
                total[name] += value
    return total


RUNS: Final[dict[str, Callable[..., Told]]] = {
    "four-eyes": four_eyes,
    "one-owner": one_owner,
    "as-seen": as_seen,
    "rights-gone": rights_gone,
    "same-verdict": repeats,
}


def main(what: str, count: int, processes: int) -> None:
    """Run one and print what it told."""
    began = time.monotonic()
    told = _spread(RUNS[what], count, processes) if processes > 1 else RUNS[what](count)
    told["seconds"] = round(time.monotonic() - began, 1)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int([*sys.argv, "1"][3]))
