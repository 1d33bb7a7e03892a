"""Stops: what would have been decided without people goes to people, at once."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from pydantic import BaseModel

from review.core.states import Role
from review.core.stops import StopKind, Target
from review.models import Diversion, Notification, Person, Queue, Stop, Task
from review.operations import queues
from review.operations.stops import stopping
from review.permissions import get_rights
from review.views.stops.stop_choices import count_would, list_choices
from tests.audit_tables import owner_without_triggers
from tests.factories.decisions import decision, dmn, input_data, table
from tests.factories.policies import set_policy
from tests.factories.processes import TESTER, chain, package, process
from tests.factories.tasks import AT_ONCE, make_desk, make_person, open_task
from tests.integration.review.racing import track
from workflows.handlers import HandlerContext, handler
from workflows.models import AuditEntry, Instance, Step
from workflows.operations import definitions, external, instances
from workflows.operations.advance import advance_batch
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound
from workflows.operations.instances import Start
from workflows.store import database_now

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
WHY = "It approves what it should not."
GRID = {
    "rows": [
        {"impact": ">= 100000", "control": "block"},
        {"confidence": ">= 0.9", "control": "auto"},
        {"confidence": ">= 0.8", "impact": "< 10", "control": "auto"},
        {"control": "review"},
    ]
}


class Case(BaseModel):
    """What the scorer is asked."""

    amount: Decimal


class Score(BaseModel):
    """What the scorer says."""

    confidence: Decimal


class Scorer:
    """How often the model outside was asked."""

    asked = 0


@handler("stops.score", version="1.0.0", kind="external", connector="scorer")
def score(request: Case, context: HandlerContext) -> Score:
    """Be sure of everything."""
    Scorer.asked += 1
    return Score(confidence=Decimal("0.99"))


@handler("stops.rate", version="1.0.0", decides=True)
def rate(request: Case, context: HandlerContext) -> Score:
    """Be sure of everything, here and now."""
    return Score(confidence=Decimal("0.99"))


def person(name: str) -> Person:
    return Person.objects.get(name=name)


@pytest.fixture
def owners(db: None) -> list[Person]:
    return [make_person(name, Role.PROCESS_OWNER) for name in ("Olga", "Erik")]


def stop(target: Target, by: Person, lasting: dt.timedelta = HOUR) -> Stop:
    return stopping.place(person=by, target=target, lasting=lasting, reason=WHY)


def let_end(stopped: Stop) -> None:
    """Move a stop's whole time into the past, as if its end had come."""
    with owner_without_triggers("review_stop"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_stop SET placed_at = placed_at - interval '2 days',"
            " end_set_at = end_set_at - interval '2 days',"
            " ends_at = ends_at - interval '2 days' WHERE id = %s",
            [stopped.id],
        )


def list_kinds(*kinds: str) -> list[str]:
    found = AuditEntry.objects.filter(kind__in=kinds) if kinds else AuditEntry.objects
    return list(found.order_by("id").values_list("kind", flat=True))


def drain() -> None:
    while advance_batch(worker="test").more:
        pass


def test_stopped_row_lets_people_decide_and_its_end_lets_it_decide_again(
    owners: list[Person],
) -> None:
    desk = make_desk()
    grid = set_policy(desk.queue, GRID)
    olga, _ = owners
    auto: dict[str, Any] = {"confidence": Decimal("0.95"), "amount": 50}
    assert open_task(desk, **auto).decided_by == "AUTO"

    row = Target(kind=StopKind.CELL, queue="desk", grid=grid.id, row=2)
    alone = count_would(row, now=database_now())
    assert (alone.tasks, alone.tables, alone.handlers) == (1, 0, ())
    stopped = stop(row, olga)
    with pytest.raises(Conflict, match="covers this already"):
        stop(row, olga)
    task = open_task(desk, **auto)
    assert (task.state, task.control, task.decided_by) == ("OPEN", "REVIEW", None)
    assert task.content.why["stop"] == stopped.id
    assert f"(stop {stopped.id})" in task.content.why["reasons"][-1]
    entry = AuditEntry.objects.get(chain=task.instance_id, kind="task.opened")
    assert f'"stop":{stopped.id}' in entry.entry
    diverted = Diversion.objects.get()
    assert (diverted.kind, diverted.task_id) == ("REVIEW", task.id)
    assert (diverted.stop_id, diverted.audit_seq) == (stopped.id, entry.seq)
    # The other row decides alone as before, and so does the block.
    assert open_task(desk, confidence=Decimal("0.85"), amount=5).decided_by == "AUTO"
    assert open_task(desk, amount=200_000).outcome == "BLOCKED"
    # Under another version of the grid nobody said which row became of this one.
    set_policy(desk.queue, {"rows": [*GRID["rows"][:3], {"control": "dual"}]})
    assert open_task(desk, confidence=Decimal("0.85"), amount=5).state == "OPEN"
    assert open_task(desk, amount=200_000).control == "DUAL"

    let_end(stopped)
    assert open_task(desk, **auto).decided_by == "AUTO"
    stopping.note_ends()
    stopping.note_ends()
    assert list_kinds("stop.placed", "stop.lapsed") == ["stop.placed", "stop.lapsed"]
    assert Notification.objects.filter(person=olga, title__startswith="Over").exists()
    with pytest.raises(Conflict, match="over already"):
        stopping.extend(stop_id=stopped.id, person=olga, lasting=HOUR, reason=WHY)


