"""Reason codes under a policy: they follow it, and what was given stays as it was."""

from typing import Any

import pytest

from review.core.policies.reason_policy import read_reasons
from review.core.states import Decision, PolicyKind, Role
from review.dashboards.reasons import reasons_of
from review.models import Policy, ReasonCode, Verdict
from review.operations import queues
from review.operations.policies import policies
from review.operations.policies.policies import BadBody
from review.operations.policies.policy_subjects import Subject
from review.operations.policies.reason_previews import preview_reason_codes
from tests.factories.processes import TESTER
from tests.factories.tasks import judge, make_desk, make_person, open_task
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid

pytestmark = pytest.mark.django_db
KIND = PolicyKind.REASONS


def row(code: str, **words: str) -> dict[str, str]:
    return {"code": code, "label": code.title(), "decision": "reject", **words}


def test_codes_follow_their_policy_and_the_past_stays() -> None:
    desk = make_desk()
    carol = make_person("Carla", Role.MANAGER, queue=desk.queue)
    olga = make_person("Olga", Role.PROCESS_OWNER)
    for code in ("late", "double"):
        queues.define_reason_code(
            code=code,
            label=code.title(),
            decision=Decision.REJECT,
            actor=TESTER,
            queue=desk.queue if code == "late" else None,
        )
    judge(open_task(desk), desk.alice, Decision.REJECT, reason_code="double")
    body: dict[str, Any] = {
        "rows": [row("late", words="yes"), row("unproven", policy="Section 4.")]
    }
    name: dict[str, Any] = {"queue_id": desk.queue.id, "kind": KIND}
    with pytest.raises(Forbidden, match="The queue has reason codes already"):
        policies.propose(**name, body=body, reason="Operator.", person=None)
    assert not Policy.objects.exists()

    second = policies.propose(**name, body=body, reason="Fewer of them.", person=carol)
    first = Policy.objects.get(version=1)
    # What stood is kept as the first version, with the codes that are for all queues.
    assert (first.state, first.author, second.version) == ("IN_FORCE", None, 2)
    assert first.body == {"rows": [row("double"), row("late")]}
    with pytest.raises(Forbidden, match="proposed this yourself"):
        policies.approve(policy_id=second.id, person=carol)
    offered = reasons_of(desk.queue.id).order_by("code")
    assert [one.code for one in offered] == ["double", "late"]

    policies.approve(policy_id=second.id, person=olga)
    assert [one.code for one in offered.all()] == ["late", "unproven"]
    late = ReasonCode.objects.get(queue=desk.queue, code="late")
    assert late.needs_rationale
    gone = ReasonCode.objects.get(queue=desk.queue, code="double")
    assert gone.retired_at is not None
    with pytest.raises(Invalid, match="'double' is not for this decision here"):
        judge(open_task(desk), desk.bob, Decision.REJECT, reason_code="double")
    assert Verdict.objects.get().reason_code == "double"
    check_told()
    with pytest.raises(Conflict, match="a policy that two persons change"):
        queues.define_reason_code(
            code="late",
            label="Late",
            decision=Decision.REJECT,
            actor=TESTER,
            queue=desk.queue,
        )
    with pytest.raises(Conflict, match="/queues/desk/reasons/edit/"):
        queues.retire_reason_code(code="late", actor=TESTER, queue=desk.queue)
    # A code that people gave for one decision never comes to mean another.
    with pytest.raises(BadBody, match="given for another decision already"):
        policies.propose(
            **name,
            body={"rows": [row("late"), row("double", decision="approve")]},
            reason="Again.",
            person=carol,
        )


def check_told() -> None:
    """Each code that followed the policy has an entry."""
    kinds = AuditEntry.objects.filter(kind__startswith="reason_code.").order_by("seq")
    told = [entry.kind for entry in kinds][-3:]
    assert sorted(told) == [
        "reason_code.changed",
        "reason_code.created",
        "reason_code.retired",
    ]


def test_list_taken_as_it_stands_needs_nobody_else() -> None:
    desk = make_desk()
    queues.define_reason_code(
        code="late", label="Late", decision=Decision.REJECT, actor=TESTER
    )
    before = policies.find_before(Subject(queue=desk.queue), KIND)
    policy = policies.propose(
        queue_id=desk.queue.id,
        kind=KIND,
        body=before,
        reason="As it stands.",
        person=None,
    )
    assert (policy.version, policy.state) == (1, "IN_FORCE")
    # From here on what is for all queues does not reach this one.
    queues.define_reason_code(
        code="double", label="Double", decision=Decision.REJECT, actor=TESTER
    )
    assert [one.code for one in reasons_of(desk.queue.id)] == ["late"]


def test_preview_counts_what_was_given_and_overturned() -> None:
    desk = make_desk(quorum="dual")
    judge(open_task(desk), desk.alice, Decision.REJECT)
    for code, decision in (
        ("late", Decision.REJECT),
        ("fine", Decision.APPROVE),
        ("never", Decision.REJECT),
    ):
        queues.define_reason_code(
            code=code, label=code, decision=decision, actor=TESTER, queue=desk.queue
        )
    task = open_task(desk)
    judge(task, desk.alice, Decision.REJECT, reason_code="late")
    judge(task, desk.bob, reason_code="fine")
    judge(task, desk.carol)
    before = policies.find_before(Subject(queue=desk.queue), KIND)
    assert before is not None
    found = preview_reason_codes(
        queue=desk.queue,
        before=read_reasons(before),
        proposed=[one for one in read_reasons(before) if one.code != "late"],
        weeks=4,
    )
    given = {one.code: tuple(one.given) for one in found.figures}
    assert given == {"late": (1, 1, 1), "fine": (1, 1, 0), "never": (0, 0, 0)}
    assert [one.code for one in found.lost] == ["late"]
    assert [one.code for one in found.unused] == ["never"]
    assert found.without == 1
