"""The digest of exactly what a reviewer is shown. No storage."""

import hashlib

from workflows.core.canonical import dumps


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
