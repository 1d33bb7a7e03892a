"""Read cases as an auditor sees them: instance, steps, tasks, verdicts, contents.

What entries name by digest is returned apart, as the very bytes that were digested:
with commitments for personal values (core/commitments.py). What opens these is returned
beside. Content that was erased is named by its digest, and is not there. Many cases cost
as many statements as one: rows are read for all of them at once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from review.core.evidence import erasing
from review.evidence import personal
from review.models import Person, Task, TaskRevision, Verdict
from workflows.core.actors import person
from workflows.core.canonical import dumps
from workflows.core.chain import format_time
from workflows.core.commitments import (
    Opening,
    Path,
    commit,
    commit_at,
    derive_salt,
    salts_of,
    stand_in,
)
from workflows.core.engine.personal import hide_words, list_needles, read_paths
from workflows.core.states import FINAL_INSTANCE_STATES
from workflows.core.typed import TYPED
from workflows.models import (
    ContentKey,
    Disclosure,
    Incident,
    Instance,
    PayloadUse,
    Step,
)
from workflows.operations import definitions
from workflows.store import parse_json, payloads

_RESOLVED: Final = ("reason of incident.resolved", "entry:reason")


@dataclass(slots=True)
class Case:
    """The case as JSON, and the contents its entries name, by their SHA-256."""

    definition_id: int
    definition: str
    audit_seq: int
    told: dict[str, Any] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    disclosures: list[dict[str, Any]] = field(default_factory=list)
    paths: Sequence[Path] = ()
    secret: bytes | None = None
    is_erased: bool = False
    needles: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)

    def keep(self, value: object, *, what: str) -> str:
        """Keep a value as the bytes its digest is taken over; return the digest."""
        erased = erasing.read_marker(value)
        if erased:
            self.told["contents_erased"].append({"sha256": erased, "what": what})
            return erased
        data = dumps(value).encode()
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self.contents:
            self.contents[digest] = data
            self.told["contents"].append({"sha256": digest, "what": what})
        return digest

    def keep_committed(
        self, found: tuple[Any, Sequence[Opening]], *, what: str, inside: str = ""
    ) -> str:
        """Keep a content with commitments; `inside` names it as a part of another."""
        committed, openings = found
        for one in openings:
            self.open(one, what=f"{inside or what} {one.place}")
        return self.keep(committed, what=what)

    def open(self, opening: Opening, *, what: str) -> None:
        """Keep what opens a commitment, once."""
        if opening.committed in self.opened:
            return
        self.opened.add(opening.committed)
        if not _is_short(opening.value, what):
            self.needles |= list_needles([[opening.value]], [("*",)])
        self.disclosures.append({
            "committed": opening.committed,
            "salt": opening.salt.hex(),
            "value": opening.value,
            "what": what,
        })

    def speak(
        self, text: str, committed: str, salt: bytes | memoryview | None, *, what: str
    ) -> object:
        """Return what is told of a person's words, and keep what opens it."""
        if not committed:
            return text
        if salt is not None and text:
            self.open(Opening(committed, bytes(salt), text, ""), what=what)
        return stand_in(committed)


def _is_short(value: object, what: str) -> bool:
    """Tell whether typed words are too few to be looked for in other places."""
    typed = what.split(" ", maxsplit=1)[0] in TYPED
    return typed and isinstance(value, str) and len(value) < erasing.LONG_WORDS


def read_case(instance_id: UUID) -> Case | None:
    """Return the case of an instance, or None where there is none."""
    return next(iter(read_cases([instance_id])), None)


def read_cases(instance_ids: Sequence[UUID]) -> Iterator[Case]:
    """Return the cases of instances in this order; unknown ones are left out."""
    rows = _Rows(instance_ids)
    for instance_id in instance_ids:
        found = rows.instances.get(instance_id)
        if found is not None:
            yield _read(found, rows)


