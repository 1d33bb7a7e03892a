"""Smallest rows with their entries, for tests that go below the operations."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import transaction

from workflows.audit import Draft, Head, link, record_installation, record_rows
from workflows.core.actors import ENGINE
from workflows.ids import new_instance_id
from workflows.models import Definition, Incident, Instance, Step, Timer

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


def draft(kind: str = "step.completed", **detail: object) -> Draft:
    return Draft(kind=kind, actor=ENGINE, detail=detail)


def a_definition() -> Definition:
    """Insert a definition, once, with its entry in the installation's chain."""
    known = Definition.objects.filter(key="loan").first()
    if known is not None:
        return known
    with transaction.atomic():
        record_installation(drafts=[draft("definition.deployed")], now=NOW)
        return Definition.objects.create(
            key="loan",
            version="1.0.0",
            version_order="1",
            name="Loan",
            owner="ops",
            digest="0" * 64,
            process_id="loan",
            processes=[],
            deployed_at=NOW,
            deployed_by="system:test",
        )


def an_instance(*, entries: int = 1) -> UUID:
    """Insert an instance whose chain has this many entries."""
    instance_id = new_instance_id(NOW)
    head = Head(instance_id)
    drafts = [draft("instance.started"), *[draft(n=n) for n in range(entries - 1)]]
    record_rows(link(head, drafts[:entries], now=NOW))
    Instance.objects.create(
        id=instance_id,
        definition=a_definition(),
        process_id="loan",
        state="ACTIVE",
        initiator="person:1",
        audit_seq=head.seq,
        audit_head=head.hash,
        started_at=NOW,
    )
    return instance_id


def a_step(instance_id: UUID, *, audit_seq: int = 1, step_id: int = 1) -> Step:
    return Step.objects.create(
        id=step_id,
        instance_id=instance_id,
        node_id="check",
        kind="service",
        state="WAITING",
        audit_seq=audit_seq,
        started_at=NOW,
    )


def make_rows() -> UUID:
    """Commit an instance with a step, a timer and an incident."""
    with transaction.atomic():
        instance_id = an_instance()
        step = a_step(instance_id)
        Timer.objects.create(
            instance_id=instance_id,
            kind="engine.catch",
            state="ARMED",
            due_at=NOW,
            audit_seq=1,
        )
        Incident.objects.create(
            instance_id=instance_id,
            step=step,
            state="OPEN",
            code="x",
            message="y",
            attempts=3,
            opened_at=NOW,
            audit_seq=1,
        )
    return instance_id
