"""The pages of policies: edited by plain posts, previewed, proposed, decided on."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from review.core.states import PolicyKind, Role
from review.models import Calendar, Notification, Policy, ProposedChange
from review.operations import queues
from review.operations.clocks.calendars import find_calendars
from review.operations.people import people
from review.operations.policies import policies
from tests.factories.desk import World, build_world
from tests.factories.processes import TESTER
from workflows.core.dmn import read_dmn
from workflows.models import AuditEntry

REVIEW_ALL: dict[str, Any] = {"rows": [{"control": "review"}]}
EDIT = "/queues/desk/grid/edit/"


@pytest.fixture
def world(db: None) -> World:
    return build_world()


def set_first(world: World, body: object = REVIEW_ALL) -> Policy:
    return policies.propose(
        queue_id=world.queue.id,
        kind=PolicyKind.GRID,
        body=body,
        reason="To begin with.",
        person=None,
    )


def fields(html: str) -> dict[str, str]:
    """Return what a browser would post of the editor as it stands."""
    form = html[html.index('id="editor"') :]
    found = dict.fromkeys(re.findall(r'name="(r\d+-\w+|i\d+-\w+)"', form), "")
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken":
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(
        r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)", options)
        found[name] = (chosen[1] or chosen[2]) if chosen else ""
    found |= dict(
        re.findall(
            r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL
        )
    )
    return {
        name: value.replace("&gt;", ">").replace("&lt;", "<").replace("&quot;", '"')
        for name, value in found.items()
    }


def post(
    browser: Client, html: str, do: str, *, url: str = EDIT, **changes: str
) -> tuple[int, str]:
    response = browser.post(url, {**fields(html), **changes, "do": do})
    if response.status_code == 302:
        return 302, response.headers["Location"]
    return response.status_code, response.content.decode()


def test_grid_is_edited_previewed_proposed_and_approved_without_scripts(
    world: World,
) -> None:
    set_first(world)
    world.open_task(confidence=1)
    carol, olga = world.browser("carol"), world.browser("olga")
    html = carol.get(EDIT).content.decode()
    _, html = post(carol, html, "add")
    assert re.search(r'name="r1-confidence"[^>]* autofocus', html)
    _, html = post(carol, html, "up-1", **{"r1-confidence": ">= 0.9"})
    assert fields(html)["r0-confidence"] == ">= 0.9"
    _, html = post(carol, html, "add-input")
    _, html = post(carol, html, "remove-input-0", **{"i0-expression": "employer"})
    status, html = post(
        carol, html, "preview", **{"r0-control": "auto", "r1-impact": "<"}
    )
    assert status == 422
    assert "Row 2, Impact: expected a value" in html
    status, html = post(carol, html, "preview", **{"r1-impact": "-"})
    assert status == 200
    assert "This moves 1 item from review to auto" in html
    assert "1 row added" in html
    # What was changed since the preview is not proposed unseen.
    status, other = post(
        carol, html, "propose", **{"r0-confidence": ">= 0.5", "reason": "Surely."}
    )
    assert "Look at what this would do" in other
    status, _ = post(carol, html, "propose", reason="")
    assert status == 422
    status, url = post(carol, html, "propose", reason="The spring's figures say so.")
    assert status == 302

    assert "You proposed this" in carol.get(url).content.decode()
    page = olga.get(url).content.decode()
    assert "This moves 1 item from review to auto" in page
    assert "The spring&#x27;s figures say so." in page
    told = Notification.objects.filter(kind="POLICY_PROPOSED")
    assert {one.person_id for one in told} == {world.people["olga"].id}
    assert carol.post(f"{url}approve/", {}).status_code == 403
    assert olga.post(f"{url}approve/", {}).status_code == 302
    html = olga.get("/queues/desk/grid/").content.decode()
    assert "Version 2, in force since" in html
    assert "0.9 and above" in html
    exported = olga.get(f"{url}grid.dmn")
    assert read_dmn(exported.content).tables[0].hit_policy == "FIRST"


def test_scripts_get_the_editor_alone_refused_or_not(world: World) -> None:
    set_first(world)
    world.open_task(confidence=1)
    carol, part = world.browser("carol"), {"HX-Request": "true"}
    data = {**fields(carol.get(EDIT).content.decode()), "r0-control": "dual"}
    text = ""
    for edge in ("<", "-"):
        given = {**data, "r0-impact": edge, "do": "preview"}
        found = carol.post(EDIT, given, headers=part)
        text = found.content.decode()
        assert (found.status_code, "<html" in text) == (200, False)
        assert ("This moves 1 item" in text) == (edge == "-")
    data = {**fields(text), "reason": "Surely.", "do": "propose"}
    proposed = carol.post(EDIT, data, headers=part)
    version = Policy.objects.get(state="PROPOSED")
    url = reverse("policy-detail", args=[version.id])
    assert proposed.headers["HX-Redirect"] == url


def test_calendar_is_edited_without_scripts_and_shown_as_a_week(world: World) -> None:
    hours = {"0": [["09:00", "17:00"]]}
    queues.define_calendar(
        key="office", name="Office", zone="UTC", hours=hours, actor=TESTER
    )
    page, edit = "/calendars/office/", "/calendars/office/edit/"
    seen = {
        name: tuple(world.browser(name).get(one).status_code for one in (page, edit))
        for name in ("alice", "carol", "dan", "olga")
    }
    assert seen == {
        "alice": (403, 403),
        "carol": (200, 200),
        "dan": (200, 403),
        "olga": (200, 200),
    }
    carol = world.browser("carol")
    data = fields(carol.get(edit).content.decode()) | {
        f"f-{word}": text for word, text in (("zone", "UTC"), ("mon", "9-18"))
    }
    wrong = carol.post(edit, {**data, "f-tue": "noon", "do": "preview"})
    assert (wrong.status_code, "Tuesday: " in wrong.content.decode()) == (422, True)
    html = carol.post(edit, {**data, "do": "preview"}).content.decode()
    assert "9 h of working time a week instead of 8 h (+1 h)." in html
    data |= fields(html) | {"reason": "An hour more.", "do": "propose"}
    url = carol.post(edit, data).headers["Location"]
    assert "a second person must approve it" in carol.get(url).content.decode()
    assert "Version 2</a> is proposed" in carol.get(page).content.decode()
    assert "Calendar 2 of Office" in carol.get("/policies/").content.decode()


def test_pages_are_open_to_whom_they_concern(world: World) -> None:
    first = set_first(world)
    version = reverse("policy-detail", args=[first.id])
    expected = {
        # person: list, grid of the queue, one version, editor
        "alice": (403, 200, 200, 403),
        "carol": (200, 200, 200, 200),
        "dan": (200, 200, 200, 403),
        "olga": (200, 200, 200, 200),
        "mallory": (403, 403, 403, 403),
    }
    pages = ("/policies/", "/queues/desk/grid/", version, EDIT)
    for name, statuses in expected.items():
        browser = world.browser(name)
        found = tuple(browser.get(page).status_code for page in pages)
        assert found == statuses, name
    olga = world.browser("olga")
    assert olga.get("/queues/none/grid/").status_code == 404
    assert olga.get("/policies/999999/").status_code == 404
    assert olga.get("/queues/desk/routing/").status_code == 200
    assert 'href="/policies/"' in olga.get("/policies/").content.decode()
    assert 'href="/policies/"' not in world.browser("alice").get("/").content.decode()


def test_proposals_are_declined_and_withdrawn_on_their_page(world: World) -> None:
    set_first(world)
    person = world.people["carol"]
    carol, olga = world.browser("carol"), world.browser("olga")
    for act, browser in (("decline", olga), ("withdraw", carol)):
        policy = policies.propose(
            queue_id=world.queue.id,
            kind=PolicyKind.GRID,
            body={"rows": [{"control": "dual"}]},
            reason="Twice is safer.",
            person=person,
        )
        assert "waits" in olga.get("/policies/").content.decode()
        url = reverse(f"policy-{act}", args=[policy.id])
        assert browser.post(url, {f"{act}-reason": ""}).status_code == 422
        assert browser.post(url, {f"{act}-reason": "Not this."}).status_code == 302
        again = browser.post(url, {f"{act}-reason": "Not this."})
        assert again.status_code == 409


def test_routing_rules_use_the_same_desk(world: World) -> None:
    olga = world.browser("olga")
    edit = "/queues/desk/routing/edit/"
    data = {"rows": "1", "inputs": "0", "r0-name": "Large", "r0-when": "amount >"}
    bad = olga.post(edit, {**data, "r0-class": "A", "do": "preview"})
    assert bad.status_code == 422
    assert 'aria-describedby="r0-faults"' in bad.content.decode()
    data |= {"r0-when": "amount > 500", "r0-class": "A"}
    world.open_task()
    html = olga.post(edit, {**data, "do": "preview"}).content.decode()
    assert "This moves no item to another lane. " in html
    previewed = re.search(r'name="previewed" value="(\w+)"', html)
    assert previewed
    done = olga.post(
        edit,
        {**data, "do": "propose", "previewed": previewed[1], "reason": "Large first."},
    )
    assert done.status_code == 302
    policy = Policy.objects.get(kind="ROUTING")
    assert policy.body == {
        "rules": [{"name": "Large", "when": "amount > 500", "class": "A"}]
    }
    assert policy.state == "IN_FORCE"


def test_task_page_lights_the_queues_grid(world: World) -> None:
    set_first(world)
    task = world.open_task()
    html = world.browser("alice").get(f"/tasks/{task.id}/").content.decode()
    assert "the queue&#x27;s grid 1" in html


def test_set_policy_brings_the_first_version_and_proposes_the_next(
    world: World, tmp_path: Path
) -> None:
    def run(body: object, *words: str) -> str:
        file, out = tmp_path / "grid.json", io.StringIO()
        file.write_text(body if isinstance(body, str) else json.dumps(body))
        common = ("--queue", "desk", "--kind", "grid", "--file", str(file))
        call_command("set_policy", *common, *words, stdout=out)
        return out.getvalue()

    assert run(REVIEW_ALL) == "Version 1 of the grid of desk is in force.\n"
    changed = {"rows": [{"confidence": ">= 0.99", "control": "auto"}]}
    with pytest.raises(CommandError, match="name who proposes it"):
        run(changed)
    with pytest.raises(CommandError, match="process owner or a manager"):
        run(changed, "--by", "alice")
    with pytest.raises(CommandError, match="Nobody signs in"):
        run(changed, "--by", "zoe")
    with pytest.raises(CommandError, match="Row 1: the control 'x'"):
        run({"rows": [{"control": "x"}]})
    with pytest.raises(CommandError, match="is no JSON"):
        run("{")
    assert "is proposed" in run(changed, "--by", "carol")
    with pytest.raises(CommandError, match="Version 2 is proposed"):
        run(changed, "--by", "olga")


def test_ladder_is_edited_as_rows_and_as_words(world: World) -> None:
    world.open_task()
    queues.define_queue(key="night", name="Night", actor=TESTER)
    olga, edit = world.browser("olga"), "/queues/desk/ladder/edit/"
    html = olga.get(edit).content.decode()
    assert "escalate night" in html
    sent = {**fields(html), "r0-act2": "raise A", "do": "preview"}
    html = olga.post(edit, sent).content.decode()
    assert "This changes nothing" in html
    assert fields(html)["words"] == (
        "75%: notify, raise A; 100%: notify owner, escalate"
    )
    sent = {**fields(html), "words": "50%: shout", "do": "preview"}
    answer = olga.post(edit, sent)
    html = answer.content.decode()
    assert "nothing a rung does" in html
    assert fields(html)["words"] == "50%: shout"
    assert 'name="previewed" value=""' in html
    # Words that were changed count over the rows, whichever button is pressed.
    words = "100%: notify owner; +P1D: escalate night, return"
    _, html = post(olga, html, "preview", url=edit, words=words)
    data = fields(html)
    assert (data["r1-at"], data["r1-act2"]) == ("+P1D", "return")
    assert "It lets the clock end tasks" in html
    proposed = olga.post(edit, {**data, "reason": "Sooner.", "do": "propose"})
    url = proposed.headers["Location"]
    carol = world.browser("carol")
    assert "the queue has no owner" in carol.get(url).content.decode()
    carol.post(f"{url}approve/", {})
    page = olga.get("/queues/desk/ladder/").content.decode()
    assert "In words: <code>100%: notify owner; +P1D: escalate night" in page


def test_clocks_are_edited_and_a_task_tells_which_row_gave_its_goal(
    world: World,
) -> None:
    world.open_task()
    carol, edit = world.browser("carol"), "/queues/desk/clocks/edit/"
    html = carol.get(edit).content.decode()
    _, html = post(carol, html, "add-input", url=edit)
    sent = {
        "i0-expression": "employer", "r0-t0": '"Acme"', "r0-class": "", "r0-goal": "PT2H",
        "r0-where": "over the step", "r1-goal": "P2D",
    }  # fmt: skip
    status, html = post(carol, html, "preview", url=edit, **{**sent, "r0-class": "Q"})
    assert (status, "none of the classes" in html) == (422, True)
    status, html = post(carol, html, "preview", url=edit, **{"r0-class": ""})
    assert status == 200
    assert "This changes no clock" in html
    assert "It would have counted for no task" in html
    status, url = post(carol, html, "propose", url=edit, reason="Acme pays for it.")
    assert status == 302
    world.browser("olga").post(f"{url}approve/", {})
    task = world.open_task(employer="Acme")
    page = carol.get(reverse("task-clock", args=[task.id])).content.decode()
    assert "the queue&#x27;s clocks 1, row 1" in page
    assert url in page
    detail = carol.get(reverse("task-detail", args=[task.id])).content.decode()
    assert "goal by the queue&#x27;s clocks 1, row 1" in detail


NEW_CALENDAR = "/policies/calendars/new/"


def test_new_calendar_says_what_is_wrong_with_it(world: World) -> None:
    olga = world.browser("olga")
    for who in ("alice", "dan", "erin"):
        assert world.browser(who).get(NEW_CALENDAR).status_code == 403
    assert NEW_CALENDAR in olga.get("/policies/").content.decode()
    desk = world.browser("dan").get("/policies/").content.decode()
    assert NEW_CALENDAR not in desk
    typed = fields(olga.get(NEW_CALENDAR).content.decode())
    typed |= {"name": "Night desk", "f-zone": "Nowhere"}
    page = olga.post(NEW_CALENDAR, {**typed, "do": "preview"})
    assert page.status_code == 422
    assert "is no time zone" in page.content.decode()
    typed |= {"f-zone": "Europe/Berlin", "name": ""}
    page = olga.post(NEW_CALENDAR, {**typed, "do": "preview"})
    assert "Give the calendar a name." in page.content.decode()
    typed |= {"name": "Night desk", "reason": "We open nights."}
    page = olga.post(NEW_CALENDAR, {**typed, "do": "propose"})
    assert "Look at the week" in page.content.decode()
    assert not ProposedChange.objects.exists()


def test_new_calendar_takes_two_and_is_used_like_any(world: World) -> None:
    people.grant_role(
        person=world.people["carol"], role=Role.PROCESS_OWNER, actor=TESTER
    )
    olga, carol = world.browser("olga"), world.browser("carol")
    typed = fields(olga.get(NEW_CALENDAR).content.decode())
    typed |= {"name": "Night desk", "f-country": "DE", "f-fri": "22-24", "do": "add"}
    typed = fields(olga.post(NEW_CALENDAR, typed).content.decode())
    typed |= {"r0-date": "2026-12-24", "r0-name": "Closed", "do": "preview"}
    typed = fields(olga.post(NEW_CALENDAR, typed).content.decode())
    typed |= {"reason": "We open nights.", "do": "propose"}
    sent = olga.post(NEW_CALENDAR, typed)
    change = ProposedChange.objects.get()
    where = reverse("proposed-change", args=[change.pk])
    assert sent["Location"] == where
    assert olga.post(NEW_CALENDAR, typed).status_code == 409
    assert not Calendar.objects.exists()
    assert where in carol.get("/policies/").content.decode()
    assert "22:00\N{EN DASH}24:00" in carol.get(where).content.decode()
    approve = reverse("proposed-approve", args=[change.pk])
    assert olga.post(approve).status_code == 403
    assert carol.post(approve)["Location"] == where
    made = Calendar.objects.get()
    assert (made.key, made.name, made.country) == ("night-desk", "Night desk", "DE")
    assert find_calendars(["night-desk"])["night-desk"].label == "night-desk v1"
    kinds = AuditEntry.objects.filter(kind__startswith="calendar.")
    assert list(kinds.order_by("id").values_list("kind", flat=True)) == [
        "calendar.change_proposed",
        "calendar.created",
        "calendar.change_approved",
    ]
    detail = reverse("calendar-detail", args=["night-desk"])
    assert detail in olga.get("/policies/").content.decode()
    offered = olga.get("/queues/desk/clocks/edit/").content.decode()
    assert "<option>night-desk</option>" in offered