class _Rows:
    """What the database holds of some instances, by instance or by task."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        self.instances = {
            row.id: row
            for row in Instance.objects
            .filter(id__in=ids)
            .select_related("definition")
            .annotate(exact=Cast("variables", TextField()))
        }
        inside = {"instance_id__in": list(ids)}
        keys = list(ContentKey.objects.filter(**inside))
        self.secrets = {
            row.instance_id: bytes(row.secret) for row in keys if row.secret is not None
        }
        self.erased = {row.instance_id for row in keys if row.erased_at is not None}
        self.steps = _group(Step.objects.filter(**inside).order_by("id"))
        self.incidents = _group(Incident.objects.filter(**inside).order_by("id"))
        self.disclosures = _group(Disclosure.objects.filter(**inside).order_by("id"))
        tasks = list(
            Task.objects
            .filter(**inside)
            .select_related("content", "queue")
            .order_by("id")
        )
        self.tasks = _group(tasks)
        self.verdicts = _group(
            Verdict.objects
            .filter(**inside)
            .select_related("task__content")
            .order_by("id")
        )
        self.revisions: defaultdict[int, list[TaskRevision]] = defaultdict(list)
        numbers = [task.id for task in tasks]
        for revision in TaskRevision.objects.filter(task__in=numbers).order_by("round"):
            self.revisions[revision.task_id].append(revision)
        self.names = _read_names(task.content.proof for task in tasks)
        self.large: defaultdict[UUID, list[str]] = defaultdict(list)
        uses = PayloadUse.objects.filter(**inside).order_by("digest")
        for owner, digest in uses.values_list("instance_id", "digest"):
            self.large[owner].append(digest)


_Row = TypeVar("_Row", Step, Incident, Verdict, Task, Disclosure)


def _group(rows: Iterable[_Row]) -> defaultdict[UUID, list[_Row]]:
    grouped: defaultdict[UUID, list[_Row]] = defaultdict(list)
    for row in rows:
        grouped[row.instance_id].append(row)
    return grouped


def _read_names(proofs: Iterable[Mapping[str, Any] | None]) -> dict[int, str]:
    """Return what the persons whom proofs name by id are called now."""
    ids: set[int] = set()
    for proof in proofs:
        ids |= _list_persons(proof)
    return dict(Person.objects.filter(id__in=ids).values_list("id", "name"))


def _list_persons(proof: Mapping[str, Any] | None) -> set[int]:
    if proof is None or "eligible" not in proof:
        return set()
    return {*proof["eligible"], *(int(one) for one in proof["excluded"])}


def _read(found: Any, rows: _Rows) -> Case:
    definition = found.definition
    case = Case(
        definition_id=definition.id,
        definition=str(definition),
        audit_seq=found.audit_seq,
        paths=read_personal(definition.id, found.process_id),
        secret=rows.secrets.get(found.id),
        is_erased=found.id in rows.erased,
    )
    typed = _read_typed(rows.disclosures[found.id])
    case.told = {
        "definition": {
            "key": definition.key,
            "version": definition.version,
            "name": definition.name,
            "digest": definition.digest,
            "deployed_at": _time(definition.deployed_at),
            "deployed_by": definition.deployed_by,
        },
        "contents": [],
        "contents_erased": [],
        "steps": [_tell_step(step) for step in rows.steps[found.id]],
        "incidents": [_tell_incident(row, typed) for row in rows.incidents[found.id]],
    }
    case.told["instance"] = _tell_instance(
        found, case, exact=found.exact, large=rows.large[found.id]
    )
    tasks = rows.tasks[found.id]
    case.told["tasks"] = [
        _tell_task(task, case, revisions=rows.revisions[task.id]) for task in tasks
    ]
    case.told["verdicts"] = [
        _tell_verdict(row, case) for row in rows.verdicts[found.id]
    ]
    named = sorted({one for task in tasks for one in _list_persons(task.content.proof)})
    case.told["persons"] = [
        {"id": one, "name": rows.names[one]} for one in named if one in rows.names
    ]
    _open_entries(case, rows.disclosures[found.id])
    _hide(case)
    return case


def _read_typed(rows: Sequence[Disclosure]) -> dict[str, str]:
    """Return which commitment stands for what was said as an incident was resolved."""
    return {
        value: row.committed
        for row in rows
        if row.what in _RESOLVED and isinstance(value := parse_json(row.value), str)
    }


def _open_entries(case: Case, rows: Sequence[Disclosure]) -> None:
    """Open the commitments that stand in the case's entries alone."""
    for row in rows:
        value = parse_json(row.value)
        opening = Opening(row.committed, bytes(row.salt), value, row.what)
        case.open(opening, what=row.what)


