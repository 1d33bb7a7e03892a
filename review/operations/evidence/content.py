"""Take the content of one case away: values, texts and salts, in every table.

Note [What is left of a case whose content was erased]
Entries, leaves, digests and rows stay. Contents that entries name by digest keep their
committed form where that holds nothing personal, so that their digests still verify;
else a marker with the digest stands there (core/evidence/erasing.py). All other places that
carry a value are blanked. The instance's secret, the salts of texts and what opened
entries are removed, so that nobody can open a commitment again, us included.

The entry that says so comes first: the database lets append-only rows lose their
content only in a transaction that wrote it (`append_only_table` with `erasable`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus
from uuid import UUID

from review.core.evidence.erasing import (
    LONG_WORDS,
    WORDS,
    Why,
    blank_words,
    holds_words,
    in_parts,
    marker,
    read_marker,
)
from review.evidence import personal
from review.models import InformationRequest, Note, Task, TaskRevision, Verdict
from review.operations.clocks.clock_rows import PINS
from workflows import audit
from workflows.core.actors import Actor
from workflows.core.canonical import digest, dumps
from workflows.core.commitments import Opening, Path, commit_at, salts_of
from workflows.core.engine.personal import (
    BUSINESS_KEY,
    SUBJECT,
    list_needles,
    read_paths,
)
from workflows.core.typed import TYPED
from workflows.driver import fetch, run
from workflows.operations import definitions
from workflows.store import disclosures, parse_json, payloads

KINDS: Final = {Why.SUBJECT: "content.erased", Why.RETENTION: "content.pruned"}

_INSTANCE: Final = """
    SELECT definition_id, process_id, business_key, variables::text
    FROM workflows_instance WHERE id = %s
"""
_PROPOSALS: Final = """
    SELECT task_id, payload::text, proposal::text, why::text, clock::text,
           routing::text, proof::text
    FROM review_taskcontent
    WHERE task_id IN (SELECT id FROM review_task WHERE instance_id = %s)
    ORDER BY task_id
"""

_NO_KEY: Final = (
    "UPDATE review_task SET business_key = '' WHERE instance_id = %s",
    "UPDATE review_sampleitem SET business_key = '' WHERE instance_id = %s",
)
_BESIDE: Final = (
    "UPDATE review_note SET text = '', salt = NULL WHERE instance_id = %s",
    """UPDATE review_informationrequest SET question = '', question_salt = NULL,
       answer = '', answer_salt = NULL, asked_of = '' WHERE instance_id = %s""",
    """DELETE FROM review_draft
       WHERE task_id IN (SELECT id FROM review_task WHERE instance_id = %s)""",
    """UPDATE review_skip SET reason = ''
       WHERE task_id IN (SELECT id FROM review_task WHERE instance_id = %s)""",
    """DELETE FROM review_quorumgap
       WHERE task_id IN (SELECT id FROM review_task WHERE instance_id = %s)""",
    "DELETE FROM review_notification WHERE instance_id = %s",
    """UPDATE workflows_message SET variables = '{}', key = ''
       WHERE instance_id = %s OR source_instance_id = %s""",
    "DELETE FROM workflows_stimulus WHERE instance_id = %s",
    "DELETE FROM workflows_messagestart WHERE instance_id = %s",
    "DELETE FROM workflows_searchvalue WHERE instance_id = %s",
    "UPDATE workflows_step SET data = '{}' WHERE instance_id = %s",
)
_TEXTS: Final = (
    (
        "SELECT id, error FROM workflows_step WHERE instance_id = %s AND error <> ''",
        "UPDATE workflows_step SET error = %s WHERE id = %s",
    ),
    (
        "SELECT id, message FROM workflows_incident WHERE instance_id = %s",
        "UPDATE workflows_incident SET message = %s WHERE id = %s",
    ),
    (
        "SELECT id, sentence FROM review_incidentorderitem WHERE instance_id = %s",
        "UPDATE review_incidentorderitem SET sentence = %s WHERE id = %s",
    ),
    # An order is called by the message that its incidents have in common.
    (
        """SELECT id, title FROM review_incidentorder WHERE id IN (
           SELECT order_id FROM review_incidentorderitem WHERE instance_id = %s)""",
        "UPDATE review_incidentorder SET title = %s WHERE id = %s",
    ),
)
# What people typed goes whole, whether or not it has a known value in it.
_TYPED: Final = (
    "UPDATE workflows_incident SET reason = %s WHERE instance_id = %s AND reason <> ''",
    "UPDATE review_intervention SET reason = %s WHERE instance_id = %s",
    """UPDATE review_intervention SET settled_reason = %s
       WHERE instance_id = %s AND settled_reason <> ''""",
)
_OPENED: Final = """
    SELECT value FROM workflows_disclosure
    WHERE instance_id = %s AND split_part(replace(what, 'entry:', ''), ' ', 1) = ANY(%s)
