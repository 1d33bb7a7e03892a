"""Changes of definitions: propose to deploy or roll back, look at one, decide on it."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from review import live, permissions
from review.core.changes import ChangeKind, ChangeState, Migration, MoveState
from review.dashboards import definition_desk as shown
from review.dashboards import engine
from review.forms.acts import ReasonForm
from review.forms.definitions import ChangeForm, RollBackForm
from review.forms.interventions import ApproveForm
from review.models import DefinitionChange, DefinitionMove, Person
from review.operations.definitions import definition_changes, definition_drafts
from review.operations.definitions.definition_changes import Wish
from review.views.access import screen, viewer_required
from review.views.definitions.definition_desk import build_change, find_person
from review.views.definitions.definition_diff import (
    compare_packages,
    compare_with_deployed,
)
from review.views.definitions.definition_drafts import TONES, list_lint, read_version
from review.views.definitions.mapping_rows import list_going
from review.views.definitions.migration_reports import tell_report
from review.views.formats import Pill, format_moment
from review.views.pages import render_page
from review.views.policies.two_persons import settle
from workflows.operations import definitions, exports
from workflows.operations.errors import NotFound, Refused
from workflows.store import database_now

MOVE_STATES = {
    MoveState.WAITING: Pill("Moving", "accent"),
    MoveState.DONE: Pill("Done", "good"),
    MoveState.FAILED: Pill("Given up", "bad"),
}


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_deploy)
def draft_propose(request: HttpRequest, key: str) -> HttpResponse:
    """Choose what goes along with a new version, try it, and propose it."""
    found = definition_drafts.read(key)
    checked = definition_drafts.check(found.files)
    name, version = read_version(found.files)
    context: dict[str, Any] = {
        "page_title": f"Propose {name} {version}",
        "key": key,
        "name": name or key,
        "version": version,
        "is_sound": checked.is_sound,
        "lint": list_lint(checked),
        "waiting": shown.find_waiting(key),
        "diff": compare_with_deployed(found.draft.base_id, found.files),
        "base": found.draft.base,
    }
    if not checked.is_sound:
        return render_page(request, "review/definitions/draft_propose.html", context)
    package = definitions.compile_files(found.files)
    proposes = request.POST.get("act") == "propose"
    form = ChangeForm(
        request.POST if request.method == "POST" else None,
        going=list_going(key, package.main),
        needs_reason=proposes,
        initial={"revision": found.saving.revision},
    )
    context |= {"form": form, "blocks": form.list_blocks()}
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render_page(
            request, "review/definitions/draft_propose.html", context, status=status
        )
    person = find_person(request)
    try:
        migrations = form.read_migrations()
        trials = _try_out(migrations, person, files=found.files)
        context["trials"] = trials
        if proposes:
            change = definition_changes.propose(
                person=person,
                wish=Wish(
                    kind=ChangeKind.DEPLOY,
                    key=key,
                    reason=form.cleaned_data["reason"],
                    revision=form.cleaned_data["revision"] or 0,
                    migrations=migrations,
                ),
            )
            messages.success(request, "Proposed; a second person decides on it.")
            return redirect("change-detail", change.id)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return render_page(
            request,
            "review/definitions/draft_propose.html",
            context,
            status=refusal.status,
        )
    return render_page(request, "review/definitions/draft_propose.html", context)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_deploy)
def definition_roll_back(request: HttpRequest, key: str) -> HttpResponse:
    """Propose which deployed version new instances shall follow."""
    rows = engine.list_definitions(key=key)
    if not rows:
        raise NotFound(f"No version of {key!r} is deployed.")
    standing = definitions.find_definition(key=key)
    targets = [
        (row.id, f"{row.version} ({row.active:,} running)")
        for row in rows
        if row.retired_at is None
        and row.retiring_at is None
        and (standing is None or row.id != standing.id)
    ]
    data = request.POST if request.method == "POST" else None
    form = RollBackForm(data, targets=targets)
    context = {
        "page_title": f"Roll back {rows[0].name}",
        "key": key,
        "name": rows[0].name,
        "standing": standing,
        "has_targets": bool(targets),
        "waiting": shown.find_waiting(key),
        "form": form,
    }
    status = 200
    if data is not None:
        status = 422
        if form.is_valid():
            try:
                change = definition_changes.propose(
                    person=find_person(request),
                    wish=Wish(
                        kind=ChangeKind.ROLL_BACK,
                        key=key,
                        reason=form.cleaned_data["reason"],
                        target_id=form.cleaned_data["target"],
                    ),
                )
            except Refused as refusal:
                form.add_error(None, refusal.message)
                status = refusal.status
            else:
                messages.success(request, "Proposed; a second person decides on it.")
                return redirect("change-detail", change.id)
    return render_page(
        request, "review/definitions/definition_roll_back.html", context, status=status
    )


@require_GET
@screen(permissions.check_can_see_policies)
def change_detail(request: HttpRequest, change_id: int) -> HttpResponse:
    """Show a change: what it does, what it would do to running cases, how far it is."""
    return _show(request, change_id)


@require_POST
@screen(permissions.check_can_deploy)
def change_approve(request: HttpRequest, change_id: int) -> HttpResponse:
    """Approve a change as a second person, which makes it."""
    form = ApproveForm(request.POST, prefix="approve")

    def approve(person: Person, reason: str) -> None:
        definition_changes.approve(change_id=change_id, person=person, reason=reason)

    return _settle(request, change_id, form, approve, said="Approved and done.")


@require_POST
@screen(permissions.check_can_deploy)
def change_decline(request: HttpRequest, change_id: int) -> HttpResponse:
    """Refuse somebody else's change."""
    form = ReasonForm(request.POST, prefix="decline")

    def decline(person: Person, reason: str) -> None:
        definition_changes.decline(change_id=change_id, person=person, reason=reason)

    return _settle(request, change_id, form, decline, said="Declined.")


