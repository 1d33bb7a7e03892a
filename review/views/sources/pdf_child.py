"""Read a PDF on standard input; write its number of pages, or one page as a PNG.

A program of its own: `python -I pdf_child.py PAGE`, PAGE 0 for the count. It puts
itself under limits before it touches the document: whatever the document makes of the
library that reads it, it cannot write a file, start a process or live long.
"""

import resource
import struct
import sys
import zlib
from typing import Final

MEMORY: Final = 768 * 1024 * 1024
SECONDS: Final = 8
WIDTH: Final = 1400
"""Pixels across a page: readable at twice the width of the pane that shows it."""
TALLEST: Final = 4000


def confine() -> None:
    """Give up memory, time, files and processes beyond what one page needs."""
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def main() -> int:
    """Answer on standard output; the exit status tells whether it could."""
    page = int(sys.argv[1])
    data = sys.stdin.buffer.read()
    import pypdfium2  # noqa: PLC0415  (its library is loaded before the limits bite)

    confine()
    document = pypdfium2.PdfDocument(data)
    if page == 0:
        answer = str(len(document)).encode()
    else:
        answer = render(document[page - 1])
    sys.stdout.buffer.write(answer)
    return 0


def render(page: "pypdfium2.PdfPage") -> bytes:  # type: ignore[name-defined]  # noqa: F821
    """Return a page as a PNG of WIDTH pixels, less for one that is very tall."""
    width, height = page.get_size()
    scale = min(WIDTH / max(width, 1), TALLEST / max(height, 1))
    bitmap = page.render(scale=scale, rev_byteorder=True, may_draw_forms=False)
    return encode_png(
        bytes(bitmap.buffer),
        width=bitmap.width,
        height=bitmap.height,
        stride=bitmap.stride,
        channels=bitmap.n_channels,
    )


def encode_png(
    pixels: bytes, *, width: int, height: int, stride: int, channels: int
) -> bytes:
    """Return rows of RGB(A) or grey pixels as a PNG (ISO 15948), unfiltered."""
    used = width * channels
    if channels == 4:  # the fourth byte is idle: a page is drawn on white
        rows = []
        for y in range(height):
            row = bytearray(width * 3)
            line = pixels[y * stride : y * stride + used]
            row[0::3], row[1::3], row[2::3] = line[0::4], line[1::4], line[2::4]
            rows.append(bytes(row))
    else:
        rows = [pixels[y * stride : y * stride + used] for y in range(height)]
    colour = 0 if channels == 1 else 2
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", body)
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


if __name__ == "__main__":
    sys.exit(main())
