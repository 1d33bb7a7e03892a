"""Rules that raise alerts on figures: propose and make them, and evaluate them.

A rule is made, changed and ended by two persons (governing.py); what it says is a body
of core/figures/alert_rules.py, whose versions are the changes that were approved.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from review import live, permissions
from review.core.changes import GovernedKind
from review.core.figures import alert_rules, alerting
from review.core.figures.alerting import Bounds, Comparison, Move, describe
from review.core.figures.figures import BY_KEY, Figure
from review.dashboards.metrics import Period, Scope, read_figure
from review.models import (
    AlertEpisode,
    AlertRule,
    ChatHook,
    Person,
    ProposedChange,
    Queue,
    WatchState,
)
from review.operations.figures import watching
from review.operations.figures.watching import Alarm, Watch
from review.operations.notices import chat_hooks
from review.operations.people.people import actor_of
from review.operations.policies import governing
from review.operations.policies.governing import Office, Wish
from review.permissions import Rights
from workflows import audit
from workflows.connectors import egress
from workflows.operations.errors import Conflict, Invalid, NotFound

SUBJECT: Final = "rule"
MOST: Final = 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a rule shall say; `scope` is as an address names it.

    `webhook` is where else its alerts are posted: `url`, and the name of the `secret`.
    """

    name: str
    figure: str
    bounds: Bounds
    period: dt.timedelta
    queue: Queue | None = None
    scope: Mapping[str, str] = dataclasses.field(default_factory=dict)
    note: str = ""
    webhook: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def to_body(self) -> dict[str, Any]:
        """Return it as a proposal keeps it."""
        return alert_rules.write_body(
            name=self.name,
            figure=self.figure,
            queue=self.queue.key if self.queue else "",
            scope=self.scope,
            bounds=self.bounds,
            period=self.period,
            note=self.note,
            webhook=self.webhook,
        )


class BadRule(Invalid):
    """A rule has faults: `faults` are fields, each with a sentence."""

    code = "bad-alert"

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(said for _, said in faults))
        self.faults = faults


@transaction.atomic
def propose(
    *, wanted: Wanted, person: Person, reason: str, rule_id: int | None = None
) -> ProposedChange:
    """Propose a new rule, or another version of one.

    Raises BadRule, Forbidden, NotFound, and Conflict where its name is taken or a
    change of it waits.
    """
    _check(wanted)
    rule = _lock(rule_id) if rule_id else None
    _check_name(wanted.name, rule)
    wish = Wish(
        subject=subject_of(rule) if rule else f"{SUBJECT}:new:{wanted.name}",
        title=f"{'Change' if rule else 'New'} alert “{wanted.name}”",
        reason=reason,
        before=body_of(rule) if rule else {},
        body=wanted.to_body(),
        queue=wanted.queue,
    )
    return governing.propose(OFFICE, person=person, wish=wish)


@transaction.atomic
def propose_end(*, rule_id: int, person: Person, reason: str) -> ProposedChange:
    """Propose that a figure be watched no more. Raises NotFound, Forbidden, Conflict."""
    rule = _lock(rule_id)
    wish = Wish(
        subject=subject_of(rule),
        title=f"End alert “{rule.name}”",
        reason=reason,
        before=body_of(rule),
        body={},
        queue=rule.queue,
    )
    return governing.propose(OFFICE, person=person, wish=wish)


def _check_may(rights: Rights, change: ProposedChange) -> None:
    """Raise Forbidden unless the rule was and will be this person's to make."""
    for body in (change.before, change.body):
        if body:
            queue = _find_queue(body["queue"])
            queue_id = queue.id if queue else None
            permissions.check_can_oversee(rights, queue_id=queue_id)


def _list_approvers(change: ProposedChange) -> Collection[int]:
    return watching.find_overseers(change.queue_id)


def _enact(change: ProposedChange, person: Person, now: dt.datetime) -> None:
    """Let a rule stand, say something else, or end, as was agreed."""
    if not change.before:
        _check_name(change.body["name"], None)
        rule = AlertRule(made_by=change.author, made_at=now, version=0)
        _write(rule, change, "alert.made", person, now=now)
        return
    rule = _lock(int(change.subject.partition(":")[2]))
    if body_of(rule) != change.before:
        raise Conflict("The rule has changed since this was proposed; decline this.")
    if change.body:
        _check_name(change.body["name"], rule)
        _write(rule, change, "alert.changed", person, now=now)
        return
    rule.removed_at = now
    rule.save(update_fields=["removed_at"])
    chat_hooks.remove_receiver(rule=rule, now=now)
    AlertEpisode.objects.filter(rule=rule, closed_at=None).update(closed_at=now)
    _record("alert.removed", rule, change, person, now=now)