@require_POST
@screen(permissions.check_can_deploy)
def change_withdraw(request: HttpRequest, change_id: int) -> HttpResponse:
    """Take one's own change back."""
    form = ReasonForm(request.POST, prefix="withdraw")

    def withdraw(person: Person, reason: str) -> None:
        definition_changes.withdraw(change_id=change_id, person=person, reason=reason)

    return _settle(request, change_id, form, withdraw, said="Withdrawn.")


def _try_out(
    migrations: Sequence[Migration], person: Person, **aim: Any
) -> list[dict[str, Any]]:
    """Return what each migration would do, ready to show."""
    return [
        {
            "version": one.source_version,
            "report": tell_report(
                definition_changes.try_out(migration=one, person=person, **aim)
            ),
        }
        for one in migrations
    ]


def _settle(
    request: HttpRequest,
    change_id: int,
    form: ApproveForm | ReasonForm,
    act: Callable[[Person, str], None],
    *,
    said: str,
) -> HttpResponse:
    return settle(
        request,
        form,
        lambda reason: act(find_person(request), reason),
        show=lambda form, status: _show(request, change_id, form=form, status=status),
        back=("change-detail", change_id),
        said=said,
    )


def _show(
    request: HttpRequest,
    change_id: int,
    *,
    form: Form | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, now = viewer_required(request), database_now()
    change = shown.find_change(change_id)
    if change is None:
        raise NotFound(f"There is no proposed change {change_id}.")
    forms = {form.prefix: form} if form is not None else {}
    is_open = change.state == ChangeState.PROPOSED.value
    migrations = [Migration.from_json(one) for one in change.migrations]
    trials = []
    if is_open and migrations and permissions.can_deploy(viewer.rights):
        trials = _look_ahead(change, migrations, find_person(request))
    row = build_change(change, viewer, now=now)
    zone = viewer.look.tzinfo
    context = {
        "page_title": f"{change.key}: {row['what']}",
        "row": row,
        "kind": change.kind,
        "base": change.base,
        "target_url": reverse("definition-detail", args=[change.target_id])
        if change.target_id
        else "",
        "explain": _explain(change),
        "findings": [
            {**one, "tone": TONES.get(one["severity"], "")} for one in change.findings
        ],
        "diff": _compare(change),
        "migrations": [_mapping(one) for one in migrations],
        "trials": trials,
        "moves": [
            _move(one, zone=zone, now=now) for one in shown.list_moves(change.id)
        ],
        "problem": form,
        "approve": forms.get("approve") or ApproveForm(prefix="approve"),
        "decline": forms.get("decline") or ReasonForm(prefix="decline"),
        "withdraw": forms.get("withdraw") or ReasonForm(prefix="withdraw"),
        "topic": live.POLICIES,
    }
    return render_page(
        request, "review/definitions/change_detail.html", context, status=status
    )


def _look_ahead(
    change: DefinitionChange, migrations: Sequence[Migration], person: Person
) -> list[dict[str, Any]]:
    """Return what would happen now; what cannot be tried says so in its place."""
    is_new = change.kind == ChangeKind.DEPLOY.value
    files = definition_changes.read_files(change) if is_new else None
    try:
        return _try_out(migrations, person, target_id=change.target_id, files=files)
    except Refused as refusal:
        return [{"version": "", "refusal": refusal.message}]


def _explain(change: DefinitionChange) -> str:
    match ChangeKind(change.kind):
        case ChangeKind.DEPLOY:
            stay = "Running ones stay on their version, unless they are taken along."
            return f"New instances follow {change.version}. {stay}"
        case ChangeKind.ROLL_BACK:
            return (
                f"New instances follow {change.version}; newer versions are passed over"
                " until something newer than all of them is deployed. Running ones stay."
            )
        case ChangeKind.MIGRATE:
            return "Running instances move; what cannot move stays where it is."


def _compare(change: DefinitionChange) -> dict[str, Any] | None:
    if change.kind == ChangeKind.DEPLOY.value:
        files = definition_changes.read_files(change)
        return compare_with_deployed(change.base_id, files)
    if change.target_id is None or change.base_id in {None, change.target_id}:
        return None
    return compare_packages(
        exports.read_files(definition_id=change.base_id or 0),
        exports.read_files(definition_id=change.target_id),
    )


def _mapping(one: Migration) -> dict[str, Any]:
    differing = {old: new for old, new in one.nodes.items() if old != new}
    return {"version": one.source_version, "nodes": sorted(differing.items())}


def _move(move: DefinitionMove, *, zone: Any, now: Any) -> dict[str, Any]:
    done = move.migrated + move.blocked + move.gone
    names = shown.name_cases([one for one, _ in move.examples])
    return {
        "from": move.source.version,
        "to": move.target.version,
        "state": MOVE_STATES[MoveState(move.state)],
        "total": f"{move.total:,}",
        "done": min(done, move.total) if move.total else 1,
        "most": move.total or 1,
        "migrated": f"{move.migrated:,}",
        "blocked": f"{move.blocked:,}",
        "gone": f"{move.gone:,}",
        "error": move.error,
        "finished": format_moment(move.finished_at, zone=zone, now=now)
        if move.finished_at
        else "",
        "reasons": [
            {"node_id": node, "message": text, "count": f"{count:,}"}
            for node, text, count in move.reasons
        ],
        "examples": [
            {
                "label": names.get(instance) or instance[:13],
                "url": reverse("instance-detail", args=[instance]),
                "why": why,
            }
            for instance, why in move.examples
        ],
    }
