"""What a task shows, as digests are taken over it: commitments for personal values.

Which fields are personal is pinned with a task when it opens (`policy.personal`).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from review.core.tasks.edits import Patch
from workflows.core.commitments import (
    Opening,
    Path,
    commit_at,
    commit_patch,
    salts_of,
)
from workflows.store import disclosures

PINNED = "personal"


def read_paths(policy: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return where the personal fields of a task are, as its policy pins them."""
    return tuple(tuple(path) for path in policy.get(PINNED, ()))


def pin(paths: Sequence[Path]) -> dict[str, object]:
    """Return what a task's policy keeps of its personal fields; nothing for none."""
    return {PINNED: [list(path) for path in paths]} if paths else {}


def committed_payload(
    instance_id: UUID, policy: Mapping[str, Any], payload: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Opening]]:
    """Return a payload as its digest is taken over it, and what opens it.

    A payload whose content was erased stands in that form already.
    """
    secret = disclosures.read_secret(instance_id) if read_paths(policy) else None
    return commit_payload(secret, policy, payload)


def commit_payload(
    secret: bytes | None, policy: Mapping[str, Any], payload: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Opening]]:
    """Return the same for who has read the instance's secret already."""
    paths = read_paths(policy)
    if secret is None or not paths:
        return payload, []
    return commit_at(payload, paths, salts_of(secret))


def committed_patch(
    instance_id: UUID, policy: Mapping[str, Any], patch: Sequence[Mapping[str, Any]]
) -> tuple[Patch, list[Opening]]:
    """Return edits as their digest is taken over them, and what opens them."""
    secret = disclosures.read_secret(instance_id) if read_paths(policy) else None
    return commit_edits(secret, policy, patch)


def commit_edits(
    secret: bytes | None, policy: Mapping[str, Any], patch: Sequence[Mapping[str, Any]]
) -> tuple[Patch, list[Opening]]:
    """Return the same for who has read the instance's secret already."""
    paths = read_paths(policy)
    if secret is None or not paths:
        return [dict(step) for step in patch], []
    return commit_patch(patch, paths, salts_of(secret))
