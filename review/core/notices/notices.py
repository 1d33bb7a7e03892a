"""What people are told, by which way and when. Pure: `now` is given, nothing is sent.

A notice is always kept in the application unless the person does not want its kind
there. Mail comes at once, or collected hourly or daily, and never in quiet hours;
urgent notices pass all of this where the person lets them.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Notice(StrEnum):
    """The occasions on which somebody is told."""

    ASSIGNED = "ASSIGNED"
    HANDED_OVER = "HANDED_OVER"
    HELP_ASKED = "HELP_ASKED"
    QUESTION_ANSWERED = "QUESTION_ANSWERED"
    REOPENED = "REOPENED"
    UNDONE = "UNDONE"
    SLA_WARNED = "SLA_WARNED"
    SLA_BREACHED = "SLA_BREACHED"
    ESCALATED = "ESCALATED"
    STUCK = "STUCK"
    WORK_MOVED = "WORK_MOVED"
    ADJUDICATION = "ADJUDICATION"
    EMERGENCY_OPENED = "EMERGENCY_OPENED"
    EMERGENCY_REVIEW = "EMERGENCY_REVIEW"
    DELEGATED = "DELEGATED"
    POLICY_PROPOSED = "POLICY_PROPOSED"
    POLICY_SETTLED = "POLICY_SETTLED"
    ABSENCE = "ABSENCE"
    STOP_PLACED = "STOP_PLACED"
    STOP_LIFT = "STOP_LIFT"
    BUDGET_BURNING = "BUDGET_BURNING"
    ALERT = "ALERT"
    FIGURES = "FIGURES"
    ERASURE_PROPOSED = "ERASURE_PROPOSED"
    ERASURE_SETTLED = "ERASURE_SETTLED"


class Channel(StrEnum):
    """How a notice reaches a person; chat rooms belong to queues, not to persons."""

    IN_APP = "IN_APP"
    EMAIL = "EMAIL"


class Digest(StrEnum):
    """How often mail comes."""

    INSTANT = "INSTANT"
    HOURLY = "HOURLY"
    DAILY = "DAILY"


class Schedule(StrEnum):
    """How often the figures of one's queues come."""

    NEVER = "NEVER"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"


class ChatKind(StrEnum):
    """What a chat webhook understands; Mattermost and Rocket.Chat read Slack's form."""

    SLACK = "SLACK"
    TEAMS = "TEAMS"
    JSON = "JSON"


