"""JSON without losses: decimals stay decimals, no key twice, no NaN. Bounded in size."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from workflows.core.canonical import dumps

MAX_BYTES = 1024 * 1024


class TooLarge(APIException):
    """The body exceeds one mebibyte."""

    status_code = 413
    default_detail = f"The body is larger than {MAX_BYTES:,} bytes."
    default_code = "too-large"


class ExactJSONParser(BaseParser):
    """Reads numbers with a fraction as Decimal and refuses what JSON leaves open."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value. Raises ParseError and TooLarge."""
        data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise TooLarge
        try:
            return json.loads(
                data.decode(),
                parse_float=Decimal,
                parse_constant=_refuse_constant,
                object_pairs_hook=_refuse_doubles,
            )
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is no JSON: {error}.") from error


class ExactJSONRenderer(BaseRenderer):
    """Writes decimals as numbers with all their digits."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the JSON text in UTF-8."""
        return b"" if data is None else dumps(data).encode()


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON number")


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return found
