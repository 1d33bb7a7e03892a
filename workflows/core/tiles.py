"""How a log is read as files (c2sp.org/tlog-tiles): paths and widths. No storage.

A tile of level L holds up to 256 hashes over 256**L entries each; `entries` tiles hold
the entries themselves, each after its length in two bytes.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

WIDTH: Final = 256
TOP_LEVEL: Final = 63
_PATH: Final = re.compile(
    r"(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<place>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)
_MOST_PLACE_PARTS: Final = 6


class Tile(NamedTuple):
    """One file of the log; `level` None is a bundle of entries."""

    level: int | None
    place: int
    width: int = WIDTH

    @property
    def start(self) -> int:
        """Return which of the level's hashes (or which entry) the tile begins with."""
        return self.place * WIDTH

    def exists(self, size: int) -> bool:
        """Tell whether a tree of `size` has so many hashes at this place."""
        return self.start + self.width <= size >> (8 * (self.level or 0))


def read_path(path: str) -> Tile | None:
    """Read what follows `tile/`; None where it is no path of a tile."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    parts = found["place"].split("/")
    width = int(found["width"]) if found["width"] else WIDTH
    whole = found["width"] is not None and width >= WIDTH
    if (
        len(parts) > _MOST_PLACE_PARTS
        or (len(parts) > 1 and parts[0] == "x000")
        or whole
    ):
        return None
    level = None if found["level"] == "entries" else int(found["level"])
    return Tile(level, int("".join(part.removeprefix("x") for part in parts)), width)


def write_path(tile: Tile) -> str:
    """Return the path of a tile below `tile/`: 1234067 is written x001/x234/067."""
    parts: list[str] = [f"{tile.place % 1000:03d}"]
    rest = tile.place // 1000
    while rest:
        parts.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    level = "entries" if tile.level is None else str(tile.level)
    suffix = f".p/{tile.width}" if tile.width < WIDTH else ""
    return f"{level}/{'/'.join(parts)}{suffix}"


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """Return a bundle: each entry after its length, big-endian in 16 bits."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