"""
_ARGUMENTS: Final = """
    SELECT id, arguments::text FROM review_intervention WHERE instance_id = %s
"""
_BLANK_ARGUMENTS: Final = """
    UPDATE review_intervention SET arguments = %s::jsonb WHERE id = %s
"""
_MARK_INTERVENTIONS: Final = """
    UPDATE review_intervention SET audit_seq = %s WHERE instance_id = %s
"""
# Queries are kept as addresses have them; who types a name may type it in small letters.
_SAVED_VIEWS: Final = """
    DELETE FROM review_savedview
    WHERE strpos(lower(query), lower(%s)) > 0 OR strpos(lower(name), lower(%s)) > 0
"""


@dataclass(slots=True)
class Gone:
    """What one case loses: commitments that nobody opens again, contents as a whole."""

    commitments: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Case:
    """One case on its way out; `writes` are statements for after the entry."""

    id: UUID
    why: Why
    paths: Sequence[Path]
    secret: bytes | None
    needles: frozenset[str] = frozenset()
    gone: Gone = field(default_factory=Gone)
    writes: list[tuple[str, list[object]]] = field(default_factory=list)

    def committed(self, found: tuple[Any, Sequence[Opening]]) -> Any:
        """Return what stays of a content that entries name by digest."""
        value, openings = found
        if read_marker(value):
            return value
        self.gone.commitments.extend(one.committed for one in openings)
        return self.or_marker(value, digest(value))

    def or_marker(self, value: Any, named: str) -> Any:
        """Return a content, or a marker where it may not stay."""
        if self.why is Why.SUBJECT and not holds_words(value, self.needles):
            return value
        self.gone.contents.append(named)
        return marker(named)

    def write(self, sql: str, *values: object) -> None:
        self.writes.append((sql, list(values)))


class _Shown(NamedTuple):
    """What one round showed, and the digest that entries name it by."""

    payload: Any
    named: str
    proposal: Any


def take_away(
    *,
    instance_id: UUID,
    why: Why,
    actor: Actor,
    reason: str,
    now: dt.datetime,
    needles: frozenset[str] = frozenset(),
) -> Gone:
    """Take one case's content away; return what is gone.

    The caller holds the instance's row and has checked that it ended and that nothing
    keeps it. `needles` are values to look for besides the case's own. A crash before
    the commit leaves all of it.
    """
    definition_id, process_id, key, text = fetch(_INSTANCE, [instance_id])[0]
    process = definitions.compiled(definition_id).processes[process_id]
    case = _Case(
        id=instance_id,
        why=why,
        paths=read_paths(process),
        secret=disclosures.read_secret(instance_id),
    )
    variables = parse_json(text)
    contents = fetch(_PROPOSALS, [instance_id])
    case.needles = needles | _find_needles(case, variables, contents)
    if process.properties.get(SUBJECT, "") == BUSINESS_KEY and key:
        case.needles |= {key}
    case.needles |= _spoken(instance_id)
    _take_variables(case, variables, key)
    _take_tasks(case, contents)
    _take_words(case)
    _take_rest(case)
    seq = _record(case, actor=actor, reason=reason, now=now)
    # First, for each change of these rows is asked for its entry at the commit.
    run(_MARK_INTERVENTIONS, [seq, instance_id])
    for sql, values in case.writes:
        run(sql, values)
    _forget_secrets(case, now=now)
    return case.gone


def find_needles(instance_id: UUID) -> frozenset[str]:
    """Return the personal values of a case as texts, to look for in other places."""
    definition_id, process_id, key, text = fetch(_INSTANCE, [instance_id])[0]
    process = definitions.compiled(definition_id).processes[process_id]
    case = _Case(instance_id, Why.SUBJECT, read_paths(process), None)
    found = _find_needles(case, parse_json(text), fetch(_PROPOSALS, [instance_id]))
    named = process.properties.get(SUBJECT, "") == BUSINESS_KEY and key
    return found | {key} if named else found


def _find_needles(
    case: _Case, variables: Any, contents: Sequence[Sequence[Any]]
) -> frozenset[str]:
    found = set(list_needles([variables], case.paths))
    policies = _policies(case.id)
    for task_id, payload, *_ in contents:
        paths = personal.read_paths(policies.get(task_id, {}))
        found |= list_needles([parse_json(payload)], paths)
    for revision in _revisions(case.id):
        paths = personal.read_paths(policies.get(revision.task_id, {}))
        found |= list_needles([revision.payload], paths)
    return frozenset(found)


def _spoken(instance_id: UUID) -> frozenset[str]:
    """Return what people wrote about a case, where it is long enough to look for."""
    asked = InformationRequest.objects.filter(instance_id=instance_id)
    said = [
        *Verdict.objects.filter(instance_id=instance_id).values_list("rationale"),
        *Note.objects.filter(instance_id=instance_id).values_list("text"),
        *asked.values_list("question"),
        *asked.values_list("answer"),
        *(
            (text,)
            for (value,) in fetch(_OPENED, [instance_id, sorted(TYPED)])
            if isinstance(text := parse_json(value), str)
        ),
    ]
    return frozenset(text for (text,) in said if len(text) >= LONG_WORDS)


def _policies(instance_id: UUID) -> dict[int, Mapping[str, Any]]:
    tasks = Task.objects.filter(instance_id=instance_id).select_related("content")
    return {task.id: task.content.policy for task in tasks}


def _revisions(instance_id: UUID) -> Sequence[TaskRevision]:
    return list(
        TaskRevision.objects.filter(task__instance_id=instance_id).order_by("id")
    )


def _take_variables(case: _Case, variables: Any, key: str) -> None:
    found: tuple[Any, list[Opening]] = (variables, [])
    if case.secret is not None and case.paths and not read_marker(variables):
        found = commit_at(variables, case.paths, salts_of(case.secret))
    left = case.committed(found)
    personal_key = case.why is Why.SUBJECT and holds_words(key, case.needles)
    case.write(
        "UPDATE workflows_instance SET variables = %s::jsonb, data = '{}',"
        " business_key = CASE WHEN %s THEN '' ELSE business_key END WHERE id = %s",
        dumps(left),
        personal_key,
        case.id,
    )
    if personal_key:
        for sql in _NO_KEY:
            case.write(sql, case.id)
    _take_large(case, variables, left)


def _take_large(case: _Case, variables: Any, left: Any) -> None:
    """Let go of large values: all of them, or those that are personal."""
    used = payloads.list_used(case.id)
    kept = set()
    if case.why is Why.SUBJECT:
        kept = {
            name
            for name in used
            if f'"{name}"' not in dumps(variables) or f'"{name}"' in dumps(left)
        }
        kept = {
            name
            for name in kept
            if not holds_words(
                parse_json(payloads.read_used(case.id, name)), case.needles
            )
        }
    gone = [name for name in used if name not in kept]
    if not gone:
        return
    case.gone.contents.extend(gone)
    case.write(
        "DELETE FROM workflows_payloaduse WHERE instance_id = %s AND digest = ANY(%s)",
        case.id,
        gone,
    )
    case.write(
        "DELETE FROM workflows_payload p WHERE digest = ANY(%s) AND NOT EXISTS"
        " (SELECT FROM workflows_payloaduse u WHERE u.digest = p.digest)",
        gone,
    )


def _take_tasks(case: _Case, contents: Sequence[Sequence[Any]]) -> None:
    tasks = {
        task.id: task
        for task in Task.objects.filter(instance_id=case.id).select_related("content")
    }
    revisions = _revisions(case.id)
    for task_id, payload, proposal, why, clock, routing, proof in contents:
        task = tasks[task_id]
        said = None if proposal is None else parse_json(proposal)
        rounds = [(row, row.payload) for row in revisions if row.task_id == task_id]
        open_proposal = holds_words(said, case.needles) or case.why is Why.RETENTION
        left = _round(
            case, task, _Shown(parse_json(payload), task.payload_digest, said)
        )
        for row, old in rounds:
            kept = _round(case, task, _Shown(old, row.payload_digest, said))
            case.write(
                "UPDATE review_taskrevision SET payload = %s::jsonb WHERE id = %s",
                dumps(kept),
                row.pk,
            )
        case.write(
            "UPDATE review_taskcontent SET payload = %s::jsonb, proposal = %s::jsonb,"
            " why = %s::jsonb, clock = %s::jsonb, routing = %s::jsonb,"
            " proof = %s::jsonb WHERE task_id = %s",
            dumps(left),
            None if open_proposal or said is None else dumps(said),
            dumps(_blank(case, parse_json(why))),
            dumps(blank_words(parse_json(clock), case.needles)),
            dumps(_blank(case, parse_json(routing))),
            None if proof is None else dumps(_proof(case, parse_json(proof))),
            task_id,
        )
        if _is_told(task.title, case):
            case.write(
                "UPDATE review_task SET title = %s WHERE id = %s", WORDS, task_id
            )
    _take_edits(case, tasks)


def _round(case: _Case, task: Task, shown: _Shown) -> Any:
    """Return what stays of a round's payload; the proposal is digested with it."""
    payload, named, proposal = shown
    if read_marker(payload):
        return payload
    left, openings = personal.committed_payload(case.id, task.content.policy, payload)
    case.gone.commitments.extend(one.committed for one in openings)
    if holds_words(proposal, case.needles):
        case.gone.contents.append(named)
        return marker(named)
    return case.or_marker(left, named)


