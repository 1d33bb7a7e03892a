"""Small event logs in XES, written by us, in the words of travel declarations."""

import datetime as dt
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from review.core.evidence.xes import Trace, read_traces

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
SUBMITTED = "Declaration SUBMITTED by EMPLOYEE"
SAVED = "Declaration SAVED by EMPLOYEE"
ADMINISTRATION = "Declaration APPROVED by ADMINISTRATION"
NOT_ADMINISTRATION = "Declaration REJECTED by ADMINISTRATION"
BUDGET_OWNER = "Declaration APPROVED by BUDGET OWNER"
PRE_APPROVER = "Declaration APPROVED by PRE_APPROVER"
FINAL = "Declaration FINAL_APPROVED by SUPERVISOR"
TAKEN_BACK = "Declaration REJECTED by EMPLOYEE"
RETURNED = "Declaration REJECTED by MISSING"
REQUEST, HANDLED = "Request Payment", "Payment Handled"
PAID = (FINAL, REQUEST, HANDLED)


def event(activity: str, number: int) -> str:
    """Return an event, one hour later for each number."""
    role = activity.rpartition(" by ")[2] if " by " in activity else "UNDEFINED"
    at = (START + dt.timedelta(hours=number)).isoformat()
    return (
        f'<event><string key="concept:name" value={quoteattr(activity)}/>'
        f'<string key="org:role" value="{role}"/>'
        f'<date key="time:timestamp" value="{at}"/>'
        '<string key="(case)_Amount" value="26.851204"/>'
        '<string key="(case)_DeclarationNumber" value="declaration number 7"/></event>'
    )


def log(*cases: Sequence[str]) -> bytes:
    """Return a log with one trace for each sequence of activities."""
    traces = "".join(
        f'<trace><string key="concept:name" value="declaration {number}"/>'
        + "".join(event(activity, index) for index, activity in enumerate(case))
        + "</trace>\n"
        for number, case in enumerate(cases)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'
        f'<global scope="event"><string key="concept:name" value="x"/></global>{traces}'
        "</log>"
    ).encode()


def trace(*activities: str) -> Trace:
    """Return one trace."""
    (found,) = read_traces([log(activities)])
    return found
