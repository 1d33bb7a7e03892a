"""Numbers in addresses and forms that nothing else has read, and in files."""

import re
from typing import Final

from review.evidence.tables import neutralise

MOST_DIGITS: Final = 18
"""So many fit into an id of the database, and Python reads them at once."""
_BELOW_ZERO: Final = re.compile(r"-[0-9]+(\.[0-9]+)?")


def read_number(text: str) -> int | None:
    """Return a whole number of up to 18 digits without a sign; None for any other text."""
    if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS:
        return int(text)
    return None


def write_cell(text: str) -> str:
    """Return a cell of a file that no spreadsheet takes for a formula.

    A number below zero stays one: with a quote before it nobody could add it up.
    """
    return text if _BELOW_ZERO.fullmatch(text) else neutralise(text)