def test_one_person_stops_and_extends_but_two_lift(owners: list[Person]) -> None:
    desk = make_desk()
    set_policy(desk.queue, GRID)
    olga, erik = owners
    manager = make_person("Mona", Role.MANAGER, queue=desk.queue)
    with pytest.raises(Forbidden):
        stop(Target(kind=StopKind.CELL, queue="desk"), desk.alice)
    with pytest.raises(Invalid, match="7 days"):
        stop(Target(kind=StopKind.CELL, queue="desk"), manager, 200 * HOUR)
    with pytest.raises(NotFound):
        stop(Target(kind=StopKind.CELL, queue="nowhere"), olga)
    with pytest.raises(NotFound):
        stop(Target(kind=StopKind.DEFINITION, name="nothing"), olga)
    whole = Target(kind=StopKind.CELL, queue="desk")
    stopped = stop(whole, manager)
    assert open_task(desk, confidence=Decimal("0.99")).state == "OPEN"
    assert {p.name for p in told(stopped)} == {"Olga", "Erik", "Paula", "Pierre"}

    stopping.extend(stop_id=stopped.id, person=erik, lasting=2 * HOUR, reason=WHY)
    with pytest.raises(Invalid, match="second person"):
        stopping.extend(stop_id=stopped.id, person=erik, lasting=HOUR, reason=WHY)
    with pytest.raises(Forbidden, match="Nobody has asked"):
        stopping.lift(stop_id=stopped.id, person=olga)
    stopping.ask_to_lift(stop_id=stopped.id, person=manager, reason="It is mended.")
    with pytest.raises(Forbidden, match="second person"):
        stopping.lift(stop_id=stopped.id, person=manager)
    stopping.refuse_to_lift(stop_id=stopped.id, person=olga, reason="Not yet tested.")
    with pytest.raises(Forbidden, match="Nobody has asked"):
        stopping.lift(stop_id=stopped.id, person=olga)
    assert open_task(desk, confidence=Decimal("0.99")).state == "OPEN"
    stopping.ask_to_lift(stop_id=stopped.id, person=manager, reason="Tested now.")
    stopping.lift(stop_id=stopped.id, person=olga)
    assert open_task(desk, confidence=Decimal("0.99")).decided_by == "AUTO"
    assert list_kinds("stop.placed", "stop.extended", "stop.lift_asked", "stop.lifted") == [
        "stop.placed", "stop.extended", "stop.lift_asked", "stop.lift_asked",
        "stop.lifted",
    ]  # fmt: skip
    # The table itself refuses what the operations do.
    week = F("end_set_at") + dt.timedelta(days=8)
    for words in ({"lifted_by": F("lift_asked_by")}, {"ends_at": week}):
        with pytest.raises(IntegrityError, match="review_stop_"), transaction.atomic():
            Stop.objects.update(**words)


def told(stopped: Stop) -> set[Person]:
    key = f"stop:{stopped.id}:placed"
    return {one.person for one in Notification.objects.filter(key=key) if one.person}


RULES = dmn(
    input_data("confidence", kind="number"),
    decision(
        "verdict",
        table(
            inputs={"confidence": "number"},
            rules=[(">= 0.9", '"grant"'), ("< 0.9", '"refuse"')],
        ),
        inputs=("confidence",),
    ),
)


