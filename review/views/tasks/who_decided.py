"""Who decided a task, who could have, who could not and why, in words. No queries."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse

from review.core.verdicts.proof import MOST_NAMED, Barred
from review.core.verdicts.quorum import Objection
from review.dashboards.case import Case
from review.dashboards.proof import Proven
from review.views.formats import format_moment, format_number

BARRED: Final = {
    Objection.INITIATOR.value: "started the case",
    Objection.ALREADY_JUDGED.value: "somebody voted in this person's place",
    Objection.COUNTS_AS_INITIATOR.value: "counted as one person with who started it",
    Objection.COUNTS_AS_JUDGE.value: "counted as one person with somebody who judged",
    Barred.COUNTED_AS_JUDGE.value: "counted as one person with somebody who judged",
    Barred.CONFLICT_OF_INTEREST.value: "conflict of interest",
}
KINDS: Final = {
    "ONE": "One person decides",
    "DUAL": "Two persons decide, and a third where they disagree",
    "N_OF_M": "{needed} of {of} persons must approve",
    "UNANIMOUS": "All of {of} persons must approve",
    "WEIGHTED": "The authority of who approves must cover {amount}",
}


def describe_proof(found: Proven, case: Case, *, zone: dt.tzinfo) -> dict[str, object]:
    """Return a proof as the task's page shows it."""
    proof = found.proof
    more = proof["eligible_count"] - len(proof["eligible"])
    return {
        "said": _describe_plan(proof),
        "votes": [_vote(row, found, case, zone=zone) for row in found.votes],
        "eligible": [_name(one, found) for one in proof["eligible"]],
        "more": more,
        "excluded": _list_excluded(found, case),
        "is_cut": len(proof["excluded"]) >= MOST_NAMED,
        "digest": found.digest,
        "entry": found.entry_seq,
        "entry_url": reverse("instance-detail", args=[case.row.instance_id])
        + f"#event-{found.entry_seq}",
    }


def _describe_plan(proof: Mapping[str, Any]) -> str:
    plan = proof["plan"]
    words = KINDS[plan["kind"]].format(
        needed=plan["needed"], of=plan["of"], amount=format_number(plan["amount"])
    )
    how = ", side by side" if plan["parallel"] else ""
    how += ", each blind to the others" if plan["blind"] and plan["of"] > 1 else ""
    counts = f"{proof['approvals']} for, {proof['rejections']} against"
    outcome = str(proof["outcome"]).capitalize()
    turn = f", round {proof['round']}" if proof["round"] > 1 else ""
    third = (
        "; the last one decided a dispute" if proof["stage"] == "ADJUDICATION" else ""
    )
    return f"{words}{how}. {outcome}: {counts}{turn}{third}."


def _vote(row: Any, found: Proven, case: Case, *, zone: dt.tzinfo) -> dict[str, object]:
    counted: Mapping[str, Any] = next(
        (one for one in found.proof["votes"] if one["person"] == row.person_id), {}
    )
    signature = json.loads(row.signature) if row.signature else {}
    shown = json.loads(row.shown)
    giver = row.on_behalf_of_id
    return {
        "decision": row.decision.replace("_", " ").lower(),
        "by": row.person_name,
        "behalf": found.names.get(giver, f"person {giver}") if giver else "",
        "at": format_moment(row.at, zone=zone, now=case.row.now),
        "reason": row.reason_code,
        "authority": format_number(counted.get("authority")),
        "meaning": signature.get("meaning", ""),
        "signed_by": signature.get("name", ""),
        "policy": row.policy_version,
        "shown": row.payload_digest,
        "opened": len(shown.get("sources_opened") or ()),
        "saw_model": bool(shown.get("revealed_at")),
        "entry": row.audit_seq,
    }


def _list_excluded(found: Proven, case: Case) -> list[dict[str, str]]:
    """Return who could not judge and why; who did is told of above."""
    judged = {row.person_id for row in found.votes}
    told = case.routing.get("excluded") or {}
    rows = []
    for key, why in found.proof["excluded"].items():
        if int(key) in judged:
            continue
        words = BARRED.get(why, "counted as one person with somebody who judged")
        sentence = str(told.get(key) or "")
        if why == Barred.CONFLICT_OF_INTEREST.value and sentence:
            words = f"{words}: {sentence}"
        rows.append({"name": _name(int(key), found), "why": words})
    return rows


def _name(person_id: int, found: Proven) -> str:
    return found.names.get(person_id, f"person {person_id}")
