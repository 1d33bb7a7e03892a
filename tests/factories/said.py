"""Entries as somebody reads them who may: with the words that people typed."""

from __future__ import annotations

import json
from typing import Any

from workflows.core.commitments import open_content
from workflows.models import AuditEntry, Disclosure
from workflows.store import parse_json


def read_detail(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry's detail with what its commitments stand for, where that is kept."""
    rows = Disclosure.objects.filter(instance_id=entry.chain)
    values = {row.committed: parse_json(row.value) for row in rows}
    found: dict[str, Any] = open_content(json.loads(entry.entry)["detail"], values)
    return found
