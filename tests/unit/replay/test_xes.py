"""Reading XES as a stream: complete, bounded, and refusing with a line."""

import datetime as dt

import pytest

from review.core.evidence.xes import MAX_EVENTS, XesError, read_traces
from tests.unit.replay.logs import ADMINISTRATION, START, SUBMITTED, event, log

LOG = log([SUBMITTED, ADMINISTRATION], [SUBMITTED])


def test_traces_and_events_are_read() -> None:
    first, second = read_traces([LOG])
    assert (first.name, second.name) == ("declaration 0", "declaration 1")
    assert [one.activity for one in first.events] == [SUBMITTED, ADMINISTRATION]
    assert first.events[1].at == START + dt.timedelta(hours=1)
    assert first.events[1].role == "ADMINISTRATION"
    assert first.events[0].attributes["(case)_Amount"] == "26.851204"


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_chunks_of_any_size_give_the_same(size: int) -> None:
    chunks = (LOG[start : start + size] for start in range(0, len(LOG), size))
    assert list(read_traces(chunks)) == list(read_traces([LOG]))


def test_traces_come_while_the_rest_is_still_unread() -> None:
    def chunks() -> object:
        yield LOG[: LOG.index(b"</trace>") + 8]
        pytest.fail("the first trace was complete")

    assert next(read_traces(chunks())).name == "declaration 0"  # type: ignore[arg-type]


def test_nested_and_foreign_elements_are_passed_over() -> None:
    data = (
        '<xes:log xmlns:xes="x"><xes:trace><xes:string key="concept:name" value="c">'
        '<xes:string key="concept:name" value="inner"/></xes:string>'
        '<xes:list key="l"><xes:values><xes:string key="concept:name" value="no"/>'
        "</xes:values></xes:list>"
        f"{event('a', 0)}</xes:trace></xes:log>"
    )
    (found,) = read_traces([data.encode()])
    assert (found.name, len(found.events)) == ("c", 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no element found"),
        (b"<html/>", "the root is <html>"),
        (LOG[:-10], "not well formed"),
        (b'<!DOCTYPE log [<!ENTITY a "b">]><log/>', "DOCTYPE"),
        (
            LOG.replace(b"time:timestamp", b"time:other", 1),
            "Line 3: an event has no time",
        ),
        (LOG.replace(b"+00:00", b"", 1), "with an offset"),
        (b"<log><trace><event/></trace></log>", "no concept:name"),
        (b"<log>" + b"<list>" * 60, "deeper than"),
    ],
)
def test_what_is_no_log_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(XesError) as caught:
        list(read_traces([data]))
    assert words in str(caught.value)


def test_trace_without_end_is_refused() -> None:
    events = event("a", 0) * (MAX_EVENTS + 1)
    with pytest.raises(XesError, match="more than 10000 events"):
        list(read_traces([f"<log><trace>{events}</trace></log>".encode()]))
