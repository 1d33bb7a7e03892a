"""The pages of decisions: who opens them, what they show, trying, comparing, lighting."""

import re
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from review.models import Task
from tests.factories.decisions import decision, dmn, input_data, literal, table
from tests.factories.desk import ROLES, World, payload
from tests.factories.processes import TESTER, chain, package, process
from workflows.models import Definition, Evaluation, Instance, Step
from workflows.operations import definitions, instances
from workflows.operations.advance import advance_batch

RULES: Final = [
    ["< 0.5", "-", '"dual"'],
    [">= 0.5", "<= 1000", '"auto"'],
    [">= 0.5", "> 1000", '"review"'],
]
PROCESS: Final = process(
    '<startEvent id="s"/><businessRuleTask id="rule" name="Rate" cs:decision="risk"/>'
    '<userTask id="check" name="Check" cs:queue="desk" cs:grid="grid"/>'
    '<endEvent id="e"/>' + chain("s", "rule", "check", "e")
)
INPUTS: Final = "".join(
    input_data(name, kind=kind)
    for name, kind in {
        "confidence": "number",
        "impact": "number",
        "amount": "number",
        "applicant": "string",
        "match": "",
    }.items()
)
RISK: Final = decision(
    "risk",
    table(
        inputs={"amount": "number", "match.status": "string"},
        rules=[
            ["< 100", "-", '"low"'],
            ["-", '"MATCHED"', '"mid"'],
            ["-", "-", '"hi"'],
        ],
        hit_policy="FIRST",
        table_id="risk-table",
    ),
    inputs=["amount", "match"],
)


def grid(rules: list[list[str]]) -> str:
    columns = {"confidence": "number", "impact": "number"}
    return decision(
        "grid",
        table(inputs=columns, rules=rules, table_id="grid-table"),
        inputs=["confidence", "impact"],
    )


def text(name: str, logic: str) -> str:
    return decision(name, literal(logic), inputs=["applicant"], decisions=["risk"])


def deploy(version: str, *, rules: list[list[str]], greeting: str = "risk") -> int:
    files = {"rules.dmn": dmn(INPUTS, grid(rules), RISK, text("greeting", greeting))}
    made = package(PROCESS, key="decided", version=version, files=files)
    return definitions.deploy(files=made, actor=TESTER).definition_id


@pytest.fixture
def version(world: World) -> int:
    return deploy("1.0.0", rules=RULES)


def run(count: int = 1, **variables: Any) -> Task | None:
    for _ in range(count):
        instances.start(
            definition_key="decided",
            business_key="CASE-7",
            initiator=TESTER,
            variables=payload(match={"status": "MATCHED"}, **variables),
        )
    while advance_batch(worker="test").more:
        pass
    return Task.objects.order_by("-id").first()


def url(version: int, name: str = "grid", query: str = "") -> str:
    return reverse("decision-detail", args=[version, name]) + query


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def rows(answer: Any) -> list[Any]:
    return list(answer.context["tables"][0].rows)


@pytest.mark.parametrize("name", ["decision-list", "decision-detail"])
def test_pages_open_for_everybody_with_a_role(
    name: str, world: World, version: int
) -> None:
    place = [version] if name == "decision-list" else [version, "grid"]
    address = reverse(name, args=place)
    opened = {
        who for who in ROLES if world.browser(who).get(address).status_code == 200
    }
    assert opened == set(ROLES) - {"mallory"}


def test_the_list_names_every_decision_and_how_it_is_made(
    world: World, version: int
) -> None:
    run()
    answer = world.browser("olga").get(reverse("decision-list", args=[version]))
    found = [
        (row["name"], row["logic"], row["asked"]) for row in answer.context["rows"]
    ]
    assert found == [
        ("grid", "3 rules", "1 time"),
        ("risk", "3 rules", "1 time"),
        ("greeting", "FEEL", ""),
    ]


def test_the_definition_links_its_decisions(world: World, version: int) -> None:
    answer = world.browser("olga").get(reverse("definition-detail", args=[version]))
    assert f'<a href="{url(version)}">grid</a>' in body(answer)


def test_the_page_shows_the_table_as_it_is_written(world: World, version: int) -> None:
    answer = world.browser("olga").get(url(version))
    assert [cell.text for cell in rows(answer)[2].cells] == [
        ">= 0.5",
        "> 1000",
        '"review"',
    ]
    page = body(answer)
    assert "Unique: at most one rule may match" in page
    assert "No instance has asked it yet" in page


