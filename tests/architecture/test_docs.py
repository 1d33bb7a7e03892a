"""Every variable the settings read is documented, and none that they do not."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.files import read

READER = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
ROW = re.compile(r"^\| `([A-Z_]+)`", re.MULTILINE)


def test_settings_and_their_page_name_the_same_variables() -> None:
    read_by_settings = set(READER.findall(read(Path("config/settings.py"))))
    documented = set(ROW.findall(read(Path("docs/settings.md"))))
    assert len(documented) > 10
    assert read_by_settings == documented
