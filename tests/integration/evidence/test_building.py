"""Ordered bundles are built by workers that may die, kept, handed out and let go."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from review.core.evidence import bundles as core
from review.core.evidence.selections import Selection
from review.core.states import Role
from review.dashboards import audit
from review.evidence import files, parts
from review.evidence.selecting import UNKNOWN, list_windows
from review.models import BundleCustody, EvidenceBundle, Person
from review.operations.evidence import building, bundles
from review.operations.people import people
from tests.factories.processes import TESTER
from tests.factories.tasks import PASSWORD
from tests.integration.evidence import world
from tests.integration.evidence.world import (
    export,
    faults_of,
    path_of,
    seal_log,
)
from workflows import dispatch, jobs
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part for each case: what thousands of cases do, few do here."""
    monkeypatch.setattr(core, "PART_CASES", 1)


def make_auditor(name: str = "Dan") -> Person:
    auditor = people.create_person(
        name=name, username=name.lower(), password=PASSWORD, actor=TESTER
    )
    people.grant_role(person=auditor, role=Role.AUDITOR, actor=TESTER)
    return auditor


def order(cases: list[UUID], doer: Any = TESTER) -> int:
    return bundles.order_bundle(selection=world.select(cases), doer=doer)


def lapse(bundle_id: int) -> None:
    """Let the lease of whoever builds a bundle be over."""
    EvidenceBundle.objects.filter(pk=bundle_id).update(
        next_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )


def kinds_of(bundle_id: int) -> list[str]:
    rows = BundleCustody.objects.filter(bundle_id=bundle_id).order_by("id")
    return list(rows.values_list("what", flat=True))


class Died(BaseException):
    """A worker's end, which no handler of his own catches."""


