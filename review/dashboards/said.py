"""What people typed into entries of cases, for pages that show the entries.

An entry holds a commitment to such words (workflows/core/typed.py); here they are read
from where they are kept, as long as the case has its content.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from review.core.evidence.erasing import WORDS
from review.dashboards.sql import read_json, read_rows
from review.evidence.masking import COVER, Mask
from workflows.audit import INSTALLATION
from workflows.core.commitments import COMMITTED, find_commitments, read_stand_in
from workflows.core.typed import list_typed

_SAID: Final = """
    SELECT c.chain, k.erased_at IS NOT NULL AS is_erased,
        k.secret IS NOT NULL AS is_personal, d.committed, d.value
    FROM unnest(%(chains)s::uuid[]) AS c(chain)
    LEFT JOIN workflows_contentkey k ON k.instance_id = c.chain
    LEFT JOIN (
        SELECT instance_id, committed, value FROM workflows_disclosure
        WHERE instance_id = ANY(%(chains)s) AND committed = ANY(%(named)s)
        UNION ALL
        SELECT instance_id, committed, to_json(text)::text FROM review_note
        WHERE task_id = ANY(%(tasks)s) AND salt IS NOT NULL
        UNION ALL
        SELECT q.instance_id, s.committed, to_json(s.text)::text
        FROM review_informationrequest q CROSS JOIN LATERAL (VALUES
            (q.question_committed, q.question, q.question_salt),
            (q.answer_committed, q.answer, q.answer_salt)
        ) AS s(committed, text, salt)
        WHERE q.task_id = ANY(%(tasks)s) AND s.salt IS NOT NULL
    ) d ON d.instance_id = c.chain AND d.committed = ANY(%(named)s)
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """Typed words by case and commitment, and whose content was erased.

    `mask` covers what an auditor may not see of the one case that the entries are of.
    """

    words: Mapping[tuple[UUID, str], Any] = dataclasses.field(default_factory=dict)
    erased: frozenset[UUID] = frozenset()
    mask: Mask | None = None

    def open(self, chain: UUID, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an entry's detail with the words that people typed, where they are.

        Of a case whose content was erased it says so instead.
        """
        told = dict(detail)
        for name, committed in list_typed(detail):
            told[name] = self.words.get((chain, committed), detail[name])
        if chain in self.erased:
            for name, value in told.items():
                if read_stand_in(value) is not None:
                    told[name] = WORDS
        return told

    def cover(self, text: str) -> str:
        """Return what is told of an entry, covered where there is a cover."""
        return text if self.mask is None else str(self.mask.words(text))


def read_said(
    rows: Iterable[Any], *, mask: Mask | None = None, hides_personal: bool = False
) -> Said:
    """Return what people typed into these entries; no statement where nobody did.

    `rows` have `chain` and `entry`, and are of one case where there is a mask.
    `hides_personal` covers what was said in cases that declare personal values: a list
    for an auditor is of many, and none of them is unmasked there.
    """
    chains: set[UUID] = set()
    tasks: set[int] = set()
    named: set[str] = set()
    for row in rows:
        if row.chain == INSTALLATION or f'"{COMMITTED}"' not in row.entry:
            continue
        detail = json.loads(row.entry)["detail"]
        chains.add(row.chain)
        named.update(committed for _, committed in find_commitments(detail))
        if isinstance(detail.get("task"), int):
            tasks.add(detail["task"])
    if not chains:
        return Said(mask=mask)
    found = _read(chains, tasks, named)
    words: dict[tuple[UUID, str], Any] = {}
    for row in found:
        if row.committed is not None:
            is_covered = hides_personal and row.is_personal
            words[row.chain, row.committed] = (
                COVER if is_covered else read_json(row.value)
            )
    return Said(words, frozenset(row.chain for row in found if row.is_erased), mask)


def _read(chains: set[UUID], tasks: set[int], named: set[str]) -> Sequence[Any]:
    return read_rows(
        _SAID, {"chains": list(chains), "tasks": list(tasks), "named": list(named)}
    )
