"""What a person leaves beside his cases: searches, bundles of them, orders of acts."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.db import connection

from review.core.evidence.erasing import WORDS
from review.core.evidence.selections import Selection
from review.models import (
    AuditList,
    EvidenceBundle,
    IncidentOrder,
    IncidentOrderItem,
    Person,
    SavedView,
)
from review.operations.evidence import building, bundles
from review.operations.tasks import saved_views
from tests.factories.processes import TESTER
from workflows.store import database_now

NAME = "Zenobia Quill"


def leave_traces(searcher: Person, owner: Person, instance_id: UUID) -> None:
    """Search for the person, take what is found along, order acts that name him."""
    _look_for(searcher)
    _order_retries(owner, instance_id)


def _order_retries(person: Person, instance_id: UUID) -> None:
    """Order to try incidents again, whose message names the person."""
    title = f"E1: No answer about {NAME}."
    order = IncidentOrder.objects.create(
        act="RETRY",
        title=title,
        reason="It is back.",
        person=person,
        total=1,
        ordered_at=database_now(),
    )
    IncidentOrderItem.objects.create(
        order=order,
        incident_id=1,
        instance_id=instance_id,
        fate="REFUSED",
        sentence=title,
    )


def _look_for(person: Person) -> None:
    """Search for the person, keep the search, and take along what it finds."""
    query = urlencode({"q": NAME.lower()})
    saved_views.save_view(
        person=person,
        page="instances",
        queue=None,
        wanted=saved_views.Wanted(name="Hers", query=query),
    )
    facets = {"q": NAME}
    AuditList.objects.create(
        owner=person, name="Hers", facets=facets, count=1,
        counted_at=database_now(), created_at=database_now(),
    )  # fmt: skip
    selection = Selection("query", f"search: {NAME}", facets)
    bundle_id = bundles.order_bundle(selection=selection, doer=TESTER)
    assert building.build_now(bundle_id)


def check_traces() -> None:
    """Nothing that looked for the person is kept, but that something was taken along."""
    assert not SavedView.objects.exists()
    assert not AuditList.objects.exists()
    bundle = EvidenceBundle.objects.get(title=WORDS)
    assert bundle.selection["facets"] == {"q": WORDS}


def find_rows(*needles: str) -> dict[str, int]:
    """Return in how many rows of which tables one of the texts stands, as a dump would."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            for needle in needles:
                sql = f'SELECT count(*) FROM "{table}" x WHERE strpos(x::text, %s) > 0'  # noqa: S608  (a table's name)
                cursor.execute(sql, [needle])
                count = cursor.fetchone()[0]
                if count:
                    found[table] = found.get(table, 0) + count
    return found
