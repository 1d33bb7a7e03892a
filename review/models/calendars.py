"""When a desk works: hours of the week in a zone, and the days off."""

from django.db import models

from review.models.fields import ExactDecoder, ExactEncoder


class Calendar(models.Model):
    """A working week in an IANA zone.

    `hours` maps the weekday ("0" is Monday) to spans such as ["09:00", "17:30"];
    "24:00" ends a day. `country` and `subdivision` (ISO 3166) name the national
    holidays that are off besides the calendar's own. `version` rises with each
    change; clocks keep the version they were started under.
    """

    key = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=64)
    hours = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    country = models.CharField(max_length=2, default="")
    subdivision = models.CharField(max_length=10, default="")
    version = models.IntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class CalendarHoliday(models.Model):
    """One day off of one calendar."""

    calendar = models.ForeignKey(
        Calendar, on_delete=models.CASCADE, related_name="holidays", db_index=False
    )
    date = models.DateField()
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "date"], name="review_calendar_holiday_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"
