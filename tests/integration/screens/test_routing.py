"""What comes next and why; who is there, and what each person takes."""

import datetime as dt

from review.core.states import Role
from review.models import Absence, Person, Task
from review.operations.people import availability, people
from review.operations.tasks import claims
from tests.factories.desk import World
from tests.factories.processes import TESTER
from workflows.store import database_now

HOUR = dt.timedelta(hours=1)


def staff(world: World, name: str, **skills: int) -> None:
    availability.change_staff(
        person=world.people[name],
        by=world.people["erin"],
        regions=[],
        skills=skills,
        wip_limit=None,
        calendar_key="",
    )


def test_next_up_lists_what_would_be_served_in_order_and_why(world: World) -> None:
    first, second, third, fourth = (world.open_task() for _ in range(4))
    Task.objects.filter(pk=second.pk).update(
        opened_at=first.opened_at - 6 * HOUR, serve_at=first.opened_at - 2 * HOUR
    )
    claims.claim(task_id=third.pk, person=world.people["bob"])
    now = database_now()
    Task.objects.filter(pk=fourth.pk).update(excluded=[world.people["alice"].pk])
    page = world.browser("alice").get("/next/")
    rows = page.context["rows"]
    assert [row["case"] for row in rows] == [second.business_key, first.business_key]
    assert rows[0]["aged"] == "as A"
    assert "ranks with a fresh A since" in rows[0]["why"]
    assert "nothing in your lanes comes before it" in rows[0]["why"]
    held = {group["title"]: group["lines"] for group in page.context["held_back"]}
    assert "Bob holds it until" in held["Somebody works on them"][0]
    assert fourth.business_key in held["Four eyes or a conflict of interest"][0]
    assert now <= database_now()
    html = page.content.decode()
    assert "Take next" in html
    taken = claims.claim_next(queue_keys=["desk"], person=world.people["alice"])
    assert taken is not None
    assert taken.task_id == second.pk


def test_next_up_says_what_a_person_lacks(world: World) -> None:
    task = world.open_task()
    task.lane.__class__.objects.filter(pk=task.lane_id).update(skill="law", level=2)
    page = world.browser("alice").get("/next/")
    (group,) = page.context["held_back"]
    assert group["lines"] == [
        "Credit desk: It asks for law 2; you have no such skill. 1 wait."
    ]
    unserved = world.browser("carol").get("/availability/").context["unserved"]
    assert [row["lane"] for row in unserved] == ["law 2"]
    staff(world, "alice", law=2)
    page = world.browser("alice").get("/next/")
    assert [row["lane"] for row in page.context["rows"]] == ["law 2"]
    assert world.browser("mallory").get("/next/").context["rows"] == []


def test_absence_is_noted_and_canceled_on_the_page(world: World) -> None:
    browser = world.browser("alice")
    alice = world.people["alice"]
    form = {"starts_at": "2090-01-01T09:00", "ends_at": "2090-01-02T09:00"}
    url = f"/availability/{alice.pk}/away/"
    answer = browser.post(url, {**form, "reason": "Skiing"}, follow=True)
    assert "Skiing" in answer.content.decode()
    assert browser.post(url, form).status_code == 409
    assert browser.post(url, {"starts_at": ""}).status_code == 422
    absence = Absence.objects.get()
    assert world.browser("bob").post(url, form).status_code == 403
    cancel = f"/absences/{absence.pk}/cancel/"
    assert world.browser("bob").post(cancel).status_code == 403
    browser.post(cancel)
    absence.refresh_from_db()
    assert absence.canceled_at is not None


def test_manager_changes_what_a_person_takes(world: World) -> None:
    alice = world.people["alice"]
    url = f"/availability/{alice.pk}/"
    assert world.browser("alice").get(url).status_code == 403
    carol = world.browser("carol")
    assert carol.get(url).status_code == 200
    form = {"regions": "north, south", "skills": "law 3, tax 1", "wip_limit": "4"}
    answer = carol.post(url, form)
    assert answer.status_code == 302
    alice.refresh_from_db()
    levels = dict(alice.skills.values_list("name", "level"))
    assert (alice.regions, alice.wip_limit) == (["north", "south"], 4)
    assert levels == {"law": 3, "tax": 1}
    team = carol.get("/availability/").context["team"]
    assert ("Alice", "law 3, tax 1") in [(row["name"], row["skills"]) for row in team]
    assert carol.post(url, {"skills": "law"}).status_code == 422
    newcomer = people.create_person(name="Zoe", actor=TESTER)
    people.grant_role(person=newcomer, role=Role.REVIEWER, actor=TESTER)
    pages = [carol.get(f"/availability/{p.pk}/") for p in (alice, newcomer)]
    assert [page.status_code for page in pages] == [200, 200]
    assert Person.objects.filter(disabled_at=None).count() >= 8
