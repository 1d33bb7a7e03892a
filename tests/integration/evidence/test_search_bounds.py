"""A search reads a bounded part of the log, whatever it looks for; the rest is a link."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from django.db import connection

from review.core.evidence.facets import read_facets
from review.core.evidence.sampling import Method
from review.core.evidence.scopes import EVERYTHING
from review.dashboards import audit, audit_conditions
from review.dashboards.audit_conditions import Search, build_search
from review.operations.evidence import samples
from review.operations.evidence.samples import Wanted, plan_sample
from tests.factories.desk import World, build_world
from workflows.models import AuditEntry
from workflows.operations.errors import Invalid

pytestmark = pytest.mark.django_db


def search_for(**facets: str) -> Search:
    return build_search(read_facets(facets), scope=EVERYTHING)


def walk(search: Search, *, limit: int) -> tuple[list[int], int]:
    """Follow "next page" and "search on" to the end; return the entries and the steps."""
    found: list[int] = []
    before: int | None = None
    for steps in range(1, 500):
        page = audit.read_entries(search, before=before, limit=limit)
        found += [row.id for row in page.rows[:limit]]
        if len(page.rows) > limit:
            before = page.rows[limit - 1].id
        elif page.goes_on is not None:
            before = page.goes_on
        else:
            return found, steps
    raise AssertionError("It never ends.")


def explain(statement: str, parameters: dict[str, Any]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_search_goes_on_in_bounded_steps_and_misses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world: World = build_world()
    world.start(4)
    monkeypatch.setattr(audit, "MOST_READ", 10)
    total = AuditEntry.objects.count()
    for facets, wanted in (
        ({"kind": "task.opened"}, {"kind": "task.opened"}),
        ({"q": "step.*"}, {"kind__startswith": "step."}),
        ({}, {}),
    ):
        every = AuditEntry.objects.filter(**wanted).order_by("-id")
        found, steps = walk(search_for(**facets), limit=3)
        assert found == list(every.values_list("id", flat=True))
        assert steps >= total // 10
    entry = AuditEntry.objects.order_by("id")[0]
    digest = bytes(entry.hash).hex()
    first = audit.read_entries(search_for(q=digest), before=None)
    # The index led to the entry of that hash, the oldest of all.
    assert [row.id for row in first.rows] == [entry.id]
    assert first.goes_on is not None
    assert audit.count_facets(search_for(q=digest)).is_cut
    page = world.browser("dan").get("/audit/", {"queue": "senior"})
    html = page.content.decode()
    assert "None of them fits; older ones were not looked at yet" in html
    (link,) = re.findall(r'href="(\?[^"]*)" rel="next">Search on', html)
    assert "before=" in link


def test_who_waits_for_all_a_search_finds_waits_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = build_world()
    cases = world.start(4)
    monkeypatch.setattr(audit, "MOST_READ", 10)
    wanted = Wanted(title="A", method=Method.RANDOM, seed="1", facets={"queue": "desk"})
    planned = plan_sample(person=world.people["dan"], wanted=wanted)
    assert {unit.id for unit in planned.units} == {str(case) for case in cases}
    monkeypatch.setattr(samples, "PATIENCE", 0.0)
    with pytest.raises(Invalid, match=r"10 of .* entries were read, and no index"):
        plan_sample(person=world.people["dan"], wanted=wanted)
    # What is asked of cases alone takes no reading of the log.
    of_cases = dataclasses.replace(wanted, facets={"definition": "screens"})
    planned = plan_sample(person=world.people["dan"], wanted=of_cases)
    assert {unit.id for unit in planned.units} == {str(case) for case in cases}
    every = AuditEntry.objects.count()
    whole = audit.count_entries(search_for())
    assert (whole.entries, whole.is_capped) == (every, False)
    monkeypatch.setattr(audit, "MOST_SEARCHED", 25)
    newest = audit.count_entries(search_for())
    assert (newest.entries, newest.is_capped) == (25, True)


def test_what_an_index_leads_to_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    world = build_world()
    (case,) = world.start()
    monkeypatch.setattr(audit, "MOST_READ", 1)
    entry = AuditEntry.objects.filter(chain=case).order_by("id")[0]
    key = world.people["dan"].id
    for facets in (
        {"q": bytes(entry.hash).hex()[:9]},
        {"q": str(case)},
        {"kind": "definition.deployed"},
        {"actor": f"person:{key}"},
        {"bypass": "yes"},
    ):
        found = audit.read_entries(search_for(**facets), before=None)
        assert found.goes_on is None, facets
    found = audit.read_entries(search_for(q="0" * 9), before=None)
    assert (found.rows, found.goes_on) == ([], None)


def test_hashes_and_numbers_are_read_by_their_indexes() -> None:
    build_world()
    plan = explain(
        audit_conditions._HASHES,
        {
            "key": b"\1\2\3\4",
            "hash_from": b"\1\2\3\4\5",
            "hash_to": b"\1\2\3\4\5\xff",
            "hash_like": "0102030405%",
            "most": 10,
        },
    )
    assert "workflows_audit_entry_hash" in plan
    search = search_for(queue="desk")
    where = f"{search.where} AND e.id >= %(floor)s AND e.id < %(before)s"
    plan = explain(
        f"SELECT e.id {audit_conditions.FROM} WHERE {where} ORDER BY e.id DESC LIMIT 5",
        {**search.parameters, "floor": 5, "before": 50},
    )
    assert re.search(r"Index Cond: .*id >= 5.*id < 50", plan), plan
