"""What a replay of clocks and ladders says in words. No queries."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from review.core.policies.clock_policy import ServiceLevels
from review.core.policies.clock_previewing import (
    ALL,
    KINDS_OF_ACTS,
    WHO_HAS_IT,
    ClockPreview,
    LadderPreview,
    Tally,
    World,
)
from review.core.policies.previewing import ENOUGH, Interval
from review.views.policies.policy_preview import format_percent, tell_sample

MOST_SAID: Final = 3
_MINUS: Final = "\N{MINUS SIGN}"


def describe_clocks(found: ClockPreview, *, levels: ServiceLevels) -> dict[str, Any]:
    """Return the replay of goals as its template shows it."""

    def scaled(count: int) -> str:
        return f"{round(count * found.scale):,}"

    return {
        "weeks": found.weeks,
        "total": f"{found.total:,}",
        "is_empty": not found.seen,
        "said": _say_late(found, scaled),
        "notes": _note_clocks(found, scaled),
        "classes": [
            {
                "name": "All" if name == ALL else name,
                "is_all": name == ALL,
                "before": _tally(found.before[name], scaled),
                "after": _tally(found.after[name], scaled),
            }
            for name in found.classes
        ],
        "rows": [
            {
                "number": row.number,
                "goal": row.goal,
                "count": scaled(found.rows[row.number]),
                "is_unused": not found.rows[row.number],
            }
            for row in levels.rows
        ],
        "problems": [
            f"In {scaled(count)} cases: {said}"
            for said, count in found.problems.most_common(MOST_SAID)
        ],
    }


def describe_ladder(found: LadderPreview) -> dict[str, Any]:
    """Return the replay of a ladder as its template shows it."""
    before, after = found.before, found.after
    kinds = dict.fromkeys(KINDS_OF_ACTS.values())
    return {
        "weeks": found.weeks,
        "total": f"{found.total:,}",
        "is_empty": found.seen == found.untimed,
        "said": _say_acts(found),
        "undone": [
            f"{said} {_say_undone(found, count)}"
            for said, count in after.undone.most_common()
        ],
        "notes": _note_ladder(found),
        "acts": [
            _line(found, kind, before.done[kind], after.done[kind]) for kind in kinds
        ],
        "told": [
            _line(found, name_told(who, found.world), before.told[who], after.told[who])
            for who in (WHO_HAS_IT, "holder", "owner", "managers")
            if before.told[who] or after.told[who]
        ],
    }


def name_told(who: str, world: World) -> str:
    """Return whom a word of `notify` means today, by name."""
    if who == "owner":
        return f"the owner, {world.owner}" if world.owner else "the owner"
    if who == "managers":
        names = _join(world.managers)
        return f"the managers, {names}" if names else "the managers"
    return "who has it at that moment" if who == "holder" else who


def _say_late(found: ClockPreview, scaled: Callable[[int], str]) -> str:
    if not found.seen:
        return ""
    if not found.changed:
        return "This changes no clock; each would have run as it does now."
    after, before = found.after[ALL], found.before[ALL]
    return (
        f"{scaled(after.breached)} of {scaled(after.timed)} clocks would have been"
        f" late: {_rate(after.late)}. Under what is in force it is"
        f" {scaled(before.breached)} of {scaled(before.timed)}: {_rate(before.late)}."
        f" {scaled(after.warned)} would have been warned, not {scaled(before.warned)}."
    )


def _rate(late: Interval | None) -> str:
    if late is None:
        return "none ran"
    if late.n < ENOUGH:
        return f"too few to say: {late.n} of {ENOUGH}"
    return format_percent(late)


def _note_clocks(found: ClockPreview, scaled: Callable[[int], str]) -> list[str]:
    before, after = found.before.get(ALL, Tally()), found.after.get(ALL, Tally())
    notes = []
    if found.newly_late or found.no_longer_late:
        notes.append(
            f"{scaled(found.newly_late)} that were in time would have been late,"
            f" {scaled(found.no_longer_late)} that were late in time."
        )
    gained = after.timed - before.timed
    if gained:
        word = (
            "more would have run a clock" if gained > 0 else "fewer would have run one"
        )
        notes.append(
            f"{scaled(abs(gained))} {word}; where none ran, waiting for information is"
            " counted as if it had."
        )
    if found.open:
        notes.append(f"{scaled(found.open)} are still open, and counted up to now.")
    if found.by_clock:
        notes.append(
            f"{scaled(found.by_clock)} were ended by their clock: when people would have"
            " decided is not known."
        )
    return [*notes, *filter(None, [tell_sample(found.seen, found.total)])]


def _note_ladder(found: LadderPreview) -> list[str]:
    notes = []
    if found.untimed:
        said = round(found.untimed * found.scale)
        notes.append(f"{said:,} tasks run no clock, so no ladder either.")
    if found.aside:
        notes.append(
            f"{found.aside:,} tasks left out: their steps have a ladder of their own."
        )
    if found.before.told[WHO_HAS_IT] or found.after.told[WHO_HAS_IT]:
        notes.append(f"{_name_bearers(found.world)}.")
    if found.after.idle:
        notes.append(
            f"{_often(found, found.after.idle).capitalize()} an act would have found"
            " nothing to do, such as a case of class A to raise."
        )
    return [*notes, *filter(None, [tell_sample(found.seen, found.total)])]


def _tally(one: Tally, scaled: Callable[[int], str]) -> dict[str, str]:
    return {
        "timed": scaled(one.timed),
        "warned": scaled(one.warned),
        "late": scaled(one.breached),
        "rate": _rate(one.late) if one.timed else "",
    }


def _say_acts(found: LadderPreview) -> str:
    if found.seen == found.untimed:
        return ""
    if found.before == found.after:
        return "This changes nothing; the same would have been done at the same rate."
    parts = []
    for kind in dict.fromkeys(KINDS_OF_ACTS.values()):
        more = found.after.done[kind] - found.before.done[kind]
        if more:
            sign = "+" if more > 0 else _MINUS
            parts.append(f"{kind.lower()} {sign}{_rate_of(found.per_day(abs(more)))}")
    return f"A day: {', '.join(parts)}." if parts else "A day: as much as now."


def _line(found: LadderPreview, name: str, before: int, after: int) -> dict[str, Any]:
    now, then = found.per_day(before), found.per_day(after)
    return {
        "name": name,
        "before": _rate_of(now),
        "after": _rate_of(then),
        "change": f"{'+' if then > now else _MINUS}{_rate_of(abs(then - now))}"
        if before != after
        else "",
        "is_nothing": not before and not after,
    }


def _name_bearers(world: World) -> str:
    owner = f"The queue's owner is {world.owner}" if world.owner else "It has no owner"
    managers = _join(world.managers)
    return f"{owner}, {f'its managers are {managers}' if managers else 'no managers'}"


def _say_undone(found: LadderPreview, count: int) -> str:
    if not count:
        return "It came up in none of these weeks."
    return f"It could not be done {_often(found, count)}."


def _often(found: LadderPreview, count: int) -> str:
    day = found.per_day(count)
    if day >= 1:
        return f"{day:,.1f} times a day"
    times = round(count * found.scale)
    return f"{times:,} {'time' if times == 1 else 'times'} in {found.weeks} weeks"


def _rate_of(day: float) -> str:
    """Return how often a day something is; seldom is not never."""
    if not day:
        return "0"
    if day < 0.005:
        return "less than 0.01"
    return f"{day:,.2f}" if day < 1 else f"{day:,.1f}"


def _join(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(
        filter(None, [", ".join(names[:-1]), names[-1] if names else ""])
    )
