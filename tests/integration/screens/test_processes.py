"""Pages on how a process runs: live numbers, versions compared, what really happened."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from review.views.processes.processes import in_order
from tests.factories.desk import PROCESS, World
from tests.factories.processes import TESTER, bpmn, chain, package, process
from workflows.core.actors import person
from workflows.models import Step
from workflows.operations import definitions, instances, interventions
from workflows.operations.advance import advance_batch

DETAIL = reverse("process-detail", args=["screens"])
LINE = (
    '<startEvent id="s"/>'
    + "".join(f'<receiveTask id="{n}" messageRef="go"/>' for n in "abc")
    + '<endEvent id="e"/>'
    + chain("s", "a", "b", "c", "e")
)


def settle() -> None:
    while advance_batch(worker="test").more:
        pass


def rows_of(page: Any) -> dict[str, dict[str, Any]]:
    return {row["node_id"]: row for row in page.context["rows"]}


def test_numbers_of_each_node_lead_to_lists_of_as_many(world: World) -> None:
    world.start(3)
    world.start(2, quorum="dual")
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica;"
            "UPDATE review_task SET due_at = now() - interval '1 hour',"
            " warn_at = NULL, opened_at = opened_at - interval '9 hours' WHERE id IN"
            " (SELECT t.id FROM review_task t JOIN workflows_step s ON s.id = t.step_id"
            " WHERE s.node_id = 'one' ORDER BY t.id LIMIT 2);"
            "UPDATE workflows_step SET started_at = started_at - interval '9 hours'"
            " WHERE node_id = 'one'; SET LOCAL session_replication_role = origin"
        )
    browser = world.browser("carol")
    page = browser.get(DETAIL)
    rows = rows_of(page)
    assert list(rows) == ["start", "two", "one", "end"]
    one = rows["one"]
    assert (one["live"], one["waiting"], one["active"]) == ("3", "3", "")
    assert (one["breached"], one["incidents"]) == ("2", "")
    assert one["age"] == "9.0 h"
    assert rows["start"]["passed"] == "5"
    for url, count in ((one["url"], 3), (one["breached_url"], 2)):
        assert len(browser.get(url).context["rows"]) == count
    tiles = {one["label"]: one for one in page.context["tiles"]}
    assert {label: one["value"] for label, one in tiles.items()} == {
        "Running": "5", "Suspended": "0", "In incident": "0", "Overdue": "2",
        "Started": "5", "Ended": "0",
    }  # fmt: skip
    for label in ("Running", "Overdue", "Started"):
        shown = browser.get(tiles[label]["url"]).context["rows"]
        assert len(shown) == int(tiles[label]["value"]), label
    heat = rows_of(browser.get(f"{DETAIL}?heat=volume&days=7"))
    assert (heat["start"]["heat"], heat["start"]["level"]) == ("5", 5)
    fragment = browser.get(
        f"{DETAIL}?part=numbers", headers={"HX-Request": "true"}
    ).content.decode()
    assert fragment.lstrip().startswith('<div id="process-numbers"')
    check_same_overdue(browser, 2)
    # While a case is suspended its clocks stand: nothing of it falls due, on any page.
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica;"
            "UPDATE workflows_instance SET state = 'SUSPENDED';"
            "SET LOCAL session_replication_role = origin"
        )
    check_same_overdue(browser, 0)


def check_same_overdue(browser: Client, count: int) -> None:
    """Ask every page how much is overdue: they agree."""
    tiles = {one["label"]: one for one in browser.get(DETAIL).context["tiles"]}
    assert tiles["Overdue"]["value"] == str(count)
    late = reverse("instance-list"), {"definition": "screens", "late": "yes"}
    assert len(browser.get(*late).context["rows"]) == count
    behind = browser.get(reverse("figure-rows", args=["breached_open"]))
    assert len(behind.context["table"].rows) == count
    assert behind.context["value"] == str(count)
    (row,) = browser.get(reverse("definition-list")).context["processes"]
    assert row["breached"] == (f"{count} overdue" if count else "")
    assert len(browser.get(row["breached_url"]).context["rows"]) == count


def test_page_asks_no_more_however_many_cases_there_are(world: World) -> None:
    counts = []
    browser = world.browser("carol")
    urls = [DETAIL, reverse("process-map", args=["screens"])]
    for _ in range(2):
        world.start(2)
        for url in urls:
            browser.get(url)
        with CaptureQueriesContext(connection) as captured:
            for url in urls:
                assert browser.get(url).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_page_of_a_process_or_version_that_is_not_deployed_is_not_found(
    world: World,
) -> None:
    browser = world.browser("carol")
    for url in ("/processes/nothing/", f"{DETAIL}?version=7.0.0"):
        page = browser.get(url)
        assert page.status_code == 404
        assert "is deployed" in page.content.decode()
    assert world.browser("mallory").get(DETAIL).status_code == 403


def test_versions_are_compared_with_marks_for_each_picture(world: World) -> None:
    changed = PROCESS.replace('cs:sla="PT8H"', 'cs:sla="PT4H"', 1).replace(
        'name="Check"', 'name="Look"', 1
    )
    changed = changed.replace(
        '<exclusiveGateway id="join"/>',
        '<exclusiveGateway id="join"/><manualTask id="file"/>',
    ).replace("</process>", f"{chain('file', 'end')}</process>")
    changed = re.sub(
        r'targetRef="end"(?=></sequenceFlow><)', 'targetRef="file"', changed
    )
    files = package(changed, key="screens", version="1.1.0")
    definitions.deploy(files=files, actor=TESTER)
    url = reverse("process-compare", args=["screens"])
    page = world.browser("olga").get(url)
    lines = {line["element_id"]: line for line in page.context["drawn"]}
    assert lines["one"]["mark"] == "changed"
    assert lines["one"]["sentences"] == [
        "the name was “Check”, is now “Look”",
        "cs:sla was “PT8H”, is now “PT4H”",
    ]
    assert (lines["file"]["is_old"], lines["file"]["is_new"]) == (False, True)
    assert page.context["old"]["version"] == "1.0.0"
    assert "/migrate/?to=" in page.context["migrate_url"]
    same = world.browser("carol").get(f"{url}?old=1.1.0&new=1.1.0")
    assert same.context["is_same"]
    assert same.context["migrate_url"] == ""
    assert world.browser("carol").get(f"{url}?old=0.1.0").status_code == 404


@pytest.fixture
def line(world: World) -> World:
    """Let three cases go down a line; a person takes the third past its middle."""
    files = package(process(LINE), key="line")
    files["main.bpmn"] = bpmn(process(LINE), extra='<message id="go" name="go"/>')
    definitions.deploy(files=files, actor=TESTER)
    olga = person(person_id=world.people["olga"].pk, name="Olga")
    for number in range(3):
        case = instances.start(
            definition_key="line",
            business_key=f"L-{number}",
            initiator=TESTER,
            variables={},
        )
        settle()
        instances.deliver(instance_id=case, message="go", variables={}, actor=TESTER)
        if number == 2:
            step = Step.objects.get(instance_id=case, node_id="b", state="WAITING")
            interventions.move(
                instance_id=case,
                step_id=step.pk,
                targets=["c"],
                actor=olga,
                reason="b was done on paper",
            )
        elif number == 1:
            for _ in "bc":
                instances.deliver(
                    instance_id=case, message="go", variables={}, actor=TESTER
                )
        settle()
        if number == 2:
            instances.deliver(
                instance_id=case, message="go", variables={}, actor=TESTER
            )
    return world


def test_map_counts_what_happened_and_what_left_the_model(line: World) -> None:
    url = reverse("process-map", args=["line"])
    browser = line.browser("carol")
    page = browser.get(url)
    edges = {
        (edge["source"], edge["target"]): (edge["times"], edge["is_deviation"])
        for edge in page.context["edges"]
    }
    assert edges == {
        ("Start", "a"): ("3", False),
        ("a", "b"): ("1", False),
        ("b", "c"): ("1", False),
        ("a", "c"): ("1", True),
        ("c", "e"): ("2", False),
        ("e", "End"): ("2", False),
    }
    (deviation,) = page.context["deviations"]
    assert (deviation["source"], deviation["target"]) == ("a", "c")
    assert deviation["cases"] == "1 (33.3 %)"
    assert page.context["acts"] == [
        {"label": "Tokens that people moved", "times": "1", "cases": "1"}
    ]
    ways = [(one["steps"], one["share"]) for one in page.context["variants"]]
    assert (["a", "c", "e"], "33.3 %") in ways
    cases = browser.get(deviation["url"])
    assert [row["case"] for row in cases.context["rows"]] == ["L-2"]
    of_variant = browser.get(page.context["variants"][0]["url"])
    assert len(of_variant.context["rows"]) == 1
    few = browser.get(f"{url}?activities=50&paths=10")
    assert len(few.context["drawing"]["boxes"]) == 4
    assert not any(edge["is_deviation"] for edge in few.context["edges"])
    assert browser.get(f"{url}cases/").status_code == 422


def test_nodes_are_told_in_the_order_in_which_cases_come_to_them(world: World) -> None:
    model = definitions.compiled(world.definition_id).main
    assert [node.id for node in in_order(model)] == [
        "start", "how", "two", "one", "join", "end",
    ]  # fmt: skip