def deploy(*, fallback: str = "", key: str = "scored", rate_first: bool = False) -> int:
    """Deploy a process: a model is asked, a table decides, a grid decides."""
    ask = "stops.rate" if rate_first else "stops.score"
    body = (
        f'<startEvent id="s"/><serviceTask id="score" cs:handler="{ask}"/>'
        '<businessRuleTask id="rule" cs:decision="verdict" cs:result="verdict"/>'
        '<userTask id="look" cs:queue="desk" cs:confidence="confidence"/>'
        '<endEvent id="e"/>' + chain("s", "score", "rule", "look", "e")
    )
    if fallback:
        body += (
            '<boundaryEvent id="b" attachedToRef="score"><errorEventDefinition'
            ' errorRef="err"/></boundaryEvent><userTask id="hand" cs:queue="desk"/>'
            '<endEvent id="by-hand"/>' + chain("b", "hand", "by-hand")
        )
    files = package(
        process(body),
        key=key,
        extra=f'<error id="err" errorCode="{fallback}"/>' if fallback else "",
        files={"rules.dmn": RULES},
    )
    return definitions.deploy(files=files, actor=TESTER).definition_id


def start(definition_id: int, count: int = 1) -> list[Any]:
    wish = Start(variables={"amount": 5}, initiator=TESTER)
    return instances.start_and_advance(
        definition_id=definition_id, starts=[wish] * count
    )


def at(instance_id: Any) -> list[tuple[str, str]]:
    """Return the live steps of an instance."""
    live = Step.objects.filter(instance=instance_id, ended_at=None).order_by("id")
    return list(live.values_list("node_id", "state"))


@pytest.fixture
def desk_queue(db: None) -> Queue:
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    set_policy(queue, GRID)
    Scorer.asked = 0
    return queue


def lift(stopped: Stop, owners: Sequence[Person]) -> None:
    first, second = owners
    stopping.ask_to_lift(stop_id=stopped.id, person=first, reason="Mended.")
    stopping.lift(stop_id=stopped.id, person=second)


@pytest.mark.parametrize("name", ["stops.score", "scorer"])
def test_stopped_model_is_not_asked_and_its_last_answers_decide_nothing(
    name: str, desk_queue: Queue, owners: list[Person]
) -> None:
    definition_id = deploy()
    (before,) = start(definition_id)
    (under_way,) = start(definition_id)
    works = external.claim(worker="w", limit=9, among=[under_way])
    external.finish(
        external.run_all(
            external.claim(worker="w", limit=9, among=[before]), threads=1
        ),
        worker="w",
    )
    assert Instance.objects.get(pk=before).state == "COMPLETED"
    stopped = stop(Target(kind=StopKind.MODEL, name=name), owners[0])
    # What was asked before the stop answers after it: the answer is not used.
    external.finish(external.run_all(works, threads=1), worker="w")
    (waits,) = start(definition_id)
    assert external.work_off(worker="w") == 0
    assert Scorer.asked == 2
    assert at(under_way) == at(waits) == [("score", "READY")]
    assert list_kinds("step.held") == ["step.held"] * 2
    kinds = Diversion.objects.order_by("id").values_list("kind", "instance_id")
    assert list(kinds) == [("HELD", under_way), ("HELD", waits)]

    lift(stopped, owners)
    assert external.work_off(worker="w") == 2
    ended = Instance.objects.filter(pk__in=[under_way, waits])
    assert set(ended.values_list("state", flat=True)) == {"COMPLETED"}


@pytest.mark.parametrize("code", ["cs.stopped", "cs.failure"])
def test_drawn_fallback_is_taken_by_cases_that_come_to_a_stopped_model(
    code: str, desk_queue: Queue, owners: list[Person]
) -> None:
    definition_id = deploy(fallback=code)
    stop(Target(kind=StopKind.MODEL, name="stops.score"), owners[0])
    (case,) = start(definition_id)
    external.work_off(worker="w")
    assert at(case) == [("hand", "WAITING")]
    assert Diversion.objects.get().kind == "FALLBACK"
    assert Task.objects.get().control == "REVIEW"


def test_grid_lets_nothing_pass_that_a_stopped_model_may_have_had_a_say_in(
    desk_queue: Queue, owners: list[Person]
) -> None:
    desk = make_desk()
    sure: dict[str, Any] = {"confidence": Decimal("0.95")}
    stopped = stop(Target(kind=StopKind.MODEL, name="test.noop"), owners[0])
    # The process calls it, if only later: its cases are looked at.
    assert open_task(desk, **sure).state == "OPEN"
    lift(stopped, owners)
    assert open_task(desk, **sure).decided_by == "AUTO"


