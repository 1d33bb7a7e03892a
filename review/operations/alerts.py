"""Rules that raise alerts on figures: make, change and remove them, and evaluate them."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.urls import reverse

from review import live, permissions
from review.core import alerting
from review.core.alerting import Bounds, Comparison, Move, describe
from review.core.figures import BY_KEY, Figure
from review.dashboards.metrics import Period, Scope, read_figure
from review.models import AlertEpisode, AlertRule, Person, Queue, WatchState
from review.operations import watching
from review.operations.people import actor_of
from review.operations.watching import Alarm, Watch
from workflows import audit
from workflows.operations.errors import Conflict, Invalid, NotFound
from workflows.store import database_now

SUBJECT: Final = "rule"
MOST: Final = 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a rule shall say; `scope` is as an address names it."""

    name: str
    figure: str
    bounds: Bounds
    period: dt.timedelta
    queue: Queue | None = None
    scope: Mapping[str, str] = dataclasses.field(default_factory=dict)
    note: str = ""


class BadRule(Invalid):
    """A rule has faults: `faults` are fields, each with a sentence."""

    code = "bad-alert"

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(said for _, said in faults))
        self.faults = faults


@transaction.atomic
def make_rule(*, wanted: Wanted, person: Person) -> AlertRule:
    """Make a rule. Raises BadRule, Forbidden, and Conflict where its name is taken."""
    _check(wanted, person)
    standing = AlertRule.objects.filter(removed_at=None)
    if standing.filter(name=wanted.name).exists():
        raise Conflict(f"There is an alert named {wanted.name!r} already.")
    if standing.count() >= MOST:
        raise Conflict(f"There are {MOST} alerts already; remove one first.")
    now = database_now()
    rule = AlertRule(made_by=person, made_at=now)
    _write(rule, wanted, person, now=now)
    _record("alert.made", rule, person, now=now)
    return rule


@transaction.atomic
def change_rule(*, rule_id: int, wanted: Wanted, person: Person) -> None:
    """Let a rule say something else; its wait begins anew. Raises as make_rule."""
    rule = _lock(rule_id, person)
    _check(wanted, person)
    taken = AlertRule.objects.filter(name=wanted.name, removed_at=None)
    if taken.exclude(pk=rule.pk).exists():
        raise Conflict(f"There is an alert named {wanted.name!r} already.")
    now = database_now()
    _write(rule, wanted, person, now=now)
    WatchState.objects.filter(subject=subject_of(rule)).update(
        out_since=None, next_at=now
    )
    _record("alert.changed", rule, person, now=now)


@transaction.atomic
def remove_rule(*, rule_id: int, person: Person) -> None:
    """Remove a rule and end its open alert. Raises NotFound, Forbidden."""
    rule = _lock(rule_id, person)
    now = database_now()
    rule.removed_at = now
    rule.save(update_fields=["removed_at"])
    AlertEpisode.objects.filter(rule=rule, closed_at=None).update(closed_at=now)
    _record("alert.removed", rule, person, now=now)


def evaluate_due() -> None:
    """Look at every rule whose moment has come; any number of sweepers may."""
    rules = {
        subject_of(rule): rule.id for rule in AlertRule.objects.filter(removed_at=None)
    }
    for subject in watching.list_due(list(rules)):
        evaluate(rules[subject])


@transaction.atomic
def evaluate(rule_id: int) -> None:
    """Read a rule's figure, and raise or clear its alert."""
    watch = watching.take(f"{SUBJECT}:{rule_id}")
    if watch is None:
        return
    # Who removes or changes a rule holds its row: what is read here stands.
    rule = (
        AlertRule.objects
        .select_for_update(of=("self",), no_key=True)
        .select_related("queue")
        .filter(pk=rule_id, removed_at=None)
        .first()
    )
    if rule is None or rule.figure not in BY_KEY:
        return
    reading = read_figure(
        rule.figure,
        scope=scope_of(rule),
        period=Period(watch.now - _period(rule), watch.now),
        now=watch.now,
    )
    _judge(watch, rule, reading.value)


def _judge(watch: Watch, rule: AlertRule, value: Decimal | None) -> None:
    subject = subject_of(rule)
    is_open = AlertEpisode.objects.filter(subject=subject, closed_at=None).exists()
    standing = alerting.Standing(is_open=is_open, out_since=watch.out_since)
    move, after = alerting.judge(bounds_of(rule), standing, value=value, now=watch.now)
    read = None if value is None else value.quantize(Decimal("0.000001"))
    WatchState.objects.filter(subject=subject).update(
        out_since=after.out_since, value=read, read_at=watch.now
    )
    alarm = _alarm(rule, read, over=move is Move.CLOSE)
    if move is Move.OPEN:
        watching.raise_alert(watch, alarm)
    elif move is Move.CLOSE:
        watching.clear_alert(watch, alarm)
    elif is_open:
        watching.tell_late(watch, alarm)
    watch.finish()


