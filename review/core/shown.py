"""The digest of exactly what a reviewer is shown. No storage."""

from workflows.core.canonical import digest


def digest_shown(*, payload: object, proposal: object, policy_version: str) -> str:
    """Return the hex SHA-256 that a verdict binds to.

    It covers the payload, the proposal beside it and the version of the policy that
    was in force, as canonical JSON (RFC 8785). Raises CanonicalError.
    """
    return digest({"payload": payload, "policy": policy_version, "proposal": proposal})
