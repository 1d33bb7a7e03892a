"""People at work: by key, two together, live, and without scripts."""

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.conftest import Backstage, People, Site


def _is_open(page: Page, selector: str) -> bool:
    return bool(page.evaluate(f"document.querySelector('{selector}').open"))


def test_two_people_complete_dual_control_by_key(people: People, site: Site) -> None:
    queue = people.page("alice", "/queues/desk/?control=DUAL")
    case = queue.locator("tbody tr a").first.inner_text()
    queue.keyboard.press("j")
    expect(queue.locator("tr.is-current a")).to_be_focused()
    queue.keyboard.press("Enter")
    queue.wait_for_url("**/tasks/**")
    queue.keyboard.press("n")
    expect(queue.locator("[data-lease-left]")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(queue.locator("ins").first).to_contain_text("Logistics")
    queue.keyboard.press("a")
    expect(queue.locator("[data-draft-status]")).to_contain_text("Draft saved")
    queue.keyboard.press("Control+Enter")
    expect(queue.locator("#messages")).to_contain_text("waits for another person")

    second = people.page("bob", "/queues/desk/?control=DUAL")
    second.get_by_role("link", name=case).click()
    expect(second.locator("main")).to_contain_text("hidden until yours stands")
    expect(second.locator("main")).not_to_contain_text("Alice")
    second.keyboard.press("n")
    second.locator("[data-lease]").wait_for()
    second.keyboard.press("a")
    second.keyboard.press("Control+Enter")
    expect(second.locator("#messages")).to_contain_text(f"{case} is approved")

    manager = people.page("carol", f"/instances/?state=COMPLETED&q={case}")
    expect(manager.locator("tbody tr")).to_have_count(1)
    auditor = people.page("dan", f"/audit/?kind=task.decided&q={case}")
    expect(auditor.locator("tbody tr")).to_have_count(1)


def test_new_work_is_shown_within_a_second_without_reload(
    people: People, backstage: Backstage
) -> None:
    page = people.page("alice", "/queues/desk/")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    page.evaluate("window.sameDocument = true")
    cases = page.get_by_role("link", name=re.compile("^LIVE-"))
    before = cases.count()
    backstage.start_case()
    pill = page.get_by_role("link", name="1 new")
    expect(pill).to_be_visible(timeout=5000)
    assert page.evaluate("window.sameDocument") is True
    pill.click()
    expect(cases).to_have_count(before + 1)


def test_a_page_that_hears_nothing_is_right_after_its_interval(
    people: People, backstage: Backstage
) -> None:
    """Promise 21, the browser's clock put forward; `make chaos` waits it out."""
    page = people.page("alice", alone=True)  # whose clock will be put forward
    lost: list[str | bytes] = []

    def drop(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(lambda hint: lost.append(hint))  # noqa: PLW0108

    page.route_web_socket("**/ws/hints/", drop)
    page.clock.install()
    page.goto("/queues/desk/")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    backstage.start_case()
    pill = page.get_by_role("link", name="1 new")
    while not any('"queue.desk"' in str(hint) for hint in lost):
        page.wait_for_timeout(50)
    assert pill.count() == 0
    page.clock.fast_forward(31_000)
    expect(pill).to_be_visible()


def test_a_manager_gives_work_that_will_be_late_to_somebody_who_sees_it_come(
    people: People, backstage: Backstage
) -> None:
    manager = people.page("carol", "/dashboard/")
    reviewer = people.page("bob", "/")
    for page in (manager, reviewer):
        expect(page.locator("[data-live-state]")).to_have_text("live")
        page.evaluate("window.sameDocument = true")
    backstage.start_case()
    (late,) = backstage.rows(
        "UPDATE review_task SET due_at = now() + interval '40 minutes', warn_at = NULL"
        " WHERE id = (SELECT max(id) FROM review_task) RETURNING id, business_key"
    )
    task, case = late
    backstage.start_case()  # whose hint lets the dashboard look again
    row = manager.locator(f"#urgent-{task}")
    expect(row).to_contain_text("Due in", timeout=8000)
    row.get_by_role("link", name=f"Reassign {case}").click()
    dialog = manager.locator("dialog[open]")
    choice = dialog.get_by_label("To")
    bob = choice.locator("option", has_text="Bob").get_attribute("value")
    choice.select_option(bob)
    dialog.get_by_label("Why").fill("He knows this customer.")
    dialog.get_by_role("button", name="Reassign").click()
    expect(manager.locator("[data-told]")).to_have_text(f"{case}: Given to Bob.")
    expect(row).to_contain_text("Bob")
    expect(reviewer.get_by_role("link", name=case, exact=True)).to_be_visible()
    for page in (manager, reviewer):
        assert page.evaluate("window.sameDocument") is True


def test_a_process_owner_stops_a_row_and_the_next_case_flows_to_people(
    people: People, backstage: Backstage
) -> None:
    alone = backstage.start_sure()
    asked = "SELECT decided_by, state FROM review_task WHERE id = %s"
    assert backstage.rows(asked, alone) == [("AUTO", "DECIDED")]
    page = people.page("olga", "/queues/sure/grid/")
    # By the keyboard alone: to the row's button, the reason, and pressed.
    page.get_by_role("link", name="row 1 of the grid of Sure desk").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Stop row 1")
    # Other tests of this site let cases through as well.
    passed = re.compile(r"[1-9]\d* cases? that a grid decided alone")
    expect(page.get_by_text(passed)).to_be_visible()
    page.get_by_label("Why").focus()
    page.keyboard.type("It lets too much pass.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    task = backstage.start_sure()
    assert backstage.rows(asked, task) == [(None, "OPEN")]
    expect(page.locator("#diverted-head")).to_contain_text("1 went to people")
    page.goto("/queues/sure/grid/")
    expect(page.locator("[data-stop]")).to_contain_text("automatic decisions")


def _propose_quorum(page: Page, quorum: str) -> None:
    """Ask for a quorum of every case, by the editor and its preview."""
    page.goto("/queues/sure/quorum/edit/")
    page.get_by_label("Impact of row 1").fill("")
    page.get_by_label("Quorum of row 1").fill(quorum)
    page.keyboard.press("Control+Enter")
    preview = page.get_by_role("region", name="What it would have done")
    more = r"takes? more persons" if quorum != "one" else "as many persons as it is now"
    expect(preview).to_contain_text(re.compile(more))
    page.get_by_label("Reason").fill("Two of three from now on.")
    page.get_by_role("button", name="Propose").click()
    page.wait_for_url("**/policies/*/")


def test_a_quorum_changed_by_two_persons_rules_what_opens_from_then_on(
    people: People, backstage: Backstage
) -> None:
    old = backstage.start_sure(confidence="0.5")
    page = people.page("olga", "/policies/")
    _propose_quorum(page, "one")
    expect(page.locator("main")).to_contain_text("In force")
    _propose_quorum(page, "2 of 3")
    expect(page.locator("main")).to_contain_text("a second person must approve it")
    second = people.page("carol", page.url)
    expect(second.locator("main")).to_contain_text(re.compile("takes? more persons"))
    second.get_by_role("button", name="Approve").click()
    expect(second.locator("#messages")).to_contain_text("Approved.")
    new = backstage.start_sure(confidence="0.5")
    asked = """
        SELECT policy #>> '{quorum,needed}', policy #>> '{quorum_policy,version}'
        FROM review_taskcontent WHERE task_id = %s
    """
    assert backstage.rows(asked, old) == [("1", None)]
    assert backstage.rows(asked, new) == [("2", "2")]
    page.goto(f"/tasks/{new}/")
    expect(page.locator("main")).to_contain_text("quorum 2 of 3 instead of one")


def test_keys_are_ignored_while_typing_and_in_dialogs(people: People) -> None:
    page = people.page("alice", "/queues/desk/")
    page.keyboard.press("/")
    expect(page.locator("[name=q]")).to_be_focused()
    page.keyboard.type("n?")
    assert page.url.endswith("/queues/desk/")
    assert not _is_open(page, "#help")
    page.locator("h1").click()
    page.keyboard.press("?")
    assert _is_open(page, "#help")
    page.keyboard.press("n")
    assert page.url.endswith("/queues/desk/")
    page.keyboard.press("Escape")
    assert not _is_open(page, "#help")


def test_the_palette_finds_a_page(people: People) -> None:
    page = people.page("carol", "/")
    page.keyboard.press("Control+k")
    page.keyboard.type("incid")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/")


def test_single_keys_can_be_switched_off(people: People) -> None:
    page = people.page("erin", "/settings/")
    page.get_by_label("Single keys").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-keys", "off")
    page.goto("/")
    page.keyboard.press("?")
    assert not _is_open(page, "#help")
    page.keyboard.press("Control+k")
    assert _is_open(page, "#palette")


def test_the_theme_shows_at_once(people: People) -> None:
    page = people.page("olga", "/settings/")
    page.get_by_label("Dark").check()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("Compact").check()
    expect(page.locator("html")).to_have_attribute("data-density", "compact")


def test_the_lease_is_extended_by_key_and_its_loss_is_told(
    people: People,
) -> None:
    # The loan's task on the stage may be another by now: its instance was edited.
    page = people.page("alice", "/queues/credit/")
    page.keyboard.press("n")
    page.wait_for_url("**/tasks/**")
    page.locator("[data-lease]").wait_for()
    page.keyboard.press(".")
    expect(page.locator("#announce")).to_have_text("Lease extended")
    other = page.context.new_page()
    other.goto(page.url)
    other.keyboard.press("Shift+G")
    other.wait_for_url("**/queues/**")
    expect(page.locator("#task-notice")).to_contain_text("You no longer hold this task")


def test_a_focused_heading_tells_which_task_came_next(people: People) -> None:
    page = people.page("alice", "/queues/desk/")
    page.keyboard.press("n")
    page.wait_for_url("**/tasks/**")
    expect(page.locator("h1")).to_be_focused()
    page.keyboard.press("Shift+G")
    page.wait_for_url("**/queues/**")


def test_everything_works_without_scripts(people: People) -> None:
    page = people.page("alice", "/queues/desk/", java_script_enabled=False)
    page.get_by_role("button", name="Take next").click()
    page.wait_for_url("**/tasks/**")
    page.get_by_role("radio", name="Approve", exact=True).check(force=True)
    page.get_by_role("button", name="Sign and take next").click()
    expect(page.locator("#messages")).to_contain_text("Recorded")


def test_a_pressed_submit_is_sent_once(people: People) -> None:
    page = people.page("bob", "/queues/desk/")
    posts: list[str] = []
    page.on(
        "request",
        lambda request: posts.append(request.url) if request.method == "POST" else None,
    )
    page.evaluate(
        """() => {
            const button = document.querySelector('[data-key="n"]');
            button.click();
            button.click();
        }"""
    )
    page.wait_for_url("**/tasks/**")
    assert len(posts) == 1
