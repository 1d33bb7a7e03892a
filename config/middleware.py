"""Middleware of the project: static files under ASGI without blocking the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import IO

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

CHUNK_BYTES = 64 * 1024
GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise for both worlds: under ASGI files stream by awaiting reads.

    WhiteNoise's own class is synchronous only, which under ASGI moves every request of
    the site to a thread and reads whole files into memory before the first byte.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._respond(request)
        response: HttpResponseBase = super().__call__(request)
        return response

    async def _respond(self, request: HttpRequest) -> HttpResponseBase:
        if self.autorefresh:
            found = await asyncio.to_thread(self.find_file, request.path_info)
        else:
            found = self.files.get(request.path_info)
        if found is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        return await asyncio.to_thread(_open_for_streaming, found, request)


def _open_for_streaming(found: StaticFile, request: HttpRequest) -> HttpResponseBase:
    answer = found.get_response(request.method, request.META)
    response: HttpResponseBase = (
        StreamingHttpResponse(_Chunks(answer.file), status=int(answer.status))
        if answer.file
        else HttpResponse(status=int(answer.status))  # HEAD, or the browser has it
    )
    del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    return response


@dataclass(frozen=True, slots=True)
class _Chunks:
    """The chunks of an open file; closed with the response even if none was read."""

    file: IO[bytes]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self.file.read, CHUNK_BYTES):
            yield chunk

    def close(self) -> None:
        self.file.close()