def test_an_expression_is_shown_as_feel_text(world: World, version: int) -> None:
    page = body(world.browser("olga").get(url(version, "greeting")))
    assert '<pre tabindex="0">risk</pre>' in page
    assert f'<a href="{url(version, "risk")}">risk</a>' in page


def test_hits_are_counted_for_each_rule(world: World, version: int) -> None:
    run(3)
    run(1, confidence=0)
    answer = world.browser("olga").get(url(version))
    assert [row.hits.label for row in rows(answer)] == [
        "1 · 25 %",
        "0 · 0 %",
        "3 · 75 %",
    ]
    assert "4 evaluations" in body(answer)


def test_under_first_only_the_rule_that_decided_is_hit(
    world: World, version: int
) -> None:
    run()
    answer = world.browser("olga").get(url(version, "risk"))
    assert Evaluation.objects.get(table_id="risk-table").matched == [2, 3]
    assert [row.hits.label for row in rows(answer)] == [
        "0 · 0 %",
        "1 · 100 %",
        "0 · 0 %",
    ]


def test_an_automatic_decision_is_counted_too(world: World, version: int) -> None:
    task = run(amount=10)
    assert task is None or task.decided_by == "AUTO"
    found = Evaluation.objects.get(table_id="grid-table")
    assert (found.decision, found.matched) == ("grid", [2])


def test_queries_do_not_grow_with_evaluations(world: World, version: int) -> None:
    browser = world.browser("olga")

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(url(version)).status_code == 200
        return len(queries)

    run()
    count()
    before = count()
    run(30)
    assert count() == before
    with CaptureQueriesContext(connection) as few:
        browser.get(reverse("decision-list", args=[version]))
    assert len(few) <= before


def test_trying_lights_the_row_and_stores_nothing(world: World, version: int) -> None:
    answer = world.browser("alice").post(
        url(version), {"in-0": "0.9", "in-1": "20 * 100"}
    )
    assert answer.status_code == 200
    assert [row.light for row in rows(answer)] == ["", "", "lit"]
    assert [cell.verdict for cell in rows(answer)[1].cells] == ["pass", "fail", ""]
    assert [head.given for head in answer.context["tables"][0].heads] == [
        "0.9",
        "2000",
        "",
    ]
    page = body(answer)
    assert (
        'What it answers to your inputs:</strong> <span class="mono">&quot;review'
        in page
    )
    assert re.search(r'<tr id="rule-3" class="is-current" aria-current="true">', page)
    assert not Evaluation.objects.exists()


def test_a_text_needs_no_quotes_and_a_part_goes_to_its_place(
    world: World, version: int
) -> None:
    answer = world.browser("alice").post(
        url(version, "risk"), {"in-0": "500", "in-1": "MATCHED"}
    )
    assert [row.light for row in rows(answer)] == ["", "lit", "also"]
    assert answer.context["outcome"] == '"mid"'


def test_what_is_left_empty_is_said_to_be_missing(world: World, version: int) -> None:
    answer = world.browser("alice").post(url(version), {"in-0": "0.9"})
    assert answer.context["outcome"] == "null"
    page = body(answer)
    assert "no value was given for &#x27;impact&#x27;" in page
    assert "no rule matches" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lots", "There is no 'lots' here; write texts in quotes"),
        ("1 +", "Expected a value"),
        ("1 / 0", "Division by zero."),
        ("x" * 5000, "at most 4000 characters"),
    ],
)
def test_a_bad_input_is_said_at_its_field(
    typed: str, said: str, world: World, version: int
) -> None:
    answer = world.browser("alice").post(url(version), {"in-0": typed, "in-1": "1"})
    assert answer.status_code == 422
    (error,) = answer.context["form"].errors["in-0"]
    assert said in error
    assert answer.context["lit"] is None


def test_a_hostile_input_ends_soon_with_a_message(world: World, version: int) -> None:
    typed = "count(for a in 1..100000, b in 1..100000 return a)"
    answer = world.browser("alice").post(url(version), {"in-0": typed})
    assert answer.status_code == 422
    assert "stopped after" in answer.context["form"].errors["in-0"][0].lower()


def test_a_task_shows_the_table_that_sent_it_with_its_row_lit(
    world: World, version: int
) -> None:
    task = run()
    assert task is not None
    answer = world.browser("alice").get(reverse("task-detail", args=[task.pk]))
    found = answer.context["lit_grid"]
    assert [row.light for row in found["sheet"].rows] == ["", "", "lit"]
    assert found["url"] == url(version, query=f"?explain={task.pk}")
    assert 'aria-current="true"' in body(answer)


