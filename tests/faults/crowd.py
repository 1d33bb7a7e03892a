"""People at the same moment: promises 8 to 12, counted. `crowd WHAT COUNT [PROCESSES]`.

Each run prints what was tried and what came of it; `kept` says whether that is what
was promised. The same functions run at a small share in the test suite.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

import django

django.setup()

from django.db import OperationalError  # noqa: E402
from django.db.models import F  # noqa: E402

from review.core.interventions import Act  # noqa: E402
from review.core.states import Decision, Role  # noqa: E402
from review.models import Person, Task, Verdict  # noqa: E402
from review.operations.instances import acts  # noqa: E402
from review.operations.instances.acts import Wish  # noqa: E402
from review.operations.people import delegations, emergencies, people  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from tests.factories.processes import TESTER  # noqa: E402
from tests.factories.tasks import make_person  # noqa: E402
from tests.faults.meeting import (  # noqa: E402
    Crowd,
    Told,
    break_glass,
    gather,
    hand_in,
    judge,
    lanes,
    lend,
)
from workflows.operations.errors import Refused  # noqa: E402

BATCH: Final = 50
AT_ONCE_ASKED: Final = 100
KINDS: Final = ("same user", "two tabs", "delegate", "second account", "break-glass")
SEEN_ANSWERS: Final = {
    "before: 409 payload-changed",
    "case: 409 task-ended",
    "at once: 409 payload-changed",
    "at once: CLAIMED",
    "at once: OPEN",
}


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


# --- 8: four eyes ---------------------------------------------------------------------


def four_eyes(count: int, *, key: str = "eyes") -> Told:
    """Let one natural person in several guises race for tasks that take two persons.

    In half of the trials an honest second person races, too; to the rest he comes
    afterwards, and every task must still be his to decide: nothing is stuck.
    """
    crowd, said = gather(key), Counter[str]()
    alice, bob = crowd.persons["alice"], crowd.persons["bob"]
    violations = stuck = 0
    with lanes(3) as pool:
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


# --- 9: one owner ---------------------------------------------------------------------


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
    return _claimed(ids, staff, _race_inlanes(ids, staff))


def _race_inlanes(ids: Sequence[int], staff: Sequence[Person]) -> Counter[str]:
    with lanes(len(staff)) as pool:
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


# --- 10: a decision is what was seen --------------------------------------------------


def as_seen(count: int, *, key: str = "seen") -> Told:
    """Change what somebody else has on the screen; what that person hands in is refused.

    A third is edited by a reviewer before, a third in the very moment, and of a third a
    process owner edits the case's variables. Whatever was approved before is void.
    """
    crowd, said = gather(key, quorum="unanimous 3 parallel"), Counter[str]()
    olga = make_person(f"olga of {key}", Role.PROCESS_OWNER)
    alice, bob, carol = (crowd.persons[name] for name in ("alice", "bob", "carol"))
    void = 0
    with lanes(2) as pool:
        for number, task_id in enumerate(crowd.open(count)):
            shown = Task.objects.get(id=task_id).payload_digest
            lease = claims.claim(task_id=task_id, person=carol)
            judge(task_id, alice)
            give = partial(hand_in, task_id, carol, token=lease.token, shown=shown)
            way = ("before", "at once", "case")[number % 3]
            if way == "case":
                now = _edit_case(task_id, olga)
                said[f"{way}: {give()}"] += 1
                void += not _is_decided(now, carol, bob)
                judge(now, alice)
            else:
                held = claims.claim(task_id=task_id, person=bob)
                edit = partial(
                    hand_in,
                    task_id,
                    bob,
                    token=held.token,
                    shown=shown,
                    decision=Decision.EDIT_AND_APPROVE,
                )
                if way == "before":
                    edit()
                    said[f"{way}: {give()}"] += 1
                else:
                    answers = pool.map(lambda act: act(), [edit, give])
                    edited, given = (each.partition(" None")[0] for each in answers)
                    said[f"{way}: {given}"] += 1
                    assert not edited.startswith("4"), edited
                # Hers from before the edit is void, too, if she was the faster one.
                void += not _is_decided(task_id, carol)
                judge(task_id, alice)
    decided = Task.objects.filter(queue=crowd.queue, state="DECIDED")
    stale = Verdict.objects.filter(task__in=decided, round__lt=F("task__round"))
    counted = Verdict.objects.filter(task__in=decided, round=F("task__round"))
    return {
        "edited": count,
        "said": dict(sorted(said.items())),
        "approvals_void": void,
        "decided_after_new_ones": decided.count(),
        "verdicts_void": stale.count(),
        "verdicts_counted": counted.count(),
        "kept": set(said) <= SEEN_ANSWERS
        and void == decided.count() == count
        and counted.count() == 3 * count,
    }


def _edit_case(task_id: int, person: Person) -> int:
    """Edit the case's variables under an open task; return the task it has now."""
    task = Task.objects.get(id=task_id)
    wish = Wish(
        act=Act.EDIT,
        instance_id=task.instance_id,
        reason="The amount was misread.",
        arguments={"set": {"amount": 501}},
    )
    acts.do_now(person=person, wish=wish)
    return Task.objects.get(instance_id=task.instance_id, state="OPEN").id


