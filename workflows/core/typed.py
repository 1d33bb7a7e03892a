"""What people typed stands in entries of cases as salted commitments. No storage.

Note [Typed words in the entries of a case]
Whoever reassigns, skips, escalates, cancels or comments says why, in words of his own,
and may name there whom the case is about. Entries never change, so such words are not
put into them: a commitment stands there (core/commitments.py), and what opens it is kept
beside the log and goes with the rest of the case's content when that is erased.

`TYPED` names the members of an entry's detail that hold such words, whoever acts. What a
person's entry says under a name that neither `TYPED` nor `CLEAR` has is taken for typed
as well. Both lists are complete for what is written here; a test fails for a name that
is in neither, so that whoever brings a new one decides what it is.

Codes, keys, ids, digests, moments and the engine's own sentences (`because`, `message`)
stay as they are, and so do all entries of the installation's chain: they speak of
people of the staff, definitions and policies.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workflows.core.actors import ActorKind
from workflows.core.canonical import dumps
from workflows.core.chain import MAX_ENTRY_BYTES, Draft, EntryTooLarge
from workflows.core.commitments import Opening, commit, read_stand_in, stand_in

TYPED: Final = frozenset({
    "answer", "asked_of", "by_hand", "comment", "note", "question", "rationale",
    "reason", "text",
})  # fmt: skip
CLEAR: Final = frozenset({
    "act", "activities", "ahead", "alike", "arrived", "assigned", "attempt",
    "batch", "because", "before", "business_key", "by", "called", "class", "clock",
    "code", "commitments", "commitments_in_all", "compensate", "condition",
    "contents", "contents_in_all", "decision", "definition", "did", "digest",
    "due_at", "edited", "edits", "end", "expires_at", "explanation", "fire",
    "flows", "freed_from", "from", "from_person", "from_queue", "held_until",
    "hold", "holder", "id", "incident", "instance", "intervention", "is_sample",
    "iterations", "keeps", "key", "kind", "lapsed_from", "lapses", "link",
    "mapping", "message", "messages", "mode", "name", "node", "nodes",
    "noticed_seconds_later", "of", "on_behalf_of", "opened", "outcome", "output",
    "parent", "parking", "part", "parts", "payload", "person", "policy", "probe",
    "proof", "proposal", "proposed_by", "published_by", "queue", "reason_code",
    "ref", "remaining", "remove", "removed", "resolution", "result", "retry_at",
    "revealed_at", "round", "routing", "rung", "sample", "scope", "seat", "seen",
    "set", "shown", "signal", "signature", "since", "source", "sources",
    "sources_opened", "stage", "started", "step", "stop", "targets", "task", "to",
    "to_person", "to_queue", "token", "undoes", "undone_token", "until",
    "variables", "verdict", "view", "why",
})  # fmt: skip
STAYS: Final = frozenset({"content.erased", "content.pruned"})
"""What these say must outlive the erasure, and was checked to name nobody."""


def hide_typed(
    drafts: Sequence[Draft], *, new_salt: Callable[[], bytes]
) -> tuple[Sequence[Draft], list[Opening]]:
    """Return a case's entries with commitments for typed words, and what opens these.

    Empty texts and what is a commitment already stay. Raises `CanonicalError`, and
    `EntryTooLarge` for words that no entry could hold.
    """
    openings: list[Opening] = []
    made: list[Draft] | None = None
    for at, draft in enumerate(drafts):
        names = _find_typed(draft)
        if not names:
            continue
        detail = dict(draft.detail)
        for name in names:
            opening = _close(detail[name], f"{name} of {draft.kind}", new_salt())
            openings.append(opening)
            detail[name] = stand_in(opening.committed)
        if made is None:
            made = list(drafts)
        made[at] = draft._replace(detail=detail)
    return (drafts if made is None else made), openings


def list_typed(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names and commitments of the typed words that a detail tells of."""
    found = [
        (name, read_stand_in(value))
        for name, value in detail.items()
        if name not in CLEAR
    ]
    return [(name, committed) for name, committed in found if committed is not None]


def _find_typed(draft: Draft) -> list[str]:
    detail = draft.detail
    if CLEAR.issuperset(detail) or draft.kind in STAYS:
        return []
    by_person = draft.actor.kind is ActorKind.PERSON
    return [
        name
        for name, value in detail.items()
        if (name in TYPED or (by_person and name not in CLEAR)) and _says_words(value)
    ]


def _says_words(value: object) -> bool:
    if isinstance(value, str | list | tuple):
        return bool(value)
    return isinstance(value, Mapping) and bool(value) and read_stand_in(value) is None


def _close(words: object, what: str, salt: bytes) -> Opening:
    size = len(dumps(words).encode())
    if size > MAX_ENTRY_BYTES:
        raise EntryTooLarge(
            f"The {what} has {size} bytes, more than {MAX_ENTRY_BYTES}: say it shorter."
        )
    return Opening(commit(salt, words), salt, words, what)
