"""Objectives and alerts: counted, raised once, silenced, acted on, over again."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from review.core.figures.alerting import Bounds, Comparison
from review.core.states import PolicyKind, Role
from review.models import (
    AlertEpisode,
    AlertRule,
    IntakeBrake,
    Notification,
    ObjectiveEvent,
    Person,
    Policy,
    ProposedChange,
    Queue,
    WatchState,
)
from review.operations.figures import alerts, objectives, rollups, watch_sweep, watching
from review.operations.figures.alerts import BadRule, Wanted
from review.operations.people.people import actor_of
from review.operations.policies import proposed_changes
from review.operations.policies.policies_in_force import get_in_force
from tests.audit_tables import owner_without_triggers
from tests.factories.alerts import bring_rule, end_rule
from tests.factories.policies import set_policy
from tests.factories.tasks import (
    Desk,
    judge,
    make_desk,
    make_person,
    open_task,
    start_cases,
)
from tests.integration.review.racing import track
from workflows.core.actors import Actor, ActorKind
from workflows.models import AuditEntry
from workflows.operations import instances
from workflows.operations.errors import Busy, Conflict, Forbidden, NotFound
from workflows.store import database_now

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
STRICT = {"rows": [{"impact": "> 1000", "control": "dual"}, {"control": "dual"}]}
LOOSE = {"rows": [{"impact": "> 1000", "control": "dual"}, {"control": "review"}]}


def bring(queue: Queue, **row: str) -> Policy:
    row = {"name": "in-time", "share": "95", "within": "PT8H", **row}
    return set_policy(queue, {"rows": [row]}, kind=PolicyKind.OBJECTIVES)


def age(hours: int) -> None:
    """Let all tasks have been opened so many hours earlier."""
    with owner_without_triggers("review_task"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_task SET opened_at = opened_at - %s * interval '1 hour'",
            [hours],
        )


def look() -> None:
    """Let a minute go by, and look at everything; what happened is folded before."""
    rollups.catch_up()
    WatchState.objects.update(next_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    watch_sweep.evaluate_due()


def list_open() -> set[str]:
    found = AlertEpisode.objects.filter(closed_at=None)
    return {one.subject.split(":")[-1] for one in found}


def test_burnt_budget_tells_once_acts_as_agreed_and_is_over_again() -> None:
    desk = make_desk()
    set_policy(desk.queue, STRICT)
    set_policy(desk.queue, LOOSE)
    bring(desk.queue, burnt="switch grid 1; slow test-process to 15 an hour")
    tasks = [open_task(desk) for _ in range(9)]
    age(9)
    for task in tasks[:4]:
        task.refresh_from_db()
        judge(task, desk.alice)
    for _ in range(4):
        judge(open_task(desk), desk.bob)
    withdrawn = open_task(desk)
    instances.cancel(
        instance_id=withdrawn.instance_id, actor=actor_of(desk.alice), reason="Twice."
    )
    look()
    # Four were decided late, five are late and still open, four were in time.
    good = ObjectiveEvent.objects.filter(is_good=True).count()
    assert (good, ObjectiveEvent.objects.filter(is_good=False).count()) == (4, 9)
    # Nothing was late in the last half hour: what burnt so fast has stopped.
    assert list_open() == {"SLOW", "BURNT"}
    told = Notification.objects.filter(key__startswith="alert:")
    before = told.count()
    look()
    assert (AlertEpisode.objects.count(), told.count()) == (2, before)

    burnt = AlertEpisode.objects.get(subject="objective:desk:in-time:BURNT")
    assert len(burnt.acts) == 2
    assert "15 times an hour" in burnt.acts[0]
    assert "Switched to grid 1" in burnt.acts[1]
    standing = get_in_force([desk.queue.id])[desk.queue.id]
    assert standing.version == 3
    assert Policy.objects.get(pk=standing.id).body["rows"][1]["control"] == "dual"
    start(desk)
    with pytest.raises(Busy, match="15 times an hour") as refused:
        start(desk)
    assert 0 < refused.value.seconds <= 3601

    # Work in time comes, as much as fills the budget again.
    late(desk.queue, 600, good=True)
    look()
    assert list_open() == set()
    assert IntakeBrake.objects.get().ended_at is not None
    start(desk)
    kinds = AuditEntry.objects.filter(kind__startswith="intake.").order_by("id")
    assert [one.kind for one in kinds] == ["intake.slowed", "intake.released"]
    raised = AuditEntry.objects.filter(kind="alert.raised").count()
    cleared = AuditEntry.objects.filter(kind="alert.cleared").count()
    assert (raised, cleared) == (2, 2)


def late(queue: Queue, count: int, *, good: bool = False) -> None:
    """Note tasks as the sweep does, late or in time."""
    ruled = objectives.find_ruled(queue)
    assert ruled is not None
    before = ObjectiveEvent.objects.count()
    ObjectiveEvent.objects.bulk_create(
        ObjectiveEvent(
            queue=queue,
            measure=ruled.objectives[0].measure.key,
            task_id=-before - n,
            is_good=good,
            at=database_now(),
        )
        for n in range(1, count + 1)
    )


def start(desk: Desk) -> None:
    instances.start(
        definition_key="test-process",
        initiator=Actor(kind=ActorKind.TOKEN, id="1", name="Program"),
        variables={"name": "Ada", "amount": 5, "confidence": Decimal("0.5")},
    )


def test_own_goals_count_by_their_breach_and_gone_objectives_end() -> None:
    desk = make_desk(sla="PT1H")
    bring(desk.queue, within="", least="2")
    tasks = [open_task(desk) for _ in range(3)]
    judge(tasks[0], desk.alice)
    with owner_without_triggers("review_task"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_task SET breached_at = due_at - interval '1 hour'"
            " WHERE state = 'OPEN'"
        )
    look()
    assert ObjectiveEvent.objects.filter(is_good=False).count() == 2
    assert "BURNT" in list_open()
    assert AlertEpisode.objects.get(subject__endswith="BURNT").acts == ["Told."]
    # Another objective of the same measure keeps the past; the old one's alerts end.
    bring(desk.queue, within="", least="2", name="other")
    look()
    assert ObjectiveEvent.objects.count() == 3
    still = AlertEpisode.objects.filter(closed_at=None)
    assert {one.subject.split(":")[2] for one in still} == {"other"}


def wanted(**given: Any) -> Wanted:
    bounds = Bounds(Comparison.ABOVE, Decimal(2), Decimal(1))
    return Wanted(**{
        "name": "Much to do", "figure": "wip", "bounds": bounds, "period": DAY, **given,
    })  # fmt: skip


def test_alert_is_raised_told_silenced_and_over_with_hysteresis() -> None:
    desk = make_desk()
    olga = make_person("Olga", Role.PROCESS_OWNER)
    mona = make_person("Mona", Role.MANAGER, queue=desk.queue)
    with pytest.raises(Forbidden):
        propose(desk.alice)
    with pytest.raises(BadRule):
        propose(olga, figure="none")
    bring_rule(wanted=wanted(queue=desk.queue), by=mona, then=olga)
    with pytest.raises(Conflict, match="named"):
        propose(olga)
    tasks = [open_task(desk) for _ in range(3)]
    look()
    look()
    episode = AlertEpisode.objects.get()
    assert (episode.value, episode.closed_at) == (Decimal(3), None)
    told = Notification.objects.filter(key=f"alert:{episode.id}")
    assert {one.person for one in told} == {olga, mona}
    judge(tasks[0], desk.alice)
    look()  # two: neither out of bounds nor well again
    assert AlertEpisode.objects.filter(closed_at=None).exists()
    judge(tasks[1], desk.alice)
    look()
    episode.refresh_from_db()
    assert (episode.closed_value, told.count()) == (Decimal(1), 2)


def propose(person: Person, **given: Any) -> ProposedChange:
    return alerts.propose(wanted=wanted(**given), person=person, reason="To be seen.")


def test_rule_takes_two_persons_for_each_version_and_its_end() -> None:
    desk = make_desk()
    olga = make_person("Olga", Role.PROCESS_OWNER)
    mona = make_person("Mona", Role.MANAGER, queue=desk.queue)
    first = propose(mona, queue=desk.queue)
    look()
    assert not AlertRule.objects.exists()
    with pytest.raises(Conflict, match="waits for a second person"):
        propose(olga, queue=desk.queue)
    for person in (mona, desk.alice):
        with pytest.raises(Forbidden):
            proposed_changes.approve(change_id=first.id, person=person)
    with pytest.raises(Forbidden):
        proposed_changes.withdraw(change_id=first.id, person=olga, reason="Mine now.")
    proposed_changes.decline(change_id=first.id, person=olga, reason="Too early yet.")
    with pytest.raises(Conflict, match="settled"):
        proposed_changes.approve(change_id=first.id, person=olga)
    rule = bring_rule(wanted=wanted(queue=desk.queue), by=mona, then=olga)
    with pytest.raises(Conflict, match="nothing to propose"):
        change(rule, olga, queue=desk.queue)
    second = change(rule, olga, queue=desk.queue, note="Call the desk.")
    rule.refresh_from_db()
    assert (rule.note, rule.version) == ("", 1)
    proposed_changes.approve(change_id=second.id, person=mona)
    rule.refresh_from_db()
    assert (rule.note, rule.version, rule.changed_by) == ("Call the desk.", 2, olga)
    end_rule(rule, by=olga, then=mona)
    assert not AlertRule.objects.filter(removed_at=None).exists()
    kinds = AuditEntry.objects.filter(kind__startswith="alert.").order_by("id")
    assert [one.kind.partition(".")[2] for one in kinds] == [
        "change_proposed", "change_declined",
        "change_proposed", "made", "change_approved",
        "change_proposed", "changed", "change_approved",
        "change_proposed", "removed", "change_approved",
    ]  # fmt: skip


def change(rule: AlertRule, person: Person, **given: Any) -> ProposedChange:
    return alerts.propose(
        wanted=wanted(**given), person=person, reason="To be seen.", rule_id=rule.id
    )


def test_silence_keeps_an_alert_from_being_told_until_its_end() -> None:
    desk = make_desk()
    olga = make_person("Olga", Role.PROCESS_OWNER)
    mona = make_person("Mona", Role.MANAGER, queue=desk.queue)
    rule = bring_rule(wanted=wanted(queue=desk.queue), by=mona, then=olga)
    with pytest.raises(NotFound):
        silence("rule:999", olga)
    kept = silence(alerts.subject_of(rule), mona)
    start_cases(desk, count=3)
    look()
    second = AlertEpisode.objects.get(closed_at=None)
    assert second.told_at is None
    assert not Notification.objects.filter(key=f"alert:{second.id}").exists()
    watching.end_silence(silence_id=kept.id, person=olga)
    look()
    assert Notification.objects.filter(key=f"alert:{second.id}").count() == 2
    with pytest.raises(Conflict):
        watching.end_silence(silence_id=kept.id, person=olga)
    end_rule(rule, by=mona, then=olga)
    assert not AlertEpisode.objects.filter(closed_at=None).exists()
    look()
    assert AlertEpisode.objects.count() == 1


def silence(subject: str, person: Person) -> Any:
    return watching.silence(
        subject=subject, person=person, lasting=DAY, reason="It is being mended."
    )


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_at_once_raise_and_clear_each_alert_once() -> None:
    desk = make_desk()
    olga = make_person("Olga", Role.PROCESS_OWNER)
    bring(desk.queue, least="2")
    anna = make_person("Anna", Role.PROCESS_OWNER)
    made = [
        bring_rule(wanted=wanted(name=f"Rule {n}"), by=anna, then=olga)
        for n in range(3)
    ]
    start_cases(desk, count=3)
    rollups.catch_up()
    late(desk.queue, 3)
    with track(3) as lanes:
        for _ in range(4):
            WatchState.objects.update(next_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
            lanes.race(*[watch_sweep.evaluate_due] * 3)
    raised = list(AlertEpisode.objects.values_list("subject", flat=True))
    assert len(raised) == len(set(raised))
    assert {alerts.subject_of(rule) for rule in made} <= set(raised)
    assert "objective:desk:in-time:BURNT" in raised
    assert AuditEntry.objects.filter(kind="alert.raised").count() == len(raised)
    assert AuditEntry.objects.filter(kind="alert.acted").count() == 1
    per_person = Notification.objects.filter(person=olga, key__startswith="alert:")
    assert per_person.count() == len(raised)
    assert AlertRule.objects.count() == 3
