"""A time-stamping authority stamps checkpoints; openssl is ours and judges as well."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tests.factories.outside import open_room
from tests.integration.audit.leaving import Clock, allow, grow, name, serving
from workflows.models import Checkpoint
from workflows.operations.anchors import anchor_due, read_receipts
from workflows.operations.log_key import KeyFolder

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


# --- a time-stamping authority --------------------------------------------------------

TSA_SETTINGS = """
[tsa]
default_tsa = it
[it]
dir = {folder}
serial = $dir/serial
signer_cert = $dir/tsa.pem
certs = $dir/tsa.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


def openssl(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["openssl", *words], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_authority_stamps_the_note(
    keys: KeyFolder, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    """The authority is openssl's, behind TLS; it also checks what we keep of its answer."""
    size = grow(keys, clock)
    (tmp_path / "tsa.cnf").write_text(TSA_SETTINGS.format(folder=tmp_path))
    (tmp_path / "serial").write_text("01")
    openssl(
        tmp_path, "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tsa.key", "-out", "tsa.pem",
        "-days", "30", "-subj", "/CN=tsa", "-addext",
        "extendedKeyUsage=critical,timeStamping",
    )  # fmt: skip
    with open_room(tmp_path) as room:  # makes a certificate for localhost
        authority = room.authority
    answers: list[str] = ["garbage"]

    class Authority(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            (tmp_path / "query.tsq").write_bytes(body)
            openssl(
                tmp_path, "ts", "-reply", "-config", "tsa.cnf", "-queryfile",
                "query.tsq", "-out", "answer.tsr",
            )  # fmt: skip
            answer = (tmp_path / "answer.tsr").read_bytes()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers.pop().encode() if answers else answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, tmp_path / "key.pem")
    server = HTTPServer(("127.0.0.1", 0), Authority)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    settings.EGRESS_CA = authority
    with serving(server) as port:
        allow(settings, f"private:localhost:{port}")
        name(settings, f"tsa+https://localhost:{port}/tsr")
        (tried,) = anchor_due(folder=keys, clock=clock)
        assert "The answer breaks off" in tried.error
        clock.go(10)
        (tried,) = anchor_due(folder=keys, clock=clock)
        assert tried.error == ""
    (receipt,) = read_receipts(size)
    assert (receipt.kind, receipt.name) == ("timestamp", f"localhost:{port}/tsr")
    (tmp_path / "receipt.tsr").write_bytes(receipt.body)
    note = Checkpoint.objects.get(size=size).note
    (tmp_path / "note").write_text(note)
    verified = ["ts", "-verify", "-in", "receipt.tsr", "-CAfile", "tsa.pem", "-data"]
    openssl(tmp_path, *verified, "note")
    (tmp_path / "note").write_text(note + " ")
    with pytest.raises(AssertionError, match="mismatch"):
        openssl(tmp_path, *verified, "note")
