"""What the definitions desk lists: standing versions, drafts, changes, migrations."""

from collections.abc import Sequence
from typing import Any, Final

from review.dashboards.sql import read_rows
from review.models import DefinitionChange, DefinitionMove, DraftRevision

_DESK: Final = """
    WITH keys AS (
        SELECT key FROM workflows_definition UNION SELECT key FROM review_definitiondraft
    ), open_versions AS (
        SELECT d.*, row_number() OVER (PARTITION BY d.key
            ORDER BY (position('-' in d.version) > 0), d.version_order DESC) AS place
        FROM workflows_definition d
        LEFT JOIN workflows_versionchoice c ON c.key = d.key
        LEFT JOIN workflows_definition t ON t.id = c.definition_id
        WHERE d.retired_at IS NULL AND d.retiring_at IS NULL
          AND (t.id IS NULL OR d.version_order <= t.version_order)
    )
    SELECT k.key, d.id, d.name, d.version, d.deployed_at,
        (SELECT max(v.version_order) FROM workflows_definition v WHERE v.key = k.key)
            > d.version_order AND c.key IS NOT NULL AS is_rolled_back,
        (SELECT count(*) FROM workflows_definition v WHERE v.key = k.key) AS versions,
        f.revision, r.saved_at, p.name AS saved_by,
        h.id AS change_id, h.kind AS change_kind, h.version AS change_version,
        h.author_id AS change_author_id, a.name AS change_author, h.proposed_at,
        h.reason AS change_reason
    FROM keys k
    LEFT JOIN open_versions d ON d.key = k.key AND d.place = 1
    LEFT JOIN workflows_versionchoice c ON c.key = k.key
    LEFT JOIN review_definitiondraft f ON f.key = k.key
    LEFT JOIN review_draftrevision r ON r.draft_id = f.key AND r.revision = f.revision
    LEFT JOIN review_person p ON p.id = r.saved_by_id
    LEFT JOIN review_definitionchange h ON h.key = k.key AND h.state = 'PROPOSED'
    LEFT JOIN review_person a ON a.id = h.author_id
    ORDER BY coalesce(d.name, k.key), k.key
"""
_NAMES: Final = """
    SELECT id::text AS id, business_key FROM workflows_instance
    WHERE id = ANY(%(ids)s::uuid[])
"""
SETTLED: Final = 20


def list_desk() -> list[Any]:
    """Return each key with what new instances follow, its draft and what waits."""
    return read_rows(_DESK, {})


def list_settled(key: str = "") -> list[DefinitionChange]:
    """Return the changes that were settled last, of one key or of all."""
    found = (
        DefinitionChange.objects
        .exclude(state="PROPOSED")
        .defer("archive")
        .select_related("author", "settled_by")
    )
    if key:
        found = found.filter(key=key)
    return list(found.order_by("-settled_at")[:SETTLED])


def find_waiting(key: str) -> DefinitionChange | None:
    """Return the change of a key that waits for a second person."""
    found = DefinitionChange.objects.filter(key=key, state="PROPOSED")
    return found.defer("archive").select_related("author").first()


def find_change(change_id: int) -> DefinitionChange | None:
    """Return one change with its persons and versions."""
    return (
        DefinitionChange.objects
        .filter(pk=change_id)
        .select_related("author", "settled_by", "base", "target")
        .first()
    )


def list_moves(change_id: int) -> list[DefinitionMove]:
    """Return the migrations of a change and how far each is."""
    found = DefinitionMove.objects.filter(change_id=change_id)
    return list(found.select_related("source", "target").order_by("id"))


def list_savings(key: str) -> list[DraftRevision]:
    """Return the savings of a draft that are kept, the newest first."""
    found = DraftRevision.objects.filter(draft_id=key).defer("archive")
    return list(found.select_related("saved_by").order_by("-revision"))


def name_cases(ids: Sequence[str]) -> dict[str, str]:
    """Return what instances are called, by their ids."""
    rows = read_rows(_NAMES, {"ids": list(ids)}) if ids else []
    return {row.id: row.business_key for row in rows}