def _is_decided(task_id: int, *persons: Person) -> bool:
    """Let persons approve; tell whether that was all that it took."""
    for person in persons:
        judge(task_id, person)
    return Task.objects.get(id=task_id).state == "DECIDED"


# --- 11: rights apply at once ---------------------------------------------------------


def rights_gone(count: int, *, key: str = "rights") -> Told:
    """Take away what let somebody in, between claim and verdict.

    That is a role, a delegation, an emergency's right, or the person's account.
    """
    crowd, said = gather(key, quorum="one"), Counter[str]()
    ids = crowd.open(count)
    for number, task_id in enumerate(ids):
        person, take_away = _dismiss(crowd, number)
        shown = Task.objects.get(id=task_id).payload_digest
        lease = claims.claim(task_id=task_id, person=person)
        take_away()
        said[hand_in(task_id, person, token=lease.token, shown=shown)] += 1
    written = Verdict.objects.filter(task_id__in=ids).count()
    return {
        "removed": count,
        "verdicts": written,
        "said": dict(said),
        "kept": written == 0
        and set(said) <= {"403 not-a-reviewer", "403 person-disabled"}
        and said["403 person-disabled"] == count // 4,
    }


def _dismiss(crowd: Crowd, number: int) -> tuple[Person, Callable[[], None]]:
    """Return somebody who may review now, and what ends that."""
    name = f"T{number} of {crowd.queue.key}"
    if number % 4 == 3:
        person = make_person(name, Role.REVIEWER, queue=crowd.queue)
        return person, partial(
            people.disable_person, person=person, actor=TESTER, reason="Has left."
        )
    if number % 4 == 0:
        person = make_person(name, Role.REVIEWER, queue=crowd.queue)
        return person, partial(
            people.revoke_role,
            person=person,
            role=Role.REVIEWER,
            queue=crowd.queue,
            actor=TESTER,
        )
    person = make_person(name)
    if number % 4 == 1:
        lent = lend(crowd.persons["carol"], person, crowd.queue)
        return person, partial(delegations.revoke, delegation_id=lent, person=person)
    broken = break_glass(person, crowd.queue)
    return person, partial(emergencies.give_back, emergency_id=broken, person=person)


# --- 12: retries are safe -------------------------------------------------------------


def repeats(count: int, *, times: int = AT_ONCE_ASKED, key: str = "repeats") -> Told:
    """Hand the same verdict in many times at once, then another under the same lease."""
    crowd = gather(key)
    alice = crowd.persons["alice"]
    differing = others = 0
    ids = crowd.open(count)
    with lanes(times) as pool:
        for task_id in ids:
            shown = Task.objects.get(id=task_id).payload_digest
            lease = claims.claim(task_id=task_id, person=alice)
            once = partial(hand_in, task_id, alice, token=lease.token, shown=shown)
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


# --- running them ---------------------------------------------------------------------


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
