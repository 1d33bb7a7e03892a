"""Ids for new rows: step numbers in blocks from the database, UUIDv7 for instances."""

import datetime as dt
import os
import secrets
import threading
from collections.abc import Iterator
from uuid import UUID

from django.db import connection

BLOCK = 1000
"""What the sequence steps by; see the migration that makes it."""


class _Block(threading.local):
    """The numbers this thread still has, and the process that drew them."""

    def __init__(self) -> None:
        self.left = iter(range(0))
        self.pid = 0


_block = _Block()


def step_numbers() -> Iterator[int]:
    """Yield step ids that nobody else has.

    A forked child must not go on with its parent's block, so the block remembers
    the process. Numbers of a transaction that rolls back are lost, which is no harm.
    """
    while True:
        number = next(_block.left, None) if _block.pid == os.getpid() else None
        if number is None:
            _block.left = _draw()
            _block.pid = os.getpid()
            continue
        yield number


def _draw() -> Iterator[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('workflows_step_numbers')")
        (first,) = cursor.fetchone()
    return iter(range(first, first + BLOCK))


def new_instance_id(now: dt.datetime) -> UUID:
    """Return a UUIDv7 (RFC 9562, section 5.7) of this moment."""
    milliseconds = int(now.timestamp() * 1000)
    random = secrets.randbits(74)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= (random >> 62) << 64
    value |= 0b10 << 62
    value |= random & ((1 << 62) - 1)
    return UUID(int=value)
