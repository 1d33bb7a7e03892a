"""Calendars follow their policy: each version in force is one of the calendar's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from review.core.policies.calendar_policy import make_body, to_days_off, to_hours
from review.core.policies.policies import Fault
from review.models import Calendar, Policy
from review.operations.clocks import calendars
from review.operations.policies.policy_subjects import Subject
from workflows import audit
from workflows.core.actors import Actor
from workflows.core.calendars import CalendarError


class CalendarEffect:
    """What rests on the kind CALENDAR; see policy_effects.Effect."""

    def check(self, subject: Subject, body: Mapping[str, Any]) -> Sequence[Fault]:
        """Return whether anybody knows the country's holidays."""
        try:
            calendars.check_country(body.get("country", ""), body.get("part", ""))
        except CalendarError as error:
            return [Fault(("fields", "country"), str(error))]
        return []

    def read_before(self, subject: Subject) -> dict[str, Any]:
        """Return the calendar as it stands."""
        calendar = _calendar(subject)
        return make_body(
            zone=calendar.zone,
            hours=calendar.hours,
            country=calendar.country,
            part=calendar.subdivision,
            days_off=dict(calendar.holidays.values_list("date", "name")),
        )

    def enact(
        self, subject: Subject, policy: Policy, *, by: Actor
    ) -> list[audit.Draft]:
        """Give the calendar its next version, unless it stands so already."""
        calendar = _calendar(subject)
        if policy.body == self.read_before(subject):
            return []
        calendars.write_version(
            calendar,
            zone=policy.body["zone"],
            hours=to_hours(policy.body),
            country=policy.body.get("country", ""),
            subdivision=policy.body.get("part", ""),
            days_off=to_days_off(policy.body),
        )
        detail = {
            "calendar": calendar.key,
            "version": calendar.version,
            "zone": calendar.zone,
            "by_policy": {"id": policy.id, "version": policy.version},
        }
        return [audit.Draft(kind="calendar.changed", actor=by, detail=detail)]


def _calendar(subject: Subject) -> Calendar:
    assert subject.calendar is not None  # these policies rule calendars
    return subject.calendar
