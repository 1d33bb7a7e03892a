"""Days and moments that people type into forms."""

import datetime as dt
import importlib
import pkgutil
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.core.exceptions import ValidationError

import review.forms
from review.forms.days import (
    FIRST_YEAR,
    LAST_YEAR,
    DayField,
    MomentField,
    check_year,
)
from review.forms.people import AccessForm

FARTHEST = ("Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin", "America/St_Johns")


@pytest.mark.parametrize("zone", FARTHEST)
@pytest.mark.parametrize("year", [FIRST_YEAR, LAST_YEAR])
def test_every_day_taken_has_a_moment_in_every_zone_and_a_day_after(
    zone: str, year: int
) -> None:
    day = dt.date(year, 12, 31)
    check_year(day)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0), ZoneInfo(zone))
    assert abs(end.astimezone(dt.UTC) - end) == dt.timedelta(0)


@pytest.mark.parametrize("typed", ["0001-01-01", "9999-12-31"])
def test_other_days_are_refused_in_a_sentence(typed: str) -> None:
    for field in (DayField(), MomentField()):
        with pytest.raises(ValidationError, match="Take a year from 1900 to 9000"):
            field.clean(typed)
    form = AccessForm({"day": typed, "format": "csv"})
    assert not form.is_valid()


def test_no_form_takes_days_that_some_zone_does_not_have() -> None:
    plain = [
        f"{form.__module__}.{form.__name__}.{name}"
        for form in _list_forms()
        for name, field in form.base_fields.items()
        if isinstance(field, forms.DateField | forms.DateTimeField)
        and check_year not in field.validators
    ]
    assert plain == []


def _list_forms() -> set[type[forms.Form]]:
    found = set()
    for module in pkgutil.walk_packages(review.forms.__path__, "review.forms."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, forms.Form):
                found.add(value)
    return found
