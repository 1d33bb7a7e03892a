"""Vendored files are exactly what their README tables say, and nothing else lies beside them."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [
    ROOT / "static" / "vendor",
    ROOT / "tests" / "vendor",
    ROOT / "review" / "evidence" / "vendor",
]
ROW = re.compile(
    r"^\| (?P<package>[\w.-]+) \| (?P<version>[\d.]+) \| `(?P<file>[^`]+)` "
    r"\| `(?P<digest>[0-9a-f]{64})` \| (?P<licence>[^|]+) \|$",
    re.MULTILINE,
)


def _table(folder: Path) -> dict[str, re.Match[str]]:
    text = (folder / "README.md").read_text(encoding="utf-8")
    return {row["file"]: row for row in ROW.finditer(text)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_vendored_files_match_their_digests(folder: Path) -> None:
    for name, row in _table(folder).items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert digest == row["digest"], f"{name} is not the file the README names"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_is_listed(folder: Path) -> None:
    files = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert files == set(_table(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_package_brings_its_licence(folder: Path) -> None:
    packages = {name.split("/")[0] for name in _table(folder)}
    assert packages
    for package in packages:
        assert list((folder / package).glob("LICENSE*")), f"{package} lacks a licence"


def test_the_sprite_holds_every_icon_that_a_template_names() -> None:
    sprite = next((ROOT / "static" / "vendor").glob("bootstrap-icons-*/sprite.svg"))
    known = set(re.findall(r'<symbol id="([\w-]+)"', sprite.read_text("utf-8")))
    used: set[str] = set()
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        used |= set(re.findall(r"{% icon [\"']([\w-]+)[\"']", text))
    assert used <= known, f"missing from the sprite: {sorted(used - known)}"
