"""The row and the entry of what a person hands in: votes, questions, abstentions."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from review.core.states import Decision, Outcome, Reveal, TaskState
from review.core.tasks.edits import list_changed
from review.core.verdicts.shown import describe_shown, name_seen
from review.evidence.personal import committed_patch, committed_payload
from review.models import Person
from review.operations.people.people import actor_of
from review.operations.tasks.edits import Change
from review.operations.tasks.locking import LockedTask, lock_task_for
from review.permissions import Rights
from workflows import audit
from workflows.core.canonical import digest, dumps
from workflows.core.commitments import stand_in
from workflows.driver import pipeline, run
from workflows.store import disclosures, parse_json

Statement = tuple[str, Sequence[object]]

# What a verdict must know besides the locked task: what is shown, when its author saw
# the model's view, and the next verdict's id. In one round trip.
_CONTENT: Final = """
    SELECT payload::text, proposal::text FROM review_taskcontent WHERE task_id = %s
"""
_UNVEILED: Final = """
    SELECT revealed_at FROM review_unveiling WHERE task_id = %s AND lease_token = %s
"""
_NEXT_ID: Final = "SELECT nextval(pg_get_serial_sequence('review_verdict', 'id'))"
_INSERT: Final = """
    INSERT INTO review_verdict
        (id, task_id, instance_id, round, attempt, stage, person_id, person_name,
         decision, reason_code, rationale, rationale_committed, rationale_salt, edits,
         on_behalf_of_id, shown, signature,
         lease_token, payload_digest, proposal_digest, result_digest, policy_version,
         claimed_at, submitted_at, occurred_at, answer_state, answer_outcome, audit_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s::jsonb,
            %s::jsonb, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page tells of the looking: when the model's view opened, and sources.

    `view` is what the page is made from now, `view_digest` what the person's page said
    it was made from; what came by no page has neither.
    """

    revealed_at: dt.datetime | None = None
    sources_opened: Sequence[str] = ()
    view: Mapping[str, Any] | None = None
    view_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person hands in, as it came."""

    person: Person
    token: int
    decision: Decision
    payload_digest: str = ""
    reason_code: str = ""
    rationale: str = ""
    edits: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: dt.datetime | None = None
    seen: Seen = field(default_factory=Seen)
    signature: Mapping[str, Any] | None = None
    on_behalf_of: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What was on the screen, read when it is handed in; `verdict_id` is the new row's."""

    verdict_id: int
    payload: Mapping[str, Any]
    proposal: Any
    shown: Mapping[str, Any]
    spoken: tuple[str, bytes | None] = ("", None)
    """The commitment to the rationale, and its salt."""

    @property
    def suggestion(self) -> Any:
        """Return the model's view where the person saw it, else None.

        A rule that spoke of a view still hidden would tell it.
        """
        return self.proposal if self.shown["revealed_at"] else None


def lock_for(
    task_id: int, wish: Wish
) -> tuple[LockedTask, Rights, Sequence[Sequence[Any]]]:
    """Lock a task for what a person hands in, with all that this takes to read.

    The last of the three is for read_sight. Raises as lock_task_for.
    """
    return lock_task_for(
        task_id,
        wish.person.id,
        (
            (_CONTENT, [task_id]),
            (_UNVEILED, [task_id, wish.token]),
            (_NEXT_ID, []),
        ),
    )


def read_sight(task: LockedTask, wish: Wish, found: Sequence[Sequence[Any]]) -> Sight:
    """Return what the person was shown, and the id of the verdict to be written."""
    content, unveiled, ids = found
    payload_text, proposal_text = content[0]
    payload: dict[str, Any] = parse_json(payload_text)
    revealed_at = unveiled[0][0] if unveiled else wish.seen.revealed_at
    if task.reveal is Reveal.ASSIST:
        revealed_at = task.claimed_at
    committed, _ = committed_payload(task.instance_id, task.policy, payload)
    shown = describe_shown(
        payload=committed,
        proposal_digest=str(task.policy.get("proposal", "")),
        policy_version=str(task.policy.get("version", "")),
        reveal=task.reveal.value,
        revealed_at=_text(revealed_at),
        opened=wish.seen.sources_opened,
        view=wish.seen.view,
        view_digest=wish.seen.view_digest,
    )
    return Sight(
        verdict_id=ids[0][0],
        payload=payload,
        proposal=None if proposal_text is None else parse_json(proposal_text),
        shown=shown,
        spoken=disclosures.commit_text(wish.rationale),
    )


def submitted_draft(
    task: LockedTask, wish: Wish, sight: Sight, change: Change, **more: object
) -> audit.Draft:
    """Return the entry of what was handed in; texts and edits as digests."""
    detail: dict[str, object] = {
        "task": task.id,
        "decision": wish.decision.value,
        "round": change.round,
        "stage": task.stage.value,
        "token": wish.token,
        "shown": task.payload_digest,
        "seen": digest(sight.shown),
        "policy": task.policy.get("version"),
        **name_seen(sight.shown),
        **more,
    }
    if wish.reason_code:
        detail["reason_code"] = wish.reason_code
    if wish.rationale:
        detail["rationale"] = stand_in(sight.spoken[0])
    if wish.on_behalf_of is not None:
        detail["on_behalf_of"] = wish.on_behalf_of
    if wish.signature is not None:
        detail["signature"] = dict(wish.signature)
    if change.patch:
        detail["edited"] = list_changed(change.patch)
        committed, _ = committed_patch(task.instance_id, task.policy, change.patch)
        detail["edits"] = digest(committed)
        detail["result"] = change.payload_digest
    return audit.Draft(
        kind="verdict.submitted",
        actor=actor_of(wish.person),
        detail=detail,
        step_id=task.step_id,
        occurred_at=wish.occurred_at,
    )


def insert_verdict(
    task: LockedTask,
    wish: Wish,
    sight: Sight,
    change: Change,
    *,
    state: TaskState,
    outcome: Outcome | None,
    audit_seq: int,
) -> Statement:
    """Return the statement that writes the verdict; `state` and `outcome` answer it."""
    attempt = 1 + sum(
        earlier.judgement.person_id == wish.person.id
        and earlier.judgement.round == change.round
        for earlier in task.verdicts
    )
    values = [
        sight.verdict_id,
        task.id,
        task.instance_id,
        change.round,
        attempt,
        task.stage.value,
        wish.person.id,
        wish.person.name,
        wish.decision.value,
        wish.reason_code,
        wish.rationale,
        *sight.spoken,
        dumps(change.patch) if change.patch else None,
        wish.on_behalf_of,
        dumps(sight.shown),
        None if wish.signature is None else dumps(dict(wish.signature)),
        wish.token,
        task.payload_digest,
        str(task.policy.get("proposal", "")),
        change.payload_digest,
        str(task.policy.get("version", "")),
        task.claimed_at or task.now,
        task.now,
        wish.occurred_at,
        state.value,
        outcome.value if outcome else None,
        audit_seq,
    ]
    return _INSERT, values


def write(*statements: Statement) -> None:
    """Run statements one after the other, in one round trip."""
    with pipeline():
        for sql, parameters in statements:
            run(sql, parameters)


def _text(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat()
