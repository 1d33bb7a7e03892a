"""What an erasure takes away beside its cases: finished bundles, words of searches.

A bundle that was handed out is out of reach; one that lies here with values goes.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.contrib.sessions.models import Session

from review.core.evidence.bundles import UNDER_WAY, Redaction
from review.core.evidence.erasing import LONG_WORDS, WORDS, blank_words, holds_words
from review.core.evidence.selections import Selection
from review.models import EvidenceBundle
from review.operations.evidence import bundles
from workflows.driver import run
from workflows.operations.errors import Conflict
from workflows.store import database_now

_WHY: Final = "content of its cases was erased"
# Until the erasure commits: a bundle ordered, taken up or finished beside it would have
# read what is still there.
_NO_NEW_BUNDLES: Final = "LOCK TABLE review_evidencebundle IN SHARE ROW EXCLUSIVE MODE"
_SAID: Final = """
    EXISTS (SELECT FROM unnest(%s::text[]) AS words (needle)
        WHERE strpos(lower({name}), lower(needle)) > 0
           OR strpos(lower({facets} ->> 'q'), lower(needle)) > 0)
"""
_BLANK: Final = """
    UPDATE {table} SET title = %s, selection = (selection - 'salt')
        || jsonb_build_object('title', %s::text) || CASE
            WHEN selection #> '{{facets,q}}' IS NULL THEN '{{}}'
            ELSE jsonb_build_object(
                'facets', selection -> 'facets' || jsonb_build_object('q', %s::text))
            END
    WHERE state <> ALL(%s) AND {said}
"""
_SEARCHES: Final = "DELETE FROM review_auditlist WHERE {said}"


def forget_beside(instance_ids: Collection[UUID], needles: frozenset[str]) -> None:
    """Let go of bundles with these cases' values, and of what pages wanted to say next.

    A bundle of a query goes whatever its cases are. Raises Conflict where one is being
    built: it may have read what is to be erased.
    """
    run(_NO_NEW_BUNDLES)
    _forget_bundles(instance_ids, needles)
    _forget_searches(needles)
    _forget_in_sessions(needles)


def _forget_bundles(instance_ids: Collection[UUID], needles: frozenset[str]) -> None:
    rows = EvidenceBundle.objects.filter(state__in=[*UNDER_WAY, "READY"])
    found = [
        row
        for row in rows.defer("parts")
        if _may_hold(row, instance_ids)
        or (row.state in UNDER_WAY and holds_words([row.title, row.selection], needles))
    ]
    for row in found:
        if row.state in UNDER_WAY:
            raise Conflict(
                f"Bundle {row.pk} is being built and may have read this person's cases;"
                " wait until it is ready, or call it off.",
                code="bundle-under-way",
            )
    for row in found:  # the next sweep takes their files off the disk
        bundles.expire(row.pk, now=database_now(), why=_WHY)


def _may_hold(row: EvidenceBundle, instance_ids: Collection[UUID]) -> bool:
    if Redaction.from_json(row.redaction).without_disclosures:
        return False
    asked = Selection.from_json(row.selection)
    return not asked.cases or not set(asked.cases).isdisjoint(instance_ids)


def _forget_searches(needles: frozenset[str]) -> None:
    """Blank what searches, bundles and tests of controls were called and looked for."""
    long_ones = [one for one in needles if len(one) >= LONG_WORDS // 2]
    said = _SAID.format(name="title", facets="(selection -> 'facets')")
    for table in ("review_evidencebundle", "review_controlorder"):
        under_way = ["WAITING", "BUILDING", "TESTING"]
        blank = _BLANK.format(table=table, said=said)
        run(blank, [WORDS, WORDS, WORDS, under_way, long_ones])
    run(_SEARCHES.format(said=_SAID.format(name="name", facets="facets")), [long_ones])


def _forget_in_sessions(needles: frozenset[str]) -> None:
    """Blank a title that the next page of who decided a moment ago would tell."""
    rows = Session.objects.filter(expire_date__gt=database_now())
    for session in rows.iterator(chunk_size=500):
        said = session.get_decoded()
        left = {
            name: value if name.startswith("_auth") else blank_words(value, needles)
            for name, value in said.items()
        }
        if left != said:
            session.session_data = Session.objects.encode(left)
            session.save(update_fields=["session_data"])
