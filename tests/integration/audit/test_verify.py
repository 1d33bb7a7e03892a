"""verify_audit finds what was done to a log behind the triggers' back."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.audit_tables import owner_without_triggers
from tests.integration.audit.rows import NOW, an_instance, draft
from workflows.audit import record
from workflows.core.actors import COMMAND_LINE
from workflows.operations.checkpoints import begin_anew, seal
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import Report, verify_log

TABLES = (
    "workflows_auditentry",
    "workflows_auditchain",
    "workflows_instance",
    "workflows_leaf",
    "workflows_checkpoint",
)


@pytest.fixture
def log(db: None, keys: KeyFolder) -> UUID:
    """Seal a log of three chains in two checkpoints; return one instance's id."""
    instance_id = an_instance(entries=4)
    seal(folder=keys, now=NOW)
    an_instance(entries=3)
    record(instance_id=instance_id, drafts=[draft("step.completed")], now=NOW)
    seal(folder=keys, now=NOW)
    return instance_id


def tamper(sql: str, *parameters: UUID) -> None:
    with owner_without_triggers(*TABLES), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        assert cursor.rowcount == 1


def codes(report: Report) -> set[str]:
    return {fault.code for fault in report.faults}


def test_untouched_log_verifies(log: UUID, keys: KeyFolder) -> None:
    report = verify_log(folder=keys)
    assert report.ok
    assert report.faults == []
    assert (report.chains, report.entries, report.leaves) == (3, 9, 9)
    assert (report.checkpoints, report.unsealed) == (2, 0)


def test_entries_not_sealed_yet_are_no_fault(log: UUID, keys: KeyFolder) -> None:
    record(instance_id=log, drafts=[draft()], now=NOW)
    report = verify_log(folder=keys)
    assert report.ok
    assert report.unsealed == 1


REWRITE_ENTRY = (
    "UPDATE workflows_auditentry SET entry = replace(entry, 'n\":1', 'n\":7')"
    " WHERE chain = %s AND seq = 3"
)
REWRITE_NOTE = (
    "UPDATE workflows_checkpoint SET note = replace(note, E'\\n5\\n', E'\\n4\\n')"
    " WHERE size = 5"
)
ENTRY_CHANGES = [
    (REWRITE_ENTRY, {"hash", "leaf"}),
    ("UPDATE workflows_auditentry SET hash = sha256('x') WHERE chain = %s AND seq = 3",
     {"hash", "prev"}),
    ("UPDATE workflows_auditentry SET kind = 'x' WHERE chain = %s AND seq = 3",
     {"column"}),
    ("UPDATE workflows_auditentry SET actor = 'x' WHERE chain = %s AND seq = 3",
     {"column"}),
    ("UPDATE workflows_auditentry SET at = now() WHERE chain = %s AND seq = 3",
     {"column"}),
    ("UPDATE workflows_auditentry SET occurred_at = at WHERE chain = %s AND seq = 3",
     {"column"}),
    ("UPDATE workflows_auditentry SET step_id = 9 WHERE chain = %s AND seq = 3",
     {"column"}),
    ("DELETE FROM workflows_auditentry WHERE chain = %s AND seq = 3",
     {"gap", "prev", "leaf"}),
    ("DELETE FROM workflows_auditentry WHERE chain = %s AND seq = 5",
     {"head", "leaf"}),
    ("UPDATE workflows_instance SET audit_seq = 4 WHERE id = %s", {"head"}),
    ("UPDATE workflows_instance SET audit_head = sha256('x') WHERE id = %s", {"head"}),
    ("DELETE FROM workflows_instance WHERE id = %s", {"head"}),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), ENTRY_CHANGES)
def test_change_behind_the_triggers_is_found(
    sql: str, expected: set[str], log: UUID, keys: KeyFolder
) -> None:
    tamper(sql, log)
    whole = verify_log(folder=keys)
    assert codes(whole) == expected
    assert any(str(log) in fault.message for fault in whole.faults)
    # A leaf whose entry was removed belongs to no chain any more.
    assert codes(verify_log(folder=keys, chain=log)) >= expected - {"leaf"}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE workflows_leaf SET leaf_hash = sha256('x') WHERE leaf_index = 2",
         {"leaf", "checkpoint"}),
        ("DELETE FROM workflows_leaf WHERE leaf_index = 2", {"leaf"}),
        ("DELETE FROM workflows_leaf WHERE leaf_index = 8", {"checkpoint"}),
        ("UPDATE workflows_checkpoint SET root = sha256('x') WHERE size = 5",
         {"checkpoint"}),
        (REWRITE_NOTE, {"signature"}),
        ("UPDATE workflows_checkpoint SET size = 6 WHERE size = 5", {"checkpoint"}),
        ("UPDATE workflows_checkpoint SET note = 'x' WHERE size = 5", {"signature"}),
        ("UPDATE workflows_auditchain SET head = sha256('x')", {"head"}),
    ],
)  # fmt: skip
def test_change_of_the_tree_is_found(
    sql: str, expected: set[str], log: UUID, keys: KeyFolder
) -> None:
    tamper(sql)
    assert codes(verify_log(folder=keys)) == expected


def test_log_cut_back_to_an_old_checkpoint_is_found(log: UUID, keys: KeyFolder) -> None:
    tamper("DELETE FROM workflows_checkpoint WHERE size = 9")
    assert verify_log(folder=keys).ok  # the leaves still lead to the last word
    with owner_without_triggers(*TABLES), connection.cursor() as cursor:
        cursor.execute("DELETE FROM workflows_leaf WHERE leaf_index >= 5")
    assert codes(verify_log(folder=keys)) == {"checkpoint"}


