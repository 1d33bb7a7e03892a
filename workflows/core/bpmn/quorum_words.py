"""The word `cs:quorum` of a user task: how many persons, and in which manner.

Its grammar, words apart by blanks:

    quorum  = kind { "parallel" | "open" }
    kind    = "one" | "dual" | N "of" M | "unanimous" M | "weighted"

What the kinds mean for a case is not decided here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_PERSONS: Final = 15
"""More persons at one task are a meeting, not a review."""


class QuorumKind(StrEnum):
    """What is counted: persons, all of them, or the amounts they may approve."""

    ONE = "ONE"
    DUAL = "DUAL"
    N_OF_M = "N_OF_M"
    UNANIMOUS = "UNANIMOUS"
    WEIGHTED = "WEIGHTED"


@dataclass(frozen=True, slots=True)
class QuorumWord:
    """The word as read: `needed` approvals of `of` persons, side by side or openly."""

    kind: QuorumKind = QuorumKind.ONE
    needed: int = 1
    of: int = 1
    parallel: bool = False
    open: bool = False


_KIND: Final = re.compile(
    r"(?P<word>one|dual|weighted)"
    r"|(?P<needed>\d{1,3}) +of +(?P<of>\d{1,3})"
    r"|unanimous +(?P<all>\d{1,3})"
)
_WORDS: Final = {
    "one": QuorumWord(),
    "dual": QuorumWord(QuorumKind.DUAL, 2, 2),
    "weighted": QuorumWord(QuorumKind.WEIGHTED, 1, MOST_PERSONS),
}


def read_quorum(text: str) -> QuorumWord:
    """Read a quorum's word; an empty one means one person.

    Raises ValueError with a whole sentence for what nobody could understand.
    """
    text = " ".join(text.split()) or "one"
    found = _KIND.match(text)
    if found is None:
        raise ValueError(
            f"{text!r:.60} must be one, dual, 2 of 3, unanimous 3 or weighted,"
            " then perhaps parallel or open."
        )
    word = _read_kind(found)
    flags = text[found.end() :].split()
    if text[found.end() :][:1].strip() or set(flags) - {"parallel", "open"}:
        raise ValueError(
            f"{text!r:.60}: after {found[0]!r} only parallel and open may stand."
        )
    if flags and word.of < 2:
        raise ValueError(f"{text!r:.60}: one person has nobody beside him.")
    return QuorumWord(
        word.kind, word.needed, word.of, "parallel" in flags, "open" in flags
    )


def _read_kind(found: re.Match[str]) -> QuorumWord:
    if found["word"]:
        return _WORDS[found["word"]]
    if found["all"]:
        count = int(found["all"])
        if not 2 <= count <= MOST_PERSONS:
            raise ValueError(
                f"{found[0]!r}: unanimous are 2 to {MOST_PERSONS} persons."
            )
        return QuorumWord(QuorumKind.UNANIMOUS, count, count)
    needed, of = int(found["needed"]), int(found["of"])
    if not 1 <= needed <= of or not 2 <= of <= MOST_PERSONS:
        raise ValueError(
            f"{found[0]!r}: the first number is from 1 to the second, and the second"
            f" from 2 to {MOST_PERSONS}."
        )
    return QuorumWord(QuorumKind.N_OF_M, needed, of)
