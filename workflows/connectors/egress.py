"""The one way out: every call to an outside system, with the guards it needs.

A call goes to the address that was checked (the name is not looked up again), follows
no redirect, uses no proxy of the environment, and ends in time however slowly the
other side drips. Nothing of a URL but its host is ever logged or put into an error.
"""

import asyncio
import dataclasses
import functools
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import certifi
import httpcore
from django.conf import settings

from workflows.core import egress
from workflows.core.egress import AllowedHost, NotAllowed, Target

SECONDS: Final = 10.0
MOST_ANSWER: Final = 64 * 1024
MOST_SENT: Final = 256 * 1024

__all__ = ["Answer", "NotAllowed", "Unreachable", "check", "post"]


class Unreachable(Exception):
    """The other side gave no whole answer in time; trying again later may help."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: its status, the answer's start, when to come again."""

    status: int
    body: bytes
    retry_after: str = ""


def check(url: str, *, plain: bool = False) -> Target:
    """Return the parts of a URL that may be called as settings are. Raises NotAllowed."""
    return egress.check_url(url, allowed=_allowed(), plain=plain)


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float = SECONDS,
    plain: bool = False,
) -> Answer:
    """POST bytes and return the answer, whatever its status.

    `plain` also takes http://, for what is signed both ways and no secret.
    Raises NotAllowed where the call may not be made, Unreachable where no answer came.
    Not for use inside a transaction, nor on an event loop.
    """
    target = check(url, plain=plain)
    if len(body) > MOST_SENT:
        raise NotAllowed(f"{len(body)} bytes are more than {MOST_SENT} to send.")
    return asyncio.run(post_to(target, body=body, headers=headers, seconds=seconds))


async def post_to(
    target: Target, *, body: bytes, headers: Mapping[str, str], seconds: float
) -> Answer:
    """Do the same on an event loop, to a target that `check` gave."""
    try:
        async with asyncio.timeout(seconds):
            addresses = egress.check_addresses(await _resolve(target), target=target)
            for address in addresses[:-1]:
                # Nothing was sent where no connection stood; the next address may do.
                with suppress(httpcore.ConnectError):
                    return await _send(target, address, body, headers, seconds=seconds)
            return await _send(target, addresses[-1], body, headers, seconds=seconds)
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise Unreachable(
            f"{target.host} did not answer in {seconds:g} seconds."
        ) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise Unreachable(f"{target.host}: {type(error).__name__}.") from error


async def _resolve(target: Target) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(
        target.host, target.port, type=socket.SOCK_STREAM
    )
    return [str(each[4][0]) for each in found]


async def _send(
    target: Target,
    address: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
) -> Answer:
    # The certificate is checked against the name (sni_hostname), not the address.
    authority = f"[{address}]" if ":" in address else address
    wires = _Wires()
    pool = httpcore.AsyncConnectionPool(
        _trust(settings.EGRESS_CA), network_backend=wires
    )
    try:
        async with (
            pool,
            pool.stream(
                "POST",
                f"{target.scheme}://{authority}:{target.port}{target.path}",
                content=body,
                headers=[
                    *headers.items(),
                    ("Host", target.authority),
                    ("Content-Length", str(len(body))),
                    ("User-Agent", "Countersign"),
                    ("Accept", "*/*"),
                    # A small answer may not unpack to a large one.
                    ("Accept-Encoding", "identity"),
                ],
                extensions={
                    "sni_hostname": target.host,
                    # One silent moment ends before the whole call does.
                    "timeout": dict.fromkeys(
                        ("connect", "read", "write", "pool"), seconds * 2 / 3
                    ),
                },
            ) as answer,
        ):
            return Answer(
                status=answer.status,
                body=await _read(answer),
                retry_after=_header(answer, b"retry-after"),
            )
    finally:
        await wires.cut()


class _Wires(httpcore.AnyIOBackend):
    """Connections by the library's own means, each closed at the end whatever happens.

    A TLS handshake that is canceled from outside closes nothing: no stream exists yet.
    """

    def __init__(self) -> None:
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def connect_tcp(
        self, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        stream = await super().connect_tcp(*args, **options)
        self._opened.append(stream)
        return stream

    async def cut(self) -> None:
        for stream in self._opened:
            await stream.aclose()


def _header(answer: httpcore.Response, name: bytes) -> str:
    found = (value for key, value in answer.headers if key.lower() == name)
    return next(found, b"").decode("latin-1")


async def _read(answer: httpcore.Response) -> bytes:
    """Return the answer's start; the rest is not read."""
    kept = b""
    async for chunk in answer.aiter_stream():
        kept += chunk
        if len(kept) >= MOST_ANSWER:
            break
    return kept[:MOST_ANSWER]


@functools.cache
def _trust(authority: str) -> ssl.SSLContext:
    """Return the certificates we trust: the public ones, and one's own authority's."""
    context = ssl.create_default_context(cafile=certifi.where())
    if authority:
        context.load_verify_locations(authority)
    return context


def _allowed() -> tuple[AllowedHost, ...]:
    hosts: tuple[AllowedHost, ...] = settings.EGRESS_HOSTS
    return hosts
