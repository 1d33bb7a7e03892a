"""An HTTP service that answers late. Prints its port; counts who waits at once.

Every answer holds the highest number of requests that have waited together so far.
"""

import asyncio
import sys


class Service:
    """Answers each request after a while."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.waiting = 0
        self.most = 0

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read one request, wait, answer, close."""
        await reader.readuntil(b"\r\n\r\n")
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(self.delay)
        self.waiting -= 1
        body = str(self.most).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()


async def main() -> None:
    """Serve until the process is ended."""
    service = Service(float(sys.argv[1]))
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
