"""What a task's page is given to show to who holds it, as his verdict's entry names it.

What changes while one looks (the others' verdicts, the model's view once revealed) is
told by entries of its own; here is what the page is made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from review.dashboards.case import Case, read_form
from workflows.core.canonical import digest


def describe_view(case: Case, *, reasons: Sequence[str]) -> dict[str, Any]:
    """Return what the page of a held task shows, by digests and words; no values.

    `shown` covers payload, proposal and policy version as in review.core.verdicts.shown;
    `form` and `reasons` are what the person could fill in and choose from.
    """
    row, form = case.row, read_form(case)
    return {
        "control": row.control,
        "decisions_hidden": sorted(row.hidden_decisions),
        "form": {"name": str(case.policy.get("form") or ""), "digest": digest(form)},
        "policy_text": digest(row.policy_text or ""),
        "reasons": list(reasons),
        "reveal": row.reveal,
        "round": row.round,
        "shown": row.payload_digest,
        "signature_meaning": row.signature_meaning or "",
        "stage": row.stage,
        "task": row.id,
    }


def digest_view(view: Mapping[str, Any]) -> str:
    """Return the digest that the page carries and the entry names."""
    return digest(dict(view))
