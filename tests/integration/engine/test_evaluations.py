"""Every decision table that a step asks leaves a row with the rules that matched."""

from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from tests.factories.decisions import decision, dmn, input_data, table
from tests.factories.processes import TESTER, chain, package, process
from tests.integration.engine.test_paths import drain, run, variables
from workflows.models import AuditEntry, Evaluation, Step
from workflows.operations import definitions, instances
from workflows.operations.instances import Start

pytestmark = pytest.mark.django_db

RULE = process(
    '<startEvent id="s"/><businessRuleTask id="r" cs:decision="speed"/>'
    '<endEvent id="e"/>' + chain("s", "r", "e")
)
SPEED = decision(
    "speed",
    table(
        inputs={"km": "number"},
        rules=[["< 50", '"slow"'], ["< 200", '"quick"']],
        hit_policy="FIRST",
    ),
    inputs=["km"],
)


def deploy_with(*decisions: str) -> int:
    files = {"rules.dmn": dmn(input_data("km", kind="number"), *decisions)}
    made = package(RULE, files=files)
    return definitions.deploy(files=made, actor=TESTER).definition_id


def start(definition_id: int, *kilometres: int) -> list[UUID]:
    starts = [Start(variables={"km": km}, initiator=TESTER) for km in kilometres]
    started = instances.start_many(definition_id=definition_id, starts=starts)
    drain()
    return started


def test_rules_that_matched_are_kept_with_their_step() -> None:
    definition_id = deploy_with(SPEED)
    (instance_id,) = start(definition_id, 30)
    row = Evaluation.objects.get()
    step = Step.objects.get(instance_id=instance_id, node_id="r")
    assert variables(instance_id)["r"] == "slow"
    assert (row.definition_id, row.decision, row.table_id) == (
        definition_id,
        "speed",
        "table",
    )
    # Rule 2 passed as well; under FIRST it did not decide, which readers know.
    assert row.matched == [1, 2]
    assert (row.instance_id, row.step_id) == (instance_id, step.id)
    entry = AuditEntry.objects.get(chain=instance_id, step_id=step.id)
    assert row.at == entry.at


def test_no_match_is_an_evaluation_too() -> None:
    start(deploy_with(SPEED), 30, 500)
    assert [row.matched for row in Evaluation.objects.order_by("id")] == [[1, 2], []]


def test_every_table_of_a_graph_is_kept() -> None:
    lower = decision(
        "lower",
        table(
            inputs={"km": "number"}, rules=[[">= 0", "km * 2"]], table_id="lower-table"
        ),
        inputs=["km"],
    )
    upper = decision(
        "speed",
        table(inputs={"lower": "number"}, rules=[["< 50", '"a"'], [">= 50", '"b"']]),
        decisions=["lower"],
    )
    start(deploy_with(lower, upper), 30)
    rows = Evaluation.objects.order_by("id")
    assert [(row.decision, row.matched) for row in rows] == [
        ("lower", [1]),
        ("speed", [2]),
    ]


def test_no_row_where_no_decision_ran() -> None:
    run(process('<startEvent id="s"/><endEvent id="e"/>' + chain("s", "e")))
    assert not Evaluation.objects.exists()


def test_rows_are_only_ever_added() -> None:
    start(deploy_with(SPEED), 30)
    with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
        Evaluation.objects.update(matched=[9])
    with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
        Evaluation.objects.all().delete()
