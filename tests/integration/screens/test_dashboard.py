"""The dashboard: rows to act on in place, panels, files, the tasks behind figures."""

import csv
import datetime as dt
import io
import json
import re
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from review.core.figures.figures import FIGURES
from review.core.states import Role
from review.models import SavedView, Task
from review.operations.figures import rollups
from review.operations.people import availability, people
from review.views.overview.panels import PANELS
from tests.factories.desk import World
from tests.factories.processes import TESTER
from tests.integration.screens.test_task import approve
from workflows.models import AuditEntry
from workflows.store import database_now

HOUR: Final = dt.timedelta(hours=1)
FRAGMENT: Final = {"HX-Request": "true"}


def age(task: Task, *, hours: float, due_in_hours: float) -> None:
    """Move a task's clock: opened so long ago, due from now on."""
    now = task.opened_at
    Task.objects.filter(pk=task.pk).update(
        opened_at=now - hours * HOUR,
        warn_at=None,
        due_at=now + due_in_hours * HOUR,
        breached_at=now + due_in_hours * HOUR if due_in_hours < 0 else None,
    )


def rows_of(browser: Client, **query: str) -> list[int]:
    context = browser.get(reverse("dashboard"), query).context
    return [row["id"] for row in context["rows"]]


def read_csv(browser: Client, url: str) -> list[list[str]]:
    answer = browser.get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer).decode()
    return list(csv.reader(io.StringIO(text)))


def test_late_work_comes_first_and_only_its_managers_act(world: World) -> None:
    late, soon, calm = (world.open_task() for _ in range(3))
    age(late, hours=9, due_in_hours=-1)
    age(soon, hours=5, due_in_hours=2)
    age(calm, hours=1, due_in_hours=20)
    answer = world.browser("carol").get(reverse("dashboard"))
    context = answer.context
    assert [row["id"] for row in context["rows"]] == [late.pk, soon.pk]
    assert (context["breached"], context["due"]) == ("1", "1")
    assert [deed.label for deed in context["rows"][0]["deeds"]] == [
        "Reassign",
        "Raise class",
        "Escalate",
    ]
    for who in ("olga", "dan", "erin"):
        shown = world.browser(who).get(reverse("dashboard")).context
        assert [row["deeds"] for row in shown["rows"]] == [(), ()], who
        url = reverse("figure-act")
        words = {"act": "assign", "task": str(late.pk), "to": "", "reason": "Try."}
        assert world.browser(who).post(url, words).status_code == 403
    part = world.browser("carol").get(reverse("dashboard"), headers=FRAGMENT)
    assert part.content.decode().lstrip().startswith("<section")


def test_a_manager_acts_in_place_and_a_refusal_comes_back_into_the_form(
    world: World,
) -> None:
    task = world.open_task()
    age(task, hours=5, due_in_hours=1)
    carol, url = world.browser("carol"), reverse("figure-act")
    form = carol.get(f"{url}?act=assign&task={task.pk}", headers=FRAGMENT)
    assert "Alice: holds 0, given 0" in form.content.decode()
    alice = str(world.people["alice"].pk)
    words = {"act": "assign", "task": str(task.pk), "to": alice, "reason": ""}
    unsaid = carol.post(url, words, headers=FRAGMENT)
    assert unsaid.status_code == 422
    done = carol.post(url, {**words, "reason": "She is free."}, headers=FRAGMENT)
    assert (done.status_code, done["X-Refresh"]) == (204, "urgent")
    assert "Given%20to%20Alice" in done["X-Done"]
    row = carol.get(reverse("dashboard")).context["rows"][0]
    assert row["held_by"] == "Alice"
    rank = {"act": "rank", "task": str(task.pk), "to": "A", "reason": "It is urgent."}
    assert carol.post(url, rank, headers=FRAGMENT).status_code == 204
    again = carol.post(url, rank, headers=FRAGMENT)
    assert again.status_code == 409
    assert "The task is of class A already." in again.content.decode()
    move = {"act": "move", "task": str(task.pk), "to": "senior", "reason": "Too hard."}
    moved = carol.post(url, move)  # without scripts: a page, and back
    assert moved["Location"].startswith(reverse("dashboard"))
    task.refresh_from_db()
    assert (task.queue.key, task.priority_class, task.claimed_by) == (
        "senior",
        "A",
        None,
    )


