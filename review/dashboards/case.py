"""One task as its page shows it, with what of earlier verdicts this viewer may see."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from review import permissions
from review.core.evidence.erasing import WORDS, readable
from review.core.states import Control, Role, Stage, TaskState
from review.core.verdicts.quorum import read_plan
from review.core.verdicts.visibility import Sight, see_verdict
from review.core.verdicts.visibility import Viewer as Seer
from review.dashboards.audit_scope import check_case
from review.dashboards.covering import cover_of, cover_payload
from review.dashboards.frame import Viewer
from review.dashboards.reasons import reasons_of
from review.dashboards.sql import read_json, read_row, read_rows
from review.evidence.masking import Mask
from review.models import ReasonCode
from workflows.operations import definitions
from workflows.operations.errors import NotFound
from workflows.store import payloads

_TASK: Final = """
    SELECT t.id, t.instance_id, t.step_id, t.queue_id, t.definition_id, t.title,
        t.business_key, t.initiator, t.state, t.control, t.stage, t.round,
        t.priority_class, t.payload_digest, t.confidence, t.impact, t.excluded,
        t.claimed_by_id, t.seats, t.is_ahead, t.reveal, t.release_at, t.parking,
        t.parked_for_id,
        coalesce(s.token, t.lease_token) AS lease_token,
        coalesce(s.lease_until, t.lease_until) AS lease_until,
        coalesce(s.claimed_at, t.claimed_at) AS claimed_at, s.id AS seat_id,
        t.opened_at, t.warn_at, t.due_at, t.decided_at, t.outcome, t.decided_by,
        q.key AS queue_key, q.name AS queue_name, q.policy_text, q.lease_seconds,
        q.undo_seconds, q.claim_ahead, q.signature, q.signature_meaning,
        q.hidden_decisions, q.rationale_below, q.rationale_above,
        p.name AS holder, e.key AS escalates_to, u.revealed_at,
        l.region, l.skill, l.level, g.why AS gap,
        EXISTS (SELECT FROM workflows_contentkey k WHERE k.instance_id = t.instance_id
                AND k.erased_at IS NOT NULL) AS is_erased,
        c.payload::text AS payload, c.proposal::text AS proposal, c.why::text AS why,
        c.policy::text AS policy, c.routing::text AS routing, clock_timestamp() AS now
    FROM review_task t
    JOIN review_queue q ON q.id = t.queue_id
    JOIN review_taskcontent c ON c.task_id = t.id
    JOIN review_lane l ON l.id = t.lane_id
    LEFT JOIN review_seat s ON s.task_id = t.id AND s.person_id = %(person)s
    LEFT JOIN review_queue e ON e.id = q.escalate_to_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    LEFT JOIN review_quorumgap g ON g.task_id = t.id
    LEFT JOIN review_unveiling u ON u.task_id = t.id AND u.person_id = %(person)s
        AND u.lease_token = coalesce(s.token, t.lease_token)
    WHERE t.id = %(id)s
"""
_VERDICTS: Final = """
    SELECT v.id, v.person_id, v.person_name, v.decision, v.reason_code, v.rationale,
        v.rationale_committed,
        v.round, v.stage, v.submitted_at, v.occurred_at, v.answer_state, n.undone_at
    FROM review_verdict v
    LEFT JOIN review_verdictundo n ON n.verdict_id = v.id
    WHERE v.task_id = %(id)s ORDER BY v.id
"""
_REVISION: Final = """
    SELECT t.instance_id, r.payload::text AS payload,
        EXISTS (SELECT FROM workflows_contentkey k WHERE k.instance_id = t.instance_id
                AND k.erased_at IS NOT NULL) AS is_erased
    FROM review_taskrevision r JOIN review_task t ON t.id = r.task_id
    WHERE r.task_id = %(id)s ORDER BY r.round DESC LIMIT 1
"""


@dataclasses.dataclass(frozen=True, slots=True)
class SeenVerdict:
    """One verdict as far as the viewer may see it; hidden parts are empty."""

    id: int
    sight: Sight
    person_id: int
    person_name: str
    decision: str
    reason_code: str
    rationale: str
    round: int
    at: dt.datetime
    is_undone: bool
    was_held: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A task with its content and how this viewer stands to it.

    `row` has the task's columns as named in the statement; `now` is the database's.
    """

    row: Any
    payload: Mapping[str, Any]
    proposal: Any
    why: Mapping[str, Any]
    policy: Mapping[str, Any]
    routing: Mapping[str, Any]
    verdicts: Sequence[SeenVerdict]
    is_mine: bool
    is_held: bool
    is_reviewer: bool
    is_excluded: bool
    viewer_id: int
    own_verdict: SeenVerdict | None = None
    mask: Mask | None = None

    @property
    def is_live(self) -> bool:
        """Tell whether the task still needs somebody."""
        return self.row.state in {"OPEN", "CLAIMED", "WAITING"}

    @property
    def may_judge(self) -> bool:
        """Tell whether the viewer could judge the task as it stands."""
        return self.is_live and self.is_reviewer and not self.is_excluded