OFFICE: Final = Office(
    kind=GovernedKind.ALERT_RULE,
    prefix="alert",
    check_may_propose=_check_may,
    check_may_settle=_check_may,
    list_approvers=_list_approvers,
    enact=_enact,
)


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


def body_of(rule: AlertRule) -> dict[str, Any]:
    """Return what a rule says now, as a proposal keeps it."""
    return alert_rules.write_body(
        name=rule.name,
        figure=rule.figure,
        queue=rule.queue.key if rule.queue else "",
        scope=rule.scope,
        bounds=bounds_of(rule),
        period=_period(rule),
        note=rule.note,
        webhook=read_webhook(rule),
    )


def read_webhook(rule: AlertRule) -> dict[str, str]:
    """Return where else a rule's alerts are posted, or nothing."""
    hook = ChatHook.objects.filter(rule=rule, removed_at=None).first()
    return {"url": hook.url, "secret": hook.secret} if hook else {}


def _check(wanted: Wanted) -> None:
    faults = alerting.find_faults(
        figure=wanted.figure, bounds=wanted.bounds, period=wanted.period
    )
    if not wanted.name.strip():
        faults.append(("name", "Name it, so that it can be told of."))
    if url := wanted.webhook.get("url", ""):
        try:
            egress.check(url)
        except egress.NotAllowed as error:
            faults.append(("webhook", str(error)))
    secret = wanted.webhook.get("secret", "")
    if secret and secret not in settings.WEBHOOK_SECRETS:
        faults.append(("secret", f"The settings have no secret named {secret!r}."))
    if faults:
        raise BadRule(faults)


def _check_name(name: str, rule: AlertRule | None) -> None:
    standing = AlertRule.objects.filter(removed_at=None)
    taken = standing.filter(name=name)
    if (taken.exclude(pk=rule.pk) if rule else taken).exists():
        raise Conflict(f"There is an alert named {name!r} already.")
    if rule is None and standing.count() >= MOST:
        raise Conflict(f"There are {MOST} alerts already; end one first.")


def _lock(rule_id: int) -> AlertRule:
    rule = (
        AlertRule.objects
        .select_for_update(of=("self",))
        .select_related("queue")
        .filter(pk=rule_id, removed_at=None)
        .first()
    )
    if rule is None:
        raise NotFound(f"There is no alert {rule_id}.")
    return rule


def _find_queue(key: str) -> Queue | None:
    if not key:
        return None
    queue = Queue.objects.filter(key=key).first()
    if queue is None:
        raise NotFound(f"There is no queue {key!r}.")
    return queue


def _write(
    rule: AlertRule,
    change: ProposedChange,
    kind: str,
    person: Person,
    *,
    now: dt.datetime,
) -> None:
    """Write what was agreed as the rule's next version; its wait begins anew."""
    body = change.body
    bounds = alert_rules.read_bounds(body)
    rule.name, rule.figure = body["name"], body["figure"]
    rule.queue, rule.scope = _find_queue(body["queue"]), body["scope"]
    rule.comparison = bounds.comparison.value
    rule.threshold, rule.clear = bounds.threshold, bounds.clear
    rule.lasting_seconds = body["lasting_seconds"]
    rule.period_seconds = body["period_seconds"]
    rule.note = body["note"]
    rule.version += 1
    rule.changed_by, rule.changed_at = change.author, now
    rule.save()
    chat_hooks.set_receiver(rule=rule, webhook=body["webhook"], now=now)
    WatchState.objects.filter(subject=subject_of(rule)).update(
        out_since=None, next_at=now
    )
    change.subject, change.version = subject_of(rule), rule.version
    _record(kind, rule, change, person, now=now)


def _record(
    kind: str,
    rule: AlertRule,
    change: ProposedChange,
    person: Person,
    *,
    now: dt.datetime,
) -> None:
    detail: dict[str, object] = {
        "rule": rule.id,
        "version": rule.version,
        "change": change.id,
        "proposed_by": f"person:{change.author_id}",
        **body_of(rule),
    }
    # An address may let anybody post: what entries keep of it is its host.
    detail["webhook"] = alert_rules.tell_webhook(change.body.get("webhook", {}))
    draft = audit.Draft(kind=kind, actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    live.publish(live.ALERTS)
