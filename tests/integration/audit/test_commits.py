"""What commits and what does not: a change needs an entry of its own transaction."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from tests.integration.audit.rows import NOW, draft, make_rows
from workflows.audit import (
    INSTALLATION,
    Head,
    link,
    record,
    record_installation,
    record_rows,
)
from workflows.models import AuditChain, AuditEntry, Instance, Step, Timer

pytestmark = pytest.mark.slow

REFUSAL = "has no audit entry of its own transaction"


@pytest.fixture
def instance_id(transactional_db: None) -> UUID:
    """Make a committed instance for a test that commits more."""
    return make_rows()


def test_update_that_changes_no_state_needs_no_entry(instance_id: UUID) -> None:
    Step.objects.update(lease_token=5, state=F("state"))
    Instance.objects.update(end_node_id="end", state=F("state"))
    Timer.objects.create(kind="housekeeping", state="ARMED", due_at=NOW)


def test_change_with_its_entry_commits(instance_id: UUID) -> None:
    with transaction.atomic():
        Step.objects.update(state="READY", audit_seq=2)
        seq = record(instance_id=instance_id, drafts=[draft()], now=NOW)
    instance = Instance.objects.get(pk=instance_id)
    assert (seq, instance.audit_seq, instance.version) == (2, 2, 1)
    assert bytes(instance.audit_head) == bytes(AuditEntry.objects.get(seq=2).hash)


def test_entry_of_another_transaction_does_not_count(instance_id: UUID) -> None:
    head = head_of(instance_id)
    record_rows(link(head, [draft()], now=NOW))
    with pytest.raises(IntegrityError, match=REFUSAL):
        Instance.objects.update(audit_seq=head.seq, audit_head=head.hash)
    with pytest.raises(IntegrityError, match=REFUSAL):
        Step.objects.update(state="READY", audit_seq=head.seq)


def test_entry_that_a_savepoint_took_back_does_not_count(instance_id: UUID) -> None:
    @transaction.atomic
    def change() -> None:
        with suppress(LookupError), transaction.atomic():
            record(instance_id=instance_id, drafts=[draft()], now=NOW)
            raise LookupError
        Step.objects.update(state="READY", audit_seq=2)

    with pytest.raises(IntegrityError, match=REFUSAL):
        change()


def test_entry_within_a_kept_savepoint_counts(instance_id: UUID) -> None:
    with transaction.atomic():
        with transaction.atomic():
            record(instance_id=instance_id, drafts=[draft()], now=NOW)
        Step.objects.update(state="READY", audit_seq=2)
    assert Step.objects.get().state == "READY"


@pytest.mark.parametrize("count", [1, 2])
def test_failing_audit_write_takes_the_change_back(
    count: int, instance_id: UUID
) -> None:
    taken = head_of(instance_id)
    record_rows(link(taken, [draft(by="somebody else")], now=NOW))

    @transaction.atomic
    def change() -> None:
        Step.objects.update(state="READY", audit_seq=2)
        record(instance_id=instance_id, drafts=[draft()] * count, now=NOW)

    with pytest.raises(IntegrityError, match="gapless_link"):
        change()
    assert Step.objects.get().state == "WAITING"
    assert AuditEntry.objects.filter(chain=instance_id).count() == 2


def test_head_of_the_installation_moves_with_an_entry_only(
    transactional_db: None,
) -> None:
    with transaction.atomic():
        assert record_installation(drafts=[draft("definition.deployed")], now=NOW) == 1
    with pytest.raises(IntegrityError, match=REFUSAL):
        AuditChain.objects.filter(id=INSTALLATION).update(seq=2)
    with transaction.atomic():
        assert record_installation(drafts=[draft("export.made")], now=NOW) == 2


def head_of(instance_id: UUID) -> Head:
    stored = Instance.objects.get(pk=instance_id)
    return Head(instance_id, stored.audit_seq, bytes(stored.audit_head))
