"""Papers that come with demonstration cases: scans, prints and lists, drawn in code.

The same words give the same bytes. A scan is a PNG of a small raster font of our own, a
print is a PDF with one of the fonts that every reader has; no library takes part.
"""

import base64
import csv
import io
import zlib
from collections.abc import Sequence
from typing import Final

# Seven rows of five points for each letter; a row is one digit of base 32.
_GLYPHS: Final = {
    "A": "EHHVHHH", "B": "UHHUHHU", "C": "EHGGGHE", "D": "UHHHHHU", "E": "VGGUGGV",
    "F": "VGGUGGG", "G": "EHGNHHF", "H": "HHHVHHH", "I": "E44444E", "J": "72222IC",
    "K": "HIKOKIH", "L": "GGGGGGV", "M": "HRLLHHH", "N": "HPLJHHH", "O": "EHHHHHE",
    "P": "UHHUGGG", "Q": "EHHHLID", "R": "UHHUKIH", "S": "FGGE11U", "T": "V444444",
    "U": "HHHHHHE", "V": "HHHHHA4", "W": "HHHLLLA", "X": "HHA4AHH", "Y": "HHA4444",
    "Z": "V1248GV", "0": "EHJLPHE", "1": "4C4444E", "2": "EH1248V", "3": "V2421HE",
    "4": "26AIV22", "5": "VGU11HE", "6": "68GUHHE", "7": "V124888", "8": "EHHEHHE",
    "9": "EHHF12C", ".": "00000CC", ",": "0000C48", ":": "0CC0CC0", "-": "000V000",
    "/": "11248GG", "%": "OP248J3", "&": "CIK8LID", "?": "EH12404", "'": "4480000",
}  # fmt: skip
_SCALE: Final = 2
_ADVANCE: Final = 6 * _SCALE
_LINE: Final = 13 * _SCALE
_MARGIN: Final = 34
_PAPER: Final = 250
_INK: Final = 52
_PALE: Final = 150

Paper = dict[str, str]


def scan(name: str, lines: Sequence[str], *, stamp: str = "") -> Paper:
    """Return a document with a picture of the lines, and a stamp in a frame."""
    data = draw_png(lines, stamp=stamp)
    return _file(name, "image/png", data)


def print_out(name: str, lines: Sequence[str]) -> Paper:
    """Return a document with a page of the lines, the first as its heading."""
    return _file(name, "application/pdf", write_pdf(lines))


def list_out(name: str, rows: Sequence[Sequence[object]]) -> Paper:
    """Return a document with a table; the first row names the columns."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return {
        "id": name,
        "name": name,
        "kind": "list",
        "media_type": "text/csv",
        "text": out.getvalue(),
    }


def draw_png(lines: Sequence[str], *, stamp: str = "") -> bytes:
    """Return the lines as a grey picture, as from a scanner."""
    longest = max((len(line) for line in lines), default=1)
    width = 2 * _MARGIN + _ADVANCE * max(longest, len(stamp) + 16)
    height = 2 * _MARGIN + _LINE * len(lines)
    rows = [bytearray([_PAPER]) * width for _ in range(height)]
    for number, line in enumerate(lines):
        _write(rows, line, x=_MARGIN, y=_MARGIN + number * _LINE, shade=_INK)
    if stamp:
        _stamp(rows, stamp, x=width - _MARGIN - _ADVANCE * len(stamp), y=_MARGIN)
    return _encode_png(rows, width=width)


def write_pdf(lines: Sequence[str]) -> bytes:
    """Return one page (A6, lying) with the lines, as PDF 1.4 (ISO 32000-1, 7.5)."""
    words = ["BT", "/F2 15 Tf 40 250 Td 17 TL", _show(lines[0]), "/F1 11 Tf T*"]
    words += [f"T* {_show(line)}" for line in lines[1:]]
    drawn = "\n".join([*words, "ET", "0.6 w 40 238 m 380 238 l S"]).encode()
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 297] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = len(out)
    size = len(bodies) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        end,
    )
    return bytes(out)


def _file(name: str, media_type: str, data: bytes) -> Paper:
    return {
        "id": name,
        "name": name,
        "kind": "paper",
        "media_type": media_type,
        "data": base64.b64encode(data).decode(),
    }


def _write(rows: list[bytearray], text: str, *, x: int, y: int, shade: int) -> None:
    for place, letter in enumerate(text.upper()):
        glyph = _GLYPHS.get(letter, "")
        for down, digit in enumerate(glyph):
            points = int(digit, 32)
            for right in range(5):
                if points >> (4 - right) & 1:
                    left = x + place * _ADVANCE + right * _SCALE
                    for row in rows[y + down * _SCALE : y + (down + 1) * _SCALE]:
                        row[left : left + _SCALE] = bytes([shade]) * _SCALE


def _stamp(rows: list[bytearray], text: str, *, x: int, y: int) -> None:
    left, right = x - 10, x + _ADVANCE * len(text) + 8
    top, bottom = y - 10, y + 7 * _SCALE + 10
    _write(rows, text, x=x, y=y, shade=_PALE)
    for row in (*rows[top : top + 2], *rows[bottom - 2 : bottom]):
        row[left:right] = bytes([_PALE]) * (right - left)
    for row in rows[top:bottom]:
        row[left : left + 2] = row[right - 2 : right] = bytes([_PALE]) * 2


def _encode_png(rows: Sequence[bytearray], *, width: int) -> bytes:
    """Return rows of grey points as a PNG (ISO/IEC 15948, 5.3: length, type, CRC)."""
    head = width.to_bytes(4) + len(rows).to_bytes(4) + bytes([8, 0, 0, 0, 0])
    points = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = [(b"IHDR", head), (b"IDAT", points), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in chunks
    )


def _show(line: str) -> str:
    plain = line.encode("ascii", "replace").decode()
    for mark in "\\()":
        plain = plain.replace(mark, f"\\{mark}")
    return f"({plain}) Tj"