def test_many_acts_say_of_each_task_what_became_of_it(world: World) -> None:
    one, other = world.open_task(), world.open_task()
    carol, url = world.browser("carol"), reverse("figure-act")
    both = [str(one.pk), str(other.pk)]
    rank = {"act": "rank", "task": [both[0]], "to": "A", "reason": "First."}
    carol.post(url, rank)
    told = carol.post(url, {**rank, "task": both})
    assert "1 of 2 done" in told.content.decode()
    assert "is of class A already" in told.content.decode()


def test_a_manager_of_one_queue_sees_and_moves_its_work_alone(world: World) -> None:
    task = world.open_task()
    age(task, hours=9, due_in_hours=-1)
    nina = people.create_person(
        name="Nina", actor=TESTER, username="nina", password="a-long-password"
    )
    queue = task.queue
    senior = type(queue).objects.get(key="senior")
    people.grant_role(person=nina, role=Role.MANAGER, queue=senior, actor=TESTER)
    browser = world.browser("nina")
    assert rows_of(browser) == []
    assert browser.get(reverse("dashboard"), {"queue": "desk"}).status_code == 422
    assert len(read_csv(browser, reverse("figure-rows-file", args=["wip"]))) == 1
    words = {"act": "rank", "task": str(task.pk), "to": "A", "reason": "Mine."}
    refused = browser.post(reverse("figure-act"), words)
    assert refused.status_code == 403
    assert "is not a manager of Credit desk" in refused.content.decode()


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_who_oversees_nothing_sees_no_figures(who: str, world: World) -> None:
    browser = world.browser(who)
    urls = [
        reverse("dashboard"),
        reverse("figure-list"),
        reverse("figure-act"),
        *(reverse("figure-panel", args=[name]) for name in ("aging", "quality")),
        reverse("figure-panel-file", args=["flow"]),
        reverse("figure-rows", args=["wip"]),
        reverse("figure-rows-file", args=["wip"]),
    ]
    assert {browser.get(url).status_code for url in urls} == {403}
    assert browser.post(reverse("figure-view-save")).status_code == 403


def test_every_panel_has_words_a_table_a_file_and_a_page_of_its_own(
    world: World,
) -> None:
    task = world.open_task()
    age(task, hours=9, due_in_hours=-1)
    approve(world, "alice", world.open_task())
    dan = world.browser("dan")
    page = dan.get(reverse("dashboard"), {"period": "7", "compare": "1"})
    assert [frame.id for frame in page.context["panels"]] == list(PANELS)
    for frame in page.context["panels"]:
        assert "period=7" in frame.url
        assert "compare=1" in frame.url
        part = dan.get(frame.url, headers=FRAGMENT).content.decode()
        assert f'id="panel-{frame.id}"' in part, frame.id
        assert 'class="panel-reading"' in part
        assert "style=" not in part
        whole = dan.get(frame.url)
        assert whole.status_code == 200
        assert "<h1>" in whole.content.decode()
        ids = re.findall(r'\bid="([^"]+)"', whole.content.decode())
        assert len(ids) == len(set(ids)), frame.id
        assert read_csv(dan, whole.context["panel"]["csv_url"])
        if rows_url := whole.context["panel"]["rows_url"]:
            assert dan.get(rows_url).status_code == 200
    assert dan.get(reverse("figure-panel", args=["pie"])).status_code == 404