def test_instance_without_entries_is_found(log: UUID, keys: KeyFolder) -> None:
    with owner_without_triggers(*TABLES), connection.cursor() as cursor:
        cursor.execute("DELETE FROM workflows_leaf")
        cursor.execute("DELETE FROM workflows_auditentry WHERE chain = %s", [log])
    report = verify_log(folder=keys, chain=log)
    assert [fault.message for fault in report.faults] == [
        f"Chain {log} has no entries, but should have 5."
    ]


def test_checkpoints_of_a_key_put_aside_still_verify(
    log: UUID, keys: KeyFolder
) -> None:
    begin_anew(folder=keys, actor=COMMAND_LINE, reason="yearly", now=NOW)
    seal(folder=keys, now=NOW)
    report = verify_log(folder=keys)
    assert report.ok
    assert report.checkpoints == 3


def test_unknown_key_is_a_fault_until_it_is_given(log: UUID, keys: KeyFolder) -> None:
    (known,) = keys.read_verifier_keys()
    (keys.path / "log.vkey").unlink()
    assert codes(verify_log(folder=keys)) == {"signature"}
    assert verify_log(folder=keys, keys=[known]).ok


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    try:
        call_command("verify_audit", *arguments)
        code = 0
    except SystemExit as end:
        code = int(str(end.code))
    return code, capsys.readouterr().out


def test_command_says_what_it_read(
    log: UUID, keys: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run_command(capsys)
    assert code == 0
    assert "9 entries in 3 chains" in out
    code, out = run_command(capsys, "--json", "--instance", str(log))
    report = json.loads(out)
    assert code == 0
    assert (report["ok"], report["entries"], report["faults"]) == (True, 5, [])


def test_command_names_chain_and_entry_and_fails(
    log: UUID, keys: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(
        "UPDATE workflows_auditentry SET kind = 'x' WHERE chain = %s AND seq = 3", log
    )
    code, out = run_command(capsys)
    assert code == 1
    assert f"FAULT  Chain {log}, entry 3: the column kind says other" in out
    code, out = run_command(capsys, "--json")
    assert code == 1
    assert json.loads(out)["faults"] == [
        {
            "chain": str(log),
            "seq": 3,
            "code": "column",
            "message": f"Chain {log}, entry 3: the column kind says other than the text.",
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--instance", str(uuid4())], "There is no audit chain"),
        (["--key", "nonsense"], "--key"),
    ],
)
def test_command_refuses_what_it_cannot_use(
    arguments: list[str], words: str, log: UUID
) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("verify_audit", *arguments)


def test_report_keeps_the_first_faults_and_counts_all(
    monkeypatch: pytest.MonkeyPatch, log: UUID, keys: KeyFolder
) -> None:
    monkeypatch.setattr("workflows.operations.log_reports.FAULTS_KEPT", 2)
    with owner_without_triggers(*TABLES), connection.cursor() as cursor:
        cursor.execute("UPDATE workflows_auditentry SET kind = 'x'")
    report = verify_log(folder=keys)
    assert (len(report.faults), report.fault_count) == (2, 9)


def test_declared_cut_is_an_epoch_and_no_excuse(
    log: UUID, keys: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    old_note = keys.read_last_note()
    assert old_note is not None
    anchor = keys.path.parent / "kept.note"
    anchor.write_text(old_note)
    assert run_command(capsys, "--anchor", str(anchor))[1].splitlines()[-2:] == [
        "1 checkpoints kept elsewhere agree, the largest over 9 entries.",
        "OK",
    ]
    # What a backup of the time of the first checkpoint would bring back.
    with owner_without_triggers(*TABLES), connection.cursor() as cursor:
        cursor.execute("DELETE FROM workflows_checkpoint WHERE size > 5")
        cursor.execute(
            "DELETE FROM workflows_auditentry WHERE id IN"
            " (SELECT entry_id FROM workflows_leaf WHERE leaf_index >= 5)"
        )
        cursor.execute("DELETE FROM workflows_leaf WHERE leaf_index >= 5")
        cursor.execute("DELETE FROM workflows_instance WHERE id <> %s", [log])
        cursor.execute(
            "UPDATE workflows_instance i SET audit_seq = e.seq, audit_head = e.hash"
            " FROM workflows_auditentry e WHERE e.chain = i.id AND e.seq = 4"
        )
    begin_anew(folder=keys, actor=COMMAND_LINE, reason="lost disk", now=NOW)
    seal(folder=keys, now=NOW)
    report = verify_log(folder=keys)
    (epoch,) = report.epochs
    assert report.ok
    assert (epoch.signed, epoch.kept, epoch.lost) == (9, 5, 4)
    assert epoch.origin != epoch.old_origin
    code, out = run_command(capsys)
    assert code == 0
    assert "lost disk THE LOG WAS CUT:" in out
    assert "9 entries, 5 of them are here, 4 are lost." in out
    code, out = run_command(capsys, "--anchor", str(anchor.parent))
    assert code == 1
    assert "A checkpoint at an anchor over 9 entries was signed; 6 stand." in out
    told = json.loads(run_command(capsys, "--json")[1])
    assert told["epochs"][0]["lost"] == 4


def test_new_key_without_loss_is_no_cut(log: UUID, keys: KeyFolder) -> None:
    begin_anew(folder=keys, actor=COMMAND_LINE, reason="yearly", now=NOW)
    (epoch,) = verify_log(folder=keys).epochs
    assert (epoch.signed, epoch.kept, epoch.lost) == (9, 9, 0)
    assert not epoch.was_cut
    assert str(epoch).endswith("UTC: yearly")


def test_anchor_that_cannot_be_read_is_refused(log: UUID, keys: KeyFolder) -> None:
    for path in (keys.path / "nowhere", keys.path):
        with pytest.raises(CommandError, match="--anchor"):
            call_command("verify_audit", "--anchor", str(path))