def _hide(case: Case) -> None:
    """Let what is told beside the contents hold no personal value either."""
    if case.secret is None or not case.needles:
        return
    told, openings = hide_words(
        {name: case.told[name] for name in ("instance", "steps", "incidents", "tasks")},
        needles=frozenset(case.needles),
        secret=case.secret,
    )
    case.told.update(told)
    for one in openings:
        case.open(one, what=one.place)


def read_personal(definition_id: int, process_id: str) -> tuple[Path, ...]:
    """Return where the personal values of a deployed process are."""
    processes = definitions.compiled(definition_id).processes
    return read_paths(processes[process_id]) if process_id in processes else ()


def _tell_instance(
    row: Instance, case: Case, *, exact: str, large: Sequence[str]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(row.id),
        "process": row.process_id,
        "state": row.state,
        "business_key": row.business_key,
        "initiator": row.initiator,
        "parent_instance": str(row.parent_instance_id or ""),
        "end_node": row.end_node_id,
        "version": row.version,
        "started_at": _time(row.started_at),
        "occurred_at": _time(row.occurred_at),
        "ended_at": _time(row.ended_at),
        "audit": {"seq": row.audit_seq, "head": bytes(row.audit_head).hex()},
    }
    # As text, since a JSON column read plainly would turn decimals into floats.
    variables = json.loads(exact, parse_float=Decimal)
    erased = erasing.read_marker(variables)
    committed: Any = variables
    openings: list[Opening] = []
    if case.paths and case.secret is not None and not erased:
        committed, openings = commit_at(variables, case.paths, salts_of(case.secret))
    if row.state in FINAL_INSTANCE_STATES:
        found = (committed, openings)
        told["variables"] = case.keep_committed(found, what="variables at the end")
    else:
        told["variables_now"] = committed
        for one in openings:
            case.open(one, what=f"variables now {one.place}")
    _keep_large(row.id, case, openings, large)
    return told


def _keep_large(
    instance_id: UUID, case: Case, openings: Sequence[Opening], large: Sequence[str]
) -> None:
    """Keep large values; a personal one only beside what opens it."""
    personal = {
        one.value["$payload"]
        for one in openings
        if isinstance(one.value, Mapping) and "$payload" in one.value
    }
    for digest in large:
        content = parse_json(payloads.read_used(instance_id, digest))
        if digest not in personal:
            case.keep(content, what="a large variable")
        elif case.secret is not None:
            salt = derive_salt(case.secret, digest, content)
            case.open(
                Opening(commit(salt, content), salt, content, ""),
                what=f"the large variable {digest}",
            )


def _tell_step(row: Step) -> dict[str, Any]:
    return {
        "id": row.id,
        "scope": row.scope_id,
        "node": row.node_id,
        "name": row.name,
        "kind": row.kind,
        "state": row.state,
        "attempts": row.attempt,
        "error": row.error,
        "started_at": _time(row.started_at),
        "ended_at": _time(row.ended_at),
        "audit_seq": row.audit_seq,
    }


def _tell_incident(row: Incident, typed: Mapping[str, str]) -> dict[str, Any]:
    """Tell an incident; what somebody typed as its entry does, by a commitment."""
    said = typed.get(row.reason)
    return {
        "id": row.id,
        "step": row.step_id,
        "state": row.state,
        "code": row.code,
        "message": row.message,
        "opened_at": _time(row.opened_at),
        "resolved_at": _time(row.resolved_at),
        "resolved_by": row.resolved_by,
        "resolution": row.resolution,
        "reason": row.reason if said is None else stand_in(said),
        "audit_seq": row.audit_seq,
    }


