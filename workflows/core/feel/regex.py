"""placeholder"""

import functools
import re

from workflows.core.feel.limits import Run


class Compiled:
    """A compiled pattern."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def search(self, text: str, run: Run) -> bool:
        return self.pattern.search(text) is not None

    def replace(self, text: str, replacement: str, run: Run) -> str | None:
        return self.pattern.sub(re.sub(r"\$(\d)", r"\\\1", replacement), text)

    def split(self, text: str, run: Run) -> list[str]:
        return self.pattern.split(text)


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str) -> Compiled | str:
    try:
        return Compiled(re.compile(pattern))
    except re.error:
        return "bad"