class DeliveryState(StrEnum):
    """Where a mail or post is. SKIPPED: everything in it was read before it went."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    SKIPPED = "SKIPPED"
    DEAD = "DEAD"


BOTH: Final = frozenset(Channel)
IN_APP_ONLY: Final = frozenset({Channel.IN_APP})
MAIL_ONLY: Final = frozenset({Channel.EMAIL})


@dataclass(frozen=True, slots=True)
class Kind:
    """What stands by a kind of notice: its label, its group, how it comes unasked."""

    label: str
    group: str
    channels: frozenset[Channel] = BOTH
    is_urgent: bool = False


KINDS: Final[Mapping[Notice, Kind]] = {
    Notice.ASSIGNED: Kind("A task is assigned to me", "My work", IN_APP_ONLY),
    Notice.HANDED_OVER: Kind("A colleague hands me a task", "My work"),
    Notice.HELP_ASKED: Kind("A colleague asks for help", "My work"),
    Notice.QUESTION_ANSWERED: Kind("My question is answered", "My work"),
    Notice.REOPENED: Kind("A task I judged is opened again", "My work"),
    Notice.UNDONE: Kind("A verdict beside mine is undone", "My work", IN_APP_ONLY),
    Notice.WORK_MOVED: Kind("My work moves to somebody else", "My work"),
    Notice.ADJUDICATION: Kind("Reviewers disagree; a third decides", "My work"),
    Notice.SLA_WARNED: Kind("A goal comes near", "Time", IN_APP_ONLY),
    Notice.SLA_BREACHED: Kind("A goal is missed", "Time", is_urgent=True),
    Notice.ESCALATED: Kind("A task is escalated", "Time", is_urgent=True),
    Notice.STUCK: Kind("Work is stuck", "Time"),
    Notice.EMERGENCY_OPENED: Kind(
        "Emergency access is opened", "Safeguards", is_urgent=True
    ),
    Notice.EMERGENCY_REVIEW: Kind("Emergency access waits for review", "Safeguards"),
    Notice.DELEGATED: Kind("Authority is delegated to me", "Safeguards"),
    Notice.POLICY_PROPOSED: Kind(
        "A policy or a definition waits for my approval", "Safeguards"
    ),
    Notice.POLICY_SETTLED: Kind(
        "My policy or definition is approved or declined", "Safeguards"
    ),
    Notice.ABSENCE: Kind("Somebody is away, or comes back", "Safeguards", IN_APP_ONLY),
    Notice.STOP_PLACED: Kind(
        "Automatic decisions are stopped, or go on", "Safeguards", is_urgent=True
    ),
    Notice.STOP_LIFT: Kind("A stop waits for my word to be lifted", "Safeguards"),
    Notice.BUDGET_BURNING: Kind(
        "The error budget of an objective burns", "Time", is_urgent=True
    ),
    Notice.ALERT: Kind("A figure is out of its bounds", "Time"),
    Notice.FIGURES: Kind("The figures of my queues", "Figures", MAIL_ONLY),
    Notice.ERASURE_PROPOSED: Kind("An erasure waits for my approval", "Safeguards"),
    Notice.ERASURE_SETTLED: Kind("My erasure is approved or declined", "Safeguards"),
}


_NOTICES: Final = frozenset(word.value for word in Notice)
_CHANNELS: Final = frozenset(word.value for word in Channel)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours without mail, by the person's wall clock; they may pass midnight."""

    start: dt.time
    end: dt.time

    def covers(self, time: dt.time) -> bool:
        """Tell whether a wall time lies inside; the end does not."""
        if self.start < self.end:
            return self.start <= time < self.end
        return time >= self.start or time < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How one person wants to be told; kinds without a word come as KINDS says."""

    channels: Mapping[Notice, frozenset[Channel]] = field(default_factory=dict)
    quiet: Quiet | None = None
    urgent_passes: bool = True
    digest: Digest = Digest.INSTANT
    digest_at: dt.time = dt.time(8)
    zone: dt.tzinfo = dt.UTC

    def wants(self, kind: Notice, channel: Channel) -> bool:
        """Tell whether notices of a kind shall come by this channel."""
        return channel in self.channels.get(kind, KINDS[kind].channels)


def read_channels(
    stored: Mapping[str, Sequence[str]],
) -> dict[Notice, frozenset[Channel]]:
    """Read the channels a person has chosen; kinds of another version are left out."""
    return {
        Notice(kind): frozenset(Channel(word) for word in words if word in _CHANNELS)
        for kind, words in stored.items()
        if kind in _NOTICES
    }


def find_mail_moment(
    kind: Notice, *, wishes: Wishes, now: dt.datetime
) -> dt.datetime | None:
    """Return when a notice is mailed, UTC and never before `now`; None: not at all."""
    if not wishes.wants(kind, Channel.EMAIL):
        return None
    if kind is Notice.FIGURES:
        return leave_quiet(now, wishes=wishes)  # they have a schedule of their own
    if KINDS[kind].is_urgent:
        return now if wishes.urgent_passes else leave_quiet(now, wishes=wishes)
    return leave_quiet(_next_digest(now, wishes=wishes), wishes=wishes)


def leave_quiet(moment: dt.datetime, *, wishes: Wishes) -> dt.datetime:
    """Return the moment, or the end of the quiet hours that it lies in, in UTC."""
    quiet = wishes.quiet
    while quiet and quiet.covers(wall := _wall_time(moment, wishes.zone)):
        date = moment.astimezone(wishes.zone).date()
        if wall >= quiet.end:
            date += dt.timedelta(days=1)
        moment = _first_after(date, quiet.end, zone=wishes.zone, after=moment)
    return moment.astimezone(dt.UTC)


def find_report_moment(
    schedule: Schedule, *, at: dt.time, zone: dt.tzinfo, after: dt.datetime
) -> dt.datetime | None:
    """Return when figures come next after a moment, UTC; weekly ones on Mondays."""
    if schedule is Schedule.NEVER:
        return None
    date = after.astimezone(zone).date()
    if schedule is Schedule.WEEKLY:
        date += dt.timedelta(days=-date.weekday() % 7)
        first = _first_after(date, at, zone=zone, after=after)
        if first.astimezone(zone).weekday():
            first = _first_after(
                date + dt.timedelta(days=7), at, zone=zone, after=after
            )
        return first
    return _first_after(date, at, zone=zone, after=after)


def find_reported(
    schedule: Schedule, *, zone: dt.tzinfo, now: dt.datetime
) -> tuple[dt.datetime, dt.datetime]:
    """Return the day or the week before today by the zone's clock, as two midnights."""
    today = now.astimezone(zone).date()
    end = today
    if schedule is Schedule.WEEKLY:
        end = today - dt.timedelta(days=today.weekday())
    begin = end - dt.timedelta(days=7 if schedule is Schedule.WEEKLY else 1)
    return (
        dt.datetime.combine(begin, dt.time(0), zone),
        dt.datetime.combine(end, dt.time(0), zone),
    )


