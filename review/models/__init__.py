"""The people's tables: constraints live here, logic does not."""

from review.models.calendars import Calendar, CalendarHoliday
from review.models.interventions import Intervention
from review.models.people import Person, Preference, RoleGrant, User
from review.models.queues import Queue, ReasonCode
from review.models.tasks import Task, TaskContent, TaskRevision
from review.models.verdicts import Verdict

__all__ = [
    "Calendar",
    "CalendarHoliday",
    "Intervention",
    "Person",
    "Preference",
    "Queue",
    "ReasonCode",
    "RoleGrant",
    "Task",
    "TaskContent",
    "TaskRevision",
    "User",
    "Verdict",
]
