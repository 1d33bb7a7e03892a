"""People: a list, one page for each with all of it, and the access review."""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review.core.access_review import Access, Right
from review.core.changes import GovernedKind
from review.core.states import Role
from review.dashboards import people as desk
from review.dashboards import staffing
from review.dashboards.frame import Viewer
from review.dashboards.proposed import list_waiting
from review.evidence.paper_sheet import XLSX, write_sheet
from review.evidence.tables import neutralise
from review.forms.availability import AbsenceForm, StaffForm
from review.forms.people import (
    AccessForm,
    GrantForm,
    LimitForm,
    PeopleFilter,
    name_role,
)
from review.models import Person, ProposedChange, Queue
from review.operations.people import access_reviews, availability, granting, roles
from review.views.access import screen, viewer_required
from review.views.evidence.samples import give_file
from review.views.formats import Pill, format_moment, format_number
from review.views.pages import render_page
from review.views.paging import cut
from review.views.people.availability import (
    empty_absence,
    list_calendars,
    read_presence,
    tell_absences,
)
from review.views.policies.proposed_changes import tell_change
from workflows.operations.errors import Forbidden, Invalid, NotFound, Refused
from workflows.store import database_now

_HEAD: Final = (
    "person", "name", "accounts", "second accounts", "accounts closed", "last sign-in",
    "kind", "right", "queue", "limit", "since", "until", "given by", "entry",
)  # fmt: skip


@require_GET
@screen(access_reviews.check_can_see_people)
def people_list(request: HttpRequest) -> HttpResponse:
    """List people by name with who is here, what they may and what they take."""
    viewer = viewer_required(request)
    form = PeopleFilter(request.GET, queues=_queues(), teams=desk.list_teams())
    people = _visible(viewer)
    rows = desk.list_people(
        filters=form.given(), people=people, after=_after(request.GET.get("after", ""))
    )
    shown, pages = cut(
        request,
        rows,
        limit=desk.PAGE,
        parameter="after",
        mark=lambda row: f"{row.id}~{row.name}",
    )
    now = database_now()
    context = {
        "page_title": "People",
        "filter_form": form,
        "reset_url": reverse("people-list"),
        "rows": [_row(row, viewer=viewer, now=now) for row in shown],
        "pages": pages,
        "away": desk.count_away(people),
        "waiting": _waiting(viewer, now=now),
        "access_form": AccessForm(initial={"format": "csv"})
        if access_reviews.can_review_access(viewer.rights)
        else None,
    }
    return render_page(request, "review/people/people_list.html", context)


