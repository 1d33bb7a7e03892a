"""Bundles without personal values, or without those of some fields, verify all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from review.core.evidence.bundles import NOTHING, Redaction
from review.core.evidence.redacting import keep_rows
from review.core.states import Decision, Role
from review.evidence import files
from review.models import Task
from review.operations import queues
from tests.factories.processes import TESTER, deploy
from tests.factories.tasks import AT_ONCE, judge, make_person, review_process
from tests.integration.evidence import world
from workflows.operations import advance, instances
from workflows.operations.instances import Start

NAME, MAIL = "Zenobia Quill", "zq@example.org"
ROWS: list[dict[str, Any]] = [
    {"what": "shown in task 1 /applicant/name", "value": NAME},
    {"what": "shown in task 1 /applicant/mail", "value": MAIL},
    {"what": "shown in task 1 /guarantors/0/name", "value": "Quirin"},
    {"what": "shown in task 1 /notes", "value": f"{NAME} called."},
    {"what": "rationale of verdict 3", "value": "Has shown papers."},
]


@pytest.mark.parametrize(
    ("redaction", "kept"),
    [
        (NOTHING, [0, 1, 2, 3, 4]),
        (Redaction(without_disclosures=True), []),
        (Redaction(fields=("applicant.name",)), [1, 2]),
        (Redaction(fields=("applicant",)), [2]),
        (Redaction(fields=("guarantors.*.name",)), [0, 1, 3]),
        (Redaction(fields=("elsewhere",)), [0, 1, 2, 3]),
    ],
)
def test_field_is_left_out_with_what_would_tell_it(
    redaction: Redaction, kept: list[int]
) -> None:
    assert keep_rows(ROWS, redaction) == [ROWS[number] for number in kept]


@pytest.mark.slow
@pytest.mark.django_db
def test_redacted_bundles_verify_and_do_not_hold_what_is_left_out(
    tmp_path: Path, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    declared = 'id="main" cs:personal="name, mail" cs:subject="name"'
    definition_id = deploy(review_process().replace('id="main"', declared))
    alice = make_person("Alice", Role.REVIEWER, queue=queue)
    values = {"name": NAME, "mail": MAIL, "amount": 5}
    start = Start(variables=values, initiator=TESTER, business_key="C-1")
    (case,) = instances.start_and_advance(definition_id=definition_id, starts=[start])
    judge(Task.objects.get(), alice, Decision.APPROVE)
    while advance.advance_batch(worker="test").instances:
        pass
    world.seal_log()
    found: dict[Redaction, tuple[bool, bool]] = {}
    for number, redaction in enumerate((
        NOTHING,
        Redaction(without_disclosures=True),
        Redaction(fields=("name",)),
    )):
        bundle = world.export([case], redaction=redaction)
        made = world.Made(bundle.pk, [case], world.path_of(bundle), "")
        folder = made.unpack(tmp_path / str(number))
        assert world.faults_of(folder) == []
        data = b"".join(
            path.read_bytes() for path in folder.rglob("*") if path.is_file()
        )
        found[redaction] = NAME.encode() in data, MAIL.encode() in data
        told = files.Bundle(folder).read_json(files.SELECTION)
        assert told["redaction"] == redaction.to_json()
        lines = world.lines_of(folder, files.DISCLOSURES)
        assert told["counts"]["disclosures"] == len(lines)
        if redaction == NOTHING:
            path = folder / files.DISCLOSURES
            path.write_bytes(path.read_bytes().replace(NAME.encode(), b"Somebody else"))
            world.write_fitting_manifests(folder)
            faults = world.faults_of(folder)
            assert any("is not the value that was committed to" in f for f in faults)
    assert list(found.values()) == [(True, True), (False, False), (False, True)]
