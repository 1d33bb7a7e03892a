"""Acts on instances in a browser: the dialog, by key, what is refused, without scripts."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Backstage, People, Site

WHY = "The customer called."


def _open_menu(page: Page) -> None:
    expect(page.locator("[data-live-state]")).to_have_text("live")  # scripts listen
    page.keyboard.press(".")
    expect(page.locator("details.menu")).to_have_attribute("open", "")


def _submit(page: Page) -> None:
    page.locator("dialog[open] [data-act-form] [type=submit]").click()


def test_an_instance_is_held_and_let_go_by_key(people: People, site: Site) -> None:
    page = people.page("olga", f"/instances/{site.made['loan_instance']}/")
    for done in ("suspended", "goes on"):
        _open_menu(page)
        page.keyboard.press("u")
        reason = page.locator("dialog[open] [name=reason]")
        expect(reason).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("details.menu summary")).to_be_focused()
        _open_menu(page)
        page.keyboard.press("u")
        expect(reason).to_be_focused()
        page.keyboard.type(WHY)
        _submit(page)
        expect(page.locator("#messages")).to_contain_text(done)


def test_an_open_menu_stays_open_while_the_page_refreshes(
    people: People, site: Site
) -> None:
    url = f"/instances/{site.made['loan_instance']}/"
    page = people.page("olga", url)
    _open_menu(page)
    other = people.page("erin", url)
    for key, state in (("u", "Suspended"), ("u", "Running")):
        _open_menu(other)
        other.keyboard.press(key)
        other.locator("dialog[open] [name=reason]").fill(WHY)
        with page.expect_response(re.compile("part=acts")):
            _submit(other)
        expect(page.locator("#instance-state")).to_contain_text(state)
        expect(page.locator("details.menu")).to_have_attribute("open", "")


def test_what_happened_meanwhile_is_shown_in_the_dialog(
    people: People, site: Site
) -> None:
    url = f"/instances/{site.made['loan_instance']}/"
    page = people.page("olga", url)
    _open_menu(page)
    page.keyboard.press("e")
    values = page.locator("dialog[open] [name=values]")
    expect(values).to_be_focused()
    values.fill(values.input_value().replace('"Kitchen"', '"Bathroom"'))
    other = people.page("erin", f"{url}acts/edit/")
    text = other.locator("[name=values]")
    text.fill(text.input_value().replace('"months": 120', '"months": 96'))
    other.locator("[name=reason]").fill(WHY)
    other.locator("[data-act-form] [type=submit]").click()
    expect(other.locator("#messages")).to_contain_text("The variables are changed")

    page.locator("dialog[open] [name=reason]").fill(WHY)
    _submit(page)
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog).to_contain_text("Instance variables edited by Erin")
    assert people.list_barriers(page) == []
    assert '"months": 96' in values.input_value()
    _submit(page)
    expect(page.locator("#messages")).to_contain_text("The variables are changed")
    facts = page.locator("section", has=page.locator("#facts")).last
    expect(facts).to_contain_text("Bathroom")
    # The browser reports the status it was given; the dialog shows what it means.
    people.complaints[:] = [one for one in people.complaints if "409" not in one]


def test_a_node_clicked_in_the_picture_is_ticked_in_the_list(
    people: People, site: Site
) -> None:
    page = people.page("olga", f"/instances/{site.made['loan_instance']}/")
    page.locator(".step-acts").get_by_role("link", name=re.compile("^Move")).click()
    shape = page.locator(".djs-shape.can-choose[data-element-id=score]")
    shape.wait_for()
    shape.click()
    expect(page.locator("#to-score")).to_be_checked()
    expect(page.locator(".djs-shape.is-chosen")).to_have_count(1)
    page.locator("#to-score").uncheck()
    expect(page.locator(".djs-shape.is-chosen")).to_have_count(0)
    assert people.list_barriers(page) == []


def test_everything_works_without_scripts(people: People, site: Site) -> None:
    page = people.page(
        "olga", f"/instances/{site.made['loan_instance']}/", java_script_enabled=False
    )
    page.locator("details.menu summary").click()
    page.get_by_role("link", name="Suspend…").click()
    for told in ("The instance is suspended.", "The instance goes on."):
        page.locator("[name=reason]").fill(WHY)
        page.locator("[data-act-form] [type=submit]").click()
        expect(page.locator("#messages")).to_contain_text(told)
        page.locator("details.menu summary").click()
        page.get_by_role("link", name=re.compile("^(Resume|Suspend)…")).click()
    for op, told in (("suspend", "Suspended."), ("resume", "Resumed.")):
        page.goto(f"/instances/act-on-many/?op={op}&definition=screens&node=one")
        boxes = page.locator("[name=id]")
        for number in range(1, boxes.count()):
            boxes.nth(number).uncheck()
        page.locator("[name=reason]").fill(WHY)
        page.get_by_role("button", name=re.compile(f"^{op}", re.IGNORECASE)).click()
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text(told)


def _settle_clocks(page: Page, *, reason: str) -> None:
    """Preview what the editor holds by key, look at it, and propose it."""
    page.keyboard.press("Control+Enter")
    expect(page.locator("#previewed")).to_be_visible()
    page.locator("#previewed [name=reason]").fill(reason)
    page.locator("#previewed").get_by_role("button", name="Propose").click()
    page.wait_for_url(re.compile(r"/policies/\d+/$"))


def test_a_threshold_changed_by_two_rules_new_work_and_leaves_the_old(
    people: People, backstage: Backstage
) -> None:
    backstage.start_sure()  # the queue is there from its first case on
    page = people.page("olga", "/queues/sure/clocks/edit/")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    page.get_by_role("button", name="Ask for something").click()
    page.get_by_label("Input 1", exact=True).fill("impact")
    page.get_by_role("button", name="Take row 2 away").click()
    expect(page.locator("#editor tbody tr")).to_have_count(1)
    for name, text in (("r0-class", ""), ("r0-t0", "> 10"), ("r0-goal", "PT2H")):
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Add a row").click()
    page.locator("[name=r1-goal]").fill("P2D")
    _settle_clocks(page, reason="What costs more is sooner.")
    expect(page.locator("#messages")).to_contain_text("first version, so it stands")
    old = backstage.start_sure("0.5")

    page.goto("/queues/sure/clocks/")
    page.keyboard.press("e")
    page.locator("[name=r0-t0]").fill("> 1")
    _settle_clocks(page, reason="Small ones wait too long.")
    expect(page.locator("main")).to_contain_text("a second person must approve it")
    second = people.page("carol", page.url)
    does = second.locator("section", has=second.locator("#does"))
    expect(does).to_contain_text("clocks would have been late")
    expect(does).to_contain_text("1 by row 1, PT2H")
    assert people.list_barriers(second) == []
    second.get_by_role("button", name="Approve").click()
    expect(second.locator("#messages")).to_contain_text("Approved.")
    new = backstage.start_sure("0.5")

    for task, goal, by in ((old, "P2D", "1, row 2"), (new, "PT2H", "2, row 1")):
        page.goto(f"/tasks/{task}/clock/")
        expect(page.locator("#clock")).to_contain_text(f"The goal is {goal}")
        expect(page.locator("#clock")).to_contain_text(f"the queue's clocks {by}")
