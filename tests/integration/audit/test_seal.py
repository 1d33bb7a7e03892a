"""Sealing: places without gaps, checkpoints that agree, and no signature on a fork."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from tests.audit_tables import owner_without_triggers
from tests.integration.audit.rows import NOW, a_definition, an_instance, draft
from workflows.audit import record
from workflows.core.actors import COMMAND_LINE
from workflows.core.merkle import (
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from workflows.models import AuditEntry, Checkpoint, Leaf, Subtree
from workflows.operations import checkpoints
from workflows.operations.checkpoints import (
    Floor,
    LogForked,
    begin_anew,
    seal,
    sequence,
)
from workflows.operations.log_key import (
    KeyFolder,
    KeyMissing,
    KeyUnusable,
    open_checkpoint,
)
from workflows.operations.proofs import StoredTree, TreeDamaged

TREE = ("workflows_leaf", "workflows_checkpoint", "workflows_subtree")


def entry_hashes() -> list[bytes]:
    entries = AuditEntry.objects.order_by("id").values_list("entry", flat=True)
    return [leaf_hash(entry.encode()) for entry in entries]


def test_sealing_signs_the_root_over_all_entries(db: None, keys: KeyFolder) -> None:
    an_instance(entries=4)  # and the entry of its definition
    an_instance(entries=600)
    sealed = seal(folder=keys, now=NOW)
    assert (sealed.entries, sealed.size, sealed.more) == (605, 605, False)
    hashes = entry_hashes()
    leaves = Leaf.objects.order_by("leaf_index")
    assert [bytes(leaf.leaf_hash) for leaf in leaves] == hashes
    stored = Checkpoint.objects.get()
    key = keys.read_key()
    assert key is not None
    signed = open_checkpoint(stored.note, key=key.verifier)
    assert (signed.size, signed.root) == (605, tree_root(hashes))
    assert keys.read_last_note() == stored.note


def test_sealing_goes_on_from_the_last_checkpoint(db: None, keys: KeyFolder) -> None:
    for entries in (199, 1, 300, 255, 1):  # the first brings its definition's
        an_instance(entries=entries)
        seal(folder=keys, now=NOW)
    hashes = entry_hashes()
    sizes = [(row.size, bytes(row.root)) for row in Checkpoint.objects.order_by("size")]
    assert sizes == [(n, tree_root(hashes[:n])) for n in (200, 201, 501, 756, 757)]
    assert Subtree.objects.count() == 2
    tree = StoredTree()
    for (old_size, old_root), (size, root) in pairwise(sizes):
        proof = tree.consistency_proof(old_size=old_size, size=size)
        assert verify_consistency(
            old_size=old_size, size=size, old_root=old_root, root=root, proof=proof
        )
    for index in (0, 255, 256, 600, 756):
        proof = tree.inclusion_proof(index=index, size=757)
        assert verify_inclusion(
            leaf=hashes[index], index=index, size=757, proof=proof, root=sizes[-1][1]
        )


def test_nothing_new_is_not_signed_again(db: None, keys: KeyFolder) -> None:
    assert seal(folder=keys, now=NOW).size is None
    an_instance()
    assert seal(folder=keys, now=NOW).size == 2
    assert seal(folder=keys, now=NOW).size is None
    assert Checkpoint.objects.count() == 1


def test_large_backlog_is_sealed_in_batches(
    db: None, keys: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "BATCH", 4)
    an_instance(entries=9)
    calls = [seal(folder=keys, now=NOW) for _ in range(3)]
    assert [(call.size, call.more) for call in calls] == [
        (4, True),
        (8, True),
        (10, False),
    ]


def test_crash_after_the_places_is_made_good(db: None, keys: KeyFolder) -> None:
    an_instance(entries=2)
    assert sequence(floor=Floor()) == 3
    assert seal(folder=keys, now=NOW).size == 3


def test_crash_after_the_last_word_is_made_good(
    db: None, keys: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_instance(entries=2)
    with monkeypatch.context() as patch:

        def crash(**_: object) -> None:
            raise DatabaseError("the connection broke")

        patch.setattr(Checkpoint.objects, "create", crash)
        with pytest.raises(DatabaseError):
            seal(folder=keys, now=NOW)
    assert keys.read_last_note()
    assert not Checkpoint.objects.exists()
    an_instance(entries=300)
    assert seal(folder=keys, now=NOW).size == 303


def test_restored_backup_is_not_signed(db: None, keys: KeyFolder) -> None:
    an_instance(entries=3)
    seal(folder=keys, now=NOW)
    an_instance(entries=4)
    seal(folder=keys, now=NOW)
    with owner_without_triggers(*TREE):
        Leaf.objects.filter(leaf_index__gte=4).delete()
        Checkpoint.objects.filter(size=8).delete()
    with owner_without_triggers("workflows_auditentry"):
        AuditEntry.objects.filter(id__in=list(late_ids())).delete()
    with pytest.raises(LogForked, match="old copy, restored from a backup"):
        seal(folder=keys, now=NOW)
    an_instance(entries=9)
    with pytest.raises(LogForked, match="are not those that were signed"):
        seal(folder=keys, now=NOW)
    assert Checkpoint.objects.count() == 1


def late_ids() -> list[int]:
    sealed = Leaf.objects.values("entry_id")
    return list(AuditEntry.objects.exclude(id__in=sealed).values_list("id", flat=True))


def test_missing_last_word_is_not_overlooked(db: None, keys: KeyFolder) -> None:
    an_instance()
    seal(folder=keys, now=NOW)
    (keys.path / "last-checkpoint").unlink()
    with pytest.raises(LogForked, match="last-checkpoint is missing"):
        seal(folder=keys, now=NOW)


def test_forged_last_word_is_refused(db: None, keys: KeyFolder) -> None:
    an_instance()
    seal(folder=keys, now=NOW)
    file = keys.path / "last-checkpoint"
    file.write_text(file.read_text().replace("\n2\n", "\n3\n"))
    with pytest.raises(LogForked, match="not a checkpoint signed by this key"):
        seal(folder=keys, now=NOW)


def test_lost_key_is_not_replaced_silently(db: None, keys: KeyFolder) -> None:
    an_instance()
    seal(folder=keys, now=NOW)
    (keys.path / "log.key").unlink()
    with pytest.raises(KeyMissing, match="no signing key"):
        seal(folder=keys, now=NOW)


def test_new_key_is_audited_and_goes_on(db: None, keys: KeyFolder) -> None:
    an_instance(entries=2)
    seal(folder=keys, now=NOW)
    old = keys.read_key()
    verifier = begin_anew(folder=keys, actor=COMMAND_LINE, reason="key lost", now=NOW)
    assert old is not None
    assert verifier != str(old.verifier)
    assert seal(folder=keys, now=NOW).size == 4
    entry = AuditEntry.objects.get(kind="log.key_replaced").entry
    assert "key lost" in entry
    assert str(old.verifier) in {str(key) for key in keys.read_verifier_keys()}


def test_key_others_may_read_is_refused(db: None, keys: KeyFolder) -> None:
    keys.create_key()
    (keys.path / "log.key").chmod(0o644)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        keys.read_key()


@pytest.mark.parametrize("text", ["", "hello", "PRIVATE+KEY+a+b", "PRIVATE+KEY+a+b+c"])
def test_file_that_is_no_key_is_refused(text: str, keys: KeyFolder) -> None:
    keys.create_key()
    (keys.path / "log.key").write_text(text)
    with pytest.raises(KeyUnusable, match="not a signing key"):
        keys.read_key()


def test_key_is_made_once_by_many(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path / "keys")
    with ThreadPoolExecutor(8) as pool:
        made = {
            str(key.verifier)
            for key in pool.map(lambda _: folder.create_key(), range(8))
        }
    assert len(made) == 1


def test_changed_edge_is_refused(db: None, keys: KeyFolder) -> None:
    an_instance()
    seal(folder=keys, now=NOW)
    with owner_without_triggers(*TREE):
        Checkpoint.objects.update(edge=bytes(32))
    with pytest.raises(LogForked, match="does not give its root"):
        seal(folder=keys, now=NOW)


def test_missing_leaf_is_refused(db: None, keys: KeyFolder) -> None:
    an_instance(entries=3)
    sequence(floor=Floor())
    with owner_without_triggers(*TREE):
        Leaf.objects.filter(leaf_index=1).delete()
    with pytest.raises(LogForked, match="Leaf 1 is missing"):
        seal(folder=keys, now=NOW)
    with pytest.raises(TreeDamaged, match="were removed"):
        StoredTree().root(3)


def test_command_seals_once(
    db: None, keys: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    an_instance(entries=2)
    call_command("seal", "--once")
    assert "3 entries sealed, signed 3." in capsys.readouterr().out
    (keys.path / "log.key").unlink()
    an_instance()
    with pytest.raises(CommandError, match="no signing key"):
        call_command("seal", "--once")
    call_command("seal", "--new-key", "lost in a move")
    assert "countersign.local/" in capsys.readouterr().out
    call_command("seal", "--once")
    assert "signed 5." in capsys.readouterr().out


@pytest.mark.slow
def test_entry_of_a_late_commit_is_not_left_behind(
    transactional_db: None, keys: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_SETTLED_SECONDS", 0.0)
    instance_id, floor = a_committed_instance(), Floor()
    inserted, let_go = threading.Event(), threading.Event()

    def commit_late() -> None:
        try:
            with transaction.atomic():
                record(instance_id=instance_id, drafts=[draft(late=True)], now=NOW)
                inserted.set()
                let_go.wait(10)
        finally:
            connection.close()

    writer = threading.Thread(target=commit_late)
    writer.start()
    inserted.wait(10)
    a_committed_instance()
    for _ in range(3):
        seal(folder=keys, now=NOW, floor=floor)
    late = AuditEntry.objects.order_by("-id")[0].id - 1
    assert floor.entry_id < late
    let_go.set()
    writer.join()
    assert seal(folder=keys, now=NOW, floor=floor).size == 4
    assert Leaf.objects.get(leaf_index=3).entry_id == late
    # A snapshot knows of transactions in the server's other databases too, and another
    # process's test may hold one open for a while.
    deadline = time.monotonic() + 60
    while floor.entry_id <= late and time.monotonic() < deadline:
        seal(folder=keys, now=NOW, floor=floor)
    assert floor.entry_id == late + 1
    a_committed_instance()
    assert seal(folder=keys, now=NOW, floor=floor).size == 5


@transaction.atomic
def a_committed_instance() -> UUID:
    return an_instance()


@pytest.mark.slow
def test_many_sealers_and_writers_make_one_gapless_tree(
    transactional_db: None, keys: KeyFolder
) -> None:
    done = threading.Event()
    a_definition()

    def write() -> None:
        try:
            for _ in range(25):
                with transaction.atomic():
                    an_instance(entries=3)
        finally:
            connection.close()

    def keep_sealing() -> int:
        busy, floor = 0, Floor()
        try:
            while not done.is_set():
                busy += seal(folder=keys, now=NOW, floor=floor).busy
        finally:
            connection.close()
        return busy

    with ThreadPoolExecutor(7) as pool:
        sealers = [pool.submit(keep_sealing) for _ in range(4)]
        writers = [pool.submit(write) for _ in range(3)]
        wait(writers)
        done.set()
        for writer in writers:
            writer.result()
        for sealer in sealers:
            sealer.result()
    seal(folder=keys, now=NOW)
    places = Leaf.objects.order_by("leaf_index").values_list("leaf_index", flat=True)
    assert list(places) == list(range(226))
    tree = StoredTree()
    signed = [
        (row.size, bytes(row.root)) for row in Checkpoint.objects.order_by("size")
    ]
    assert signed[-1][0] == 226
    assert len(signed) > 1
    for size, root in signed:
        assert tree.root(size) == root