def _tell_task(
    row: Task, case: Case, *, revisions: Sequence[TaskRevision]
) -> dict[str, Any]:
    content = row.content
    payloads = {revision.round: revision.payload for revision in revisions}
    payloads[row.round] = content.payload
    # What review.core.verdicts.shown takes the digest over.
    beside = {
        "policy": content.policy.get("version", ""),
        "proposal": content.proposal,
    }
    rounds = {
        number: _tell_round(row, case, payload, beside)
        for number, payload in payloads.items()
    }
    return {
        "id": row.id,
        "step": row.step_id,
        "queue": row.queue.key,
        "title": row.title,
        "state": row.state,
        "control": row.control,
        "stage": row.stage,
        "class": row.priority_class,
        "confidence": row.confidence,
        "impact": row.impact,
        "opened_at": _time(row.opened_at),
        "due_at": _time(row.due_at),
        "calendar": str((content.clock or {}).get("calendar", "")),
        "breached_at": _time(row.breached_at),
        "decided_at": _time(row.decided_at),
        "decided_by": row.decided_by,
        "outcome": row.outcome,
        "policy": content.policy,
        "why": content.why,
        "rounds": [
            {
                "round": number,
                "shown": case.keep_committed(shown, what=f"shown in task {row.id}"),
            }
            for number, shown in sorted(rounds.items())
        ],
        "audit_seq": row.audit_seq,
        **_tell_proof(row, case),
    }


def _tell_round(
    row: Task, case: Case, payload: Mapping[str, Any], beside: Mapping[str, Any]
) -> tuple[Any, Sequence[Opening]]:
    """Return what one round showed, as its digest was taken, and what opens it."""
    if erasing.read_marker(payload):
        return payload, ()
    shown, openings = personal.commit_payload(case.secret, row.content.policy, payload)
    return {"payload": shown, **beside}, openings


def _tell_proof(row: Task, case: Case) -> dict[str, Any]:
    """Tell what proves the outcome, by its digest; nothing where people did not decide."""
    if row.content.proof is None:
        return {}
    what = f"proof of task {row.id}: who decided, who could have, who could not and why"
    return {"proof": case.keep(row.content.proof, what=what)}


def _tell_verdict(row: Verdict, case: Case) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": row.id,
        "task": row.task_id,
        "round": row.round,
        "stage": row.stage,
        "person": person(person_id=row.person_id, name=row.person_name).ref,
        "person_name": row.person_name,
        "decision": row.decision,
        "reason_code": row.reason_code,
        "rationale": case.speak(
            row.rationale,
            row.rationale_committed,
            row.rationale_salt,
            what=f"rationale of verdict {row.id}",
        ),
        "shown": row.payload_digest,
        "result": row.result_digest,
        "policy": row.policy_version,
        "claimed_at": _time(row.claimed_at),
        "submitted_at": _time(row.submitted_at),
        "occurred_at": _time(row.occurred_at),
        "audit_seq": row.audit_seq,
    }
    # Where there is none the entry has none either: verify.py compares the two.
    if row.on_behalf_of_id is not None:
        told["on_behalf_of"] = row.on_behalf_of_id
    if row.signature is not None:
        told["signature"] = row.signature
    if row.shown:
        told["seen"] = case.keep(row.shown, what=f"seen for verdict {row.id}")
        if "view" in row.shown and "page" not in row.shown:
            what = f"what the page of verdict {row.id} was made from"
            told["view"] = case.keep(row.shown["view"], what=what)
    if row.edits is not None:
        what = f"edits of verdict {row.id}"
        told["edits"] = case.keep_committed(_edits(row, case), what=what)
    return told


def _edits(row: Verdict, case: Case) -> tuple[Any, Sequence[Opening]]:
    if erasing.read_marker(row.edits) or row.edits is None:
        return row.edits, ()
    policy = row.task.content.policy
    return personal.commit_edits(case.secret, policy, row.edits)


def _time(moment: dt.datetime | None) -> str | None:
    return format_time(moment) if moment else None
