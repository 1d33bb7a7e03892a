"""One act on many instances: choose, look at what is chosen, do it, see what became."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from review import permissions
from review.core.interventions import Act
from review.dashboards import chosen
from review.dashboards.chosen import Choice
from review.forms.interventions import BulkForm, ChoiceForm
from review.models import Person
from review.operations.instances import acts, bulk
from review.operations.instances.bulk import MOST_AT_ONCE, Fate, Order, Result
from review.permissions import Rights
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_count, format_moment, state_pill
from review.views.instances.words import WORDS
from review.views.pages import render_page
from workflows.operations.errors import Forbidden, Invalid
from workflows.store import database_now

FATES = {
    Fate.DONE: Pill("Done", "good"),
    Fate.PROPOSED: Pill("Proposed", "hold"),
    Fate.REFUSED: Pill("Refused", "bad"),
}


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_resolve_incidents)
def instance_bulk(request: HttpRequest) -> HttpResponse:
    """Choose instances by what they are and preview them, or act on the chosen."""
    rights = viewer_required(request).rights
    allowed = [act for act in bulk.BULK_ACTS if act in acts.list_allowed(rights)]
    if request.method == "POST":
        return _do(request, allowed)
    return _preview(request, allowed)


def _preview(
    request: HttpRequest,
    allowed: Sequence[Act],
    *,
    form: BulkForm | None = None,
    given: QueryDict | None = None,
    status: int = 200,
) -> HttpResponse:
    query = request.GET if given is None else given
    words = [(act.value.lower(), WORDS[act].label) for act in allowed]
    filters = ChoiceForm(query if "op" in query else None, acts=words)
    if "op" not in query:
        filters.initial = {name: query.get(name, "") for name in filters.fields}
    context: dict[str, Any] = {
        "page_title": "Act on many",
        "filter_form": filters,
        "reset_url": reverse("instance-bulk"),
        "most": MOST_AT_ONCE,
    }
    if filters.is_bound and filters.is_valid():
        context |= _chosen(request, filters, form)
    return render_page(
        request, "review/instances/instance_bulk.html", context, status=status
    )


def _chosen(
    request: HttpRequest, filters: ChoiceForm, form: BulkForm | None
) -> dict[str, Any]:
    act = Act(filters.cleaned_data["op"].upper())
    choice = _choice(filters, act)
    if choice.is_empty:
        return {"hint": "Say which instances: by process, state, node or incident."}
    if act in {Act.SKIP, Act.MOVE} and not choice.node:
        return {"hint": f"To {act.value.lower()} needs the node where the steps are."}
    rows = chosen.list_chosen(choice, limit=MOST_AT_ONCE)
    total = chosen.count_chosen(choice)
    now, zone = database_now(), viewer_required(request).look.tzinfo
    label = WORDS[act].label
    verb = f"Propose: {label.lower()}" if acts.is_controlled(act) else label
    return {
        "act": act.value,
        "words": WORDS[act],
        "is_controlled": acts.is_controlled(act),
        "total": format_count(total, "instance", cap=chosen.COUNT_CAP),
        "is_cut": total > len(rows),
        "button": f"{verb} ({len(rows)})",
        "verb": verb,
        "rows": [
            {
                "id": row.id,
                "url": reverse("instance-detail", args=[row.id]),
                "case": row.business_key or str(row.id)[:13],
                "definition": f"{row.definition_name} {row.definition_version}",
                "state": state_pill("INCIDENT" if row.has_incident else row.state),
                "at": ", ".join(row.at_steps),
                "started": format_moment(row.started_at, zone=zone, now=now),
            }
            for row in rows
        ],
        "form": form
        or BulkForm(
            act=act,
            initial={
                "op": act.value.lower(),
                "node": choice.node,
                "code": choice.code,
            },
        ),
    }


def _choice(filters: ChoiceForm, act: Act) -> Choice:
    given = filters.cleaned_data
    return Choice(
        definition=given["definition"].strip(),
        version=given["version"].strip(),
        state=given["state"],
        node=given["node"].strip(),
        code=given["code"].strip(),
        has_incident=act is Act.RETRY,
    )


def _do(request: HttpRequest, allowed: Sequence[Act]) -> HttpResponse:
    act = _read_act(request.POST.get("op", ""), allowed)
    form = BulkForm(request.POST, act=act)
    ids = _read_ids(request.POST.getlist("id"))
    if not form.is_valid() or not ids:
        if not ids:
            form.add_error(None, "Tick at least one instance.")
        return _preview(request, allowed, form=form, given=request.GET, status=422)
    order = Order(
        act=act,
        reason=form.cleaned_data["reason"],
        node=form.cleaned_data["node"],
        code=form.cleaned_data["code"],
        targets=(form.cleaned_data["to"],) if form.cleaned_data.get("to") else (),
    )
    person = Person.objects.get(pk=viewer_required(request).person_id)
    results = list(bulk.run_order(order, ids=ids, doer=person))
    context = {
        "page_title": "What became of them",
        "words": WORDS[act],
        "reason": order.reason,
        "counts": [
            {"pill": pill, "count": sum(result.fate is fate for result in results)}
            for fate, pill in FATES.items()
        ],
        "rows": [_result(result) for result in sorted(results, key=_bad_first)],
        "again_url": f"{reverse('instance-bulk')}?{request.GET.urlencode()}",
        "may_approve": _may_see_approvals(results),
    }
    return render_page(request, "review/instances/instance_bulk_done.html", context)


def _bad_first(result: Result) -> bool:
    return result.fate is not Fate.REFUSED


def _may_see_approvals(results: Sequence[Result]) -> bool:
    return any(result.fate is Fate.PROPOSED for result in results)


def _result(result: Result) -> dict[str, object]:
    return {
        "url": reverse("instance-detail", args=[result.instance_id]),
        "case": result.label,
        "fate": FATES[result.fate],
        "sentence": result.sentence,
    }


def _read_act(text: str, allowed: Sequence[Act]) -> Act:
    for act in bulk.BULK_ACTS:
        if act.value.lower() == text:
            if act in allowed:
                return act
            raise Forbidden(f"Your roles do not let you {text} instances.")
    raise Invalid(f"There is no bulk act {text[:40]!r}.")


def _read_ids(texts: Sequence[str]) -> list[UUID]:
    if len(texts) > MOST_AT_ONCE:
        raise Invalid(f"Act on at most {MOST_AT_ONCE} instances at once.")
    try:
        return list(dict.fromkeys(UUID(text) for text in texts))
    except ValueError as error:
        raise Invalid("An instance's id in this form cannot be read.") from error


def may_act_on_many(rights: Rights) -> bool:
    """Tell whether the viewer may do any of the bulk acts."""
    return any(act in acts.list_allowed(rights) for act in bulk.BULK_ACTS)
