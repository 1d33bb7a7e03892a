"""Finding instances: by what they are, where they stand, and declared variables."""

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils.http import urlencode

from tests.factories.desk import World
from tests.factories.processes import TESTER, bpmn, chain, package
from workflows.models import Definition, SearchValue
from workflows.operations import definitions, instances
from workflows.operations.advance import advance_batch
from workflows.operations.instance_migration import find_route, migrate_instances
from workflows.store import database_now

BODY = '<startEvent id="s"/><receiveTask id="wait" name="Wait" messageRef="go"'
BODY += ' cs:correlation="=ref"/><endEvent id="e"/>' + chain("s", "wait", "e")
CASES: dict[str, dict[str, Any]] = {
    "A-1": {"country": "Norway", "amount": Decimal(500), "due": "2026-02-01"},
    "A-2": {"country": "Netherlands", "amount": Decimal("900.50"), "urgent": True},
    "A-3": {"country": "Peru", "amount": Decimal(2000), "due": "2026-02-02"},
    "A-4": {"amount": "many", "due": "2026-03-01T23:30:00Z", "urgent": False},
}
ASKED = [
    ([("country", "eq", "norway", "")], {"A-1"}),
    ([("country", "begins", "N", "")], {"A-1", "A-2"}),
    ([("country", "begins", "%", "")], set()),
    ([("amount", "gt", "500", "")], {"A-2", "A-3"}),
    ([("amount", "lt", "900.5", "")], {"A-1"}),
    ([("amount", "between", "500", "900.5")], {"A-1", "A-2"}),
    ([("due", "eq", "2026-03-01", "")], {"A-4"}),
    ([("due", "gt", "2026-02-01", "")], {"A-3", "A-4"}),
    ([("due", "between", "2026-02-01", "2026-02-02")], {"A-1", "A-3"}),
    ([("urgent", "eq", "no", "")], {"A-4"}),
    ([("country", "begins", "n", ""), ("amount", "gt", "800", "")], {"A-2"}),
]


def deploy(words: str, *, version: str = "1.0.0") -> int:
    """Deploy the process that waits, with words of its own."""
    body = f'<process id="main" isExecutable="true" {words}>{BODY}</process>'
    files = package(key="found", version=version)
    files["main.bpmn"] = bpmn(body, extra='<message id="go" name="go"/>')
    return definitions.deploy(files=files, actor=TESTER).definition_id


def settle() -> None:
    while advance_batch(worker="test").more:
        pass


@pytest.fixture
def found(world: World) -> dict[str, UUID]:
    """Start the cases, each waiting for a message of its own key."""
    deploy('cs:searchable="country, amount:number, due:date, urgent:flag"')
    started = {
        key: instances.start(
            definition_key="found",
            business_key=key,
            initiator=TESTER,
            variables={**variables, "ref": f"ref-{key}"},
        )
        for key, variables in CASES.items()
    }
    settle()
    world.start(1)
    return started


def ask(world: World, *lines: tuple[str, str, str, str], **words: str) -> set[str]:
    """Return the cases that the page lists."""
    pairs = [
        pair
        for line in lines
        for pair in zip(("var", "op", "value", "upto"), line, strict=True)
    ]
    url = f"{reverse('instance-list')}?{urlencode([*words.items(), *pairs])}"
    answer = world.browser("carol").get(url)
    assert answer.status_code == 200
    return {row["case"] for row in answer.context["rows"]}


def test_instances_are_found_by_declared_variables(
    world: World, found: dict[str, UUID]
) -> None:
    for lines, wanted in ASKED:
        assert ask(world, *lines, definition="found") == wanted, lines


def test_instances_are_found_by_what_they_are_and_where_they_stand(
    world: World, found: dict[str, UUID]
) -> None:
    today = database_now().date()
    assert ask(world, q="ref-A-2") == {"A-2"}
    assert ask(world, q=str(found["A-3"])) == {"A-3"}
    assert ask(world, definition="found", node="wait") == CASES.keys()
    assert ask(world, definition="found", version="9.9.9") == set()
    assert ask(world, node="elsewhere") == set()
    assert ask(world, definition="found", incident="yes") == set()
    assert ask(world, definition="found", since=str(today - dt.timedelta(2))) == (
        CASES.keys()
    )
    assert ask(world, definition="found", until=str(today - dt.timedelta(2))) == set()
    assert ask(world, definition="found", ended_since="2026-01-01") == set()


def test_conditions_that_are_not_understood_say_so_beside_their_field(
    world: World, found: dict[str, UUID]
) -> None:
    query = urlencode([
        ("definition", "found"), ("var", "amount"), ("op", "begins"), ("value", "1"),
        ("var", "due"), ("op", "eq"), ("value", "soon"),
        ("var", "ref"), ("op", "eq"), ("value", "x"),
    ])  # fmt: skip
    answer = world.browser("carol").get(f"{reverse('instance-list')}?{query}")
    errors = [line.error for line in answer.context["lines"]]
    assert "amount is a number: compare it by “is”" in errors[0]
    assert errors[1] == "due is compared with a day such as 2026-01-31."
    assert errors[2] == "This process declares no variable 'ref' to search by."
    assert errors[3] == ""


def test_file_gives_what_the_filters_find_with_the_searched_values(
    world: World, found: dict[str, UUID]
) -> None:
    query = urlencode([
        ("definition", "found"), ("var", "amount"), ("op", "gt"), ("value", "600"),
    ])  # fmt: skip
    answer = world.browser("carol").get(f"{reverse('instance-csv')}?{query}")
    text = answer.getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["case"], row["amount"], row["where"]) for row in rows] == [
        ("A-3", "2000", "Wait"),
        ("A-2", "900.5", "Wait"),
    ]


def test_values_follow_the_variables_and_a_migration_and_can_be_made_anew(
    world: World, found: dict[str, UUID]
) -> None:
    assert SearchValue.objects.count() == 11
    deploy('cs:searchable="country"', version="2.0.0")
    route = find_route(key="found", source="1.0.0", target="2.0.0", nodes={})
    migrate_instances(route, actor=TESTER, reason="new version")
    names = SearchValue.objects.values_list("name", flat=True)
    assert sorted(names) == ["country"] * 3
    call_command("rebuild_search_values", check=True)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM workflows_searchvalue WHERE text = 'peru'")
        cursor.execute(
            "UPDATE workflows_searchvalue SET text = 'x' WHERE text = 'norway'"
        )
    with pytest.raises(CommandError, match="2 differed"):
        call_command("rebuild_search_values", check=True)
    out = io.StringIO()
    call_command("rebuild_search_values", stdout=out)
    assert "2 differed" in out.getvalue()
    call_command("rebuild_search_values", check=True)


def test_variable_that_changes_is_found_by_its_new_value(world: World) -> None:
    body = (
        '<startEvent id="s"/><scriptTask id="count" scriptFormat="feel"'
        ' cs:result="amount"><script>amount + 1</script></scriptTask>'
        '<endEvent id="e"/>' + chain("s", "count", "e")
    )
    words = '<process id="main" isExecutable="true" cs:searchable="amount:number">'
    files = package(key="counted")
    files["main.bpmn"] = bpmn(f"{words}{body}</process>")
    definitions.deploy(files=files, actor=TESTER)
    instances.start(
        definition_key="counted", initiator=TESTER, variables={"amount": Decimal(41)}
    )
    settle()
    (kept,) = SearchValue.objects.all()
    assert kept.number == 42
    assert Definition.objects.filter(key="counted").count() == 1
