"""A witness cosigns what grew, and says no to the rest, over restarts too."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.architecture.files import PROJECT
from tests.integration.audit.leaving import Clock, allow, grow, name, serving
from workflows.core.anchors import read_targets
from workflows.core.notes import COSIGNATURE, check_cosignature
from workflows.core.notes import Checkpoint as StoredCheckpoint
from workflows.core.witness import write_request
from workflows.management.commands.witness import Handler
from workflows.models import Checkpoint
from workflows.operations import anchors
from workflows.operations.anchors import anchor_due, read_receipts
from workflows.operations.log_key import KeyFolder, LogKey, verify_with
from workflows.operations.proofs import StoredTree
from workflows.operations.witness import FolderTaken, Witness, open_witness

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def a_witness(folder: Path, keys: KeyFolder) -> Witness:
    """Return a witness that knows the log, without holding its folder by a lock."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    (log,) = keys.read_verifier_keys()
    key = LogKey.make("witness.example/w1", algorithm=COSIGNATURE)
    return Witness(folder, key, {log.name: log})


# --- a witness ------------------------------------------------------------------------


def test_witness_cosigns_what_grew_and_nothing_else(
    keys: KeyFolder, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    first = grow(keys, clock)
    witness = a_witness(tmp_path / "witness", keys)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, witness))
    with serving(server) as port:
        settings.EGRESS_HOSTS = ()
        target = f"witness+http://localhost:{port}/#{witness.key.verifier}"
        name(settings, target)
        (tried,) = anchor_due(folder=keys, clock=clock)
        assert "COUNTERSIGN_EGRESS_HOSTS" in tried.error
        allow(settings, f"private:localhost:{port}")
        clock.go(60)
        assert [one.error for one in anchor_due(folder=keys, clock=clock)] == [""]
        second = grow(keys, clock, entries=300)
        clock.go(60)
        assert [one.error for one in anchor_due(folder=keys, clock=clock)] == [""]
        for size in (first, second):
            (receipt,) = read_receipts(size)
            assert (receipt.kind, receipt.name) == ("cosignature", "witness.example/w1")
            check_cosignature(
                receipt.body.decode(),
                key=witness.key.verifier,
                verify=verify_with(witness.key.verifier),
            )
        assert anchors.newest_size_with_receipts() == second
        # Another size stands with the witness than we know of: it says which.
        third = grow(keys, clock)
        note = Checkpoint.objects.get(size=third).note
        proof = StoredTree().consistency_proof(old_size=second, size=third)
        body = write_request(old_size=second, proof=proof, note=note)
        witness.add_checkpoint(body, timestamp=1)
        fourth = grow(keys, clock)
        clock.go(60)
        assert [one.size for one in anchor_due(folder=keys, clock=clock)] == [fourth]
        last = witness.read_last(keys.read_verifier_keys()[0].name)
        assert last is not None
        assert last.size == fourth


@pytest.mark.parametrize(
    ("ruin", "sentence"),
    [
        ("forget the log", "does not know this log"),
        ("other key", "does not trust the key"),
        ("seen more", "it was cut, or restored"),
        ("fork", "the log was forked"),
        ("stranger", "no good cosignature"),
    ],
)
def test_what_a_witness_says_is_told(
    ruin: str, sentence: str, keys: KeyFolder, settings: Settings
) -> None:
    size = grow(keys, Clock())
    good = a_witness(keys.path.parent / "witness", keys)
    (log,) = keys.read_verifier_keys()
    logs, state, announced = dict(good.logs), "", good.key.verifier
    match ruin:
        case "forget the log":
            logs = {}
        case "other key":
            logs = {log.name: replace(log, public_key=announced.public_key)}
        case "seen more":
            state = str(StoredCheckpoint(log.name, size + 5, bytes(32)))
        case "fork":
            state = str(StoredCheckpoint(log.name, size, bytes(32)))
        case "stranger":
            announced = LogKey.make("w2", algorithm=COSIGNATURE).verifier
        case _:
            raise AssertionError(ruin)
    if state:
        (
            good.folder / "logs" / hashlib.sha256(log.name.encode()).hexdigest()
        ).write_text(state)
    witness = Witness(good.folder, good.key, logs)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, witness))
    with serving(server) as port:
        allow(settings, f"private:localhost:{port}")
        name(settings, f"witness+http://localhost:{port}/#{announced}")
        (tried,) = anchor_due(folder=keys, clock=Clock())
    assert sentence in tried.error
    assert read_receipts(size) == []


def test_witness_command_keeps_its_word_over_restarts(
    keys: KeyFolder, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    first = grow(keys, clock)
    (log,) = keys.read_verifier_keys()
    folder = tmp_path / "witness"
    with a_process(folder, "--name", "w.example/1", "--log", str(log)) as (
        anchor,
        child,
    ):
        settings.ANCHORS = read_targets([anchor])
        allow(
            settings, f"private:127.0.0.1:{anchor.partition('#')[0].split(':')[2][:-1]}"
        )
        assert [one.error for one in anchor_due(folder=keys, clock=clock)] == [""]
        with pytest.raises(FolderTaken, match="Another witness"):
            open_witness(folder, name="", logs=[])
        child.kill()
    with a_process(folder, "--log", str(log)) as (again, child):
        assert again.partition("#")[2] == anchor.partition("#")[2]
        url = again.removeprefix("witness+").partition("#")[0]
        # The same size with another root, and an old size: it remembers.
        key = keys.read_key()
        assert key is not None
        fork = key.sign(StoredCheckpoint(log.name, first, bytes(32)))
        for old_size in (0, first):
            body = write_request(old_size=old_size, proof=[], note=fork)
            answer = httpx.post(f"{url}add-checkpoint", content=body)
            assert (answer.status_code, answer.text) == (409, f"{first}\n")
            assert answer.headers["Content-Type"] == "text/x.tlog.size"
        assert httpx.get(url).text.strip() == again.partition("#")[2]
        assert httpx.post(url, content=b"").status_code == 404
        assert httpx.post(f"{url}add-checkpoint", content=b"?").status_code == 400


@contextmanager
def a_process(folder: Path, *words: str) -> Iterator[tuple[str, Any]]:
    """Run `manage.py witness` without any database; give the anchor it prints."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    command = [
        sys.executable,
        "manage.py",
        "witness",
        str(folder),
        "--port",
        "0",
        *words,
    ]
    child = subprocess.Popen(
        command, env=environment, cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        said = [child.stdout.readline().strip() for _ in range(3)]
        yield said[2].removeprefix("COUNTERSIGN_ANCHORS="), child
    finally:
        child.terminate()
        child.wait(10)
        child.stdout.close()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--log", "nonsense"], "--log"),
        ([], "needs --name"),
        (["--name", "a b"], "no name of a key"),
    ],
)
def test_witness_command_refuses_what_it_cannot_use(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("witness", str(tmp_path / "w"), *words)
