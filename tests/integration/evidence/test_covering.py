"""An auditor sees personal data covered until he says why he must see it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from review.core.evidence.sampling import Method
from review.core.states import Decision
from review.models import EvidenceBundle, Person, Task
from review.operations.evidence import samples
from review.operations.tasks import claims
from tests.factories.desk import PROCESS, World, build_world
from tests.factories.desk import payload as desk_payload
from tests.factories.processes import TESTER, deploy
from tests.integration.evidence.test_audit_desk import decide
from workflows import audit
from workflows.models import AuditEntry, Incident, Instance
from workflows.operations import instances
from workflows.operations.advance import advance_batch
from workflows.store import database_now

pytestmark = pytest.mark.django_db

NAME, EMPLOYER = "Zenobia Quill", "Quill and Daughters"


@pytest.fixture
def world() -> World:
    """Make the people, the queue and the process anew."""
    return build_world()


def _start(variables: Mapping[str, Any]) -> Task:
    """Start a case of a process that declares personal fields."""
    deploy(
        PROCESS.replace('id="main"', 'id="main" cs:personal="applicant, employer"'),
        key="personal",
    )
    instance_id = instances.start(
        definition_key="personal",
        business_key="P-1",
        initiator=TESTER,
        variables=variables,
    )
    while advance_batch(worker="test").more:
        pass
    return Task.objects.get(instance_id=instance_id)


def _check_lists(world: World) -> None:
    """Lists cover titles as well; others see them."""
    dan = world.browser("dan")
    # A list is of many cases, and to look for somebody is an entry of its own.
    queue, find = reverse("queue-detail", args=["desk"]), reverse("find")
    lists = [queue, f"{queue}?q=zenobia", f"{find}?q=zenobia", f"{find}?q=P-1"]
    found = [dan.get(url).content.decode() for url in lists]
    assert not any(NAME in page for page in found)
    assert ["P-1" in page for page in found] == [True, False, False, True]
    reviewer = world.browser("alice").get(f"{find}?q=zenobia").content.decode()
    assert NAME in reviewer


def _give_back(task: Task, person: Person, reason: str) -> None:
    lease = claims.claim(task_id=task.id, person=person)
    claims.release(task_id=task.id, person=person, token=lease.token, reason=reason)


def _break(task: Task) -> Incident:
    """Let there be an incident that speaks of the person."""
    return Incident.objects.create(
        instance_id=task.instance_id,
        step_id=task.step_id,
        state="OPEN",
        code="E1",
        message=f"No answer about {NAME}.",
        attempts=5,
        opened_at=database_now(),
        audit_seq=1,
    )


def test_personal_data_is_covered_until_it_is_unmasked(world: World) -> None:
    task = _start(desk_payload(applicant=NAME, employer=EMPLOYER, amount=Decimal(7)))
    _check_lists(world)
    _give_back(task, world.people["alice"], f"{NAME} lives next door.")
    decide(
        task,
        world.people["alice"],
        Decision.EDIT_AND_APPROVE,
        reason_code="misread",
        rationale=f"{NAME} showed her payslip.",
        edits={"/employer": "Quill & Sons"},
    )
    dan = world.browser("dan")
    plan = samples.draw_sample(
        person=world.people["dan"],
        wanted=samples.Wanted(
            title="All", method=Method.DISCOVERY, seed="1", facets={}
        ),
    )
    incident = _break(task)
    pages = [
        reverse("incident-detail", args=[incident.id]),
        reverse("audit-case", args=[task.instance_id]),
        reverse("task-detail", args=[task.pk]),
        reverse("instance-detail", args=[task.instance_id]),
        reverse("sample-item", args=[plan.id, 1]),
        f"{reverse('audit-search')}?kind=task.released",
    ]

    def read() -> str:
        return "".join(dan.get(url).content.decode() for url in pages)

    covered = read()
    for secret in (NAME, EMPLOYER, "Quill &amp; Sons", "Total due", "next door"):
        assert secret not in covered
    assert "••••••" in covered
    file = reverse("source-file", args=[task.pk, 0])
    assert dan.get(file).status_code == 403
    export = dan.post(reverse("audit-export", args=[task.instance_id]))
    assert export.status_code == 200
    export.getvalue()
    bundle = EvidenceBundle.objects.get()
    assert bundle.redaction["without_disclosures"]
    # Its key may be hers as well, and entries stay: pages look it up.
    told = AuditEntry.objects.filter(kind__startswith="evidence.")
    assert not any("P-1" in entry.entry for entry in told)
    assert (bundle.title, bundle.selection["title"]) == (
        f"Case {task.instance_id}",
    ) * 2
    assert "Case P-1" in dan.get(reverse("bundle-list")).content.decode()

    unmask = reverse("audit-unmask", args=[task.instance_id])
    dan.post(unmask, {"reason": "Her own complaint, number 17"})
    assert NAME in read()
    seen = ["next door" in dan.get(url).content.decode() for url in pages]
    assert seen == [False, True, True, True, False, False]
    assert dan.get(file).status_code != 403
    # Who judges it has always seen it.
    page = world.browser("alice").get(reverse("task-detail", args=[task.pk]))
    assert NAME in page.content.decode()


def test_typed_words_of_a_case_without_personal_fields_are_listed(world: World) -> None:
    task = world.open_task()
    _give_back(task, world.people["alice"], "I know him.")
    # As entries of before were written, with the words in them.
    head = Instance.objects.get(pk=task.instance_id)
    place = audit.Head(task.instance_id, head.audit_seq, bytes(head.audit_head))
    draft = audit.Draft("task.commented", TESTER, {"note": "An older one."})
    audit.record_rows(audit.link(place, [draft], now=database_now()))
    dan = world.browser("dan")
    timeline = dan.get(reverse("audit-case", args=[task.instance_id])).content.decode()
    found = dan.get(f"{reverse('audit-search')}?kind=task.*").content.decode()
    for page in (timeline, found):
        assert "Reason: I know him." in page
        assert "Note: An older one." in page
