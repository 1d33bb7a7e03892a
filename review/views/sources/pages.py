"""Pages of a PDF as pictures, made by a process of its own that is killed in time.

A document is somebody else's program: it is read where it can reach nothing. The child
(pdf_child.py) gets the bytes on its standard input and answers on its standard output;
it has little memory, little time, no files to write and no environment. What it made is
kept by the document's digest, so that a page is rendered once for all who look at it.
"""

import dataclasses
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

SECONDS: Final = 10
MOST_PAGES: Final = 50
MOST_KEPT: Final = 48_000_000
AT_ONCE: Final = 2
CHILD: Final = Path(__file__).with_name("pdf_child.py")
REFUSAL: Final = "This PDF could not be read safely; download it to look at it."


@dataclasses.dataclass(frozen=True, slots=True)
class Pages:
    """How many pages a document has, and how many of them are shown."""

    count: int = 0
    problem: str = ""

    @property
    def shown(self) -> int:
        """Return how many pages are shown, MOST_PAGES at most."""
        return min(self.count, MOST_PAGES)


class Kept:
    """What was rendered, the least used going first when there is too much of it."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._size = 0
        self._items: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, int]) -> bytes | None:
        """Return what is kept under a key."""
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
            return found

    def put(self, key: tuple[str, int], content: bytes) -> None:
        """Keep something, and let go of the oldest until all fits."""
        with self._lock:
            self._size += len(content) - len(self._items.pop(key, b""))
            self._items[key] = content
            while self._size > self._most and self._items:
                _, gone = self._items.popitem(last=False)
                self._size -= len(gone)


_kept = Kept(most=MOST_KEPT)
_places = threading.BoundedSemaphore(AT_ONCE)


def count_pages(data: bytes, *, digest: str) -> Pages:
    """Return how many pages a PDF has; a document that cannot be read says so."""
    answer = _ask(data, digest=digest, page=0)
    if answer is None or not answer.isdigit():
        return Pages(problem=REFUSAL)
    count = int(answer)
    return Pages(count=count) if count else Pages(problem="This PDF has no pages.")


def render_page(data: bytes, *, digest: str, page: int) -> bytes | None:
    """Return a page, counted from 1, as a PNG; None where it cannot be rendered."""
    if not 1 <= page <= MOST_PAGES:
        return None
    answer = _ask(data, digest=digest, page=page)
    return answer if answer and answer.startswith(b"\x89PNG") else None


def _ask(data: bytes, *, digest: str, page: int) -> bytes | None:
    """Return the child's answer; b"" is kept for what it could not do."""
    found = _kept.get((digest, page))
    if found is None:
        with _places:
            found = _run(data, page)
        _kept.put((digest, page), found)
    return found or None


def _run(data: bytes, page: int) -> bytes:
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(CHILD), str(page)],
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        return b""
    return done.stdout if done.returncode == 0 else b""