def _alarm(rule: AlertRule, value: Decimal | None, *, over: bool) -> Alarm:
    figure = BY_KEY[rule.figure]
    said = describe(figure.unit, value) if value is not None else "nothing"
    bound = describe(figure.unit, rule.clear if over else rule.threshold)
    side = "above" if rule.comparison == Comparison.ABOVE.value else "below"
    where = f" in {rule.queue.name}" if rule.queue else ""
    title = (
        f"{rule.name}: {figure.title.lower()}{where} is well again, {said}"
        if over
        else f"{rule.name}: {figure.title.lower()}{where} is {said}, {side} {bound}"
    )
    return Alarm(
        subject=subject_of(rule),
        title=title,
        text=rule.note or figure.how,
        url=reverse("alert-edit", args=[rule.id]),
        queue_id=rule.queue_id,
        rule_id=rule.id,
        value=value,
    )


def subject_of(rule: AlertRule) -> str:
    """Return the subject of a rule's alerts."""
    return f"{SUBJECT}:{rule.id}"


def bounds_of(rule: AlertRule) -> Bounds:
    """Return when a rule's figure is out of bounds, and when it is well."""
    return Bounds(
        comparison=Comparison(rule.comparison),
        threshold=rule.threshold,
        clear=rule.clear,
        lasting=dt.timedelta(seconds=rule.lasting_seconds),
    )


def scope_of(rule: AlertRule) -> Scope:
    """Return whose work a rule's figure is about."""
    words: dict[str, Any] = dict(rule.scope)
    return Scope(
        queue=rule.queue.key if rule.queue else None,
        task_class=words.get("class") or None,
        definition=words.get("definition") or None,
        step=words.get("step") or None,
        team=words.get("team") or None,
    )


def figure_of(rule: AlertRule) -> Figure:
    """Return the figure that a rule watches."""
    return BY_KEY[rule.figure]


def _period(rule: AlertRule) -> dt.timedelta:
    return dt.timedelta(seconds=rule.period_seconds)


def _check(wanted: Wanted, person: Person) -> None:
    rights = permissions.get_rights(person.id)
    queue_id = wanted.queue.id if wanted.queue else None
    permissions.check_can_oversee(rights, queue_id=queue_id)
    faults = alerting.find_faults(
        figure=wanted.figure, bounds=wanted.bounds, period=wanted.period
    )
    if not wanted.name.strip():
        faults.append(("name", "Name it, so that it can be told of."))
    if faults:
        raise BadRule(faults)


def _lock(rule_id: int, person: Person) -> AlertRule:
    rule = (
        AlertRule.objects
        .select_for_update()
        .filter(pk=rule_id, removed_at=None)
        .first()
    )
    if rule is None:
        raise NotFound(f"There is no alert {rule_id}.")
    rights = permissions.get_rights(person.id)
    permissions.check_can_oversee(rights, queue_id=rule.queue_id)
    return rule


def _write(
    rule: AlertRule, wanted: Wanted, person: Person, *, now: dt.datetime
) -> None:
    rule.name, rule.figure, rule.queue = wanted.name, wanted.figure, wanted.queue
    rule.scope = {word: text for word, text in wanted.scope.items() if text}
    bounds = wanted.bounds
    rule.comparison = bounds.comparison.value
    rule.threshold, rule.clear = bounds.threshold, bounds.clear
    rule.lasting_seconds = int(bounds.lasting.total_seconds())
    rule.period_seconds = int(wanted.period.total_seconds())
    rule.note = wanted.note
    rule.changed_by, rule.changed_at = person, now
    rule.save()


def _record(kind: str, rule: AlertRule, person: Person, *, now: dt.datetime) -> None:
    detail: dict[str, object] = {
        "rule": rule.id,
        "name": rule.name,
        "figure": rule.figure,
        "queue": rule.queue.key if rule.queue else "",
        "scope": rule.scope,
        "comparison": rule.comparison,
        "threshold": f"{rule.threshold:f}",
        "clear": f"{rule.clear:f}",
        "lasting_seconds": rule.lasting_seconds,
        "period_seconds": rule.period_seconds,
    }
    draft = audit.Draft(kind=kind, actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    live.publish(live.ALERTS)
