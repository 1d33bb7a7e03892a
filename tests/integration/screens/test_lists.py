"""Saved views, columns, acts on many tasks, batches, search, keys: by the pages."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from review.core.states import PriorityClass
from review.models import (
    Batch,
    Lane,
    Preference,
    SavedView,
    Skill,
    Skip,
    Task,
    Verdict,
)
from review.operations.tasks import claims, parking
from tests.factories.desk import World
from workflows.models import AuditEntry
from workflows.store import database_now

DESK = "/queues/desk/"
MANY = "/queues/desk/act/"


def _rows(page: Any) -> Any:
    return page.context["table"].rows


def _text(page: Any) -> str:
    return " ".join(page.content.decode().split())


def _kinds(task: Task) -> list[str]:
    return list(
        AuditEntry.objects
        .filter(chain=task.instance_id)
        .order_by("seq")
        .values_list("kind", flat=True)
    )


def _ids() -> list[int]:
    return list(Task.objects.order_by("serve_at", "id").values_list("pk", flat=True))


def test_rows_show_rank_place_and_whose_they_are(world: World) -> None:
    world.start(4)
    first, second, third, _ = Task.objects.order_by("pk")
    Task.objects.filter(pk=first.pk).update(
        opened_at=first.opened_at - dt.timedelta(hours=5)
    )
    alice = world.people["alice"]
    lane = Lane.objects.create(queue=world.queue, region="EU", skill="liens", level=2)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Task.objects.filter(pk=second.pk).update(lane=lane)
        Task.objects.filter(pk=third.pk).update(
            assigned_to=alice,
            assigned_at=third.opened_at,
            assigned_until=third.opened_at + dt.timedelta(hours=1),
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    page = world.browser("alice").get(DESK)
    cells = {int(row.pick): "".join(row.cells) for row in _rows(page)}
    assert "ranks with A since" in cells[first.pk]
    assert "liens 2" in cells[second.pk]
    assert int(_rows(page)[0].pick) == third.pk
    assert "For you until" in cells[third.pk]
    by_place = world.browser("alice").get(DESK, {"place": "EU"})
    assert [int(row.pick) for row in _rows(by_place)] == [second.pk]
    Skill.objects.create(person=alice, name="other", level=1)
    assert "For you until" in _text(world.browser("alice").get("/"))


def test_a_view_is_saved_opened_by_default_counted_renamed_and_deleted(
    world: World,
) -> None:
    world.start(2)
    world.start(1, quorum="dual")
    alice, bob = world.browser("alice"), world.browser("bob")
    saved = {"name": "Two eyes", "query": "control=DUAL&after=x", "column": ["title"]}
    answer = alice.post(
        reverse("view-save", args=["desk"]),
        {**saved, "scope": "team", "default": "on", "density": "compact"},
        follow=True,
    )
    view = SavedView.objects.get()
    assert (view.query, view.columns, view.is_team) == ("control=DUAL", ["title"], True)
    assert len(_rows(answer)) == 1
    assert [column.name for column in answer.context["table"].columns] == [
        "case",
        "title",
    ]
    assert 'data-density="compact"' in _text(answer)
    assert alice.get(DESK)["Location"].endswith(f"?control=DUAL&view={view.pk}")
    assert bob.get(DESK).status_code == 200
    counted = _text(bob.get(reverse("queue-views", args=["desk"])))
    assert 'Two eyes <span class="count">1</span>' in counted
    assert bob.post(reverse("view-delete", args=[view.pk])).status_code == 403
    alice.post(reverse("view-rename", args=[view.pk]), {"name": "Dual"})
    assert SavedView.objects.get().name == "Dual"
    carol = world.browser("carol")
    assert carol.post(reverse("view-delete", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()
    nameless = alice.post(reverse("view-save", args=["desk"]), {"name": " "})
    assert nameless.status_code == 422


def test_columns_are_kept_for_the_person(world: World) -> None:
    world.start(1)
    alice = world.browser("alice")
    alice.post(reverse("queue-columns", args=["desk"]), {"column": ["sla", "no such"]})
    names = [column.name for column in alice.get(DESK).context["table"].columns]
    assert names == ["case", "sla"]
    assert Preference.objects.get().columns == {"queue": ["sla"]}


def test_the_filters_say_how_many_they_hide(world: World) -> None:
    world.start(2)
    page = _text(world.browser("alice").get(DESK, {"rank": "A"}))
    assert "2 tasks wait in this queue, and none of them fits" in page


def test_an_open_list_is_told_what_became_of_its_rows(world: World) -> None:
    world.start(3)
    held, moved, _ = ids = _ids()
    claims.claim(task_id=held, person=world.people["bob"])
    carol = world.browser("carol")
    carol.post(
        MANY, {"act": "move", "task": [moved], "to": "senior", "reason": "Theirs"}
    )
    url = reverse("queue-standing", args=["desk"])
    rows = world.browser("alice").get(url, {"id": ids}).json()["rows"]
    news = {row["id"]: row for row in rows}
    assert news[held]["held"].startswith("Bob until")
    assert news[moved]["gone"] == "Moved to another queue"
    assert world.browser("mallory").get(url, {"id": ids}).status_code == 403


def test_managers_assign_rank_and_move_many_and_hear_of_each(world: World) -> None:
    world.start(3)
    first, second, third = _ids()
    carol = world.browser("carol")
    asked = carol.get(f"{MANY}?act=rank&task={first}&task={second}")
    assert [task["id"] for task in asked.context["tasks"]] == [first, second]
    ranked = {"act": "rank", "task": [second], "to": "A", "reason": "Urgent"}
    assert carol.post(MANY, ranked).status_code == 302
    task = Task.objects.get(pk=second)
    assert (task.priority_class, task.serve_at) == (PriorityClass.A, task.opened_at)
    assert "task.reclassed" in _kinds(task)
    told = carol.post(MANY, {**ranked, "task": [second, third]})
    assert "1 of 2 done" in _text(told)
    assert "of class A already" in _text(told)
    given = {"act": "assign", "task": [first, third], "reason": "Shift ends"}
    carol.post(MANY, {**given, "to": world.people["bob"].pk})
    assert "task.reassigned" in _kinds(Task.objects.get(pk=first))
    assert carol.post(MANY, {**given, "reason": ""}).status_code == 400
    assert world.browser("alice").post(MANY, given).status_code == 403


def test_reviewers_claim_many(world: World) -> None:
    world.start(2)
    ids = _ids()
    claims.claim(task_id=ids[0], person=world.people["bob"])
    told = world.browser("alice").post(MANY, {"act": "claim", "task": ids})
    assert "1 of 2 done" in _text(told)
    assert Task.objects.get(pk=ids[1]).claimed_by == world.people["alice"]
    assert world.browser("alice").post(MANY, {"act": "claim"}).status_code == 422


def test_reviewers_put_many_off_and_hear_of_each(world: World) -> None:
    world.start(4)
    mine, free, parked, taken = _ids()
    alice, bob = world.people["alice"], world.people["bob"]
    claims.claim(task_id=mine, person=alice)
    claims.claim(task_id=taken, person=bob)
    lease = claims.claim(task_id=parked, person=bob)
    parking.hold_for_help(
        task_id=parked, person=bob, token=lease.token, reason="Who knows?"
    )
    browser = world.browser("alice")
    chosen: dict[str, Any] = {
        "act": "snooze",
        "task": [mine, free, parked, taken],
        "to": "P3D",
    }
    asked = browser.get(MANY, chosen)
    assert len(asked.context["tasks"]) == 4
    told = _text(browser.post(MANY, chosen))
    assert "2 of 4 done" in told
    assert "Bob holds this task" in told
    for skip in Skip.objects.all():
        back = skip.until_at - skip.skipped_at
        assert dt.timedelta(days=2) < back < dt.timedelta(days=4)
    task = Task.objects.get(pk=mine)
    assert (task.state, task.claimed_by) == ("OPEN", None)
    assert "task.skipped" in _kinds(Task.objects.get(pk=free))
    browser.post(reverse("queue-next", args=["desk"]))
    assert not Task.objects.filter(claimed_by=alice).exists()
    # The third of a day says why; a time is one to come.
    world.start(1)
    third = {"act": "snooze", "task": [_ids()[-1]], "to": "AT"}
    assert browser.post(MANY, third).status_code == 400
    over = browser.post(MANY, {**third, "at": "2020-01-01T09:00"})
    assert "Choose a time within the next 30 days" in _text(over)
    soon = (database_now() + dt.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert "say why" in _text(browser.post(MANY, {**third, "at": soon}))
    done = browser.post(MANY, {**third, "at": soon, "reason": "After the call."})
    assert done.status_code == 302
    assert world.browser("carol").post(MANY, third).status_code == 403


def _make_batch(browser: Client, ids: list[int], act: str = "approve") -> Batch:
    answer = browser.post(MANY, {"act": act, "task": ids})
    assert answer.status_code == 302, _text(answer)
    return Batch.objects.latest("pk")


def _open_sample(browser: Client, batch: Batch) -> None:
    for task in batch.sample:
        opened = browser.post(reverse("batch-open", args=[batch.pk, task]))
        assert opened["Location"] == reverse("task-detail", args=[task])


def test_alike_tasks_are_decided_together_after_a_look_at_some(world: World) -> None:
    world.start(5)
    ids = _ids()
    alice = world.browser("alice")
    batch = _make_batch(alice, ids)
    url = reverse("batch-detail", args=[batch.pk])
    assert len(batch.sample) == 3
    early = alice.post(url, {"typed": "5"})
    assert early.status_code == 400
    assert "3 more tasks of the sample" in _text(early)
    _open_sample(alice, batch)
    assert "Type 5" in _text(alice.post(url, {"typed": "4"}))
    claims.claim(task_id=ids[4], person=world.people["bob"])
    told = alice.post(url, {"typed": "5"}, follow=True)
    assert "4 of 5 decided" in _text(told)
    assert "Bob holds this task" in _text(told)
    assert Verdict.objects.filter(person=world.people["alice"]).count() == 4
    sampled = Task.objects.get(pk=batch.sample[0])
    if sampled.pk != ids[4]:
        assert _kinds(sampled).count("task.opened_in_batch") == 1
        assert _kinds(sampled).count("verdict.submitted") == 1
    assert world.browser("bob").get(url).status_code == 404
    assert "4 of 5 decided" in _text(alice.post(url, {"typed": "5"}))


def test_unlike_tasks_and_second_reviews_are_never_decided_together(
    world: World,
) -> None:
    world.start(1)
    world.start(1, quorum="dual")
    world.start(1, proposal={"action": "reject"})
    one, dual, other = _ids()
    alice = world.browser("alice")
    for ids, words in (
        ([one, dual], "it needs two persons"),
        ([one, other], "another proposed action"),
        ([one], "two tasks or more"),
    ):
        refused = alice.post(MANY, {"act": "approve", "task": ids})
        assert refused.status_code == 422
        assert words in _text(refused)
    assert not Batch.objects.exists()
    world.start(1)
    four = _ids()
    address = f"{MANY}?act=approve&{urlencode({'task': four}, doseq=True)}"
    asked = alice.get(address).content.decode()
    ticked = [f'value="{pk}" checked' in asked for pk in four]
    assert ticked == [True, False, False, True]
    assert "another proposed action than those chosen" in asked


def test_rejecting_together_needs_a_reason_before_anything_is_touched(
    world: World,
) -> None:
    world.start(2)
    alice = world.browser("alice")
    batch = _make_batch(alice, _ids(), act="reject")
    _open_sample(alice, batch)
    url = reverse("batch-detail", args=[batch.pk])
    assert "needs a rationale" in _text(alice.post(url, {"typed": "2"}))
    alice.post(
        url,
        {"typed": "2", "reason_code": "documents-missing", "rationale": "No payslip."},
    )
    batch.refresh_from_db()
    assert [one["sentence"] for one in batch.results] == ["Rejected."] * 2
    assert Verdict.objects.filter(decision="REJECT").count() == 2


def test_the_palette_finds_what_the_person_may_see(world: World) -> None:
    world.start(1, applicant="Sem Bakker")
    case = Task.objects.get().business_key
    find = reverse("find")

    def found(name: str, text: str) -> dict[str, list[str]]:
        groups = world.browser(name).get(find, {"q": text}).json()["groups"]
        return {g["label"]: [item["label"] for item in g["items"]] for g in groups}

    assert found("alice", "bakker") == {"Tasks": [f"{case} · Check Sem Bakker"]}
    assert found("alice", case)["Cases"] == [case]
    assert found("alice", "credit") == {"Queues": ["Credit desk"]}
    assert "People" not in found("alice", "bob")
    assert found("carol", "bob")["People"] == ["Bob"]
    assert found("dan", "bob")["People"] == ["Bob"]
    assert found("mallory", "bakker") == {}
    assert found("alice", "b") == {}


def test_managers_look_at_somebodys_work(world: World) -> None:
    world.start(1)
    claims.claim(task_id=_ids()[0], person=world.people["bob"])
    url = reverse("person-work", args=[world.people["bob"].pk])
    assert "Check Noor Visser" in _text(world.browser("carol").get(url))
    assert world.browser("alice").get(url).status_code == 403
    assert (
        world.browser("carol").get(reverse("person-work", args=[999])).status_code
        == 404
    )


def test_keys_are_changed_printed_and_reset(world: World) -> None:
    alice = world.browser("alice")
    url = reverse("settings-keys")
    clash = alice.post(url, {"next": "x"})
    assert clash.status_code == 400
    assert "is the key of" in _text(clash)
    assert "no key" in _text(alice.post(url, {"next": "Control+s"}))
    alice.post(url, {"next": "F8", "palette": "Control+b"})
    page = _text(alice.get(DESK))
    assert 'data-key="F8" aria-keyshortcuts="F8"' in page
    assert 'data-key="Control+b"' in page
    assert "data-keymap=" in page
    alice.post(reverse("settings-keys-reset"))
    assert Preference.objects.get().keys == {}


def test_settings_keep_what_differs_from_the_organisation(
    world: World, settings: Any
) -> None:
    settings.HOUSE_WELLNESS = frozenset({"greyscale", "mute"})
    alice = world.browser("alice")
    assert 'data-greyscale="on"' in _text(alice.get("/"))
    given = {"zone": "Europe/Berlin", "theme": "dark", "density": "compact"}
    soft = {"blur": "2", "mute": "on", "thumbnails": "small"}
    alice.post(reverse("personal-settings"), {**given, **soft, "single_keys": "on"})
    kept = Preference.objects.get().wellness
    assert kept == {"blur": 2, "greyscale": False, "thumbnails": "small"}
    assert 'data-blur="2"' in _text(alice.get("/"))


def test_a_missing_skill_is_told(world: World) -> None:
    task = world.open_task()
    lane = Lane.objects.create(queue=world.queue, skill="liens", level=2)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Task.objects.filter(pk=task.pk).update(lane=lane)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    told = world.browser("alice").post(
        reverse("queue-next", args=["desk"]), follow=True
    )
    assert "1 task waits, but not for you" in _text(told)


def test_a_queues_page_asks_as_often_with_views_as_with_rows(world: World) -> None:
    alice = world.browser("alice")
    world.start(2)

    def count(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert alice.get(url).status_code == 200
        return len(captured)

    views = reverse("queue-views", args=["desk"])
    for name in ("one", "two", "three"):
        alice.post(
            reverse("view-save", args=["desk"]), {"name": name, "query": "held=free"}
        )
    few, counted = count(f"{DESK}?all=1"), count(views)
    world.start(20)
    for number in range(6):
        alice.post(
            reverse("view-save", args=["desk"]),
            {"name": f"more {number}", "query": "rank=B"},
        )
    assert count(f"{DESK}?all=1") == few
    assert count(views) == counted