@screen(access_reviews.check_can_see_people)
def person_detail(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show all of one person; sent, change what the form says."""
    viewer = viewer_required(request)
    people = _visible(viewer)
    if people is not None and person_id not in people:
        raise NotFound(f"You manage nobody with the number {person_id}.")
    person = Person.objects.filter(pk=person_id, simulated=False).first()
    if person is None:
        raise NotFound(f"There is no person {person_id}.")
    if request.method != "POST":
        return _show(request, viewer, person, forms={})
    what = request.POST.get("what", "")
    form = _read_form(what, request)
    status = 422
    if form is None or form.is_valid():
        try:
            change = _change(request, person, what=what, form=form)
        except Refused as refusal:
            if form is None or isinstance(refusal, Forbidden):
                raise
            form.add_error(None, refusal.message)
            status = refusal.status
        else:
            if change is not None:
                messages.success(request, "Proposed; another person decides on it.")
                return redirect("proposed-change", change.pk)
            messages.success(request, f"Saved: {person.name}.")
            return redirect("person-detail", person.pk)
    return _show(request, viewer, person, forms={what: form}, status=status)


@require_POST
@screen(access_reviews.check_can_review_access)
def access_review(request: HttpRequest) -> HttpResponse:
    """Give who may do what as a file; that it was taken along is an entry."""
    viewer, now = viewer_required(request), database_now()
    form = AccessForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say a day as YYYY-MM-DD, and CSV or XLSX.")
    at, kind = (
        form.read_moment(viewer.look.tzinfo, now=now),
        form.cleaned_data["format"],
    )
    access = access_reviews.read_access(at)
    signed_in = desk.read_last_sign_ins() if at == now else {}
    rows = list_access_rows(access, signed_in)
    access_reviews.record_export(
        person=Person.objects.get(pk=viewer.person_id), at=at, rows=rows, form=kind
    )
    name = f"access-review-{at:%Y-%m-%d}.{kind}"
    if kind == "xlsx":
        return give_file(write_sheet(rows), name=name, media_type=XLSX)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [neutralise(cell) for cell in row] for row in rows
    )
    return give_file(
        out.getvalue().encode(), name=name, media_type="text/csv; charset=utf-8"
    )


def list_access_rows(
    access: Access, signed_in: dict[int, dt.datetime | None]
) -> list[list[str]]:
    """Return an access review as a table: a head, then a row for each right.

    Who has an account and no right has a row too. When somebody signed in last is known
    for now alone; a review of the past leaves it empty.
    """
    rows = [list(_HEAD)]
    by_person: dict[int, list[Right | None]] = {
        one.id: [] for one in access.people.values() if one.accounts
    }
    for right in access.rights:
        by_person.setdefault(right.person_id, []).append(right)
    for person_id, rights in sorted(by_person.items()):
        someone = access.people.get(person_id)
        at = signed_in.get(person_id)
        facts = [
            str(person_id),
            someone.name if someone else "",
            "; ".join(someone.accounts) if someone else "",
            str(max(len(someone.accounts) - 1, 0)) if someone else "0",
            _iso(someone.disabled_at) if someone else "",
            _iso(at),
        ]
        rows += [facts + _tell_right(right, access) for right in rights or [None]]
    return rows


def _tell_right(right: Right | None, access: Access) -> list[str]:
    if right is None:
        return [""] * (len(_HEAD) - 6)
    by = right.by.removeprefix("person:")
    giver = access.people.get(int(by)) if by.isdecimal() else None
    has_queue = right.kind != "role" or right.what in {"REVIEWER", "MANAGER"}
    return [
        right.kind,
        right.what,
        right.queue or ("all" if has_queue else ""),
        right.limit,
        _iso(right.since),
        _iso(right.until),
        giver.name if giver else right.by,
        str(right.seq),
    ]


def _iso(at: dt.datetime | None) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds") if at else ""


def _read_form(what: str, request: HttpRequest) -> Any:
    """Return the bound form of what is sent; None where it has no fields."""
    match what:
        case "takes":
            return StaffForm(request.POST, calendars=list_calendars())
        case "away":
            return AbsenceForm(request.POST)
        case "grant":
            return GrantForm(request.POST, queues=_queues(), auto_id="grant-%s")
        case "limit":
            return LimitForm(request.POST, queues=_queues(), auto_id="limit-%s")
        case "revoke" | "unlimit":
            return None
        case _:
            raise Invalid("This form cannot be read; open the page again.")


def _change(
    request: HttpRequest, person: Person, *, what: str, form: Any
) -> ProposedChange | None:
    """Do what a form says; return what it only proposes."""
    viewer = viewer_required(request)
    by = Person.objects.get(pk=viewer.person_id)
    given: dict[str, Any] = form.cleaned_data if form else {}
    key = request.POST.get("queue", "")
    queue = Queue.objects.filter(key=key).first() if key else None
    if key and queue is None:
        raise NotFound(f"There is no queue {key!r}.")
    match what:
        case "takes":
            availability.change_staff(
                person=person,
                by=by,
                regions=given["regions"],
                skills=given["skills"],
                wip_limit=given["wip_limit"],
                calendar_key=given["calendar"],
            )
        case "away":
            starts_at, ends_at = form.read_span(viewer.look.tzinfo)
            availability.plan_absence(
                person=person,
                starts_at=starts_at,
                ends_at=ends_at,
                by=by,
                reason=given["reason"],
            )
        case "grant" if form.takes_two:
            return roles.propose_role(
                by=by,
                person=person,
                role=Role(given["role"]),
                queue=queue,
                reason=given["reason"],
            )
        case "grant":
            granting.grant_role(
                by=by, person=person, role=Role(given["role"]), queue=queue
            )
        case "revoke":
            granting.revoke_role(by=by, person=person, role=_role(request), queue=queue)
        case "limit":
            granting.set_limit(
                by=by, person=person, amount=given["amount"], queue=queue
            )
        case _:
            granting.set_limit(by=by, person=person, amount=None, queue=queue)
    return None


def _role(request: HttpRequest) -> Role:
    try:
        return Role(request.POST.get("role", ""))
    except ValueError as error:
        raise Invalid("There is no such role.") from error


def _show(
    request: HttpRequest,
    viewer: Viewer,
    person: Person,
    *,
    forms: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    now, zone = database_now(), viewer.look.tzinfo
    row = desk.find_person(person.pk)
    is_other = person.pk not in viewer.rights.persons
    manages = viewer.rights.holds(Role.ADMINISTRATOR) or (
        person.pk in availability.list_managed(viewer.rights)
    )
    grants = viewer.rights.holds_anywhere(Role.MANAGER, Role.ADMINISTRATOR)
    context = {
        "page_title": person.name,
        "person": _row(row, viewer=viewer, now=now),
        "since": format_moment(person.created_at, zone=zone, now=now),
        "accounts": [
            {
                "username": one.username,
                "since": format_moment(one.created_at, zone=zone, now=now),
                "last": format_moment(one.last_login, zone=zone, now=now)
                if one.last_login
                else "never",
                "is_active": one.is_active,
            }
            for one in desk.list_accounts(person.pk)
        ],
        "roles": [_grant(one, viewer, now=now) for one in desk.list_grants(person.pk)],
        "limits": [_limit(one, viewer, now=now) for one in desk.list_limits(person.pk)],
        "lent": [_lent(one, viewer, now=now) for one in desk.list_lent(person.pk)],
        "absences": tell_absences(
            staffing.list_absences([person.pk]), viewer=viewer, now=now
        ),
        "waiting": _waiting(viewer, now=now, subject=f"role:{person.pk}:"),
        "may_manage": manages,
        "may_grant": grants and is_other,
        **_forms(forms, row, viewer),
    }
    return render_page(
        request, "review/people/person_detail.html", context, status=status
    )


def _forms(forms: dict[str, Any], row: Any, viewer: Viewer) -> dict[str, Any]:
    queues = _queues()
    initial = {
        "regions": ", ".join(row.regions),
        "skills": row.skills or "",
        "wip_limit": row.wip_limit,
        "calendar": row.calendar_key or "",
    }
    return {
        "takes_form": forms.get("takes")
        or StaffForm(initial=initial, calendars=list_calendars()),
        "away_form": forms.get("away") or empty_absence(viewer),
        "grant_form": forms.get("grant")
        or GrantForm(queues=queues, auto_id="grant-%s"),
        "limit_form": forms.get("limit")
        or LimitForm(queues=queues, auto_id="limit-%s"),
    }


def _waiting(
    viewer: Viewer, *, now: dt.datetime, subject: str = ""
) -> list[dict[str, Any]]:
    """Return the proposed roles that wait for a second person, for who may see them."""
    try:
        roles.check_second(viewer.rights)
    except Forbidden:
        return []
    return [
        tell_change(one, viewer, now=now)
        for one in list_waiting(GovernedKind.ROLE, subject=subject)
    ]


def _row(row: Any, *, viewer: Viewer, now: dt.datetime) -> dict[str, Any]:
    held = f"{row.held} of {row.wip_limit}" if row.wip_limit else str(row.held)
    return {
        "id": row.id,
        "name": row.name,
        "url": reverse("person-detail", args=[row.id]),
        "presence": Pill("Closed", "bad")
        if row.disabled_at
        else read_presence(row, zone=viewer.look.tzinfo, now=now),
        "roles": ", ".join(name_role(Role(role)) for role in row.roles or ()),
        "queues": ", ".join(row.queues or ()),
        "regions": ", ".join(row.regions) or "all",
        "skills": row.skills or "none",
        "held": held,
        "hours": row.calendar or "always",
    }


def _grant(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    zone = viewer.look.tzinfo
    has_queue = row.role in {Role.REVIEWER.value, Role.MANAGER.value}
    return {
        "role": row.role,
        "label": name_role(Role(row.role)),
        "queue": row.queue or ("all queues" if has_queue else ""),
        "queue_key": row.queue_key or "",
        "since": format_moment(row.granted_at, zone=zone, now=now),
        "until": format_moment(row.ends_at, zone=zone, now=now) if row.ends_at else "",
        "by": row.granted_by,
    }


def _limit(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    return {
        "amount": format_number(row.amount),
        "queue": row.queue or "all queues",
        "queue_key": row.queue_key or "",
        "since": format_moment(row.granted_at, zone=viewer.look.tzinfo, now=now),
        "by": row.granted_by,
    }


def _lent(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, str]:
    zone = viewer.look.tzinfo
    if row.is_given is None:
        what = "Took the role in an emergency"
    elif row.is_given:
        what = f"Lets {row.taker} stand in"
    else:
        what = f"Stands in for {row.giver}"
    return {
        "what": what,
        "queue": row.queue or "all queues",
        "amount": format_number(row.amount) if row.amount is not None else "any",
        "since": format_moment(row.starts_at, zone=zone, now=now),
        "until": format_moment(row.ends_at, zone=zone, now=now),
        "reason": row.reason,
    }


def _visible(viewer: Viewer) -> set[int] | None:
    """Return whom the viewer may look at; None means everybody."""
    rights = viewer.rights
    overseers = (Role.AUDITOR, Role.PROCESS_OWNER, Role.ADMINISTRATOR)
    if rights.holds_anywhere(*overseers) or rights.holds(Role.MANAGER):
        return None
    return availability.list_managed(rights) | {viewer.person_id}


def _queues() -> Sequence[tuple[str, str]]:
    return list(Queue.objects.order_by("name", "pk").values_list("key", "name"))


def _after(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    number, _, name = text.partition("~")
    if not number.isdecimal() or len(number) > 18 or not name:
        raise Invalid("The page in this address cannot be read; start from the list.")
    return name, int(number)
