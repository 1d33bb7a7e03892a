"""Give a management command its database: a running stack's, or one of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def attached(arguments: Sequence[str]) -> Iterator[None]:
    """Set DATABASE_URL and REDIS_URL for the command named by `arguments`."""
    yield
