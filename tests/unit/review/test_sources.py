"""Sources by their bytes and shape: pictures, tables, trees, texts. No database."""

import base64
import struct

import pytest

from review.views.sources.build import build_sources
from review.views.sources.documents import LARGEST_FILE, Kind, read_document
from review.views.sources.images import MOST_PIXELS, read_picture
from review.views.sources.pages import Kept, Pages, count_pages, render_page
from review.views.sources.tables import MOST_ROWS, read_csv
from review.views.sources.trees import MOST_NODES, build_tree

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\0\0\0"
)
GIF = b"GIF89a" + struct.pack("<HH", 32, 16) + b"\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\x00\x04\0\0\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x01\x11\x00"
WEBP = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\x3f\0\0\x1f\0\0"
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]>>endobj
trailer<</Root 1 0 R>>
"""


def _file(
    data: bytes, *, name: str = "scan", said: str = "image/png"
) -> dict[str, str]:
    encoded = base64.b64encode(data).decode()
    return {"id": "d1", "name": name, "media_type": said, "data": encoded}


@pytest.mark.parametrize(
    ("data", "media_type", "width", "height"),
    [
        (PNG, "image/png", 640, 480),
        (GIF, "image/gif", 32, 16),
        (JPEG, "image/jpeg", 64, 32),
        (WEBP, "image/webp", 64, 32),
    ],
)
def test_picture_is_known_by_its_bytes(
    data: bytes, media_type: str, width: int, height: int
) -> None:
    picture = read_picture(data)
    assert picture is not None
    assert (picture.media_type, picture.width, picture.height) == (
        media_type,
        width,
        height,
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        PNG[:15],
        b"GIF89a",
        b"\xff\xd8\xff\xff\xff\xff",
        b"\xff\xd8\xff\xc0",
        b"RIFF\0\0\0\0WEBPXXXX",
    ],
)
def test_what_is_no_picture_is_none_whatever_it_says(data: bytes) -> None:
    assert read_picture(data) is None
    assert read_document(_file(data)).kind is not Kind.IMAGE


def test_picture_that_unpacks_to_too_much_is_not_shown() -> None:
    bomb = PNG.replace(struct.pack(">II", 640, 480), struct.pack(">II", 60_000, 60_000))
    document = read_document(_file(bomb))
    assert MOST_PIXELS < 60_000 * 60_000
    assert "too many to show" in document.problem


@pytest.mark.parametrize(
    ("given", "kind", "problem"),
    [
        (_file(PDF, said="text/html"), Kind.PDF, ""),
        (_file(b"a,b\n1,2\n", name="t.csv", said="text/csv"), Kind.TABLE, ""),
        (_file(b"hello", said="text/plain"), Kind.TEXT, ""),
        (_file(b"\xff\xfe", said="text/plain"), Kind.OTHER, "not UTF-8"),
        (_file(b"PK\x03\x04", said="application/zip"), Kind.OTHER, "not shown here"),
        ({"name": "x", "data": "%%%"}, Kind.OTHER, "no base64"),
        (
            {"name": "x", "data": "A" * (LARGEST_FILE * 2)},
            Kind.OTHER,
            "larger than 10 MB",
        ),
    ],
)
def test_document_is_what_its_bytes_are(
    given: dict[str, str], kind: Kind, problem: str
) -> None:
    document = read_document(given)
    assert document.kind is kind
    assert problem in document.problem


def test_file_name_is_safe_in_a_header() -> None:
    document = read_document({"name": '../a"b\r\nX: y.png', "text": ""})
    assert document.file_name == "_a_b__X_ y.png"


def test_csv_finds_its_delimiter_and_counts_what_it_leaves_out() -> None:
    table = read_csv("name;amount\n" + "a;1,5\n" * (MOST_ROWS + 3))
    assert table is not None
    assert (table.head, table.more, table.numbers) == (
        ["name", "amount"],
        3,
        [False, True],
    )
    assert read_csv("just words") is None
    assert read_csv('a,"b') is None


def test_tree_closes_each_branch_it_opened() -> None:
    twigs, left = build_tree({"a": {"b": [1, {"c": None}]}, "d": True})
    opened = sum(twig.is_branch for twig in twigs)
    assert opened == sum(len(twig.closes) for twig in twigs) + len(left)
    assert [twig.name for twig in twigs] == ["a", "b", "1", "2", "c", "d"]


def test_tree_of_a_huge_value_is_cut_and_says_so() -> None:
    twigs, left = build_tree({str(n): {"x": n} for n in range(MOST_NODES)})
    assert len(twigs) == MOST_NODES + 1
    assert "left out" in twigs[-1].value
    opened = sum(twig.is_branch for twig in twigs)
    assert opened == sum(len(twig.closes) for twig in twigs) + len(left)


def test_sources_are_documents_then_what_is_nested() -> None:
    sources = build_sources(
        {
            "documents": [{"id": "d1", "name": "note.txt", "text": "Total 12"}, "odd"],
            "total": {
                "value": 12,
                "confidence": 1,
                "source": {"document": "d1", "start": 6, "end": 8},
            },
            "lines": [{"item": "pen", "price": 2}],
            "report": {"score": 700, "detail": {"late": [1]}},
            "plain": "text",
        },
        labels={"report": "Bureau"},
        count_pages=lambda _: Pages(),
    )
    assert [source.title for source in sources] == ["note.txt", "Lines", "Bureau"]
    assert [part.mark for part in sources[0].lines[0]] == ["", "read-total"]
    assert sources[1].table is not None
    assert sources[2].twigs


def test_pdf_is_counted_and_drawn_and_its_script_is_only_bytes() -> None:
    assert count_pages(PDF, digest="one") == Pages(count=1)
    picture = render_page(PDF, digest="one", page=1)
    assert picture is not None
    assert read_picture(picture) is not None
    assert render_page(PDF, digest="one", page=2) is None
    assert count_pages(b"%PDF-1.7 broken", digest="two").problem


def test_kept_pages_let_the_oldest_go() -> None:
    kept = Kept(most=5)
    kept.put(("a", 1), b"123")
    kept.put(("b", 1), b"12")
    assert kept.get(("a", 1)) == b"123"
    kept.put(("c", 1), b"1")
    assert kept.get(("b", 1)) is None
    assert kept.get(("a", 1)) == b"123"
