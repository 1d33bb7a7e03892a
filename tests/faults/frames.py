"""A page's socket with nothing around it (RFC 6455), so that thousands fit. No tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
ABNORMAL: Final = 1006
"""What browsers report for a socket that ended without a word."""
SOURCES: Final = 16
"""So many addresses of this machine to come from: each has its own ports."""
AT_ONCE: Final = 200


@dataclass(slots=True)
class Pages:
    """What many pages have in common: the site, and what they heard and when they ended."""

    host: str
    port: int
    heard: dict[str, set[int]] = field(default_factory=dict)
    closed: dict[int, tuple[float, int]] = field(default_factory=dict)
    refused: int = 0

    async def connect(self, pages: Sequence[Page]) -> None:
        """Open these pages' sockets, so many at once, and subscribe."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def open_one(page: Page) -> None:
            async with gate:
                await page.open()

        await asyncio.gather(*(open_one(page) for page in pages))

    def hear(self, number: int, frame: bytes) -> None:
        """Note which page has heard of which topic."""
        self.heard.setdefault(json.loads(frame)["topic"], set()).add(number)


class Page(asyncio.Protocol):
    """One page's socket; connects again and again."""

    def __init__(
        self, pages: Pages, *, number: int, session: str, topics: Sequence[str]
    ) -> None:
        self.number, self.session = number, session
        self._pages, self._topics = pages, topics
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._opening: asyncio.Future[bool] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    async def open(self) -> bool:
        """Connect, shake hands and subscribe; return whether the site let us in."""
        loop = asyncio.get_running_loop()
        self._buffer, self._opening = b"", loop.create_future()
        await loop.create_connection(
            lambda: self,
            self._pages.host,
            self._pages.port,
            local_addr=(f"127.0.0.{2 + self.number % SOURCES}", 0),
        )
        is_in = await self._opening
        if is_in:
            self._send(TEXT, json.dumps({"subscribe": list(self._topics)}).encode())
        else:
            self._pages.refused += 1
        return is_in

    def drop(self) -> None:
        """Be gone without a word, as a page whose network has gone."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.abort()

    # --- asyncio's side ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        address = f"{self._pages.host}:{self._pages.port}"
        lines = (
            "GET /ws/hints/ HTTP/1.1",
            f"Host: {address}",
            f"Origin: http://{address}",
            f"Cookie: {settings.SESSION_COOKIE_NAME}={self.session}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        transport.write("\r\n".join((*lines, "", "")).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._opening is not None and not self._opening.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer = rest
            self._opening.set_result(head.startswith(b"HTTP/1.1 101"))
        while self._take_frame():
            pass

    def connection_lost(self, exc: Exception | None) -> None:
        if self._opening is not None and not self._opening.done():
            self._opening.set_result(False)
        if self._transport is not None:  # it was not we who ended it
            self._end(ABNORMAL)

    # --- frames -----------------------------------------------------------------

    def _take_frame(self) -> bool:
        """Take a whole frame from the buffer; servers mask none."""
        if len(self._buffer) < 2:
            return False
        kind, size, start = self._buffer[0] & 0x0F, self._buffer[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(self._buffer[2:4], "big"), 4
        if len(self._buffer) < start + size:
            return False
        content = self._buffer[start : start + size]
        self._buffer = self._buffer[start + size :]
        if kind == TEXT:
            self._pages.hear(self.number, content)
        elif kind == PING:
            self._send(PONG, content)
        elif kind == CLOSE:
            self._send(CLOSE, content[:2])
            self._end(int.from_bytes(content[:2], "big") or ABNORMAL)
        return True

    def _send(self, kind: int, content: bytes) -> None:
        if self._transport is None:
            return
        long = len(content) > 125
        size = bytes([0xFE]) + len(content).to_bytes(2, "big") if long else b""
        # A mask of zeros leaves the content as it is.
        head = bytes([0x80 | kind]) + (size or bytes([0x80 | len(content)]))
        self._transport.write(head + b"\0\0\0\0" + content)

    def _end(self, code: int) -> None:
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.close()
            self._pages.closed[self.number] = (time.monotonic(), code)