def _next_digest(now: dt.datetime, *, wishes: Wishes) -> dt.datetime:
    """Return when the next mail is due: now, the next full hour, the hour of the day."""
    match wishes.digest:
        case Digest.INSTANT:
            return now
        case Digest.HOURLY:
            whole = now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
            return whole + dt.timedelta(hours=1)
        case Digest.DAILY:
            date = now.astimezone(wishes.zone).date()
            return _first_after(date, wishes.digest_at, zone=wishes.zone, after=now)


def _first_after(
    date: dt.date, time: dt.time, *, zone: dt.tzinfo, after: dt.datetime
) -> dt.datetime:
    """Return the first moment after `after` with this wall time, from this date on.

    A wall time that the clocks skip is the moment as far after the skip; of one that
    comes twice, the earlier that is still to come (PEP 495).
    """
    for days in (0, 1, 2):
        for fold in (0, 1):
            wall = dt.datetime.combine(date + dt.timedelta(days=days), time)
            found = wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC)
            if found > after:
                return found
    raise ValueError(f"No {time} follows {after}.")  # a day has no 48 hours


def _wall_time(moment: dt.datetime, zone: dt.tzinfo) -> dt.time:
    return moment.astimezone(zone).time()


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that was told to a person and not yet planned."""

    id: int
    person_id: int
    kind: Notice


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that is to go: to whom, when, with which notices."""

    person_id: int
    due_at: dt.datetime
    notice_ids: tuple[int, ...]


def plan_mails(
    told: Collection[Told], *, wishes: Mapping[int, Wishes], now: dt.datetime
) -> list[Mail]:
    """Gather notices into mails: those of a person with one moment go together."""
    gathered: dict[tuple[int, dt.datetime], list[int]] = {}
    for each in told:
        wish = wishes.get(each.person_id, DEFAULT_WISHES)
        due = find_mail_moment(each.kind, wishes=wish, now=now)
        if due is not None:
            gathered.setdefault((each.person_id, due), []).append(each.id)
    return [
        Mail(person_id=person_id, due_at=due, notice_ids=tuple(sorted(ids)))
        for (person_id, due), ids in sorted(gathered.items())
    ]


DEFAULT_WISHES: Final = Wishes()


def list_groups() -> Sequence[tuple[str, tuple[Notice, ...]]]:
    """Return the kinds under their groups, as the page of preferences shows them."""
    groups: dict[str, list[Notice]] = {}
    for notice, kind in KINDS.items():
        groups.setdefault(kind.group, []).append(notice)
    return [(label, tuple(kinds)) for label, kinds in groups.items()]
