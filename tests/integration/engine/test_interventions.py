"""Skipped steps, moved tokens and edited variables, on the real database."""

import json
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from tests.factories.processes import TESTER, chain, flow, package, process
from tests.factories.said import read_detail
from tests.integration.engine.conftest import Waiting
from tests.integration.engine.test_paths import drain, run, state, variables, waiting
from workflows.models import AuditEntry, Incident, Instance, Step, Timer
from workflows.operations import definitions, incidents, instances, interventions
from workflows.operations.errors import Conflict, Invalid, NotFound, Refused, Stale
from workflows.operations.instances import Start

pytestmark = pytest.mark.django_db

WHY = "The paper form was found."


def users(*names: str) -> str:
    return "".join(f'<userTask id="{name}" name="Do {name}"/>' for name in names)


LINE = process(
    '<startEvent id="s"/>'
    + users("a", "b", "c")
    + '<endEvent id="e"/>'
    + chain("s", "a", "b", "c", "e")
)
FORK = process(
    '<startEvent id="s"/><parallelGateway id="fork"/><parallelGateway id="join"/>'
    + users("a", "b", "after")
    + '<endEvent id="e"/>'
    + chain("s", "fork", "a", "join", "after", "e")
    + chain("fork", "b", "join")
)
INNER = (
    '<subProcess id="sub" name="Check"><startEvent id="in"/>'
    + users("x", "y")
    + '<endEvent id="out"/>'
    + chain("in", "x", "y", "out")
    + "</subProcess>"
)
NESTED = process(
    '<startEvent id="s"/>'
    + users("a", "b")
    + INNER
    + '<boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition>'
    "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    '<endEvent id="e"/><endEvent id="e2"/>'
    + chain("s", "a", "sub", "b", "e")
    + flow("late", "e2")
)


def live(instance_id: UUID) -> list[str]:
    found = Step.objects.filter(
        instance_id=instance_id, state__in=["READY", "RUNNING", "WAITING", "INCIDENT"]
    )
    return sorted(found.values_list("node_id", flat=True))


def skip(instance_id: UUID, node: str, **options: object) -> None:
    interventions.skip(
        instance_id=instance_id,
        step_id=waiting(instance_id, node),
        actor=TESTER,
        reason=WHY,
        **options,  # type: ignore[arg-type]
    )


def move(instance_id: UUID, node: str, targets: Sequence[str]) -> None:
    interventions.move(
        instance_id=instance_id,
        step_id=waiting(instance_id, node),
        targets=targets,
        actor=TESTER,
        reason=WHY,
    )


def detail(instance_id: UUID, kind: str) -> dict[str, object]:
    entry = AuditEntry.objects.get(chain=instance_id, kind=kind)
    return read_detail(entry)


