"""Numbers that come in addresses and forms, where nothing else has read them."""

from typing import Final

MOST_DIGITS: Final = 18
"""So many fit into an id of the database, and Python reads them at once."""


def read_number(text: str) -> int | None:
    """Return a whole number of up to 18 digits without a sign; None for any other text."""
    if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS:
        return int(text)
    return None
