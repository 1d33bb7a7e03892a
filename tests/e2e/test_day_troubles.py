"""What goes wrong in a working day, and what the person at the keyboard sees of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Backstage, People

WORDS: Final = "The second page of the lease is missing."
_LAPSE: Final = """
    WITH seats AS (
        UPDATE review_seat SET lease_until = clock_timestamp() - interval '1 second'
        WHERE lease_until > clock_timestamp())
    UPDATE review_task SET lease_until = clock_timestamp() - interval '1 second'
    WHERE state = 'CLAIMED'
"""
_RELEASE: Final = """
    WITH task AS (
        UPDATE review_task SET release_at = clock_timestamp() - interval '1 second'
        WHERE id = %s RETURNING id)
    UPDATE workflows_timer t SET due_at = clock_timestamp() - interval '1 second'
    FROM task WHERE t.ref = 'release:' || task.id AND t.state = 'ARMED'
"""
_NINE_HOURS_LATER: Final = """
    WITH task AS (
        UPDATE review_task SET due_at = due_at - interval '9 hours',
            warn_at = warn_at - interval '9 hours'
        WHERE id = %s RETURNING id)
    UPDATE workflows_timer t SET due_at = clock_timestamp() - interval '1 second'
    FROM task WHERE t.ref = %s AND t.state = 'ARMED'
"""
_UNDONE: Final = """
    SELECT count(*) FROM review_verdictundo u JOIN review_verdict v ON v.id = u.verdict_id
    WHERE v.task_id = %s
"""
_STATE: Final = "SELECT state, outcome FROM review_task WHERE id = %s"


@pytest.fixture(autouse=True)
def _put_back(people: People, backstage: Backstage) -> Iterator[None]:
    """Leave nothing in anybody's hands; a refusal is no fault of the page."""
    yield
    backstage.rows(_LAPSE)
    refused = re.compile(r"status of (403|409|422)")
    people.complaints[:] = [one for one in people.complaints if not refused.search(one)]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, target: Locator) -> None:
    """Go to a control as somebody without a mouse does."""
    for _ in range(120):
        if target.evaluate("element => element === document.activeElement"):
            return
        press(page, "Tab")
    pytest.fail(f"No way by Tab to {target}.")


def rationale(page: Page) -> Locator:
    return page.locator("textarea[name=rationale]")