class TestSkip:
    def test_a_task_is_withdrawn_and_its_token_goes_on(self, people: Waiting) -> None:
        instance_id = run(LINE)
        step_id = waiting(instance_id, "a")
        skip(instance_id, "a", variables={"seen": True})
        assert live(instance_id) == ["b"]
        assert Step.objects.get(pk=step_id).state == "SKIPPED"
        assert people.canceled == [step_id]
        assert variables(instance_id) == {"seen": True}
        told = detail(instance_id, "step.skipped")
        assert (told["reason"], told["variables"]) == (WHY, ["seen"])

    def test_the_last_step_ends_the_instance(self, people: Waiting) -> None:
        instance_id = run(LINE)
        for node in ("a", "b", "c"):
            skip(instance_id, node)
        assert state(instance_id) == "COMPLETED"

    def test_an_incident_ends_with_its_step(self, people: Waiting) -> None:
        instance_id = run(
            process(
                '<startEvent id="s"/><serviceTask id="t" cs:handler="test.broken"/>'
                + users("b")
                + '<endEvent id="e"/>'
                + chain("s", "t", "b", "e")
            ),
            amount=-1,
        )
        step = Step.objects.get(instance_id=instance_id, node_id="t")
        assert step.state == "INCIDENT"
        interventions.skip(
            instance_id=instance_id, step_id=step.pk, actor=TESTER, reason=WHY
        )
        incident = Incident.objects.get()
        assert incident.state == "RESOLVED"
        assert incidents.is_of(incident.pk, instance_id=instance_id)
        assert not incidents.is_of(incident.pk, instance_id=uuid4())
        assert live(instance_id) == ["b"]

    def test_a_sub_process_ends_with_all_inside(self, people: Waiting) -> None:
        instance_id = run(NESTED)
        skip(instance_id, "a")
        assert live(instance_id) == ["sub", "x"]
        skip(instance_id, "sub")
        assert live(instance_id) == ["b"]
        assert Step.objects.get(node_id="x").state == "CANCELED"
        assert Timer.objects.get().state == "CANCELED"

    def test_a_half_full_join_is_refused_unless_it_is_to_fire(
        self, people: Waiting
    ) -> None:
        instance_id = run(FORK)
        skip(instance_id, "a")
        with pytest.raises(Conflict, match="still waits for 1 of 2 flows"):
            skip(instance_id, "join")
        skip(instance_id, "join", fire=True)
        assert live(instance_id) == ["after", "b"]

    def test_a_gateway_that_chooses_is_refused(self, people: Waiting) -> None:
        instance_id = run(
            process(
                '<startEvent id="s"/><exclusiveGateway id="x"/><endEvent id="e"/>'
                '<endEvent id="f"/>'
                + flow("s", "x")
                + flow("x", "e", condition="amount = 1")
                + flow("x", "f", condition="amount = 2")
            )
        )
        step = Step.objects.get(instance_id=instance_id, node_id="x")
        with pytest.raises(Conflict, match="chooses among flows; move the token"):
            interventions.skip(
                instance_id=instance_id, step_id=step.pk, actor=TESTER, reason=WHY
            )
        interventions.move(
            instance_id=instance_id,
            step_id=step.pk,
            targets=["f"],
            actor=TESTER,
            reason=WHY,
        )
        assert state(instance_id) == "COMPLETED"
        assert Instance.objects.get(pk=instance_id).end_node_id == "f"

    def test_one_round_of_several_is_skipped_alone(self, people: Waiting) -> None:
        instance_id = run(
            process(
                '<startEvent id="s"/><userTask id="m"><multiInstanceLoopCharacteristics>'
                "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
                '</userTask><endEvent id="e"/>' + chain("s", "m", "e")
            )
        )
        body, first, second = Step.objects.filter(node_id="m").order_by("id")
        for step in (first, second):
            with pytest.raises(Conflict, match="one round of m"):
                interventions.move(
                    instance_id=instance_id,
                    step_id=step.pk,
                    targets=["e"],
                    actor=TESTER,
                    reason=WHY,
                )
            interventions.skip(
                instance_id=instance_id, step_id=step.pk, actor=TESTER, reason=WHY
            )
        body.refresh_from_db()
        assert body.state == "COMPLETED"
        assert state(instance_id) == "COMPLETED"


