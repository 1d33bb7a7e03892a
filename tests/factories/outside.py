"""The outside, in this process: a mail server and a chat webhook, on real sockets.

Both take what they are sent over TCP on 127.0.0.1 and answer as they are told to.
"""

import contextlib
import datetime as dt
import email
import json
import socketserver
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _MailSession(socketserver.StreamRequestHandler):
    """One SMTP session (RFC 5321), as far as a client that behaves needs it."""

    office: ClassVar["MailOffice"]

    def handle(self) -> None:
        self._say(220, "office ready")
        for raw in self.rfile:
            verb, _, rest = raw.decode().strip().partition(" ")
            if not self._obey(verb.upper(), rest):
                return

    def _obey(self, verb: str, rest: str) -> bool:
        match verb:
            case "EHLO" | "HELO" | "RSET" | "NOOP" | "MAIL":
                self._say(250, "fine")
            case "RCPT":
                code = self.office.refuse_rcpt.get(rest[3:].strip("<> "), 250)
                self._say(code, "so be it")
            case "DATA":
                self._say(354, "go on")
                return self._take()
            case "QUIT":
                self._say(221, "bye")
                return False
            case _:
                self._say(502, "unknown")
        return True

    def _take(self) -> bool:
        lines = []
        for raw in self.rfile:
            if raw == b".\r\n":
                break
            lines.append(raw.removeprefix(b".") if raw.startswith(b"..") else raw)
        answer = self.office.answers.popleft() if self.office.answers else 250
        if answer == 250:
            message = email.message_from_bytes(b"".join(lines), policy=default)
            assert isinstance(message, EmailMessage)
            self.office.taken.append(message)
            self.office.on_taken()
        if answer == 0:
            return False  # hang up without a word
        self._say(answer, "said")
        return True

    def _say(self, code: int, text: str) -> None:
        with contextlib.suppress(OSError):  # whoever is gone hears nothing
            self.wfile.write(f"{code} {text}\r\n".encode())


@dataclass
class MailOffice:
    """A mail server: what it took, and how it answers the next mails.

    `answers` are the codes for the next mails (0 hangs up), 250 when none is left;
    `refuse_rcpt` the codes for addresses.
    """

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)
    refuse_rcpt: dict[str, int] = field(default_factory=dict)
    on_taken: Callable[[], None] = lambda: None


@contextlib.contextmanager
def open_office(port: int = 0) -> Iterator[MailOffice]:
    """Run a mail server, on a free port or on this one."""
    office = MailOffice()
    session = type("Session", (_MailSession,), {"office": office})
    with _Server((HOST, port), session) as server, _serving(server):
        office.port = server.server_address[1]
        yield office


@dataclass
class ChatRoom:
    """A webhook: what was posted, and how it answers.

    `answers` are the statuses of the next posts, 200 when none is left.
    """

    url: str = ""
    authority: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    proofs: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"ok"


class _RoomSession(BaseHTTPRequestHandler):
    room: ClassVar[ChatRoom]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.room.posts.append(json.loads(body))
        self.room.keys.append(self.headers["Idempotency-Key"])
        self.room.hosts.append(self.headers["Host"])
        sent = {key.lower(): value for key, value in self.headers.items()}
        self.room.proofs.append((sent, body))
        status = self.room.answers.popleft() if self.room.answers else 200
        self.send_response(status)
        for name, value in self.room.headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(self.room.answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def open_room(folder: Path, *, name: str = "localhost") -> Iterator[ChatRoom]:
    """Run a webhook over TLS, with a certificate for `name` of an authority of its own."""
    room = ChatRoom(authority=str(folder / "authority.pem"))
    _write_certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "authority.pem", folder / "key.pem")
    session = type("Session", (_RoomSession,), {"room": room})
    with HTTPServer((HOST, 0), session) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        with _serving(server):
            room.url = f"https://{name}:{server.server_address[1]}/services/T0/S3CRET"
            yield room


@contextlib.contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _write_certificate(folder: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509
        .CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
