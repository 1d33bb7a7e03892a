"""Lists by key: rows, selections, views, the palette's search and keys of one's own."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Backstage, People


def test_rows_are_selected_by_key_and_with_shift(people: People) -> None:
    page = people.page("alice", "/queues/desk/?all=1")
    bar = page.locator("[data-selection]")
    expect(bar).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-selected]")).to_have_text("1 selected")
    boxes = page.locator("[data-row] input[type=checkbox]")
    boxes.nth(0).click()
    boxes.nth(0).click()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.locator("[data-selected]")).to_have_text("4 selected")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-selected]")).to_have_text(f"{boxes.count()} selected")
    page.get_by_role("button", name="Select none").click()
    expect(bar).to_be_hidden()


def test_a_key_of_ones_own_is_typed_printed_and_works(people: People) -> None:
    page = people.page("olga", "/settings/keys/")
    page.get_by_label("Go to my work").focus()
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page.get_by_label("Go to my work")).to_have_value("g w")
    page.get_by_label("Go to the queues").focus()
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page.locator("[data-key-conflict]")).to_contain_text("Go to my work")
    page.get_by_label("Go to the queues").fill("")
    page.get_by_role("button", name="Save the keys").click()
    expect(page.locator("#messages")).to_contain_text("saved")
    page.keyboard.press("g")
    page.keyboard.press("m")
    assert page.url.endswith("/settings/keys/")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url(re.compile(r"/$"))
    page.goto("/settings/keys/")
    page.get_by_role("button", name="Reset all").click()
    expect(page.get_by_label("Go to my work")).to_have_value("g m")


def test_the_palette_finds_a_task_by_words_and_opens_it(people: People) -> None:
    page = people.page("alice", "/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=re.compile("Find"))
    box.fill("check noor")
    option = page.get_by_role("option", name=re.compile("Check Noor Visser")).first
    expect(option).to_be_visible()
    expect(option).to_have_attribute("aria-selected", "true")
    assert people.list_barriers(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/**")


def test_a_view_is_saved_by_key_and_counted(people: People) -> None:
    page = people.page("bob", "/queues/desk/?control=DUAL")
    page.keyboard.press("w")
    page.get_by_label("Save what is shown as").fill("Two persons")
    page.keyboard.press("Enter")
    link = page.locator("#queue-views").get_by_role("link", name="Two persons")
    expect(link.locator(".count")).to_have_text(re.compile(r"\d+"))
    assert "control=DUAL&view=" in page.url


def test_a_row_taken_elsewhere_is_marked_where_it_stands(
    people: People, backstage: Backstage
) -> None:
    backstage.start_case()
    page = people.page("alice", "/queues/desk/?held=free")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    before = page.locator("[data-row]").evaluate_all("rows => rows.map(row => row.id)")
    other = people.page("bob", "/queues/desk/")
    other.keyboard.press("n")
    other.wait_for_url("**/tasks/**")
    row = page.locator(f"#task-{other.url.rstrip('/').split('/')[-1]}")
    expect(row.locator("td[data-live]")).to_contain_text("Bob", timeout=8000)
    after = page.locator("[data-row]").evaluate_all("rows => rows.map(row => row.id)")
    assert before == after
