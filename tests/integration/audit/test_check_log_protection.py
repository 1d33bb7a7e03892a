"""check_log_protection: silent on an installation as it should be, and on no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import Settings

from tests.integration.audit.rows import an_instance
from workflows.apps import UNGUARDED
from workflows.core.anchors import read_targets
from workflows.operations.anchors import anchor_due
from workflows.operations.checkpoints import seal
from workflows.operations.log_key import KeyFolder
from workflows.operations.protection import Finding, check_protection
from workflows.store import database_now

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def installation(keys: KeyFolder, settings: Settings, tmp_path: Path) -> KeyFolder:
    """Be an installation as it should be: guarded, sealed and anchored."""
    # Tests empty tables by TRUNCATE, so the triggers against it were switched off.
    run(
        "SELECT format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', c.relname, t.tgname)"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgname = c.relname || '_table_stays'",
        is_script=True,
    )
    worm = tmp_path / "worm"
    worm.mkdir()
    settings.ANCHORS = read_targets([f"file:{worm}"])
    an_instance(entries=3)
    seal(folder=keys, now=database_now())
    anchor_due(folder=keys, clock=database_now)
    run("SET CONSTRAINTS ALL IMMEDIATE")
    return keys


def run(sql: str, *, is_script: bool = False) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        if is_script:
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)


@contextmanager
def as_application() -> Iterator[None]:
    run("SET LOCAL ROLE countersign_app")
    yield
    run("RESET ROLE")


def look(folder: KeyFolder) -> list[Finding]:
    with as_application():
        return check_protection(folder=folder, now=database_now()).findings


def test_command_is_content_with_an_installation_as_it_should_be(
    installation: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    with as_application():
        call_command("check_log_protection")
        out = capsys.readouterr().out
        assert out.splitlines()[-1] == "OK"
        assert " functions, 1 anchors looked at" in out
        call_command("check_log_protection", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["findings"]) == (True, [])
    assert report["triggers"] > 150


def test_command_fails_with_a_sentence_for_each_finding(
    installation: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    run("DROP TRIGGER workflows_step_update_needs_entry ON workflows_step")
    with pytest.raises(SystemExit, match="1"):
        call_command("check_log_protection")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FINDING  The application signs in as")  # a superuser
    assert lines[1] == (
        "FINDING  The trigger workflows_step_update_needs_entry of workflows_step is"
        " missing."
    )
    assert lines[-1] == "2 findings"


ENTRY = "workflows_auditentry"
BROKEN = [
    (f"ALTER TABLE {ENTRY} DISABLE TRIGGER ALL", "is disabled"),
    (f"ALTER TABLE {ENTRY} ENABLE TRIGGER {ENTRY}_rows_stay", "is not ENABLE ALWAYS"),
    ("DROP TRIGGER review_task_delete_needs_entry ON review_task", "is missing"),
    (
        (
            "DROP TRIGGER workflows_step_update_needs_entry ON workflows_step;"
            " CREATE CONSTRAINT TRIGGER workflows_step_update_needs_entry AFTER UPDATE ON"
            " workflows_step DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            " WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.id < 0)"
            " EXECUTE FUNCTION workflows_require_entry('row');"
            " ALTER TABLE workflows_step ENABLE ALWAYS TRIGGER"
            " workflows_step_update_needs_entry"
        ),
        "is not the one we made",
    ),
    (
        (
            "CREATE TRIGGER sly BEFORE INSERT ON workflows_auditentry FOR EACH ROW"
            " EXECUTE FUNCTION workflows_deny_change()"
        ),
        "has a trigger sly that is not ours",
    ),
    ("CREATE RULE sly AS ON DELETE TO review_task DO INSTEAD NOTHING", "a rule sly"),
    (
        (
            "CREATE OR REPLACE FUNCTION workflows_require_entry() RETURNS trigger"
            " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        ),
        "The function workflows_require_entry is not the one",
    ),
    (
        ("ALTER FUNCTION workflows_deny_change() SET search_path = pg_temp"),
        "The function workflows_deny_change is not the one",
    ),
    (f"GRANT UPDATE ON {ENTRY} TO countersign_app", "may UPDATE on"),
    (f"GRANT UPDATE (kind) ON {ENTRY} TO PUBLIC", "may UPDATE on"),
    ("GRANT TRUNCATE ON review_task TO countersign_app", "may TRUNCATE on review_task"),
    ("ALTER TABLE review_person OWNER TO countersign_app", "owns 1 tables"),
    ("GRANT CREATE ON SCHEMA public TO countersign_app", "may make tables"),
    ("ALTER ROLE countersign_app BYPASSRLS", "or bypass policies"),
    ("SET LOCAL session_replication_role = replica", "session_replication_role is"),
]


def test_whatever_is_not_as_it_should_be_is_found(installation: KeyFolder) -> None:
    assert look(installation) == []
    missed = []
    for sql, sentence in BROKEN:
        with transaction.atomic():
            run(sql)
            if not any(sentence in finding.message for finding in look(installation)):
                missed.append(sql)
            transaction.set_rollback(True)
        run("SET LOCAL session_replication_role = origin")
    assert missed == []
    assert look(installation) == []


def test_key_sealer_and_anchors_are_looked_at_too(
    installation: KeyFolder, settings: Settings
) -> None:
    def says(sentence: str) -> bool:
        return any(sentence in finding.message for finding in look(installation))

    installation.path.chmod(0o755)
    assert says("Others may read or write")
    installation.path.chmod(0o700)
    (installation.path / "log.key").chmod(0o640)
    assert says("chmod 600")
    (installation.path / "log.key").rename(installation.path / "away")
    assert says("There is no signing key")
    (installation.path / "away").rename(installation.path / "log.key")
    (installation.path / "log.key").chmod(0o600)
    assert look(installation) == []
    an_instance(entries=2)  # an old entry that nobody seals
    assert says("Entries wait since 2026-01-05")
    settings.ANCHOR_SECONDS = -3600  # an hour later, so to speak
    seal(folder=installation, now=database_now())
    assert says("is late: nothing was tried")
    settings.ANCHORS = ()
    assert says("No anchor is set")
    assert says("There is no folder") is False
    (installation.path).rename(installation.path.with_name("elsewhere"))
    assert says("There is no folder")


def test_a_guarded_table_that_is_said_to_need_no_guard_is_found(
    installation: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(UNGUARDED, "workflows_disclosure", "said once, not true now")
    (finding,) = look(installation)
    assert finding.code == "class"
    assert "workflows_disclosure is said to need no guard" in finding.message
