"""Open sockets to a server of our own, ring, and see when each hears. Prints JSON."""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Sequence

import django
from django.core.management import call_command

django.setup()

from asgiref.sync import sync_to_async  # noqa: E402
from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from websockets.asyncio.client import ClientConnection, connect  # noqa: E402
from websockets.asyncio.server import (  # noqa: E402
    ServerConnection,
    broadcast,
    serve,
)

from review.consumers import MOST_OF_ONE  # noqa: E402
from review.live import send_now  # noqa: E402
from review.load.filling import open_account, set_stage  # noqa: E402
from review.models import User  # noqa: E402
from tests.benchmarks.web import free_port, serving  # noqa: E402

TOPIC = "queue.load-1"
PAUSE_SECONDS = 0.25
SETTLE_SECONDS = 3.0


def main() -> None:
    """Measure hints, then the same bytes over bare sockets."""
    count, hints = int(sys.argv[1]), int(sys.argv[2])
    logging.getLogger("websockets").setLevel(logging.WARNING)
    call_command("migrate", verbosity=0)
    set_stage()
    cookies = [_sign_in(f"load-{n}") for n in range(-(-count // MOST_OF_ONE))]
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with serving(port, origin=origin):
        took, missed = asyncio.run(
            _listen(port, origin=origin, cookies=cookies, count=count, hints=hints)
        )
    bare = asyncio.run(_bare(count, hints=hints))
    print(
        json.dumps({
            "p50": _share(took, 0.5),
            "p99": _share(took, 0.99),
            "missed": missed,
            "bare_p99": _share(bare, 0.99),
        })
    )


def _sign_in(username: str) -> str:
    open_account(username=username, password="a-long-password")
    client = Client()
    client.force_login(User.objects.get(username=username))
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def _listen(
    port: int, *, origin: str, cookies: Sequence[str], count: int, hints: int
) -> tuple[list[float], int]:
    url = f"ws://127.0.0.1:{port}/ws/hints/"
    pages: list[ClientConnection] = []
    for number in range(count):
        cookie = cookies[number // MOST_OF_ONE]
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
        page = await connect(url, origin=origin, additional_headers=headers)  # type: ignore[arg-type]
        await page.send(json.dumps({"subscribe": [TOPIC]}))
        pages.append(page)
    heard: dict[int, list[float]] = {}
    ears = [asyncio.create_task(_hear(page, heard)) for page in pages]
    await asyncio.sleep(SETTLE_SECONDS)
    heard.clear()
    rung: list[float] = []
    for _ in range(hints):
        rung.append(time.perf_counter())
        await sync_to_async(send_now)(TOPIC)
        await asyncio.sleep(PAUSE_SECONDS)
    for ear in ears:
        ear.cancel()
    took = [
        at - begun
        for begun, version in zip(rung, sorted(heard), strict=True)
        for at in heard[version]
    ]
    for page in pages:
        await page.close()
    return took, count * hints - len(took)


async def _hear(page: ClientConnection, heard: dict[int, list[float]]) -> None:
    async for text in page:
        frame = json.loads(text)
        if frame["topic"] == TOPIC:
            heard.setdefault(frame["version"], []).append(time.perf_counter())


async def _bare(count: int, *, hints: int) -> list[float]:
    """Send the same frame to as many sockets of a server that does nothing else."""
    clients: set[ServerConnection] = set()

    async def keep(client: ServerConnection) -> None:
        clients.add(client)
        await client.wait_closed()

    heard: dict[int, list[float]] = {}
    async with serve(keep, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        pages = [await connect(f"ws://127.0.0.1:{port}") for _ in range(count)]
        ears = [asyncio.create_task(_hear(page, heard)) for page in pages]
        await asyncio.sleep(1)
        rung: list[float] = []
        for number in range(hints):
            rung.append(time.perf_counter())
            broadcast(clients, json.dumps({"topic": TOPIC, "version": number}))
            await asyncio.sleep(PAUSE_SECONDS)
        for ear in ears:
            ear.cancel()
        for page in pages:
            await page.close()
    return [at - rung[number] for number in heard for at in heard[number]]


if __name__ == "__main__":
    main()
