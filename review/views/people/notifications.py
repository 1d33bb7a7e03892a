"""What the signed-in person was told, how he wants to be told, what could not be sent."""

import datetime as dt
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from review import live, permissions
from review.core.notices.notices import (
    KINDS,
    Channel,
    DeliveryState,
    Digest,
    Notice,
    Schedule,
    Wishes,
    list_groups,
)
from review.dashboards import notifications as told
from review.dashboards.frame import Viewer
from review.forms.notifications import (
    CHOSEN,
    NotificationFilter,
    WishesForm,
    name_box,
)
from review.models import NotificationPreference, Person
from review.operations.notices import inbox
from review.operations.notices.planning import read_wishes
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_duration, format_moment
from review.views.numbers import read_number
from review.views.pages import render_page
from review.views.paging import cut, read_before
from workflows.operations.errors import Invalid
from workflows.store import database_now

MOST_MARKED: Final = 1000
ACTS: Final = {"read": inbox.mark_read, "unread": inbox.mark_unread}


@require_GET
@screen()
def notification_list(request: HttpRequest) -> HttpResponse:
    """List what the person was told, the newest first; unread alone unless asked."""
    viewer = viewer_required(request)
    form = NotificationFilter(request.GET)
    given = form.given()
    groups = {name: [kind.value for kind in kinds] for name, kinds in list_groups()}
    rows = told.list_notifications(
        person_id=viewer.person_id,
        kinds=groups.get(given.get("about", "")),
        everything=bool(given.get("show")),
        before=read_before(request.GET.get("before", "")),
    )
    shown, pages = cut(
        request, rows, limit=told.PAGE, parameter="before", mark=lambda row: str(row.id)
    )
    now = database_now()
    newest = told.read_newest(person_id=viewer.person_id)
    context = {
        "page_title": "Notifications",
        "filter_form": form,
        "rows": [_build_row(row, viewer=viewer, now=now) for row in shown],
        "pages": pages,
        "newest": newest.id,
        "unread": newest.unread,
        "shows_all": bool(given.get("show")),
        "is_filtered": bool(given),
        "topic": live.person_topic(viewer.person_id),
        "may_see_undelivered": permissions.can_administer(viewer.rights),
    }
    return render_page(request, "review/people/notification_list.html", context)


@require_GET
@screen()
def notification_open(request: HttpRequest, notification_id: int) -> HttpResponse:
    """Go where a notice leads; it is read thereby, which nobody else sees."""
    person_id = viewer_required(request).person_id
    return redirect(
        inbox.open_notice(person_id=person_id, notification_id=notification_id)
    )


@require_POST
@screen()
def notification_mark(request: HttpRequest) -> HttpResponse:
    """Mark the ticked notices as read or unread, or all that were there as read."""
    person_id = viewer_required(request).person_id
    act = request.POST.get("act", "")
    if act == "all":
        newest = _read_id(request.POST.get("newest", ""))
        count = inbox.mark_all_read(person_id=person_id, up_to=newest)
    elif act in ACTS:
        ids = [_read_id(text) for text in request.POST.getlist("id")[:MOST_MARKED]]
        count = ACTS[act](person_id=person_id, notification_ids=ids)
        if not ids:
            messages.info(request, "Tick the notifications first.")
    else:
        raise Invalid("Choose read, unread or all; nothing was changed.")
    if count:
        word = "unread" if act == "unread" else "read"
        messages.success(request, f"{count} marked as {word}.")
    back = request.POST.get("back", "")
    is_path = back.startswith("/")
    if is_path and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect("notification-list")


