"""Acts on one instance: the menu on its page, and a form for each act.

A form is a page of its own that works without scripts; asked for as a fragment it is
what a dialog shows. What an act means is not decided here.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from review import permissions
from review.core.interventions import Act
from review.dashboards import audit, engine
from review.dashboards.blind import read_blindfold
from review.dashboards.said import read_said
from review.forms.interventions import (
    ActForm,
    CancelForm,
    EditForm,
    MoveForm,
    RetryForm,
    SkipForm,
    write_base,
)
from review.models import Person
from review.operations.instances import acts, approvals
from review.operations.instances.acts import Wish
from review.permissions import Rights
from review.views.access import is_fragment, screen, viewer_required
from review.views.evidence.entries import Line, build_lines
from review.views.formats import dump_json
from review.views.instances.targets import Group, group_targets
from review.views.instances.variables import Editable, read_editable
from review.views.instances.words import PROPOSED, WORDS, name_step
from review.views.numbers import read_number
from review.views.pages import render_page
from workflows.operations import interventions
from workflows.operations.errors import Conflict, Invalid, NotFound, Refused
from workflows.operations.interventions import Outlook
from workflows.store import database_now

FORMED: Final = (
    Act.RETRY, Act.SKIP, Act.MOVE, Act.EDIT, Act.SUSPEND, Act.RESUME, Act.CANCEL,
)  # fmt: skip
"""The acts with a form here; to mend and to settle is the incident page's."""
LIVE_STEPS: Final = frozenset({"READY", "RUNNING", "WAITING", "INCIDENT"})
LIVE_INSTANCES: Final = frozenset({"ACTIVE", "SUSPENDED"})
KEYS: Final = {Act.SUSPEND: "u", Act.RESUME: "u", Act.EDIT: "e", Act.CANCEL: "Shift+C"}


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One line of a menu of acts."""

    label: str
    url: str
    key: str = ""
    is_grave: bool = False
    in_dialog: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """What a form is about: the instance, a step where there is one, its variables."""

    act: Act
    found: Any
    standing: int
    step_id: int | None = None
    incident_id: int | None = None
    outlook: Outlook | None = None
    step: str = ""
    editable: Editable | None = None
    groups: tuple[Group, ...] = ()


def build_menu(found: Any, rights: Rights) -> list[Item]:
    """Return what the viewer may do with the instance as a whole."""
    if found.state not in LIVE_INSTANCES:
        return []
    hold = Act.SUSPEND if found.state == "ACTIVE" else Act.RESUME
    allowed = acts.list_allowed(rights)
    return [
        Item(
            label=_label(act),
            url=_url(found.id, act),
            key=KEYS[act],
            is_grave=WORDS[act].is_grave,
        )
        for act in (hold, Act.EDIT, Act.CANCEL)
        if act in allowed
    ]


def build_step_menu(
    found: Any, step: Any, rights: Rights, *, incidents: Iterable[Any]
) -> list[Item]:
    """Return what the viewer may do with one live step."""
    if step.state not in LIVE_STEPS or found.state not in LIVE_INSTANCES:
        return []
    allowed = acts.list_allowed(rights)
    items = [
        Item(_label(Act.RETRY), f"{_url(found.id, Act.RETRY)}?incident={incident.id}")
        for incident in incidents
        if incident.step_id == step.id and Act.RETRY in allowed
        if found.state == "ACTIVE"
    ]
    items += [
        Item(
            _label(act),
            f"{_url(found.id, act)}?step={step.id}",
            in_dialog=act is Act.SKIP,
        )
        for act in (Act.SKIP, Act.MOVE)
        if act in allowed
    ]
    return items


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_resolve_incidents)
def instance_act(request: HttpRequest, instance_id: UUID, act: str) -> HttpResponse:
    """Show the form of an act, or do it."""
    wanted = next((one for one in FORMED if one.value.lower() == act), None)
    if wanted is None:
        raise NotFound(f"There is no act {act!r}.")
    viewer = viewer_required(request)
    acts.check_right(viewer.rights, wanted)
    given = request.POST if request.method == "POST" else request.GET
    subject = _read_subject(wanted, instance_id, given)
    if request.method == "GET":
        return _show(request, subject, _form(subject), status=200)
    form = _form(subject, request.POST)
    if not form.is_valid():
        return _show(request, subject, form, status=422)
    return _do(request, subject, form)


def _do(request: HttpRequest, subject: Subject, form: ActForm) -> HttpResponse:
    wish = Wish(
        act=subject.act,
        instance_id=subject.found.id,
        reason=form.cleaned_data["reason"],
        arguments=form.read_arguments(),
        seen=form.cleaned_data["seen"],
    )
    person = Person.objects.get(pk=viewer_required(request).person_id)
    try:
        proposed = approvals.do_or_propose(person=person, wish=wish)
    except (Invalid, Conflict) as refusal:
        return _show_refused(request, subject, form, refusal)
    if proposed is None:
        messages.success(request, WORDS[subject.act].done)
    else:
        messages.success(request, PROPOSED)
    url = reverse("instance-detail", args=[subject.found.id])
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


def _show_refused(
    request: HttpRequest, subject: Subject, form: ActForm, refusal: Refused
) -> HttpResponse:
    """Show the form again with what was refused and what happened meanwhile.

    It then stands on how things are now: handing it in again means that.
    """
    seen = form.cleaned_data["seen"]
    fresh = _form(subject, _renewed(request.POST, subject, form))
    fresh.is_valid()
    fresh.add_error(None, refusal.message)
    changes = _read_changes(request, subject, after=seen)
    return _show(request, subject, fresh, status=refusal.status, changes=changes)


def _renewed(given: QueryDict, subject: Subject, form: ActForm) -> QueryDict:
    """Return what was handed in, on top of how the instance stands now."""
    data = given.copy()
    data["seen"] = str(subject.standing)
    if isinstance(form, EditForm) and subject.editable is not None:
        wanted = form.read_arguments()
        current = subject.editable.values
        kept = {n: v for n, v in current.items() if n not in wanted["remove"]}
        data["base"] = write_base(current)
        data["values"] = dump_json({**kept, **wanted["set"]})
    return data


def _read_changes(request: HttpRequest, subject: Subject, *, after: int) -> list[Line]:
    if subject.standing == after:
        return []
    viewer = viewer_required(request)
    entries = [
        entry
        for entry in audit.list_entries(subject.found.id, after=after)
        if interventions.is_move(entry.kind)
    ]
    steps = engine.list_steps(subject.found.id)
    return build_lines(
        entries,
        blindfold=read_blindfold(viewer, (entry.step_id for entry in entries)),
        said=read_said(entries),
        step_names={step.id: step.name or step.node_id for step in steps},
        zone=viewer.look.tzinfo,
        now=database_now(),
    )


def _read_subject(act: Act, instance_id: UUID, given: QueryDict) -> Subject:
    found = engine.find_instance(instance_id)
    if found is None:
        raise NotFound(f"There is no instance {instance_id}.")
    if found.state not in LIVE_INSTANCES:
        raise Conflict(f"The instance has ended already ({found.state}).")
    subject = Subject(
        act=act, found=found, standing=interventions.get_standing(instance_id)
    )
    if act is Act.EDIT:
        scope_id = _number(given, "scope")
        return dataclasses.replace(
            subject, editable=read_editable(found, scope_id=scope_id)
        )
    if act is Act.RETRY:
        return dataclasses.replace(subject, incident_id=_needed(given, "incident"))
    if act not in {Act.SKIP, Act.MOVE}:
        return subject
    step_id = _needed(given, "step")
    outlook = interventions.get_outlook(instance_id=instance_id, step_id=step_id)
    return dataclasses.replace(
        subject,
        step_id=step_id,
        outlook=outlook,
        step=name_step(outlook.name, outlook.node_id),
        groups=group_targets(outlook.targets) if act is Act.MOVE else (),
    )


def _form(subject: Subject, data: QueryDict | None = None) -> ActForm:
    initial: dict[str, object] = {"seen": subject.standing}
    match subject.act:
        case Act.SKIP:
            outlook = subject.outlook
            initial |= {"step": subject.step_id, "values": "{}"}
            is_join = outlook is not None and outlook.is_join
            return SkipForm(data, initial=initial, is_join=is_join)
        case Act.MOVE:
            initial |= {"step": subject.step_id}
            targets = [
                (node.id, node.label)
                for group in subject.groups
                for node in group.nodes
            ]
            return MoveForm(data, initial=initial, targets=targets)
        case Act.EDIT:
            editable = subject.editable
            values = editable.values if editable else {}
            scope = editable.scope_id if editable else None
            initial |= {
                "values": dump_json(values),
                "base": write_base(values),
                "scope": scope,
            }
            return EditForm(data, initial=initial)
        case Act.CANCEL:
            return CancelForm(data, initial=initial)
        case Act.RETRY:
            return RetryForm(data, initial={**initial, "incident": subject.incident_id})
        case _:
            return ActForm(data, initial=initial)


def _show(
    request: HttpRequest,
    subject: Subject,
    form: ActForm,
    *,
    status: int,
    changes: Iterable[Line] = (),
) -> HttpResponse:
    words = WORDS[subject.act]
    found, outlook = subject.found, subject.outlook
    is_controlled = acts.is_controlled(subject.act)
    back_url = reverse("instance-detail", args=[found.id])
    context = {
        "page_title": words.title,
        "words": words,
        "title": f"{words.label} {subject.step}" if subject.step else words.title,
        "act": subject.act.value,
        "case": found.business_key or str(found.id)[:13],
        "instance": found,
        "form": form,
        "form_url": _url(found.id, subject.act),
        "back_url": back_url,
        "button": f"Propose: {words.label.lower()}" if is_controlled else words.label,
        "is_controlled": is_controlled,
        "is_held": found.state == "SUSPENDED",
        "refusal": _refusal(subject, outlook),
        "groups": subject.groups,
        "chosen": set(form["to"].value() or ()) if isinstance(form, MoveForm) else (),
        "node_id": outlook.node_id if outlook else "",
        "editable": subject.editable,
        "changes": list(changes),
        "diagram_url": reverse("instance-diagram", args=[found.id]),
    }
    if is_fragment(request):
        template = "review/instances/_act_form.html"
        return render(request, template, {**context, "in_dialog": True}, status=status)
    return render_page(
        request, "review/instances/instance_act.html", context, status=status
    )


def _refusal(subject: Subject, outlook: Outlook | None) -> str:
    if outlook is None:
        return ""
    return outlook.skip_refusal if subject.act is Act.SKIP else outlook.move_refusal


def _label(act: Act) -> str:
    more = "…" if act is not Act.RETRY else ""
    return f"{WORDS[act].label}{more}"


def _url(instance_id: UUID, act: Act) -> str:
    return reverse("instance-act", args=[instance_id, act.value.lower()])


def _number(given: QueryDict, name: str) -> int | None:
    return read_number(given.get(name, ""))


def _needed(given: QueryDict, name: str) -> int:
    found = _number(given, name)
    if found is None:
        raise Invalid(f"The address names no {name}; start from the instance's page.")
    return found