def test_every_panel_compares_and_staffing_tells_hours_and_one_more(
    world: World,
) -> None:
    late = world.open_task()
    age(late, hours=9, due_in_hours=-1)
    approve(world, "alice", world.open_task())
    age(world.open_task(), hours=1, due_in_hours=0.1)
    rollups.catch_up()
    carol = world.browser("carol")

    def read(name: str, **query: str) -> Any:
        url = reverse("figure-panel", args=[name])
        return carol.get(url, query).context["panel"]

    for name in ("flow", "cumulative", "burn", "split", "aging"):
        plain, compared = read(name), read(name, compare="1", period="7")
        heads = [head.label for head in compared["table"].heads]
        assert "change" in " ".join(heads).lower(), name
        assert len(heads) == len(set(heads)), name
        assert not [one for one in plain["table"].heads if "hange" in one.label]
        if name in {"flow", "cumulative"}:
            keys = [key.label for key in compared["drawing"].keys if key.is_before]
            assert keys, name
    # Files hold bare numbers and moments, whatever stands before them.
    hour = read_csv(carol, read("staffing-hours")["csv_url"])[1][0]
    assert dt.datetime.fromisoformat(hour).tzinfo is not None
    for name in ("forecast", "burn"):
        urls = [fact.url for fact in read(name)["facts"]]
        assert {carol.get(url).status_code for url in urls if url} == {200}, name
    flow = read("flow", compare="1", period="7")
    keys = [key.label for key in flow["drawing"].keys if key.is_before]
    assert keys == ["Arrived before", "Closed before"]
    assert "+3 against before (0)" in flow["delta"]
    hours = read("staffing-hours")
    assert [key.label for key in hours["drawing"].keys] == ["Needed", "There"]
    # Two reviewers without hours of their own are there round the clock.
    there = {row.cells[2].label for row in hours["table"].rows}
    assert there == {"2"}
    assert len(hours["table"].rows) == 7 * 24
    assert [fact.label.partition(" until")[0] for fact in hours["facts"]] == [
        "Expected breaches today", "One more", "Hours of work left today",
    ]  # fmt: skip
    availability.plan_absence(
        person=world.people["bob"], by=world.people["carol"], reason="Away.",
        starts_at=database_now(), ends_at=database_now() + 48 * HOUR,
    )  # fmt: skip
    left = {row.cells[2].label for row in read("staffing-hours")["table"].rows}
    assert {"1", "2"} <= left


def test_aging_dots_lead_to_their_tasks(world: World) -> None:
    task = world.open_task()
    age(task, hours=9, due_in_hours=-1)
    part = world.browser("carol").get(
        reverse("figure-panel", args=["aging"]), headers=FRAGMENT
    )
    text = part.content.decode()
    assert f'<a href="{reverse("task-detail", args=[task.pk])}"' in text
    assert 'role="group"' in text


def test_filters_narrow_and_what_cannot_be_read_is_refused(world: World) -> None:
    task = world.open_task()
    age(task, hours=9, due_in_hours=-1)
    browser = world.browser("olga")
    wide = {"queue": "desk", "class": task.priority_class, "step": task.node_id}
    assert rows_of(browser, **wide, definition="screens") == [task.pk]
    assert rows_of(browser, queue="senior") == []
    assert rows_of(browser, step="elsewhere") == []
    for query in (
        {"queue": "nowhere"},
        {"period": "century"},
        {"period": "custom"},
        {"period": "custom", "since": "2026-02-30"},
        {"period": "custom", "since": "2020-03-02", "until": "2020-03-01"},
        {"period": "custom", "since": "2999-01-01"},
        {"period": "custom", "since": "2001-01-01"},
        {"class": "Z"},
    ):
        page = browser.get(reverse("dashboard"), query)
        assert page.status_code == 422, query
        # What was chosen stands in the filters, with what is wrong beside it.
        assert "nothing is shown. Please mend" in page.content.decode(), query
        assert page.context["filter_form"].errors, query
    said = browser.get(reverse("dashboard"), {"period": "custom"}).content.decode()
    assert "Say where the time begins." in said
    custom = {"period": "custom", "since": "2026-03-01", "until": "2026-03-08"}
    page = browser.get(reverse("dashboard"), custom)
    assert page.context["period_label"] == "1 Mar to 8 Mar 2026"


