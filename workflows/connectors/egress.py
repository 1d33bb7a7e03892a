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
from typing import Final

import httpx
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
    return asyncio.run(_post(target, body, headers, seconds))


async def _post(
    target: Target, body: bytes, headers: Mapping[str, str], seconds: float
) -> Answer:
    try:
        async with asyncio.timeout(seconds):
            addresses = egress.check_addresses(await _resolve(target), target=target)
            for address in addresses[:-1]:
                # Nothing was sent where no connection stood; the next address may do.
                with suppress(httpx.ConnectError):
                    return await _send(target, address, body, headers, seconds=seconds)
            return await _send(target, addresses[-1], body, headers, seconds=seconds)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Unreachable(
            f"{target.host} did not answer in {seconds:g} seconds."
        ) from error
    except (httpx.HTTPError, OSError) as error:
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
    async with (
        httpx.AsyncClient(
            verify=_trust(settings.EGRESS_CA),
            trust_env=False,
            follow_redirects=False,
            # One silent moment ends before the whole call does: a handshake that is
            # canceled from outside would leave its socket open.
            timeout=seconds * 2 / 3,
        ) as client,
        client.stream(
            "POST",
            f"{target.scheme}://{authority}:{target.port}{target.path}",
            content=body,
            headers={
                **headers,
                "Host": target.authority,
                "User-Agent": "Countersign",
                "Accept-Encoding": "identity",  # a small answer may not unpack to a large
            },
            extensions={"sni_hostname": target.host},
        ) as answer,
    ):
        return Answer(
            status=answer.status_code,
            body=await _read(answer),
            retry_after=answer.headers.get("Retry-After", ""),
        )


async def _read(answer: httpx.Response) -> bytes:
    """Return the answer's start; the rest is not read."""
    kept = b""
    async for chunk in answer.aiter_raw():
        kept += chunk
        if len(kept) >= MOST_ANSWER:
            break
    return kept[:MOST_ANSWER]


@functools.cache
def _trust(authority: str) -> ssl.SSLContext:
    """Return the certificates we trust: the public ones, and one's own authority's."""
    context = httpx.create_ssl_context(trust_env=False)
    if authority:
        context.load_verify_locations(authority)
    return context


def _allowed() -> tuple[AllowedHost, ...]:
    hosts: tuple[AllowedHost, ...] = settings.EGRESS_HOSTS
    return hosts
