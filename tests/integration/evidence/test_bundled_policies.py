"""Bundles have the policies that their tasks were opened under, with their texts."""

import json
import zipfile
from pathlib import Path

import pytest
from pytest_django import Settings

from review.core.states import PolicyKind
from review.evidence import files
from review.models import Task
from review.operations import queues
from review.operations.tasks import claims, tasks
from tests.factories.policies import set_calendar, set_policy
from tests.factories.processes import TESTER, deploy
from tests.factories.tasks import AT_ONCE, make_desk, open_task
from tests.integration.evidence import world
from tests.integration.evidence.world import export, lines_of, path_of
from workflows.operations import instances
from workflows.operations.instances import Start

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return tmp_path


def test_bundle_holds_the_policy_a_clock_was_started_by_wherever_its_task_went(
    tmp_path: Path,
) -> None:
    _, queue = (
        queues.define_queue(key=key, name=key, actor=TESTER, rules=AT_ONCE)
        for key in ("senior", "credit")
    )
    body = {"rows": [{"goal": "PT8H"}]}
    policy = set_policy(queue, body, kind=PolicyKind.CLOCKS)
    (case,) = instances.start_and_advance(
        definition_id=deploy(world.PROCESS),
        starts=[Start(variables={"applicant": "A"}, initiator=TESTER)],
    )
    task, ada = Task.objects.get(instance_id=case), world.make_reviewer("Ada")
    lease = claims.claim(task_id=task.id, person=ada)
    tasks.escalate(
        task_id=task.id,
        person=ada,
        token=lease.token,
        reason="Too large for this desk.",
        to_queue="senior",
    )
    with zipfile.ZipFile(path_of(export([case]))) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(files.POLICIES))
        told = json.loads(archive.read(name))
    named = (told["queue"], told["kind"], told["digest"])
    assert named == ("credit", "CLOCKS", policy.digest)


def test_bundle_has_the_policies_that_its_tasks_were_opened_under(
    tmp_path: Path,
) -> None:
    hours = {"0": [["09:00", "17:00"]]}
    calendar = queues.define_calendar(
        key="office", name="Office", zone="UTC", hours=hours, actor=TESTER
    )
    desk = make_desk(sla="PT8H", calendar="office")
    ruled = set_policy(
        desk.queue, {"rows": [{"quorum": "dual"}]}, kind=PolicyKind.QUORUM
    )
    set_calendar(calendar, {"zone": "UTC", "mon": "9-17", "tue": "9-17"})
    bundle = export([open_task(desk).instance_id])
    with zipfile.ZipFile(path_of(bundle)) as archive:
        archive.extractall(tmp_path / "out")
    folder = tmp_path / "out" / f"evidence-{bundle.pk}"
    told = {
        (row["kind"], row["queue"] or row["calendar"], row["version"]): row["digest"]
        for row in lines_of(folder, files.POLICIES)
    }
    assert sorted(told) == [
        ("CALENDAR", "office", 1),
        ("CALENDAR", "office", 2),
        ("QUORUM", "desk", 1),
    ]
    assert told["QUORUM", "desk", 1] == ruled.digest
