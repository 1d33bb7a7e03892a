"""Clocks and ladders as policies: their rows, their laws, and what a replay counts."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.core.clocks.clocks import Event, place_clock
from review.core.policies.clock_policy import (
    Asked,
    ClockPolicyRules,
    choose_row,
    list_names,
    list_remarks,
    read_levels,
)
from review.core.policies.clock_previewing import (
    ALL,
    Case,
    Life,
    Plan,
    World,
    elapse,
    preview_clocks,
    preview_ladder,
)
from review.core.policies.ladder_policy import (
    LadderPolicyRules,
    read_words,
    write_words,
)
from review.core.states import ClockEventKind
from review.views.clocks.clock_preview import describe_clocks, describe_ladder
from workflows.core.calendars import AROUND_THE_CLOCK, read_calendar
from workflows.core.ladders import read_ladder

HOUR = dt.timedelta(hours=1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
OFFICE = read_calendar(
    zone="Europe/Berlin", hours={str(day): [["09:00", "17:00"]] for day in range(5)}
)
LAWS = settings(max_examples=60, deadline=None)
CLOCKS, LADDER = ClockPolicyRules(), LadderPolicyRules()

goals = st.integers(1, 400).map(lambda minutes: f"PT{minutes}M")
warnings = st.sampled_from(["", "50%", "0.9", "PT30M", "PT9H"])
moments = st.one_of(
    st.integers(1, 300).map(lambda share: f"{share}%"),
    st.integers(1, 300).map(lambda minutes: f"PT{minutes}M"),
    st.integers(1, 300).map(lambda minutes: f"+PT{minutes}M"),
)
acts = st.lists(
    st.sampled_from([
        "notify owner",
        "raise",
        "widen region",
        "reassign",
        "escalate b",
    ]),
    min_size=1,
    unique=True,
)
ladders = st.lists(
    st.fixed_dictionaries({"at": moments, "acts": acts}),
    min_size=1,
    max_size=5,
    unique_by=lambda rung: rung["at"],
)


def asked(**change: Any) -> Asked:
    given = {"task_class": "B", "process": "loans", "step": "judge", "has_goal": False}
    return Asked(**{**given, "variables": {}, **change})


def row_of(body: Any, **change: Any) -> int | None:
    assert CLOCKS.check(body) == []
    found = choose_row(read_levels(CLOCKS.normalize(body)), asked(**change)).row
    return found.number if found else None


def test_first_row_whose_conditions_hold_counts() -> None:
    body = {
        "inputs": [{"expression": "customer.country"}],
        "rows": [
            {"class": "A", "goal": "PT1H", "where": "over the step"},
            {
                "process": "loans, cards",
                "step": "judge",
                "tests": ['"NL"'],
                "goal": "PT2H",
            },
            {"process": '"loans"', "goal": "PT3H"},
        ],
    }
    dutch = {"customer": {"country": "NL"}}
    assert row_of(body, task_class="A", has_goal=True) == 1
    assert row_of(body, variables=dutch) == 2
    assert row_of(body, variables=dutch, step="other") == 3
    assert row_of(body, process="cards") is None
    # A row that asks for a silent step leaves one that speaks alone.
    assert row_of(body, variables=dutch, has_goal=True) is None
    assert list_names(read_levels(CLOCKS.normalize(body))) == {"customer"}


def test_value_of_another_kind_does_not_hold_and_is_told() -> None:
    body = {
        "inputs": [{"expression": "impact"}],
        "rows": [{"tests": ["> 100"], "goal": "PT1H"}, {"goal": "PT2H"}],
    }
    levels = read_levels(CLOCKS.normalize(body))
    odd = choose_row(levels, asked(variables={"impact": "much"}))
    assert (odd.row and odd.row.number, len(odd.problems)) == (2, 1)
    none = choose_row(levels, asked(variables={"impact": None}))
    assert (none.row and none.row.number, none.problems) == (2, ())


@pytest.mark.parametrize(
    ("row", "place", "sentence"),
    [
        ({"goal": "soon"}, "goal", "is no duration"),
        ({"goal": "PT0S"}, "goal", "above no time"),
        ({"goal": "P400D"}, "goal", "at most a year"),
        ({"class": "A, D"}, "class", "none of the classes"),
        ({"step": "judge"}, "process", "name the process too"),
        ({"process": "a b"}, "process", "no key of a process"),
        ({"warn": "often"}, "warn", "no moment of a warning"),
        ({"where": "never"}, "where", "'step silent' or 'over the step'"),
        ({"calendar": "/"}, "calendar", "no key of a calendar"),
        ({"tests": [">"]}, 0, "input 1"),
    ],
)
def test_fault_of_a_row_names_its_cell(
    row: dict[str, Any], place: object, sentence: str
) -> None:
    body = {"inputs": [{"expression": "a"}], "rows": [{"goal": "PT1H", **row}]}
    (fault,) = CLOCKS.check(body)
    assert fault.place == ("rows", 0, place)
    assert sentence in fault.message


def test_row_below_one_that_takes_all_is_remarked() -> None:
    body = {
        "rows": [{"goal": "PT1H"}, {"class": "A", "goal": "PT2H"}, {"goal": "PT3H"}]
    }
    body["rows"][1]["where"] = "over the step"
    (said,) = list_remarks(read_levels(CLOCKS.normalize(body)))
    assert said.startswith("Row 3 can never count: row 1 takes all")
    assert CLOCKS.takes_two(CLOCKS.normalize(body)) != ""


@LAWS
@given(goal=goals, warn=warnings, rungs=ladders)
def test_policy_that_says_the_steps_words_gives_the_steps_clock(
    goal: str, warn: str, rungs: list[dict[str, Any]]
) -> None:
    row = {"goal": goal, "where": "over the step", **({"warn": warn} if warn else {})}
    levels = read_levels(CLOCKS.normalize({"rows": [row]}))
    found = choose_row(levels, asked(has_goal=True)).row
    assert found is not None
    body = LADDER.normalize({"rungs": rungs})
    own = "; ".join(f"{rung['at']}:{' ,'.join(rung['acts'])}" for rung in rungs)
    assert read_ladder(write_words(body)) != ()
    for calendar in (AROUND_THE_CLOCK, OFFICE):
        by_policy = place_clock(
            sla=found.goal, warn=found.warn, calendar=calendar, ladder=write_words(body)
        )
        by_step = place_clock(sla=goal, warn=warn, calendar=calendar, ladder=own)
        assert by_policy.goal == by_step.goal
        assert by_policy.steps == by_step.steps


@LAWS
@given(
    shorter=st.integers(1, 400),
    more=st.integers(0, 400),
    warn=warnings,
    rungs=ladders,
    life=st.lists(st.integers(0, 3000), min_size=1, max_size=5),
)
def test_tightening_a_goal_never_makes_anything_due_later(
    *,
    shorter: int,
    more: int,
    warn: str,
    rungs: list[dict[str, Any]],
    life: list[int],
) -> None:
    words = write_words({"rungs": rungs})
    tight, loose = (
        place_clock(sla=f"PT{minutes}M", warn=warn, calendar=OFFICE, ladder=words)
        for minutes in (shorter, shorter + more)
    )
    due = {(step.words, step.act): step.elapsed for step in loose.steps}
    for step in tight.steps:
        # Without a word of its own the warning is the first rung's, whichever that is.
        if step.act.word != "warn" or warn:
            assert step.elapsed <= due[step.words, step.act]
    lives = [lived(minutes) for minutes in life]
    tallies = [
        preview_clocks(
            [Case(one, plan, plan) for one in lives], weeks=2, total=len(lives)
        ).after[ALL]
        for plan in (Plan(tight, OFFICE), Plan(loose, OFFICE))
    ]
    assert tallies[0].breached >= tallies[1].breached


@LAWS
@given(rungs=ladders)
def test_ladder_reads_the_same_as_rows_and_as_words(
    rungs: list[dict[str, Any]],
) -> None:
    body = LADDER.normalize({"rungs": rungs})
    assert LADDER.normalize({"words": write_words(body)}) == body == read_words(
        f"  {write_words(body)} ;"
    )  # fmt: skip
    assert LADDER.check({"words": write_words(body)}) == []


@pytest.mark.parametrize(
    ("rungs", "place", "sentence"),
    [
        ([{"at": "soon", "acts": ["notify"]}], ("rows", 0, "at"), "no moment"),
        ([{"at": "50%", "acts": ["reject"]}], ("rows", 0, "act1"), "time is over"),
        ([{"at": "50%", "acts": []}], ("rows", 0, "act1"), "does nothing"),
        ([{"at": "50%", "acts": ["notify; 60%"]}], ("rows", 0), "a text of its own"),
        ([{"at": "50%", "acts": ["raise"]}] * 2, (), "at one moment"),
        ([], (), "at least one rung"),
    ],
)
def test_fault_of_a_rung_names_its_place(
    rungs: list[Any], place: tuple[object, ...], sentence: str
) -> None:
    (fault,) = LADDER.check({"rungs": rungs})
    assert fault.place == place
    assert sentence in fault.message


# --- replays --------------------------------------------------------------------------


def lived(minutes: int, *, pause: int = 0, **more: Any) -> Life:
    """Return a clock that began at noon and ran so many minutes, after a pause."""
    events = [Event(ClockEventKind.START, NOON)]
    if pause:
        events.append(Event(ClockEventKind.PAUSE, NOON, "information"))
        resumed = NOON + dt.timedelta(minutes=pause)
        events.append(Event(ClockEventKind.RESUME, resumed))
    until = NOON + dt.timedelta(minutes=minutes + pause)
    events.append(Event(ClockEventKind.STOP, until, "decided"))
    life = Life(task_class="B", events=tuple(events), until=until, is_over=True)
    return life._replace(**more)


def plan(goal: str, ladder: str = "", warn: str = "", row: int = 0) -> Plan:
    placed = place_clock(sla=goal, warn=warn, calendar=AROUND_THE_CLOCK, ladder=ladder)
    return Plan(placed, AROUND_THE_CLOCK, row)


def test_pauses_and_restarts_of_the_past_are_read_as_they_were() -> None:
    assert elapse(lived(60, pause=500), AROUND_THE_CLOCK) == [
        HOUR - dt.timedelta(microseconds=1)
    ]
    again = Event(ClockEventKind.RESET, NOON + 3 * HOUR, "a new file")
    restarted = lived(300)
    start, stop = restarted.events
    both = restarted._replace(events=(start, again, stop))
    tick = dt.timedelta(microseconds=1)
    assert elapse(both, AROUND_THE_CLOCK) == [3 * HOUR - tick, 2 * HOUR - tick]
    # What was decided at the very moment it was due was in time.
    found = preview_clocks(
        [Case(lived(60), plan("PT2H"), plan("PT1H"))], weeks=2, total=1
    )
    assert (found.after[ALL].warned, found.after[ALL].breached) == (1, 0)


def test_replay_of_goals_counts_by_class_with_intervals() -> None:
    cases = [
        Case(
            lived(n, task_class="A" if n % 2 else "B"),
            plan("PT2H"),
            plan("PT1H", row=1),
        )
        for n in range(10, 130)
    ]
    cases.append(Case(lived(90), None, plan("PT1H", row=1)))
    found = preview_clocks(cases, weeks=4, total=242, problems=["odd"])
    all_, of_a = found.after[ALL], found.after["A"]
    assert (found.before[ALL].timed, found.before[ALL].breached) == (120, 9)
    assert (all_.timed, all_.breached, of_a.timed) == (121, 70, 60)
    assert (found.newly_late, found.no_longer_late) == (61, 0)
    assert (found.rows, found.scale) == (Counter({1: 121}), 2.0)
    levels = read_levels({"rows": [{"goal": "PT1H"}, {"goal": "PT3H"}]})
    told = describe_clocks(found, levels=levels)
    assert told["said"].startswith(
        "140 of 242 clocks would have been late: 57.9 % (48.9 to 66.3 %). Under what is"
        " in force it is 18 of 240: 7.5 % ("
    )
    assert [row["is_unused"] for row in told["rows"]] == [False, True]
    assert told["problems"] == ["In 2 cases: odd"]
    assert any("121 of 242 tasks were replayed (50 %" in said for said in told["notes"])
    same = preview_clocks(
        [Case(lived(9), plan("PT2H"), plan("PT2H"))], weeks=2, total=1
    )
    assert "This changes no clock" in describe_clocks(same, levels=levels)["said"]


def test_replay_of_a_ladder_counts_what_is_done_and_names_what_never_could_be() -> None:
    world = World(
        queue="desk", managers=("Mona",), reviewers=1, queues=frozenset({"desk", "b"})
    )
    words = (
        "50%: notify owner, raise A; 60%: raise, widen; 100%: escalate, reassign;"
        " 110%: escalate b, reject; 120%: notify"
    )
    life = lived(300, skill="law", level=2)
    found = preview_ladder(
        [Case(life, plan("PT2H"), plan("PT2H", words))] * 14
        + [Case(lived(30), plan("PT2H"), plan("PT2H", words)), Case(life, None, None)],
        proposed=f"{words}; +P9D: notify managers, escalate moon",
        weeks=2,
        total=16,
        world=world,
    )
    assert found.before.done == {"Notices": 14}
    assert found.before.undone == {
        "100%: escalate: the queue desk escalates to no other.": 14
    }
    assert found.after.done == {
        "Notices": 14, "Raised a class": 14, "Widened": 14, "Escalated": 14,
        "Rejected by the clock": 14,
    }  # fmt: skip
    assert set(found.after.undone) == {
        "50%: notify owner: the queue has no owner.",
        "100%: escalate: the queue desk escalates to no other.",
        "100%: reassign: nobody else reviews the queue.",
        "+P9D: escalate moon: there is no queue moon.",
    }
    assert (found.after.idle, found.untimed) == (14, 1)
    told = describe_ladder(found)
    assert "raised a class +1.0" in told["said"]
    assert "rejected by the clock +1.0" in told["said"]
    assert told["undone"][0].endswith("It could not be done 1.0 times a day.")
    assert told["undone"][-1].endswith("It came up in none of these weeks.")
    assert told["told"][0]["name"] == "who has it, else owner and managers"
