"""The digests of exactly what a reviewer is shown. No storage."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from workflows.core.canonical import digest, dumps


def digest_shown(*, payload: object, proposal: object, policy_version: str) -> str:
    """Return the hex SHA-256 that a verdict binds to.

    It covers the payload, the proposal beside it and the version of the policy that
    was in force, as canonical JSON (RFC 8785) of an object with the members
    `payload`, `policy` and `proposal`. Raises CanonicalError.
    """
    return digest_shown_text(
        payload=dumps(payload), proposal=proposal, policy_version=policy_version
    )


def digest_shown_text(*, payload: str, proposal: object, policy_version: str) -> str:
    """Return the same for a payload that is canonical JSON text already."""
    rest = dumps({"policy": policy_version, "proposal": proposal})
    # Members stand in the order of their names, so the payload's comes first.
    text = f'{{"payload":{payload},{rest[1:]}'
    return hashlib.sha256(text.encode()).hexdigest()


def describe_shown(
    *,
    payload: Mapping[str, Any],
    proposal_digest: str,
    policy_version: str,
    reveal: str,
    revealed_at: str | None,
    opened: Sequence[str],
    view: Mapping[str, Any] | None = None,
    view_digest: str = "",
) -> dict[str, object]:
    """Return what was on a reviewer's screen, as it is kept with the verdict.

    Digests of the payload and of each of its documents by id (by place where one has
    none), of the proposal, the policy's version, how and when the model's view was
    revealed, and which sources were opened. `view` is what the page was made from; a
    page that was made from something else (it was open while a form or a queue's words
    changed) is told by its digest alone, `page`.
    """
    page: dict[str, object] = {}
    if view is not None:
        page = {"view": dict(view)}
        if view_digest not in {"", digest(dict(view))}:
            page["page"] = view_digest
    return {
        **page,
        "payload": digest(payload),
        "proposal": proposal_digest,
        "policy": policy_version,
        "sources": digest_sources(payload),
        "reveal": reveal,
        "revealed_at": revealed_at,
        "sources_opened": sorted(set(opened)),
    }


def name_seen(shown: Mapping[str, Any]) -> dict[str, object]:
    """Return the digests of describe_shown one by one, as a verdict's entry names them."""
    named: dict[str, object] = {
        "payload": shown["payload"],
        "proposal": shown["proposal"],
        "sources": digest(shown["sources"]),
        "sources_opened": len(shown["sources_opened"]),
        "revealed_at": shown["revealed_at"],
    }
    if "view" in shown:
        named["view"] = shown.get("page") or digest(shown["view"])
    return named


def digest_sources(payload: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of each document that a payload brings, by its id.

    Documents kept apart as one large value have one digest together.
    """
    documents = payload.get("documents")
    if not isinstance(documents, list):
        return {"documents": digest(documents)} if documents else {}
    return {
        str(one.get("id", place) if isinstance(one, Mapping) else place): digest(one)
        for place, one in enumerate(documents)
    }
