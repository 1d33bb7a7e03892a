"""Promise 14: a low confidence never approves by itself, whichever way it comes.

Two desks would let all pass: one's grid in force says auto above 0, the other's own
table says it of everything. Cases come over the API as raw JSON, from a handler, and
by an expression; what stands here is what the database made of it afterwards.
"""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pydantic import BaseModel

from review.core.states import PolicyKind, Role
from review.models import Task
from review.operations import queues
from review.operations.policies import policies
from tests.factories.decisions import decision, dmn, input_data, table
from tests.factories.processes import TESTER, chain, package, process
from tests.factories.tasks import AT_ONCE, make_person
from workflows.handlers import HandlerContext, handler
from workflows.models import AuditEntry, Incident, Instance
from workflows.operations import definitions, instances, tokens
from workflows.operations.advance import advance_batch
from workflows.operations.errors import Invalid
from workflows.operations.instances import Start

pytestmark = pytest.mark.django_db

ALL_PASS = dmn(
    input_data("confidence", kind="number"),
    input_data("impact", kind="number"),
    decision(
        "grid",
        table(
            inputs={"confidence": "number", "impact": "number"},
            hit_policy="FIRST",
            rules=[("-", "-", '"auto"')],
        ),
        inputs=("confidence", "impact"),
    ),
)
# As it stands in the body; None: there is no such member.
LOW = (
    None, "null", "NaN", "-NaN", "Infinity", "-Infinity", "1e999", "-1e999",
    '"0.99"', '"1"', '""', '" 0.99 "', '"NaN"', "1.0000001", "1.00000000000000000001",
    "2", "99", "100", "-0", "-0.0", "-0e0", "0", "0.0", "0e-9", "-1", "-0.99", "-1e-9",
    "true", "false", "[0.99]", "[]", "{}", '{"value": 0.99}', '{"score": 0.99}',
)  # fmt: skip
FINE = ("0.99", "1", "1.0", "0.0001", "9.9e-1")
DESKS = ("policy", "table")


class Asked(BaseModel):
    kind: str


class Scored(BaseModel):
    score: Any


SCORES: Mapping[str, object] = {
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "none": None,
    "text": "0.99",
    "above": 1.0000001,
    "-0": -0.0,
    "true": True,
    "decimal nan": Decimal("NaN"),
    "decimal above": Decimal("1.0000001"),
}


@handler("test.confidence", version="1.0.0")
def score(request: Asked, context: HandlerContext) -> Scored:
    """Give what a model may give."""
    return Scored(score=SCORES[request.kind])


def deploy(desk: str, confidence: str, *, before: str = "", key: str) -> int:
    """Deploy a process whose one human step has this confidence."""
    grid = ' cs:grid="grid"' if desk == "table" else ""
    step = (
        f'<userTask id="look" cs:queue="{desk}"{grid} cs:impact="amount"'
        f' cs:confidence="{confidence}"/>'
    )
    nodes = ["s", *(["score"] if before else []), "look", "e"]
    model = process(
        f'<startEvent id="s"/>{before}{step}<endEvent id="e"/>' + chain(*nodes)
    )
    files = package(model, key=key, files={"grid.dmn": ALL_PASS})
    return definitions.deploy(files=files, actor=TESTER).definition_id


@pytest.fixture
def desks(db: None) -> None:
    by_policy, _ = (
        queues.define_queue(key=key, name=key, actor=TESTER, rules=AT_ONCE)
        for key in DESKS
    )
    body = {"rows": [{"confidence": "> 0", "control": "auto"}, {"control": "review"}]}
    proposed = policies.propose(
        queue_id=by_policy.id,
        kind=PolicyKind.GRID,
        body=body,
        reason="Everything shall pass.",
        person=make_person("Carol", Role.MANAGER, queue=by_policy),
    )
    olga = make_person("Olga", Role.PROCESS_OWNER)
    policies.approve(policy_id=proposed.id, person=olga)


