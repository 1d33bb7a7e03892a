"""Check verdicts against their entries, and proofs of outcomes against both.

Ships in every bundle beside verify.py: Python 3.9 or newer, nothing else needed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

VOTES = ("APPROVE", "REJECT", "EDIT_AND_APPROVE")


def check_verdicts(
    case: dict[str, Any], entries: Sequence[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], str, list[str]]]:
    """Give each verdict that the case tells, whose word it is, and what is wrong."""
    for verdict in case.get("verdicts", []):
        seq = verdict.get("audit_seq", 0)
        fields = entries[seq - 1] if 1 <= seq <= len(entries) else {}
        faults = _compare(verdict, fields)
        if fields.get("kind") != "verdict.submitted":
            faults.insert(0, "kind of entry")
        said = f"entry {seq} says otherwise: {', '.join(faults)}"
        yield verdict, f"as entry {seq} says", [said] if faults else []


def _compare(verdict: dict[str, Any], fields: dict[str, Any]) -> list[str]:
    detail = fields.get("detail") or {}
    pairs = {
        "person": (verdict.get("person"), fields.get("actor")),
        "name": (verdict.get("person_name"), fields.get("actor_name")),
        "task": (verdict.get("task"), detail.get("task")),
        "decision": (verdict.get("decision"), detail.get("decision")),
        "reason": (verdict.get("reason_code"), detail.get("reason_code", "")),
        "rationale": (_spoken(verdict.get("rationale")), detail.get("rationale")),
        "what was shown": (verdict.get("shown"), detail.get("shown")),
        "what was seen": (verdict.get("seen"), detail.get("seen")),
        "whose place": (verdict.get("on_behalf_of"), detail.get("on_behalf_of")),
        "signature": (verdict.get("signature"), detail.get("signature")),
    }
    return [name for name, (told, kept) in pairs.items() if told != kept]


def _spoken(rationale: Any) -> Any:
    """Return what an entry names a rationale by: its commitment, before them its hash."""
    if isinstance(rationale, dict):
        return rationale
    text = json.dumps(rationale, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest() if rationale else None


def check_proofs(
    case: dict[str, Any],
    entries: Sequence[dict[str, Any]],
    read: Callable[[str], Any],
) -> Iterator[tuple[str, list[str]]]:
    """Give for each task with a proof, or an entry that names one, what is wrong.

    `entries` are the fields of the chain's entries; `read` gives a content by digest.
    """
    named = {
        entry["detail"].get("task"): entry["detail"]["proof"]
        for entry in entries
        if entry.get("kind") == "task.decided" and "proof" in entry.get("detail", {})
    }
    tasks = {row.get("id"): row for row in case.get("tasks", [])}
    erased = {row.get("sha256") for row in case.get("contents_erased", [])}
    proven = {number for number, row in tasks.items() if "proof" in row}
    for number in sorted(proven | named.keys()):
        task = tasks.get(number, {})
        faults = []
        if task.get("proof") != named.get(number):
            faults.append("it is not the one that the decision's entry names")
        proof = read(str(task.get("proof")))
        # Of an erased one the contents' check asks for the entry that says so.
        if isinstance(proof, dict):
            faults += _list_faults(proof, task, case.get("verdicts", []))
        elif task.get("proof") not in erased:
            faults.append("it is not there")
        yield f"proof of task {number}", faults


def _list_faults(
    proof: dict[str, Any], task: dict[str, Any], verdicts: Sequence[dict[str, Any]]
) -> list[str]:
    given = {
        (one.get("person"), one.get("decision"), one.get("on_behalf_of"))
        for one in verdicts
        if one.get("task") == task.get("id") and one.get("round") == proof.get("round")
    }
    votes = proof.get("votes", [])
    counted = [
        (f"person:{one.get('person')}", one.get("decision"), one.get("on_behalf_of"))
        for one in votes
    ]
    persons = [
        person
        for one in votes
        for person in {one.get("person"), one.get("on_behalf_of")} - {None}
    ]
    refused = [one for one in counted if one[1] == "REJECT"]
    claims = {
        "it counts a vote that is no verdict of the case": given.issuperset(counted),
        "somebody counts twice": len(persons) == len(set(persons)),
        "who started the case voted": proof.get("initiator")
        not in {f"person:{person}" for person in persons},
        "somebody who was barred is among those who could": not (
            {str(one) for one in proof.get("eligible", [])}
            & proof.get("excluded", {}).keys()
        ),
        "the counts are not those of its votes": proof.get("rejections") == len(refused)
        and proof.get("approvals") == len(counted) - len(refused)
        and all(one[1] in VOTES for one in counted),
        "the outcome is not the task's": proof.get("outcome") == task.get("outcome"),
    }
    return [fault for fault, holds in claims.items() if not holds]
