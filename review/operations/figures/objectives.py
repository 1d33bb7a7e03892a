"""Objectives of queues: how their budgets stand, what burns, and what is done then.

The objectives in force are a policy of the queue (operations/policies/policies.py). A sweep looks
at each queue that has some once a minute. What a burnt budget does by itself was agreed
on by the two persons who brought the objectives into force, and is done in a
transaction of its own: a crash before it leaves an alert whose act the next look does.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse

from review.core.figures import objectives as core
from review.core.figures.alerting import describe
from review.core.figures.objectives import (
    RULES,
    Budget,
    Burn,
    Count,
    Objective,
    read_objectives,
)
from review.core.notices.notices import Notice
from review.core.policies.grid_strictness import is_stricter
from review.core.states import PolicyKind, PolicyState
from review.models import AlertEpisode, IntakeBrake, Person, Policy, Queue
from review.operations.clocks.calendars import NamedCalendar
from review.operations.figures import objective_counts, watching
from review.operations.figures.watching import Alarm, Watch
from review.operations.policies import policies
from review.operations.policies.policies_in_force import get_in_force
from review.operations.tasks.task_rows import find_queues
from workflows import audit
from workflows.core.actors import ENGINE
from workflows.operations.errors import Refused
from workflows.store import database_now

SUBJECT: Final = "objectives"
_WORDS: Final = {
    Burn.FAST: "burns fast",
    Burn.MIDDLE: "burns",
    Burn.SLOW: "burns slowly",
    Burn.BURNT: "is burnt",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one objective stands: its budget, and its tasks over the burn windows."""

    objective: Objective
    budget: Budget
    since: dt.datetime
    windows: Sequence[tuple[Count, Count]]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A queue with its objectives in force, and who brought them into force."""

    queue: Queue
    policy: Policy
    objectives: tuple[Objective, ...]


def list_ruled() -> list[Ruled]:
    """Return the queues that have objectives in force, by key."""
    queues = {queue.id: queue for queue in Queue.objects.all()}
    standing = get_in_force(queues, PolicyKind.OBJECTIVES)
    found = [
        Ruled(queues[queue_id], load_policy(one.id), load_objectives(one.id))
        for queue_id, one in standing.items()
    ]
    return sorted(found, key=lambda one: one.queue.key)


def find_ruled(queue: Queue) -> Ruled | None:
    """Return a queue with its objectives in force, None where it has none."""
    one = get_in_force([queue.id], PolicyKind.OBJECTIVES).get(queue.id)
    if one is None:
        return None
    return Ruled(queue, load_policy(one.id), load_objectives(one.id))


@lru_cache(maxsize=512)
def load_objectives(policy_id: int) -> tuple[Objective, ...]:
    """Return a version's objectives; a stored body never changes."""
    return read_objectives(
        Policy.objects.values_list("body", flat=True).get(pk=policy_id)
    )


def load_policy(policy_id: int) -> Policy:
    """Return a version with who proposed and approved it."""
    return Policy.objects.select_related("author", "settled_by").get(pk=policy_id)


def find_standing(
    queue_id: int, objective: Objective, *, calendar: NamedCalendar, now: dt.datetime
) -> Standing:
    """Return how an objective stands now; events not yet noted are not counted."""
    since = core.window_start(
        objective.window, now=now, zone=ZoneInfo(calendar.hours.zone)
    )
    moments = [since, *(now - w for rule in RULES for w in (rule.long, rule.short))]
    counts = objective_counts.count_since(
        queue_id=queue_id, measure=objective.measure, since=moments, now=now
    )
    return Standing(
        objective=objective,
        budget=core.find_budget(counts[since], share=objective.share),
        since=since,
        windows=[(counts[now - r.long], counts[now - r.short]) for r in RULES],
    )


# --- evaluation ----------------------------------------------------------------------


def evaluate_due() -> None:
    """Look at every queue whose moment has come; any number of sweepers may."""
    ruled = {f"{SUBJECT}:{one.queue.key}": one for one in list_ruled()}
    for subject in watching.list_due(list(ruled)):
        evaluate(subject, ruled[subject])
    act_on_burnt()