class TestMove:
    def test_a_token_goes_back_and_to_several_nodes(self, people: Waiting) -> None:
        instance_id = run(LINE)
        skip(instance_id, "a")
        move(instance_id, "b", ["a", "c"])
        assert live(instance_id) == ["a", "c"]
        assert Step.objects.get(node_id="b").state == "CANCELED"
        assert detail(instance_id, "step.moved")["to"] == ["a", "c"]

    def test_outwards_closes_a_scope_that_is_left_empty(self, people: Waiting) -> None:
        instance_id = run(NESTED)
        skip(instance_id, "a")
        move(instance_id, "x", ["b"])
        assert live(instance_id) == ["b"]
        assert Step.objects.get(node_id="sub").state == "CANCELED"
        assert Timer.objects.get().state == "CANCELED"

    def test_outwards_leaves_a_scope_open_that_others_are_in(
        self, people: Waiting
    ) -> None:
        instance_id = run(NESTED)
        skip(instance_id, "a")
        move(instance_id, "x", ["x", "y"])
        move(instance_id, "x", ["b"])
        assert live(instance_id) == ["b", "sub", "y"]
        skip(instance_id, "y")
        assert live(instance_id) == ["b", "b"]

    def test_inwards_opens_the_scope_with_its_timers_and_begins_there(
        self, people: Waiting
    ) -> None:
        instance_id = run(NESTED)
        move(instance_id, "a", ["y"])
        assert live(instance_id) == ["sub", "y"]
        assert Timer.objects.get().state == "ARMED"
        skip(instance_id, "y")
        assert live(instance_id) == ["b"]

    @pytest.mark.parametrize(
        ("target", "sentence"),
        [
            ("late", "on the edge of an activity"),
            ("undo", "only runs to undo"),
            ("begun", "begins when its event comes"),
            ("alarm", "begun by its event"),
            ("join", "is a join"),
            ("inside", "cannot be begun in its middle"),
            ("nowhere", "no node 'nowhere'"),
        ],
    )
    def test_what_no_token_enters_is_refused(
        self, people: Waiting, target: str, sentence: str
    ) -> None:
        instance_id = run(
            process(
                '<startEvent id="s"/><parallelGateway id="fork"/>'
                '<parallelGateway id="join"/>'
                + users("a", "b", "undo").replace(
                    'id="undo"', 'id="undo" isForCompensation="true"'
                )
                + '<boundaryEvent id="late" attachedToRef="a"><timerEventDefinition>'
                "<timeDuration>PT1H</timeDuration></timerEventDefinition>"
                '</boundaryEvent><boundaryEvent id="back" attachedToRef="b">'
                "<compensateEventDefinition/></boundaryEvent>"
                '<association id="as" sourceRef="back" targetRef="undo"'
                ' associationDirection="One"/>'
                '<subProcess id="alarm" triggeredByEvent="true">'
                '<startEvent id="begun"><messageEventDefinition messageRef="m"/>'
                '</startEvent><endEvent id="over"/>'
                + flow("begun", "over")
                + "</subProcess>"
                '<subProcess id="many"><multiInstanceLoopCharacteristics>'
                "<loopCardinality>2</loopCardinality>"
                '</multiInstanceLoopCharacteristics><startEvent id="ms"/>'
                + users("inside")
                + '<endEvent id="me"/>'
                + chain("ms", "inside", "me")
                + '</subProcess><endEvent id="e"/>'
                + chain("s", "fork", "a", "join", "many", "e")
                + chain("fork", "b", "join")
                + flow("late", "e")
            ),
            extra='<message id="m" name="alarm"/>',
        )
        with pytest.raises(Conflict, match=sentence):
            move(instance_id, "a", [target])
        assert live(instance_id) == ["a", "b"]

    def test_a_suspended_instance_is_moved_and_goes_on_when_resumed(
        self, people: Waiting
    ) -> None:
        instance_id = run(LINE)
        instances.suspend(instance_id=instance_id, actor=TESTER, reason=WHY)
        move(instance_id, "a", ["c"])
        drain()
        assert state(instance_id) == "SUSPENDED"
        assert Step.objects.get(node_id="c").state == "READY"
        instances.resume(instance_id=instance_id, actor=TESTER, reason=WHY)
        drain()
        assert waiting(instance_id, "c")


class TestEdit:
    def edit(self, instance_id: UUID, **options: object) -> None:
        interventions.edit_variables(
            instance_id=instance_id,
            actor=TESTER,
            reason=WHY,
            **options,  # type: ignore[arg-type]
        )

    def test_values_are_set_and_removed_and_the_entry_holds_digests(
        self, people: Waiting
    ) -> None:
        instance_id = run(LINE, amount=1, note="secret text")
        self.edit(instance_id, assign={"amount": 2}, remove=["note"])
        assert variables(instance_id) == {"amount": 2}
        entry = AuditEntry.objects.get(
            chain=instance_id, kind="instance.variables_edited"
        )
        assert "secret text" not in entry.entry
        told = detail(instance_id, "instance.variables_edited")
        assert told["removed"] == ["note"]
        assert set(told["before"]) == {"amount", "note"}  # type: ignore[call-overload]

    def test_what_changed_since_it_was_seen_is_refused(self, people: Waiting) -> None:
        instance_id = run(LINE, amount=1)
        seen = interventions.get_standing(instance_id)
        skip(instance_id, "a", variables={"amount": 3})
        with pytest.raises(Stale):
            self.edit(instance_id, assign={"amount": 2}, seen=seen)
        assert variables(instance_id) == {"amount": 3}

    def test_a_round_has_variables_of_its_own(self, people: Waiting) -> None:
        instance_id = run(
            process(
                '<startEvent id="s"/><userTask id="m"><multiInstanceLoopCharacteristics>'
                "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
                '</userTask><endEvent id="e"/>' + chain("s", "m", "e")
            )
        )
        body, first, second = Step.objects.filter(node_id="m").order_by("id")
        self.edit(instance_id, assign={"mine": 1}, scope_id=first.pk)
        first.refresh_from_db()
        second.refresh_from_db()
        assert first.data["vars"]["mine"] == 1
        assert "mine" not in second.data["vars"]
        assert variables(instance_id) == {}
        with pytest.raises(Conflict, match="holds no variables of its own"):
            self.edit(instance_id, assign={"mine": 1}, scope_id=body.pk)

    @pytest.mark.parametrize(
        ("options", "refusal"),
        [
            ({}, Invalid),
            ({"assign": {"": 1}}, Invalid),
            ({"assign": {"x": 1}, "remove": ["x"]}, Invalid),
            ({"assign": {"x": float("nan")}}, Invalid),
            ({"remove": ["nothing"]}, Conflict),
        ],
    )
    def test_an_edit_that_makes_no_sense_is_refused(
        self, people: Waiting, options: dict[str, object], refusal: type[Refused]
    ) -> None:
        instance_id = run(LINE, amount=1)
        with pytest.raises(refusal):
            self.edit(instance_id, **options)
        assert variables(instance_id) == {"amount": 1}


