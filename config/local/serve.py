"""Serve pages and sockets on a listening socket handed over by the supervisor.

The supervisor holds the socket open while this process is restarted, so browsers wait
for the new one instead of being refused.
"""

from __future__ import annotations

import argparse
import logging
import resource
import socket

import uvicorn

GRACE_SECONDS = 5
MOST_FRAME_BYTES = 64 * 1024


def main() -> None:
    """Run uvicorn on the descriptor given by --fd until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True)
    listener = socket.socket(fileno=parser.parse_args().fd)
    _raise_file_limit()
    config = uvicorn.Config(
        "config.asgi:application",
        lifespan="off",  # Django answers no lifespan events
        access_log=False,
        log_config=None,  # Django's settings set logging up
        server_header=False,
        # Browsers close sockets only when they notice; do not wait for them.
        timeout_graceful_shutdown=GRACE_SECONDS,
        # Frames are a hint's sixty bytes; a compressor for each socket costs more
        # memory than all the rest of it.
        ws_per_message_deflate=False,
        ws_max_size=MOST_FRAME_BYTES,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    logging.getLogger("countersign.serve").info("stopped")


def _raise_file_limit() -> None:
    """Open as many files as the system lets us: each open page is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
