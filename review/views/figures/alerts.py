"""Alerts on figures: their rules, what is out of bounds now, what was, who hears nothing."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from review import live, permissions
from review.core.changes import GovernedKind
from review.core.figures.alerting import describe
from review.core.figures.figures import BY_KEY
from review.core.notices.notices import DeliveryState
from review.dashboards import figure_choices
from review.dashboards import proposed as shown_changes
from review.dashboards import watching as shown
from review.dashboards.frame import Viewer
from review.forms.acts import ReasonForm
from review.forms.watching import AlertForm, SilenceForm, to_typed
from review.models import AlertRule, Person, Queue
from review.operations.figures import alerts, watching
from review.operations.figures.alerts import BadRule, Wanted
from review.views.access import screen, viewer_required
from review.views.figures.watch_rows import build_episode, build_silence
from review.views.formats import Pill, format_duration, format_moment
from review.views.pages import render_page
from review.views.policies.proposed_changes import tell_change
from workflows.operations.errors import Conflict, Invalid, NotFound, Refused
from workflows.store import database_now

DELIVERY_STATES = {
    DeliveryState.WAITING: Pill("waits"),
    DeliveryState.SENDING: Pill("on its way"),
    DeliveryState.SENT: Pill("taken", "good"),
    DeliveryState.DEAD: Pill("given up", "bad"),
    DeliveryState.SKIPPED: Pill("not sent"),
}
_FIELDS = ("figure", "threshold", "clear", "lasting", "name", "webhook", "secret")


@require_GET
@screen(permissions.check_can_see_policies)
def alert_list(request: HttpRequest) -> HttpResponse:
    """Show the rules with what they read, open alerts, silences and the history."""
    viewer, now = viewer_required(request), database_now()
    episodes = [build_episode(row, viewer, now=now) for row in shown.list_episodes()]
    context = {
        "page_title": "Alerts",
        "rules": [_rule(row, viewer, now=now) for row in shown.list_rules()],
        "standing": [one for one in episodes if one["is_open"]],
        "over": [one for one in episodes if not one["is_open"]],
        "silences": [
            build_silence(row, viewer, now=now)
            for row in shown.list_silences()
            if row.stands
        ],
        "waiting": [
            tell_change(one, viewer, now=now)
            for one in shown_changes.list_waiting(GovernedKind.ALERT_RULE)
        ],
        "may_watch": permissions.can_oversee(viewer.rights, queue_id=None),
        "topic": live.ALERTS,
    }
    return render_page(request, "review/figures/alert_list.html", context)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_see_policies)
def alert_new(request: HttpRequest) -> HttpResponse:
    """Propose an alert on a figure."""
    viewer = viewer_required(request)
    permissions.check_can_oversee(viewer.rights, queue_id=None)
    if request.method != "POST":
        return _show(request, _form(viewer))
    return _propose(request, _form(viewer, request.POST))


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_see_policies)
def alert_edit(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Show an alert with its versions and history; propose that it say something else."""
    viewer, rule = viewer_required(request), _find(rule_id)
    if request.method != "POST":
        form = _form(viewer, rule=rule, initial=_initial(rule))
        return _show(request, form, rule=rule)
    permissions.check_can_oversee(viewer.rights, queue_id=rule.queue_id)
    return _propose(request, _form(viewer, request.POST, rule=rule), rule=rule)


def _propose(
    request: HttpRequest, form: AlertForm, *, rule: AlertRule | None = None
) -> HttpResponse:
    if not form.is_valid():
        return _show(request, form, rule=rule, status=422)
    try:
        change = alerts.propose(
            wanted=_wanted(form, rule),
            person=_person(viewer_required(request)),
            reason=form.cleaned_data["reason"],
            rule_id=rule.id if rule else None,
        )
    except Refused as refusal:
        return _refuse(request, form, refusal, rule=rule)
    messages.success(request, "Proposed; a second person decides on it.")
    return redirect("proposed-change", change.id)