def test_ended_and_unknown_instances_and_steps_are_refused(people: Waiting) -> None:
    instance_id = run(LINE)
    step_id = waiting(instance_id, "a")
    given = {"step_id": step_id, "actor": TESTER, "reason": WHY}
    with pytest.raises(NotFound):
        interventions.skip(instance_id=uuid4(), **given)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="reason"):
        interventions.skip(
            instance_id=instance_id, step_id=step_id, actor=TESTER, reason=" "
        )
    with pytest.raises(Conflict, match="step has ended"):
        interventions.skip(instance_id=instance_id, step_id=1, actor=TESTER, reason=WHY)
    instances.cancel(instance_id=instance_id, actor=TESTER, reason=WHY)
    common = {"instance_id": instance_id, "actor": TESTER, "reason": WHY}
    for act, arguments in (
        (interventions.skip, {"step_id": step_id}),
        (interventions.move, {"step_id": step_id, "targets": ["b"]}),
        (interventions.edit_variables, {"assign": {"x": 1}}),
    ):
        with pytest.raises(Conflict, match="ended already"):
            act(**{**common, **arguments})  # type: ignore[arg-type]


def test_the_outlook_names_what_can_be_done(people: Waiting) -> None:
    instance_id = run(NESTED)
    outlook = interventions.get_outlook(
        instance_id=instance_id, step_id=waiting(instance_id, "a")
    )
    ways = {target.node.id: target.way for target in outlook.targets}
    assert (ways["b"], ways["y"]) == ("here", "into")
    assert "late" not in ways
    assert (outlook.skip_refusal, outlook.move_refusal) == ("", "")


def test_an_edited_variable_must_meet_the_start_form(people: Waiting) -> None:
    form = {
        "type": "object",
        "required": ["amount"],
        "properties": {"amount": {"type": "integer", "minimum": 1}},
    }
    body = LINE.replace('<startEvent id="s"/>', '<startEvent id="s" cs:form="f"/>')
    files = package(body, files={"forms/f.json": json.dumps(form).encode()})
    deployed = definitions.deploy(files=files, actor=TESTER)
    (instance_id,) = instances.start_many(
        definition_id=deployed.definition_id,
        starts=[Start(variables={"amount": 1}, initiator=TESTER)],
    )
    drain()
    edit = {"instance_id": instance_id, "actor": TESTER, "reason": WHY}
    for options, words in (
        ({"assign": {"amount": 0}}, "does not meet the start form"),
        ({"remove": ["amount"]}, "requires 'amount'"),
    ):
        with pytest.raises(Invalid, match=words):
            interventions.edit_variables(**edit, **options)  # type: ignore[arg-type]
    interventions.edit_variables(**edit, assign={"amount": 5, "more": "x"})  # type: ignore[arg-type]
    assert variables(instance_id) == {"amount": 5, "more": "x"}
