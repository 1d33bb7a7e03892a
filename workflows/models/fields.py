"""Column types that Django lacks and helpers for constraints. No tables here."""

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    IntegerColumn = models.Field[int, int]
else:
    # Django's fields take type arguments in its stubs only.
    IntegerColumn = models.Field


class TransactionIdField(IntegerColumn):
    """PostgreSQL's 64-bit transaction id, `xid8` (section 8.19 of its manual)."""

    def db_type(self, connection: object) -> str:
        return "xid8"


def choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return plain literals for a model field's choices."""
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]


def one_of(field: str, words: type[StrEnum], *, name: str) -> models.CheckConstraint:
    """Return a CHECK that the column holds one of the words."""
    values = [word.value for word in words]
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": values}), name=name
    )


def together(first: str, second: str, *, name: str) -> models.CheckConstraint:
    """Return a CHECK that two columns are both set or both null."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{first}__isnull": True, f"{second}__isnull": True})
        | models.Q(**{f"{first}__isnull": False, f"{second}__isnull": False}),
        name=name,
    )