def claim(people: People, name: str, task: int) -> Page:
    """Let somebody open a task by its address and take it by key."""
    page = people.page(name, f"/tasks/{task}/")
    press(page, "n")
    expect(page.locator("[data-lease-left]")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    return page


def begin_to_reject(page: Page) -> None:
    press(page, "r")
    tab_to(page, rationale(page))
    page.keyboard.type(WORDS)
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft saved")


def approve(page: Page) -> None:
    press(page, "a", "Control+Enter")
    expect_recorded(page)


def expect_recorded(page: Page) -> None:
    """Wait until the server has the verdict; the next task may be there before."""
    said = page.locator("[data-toast], #messages").get_by_text("Recorded")
    expect(said.first).to_be_visible()


def test_a_lost_lease_keeps_the_draft_and_is_claimed_again_by_one_key(
    people: People, backstage: Backstage
) -> None:
    (task,) = backstage.start("Lost")
    page = claim(people, "alice", task)
    begin_to_reject(page)
    backstage.rows(_LAPSE)
    press(page, "Control+Enter")
    # Where the next task was ready it is on the page by now, and the toast leads back.
    back = page.get_by_role("link", name="Back to Lost")
    refused = page.locator("#messages").get_by_text("Your draft is kept.")
    expect(back.or_(refused)).to_be_visible()
    if back.is_visible():
        tab_to(page, back)
        press(page, "Enter")
        page.wait_for_url(f"**/tasks/{task}/")
    press(page, "n")
    expect(page.locator("[data-lease-left]")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(rationale(page)).to_have_value(WORDS)
    expect(page.get_by_role("radio", name="Reject", exact=True)).to_be_checked()


def test_a_task_taken_by_another_gets_the_draft_as_a_comment(
    people: People, backstage: Backstage
) -> None:
    (task,) = backstage.start("Taken")
    page = claim(people, "alice", task)
    begin_to_reject(page)
    backstage.rows(_LAPSE)
    other = claim(people, "bob", task)
    expect(page.locator("#task-notice")).to_contain_text("Bob has it until")
    expect(rationale(page)).to_have_value(WORDS)
    leave = page.get_by_role("button", name="Leave my draft as a comment")
    tab_to(page, leave)
    press(page, "Enter")
    expect(page.locator("#messages")).to_contain_text("stands at the task as a comment")
    other.reload()
    expect(other.locator("#comments")).to_contain_text(WORDS)


def test_what_is_handed_over_is_the_colleagues_next(
    people: People, backstage: Backstage
) -> None:
    _, task = backstage.start("Older", "Handed")
    page = claim(people, "alice", task)
    press(page, "y")
    to = page.locator("select[name=hand-to_person]")
    expect(to).to_be_focused()
    page.keyboard.type("Bob")
    press(page, "Tab")
    page.keyboard.type(WORDS)
    press(page, "Tab", "Enter")
    expect(page.locator("#messages")).to_contain_text("Handed over")
    other = people.page("bob", "/notifications/")
    expect(other.locator("main")).to_contain_text("Alice handed you Look at Handed")
    other.goto("/queues/day/")
    press(other, "n")
    expect(other.locator("#task")).to_have_attribute("data-case", "Handed")
    expect(other.locator("#comments")).to_contain_text(WORDS)


def test_a_case_changed_meanwhile_is_shown_side_by_side(
    people: People, backstage: Backstage
) -> None:
    (task,) = backstage.start("Changed", how="both")
    backstage.start("Unchanged")
    page, other = (claim(people, name, task) for name in ("alice", "bob"))
    begin_to_reject(other)
    press(page, "e", "6", "Shift+Tab", "Control+a")
    page.keyboard.type("Noordzee Shipping")
    press(page, "Control+Enter")
    expect(page.get_by_text("waits for another person")).to_be_visible()
    backstage.rows(_RELEASE, task)
    backstage.sweep()
    expect(other.locator("[data-ahead-state]")).to_contain_text("Next case ready")
    press(other, "Control+Enter")
    toast = other.locator("[data-toast]")
    expect(toast).to_contain_text("Not recorded: The case is not what you were shown")
    tab_to(other, toast.get_by_role("link", name="Back to Changed"))
    press(other, "Enter")
    expect(other.locator("#changes")).to_have_text("What has changed since you looked")
    expect(other.locator("[data-draft-status]")).to_contain_text("before you sign")
    expect(other.get_by_role("columnheader", name="You were shown")).to_be_visible()
    expect(other.locator(".fields")).to_contain_text("Noordzee Shipping")
    expect(rationale(other)).to_have_value(WORDS)


def test_four_eyes_are_two_persons_who_do_not_see_each_other(
    people: People, backstage: Backstage
) -> None:
    (task,) = backstage.start("Double", how="two")
    again = people.page("alice", f"/tasks/{task}/")
    page = claim(people, "alice", task)
    approve(page)
    backstage.rows(_RELEASE, task)
    backstage.sweep()
    press(again, "n")
    expect(again.locator("main")).to_contain_text("judged")
    expect(again.locator("main")).to_contain_text("Who may: Bob")
    other = people.page("bob", f"/tasks/{task}/")
    expect(other.locator("main")).to_contain_text("hidden until yours stands")
    expect(other.locator("main")).not_to_contain_text("Alice")
    press(other, "n")
    other.locator("[data-lease]").wait_for()
    approve(other)
    backstage.rows(_RELEASE, task)
    backstage.sweep()
    assert backstage.rows(_STATE, task) == [("DECIDED", "APPROVED")]


def test_a_verdict_is_taken_back_in_time_and_not_too_late(
    people: People, backstage: Backstage
) -> None:
    task, _ = backstage.start("Undone", "Another")
    page = claim(people, "alice", task)
    approve(page)
    page.wait_for_url(lambda url: f"/tasks/{task}/" not in url)
    press(page, "z")
    page.wait_for_url(f"**/tasks/{task}/")
    expect(page.locator("#messages")).to_contain_text("Taken back")
    expect(page.get_by_role("radio", name="Approve", exact=True)).to_be_checked()
    assert backstage.rows(_UNDONE, task) == [(1,)]
    press(page, "Control+Enter")
    page.wait_for_url(lambda url: f"/tasks/{task}/" not in url)
    expect_recorded(page)
    backstage.rows(_RELEASE, task)
    backstage.sweep()
    press(page, "z")
    expect(page.locator("main")).to_contain_text("too late to take this verdict back")
    expect(page.locator("main")).to_contain_text("A manager of the queue can reopen")
    assert backstage.rows(_UNDONE, task) == [(1,)]


def test_late_work_moves_to_the_next_queue_in_front_of_everybody(
    people: People, backstage: Backstage
) -> None:
    (task,) = backstage.start("Late")
    page = people.page("alice", "/queues/day/?all=1")
    other = people.page("bob", "/queues/night/")
    expect(page.locator(f"#task-{task}")).to_be_visible()
    backstage.rows(_NINE_HOURS_LATER, task, f"task:{task}")
    backstage.sweep()
    other.reload()
    expect(other.locator(f"#task-{task}")).to_contain_text("Breached")
    page.goto(f"/tasks/{task}/")
    expect(page.locator(".crumbs")).to_contain_text("Night desk")
    expect(page.locator("main")).to_contain_text(
        re.compile("overdue|late", re.IGNORECASE)
    )
    page.goto(f"/tasks/{task}/clock/")
    expect(page.locator("main")).to_contain_text(re.compile("escalate", re.IGNORECASE))


def test_a_question_waits_and_its_answer_comes_back_first(
    people: People, backstage: Backstage
) -> None:
    _, task = backstage.start("Before it", "Asked")
    page = claim(people, "alice", task)
    press(page, "q")
    tab_to(page, rationale(page))
    page.keyboard.type("Whose signature is this?")
    press(page, "Control+Enter")
    said = page.locator("[data-toast], #messages").get_by_text("waits for the answer")
    expect(said).to_be_visible()
    other = people.page("bob", f"/tasks/{task}/")
    expect(other.locator("#task-notice")).to_contain_text("its clock stands")
    answer = other.locator("textarea[name=return-text]")
    tab_to(other, answer)
    other.keyboard.type("The mother's.")
    press(other, "Tab", "Enter")
    expect(other.locator("#messages")).to_contain_text("goes back to who asked")
    page.goto("/queues/day/")
    press(page, "n")
    expect(page.locator("#task")).to_have_attribute("data-case", "Asked")
    expect(page.locator("main")).to_contain_text("The mother's.")
