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
) -> dict[str, object]:
    """Return what was on a reviewer's screen, as it is kept with the verdict.

    Digests of the payload and of each of its documents by id (by place where one has
    none), of the proposal, the policy's version, how and when the model's view was
    revealed, and which sources were opened.
    """
    return {
        "payload": digest(payload),
        "proposal": proposal_digest,
        "policy": policy_version,
        "sources": digest_sources(payload),
        "reveal": reveal,
        "revealed_at": revealed_at,
        "sources_opened": sorted(set(opened)),
    }


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