@transaction.atomic
def evaluate(subject: str, ruled: Ruled) -> None:
    """Count what came, judge each objective, raise and clear alerts."""
    watch = watching.take(subject)
    if watch is None:
        return
    queue = ruled.queue
    calendar = find_queues([queue.key])[queue.key].calendar
    for objective in ruled.objectives:
        objective_counts.note_events(
            queue_id=queue.id,
            measure=objective.measure,
            calendar=calendar,
            now=watch.now,
        )
        standing = find_standing(queue.id, objective, calendar=calendar, now=watch.now)
        _judge(watch, queue, standing)
    _clear_gone(watch, ruled)
    watch.finish()


def _judge(watch: Watch, queue: Queue, standing: Standing) -> None:
    objective = standing.objective
    for rule, (long, short) in zip(RULES, standing.windows, strict=True):
        verdict = core.judge(
            rule, long=long, short=short, share=objective.share, least=objective.least
        )
        rate = core.find_rate(long, share=objective.share)
        text = (
            f"{long.bad} of {long.total} tasks were late in the last"
            f" {_span(rule.long)}; {_share(objective.share)} are to be decided in time."
        )
        _settle(
            watch,
            queue,
            standing,
            burn=rule.burn,
            verdict=verdict,
            value=rate,
            text=text,
        )
    budget = standing.budget
    text = (
        f"{budget.count.bad} of {budget.count.total} tasks were late, and"
        f" {budget.allowed:.1f} were allowed."
    )
    burnt = core.judge_budget(budget, least=objective.least)
    _settle(
        watch,
        queue,
        standing,
        burn=Burn.BURNT,
        verdict=burnt,
        value=budget.left,
        text=text,
    )


def _settle(
    watch: Watch,
    queue: Queue,
    standing: Standing,
    *,
    burn: Burn,
    verdict: bool | None,
    value: Decimal | None,
    text: str,
) -> None:
    """Raise, clear or keep one alert of an objective, as the verdict says."""
    name = standing.objective.name
    is_urgent = burn in {Burn.FAST, Burn.MIDDLE, Burn.BURNT}
    alarm = Alarm(
        subject=subject_of(queue.key, name, burn),
        title=f"{queue.name}: the budget of {name} {_WORDS[burn]}",
        text=text,
        url=reverse("objective-detail", args=[queue.key, name]),
        kind=Notice.BUDGET_BURNING if is_urgent else Notice.ALERT,
        queue_id=queue.id,
        value=_fit(value),
    )
    if verdict is True:
        if watching.raise_alert(watch, alarm) is None:
            watching.tell_late(watch, alarm)
    elif verdict is False:
        over = Alarm(
            subject=alarm.subject,
            title=f"{queue.name}: the budget of {name} is well again",
            text=text,
            url=alarm.url,
            queue_id=queue.id,
            value=alarm.value,
        )
        _cleared(watch, watching.clear_alert(watch, over))
    else:
        watching.tell_late(watch, alarm)


def _cleared(watch: Watch, episode: AlertEpisode | None) -> None:
    """Let intake go on where an alert that is over had slowed it."""
    if episode is None:
        return
    for brake in IntakeBrake.objects.filter(episode=episode, ended_at=None):
        brake.ended_at = watch.now
        brake.save(update_fields=["ended_at"])
        watch.note("intake.released", {"process": brake.process, "alert": episode.id})


def _clear_gone(watch: Watch, ruled: Ruled) -> None:
    """End the alerts of objectives that are not in force any more."""
    kept = {
        subject_of(ruled.queue.key, one.name, burn)
        for one in ruled.objectives
        for burn in Burn
    }
    mine = f"objective:{ruled.queue.key}:"
    for episode in AlertEpisode.objects.filter(
        subject__startswith=mine, closed_at=None
    ).exclude(subject__in=kept):
        over = Alarm(
            subject=episode.subject,
            title=f"{ruled.queue.name}: an objective is not in force any more",
            text=episode.title,
            url=reverse("objective-list"),
            queue_id=ruled.queue.id,
        )
        _cleared(watch, watching.clear_alert(watch, over))


def subject_of(queue: str, name: str, burn: Burn | None = None) -> str:
    """Return the subject of an objective's alerts, or what all of them begin with."""
    return f"objective:{queue}:{name}:{burn.value if burn else ''}"


# --- what a burnt budget does --------------------------------------------------------


