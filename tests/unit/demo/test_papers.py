"""Papers of the demonstration are what they say, for the readers of the task page."""

import base64

import pytest

from review.demo import papers
from review.demo.papers import Paper
from review.views.sources.documents import Kind, read_document
from review.views.sources.pages import count_pages
from review.views.sources.tables import read_csv

LINES = ["Payslip (net)", "", "Paid: 1,200.00 EUR"]
PAPERS = [
    (papers.scan("scan.png", LINES, stamp="SEEN"), Kind.IMAGE),
    (papers.print_out("payslip.pdf", LINES), Kind.PDF),
    (papers.list_out("lines.csv", [("Line", "Net"), (1, 20)]), Kind.TABLE),
]


@pytest.mark.parametrize(("paper", "kind"), PAPERS)
def test_paper_is_known_by_its_bytes(paper: Paper, kind: Kind) -> None:
    found = read_document(paper)
    assert (found.kind, found.problem) == (kind, "")
    assert found.name == paper["name"]


def test_scan_has_room_for_its_lines_and_is_the_same_every_time() -> None:
    scan = papers.scan("scan.png", LINES)
    picture = read_document(scan).picture
    assert picture is not None
    assert picture.width > 12 * max(map(len, LINES))
    assert scan == papers.scan("scan.png", LINES)


def test_print_has_one_page_that_the_reader_opens() -> None:
    data = base64.b64decode(papers.print_out("payslip.pdf", LINES)["data"])
    assert count_pages(data, digest="demo-payslip").count == 1


def test_list_is_a_table() -> None:
    table = read_csv(papers.list_out("lines.csv", [("Line", "Net"), (1, 20)])["text"])
    assert table is not None
    assert (table.head, table.rows) == (["Line", "Net"], [["1", "20"]])
