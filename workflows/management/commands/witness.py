"""Witness logs over HTTP. What a witness does: operations/witness.py."""

import signal
import ssl
import time
from argparse import ArgumentParser
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError

from workflows.core.notes import NoteError, read_verifier_key
from workflows.core.witness import MOST_BODY, Refusal, SizeConflict
from workflows.operations.errors import Refused
from workflows.operations.witness import Witness, open_witness

_PATIENCE_SECONDS = 10.0
log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Answer `add-checkpoint` (c2sp.org/tlog-witness) until stopped."""

    help = "Run a witness that cosigns checkpoints of logs, on a host of its own."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="holds its key and its state")
        parser.add_argument("--name", default="", help="its name, for a new key")
        parser.add_argument(
            "--log",
            action="append",
            default=[],
            metavar="VKEY",
            help="public key of a log to witness, name+id+key (repeatable)",
        )
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=7380, help="0: any free one")
        parser.add_argument("--certificate", type=Path, help="PEM file, for https")
        parser.add_argument("--certificate-key", type=Path, help="PEM file, its key")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            logs = [read_verifier_key(text) for text in options["log"]]
        except NoteError as error:
            raise CommandError(f"--log: {error}") from error
        try:
            witness = open_witness(options["folder"], name=options["name"], logs=logs)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        server = ThreadingHTTPServer(
            (options["host"], options["port"]), partial(Handler, witness)
        )
        if options["certificate"]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options["certificate"], options["certificate_key"])
            # A client that dawdles over its handshake holds its own thread only.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "https" if options["certificate"] else "http"
        address = f"{scheme}://{options['host']}:{server.server_port}/"
        self.stdout.write(
            f"Witness of {len(logs)} logs at {address}; give this to each log:\n"
            f"{witness.key.verifier}\n"
            f"COUNTERSIGN_ANCHORS=witness+{address}#{witness.key.verifier}"
        )
        self.stdout.flush()
        _serve(server)


def _serve(server: ThreadingHTTPServer) -> None:
    """Answer until SIGTERM or SIGINT."""

    def end(*_: object) -> None:
        # `shutdown` waits for the loop that this very thread runs.
        Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with server:
        server.serve_forever()


class Handler(BaseHTTPRequestHandler):
    """One connection to a witness."""

    timeout = _PATIENCE_SECONDS
    server_version = "Countersign-witness"
    sys_version = ""

    def __init__(self, witness: Witness, *args: Any) -> None:
        self._witness = witness
        super().__init__(*args)

    def do_GET(self) -> None:
        """Show the public key."""
        self._answer(HTTPStatus.OK, f"{self._witness.key.verifier}\n")

    def do_POST(self) -> None:
        """Cosign a checkpoint, or say why not."""
        if self.path.rstrip("/").rpartition("/")[2] != "add-checkpoint":
            self._answer(HTTPStatus.NOT_FOUND, "POST to add-checkpoint.\n")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 9 or int(length) > MOST_BODY:
            self._answer(HTTPStatus.BAD_REQUEST, f"Send up to {MOST_BODY} bytes.\n")
            return
        body = self.rfile.read(int(length))
        try:
            lines = self._witness.add_checkpoint(body, timestamp=int(time.time()))
        except SizeConflict as refusal:
            self._answer(refusal.status, refusal.text, kind="text/x.tlog.size")
        except Refusal as refusal:
            self._answer(refusal.status, refusal.text)
        except (NoteError, OSError):
            log.exception("witness.broken")
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, "The state is unusable.\n")
        else:
            self._answer(HTTPStatus.OK, lines)

    def _answer(self, status: int, text: str, *, kind: str = "text/plain") -> None:
        body = text.encode()
        self.send_response(status)
        charset = "; charset=utf-8" if kind == "text/plain" else ""
        self.send_header("Content-Type", f"{kind}{charset}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log requests as everything else is logged."""
        log.info("witness.request", client=self.client_address[0], line=format % args)