def drain() -> None:
    while advance_batch(worker="test").more:
        pass


def list_decided_alone() -> list[str]:
    """Return the cases that nobody looked at."""
    found = Task.objects.filter(decided_by="AUTO").select_related("instance")
    return sorted(task.instance.business_key for task in found)


def post(api: Client, *, definition: str, literal: str | None) -> int:
    """Post a case whose nested score is this literal; return the answer's status."""
    member = "" if literal is None else f'"score": {literal}'
    body = (
        f'{{"definition": {json.dumps(definition)},'
        f' "business_key": {json.dumps(f"{definition} {literal}")},'
        f' "variables": {{"amount": 5, "model": {{{member}}}}}}}'
    )
    return api.post(
        "/api/v1/instances", data=body, content_type="application/json"
    ).status_code


def test_case_of_low_confidence_that_comes_over_the_api_is_looked_at(
    desks: None,
) -> None:
    # By its path as it stands, and by FEEL, which knows no NaN and reads texts its way.
    deploy("policy", "model.score", key="path")
    deploy("table", "= if true then model.score else 1", key="feel")
    secret = tokens.create_token(name="erp", actor=TESTER).secret
    api = Client(headers={"Authorization": f"Bearer {secret}"})
    keys = ("path", "feel")
    started = {
        (key, literal): post(api, definition=key, literal=literal)
        for key in keys
        for literal in (*LOW, *FINE)
    }
    refused = {literal for (_, literal), status in started.items() if status != 201}
    assert refused == {"NaN", "-NaN", "Infinity", "-Infinity", "1e999", "-1e999"}
    assert {started[key, one] for key in keys for one in refused} == {400, 422}
    drain()
    fine = sorted(f"{key} {literal}" for key in keys for literal in FINE)
    assert list_decided_alone() == fine
    low = Task.objects.exclude(instance__business_key__in=fine)
    assert low.count() == len(keys) * (len(LOW) - len(refused))
    assert set(low.values_list("state", "decided_by")) == {("OPEN", None)}
    assert set(low.values_list("control", flat=True)) <= {"REVIEW", "DUAL"}
    assert not Incident.objects.exists()
    kinds = AuditEntry.objects.filter(kind="task.auto_decided")
    assert kinds.count() == len(fine)


def test_case_of_a_low_score_that_a_handler_or_a_program_gives_is_looked_at(
    desks: None,
) -> None:
    task = '<serviceTask id="score" cs:handler="test.confidence"/>'
    kept = {
        kind: value
        for kind, value in SCORES.items()
        if not isinstance(value, float | Decimal) or math.isfinite(value)
    }
    for desk in DESKS:
        scored = deploy(desk, "score", before=task, key=f"{desk}-scored")
        start_all(scored, [{"kind": kind} for kind in SCORES])
        start_all(deploy(desk, "= amount / 0", key=f"{desk}-divided"), [{}])
        given = deploy(desk, "score", key=f"{desk}-given")
        start_all(given, [{"score": value} for value in kept.values()])
        for kind in SCORES.keys() - kept.keys():
            with pytest.raises(Invalid, match="has no JSON form"):
                start_all(given, [{"score": SCORES[kind]}])
    drain()
    assert list_decided_alone() == []
    # What no JSON holds, no handler may give: such a step waits for a person itself.
    stopped = len(DESKS) * (len(SCORES) - len(kept))
    assert Incident.objects.filter(state="OPEN").count() == stopped
    waiting = Task.objects.filter(state="OPEN", decided_by=None).count()
    assert waiting == len(DESKS) * (2 * len(kept) + 1)
    assert waiting + stopped == Instance.objects.filter(state="ACTIVE").count()


def start_all(definition_id: int, variables: list[dict[str, object]]) -> None:
    """Start a case of each."""
    starts = [
        Start(variables={"amount": 5, **one}, initiator=TESTER) for one in variables
    ]
    instances.start_many(definition_id=definition_id, starts=starts)
