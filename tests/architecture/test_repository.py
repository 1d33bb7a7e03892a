"""What may never be committed: machines' paths, addresses, secrets, merge marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import PROJECT, list_files, read

KIBIBYTES = 1024
MOST_BYTES = 1000 * KIBIBYTES
TEXT = {
    "", ".cfg", ".css", ".dmn", ".bpmn", ".html", ".in", ".js", ".json", ".lock",
    ".md", ".py", ".sh", ".sql", ".toml", ".txt", ".xml", ".yaml", ".yml",
}  # fmt: skip
# Put together here so that this file does not find itself.
MERGE_MARKS = re.compile(r"^(<{7} |>{7} |={7}$)", re.MULTILINE)
MACHINE_PATHS = re.compile(r"(?<![\w.$}/])/(?:" + r"work|root|home|Users" + r")/\w")
PACKAGE_INDEXES = re.compile(
    "|".join([
        "pypi" + r"\.org/simple",
        "--(?:extra-)?index-" + "url",
        '"reso' + 'lved": "http',
    ])
)
SECRETS = re.compile(
    "|".join([
        "-----BEGIN (?:[A-Z]+ )?PRIVATE" + " KEY-----",
        r"\bAKIA[0-9A-Z]{16}\b",
        r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
        r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    ])
)  # fmt: skip


def _texts() -> Iterator[tuple[Path, str]]:
    for path in list_files():
        if path.suffix in TEXT:
            yield path, read(path)


@pytest.mark.parametrize(
    "pattern",
    [MERGE_MARKS, MACHINE_PATHS, PACKAGE_INDEXES, SECRETS],
    ids=["merge marks", "machine paths", "package indexes", "secrets"],
)
def test_no_file_holds(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path}: {match.group()!r}"
        for path, text in _texts()
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_files_are_not_large() -> None:
    large = [
        str(path)
        for path in list_files()
        if (PROJECT / path).stat().st_size > MOST_BYTES
    ]
    assert large == []


def test_development_lock_holds_all_of_the_other() -> None:
    """So installing the development lock is having both."""
    ours, development = (_pins(name) for name in ("", "-dev"))
    assert ours.items() <= development.items()


def _pins(suffix: str) -> dict[str, str]:
    text = read(Path(f"requirements{suffix}.lock"))
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def test_every_pin_has_hashes() -> None:
    for suffix in ("", "-dev"):
        text = read(Path(f"requirements{suffix}.lock"))
        blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
        assert [b.splitlines()[0] for b in blocks if "--hash=sha256:" not in b] == []
