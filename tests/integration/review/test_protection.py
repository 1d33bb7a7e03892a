"""The database refuses half facts, unknown words, second votes and unaudited changes."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, models, transaction

from review.core.states import Decision
from review.models import RoleGrant, Task, TaskRevision, Verdict
from review.operations import queues
from tests.audit_tables import owner_without_triggers
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    Desk,
    judge,
    make_desk,
    make_person,
    open_task,
    task_at,
)
from workflows.operations import instances
from workflows.operations.errors import Invalid
from workflows.operations.instances import Start

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


def refused(task: Task, **changes: object) -> str:
    """Return the constraint that refuses a change which no operation would make."""
    with (
        owner_without_triggers("review_task"),
        pytest.raises(IntegrityError) as caught,
        transaction.atomic(),
    ):
        Task.objects.filter(id=task.id).update(**changes)
    return str(caught.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "LOST"}, "review_task_state_known"),
        ({"control": "MAYBE"}, "review_task_control_known"),
        ({"stage": "LAST"}, "review_task_stage_known"),
        ({"priority_class": "Z"}, "review_task_class_known"),
        ({"claimed_at": NOW}, "review_task_claimed_at_needs_by"),
        ({"lease_until": NOW}, "review_task_claimed_needs_lease"),
        ({"state": "CLAIMED"}, "review_task_claimed_only_with_lease"),
        ({"state": "DECIDED"}, "review_task_outcome_only_when_decided"),
        ({"state": "CANCELED"}, "review_task_canceled_at_only_when_canceled"),
        ({"breached_at": NOW}, "review_task_breach_needs_due"),
        ({"warn_at": NOW}, "review_task_warning_needs_due"),
        (
            {"warn_at": NOW, "due_at": NOW - dt.timedelta(hours=1)},
            "review_task_warning_not_after_due",
        ),
        ({"confidence": Decimal("1.1")}, "review_task_confidence_0_to_1"),
        ({"round": 0}, "review_task_round_from_1"),
    ],
)
def test_half_facts_are_refused(
    desk: Desk, changes: dict[str, object], constraint: str
) -> None:
    assert refused(open_task(desk), **changes) == constraint


def test_outcome_is_a_known_word_and_complete(desk: Desk) -> None:
    task = open_task(desk)
    decided = {"state": "DECIDED", "decided_at": NOW, "decided_by": "PEOPLE"}
    assert refused(task, **decided, outcome="FINE") == "review_task_outcome_known"
    assert refused(task, **{**decided, "decided_by": "MAGIC"}, outcome="APPROVED") == (
        "review_task_decided_by_known"
    )


def test_every_moment_with_a_person_has_its_pair_checked() -> None:
    unchecked = []
    for model in apps.get_app_config("review").get_models():
        names = {field.name for field in model._meta.get_fields()}
        pairs = [name for name in names if f"{name.removesuffix('_by')}_at" in names]
        rules = " ".join(
            str(constraint.condition)
            for constraint in model._meta.constraints
            if isinstance(constraint, models.CheckConstraint)
        )
        unchecked += [
            f"{model.__name__}.{name}"
            for name in pairs
            if name.endswith("_by")
            and model._meta.get_field(name).null
            and f"{name}__isnull" not in rules
        ]
    assert unchecked == []


def test_one_verdict_for_each_person_and_round(dual_desk: Desk) -> None:
    verdict = first_verdict(dual_desk)
    with pytest.raises(IntegrityError, match="once_per_round_and_person"):
        write_again(verdict, lease_token=99)


def test_one_verdict_for_each_lease(dual_desk: Desk) -> None:
    verdict = first_verdict(dual_desk)
    with pytest.raises(IntegrityError, match="once_per_lease"):
        write_again(verdict, person_id=dual_desk.bob.id)


def test_edits_stand_with_edit_and_approve_only(dual_desk: Desk) -> None:
    verdict = first_verdict(dual_desk)
    with pytest.raises(IntegrityError, match="edits_only_when_edited"):
        write_again(
            verdict, person_id=dual_desk.bob.id, lease_token=99, edits=[{"op": "add"}]
        )


def test_verdicts_are_only_ever_added(dual_desk: Desk) -> None:
    verdict = first_verdict(dual_desk)
    for change in (
        lambda: Verdict.objects.filter(id=verdict.id).update(decision="REJECT"),
        lambda: Verdict.objects.filter(id=verdict.id).delete(),
    ):
        with (
            pytest.raises(DatabaseError, match="only ever added"),
            transaction.atomic(),
        ):
            change()


def test_shown_payloads_are_only_ever_added(desk: Desk) -> None:
    task = open_task(desk)
    judge(task, desk.alice, Decision.EDIT_AND_APPROVE, edits={"/amount": 1})
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        TaskRevision.objects.filter(task=task).delete()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_change_without_an_entry_fails_at_commit() -> None:
    desk = make_desk(quorum="dual")
    other = queues.define_queue(key="other", name="Other", actor=TESTER)
    task = task_at("CLAIMED", desk)
    changes: list[dict[str, Any]] = [
        {"queue_id": other.id},
        {"payload_digest": "0" * 64},
        {"excluded": [1, 2, 3]},
        {"round": 2},
        {"stage": "SECOND"},
        {"control": "REVIEW"},
        {"lease_token": 5},
        {"claimed_by_id": desk.bob.id},
        {"warned_at": NOW},
    ]
    for change in changes:
        with pytest.raises(DatabaseError, match="has no audit entry"):
            Task.objects.filter(id=task.id).update(**change)
    Task.objects.filter(id=task.id).update(lease_until=NOW)
    task.refresh_from_db()
    assert (task.lease_until, task.round) == (NOW, 1)


def test_role_is_held_once(desk: Desk) -> None:
    person = make_person("Twice")
    given: dict[str, Any] = {
        "person": person,
        "role": "AUDITOR",
        "granted_at": NOW,
        "granted_by": "system:test",
    }
    RoleGrant.objects.create(**given)
    with pytest.raises(IntegrityError, match="held_once"), transaction.atomic():
        RoleGrant.objects.create(**given)
    with pytest.raises(IntegrityError, match="revoked_at_needs_by"):
        RoleGrant.objects.filter(person=person).update(revoked_at=NOW)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN")])
def test_numbers_that_are_none_never_become_variables(
    desk: Desk, number: object
) -> None:
    start = Start(variables={"confidence": number}, initiator=TESTER)
    with pytest.raises(Invalid, match="cannot be kept as JSON"):
        instances.start_many(definition_id=desk.definition_id, starts=[start])
    assert not Task.objects.exists()


def first_verdict(desk: Desk) -> Verdict:
    return Verdict.objects.get(task=task_at("SECOND", desk))


def write_again(verdict: Verdict, **changes: object) -> None:
    """Write a copy of a verdict past the operations."""
    values = {
        field.attname: getattr(verdict, field.attname)
        for field in Verdict._meta.concrete_fields
        if field.attname != "id"
    }
    with transaction.atomic():
        Verdict.objects.create(**{**values, **changes})
