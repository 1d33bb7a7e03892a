"""Days and moments that people type: those that have a moment in every zone."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9000
"""Beyond these Python has no moment for a day of some zone, nor for the day after it."""


def check_year(day: dt.date) -> None:
    """Raise ValidationError for a day, or a moment, that some zone does not have."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(f"Take a year from {FIRST_YEAR} to {LAST_YEAR}.")


class DayField(forms.DateField):
    """A day of the reader's zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[check_year], **options)


class MomentField(forms.DateTimeField):
    """A moment by the reader's clock."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[check_year], **options)
