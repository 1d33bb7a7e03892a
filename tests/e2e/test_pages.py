"""What single pages show of themselves; what all have in common is in test_access.py."""

from playwright.sync_api import expect

from tests.e2e.conftest import People, Site


def test_a_refusal_has_no_barrier(people: People) -> None:
    page = people.page("alice", "/dashboard/")
    assert "You may not open this" in page.inner_text("h1")
    assert people.list_barriers(page) == []
    # The browser itself reports the status it was given; that is no fault of the page.
    people.complaints.clear()


def test_the_process_picture_keeps_its_watermark_in_sight(
    people: People, site: Site
) -> None:
    page = people.page("carol", f"/instances/{site.made['loan_instance']}/")
    mark = page.locator(".bjs-powered-by")
    mark.wait_for(state="visible")
    box = mark.bounding_box()
    assert box is not None
    centre = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    is_on_top = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.bjs-powered-by') !== null",
        centre,
    )
    assert is_on_top
    expect(page.locator(".djs-element.has-token")).to_have_count(1)
    expect(page.locator(".diagram-count")).to_have_text("1")


def test_a_chart_stands_beside_its_table(people: People) -> None:
    page = people.page("carol", "/dashboard/")
    expect(page.locator("#panel-aging .plot-area a").first).to_be_visible()
    panel = page.locator("#panel-staffing")
    panel.locator("summary").click()
    assert panel.locator("tbody tr").count() >= 1
    # A panel that cannot be read says so, and offers again.
    page.route("**/panels/flow/**", lambda route: route.abort())
    page.reload()
    failed = page.locator("#panel-flow [data-failed]")
    expect(failed).to_be_visible()
    people.complaints.clear()
    page.unroute("**/panels/flow/**")
    failed.get_by_role("button").click()
    expect(page.locator("#panel-flow .panel-reading")).to_be_visible()
