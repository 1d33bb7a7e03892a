"""Entries are written into the right chain, gapless, also by many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from tests.integration.audit.rows import NOW, an_instance, draft
from workflows.audit import INSTALLATION, UnknownChain, record, record_installation
from workflows.core.chain import Head, Row, verify_chain
from workflows.models import AuditChain, AuditEntry, Instance


def rows_of(chain: UUID) -> list[Row]:
    names = (name for name in Row._fields if name != "hash")
    entries = AuditEntry.objects.filter(chain=chain).order_by("seq")
    return [
        Row._make((*fields[:-1], bytes(fields[-1])))
        for fields in entries.values_list(*names, "hash")
    ]


def test_entries_are_stored_as_linked(db: None) -> None:
    instance_id = an_instance()
    assert (
        record(instance_id=instance_id, drafts=[draft(text='ünï\\\t"')], now=NOW) == 2
    )
    assert record(instance_id=instance_id, drafts=[draft()] * 5, now=NOW) == 7
    head = Head(instance_id)
    assert verify_chain(rows_of(instance_id), head=head) == []
    instance = Instance.objects.get(pk=instance_id)
    assert (instance.audit_seq, bytes(instance.audit_head)) == (7, head.hash)


def test_no_drafts_write_no_entries(db: None) -> None:
    instance_id = an_instance()
    assert record(instance_id=instance_id, drafts=[], now=NOW) == 1
    assert AuditEntry.objects.filter(chain=instance_id).count() == 1


def test_unknown_instance_is_refused(db: None) -> None:
    with pytest.raises(UnknownChain, match="There is no instance"):
        record(instance_id=uuid4(), drafts=[draft()], now=NOW)


@pytest.mark.slow
def test_installation_chain_is_gapless_under_many_writers(
    transactional_db: None,
) -> None:
    def write(number: int) -> None:
        try:
            for step in range(10):
                with transaction.atomic():
                    record_installation(drafts=[draft(n=[number, step])], now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    head = Head(INSTALLATION)
    assert verify_chain(rows_of(INSTALLATION), head=head) == []
    stored = AuditChain.objects.get()
    assert (stored.seq, bytes(stored.head)) == (40, head.hash)