def test_a_task_without_a_grid_shows_no_table(world: World) -> None:
    task = world.open_task()
    answer = world.browser("alice").get(reverse("task-detail", args=[task.pk]))
    assert answer.context["lit_grid"] is None


def test_explaining_a_task_lights_its_row_and_fills_the_form(
    world: World, version: int
) -> None:
    task = run()
    assert task is not None
    answer = world.browser("alice").get(url(version, query=f"?explain={task.pk}"))
    assert [row.light for row in rows(answer)] == ["", "", "lit"]
    assert answer.context["outcome"] == '"review"'
    given = [ask["field"].value() for ask in answer.context["form"].asks]
    assert given == ["0.71", "38500.5"]
    assert "How it was decided for CASE-7" in body(answer)


def test_a_task_of_others_is_not_explained(world: World, version: int) -> None:
    task = run()
    assert task is not None
    # An administrator sees definitions but no queue's cases.
    answer = world.browser("erin").get(url(version, query=f"?explain={task.pk}"))
    assert answer.status_code == 403


def test_a_step_of_an_instance_leads_to_its_explanation(
    world: World, version: int
) -> None:
    run()
    instance = Instance.objects.get()
    step = Step.objects.get(node_id="rule")
    address = url(version, "risk", f"?step={step.pk}")
    browser = world.browser("dan")
    page = body(browser.get(reverse("instance-detail", args=[instance.pk])))
    assert f'<a href="{address}">how it was decided</a>' in page
    answer = browser.get(address)
    assert [row.light for row in rows(answer)] == ["", "lit", "also"]
    assert "How step Rate decided for CASE-7" in body(answer)


@pytest.mark.parametrize(
    "query", ["?explain=999999", "?explain=x", "?step=999999", "?step=-1", "?with=7777"]
)
def test_what_is_not_there_is_said(query: str, world: World, version: int) -> None:
    answer = world.browser("dan").get(url(version, query=query))
    assert answer.status_code == 404


def test_an_unknown_decision_is_said(world: World, version: int) -> None:
    answer = world.browser("dan").get(url(version, "gird"))
    assert answer.status_code == 404
    assert "no decision" in body(answer)


def test_versions_stand_beside_each_other_with_changed_cells_marked(
    world: World, version: int
) -> None:
    newer = [["< 0.6", "-", '"dual"'], RULES[1], RULES[2], ["null", "-", '"dual"']]
    second = deploy("1.1.0", rules=newer)
    browser = world.browser("olga")
    answer = browser.get(url(second, query=f"?with={version}"))
    found = answer.context["comparison"]
    assert found["said"] == ["1 cell changed, 1 rule added."]
    assert [row.mark for row in found["old_sheet"].rows] == ["changed", "", ""]
    assert [row.mark for row in found["new_sheet"].rows] == [
        "changed",
        "",
        "",
        "only here",
    ]
    assert [cell.is_changed for cell in found["new_sheet"].rows[0].cells] == [
        True,
        False,
        False,
    ]
    # From the older version's page the older one still stands first.
    again = browser.get(url(version, query=f"?with={second}")).context["comparison"]
    assert again["old"].version == "1.0.0"


def test_texts_of_two_versions_are_compared_by_words(
    world: World, version: int
) -> None:
    second = deploy("1.1.0", rules=RULES, greeting='"risk is " + risk')
    page = body(world.browser("olga").get(url(second, "greeting", f"?with={version}")))
    assert "<ins>" in page


def test_the_linter_points_at_rows(world: World) -> None:
    overlapping = deploy("2.0.0", rules=[*RULES, ["< 0.2", "-", '"block"']])
    answer = world.browser("olga").get(url(overlapping))
    (overlap,) = [one for one in answer.context["remarks"] if one["code"] == "Overlap"]
    assert [rule["url"] for rule in overlap["rules"]] == ["#rule-1", "#rule-4"]
    assert [bool(row.remarks) for row in rows(answer)] == [True, False, False, True]


def test_a_finding_of_a_table_is_kept_with_the_deployment(world: World) -> None:
    overlapping = deploy("2.0.0", rules=[*RULES, ["< 0.2", "-", '"block"']])
    findings = Definition.objects.get(pk=overlapping).findings
    assert "OVERLAP" in {one["code"] for one in findings}


def test_pages_hold_no_inline_style_or_script(world: World, version: int) -> None:
    page = world.browser("olga").get(url(version)).content.decode()
    assert not re.search(r"<[^>]+\sstyle=", page)
    assert not re.search(r"\son[a-z]+=", page)