def _take_edits(case: _Case, tasks: Mapping[int, Task]) -> None:
    for row in Verdict.objects.filter(instance_id=case.id).order_by("id"):
        edits = row.edits
        if edits is not None and not read_marker(edits):
            policy = tasks[row.task_id].content.policy
            edits = case.committed(personal.committed_patch(case.id, policy, edits))
        if row.rationale_committed:
            case.gone.commitments.append(row.rationale_committed)
        case.write(
            "UPDATE review_verdict SET edits = %s::jsonb, rationale = '',"
            " rationale_salt = NULL WHERE id = %s",
            None if edits is None else dumps(edits),
            row.id,
        )


def _take_words(case: _Case) -> None:
    """Take notes, questions and answers, and what is typed and told about the case."""
    notes = Note.objects.filter(instance_id=case.id).exclude(committed="")
    case.gone.commitments.extend(notes.values_list("committed", flat=True))
    asked = InformationRequest.objects.filter(instance_id=case.id)
    for pair in asked.values_list("question_committed", "answer_committed"):
        case.gone.commitments.extend(one for one in pair if one)
    for sql in _BESIDE:
        case.write(sql, *([case.id] * sql.count("%s")))


def _take_rest(case: _Case) -> None:
    """Blank what steps, incidents, interventions and lists under a name still say."""
    for read, blank in _TEXTS:
        for number, *texts in fetch(read, [case.id]):
            left = [_blank(case, text) for text in texts]
            if left != texts:
                case.write(blank, *left, number)
    for sql in _TYPED:
        case.write(sql, WORDS, case.id)
    for number, text in fetch(_ARGUMENTS, [case.id]):
        given = parse_json(text)
        left = _blank(case, given)
        if left != given:
            case.write(_BLANK_ARGUMENTS, dumps(left), number)
    for needle in sorted(case.needles):
        if len(needle) >= LONG_WORDS // 2:
            case.write(_SAVED_VIEWS, quote_plus(needle), needle)


