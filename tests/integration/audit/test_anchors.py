"""Checkpoints are left with others: in files and by mail; failures are tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pytest_django import Settings

from tests.factories.outside import open_office
from tests.integration.audit.leaving import Clock, grow, name
from workflows.connectors import anchors as connectors
from workflows.models import Anchoring, Checkpoint
from workflows.operations import anchors
from workflows.operations.anchors import anchor_due, list_standings
from workflows.operations.log_key import KeyFolder

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


# --- files ----------------------------------------------------------------------------


def test_folder_gets_each_checkpoint_in_a_file_of_its_own(
    keys: KeyFolder, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    worm = tmp_path / "worm"
    worm.mkdir()
    name(settings, f"file:{worm}")
    assert anchor_due(folder=keys, clock=clock) == []  # nothing was signed yet
    first = grow(keys, clock)
    (tried,) = anchor_due(folder=keys, clock=clock)
    assert (tried.size, tried.error) == (first, "")
    second = grow(keys, clock)
    clock.go(44)
    assert anchor_due(folder=keys, clock=clock) == []  # within the window there is time
    clock.go(2)
    assert [one.size for one in anchor_due(folder=keys, clock=clock)] == [second]
    files = sorted(worm.iterdir())
    assert [file.read_text() for file in files] == [
        row.note for row in Checkpoint.objects.order_by("size")
    ]
    assert all(file.stat().st_mode & 0o222 == 0 for file in files)
    clock.go(3600)
    assert anchor_due(folder=keys, clock=clock) == []  # nothing new


def test_file_that_stands_is_never_written_over(
    keys: KeyFolder, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    worm = tmp_path / "worm"
    worm.mkdir()
    name(settings, f"file:{worm}")
    grow(keys, clock)
    anchor_due(folder=keys, clock=clock)
    (file,) = worm.iterdir()
    note = file.read_text()
    # The receipt was lost in a crash: the same file is enough.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE workflows_anchoring DISABLE TRIGGER ALL")
        cursor.execute("DELETE FROM workflows_anchoring")
    assert [one.error for one in anchor_due(folder=keys, clock=clock)] == [""]
    assert len(list(worm.iterdir())) == 1
    # The file was torn by a crash: it stays, and the whole one stands beside it.
    file.chmod(0o644)
    file.write_text(note[:40])
    Anchoring.objects.all().delete()
    assert [one.error for one in anchor_due(folder=keys, clock=clock)] == [""]
    assert sorted(one.read_text() for one in worm.iterdir()) == [note[:40], note]
    # It says something else: somebody signed two histories.
    file.write_text("something else\n")
    Anchoring.objects.all().delete()
    (tried,) = anchor_due(folder=keys, clock=clock)
    assert "the log was forked" in tried.error


def test_failure_is_told_and_tried_again_with_the_newest(
    keys: KeyFolder, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    client, worm = Client(), tmp_path / "worm"
    name(settings, f"file:{worm}")
    grow(keys, clock)
    (tried,) = anchor_due(folder=keys, clock=clock)
    assert "No such file" in tried.error
    assert anchor_due(folder=keys, clock=clock) == []  # not at once
    clock.go(6)
    newest = grow(keys, clock)
    (tried,) = anchor_due(folder=keys, clock=clock)
    assert (tried.size, bool(tried.error)) == (newest, True)
    clock.go(121)
    (standing,) = list_standings(now=clock())
    assert standing.is_late
    assert (standing.size, standing.attempts) == (0, 2)
    assert "No such file" in standing.error
    assert client.get("/readyz").json()["anchors"] == "late"
    worm.mkdir()
    (tried,) = anchor_due(folder=keys, clock=clock)
    assert (tried.size, tried.error) == (newest, "")
    assert not list_standings(now=clock())[0].is_late
    assert client.get("/readyz").json()["anchors"] == "ok"


def test_attempt_that_lost_its_lease_keeps_no_receipt(
    monkeypatch: pytest.MonkeyPatch, keys: KeyFolder, settings: Settings, clock: Clock
) -> None:
    worm = keys.path.parent / "worm"
    worm.mkdir()
    name(settings, f"file:{worm}")
    size = grow(keys, clock)
    leave = connectors.leave
    others: list[Any] = []

    def leave_late(*arguments: Any) -> bytes:
        monkeypatch.setattr(anchors, "leave", leave)
        clock.go(61)  # another process takes the row over meanwhile
        others.extend(anchor_due(folder=keys, clock=clock))
        return leave(*arguments)

    monkeypatch.setattr(anchors, "leave", leave_late)
    anchor_due(folder=keys, clock=clock)
    assert [one.size for one in others] == [size]
    row = Anchoring.objects.get()
    assert (row.state, row.attempts, row.done_at) == ("DONE", 2, clock())


def test_receipts_do_not_change(
    keys: KeyFolder, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "worm").mkdir()
    name(settings, f"file:{tmp_path}/worm")
    grow(keys, clock)
    anchor_due(folder=keys, clock=clock)
    for sql in ("UPDATE workflows_anchoring SET receipt = ''",
                "DELETE FROM workflows_anchoring"):  # fmt: skip
        with (
            pytest.raises(IntegrityError, match="only ever added"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


# --- mail -----------------------------------------------------------------------------


def test_mailbox_gets_the_note(
    keys: KeyFolder, settings: Settings, clock: Clock
) -> None:
    name(settings, "mailto:audit@example.com?every=3600")
    grow(keys, clock)
    with open_office() as office:
        settings.SENDS_MAIL = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        office.answers.append(451)
        (tried,) = anchor_due(folder=keys, clock=clock)
        assert "not taken now" in tried.error
        clock.go(6)
        assert [one.error for one in anchor_due(folder=keys, clock=clock)] == [""]
        grow(keys, clock)
        clock.go(300)
        assert anchor_due(folder=keys, clock=clock) == []
    (mail,) = office.taken
    note = Checkpoint.objects.order_by("size")[0].note
    text = mail.get_content().replace("\r\n", "\n")
    assert text.endswith(note)
    assert mail["List-Unsubscribe"] is None
    assert Anchoring.objects.get().receipt == str(mail["Message-ID"]).encode()