def test_stop_of_everything_holds_scripts_and_calls_that_decide_nothing(
    desk_queue: Queue, owners: list[Person]
) -> None:
    body = (
        '<startEvent id="s"/><scriptTask id="count" cs:result="n"><script>amount + 1'
        '</script></scriptTask><serviceTask id="note" cs:handler="test.noop"/>'
        '<endEvent id="e"/>' + chain("s", "count", "note", "e")
    )
    files = package(process(body), key="plain")
    plain = definitions.deploy(files=files, actor=TESTER).definition_id
    named = Target(kind=StopKind.DEFINITION, name="plain")
    first = stop(named, owners[0])
    (passed,) = start(plain)
    assert Instance.objects.get(pk=passed).state == "COMPLETED"
    with pytest.raises(Invalid, match="Only of a process"):
        stop(Target(kind=StopKind.MODEL, name="scorer", everything=True), owners[0])
    whole = stop(replace(named, everything=True), owners[0])
    (waits,) = start(plain)
    assert at(waits) == [("count", "READY")]
    assert Diversion.objects.get().stop == whole
    # Its end takes two persons like that of any stop; then every step goes on once.
    lift(whole, owners)
    while advance_batch(worker="w").instances:
        pass
    assert Instance.objects.get(pk=waits).state == "COMPLETED"
    done = AuditEntry.objects.filter(chain=waits, kind="step.completed")
    assert len({one.step_id for one in done}) == done.count() == 4
    assert first.stands(database_now())


def test_stopped_process_holds_its_decisions_and_goes_on_where_it_stood(
    desk_queue: Queue, owners: list[Person]
) -> None:
    definition_id = deploy(rate_first=True)
    (passed,) = start(definition_id)
    assert Instance.objects.get(pk=passed).state == "COMPLETED"
    named = Target(kind=StopKind.DEFINITION, name="scored", version="1.0.0")
    assert count_would(named, now=database_now()).tables == 1
    stopped = stop(named, owners[0])
    (held,) = start(definition_id)
    assert at(held) == [("score", "READY")]
    other = deploy(key="other", rate_first=True)
    (free,) = start(other)
    assert Instance.objects.get(pk=free).state == "COMPLETED"
    drain()
    assert at(held) == [("score", "READY")]
    lift(stopped, owners)
    drain()
    assert Instance.objects.get(pk=held).state == "COMPLETED"
    # A step whose stop ended by itself looks again at that moment.
    second = stop(Target(kind=StopKind.DEFINITION, name="scored"), owners[0])
    (late,) = start(definition_id)
    step = Step.objects.get(instance=late, state="READY")
    assert step.run_at == Stop.objects.get(pk=second.id).ends_at
    names = {
        one.title
        for _, found in list_choices(
            "scored", rights=get_rights(owners[0].id), now=database_now()
        )
        for one in found
    }
    assert {"scored: all versions", "scored: 1.0.0"} <= names


@pytest.mark.django_db(transaction=True)
def test_no_decision_that_begins_after_a_stop_is_made_without_people() -> None:
    desk = make_desk()
    set_policy(desk.queue, GRID)
    olga = make_person("Olga", Role.PROCESS_OWNER)
    opened: list[tuple[int, bool]] = []

    def decide(count: int) -> None:
        for _ in range(count):
            with transaction.atomic():
                begun = committed()
                task = open_task(desk, confidence=Decimal("0.99"))
            opened.append((task.id, begun))

    def committed() -> bool:
        # The transaction's first statement: was the stop there when it began?
        return Stop.objects.exists()

    def press() -> None:
        stop(Target(kind=StopKind.CELL, queue="desk"), olga)

    with track(4) as lanes:
        lanes.race(lambda: decide(15), lambda: decide(15), press, lambda: decide(15))
        lanes.race(lambda: decide(3), lambda: decide(3))
    alone = set(Task.objects.filter(decided_by="AUTO").values_list("id", flat=True))
    after = {task for task, begun in opened if begun}
    assert len(opened) == 51
    assert len(after) >= 6
    assert after & alone == set()
    # What was not decided alone is in the list of what the stop diverted, and only that.
    listed = set(Diversion.objects.values_list("task_id", flat=True))
    assert listed == {task for task, _ in opened} - alone
