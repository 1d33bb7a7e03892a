"""How JSON columns keep numbers exact. No tables here."""

import json
from decimal import Decimal
from typing import Any

from workflows.core.canonical import dumps


class ExactDecoder(json.JSONDecoder):
    """Read JSON numbers with a fraction or an exponent as Decimal, never as float."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "parse_float": Decimal})


class ExactEncoder(json.JSONEncoder):
    """Write canonical JSON, where Decimal is a number with all its digits."""

    def encode(self, o: Any) -> str:
        return dumps(o)