@screen()
def notification_settings(request: HttpRequest) -> HttpResponse:
    """Show and save how the person wants to be told."""
    viewer = viewer_required(request)
    person = Person.objects.get(pk=viewer.person_id)
    wishes = read_wishes([person.id], only_mailed=False).get(person.id, Wishes())
    form = WishesForm(
        request.POST or None, wishes=wishes, figures=_read_figures(viewer)
    )
    if request.method == "POST" and form.is_valid():
        figures, figures_at = form.read_figures()
        try:
            inbox.change_wishes(
                person_id=person.id,
                channels=form.list_channels(),
                digest=Digest(form.cleaned_data["digest"]),
                digest_at=form.cleaned_data["digest_at"],
                urgent_passes=form.cleaned_data["urgent_passes"],
                quiet=form.quiet(),
                figures=figures,
                figures_at=figures_at,
            )
        except Invalid as refusal:
            form.add_error("quiet_until", refusal.message)
        else:
            messages.success(request, "How you are told is saved.")
            return redirect("notification-settings")
    context = {
        "page_title": "How I am told",
        "form": form,
        "groups": _build_groups(form),
        "email": person.email,
        "sends_mail": settings.SENDS_MAIL,
        "zone": viewer.look.zone,
    }
    status = 422 if form.errors else 200
    return render_page(
        request, "review/people/notification_settings.html", context, status=status
    )


@require_GET
@screen(permissions.check_can_administer)
def undelivered_list(request: HttpRequest) -> HttpResponse:
    """List what could not be sent, and the chat rooms that hear of queues."""
    viewer = viewer_required(request)
    now, zone = database_now(), viewer.look.tzinfo
    rows = [
        {
            "id": row.id,
            "to": row.person or f"{row.room} (room of {row.queue})",
            "notices": row.notices,
            "attempts": row.attempts,
            "error": row.error,
            "since": format_moment(row.due_at, zone=zone, now=now),
            "is_dead": row.state == DeliveryState.DEAD,
            "state": Pill("Given up", "bad")
            if row.state == DeliveryState.DEAD
            else Pill(f"Again in {format_duration(row.next_at - now)}", "warn"),
        }
        for row in told.list_undelivered()
    ]
    context = {
        "page_title": "Undelivered",
        "rows": rows,
        "rooms": told.list_rooms(),
        "sends_mail": settings.SENDS_MAIL,
    }
    return render_page(request, "review/people/undelivered_list.html", context)


@require_POST
@screen(permissions.check_can_administer)
def undelivered_again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send something again that was given up."""
    inbox.send_again(delivery_id=delivery_id)
    messages.success(request, "It is sent again, for another five days if it must.")
    return redirect("undelivered-list")


def _read_figures(viewer: Viewer) -> tuple[Schedule, dt.time] | None:
    """Return how often figures come to the person, None for who may see none."""
    if not permissions.can_see_dashboard(viewer.rights):
        return None
    kept = NotificationPreference.objects.filter(person_id=viewer.person_id).first()
    if kept is None:
        return Schedule.NEVER, dt.time(7)
    return Schedule(kept.figures), kept.figures_at


def _build_row(row: Any, *, viewer: Viewer, now: dt.datetime) -> dict[str, Any]:
    zone = viewer.look.tzinfo
    return {
        "id": row.id,
        "url": reverse("notification-open", args=[row.id]),
        "title": row.title,
        "text": row.text,
        "kind": KINDS[Notice(row.kind)],
        "is_unread": row.read_at is None,
        "told": format_moment(row.created_at, zone=zone, now=now),
        "mail": _describe_mail(row, zone=zone, now=now),
    }


def _describe_mail(row: Any, *, zone: dt.tzinfo, now: dt.datetime) -> Pill | None:
    """Return what became of the mail, where that is worth a word."""
    match row.mail:
        case DeliveryState.DEAD:
            return Pill("Not mailed", "bad", row.mail_error)
        case DeliveryState.WAITING if row.mail_error:
            return Pill("Mail delayed", "warn", row.mail_error)
        case DeliveryState.WAITING if row.mail_due_at > now and row.read_at is None:
            due = format_moment(row.mail_due_at, zone=zone, now=now)
            return Pill(f"Mail {due}", "", "Read here before, it is not mailed")
        case _:
            return None


def _build_groups(form: WishesForm) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "kinds": [
                {
                    "label": KINDS[kind].label,
                    "is_urgent": KINDS[kind].is_urgent,
                    "boxes": [form[name_box(kind, channel)] for channel in Channel],
                }
                for kind in kinds
            ],
        }
        for label, kinds in list_groups()
        if set(kinds) <= set(CHOSEN)
    ]


def _read_id(text: str) -> int:
    number = read_number(text)
    if number is None:
        raise Invalid("That is no notification; nothing was changed.")
    return number
