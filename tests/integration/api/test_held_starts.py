"""Starts while intake is slowed: accepted, held in their order, released at the rate."""

import datetime as dt
import json
from uuid import UUID

import pytest
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from review.core.states import Role
from review.models import AlertEpisode, HeldStart, IntakeBrake
from review.operations.figures import intake
from review.operations.people import people
from tests.factories.processes import TESTER
from tests.factories.tasks import PASSWORD, make_person
from tests.integration.api.conftest import Post
from workflows.models import AuditEntry, Instance
from workflows.operations import instances
from workflows.operations.advance import advance_batch
from workflows.operations.errors import Busy
from workflows.store import database_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("definition")]

GOOD = {"definition": "payments", "variables": {"amount": 12}}


def brake(*, per_hour: int) -> IntakeBrake:
    """Slow the process, as a burnt budget does."""
    now = database_now()
    episode = AlertEpisode.objects.create(
        subject="objective:desk:x:BURNT", title="Burnt", opened_at=now
    )
    return IntakeBrake.objects.create(
        episode=episode, process="payments", per_hour=per_hour, begun_at=now
    )


def work() -> None:
    while advance_batch(worker="w").instances:
        pass


def states() -> list[str]:
    """Return the states of all instances in the order in which they were started."""
    found = Instance.objects.order_by("started_at", "id")
    return list(found.values_list("state", flat=True))


def age(hours: float) -> None:
    """Let everything have happened so many hours earlier."""
    by = dt.timedelta(hours=hours)
    HeldStart.objects.update(released_at=F("released_at") - by)
    Instance.objects.update(started_at=F("started_at") - by)


def id_of(response: HttpResponse) -> str:
    return str(json.loads(response.content)["id"])


def test_starts_above_the_rate_are_held_and_go_on_in_their_order_once(
    post: Post,
) -> None:
    slowed = brake(per_hour=2)
    assert [post(GOOD).status_code for _ in range(2)] == [201, 201]
    held = [post({**GOOD, "business_key": f"K{n}"}, key=f"k{n}") for n in range(5)]
    assert {one.status_code for one in held} == {202}
    assert {json.loads(one.content)["state"] for one in held} == {"SUSPENDED"}
    # The same key gets the same answer, and begins nothing.
    again = post({**GOOD, "business_key": "K0"}, key="k0")
    assert (again.status_code, id_of(again)) == (202, id_of(held[0]))
    with pytest.raises(Busy, match="come again"):
        instances.start(
            definition_key="payments", initiator=TESTER, variables={"amount": 1}
        )
    work()
    assert states() == ["COMPLETED"] * 2 + ["SUSPENDED"] * 5
    intake.release_due()
    work()
    assert states() == ["COMPLETED"] * 2 + ["SUSPENDED"] * 5
    # An hour later there is room for two, the oldest first; nobody overtakes them.
    age(1)
    intake.release_due()
    intake.release_due()
    work()
    assert states() == ["COMPLETED"] * 4 + ["SUSPENDED"] * 3
    assert post(GOOD, key="late").status_code == 202
    kinds = AuditEntry.objects.filter(chain=id_of(held[0])).order_by("seq")
    assert [one.kind for one in kinds][:3] == [
        "instance.started", "instance.suspended", "instance.resumed",
    ]  # fmt: skip
    # What somebody ends by hand gives up its place.
    third = UUID(id_of(held[2]))
    instances.cancel(instance_id=third, actor=TESTER, reason="Sent twice.")
    age(1)
    intake.release_due()
    work()
    assert states() == [
        "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "CANCELED",
        "COMPLETED", "COMPLETED", "SUSPENDED",
    ]  # fmt: skip
    # When the budget is well again, all go on.
    slowed.ended_at = database_now()
    slowed.save()
    intake.release_due()
    work()
    assert states()[-1] == "COMPLETED"
    assert intake.count_held("payments") == 0
    assert post(GOOD).status_code == 201


def test_process_page_tells_how_many_are_held_and_too_many_are_refused(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    brake(per_hour=0)
    monkeypatch.setattr(intake, "MOST_HELD", 2)
    assert [post(GOOD).status_code for _ in range(3)] == [202, 202, 429]
    olga = make_person("Olga", Role.PROCESS_OWNER)
    browser = Client()
    browser.force_login(
        people.add_account(
            person=olga, username="olga", password=PASSWORD, actor=TESTER
        )
    )
    page = browser.get(reverse("process-detail", args=["payments"])).content.decode()
    assert "2 starts held" in page
    url = f"{reverse('instance-list')}?definition=payments&amp;state=SUSPENDED"
    assert url in page
    listed = browser.get(url.replace("&amp;", "&")).content.decode()
    assert listed.count('href="/instances/0') >= 2
