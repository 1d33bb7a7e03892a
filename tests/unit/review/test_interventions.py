"""Who may approve a proposed act, and which acts take two persons."""

import datetime as dt
import re
from pathlib import Path

import pytest

from review.core.interventions import (
    CONTROL_WORDS,
    Act,
    Objection,
    Proposal,
    ProposalState,
    find_objection,
    needs_second_person,
)

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
OPEN = Proposal(
    state=ProposalState.PROPOSED,
    proposed_by=1,
    expires_at=NOW + dt.timedelta(hours=1),
    standing=7,
)


def test_another_person_approves_what_stands_as_it_stood() -> None:
    assert find_objection(OPEN, person_id=2, standing=7, now=NOW) is None


@pytest.mark.parametrize(
    ("person_id", "standing", "hours", "objection"),
    [
        (1, 7, 0, Objection.SAME_PERSON),
        (1, 8, 5, Objection.SAME_PERSON),
        (2, 7, 1, Objection.EXPIRED),
        (2, 8, 0, Objection.MOVED_ON),
        (2, 6, 0, Objection.MOVED_ON),
    ],
)
def test_nobody_else_and_nothing_else(
    person_id: int, standing: int, hours: int, objection: Objection
) -> None:
    now = NOW + dt.timedelta(hours=hours)
    found = find_objection(OPEN, person_id=person_id, standing=standing, now=now)
    assert found is objection


@pytest.mark.parametrize(
    "state", [one for one in ProposalState if one is not ProposalState.PROPOSED]
)
def test_what_is_settled_stays_settled(state: ProposalState) -> None:
    settled = Proposal(
        state=state, proposed_by=1, expires_at=OPEN.expires_at, standing=7
    )
    found = find_objection(settled, person_id=2, standing=7, now=NOW)
    assert found is Objection.SETTLED


def test_mending_counts_as_editing_and_settling_as_skipping() -> None:
    assert needs_second_person(Act.MEND, controlled={"edit"})
    assert needs_second_person(Act.SETTLE, controlled={"skip"})
    assert not needs_second_person(Act.RETRY, controlled={"edit", "skip"})


def test_the_setting_knows_the_words_of_the_acts() -> None:
    text = Path("config/settings.py").read_text(encoding="utf-8")
    (known,) = re.findall(r'"COUNTERSIGN_DUAL_CONTROL",\s+known=\[([^]]+)\]', text)
    assert set(re.findall(r'"(\w+)"', known)) == set(CONTROL_WORDS.values())