@pytest.fixture
def dies_in_third_part(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Kill whoever builds the third part, once; give the labels of all parts built."""
    built: list[str] = []
    whole = parts.build_part

    def build(folder: Path, cases: list[UUID], *, label: str, **rest: Any) -> Any:
        built.append(label)
        if built.count("00003") == 1 and label == "00003":
            (folder / "half").write_text("written when it died")
            raise Died
        return whole(folder, cases, label=label, **rest)

    monkeypatch.setattr(building, "build_part", build)
    return built


def test_build_of_a_dead_worker_goes_on_after_its_last_finished_part(
    dies_in_third_part: list[str],
) -> None:
    cases = world.walk_cases(4)
    seal_log()
    bundle_id = order(cases)
    with pytest.raises(Died):
        jobs.drain_bundles()
    row = EvidenceBundle.objects.get(pk=bundle_id)
    assert (row.state, row.token, len(row.parts), row.parts_total) == (
        "BUILDING",
        1,
        2,
        4,
    )
    assert 0 < row.entries_done < row.entries
    assert jobs.drain_bundles() == 0  # his lease holds: nobody else has it yet
    lapse(bundle_id)
    assert jobs.drain_bundles() == 1
    assert dies_in_third_part == ["00001", "00002", "00003", "00003", "00004"]
    row.refresh_from_db()
    assert (row.state, row.token, row.attempts) == ("READY", 2, 0)
    assert row.entries_done == row.entries
    assert kinds_of(bundle_id) == ["evidence.exported", "evidence.finished"]
    assert faults_of(path_of(row)) == []
    assert [path.name for path in bundles.folder_of(bundle_id).iterdir()] == [
        row.file_name
    ]


def test_worker_whose_lease_was_taken_changes_nothing_more(
    dies_in_third_part: list[str],
) -> None:
    bundle_id = order(world.walk_cases(3))
    old = building.claim()
    assert old is not None
    lapse(bundle_id)
    new = building.claim()
    assert new is not None
    assert building.build(old, until=None) is False
    row = EvidenceBundle.objects.get(pk=bundle_id)
    assert (row.parts, row.state, row.token) == ([], "BUILDING", 2)
    dies_in_third_part.append("00003")  # nobody dies this time
    assert building.build(new, until=None) is True


def test_time_slice_hands_back_after_a_part_and_a_sweep_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(dispatch, "ring", rung.append)  # None: no broker takes it
    bundle_id = order(world.walk_cases(3))
    assert building.drain(seconds=0) == 0
    row = EvidenceBundle.objects.get(pk=bundle_id)
    assert (row.state, row.attempts) == ("WAITING", 0)
    monkeypatch.setattr(building, "HERE_SECONDS", 60)
    building.sweep()
    row.refresh_from_db()
    assert row.state == "READY"
    assert set(rung) == {"bundles"}


def test_what_breaks_is_tried_again_and_given_up_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(building, "build_part", break_)
    bundle_id = order(world.walk_cases(1))
    for _ in range(core.MOST_ATTEMPTS + 1):
        lapse(bundle_id)
        assert building.drain() == 0
    row = EvidenceBundle.objects.get(pk=bundle_id)
    assert row.state == "FAILED"
    assert "No space left" in row.error
    assert kinds_of(bundle_id)[-1] == "evidence.failed"
    bundles.expire_old()
    assert not bundles.folder_of(bundle_id).exists()


def test_search_of_a_bundle_goes_on_below_what_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "MOST_READ", 10)
    make_auditor()
    cases = world.walk_cases(3)
    selection = Selection("query", "A queue's", {"queue": "credit"})
    bundle_id = bundles.order_bundle(selection=selection, doer=TESTER)
    newest = AuditEntry.objects.latest("id").id + 1
    row = EvidenceBundle.objects.get(pk=bundle_id)
    for read in (10, 20):
        assert building.drain(seconds=0) == 0
        row.refresh_from_db()
        assert (row.state, row.plan, row.entries_done) == ("WAITING", "", read)
    url = reverse("bundle-detail", args=[bundle_id])
    page = sign_in("dan").get(url).content.decode()
    assert f"Looking for the cases: 20 of {row.entries} entries read" in page
    # Who dies while he writes leaves half a line, and another goes on before it.
    file = bundles.folder_of(bundle_id) / f"found-{row.token}.jsonl"
    whole = json.loads(file.read_text().splitlines()[-1])
    assert whole["below"] == newest - 20
    with file.open("a") as out:
        out.write('{"below": 1, "cas')
    looked: list[int | None] = []

    def look(*asked: Any, below: int | None, **rest: Any) -> Any:
        looked.append(below)
        return list_windows(*asked, below=below, **rest)

    monkeypatch.setattr(building, "list_windows", look)
    assert building.drain() == 1
    assert looked == [newest - 20]
    row.refresh_from_db()
    assert (row.state, row.cases) == ("READY", 3)
    with zipfile.ZipFile(path_of(row)) as archive:
        told = archive.read(f"evidence-{row.pk}/{files.CASES}").decode()
    asked = [json.loads(line)["instance"]["id"] for line in told.splitlines()]
    assert sorted(asked) == sorted(str(case) for case in cases)


def test_folder_that_is_gone_costs_the_work_and_not_the_bundle(
    dies_in_third_part: list[str],
) -> None:
    bundle_id = order(world.walk_cases(3))
    with pytest.raises(Died):
        building.drain()
    shutil.rmtree(bundles.folder_of(bundle_id))
    lapse(bundle_id)
    assert building.drain() == 1
    row = EvidenceBundle.objects.get(pk=bundle_id)
    assert faults_of(path_of(row)) == []


def test_bundle_called_off_is_not_built_and_not_called_off_twice() -> None:
    auditor = make_auditor()
    bundle_id = order(world.walk_cases(1), auditor)
    claimed = building.claim()
    assert claimed is not None
    bundles.cancel_bundle(bundle_id=bundle_id, person=auditor)
    assert building.build(claimed, until=None) is False
    assert kinds_of(bundle_id) == ["evidence.exported", "evidence.canceled"]
    with pytest.raises(Conflict, match="is canceled"):
        bundles.cancel_bundle(bundle_id=bundle_id, person=auditor)


def test_old_file_goes_and_its_record_stays(settings: Settings) -> None:
    row = export(world.walk_cases(1))
    file = path_of(row)
    lapse(row.pk)
    bundles.expire_old()
    assert not file.exists()
    row.refresh_from_db()
    assert (row.state, row.file_name) == ("EXPIRED", "")
    assert row.digest
    assert kinds_of(row.pk)[-1] == "evidence.expired"
    with pytest.raises(Conflict, match="no file"):
        bundles.open_download(bundle_id=row.pk, doer=TESTER)


def test_only_auditors_order() -> None:
    somebody = people.create_person(name="Eve", actor=TESTER)
    with pytest.raises(Forbidden):
        order([uuid4()], somebody)


# --- downloads ------------------------------------------------------------------------


def sign_in(name: str) -> Client:
    browser = Client()
    assert browser.login(username=name, password=PASSWORD)
    return browser


def test_download_is_resumed_where_it_broke_off_and_each_time_is_on_record() -> None:
    auditor = make_auditor()
    row = export(world.walk_cases(1))
    data = path_of(row).read_bytes()
    browser = sign_in("dan")
    url = reverse("bundle-download", args=[row.pk])
    whole = browser.get(url)
    assert b"".join(whole) == data
    assert whole["Accept-Ranges"] == "bytes"
    rest = browser.get(url, headers={"Range": "bytes=1000-", "If-Range": whole["ETag"]})
    assert (rest.status_code, b"".join(rest)) == (206, data[1000:])
    assert rest["Content-Range"] == f"bytes 1000-{len(data) - 1}/{len(data)}"
    last = browser.get(url, headers={"Range": "bytes=-10"})
    assert b"".join(last) == data[-10:]
    changed = browser.get(url, headers={"Range": "bytes=5-9", "If-Range": '"other"'})
    assert (changed.status_code, len(b"".join(changed))) == (200, len(data))
    beyond = browser.get(url, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    asked = list(
        BundleCustody.objects
        .filter(what="evidence.downloaded")
        .order_by("id")
        .values_list("actor", "first_byte", "last_byte", "digest")
    )
    end = len(data) - 1
    me = f"person:{auditor.pk}"
    assert [one[:3] for one in asked] == [
        (me, 0, end),
        (me, 1000, end),
        (me, len(data) - 10, end),
        (me, 0, end),
    ]
    assert {one[3] for one in asked} == {row.digest}
    entries = AuditEntry.objects.filter(kind="evidence.downloaded").order_by("seq")
    told = json.loads(entries[1].entry)
    assert told["detail"]["first_byte"] == 1000
    assert told["detail"]["digest"] == row.digest
    page = browser.get(reverse("bundle-detail", args=[row.pk])).content.decode()
    assert "bytes 1,000 to" in page
    assert row.digest in page


def test_custody_is_only_ever_added_and_files_need_an_entry() -> None:
    row = export(world.walk_cases(1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in (
            "UPDATE review_bundlecustody SET actor_name = 'x'",
            "DELETE FROM review_bundlecustody",
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(statement)
    assert EvidenceBundle.objects.filter(pk=row.pk).exists()


def test_pages_tell_how_far_it_is() -> None:
    make_auditor()
    browser = sign_in("dan")
    assert (
        "Nothing was taken away" in browser.get(reverse("bundle-list")).content.decode()
    )
    bundle_id = order(world.walk_cases(2))
    EvidenceBundle.objects.filter(pk=bundle_id).update(
        state="BUILDING", plan="plan", parts_total=2, parts=[{}], entries=20,
        entries_done=5, next_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    page = browser.get(reverse("bundle-detail", args=[bundle_id])).content.decode()
    assert "5 of 20 entries, 1 of 2 parts" in page
    assert 'value="25"' in page
    assert "Tested cases" in browser.get(reverse("bundle-list")).content.decode()
    done = browser.post(reverse("bundle-cancel", args=[bundle_id]))
    assert done.status_code == 302
    page = browser.get(reverse("bundle-detail", args=[bundle_id])).content.decode()
    assert "Called off" in page


# --- what is asked for ------------------------------------------------------------


def test_what_is_not_there_is_reconciled_as_withheld() -> None:
    (case,) = world.walk_cases(1)
    missing = uuid4()
    row = export([missing, case])
    assert (row.cases, row.withheld) == (1, 1)
    with zipfile.ZipFile(path_of(row)) as archive:
        text = archive.read(f"evidence-{row.pk}/{files.RECONCILE}").decode()
    assert f'"{missing}","asked","withheld","{UNKNOWN}"' in text
    assert faults_of(path_of(row)) == []


def test_bundle_of_nothing_is_whole() -> None:
    row = export([uuid4()])
    assert (row.cases, row.entries) == (0, 0)
    assert faults_of(path_of(row)) == []


def test_next_bundle_proves_that_the_log_grew_out_of_the_one_before(
    data_dir: Path,
) -> None:
    world.walk_cases(1)
    key = seal_log()
    first = export(world.walk_cases(1))
    with zipfile.ZipFile(path_of(first)) as archive:
        note = archive.read(f"evidence-{first.pk}/{files.CHECKPOINT}").decode()
    seal_log()
    second = export(world.walk_cases(1))
    with zipfile.ZipFile(path_of(second)) as archive:
        archive.extractall(data_dir)
    folder = data_dir / f"evidence-{second.pk}"
    told = files.Bundle(folder).read_json(files.CONSISTENCY)
    assert told["from"] == note
    assert faults_of(folder, key=key, since=note) == []
    later = note.replace(note.splitlines()[2], "A" * 43 + "=")
    assert any("growth" in one for one in faults_of(folder, key=key, since=later))
    with pytest.raises(Invalid, match="no checkpoint of this log"):
        bundles.order_bundle(
            selection=world.select([]), doer=TESTER, since="nonsense\n"
        )
    path = folder / files.CONSISTENCY
    path.write_bytes(path.read_bytes().replace(b'"path":["', b'"path":["00'))
    world.write_fitting_manifests(folder)
    assert any(one.startswith("growth: ") for one in faults_of(folder))


# --- the command ------------------------------------------------------------------


def test_command_writes_a_folder_or_a_zip_and_is_on_record(data_dir: Path) -> None:
    case, other = world.walk_cases(2)
    target = data_dir / "a.zip"
    call_command("export_evidence", str(case), "--to", str(target))
    assert faults_of(target) == []
    entry = json.loads(AuditEntry.objects.get(kind="evidence.exported").entry)
    assert entry["detail"]["instance"] == str(case)
    assert entry["actor"] == "system:command-line"
    words = ("--to", str(data_dir), "--reason", "court", "--without-values")
    call_command("export_evidence", str(case), str(other), *words)
    (folder,) = data_dir.glob("evidence-*")
    code, out = world.run_verifier(script=folder / "verify.py")
    assert code == 0, out
    assert "signature: none" in out
    related = (folder / files.RELATED).read_text().splitlines()
    assert [json.loads(line)["kind"] for line in related] == [
        "definition.deployed",
        "evidence.exported",
    ]
    told = json.loads((folder / files.SELECTION).read_text())
    assert told["redaction"]["without_disclosures"] is True
    assert told["reason"] == "court"
    with pytest.raises(CommandError, match="exists"):
        call_command("export_evidence", str(case), "--to", str(target))


def test_command_exports_what_a_search_finds(data_dir: Path) -> None:
    world.walk_cases(2)
    target = data_dir / "found.zip"
    call_command("export_evidence", "--where", "q==L-2", "--to", str(target))
    row = EvidenceBundle.objects.get()
    assert row.cases == 1
    assert Selection.from_json(row.selection).facets == {"q": "=L-2"}
    assert faults_of(target) == []
    with pytest.raises(CommandError, match="No facet: cse"):
        call_command("export_evidence", "--where", "cse=1", "--to", str(target) + "2")


@pytest.mark.parametrize(
    ("to", "words"),
    [("new.zip", "There is no instance"), ("missing/new.zip", "is no folder")],
)
def test_command_refuses_what_it_cannot_do(to: str, words: str, data_dir: Path) -> None:
    case = str(uuid4() if to == "new.zip" else world.walk_cases(1)[0])
    with pytest.raises(CommandError, match=words):
        call_command("export_evidence", case, "--to", str(data_dir / to))
    assert not EvidenceBundle.objects.exists()
