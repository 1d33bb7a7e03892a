"""Pictures, known by their first bytes and their size, never by what they say they are.

Pure. Only png, jpeg, webp and gif are shown; svg is a program and is not.
"""

import dataclasses
from typing import Final

MOST_PIXELS: Final = 60_000_000
"""A picture that unpacks to more than this is for a download, not for a page."""


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A picture's media type and size in pixels."""

    media_type: str
    width: int
    height: int

    @property
    def is_too_large(self) -> bool:
        """Tell whether unpacking it could choke the browser that shows it."""
        return self.width * self.height > MOST_PIXELS


def read_picture(data: bytes) -> Picture | None:
    """Return what a file's own bytes say it is, None where it is no known picture."""
    for read in (_png, _gif, _webp, _jpeg):
        picture = read(data)
        if picture is not None:
            return picture if picture.width and picture.height else None
    return None


def _png(data: bytes) -> Picture | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        return None
    return Picture("image/png", _big(data[16:20]), _big(data[20:24]))


def _gif(data: bytes) -> Picture | None:
    if not data.startswith((b"GIF87a", b"GIF89a")):
        return None
    return Picture("image/gif", _little(data[6:8]), _little(data[8:10]))


def _webp(data: bytes) -> Picture | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8X":
            return Picture(
                "image/webp", _little(data[24:27]) + 1, _little(data[27:30]) + 1
            )
        case b"VP8L":
            bits = _little(data[21:25])
            return Picture("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8 ":
            return Picture(
                "image/webp",
                _little(data[26:28]) & 0x3FFF,
                _little(data[28:30]) & 0x3FFF,
            )
        case _:
            return None


def _jpeg(data: bytes) -> Picture | None:
    """Walk the segments to the frame header (ITU T.81 B.2.2), which has the size."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = _big(data[at + 5 : at + 7]), _big(data[at + 7 : at + 9])
            return Picture("image/jpeg", width, height)
        at += 2 + _big(data[at + 2 : at + 4])
    return None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