def _record(case: _Case, *, actor: Actor, reason: str, now: dt.datetime) -> int:
    """Write the entries that name what is gone; return the last one's place."""
    kept = fetch(
        "SELECT committed FROM workflows_disclosure WHERE instance_id = %s ORDER BY id",
        [case.id],
    )
    case.gone.commitments.extend(row[0] for row in kept)
    named = sorted(set(case.gone.commitments))
    contents = sorted(set(case.gone.contents))
    case.gone.commitments[:], case.gone.contents[:] = named, contents
    parts: list[dict[str, object]] = [
        {"commitments": list(part)} for part in in_parts(named)
    ]
    parts += [{"contents": list(part)} for part in in_parts(contents) if part]
    drafts = [
        audit.Draft(
            kind=KINDS[case.why],
            actor=actor,
            detail={
                **part,
                "commitments_in_all": len(named),
                "contents_in_all": len(contents),
                "part": number,
                "parts": len(parts),
                "reason": reason,
            },
        )
        for number, part in enumerate(parts, start=1)
    ]
    return audit.record(instance_id=case.id, drafts=drafts, now=now)


def _forget_secrets(case: _Case, *, now: dt.datetime) -> None:
    run("DELETE FROM workflows_disclosure WHERE instance_id = %s", [case.id])
    run(
        "INSERT INTO workflows_contentkey"
        " (instance_id, secret, subject, erased_at, erased_for)"
        " VALUES (%s, NULL, '', %s, %s) ON CONFLICT (instance_id) DO UPDATE"
        " SET secret = NULL, subject = '', erased_at = EXCLUDED.erased_at,"
        " erased_for = EXCLUDED.erased_for",
        [case.id, now, case.why.value],
    )


def _blank(case: _Case, value: Any) -> Any:
    if case.why is Why.RETENTION and isinstance(value, Mapping):
        # Which control, policy and rules: no content. What explains it is.
        kept = (
            "control", "policy", "grid", "grid_policy", "quorum_policy", *PINS,
            "reveal", "excluded",
        )  # fmt: skip
        value = {name: value[name] for name in kept if name in value}
    return blank_words(value, case.needles)


def _proof(case: _Case, proof: Any) -> Any:
    """Return what stays of a proof: who decided is nobody's content but the reasons."""
    if read_marker(proof) or not holds_words(proof, case.needles):
        return proof
    named = digest(proof)
    case.gone.contents.append(named)
    return marker(named)


def _is_told(title: str, case: _Case) -> bool:
    """Tell whether a title may carry a value: also a short one, as a word of its own."""
    if case.why is Why.RETENTION or holds_words(title, case.needles):
        return True
    words = set(title.replace(",", " ").replace(":", " ").split())
    return not words.isdisjoint(case.needles)