def test_views_are_kept_mine_and_the_teams(world: World) -> None:
    carol, url = world.browser("carol"), reverse("figure-view-save")
    words = {"name": "Desk", "query": "queue=desk&period=7&view=3&after=x"}
    kept = carol.post(url, {**words, "default": "on"})
    view = SavedView.objects.get()
    assert (view.query, view.page, view.queue) == (
        "queue=desk&period=7",
        "dashboard",
        None,
    )
    assert kept["Location"].endswith(f"?queue=desk&period=7&view={view.pk}")
    assert carol.get(reverse("dashboard"))["Location"] == kept["Location"]
    team = carol.post(url, {**words, "name": "Ours", "scope": "team"})
    assert team.status_code == 302
    shown = world.browser("dan").get(reverse("dashboard")).context["views"]
    assert [(each.name, each.is_team) for each in shown.links] == [("Ours", True)]
    assert carol.get(reverse("dashboard"))["Location"] == kept["Location"]
    ours = carol.post(url, {**words, "name": "Ours", "scope": "team", "default": "on"})
    assert carol.get(reverse("dashboard"))["Location"] == ours["Location"]
    assert carol.post(url, {**words, "default": "on"})["Location"] == kept["Location"]
    assert carol.get(reverse("dashboard"))["Location"] == kept["Location"]
    unsaid = carol.post(url, {"name": "All", "query": "", "scope": "team"})
    assert unsaid.status_code == 422
    gone = carol.post(reverse("view-delete", args=[view.pk]))
    assert gone["Location"] == reverse("dashboard")


def test_every_figure_opens_its_rows_and_says_how_it_is_computed(world: World) -> None:
    late = world.open_task()
    age(late, hours=9, due_in_hours=-1)
    carol = world.browser("carol")
    listed = carol.get(reverse("figure-list")).content.decode()
    for figure in FIGURES:
        url = reverse("figure-rows", args=[figure.key])
        assert f'href="{url}"' in listed
        page = carol.get(url)
        assert page.status_code == 200, figure.key
        assert page.context["figure"] == figure
    url = reverse("figure-rows", args=["breached_open"])
    assert [row.label for row in carol.get(url).context["table"].rows] == [
        late.business_key
    ]
    assert carol.get(reverse("figure-rows", args=["happiness"])).status_code == 404
    assert carol.get(url, {"after": "x~y"}).status_code == 422


def test_rows_come_in_pages_and_whole_as_a_file(world: World) -> None:
    world.start(53)
    Task.objects.filter(pk=Task.objects.first().pk).update(business_key="=1+1")  # type: ignore[union-attr]
    carol = world.browser("carol")
    first = carol.get(reverse("figure-rows", args=["arrivals"]))
    assert len(first.context["table"].rows) == 50
    second = carol.get(
        reverse("figure-rows", args=["arrivals"]) + first.context["pages"].next_url
    )
    assert len(second.context["table"].rows) == 3
    lines = read_csv(carol, reverse("figure-rows-file", args=["arrivals"]))
    assert len(lines) == 54
    assert lines[0][:3] == ["case", "task", "queue"]
    assert sum(line[0].startswith("=") for line in lines) == 0
    # What a case is about stays on the screens.
    assert "Noor Visser" not in str(lines)
    taken = AuditEntry.objects.filter(kind="audit.list_exported")
    assert not taken.exists()
    read_csv(world.browser("dan"), reverse("figure-rows-file", args=["arrivals"]))
    told = json.loads(taken.get().entry)
    assert told["actor"] == f"person:{world.people['dan'].pk}"
    assert told["detail"]["what"] == "tasks of Arrivals"


def test_questions_do_not_grow_with_rows(world: World) -> None:
    def count(name: str, *args: str, headers: dict[str, str] | None = None) -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = carol.get(reverse(name, args=args), headers=headers)
        assert answer.status_code == 200
        return len(captured)

    carol = world.browser("carol")
    asked = [
        ("figure-rows", "arrivals", None),
        *(("figure-panel", name, FRAGMENT) for name in PANELS),
    ]
    carol.get(reverse("dashboard"))
    for task in (world.open_task(), world.open_task()):
        age(task, hours=9, due_in_hours=-1)
    few = [count(name, key, headers=headers) for name, key, headers in asked]
    world.start(20)
    Task.objects.update(opened_at=database_now() - 30 * HOUR)
    assert few == [count(name, key, headers=headers) for name, key, headers in asked]
    assert max(few) <= 24
