"""Calendars of working hours, their holidays, and each version of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import append_only_table, governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Calendar",
        fields=[
            ("id", row_id()),
            ("key", models.CharField(max_length=100, unique=True)),
            ("name", models.CharField(max_length=200)),
            ("zone", models.CharField(max_length=64)),
            ("hours", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("country", models.CharField(max_length=2, default="")),
            ("subdivision", models.CharField(max_length=10, default="")),
            ("version", models.IntegerField(default=1)),
        ],
    ),
    governed_table("review_calendar"),
    table_stays("review_calendar"),
    migrations.CreateModel(
        name="CalendarHoliday",
        fields=[
            ("id", row_id()),
            ("date", models.DateField()),
            ("name", models.CharField(max_length=200)),
            (
                "calendar",
                models.ForeignKey(
                    "review.calendar",
                    models.CASCADE,
                    related_name="holidays",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("calendar", "date"), name="review_calendar_holiday_once"
                )
            ]
        },
    ),
    governed_table("review_calendarholiday"),
    table_stays("review_calendarholiday"),
    migrations.CreateModel(
        name="CalendarVersion",
        fields=[
            ("id", row_id()),
            ("version", models.IntegerField()),
            ("zone", models.CharField(max_length=64)),
            ("hours", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("days_off", ArrayField(models.DateField())),
            ("sources", models.CharField(max_length=200)),
            ("made_at", models.DateTimeField()),
            (
                "calendar",
                models.ForeignKey(
                    "review.calendar",
                    models.PROTECT,
                    related_name="versions",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("calendar", "version"), name="review_calendar_version_once"
                )
            ]
        },
    ),
    governed_table("review_calendarversion"),
    append_only_table("review_calendarversion"),
]