def read_case(task_id: int, viewer: Viewer) -> Case:
    """Read one task for one viewer. Raises NotFound, and Forbidden for outsiders."""
    row = read_row(_TASK, {"id": task_id, "person": viewer.person_id})
    if row is None:
        raise NotFound(f"There is no task {task_id}.")
    if viewer.rights.audit is None:
        permissions.check_can_see_queue(viewer.rights, queue_id=row.queue_id)
    check_case(viewer.rights, row.instance_id)
    is_held = row.lease_until is not None and row.lease_until > row.now
    case = Case(
        row=row,
        payload=_shown(row),
        proposal=read_json(row.proposal),
        why=read_json(row.why),
        policy=read_json(row.policy),
        routing=read_json(row.routing) or {},
        verdicts=(),
        # A seat at a task that settles or waits is kept, and decides nothing now.
        is_mine=is_held
        and row.state in {"OPEN", "CLAIMED"}
        and (row.seat_id is not None or row.claimed_by_id == viewer.person_id),
        is_held=is_held,
        is_reviewer=permissions.can_review(viewer.rights, queue_id=row.queue_id),
        is_excluded=not viewer.rights.persons.isdisjoint(row.excluded),
        viewer_id=viewer.person_id,
    )
    verdicts = _list_verdicts(case, viewer)
    own = [
        verdict
        for verdict in verdicts
        if verdict.person_id == viewer.person_id and not verdict.is_undone
    ]
    case = dataclasses.replace(
        case, verdicts=verdicts, own_verdict=own[-1] if own else None
    )
    mask = cover_of(viewer.rights, row.instance_id)
    return case if mask is None else _cover(case, mask)


def _cover(case: Case, mask: Mask) -> Case:
    """Return a case as an auditor sees it who has not unmasked it."""
    row = case.row
    return dataclasses.replace(
        case,
        mask=mask,
        row=row._replace(
            title=mask.words(row.title), business_key=mask.words(row.business_key)
        ),
        payload=cover_payload(case.payload, case.policy, mask),
        proposal=cover_payload(case.proposal, case.policy, mask),
        why=mask.words(case.why),
        verdicts=[
            dataclasses.replace(one, rationale=mask.words(one.rationale))
            for one in case.verdicts
        ],
    )


def read_form(case: Case) -> Mapping[str, Any]:
    """Return the JSON Schema of the task's form, empty where the step names none."""
    package = definitions.compiled(case.row.definition_id)
    found = package.forms.get(str(case.policy.get("form") or ""))
    return found or {}


def find_earlier_payload(case: Case) -> Mapping[str, Any] | None:
    """Return the payload that the latest edit replaced, or None; covered as the case."""
    row = read_row(_REVISION, {"id": case.row.id})
    if row is None:
        return None
    if case.mask is None:
        return _shown(row)
    covered: Mapping[str, Any] = cover_payload(_shown(row), case.policy, case.mask)
    return covered


def _shown(row: Any) -> Mapping[str, Any]:
    """Return a payload as it is shown; large values are read when asked for."""
    payload = read_json(row.payload)
    if row.is_erased:
        return cast("Mapping[str, Any]", readable(payload))
    return payloads.shown_values(row.instance_id, payload)


def list_reason_codes(queue_id: int) -> list[ReasonCode]:
    """Return the reasons that may be given in a queue, by decision and label."""
    return list(reasons_of(queue_id).order_by("decision", "label", "pk"))


def _list_verdicts(case: Case, viewer: Viewer) -> list[SeenVerdict]:
    rights = viewer.rights
    seer = Seer(
        person_id=viewer.person_id,
        # While a vote settles the next person is as blind as after it.
        may_judge=case.is_reviewer
        and not case.is_excluded
        and (case.is_live or case.row.state == "SETTLING"),
        oversees=rights.holds(Role.MANAGER, queue_id=case.row.queue_id)
        or rights.audit is not None
        or rights.holds_anywhere(Role.PROCESS_OWNER),
    )
    return [_see(row, seer, case) for row in read_rows(_VERDICTS, {"id": case.row.id})]


def _gone(row: Any) -> str:
    return WORDS if row.rationale_committed else ""


def _see(row: Any, seer: Seer, case: Case) -> SeenVerdict:
    sight = see_verdict(
        viewer=seer,
        author_id=row.person_id,
        state=TaskState(case.row.state),
        stage=Stage(case.row.stage),
        blind=read_plan(
            case.policy.get("quorum"), control=Control(case.row.control)
        ).blind,
    )
    is_hidden = sight is Sight.HIDDEN
    return SeenVerdict(
        id=row.id,
        sight=sight,
        person_id=row.person_id if sight is Sight.FULL else 0,
        person_name=row.person_name if sight is Sight.FULL else "",
        decision="" if is_hidden else row.decision,
        reason_code="" if is_hidden else row.reason_code,
        rationale="" if is_hidden else row.rationale or _gone(row),
        round=row.round,
        at=row.occurred_at or row.submitted_at,
        is_undone=row.undone_at is not None,
        was_held=row.answer_state == TaskState.SETTLING.value,
    )