def act_on_burnt() -> None:
    """Do what was agreed on for budgets that are burnt and have not acted yet."""
    waiting = AlertEpisode.objects.filter(
        subject__startswith="objective:",
        subject__endswith=f":{Burn.BURNT.value}",
        closed_at=None,
        acts=[],
    )
    for episode_id in list(waiting.values_list("id", flat=True)[:100]):
        _act_on(episode_id)


def _act_on(episode_id: int) -> None:
    with transaction.atomic():
        # The row is the lock: another sweeper finds the acts written, or skips it.
        episode = (
            AlertEpisode.objects
            .select_for_update(skip_locked=True)
            .filter(pk=episode_id, closed_at=None, acts=[])
            .first()
        )
        if episode is None or episode.queue_id is None:
            return
        ruled = find_ruled(Queue.objects.get(pk=episode.queue_id))
        name = episode.subject.split(":")[2]
        objective = next(
            (one for one in (ruled.objectives if ruled else ()) if one.name == name),
            None,
        )
        if ruled is None or objective is None:
            return
        said = []
        drafts: list[audit.Draft] = []
        response = objective.response
        if response.process:
            said.append(_slow(episode, objective, drafts))
        if response.grid is not None:
            said.append(_tighten(ruled, objective))
        episode.acts = said or ["Told."]
        episode.save(update_fields=["acts"])
        detail: dict[str, object] = {"alert": episode.id, "acts": episode.acts}
        drafts.append(audit.Draft(kind="alert.acted", actor=ENGINE, detail=detail))
        audit.record_installation(drafts=drafts, now=database_now())


def _slow(
    episode: AlertEpisode, objective: Objective, drafts: list[audit.Draft]
) -> str:
    response = objective.response
    now = database_now()
    IntakeBrake.objects.create(
        episode=episode,
        process=response.process,
        per_hour=response.per_hour,
        begun_at=now,
    )
    detail: dict[str, object] = {
        "process": response.process,
        "per_hour": response.per_hour,
        "alert": episode.id,
    }
    drafts.append(audit.Draft(kind="intake.slowed", actor=ENGINE, detail=detail))
    return f"{response.process} may be started {response.per_hour} times an hour."


def _tighten(ruled: Ruled, objective: Objective) -> str:
    """Propose the stated grid, or switch to it; return what came of it.

    It is switched to only where it is stricter than what stands, row by row. The two
    persons of the objectives agreed on it beforehand, and must still be allowed to.
    """
    response, queue = objective.response, ruled.queue
    grids = Policy.objects.filter(queue=queue, kind=PolicyKind.GRID.value)
    stated = grids.filter(
        version=response.grid or 0,
        state__in=[PolicyState.IN_FORCE.value, PolicyState.SUPERSEDED.value],
    ).first()
    if stated is None:
        return f"Not done: no grid {response.grid} of {queue.name} was ever in force."
    standing = get_in_force([queue.id]).get(queue.id)
    if standing is not None and standing.digest == stated.digest:
        return f"Grid {response.grid} is in force already."
    current = Policy.objects.get(pk=standing.id).body if standing else None
    switches = response.switches and current and is_stricter(current, stated.body)
    author, approver = ruled.policy.author, ruled.policy.settled_by
    because = (
        f"The budget of {objective.name} is burnt. Agreed on beforehand with version"
        f" {ruled.policy.version} of the objectives, and done by the system."
    )
    try:
        with transaction.atomic():
            return _bring(
                queue,
                stated,
                author=author,
                approver=approver if switches else None,
                because=because,
            )
    except Refused as refusal:
        return f"Not done: {refusal.message}"


def _bring(
    queue: Queue,
    stated: Policy,
    *,
    author: Person | None,
    approver: Person | None,
    because: str,
) -> str:
    proposed = policies.propose(
        queue_id=queue.id,
        kind=PolicyKind.GRID,
        body=stated.body,
        reason=because,
        person=author,
    )
    if approver is None:
        return (
            f"Proposed grid {stated.version} anew as version {proposed.version};"
            " a second person approves it."
        )
    policies.approve(policy_id=proposed.id, person=approver, reason=because)
    return f"Switched to grid {stated.version}, as version {proposed.version}."


# --- words ---------------------------------------------------------------------------


def _share(share: Decimal) -> str:
    return describe("share", share)


def _span(span: dt.timedelta) -> str:
    hours = span // dt.timedelta(hours=1)
    return f"{hours} hours" if hours != 1 else "hour"


def _fit(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.000001"))
