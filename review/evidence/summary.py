"""The summary of a bundle as a PDF of a page or two. A view, no evidence by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_HOW: Final = (
    "This paper is a summary. The evidence is in the files beside it:"
    " <b>python3 verify.py --key KEY</b> in the bundle's folder judges every file, entry,"
    " verdict and proof, without a network. README.txt says how to do it by hand."
)
_NONE: Final = ("", None)


def write_summary(
    *,
    title: str,
    facts: Mapping[str, Any],
    tables: Sequence[tuple[str, Mapping[str, int]]],
) -> bytes:
    """Return the PDF; each table counts something by its name."""
    # Only workers write papers: pages need not load what does.
    from review.evidence.paper import write_paper  # noqa: PLC0415

    sections = [
        (heading, [(name, f"{count:,}") for name, count in counts.items()])
        for heading, counts in tables
        if counts
    ]
    told = [(name, str(value)) for name, value in facts.items() if value not in _NONE]
    return write_paper(title=title, facts=told, sections=sections, end=_HOW)