@require_POST
@screen(permissions.check_can_see_policies)
def alert_remove(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Propose to watch a figure no more."""
    viewer, rule = viewer_required(request), _find(rule_id)
    form = ReasonForm(request.POST, prefix="end")
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        change = alerts.propose_end(
            rule_id=rule_id, person=_person(viewer), reason=reason
        )
        messages.success(request, "Proposed; a second person decides on it.")
        return redirect("proposed-change", change.id)
    kept = _form(viewer, rule=rule, initial=_initial(rule))
    return _show(request, kept, rule=rule, end=form, status=422)


@require_POST
@screen(permissions.check_can_see_policies)
def alert_silence(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Tell nobody of an alert for a time."""
    viewer, rule = viewer_required(request), _find(rule_id)
    form = SilenceForm(request.POST)
    if not form.is_valid():
        initial = _form(viewer, rule=rule, initial=_initial(rule))
        return _show(request, initial, rule=rule, silence=form, status=422)
    try:
        watching.silence(
            subject=alerts.subject_of(rule),
            person=_person(viewer),
            lasting=form.lasting,
            reason=form.cleaned_data["reason"],
        )
    except (Conflict, Invalid) as refusal:
        form.add_error(None, refusal.message)
        kept = _form(viewer, rule=rule, initial=_initial(rule))
        return _show(request, kept, rule=rule, silence=form, status=refusal.status)
    messages.success(request, "Nobody is told of it meanwhile; alerts are kept.")
    return redirect("alert-edit", rule_id)


@require_POST
@screen(permissions.check_can_see_policies)
def silence_end(request: HttpRequest, silence_id: int) -> HttpResponse:
    """Let a silence end now."""
    person = _person(viewer_required(request))
    watching.end_silence(silence_id=silence_id, person=person)
    messages.success(request, "The silence is over; what is open is told.")
    return redirect("alert-list")


def _rule(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    figure = BY_KEY[row.figure]
    scope = json.loads(row.scope)
    side = "above" if row.comparison == "ABOVE" else "below"
    if row.open_id:
        state = Pill("alert", "bad")
    elif row.out_since:
        state = Pill("out of bounds", "warn")
    else:
        state = Pill("well", "good") if row.read_at else Pill("not read yet")
    return {
        "name": row.name,
        "url": reverse("alert-edit", args=[row.id]),
        "figure": figure.title,
        "how": figure.how,
        "where": ", ".join([row.queue or "all queues", *scope.values()]),
        "bound": f"{side} {describe(figure.unit, row.threshold)}",
        "clear": describe(figure.unit, row.clear),
        "after": format_duration(dt.timedelta(seconds=row.lasting_seconds))
        if row.lasting_seconds
        else "at once",
        "value": describe(figure.unit, row.value) if row.value is not None else "-",
        "read": format_moment(row.read_at, zone=viewer.look.tzinfo, now=now)
        if row.read_at
        else "",
        "state": state,
        "silent": row.silent,
    }


def _form(
    viewer: Viewer,
    data: Any = None,
    *,
    rule: AlertRule | None = None,
    **options: Any,
) -> AlertForm:
    standing = rule.queue_id if rule else None
    queues = [
        (queue.id, queue.name)
        for queue in Queue.objects.order_by("name")
        if queue.id == standing
        or permissions.can_oversee(viewer.rights, queue_id=queue.id)
    ]
    definitions = dict(figure_choices.list_definitions())
    if rule and (key := rule.scope.get("definition")):
        definitions.setdefault(key, key)
    url = alerts.read_webhook(rule).get("url", "") if rule else ""
    return AlertForm(
        data,
        queues=queues,
        definitions=list(definitions.items()),
        secrets=sorted(settings.WEBHOOK_SECRETS),
        host=urlsplit(url).hostname or "",
        **options,
    )


def _initial(rule: AlertRule) -> dict[str, Any]:
    unit = alerts.figure_of(rule).unit
    webhook = alerts.read_webhook(rule)
    return {
        "receiver": "keep" if webhook else "",
        "secret": webhook.get("secret", ""),
        "name": rule.name,
        "figure": rule.figure,
        "queue": rule.queue_id,
        "task_class": rule.scope.get("class", ""),
        "definition": rule.scope.get("definition", ""),
        "step": rule.scope.get("step", ""),
        "comparison": rule.comparison,
        "threshold": f"{to_typed(rule.threshold, unit):f}",
        "clear": f"{to_typed(rule.clear, unit):f}",
        "lasting": rule.lasting_seconds,
        "period": rule.period_seconds,
        "note": rule.note,
    }


def _wanted(form: AlertForm, rule: AlertRule | None) -> Wanted:
    given = form.cleaned_data
    return Wanted(
        name=" ".join(given["name"].split()),
        figure=given["figure"],
        bounds=form.bounds,
        period=form.window,
        queue=Queue.objects.filter(pk=given["queue"]).first(),
        scope=form.scope,
        note=given["note"].strip(),
        webhook=form.read_webhook(alerts.read_webhook(rule) if rule else {}),
    )


def _find(rule_id: int) -> AlertRule:
    rules = AlertRule.objects.select_related("queue")
    rule = rules.filter(pk=rule_id, removed_at=None).first()
    if rule is None:
        raise NotFound(f"There is no alert {rule_id}.")
    return rule


def _refuse(
    request: HttpRequest,
    form: AlertForm,
    refusal: Refused,
    *,
    rule: AlertRule | None = None,
) -> HttpResponse:
    if isinstance(refusal, BadRule):
        for name, said in refusal.faults:
            form.add_error(name if name in _FIELDS else None, said)
    else:
        form.add_error(None, refusal.message)
    return _show(request, form, rule=rule, status=refusal.status)


def _show(
    request: HttpRequest,
    form: AlertForm,
    *,
    rule: AlertRule | None = None,
    silence: SilenceForm | None = None,
    end: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, now = viewer_required(request), database_now()
    subject = alerts.subject_of(rule) if rule else ""
    queue_id = rule.queue_id if rule else None
    may_watch = permissions.can_oversee(viewer.rights, queue_id=queue_id)
    if not may_watch:
        form.show_only()
    episodes = shown.list_episodes(subject) if rule else []
    silences = shown.list_silences(subject) if rule else []
    context = {
        "page_title": rule.name if rule else "A new alert",
        "rule": rule,
        "form": form,
        "figures": list(BY_KEY.values()),
        "steps": figure_choices.list_steps("") if may_watch else (),
        "may_watch": may_watch,
        "silence": silence or SilenceForm(),
        "end": end or ReasonForm(prefix="end"),
        **(_governed(rule, viewer, now=now) if rule else {}),
        "episodes": [
            build_episode(row, viewer, now=now)
            for row in episodes
            if row.rule_id == (rule.id if rule else None)
        ],
        "silences": [
            build_silence(row, viewer, now=now)
            for row in silences
            if row.subject == subject
        ],
    }
    return render_page(
        request, "review/figures/alert_edit.html", context, status=status
    )


def _governed(rule: AlertRule, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    """Return the changes of a rule, and what was posted to its receivers."""
    subject, kind = alerts.subject_of(rule), GovernedKind.ALERT_RULE
    waiting = shown_changes.list_waiting(kind, subject=subject)
    return {
        "waiting": [
            tell_change(one, viewer, now=now)
            for one in waiting
            if one.subject == subject
        ],
        "made": [
            tell_change(one, viewer, now=now)
            for one in shown_changes.list_made(kind, subject=subject)
        ],
        "deliveries": [
            {
                "title": row.title or "",
                "host": row.host,
                "state": DELIVERY_STATES[DeliveryState(row.state)],
                "attempts": row.attempts,
                "error": row.error,
                "at": format_moment(
                    row.finished_at or row.next_at, zone=viewer.look.tzinfo, now=now
                ),
            }
            for row in shown_changes.list_deliveries(rule.id)
        ],
    }


def _person(viewer: Viewer) -> Person:
    return Person.objects.get(pk=viewer.person_id)
