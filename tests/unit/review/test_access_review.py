"""Who had which right on a day is played back from entries."""

import datetime as dt
from typing import Any

from review.core.access_review import Access, Event, replay_access

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def _log(*lines: tuple[str, dict[str, Any]]) -> list[Event]:
    """Make entries, a day apart."""
    return [
        Event(
            seq=number,
            kind=kind,
            actor="person:9",
            at=NOON + number * DAY,
            detail=detail,
        )
        for number, (kind, detail) in enumerate(lines)
    ]


def _at(log: list[Event], day: int) -> Access:
    return replay_access(log, at=NOON + day * DAY + dt.timedelta(hours=1))


def _told(access: Access) -> list[str]:
    return [
        " ".join([str(one.person_id), one.kind, one.what, one.queue, one.limit]).strip()
        for one in access.rights
    ]


ANN = ("person.created", {"person": 1, "name": "Ann", "username": "ann"})


def test_roles_and_limits_come_and_go() -> None:
    role = {"person": 1, "name": "Ann", "role": "REVIEWER", "queue": "credit"}
    log = _log(
        ANN,
        ("role.granted", role),
        ("authority.granted", {"person": 1, "queue": None, "amount": 1000}),
        ("authority.granted", {"person": 1, "queue": None, "amount": 5000}),
        ("role.revoked", role),
        ("authority.revoked", {"person": 1, "queue": None}),
        ("account.created", {"person": 1, "username": "ann2"}),
        ("person.disabled", {"person": 1, "name": "Ann"}),
    )
    assert _told(_at(log, 0)) == []
    assert _told(_at(log, 2)) == [
        "1 limit approves up to  1000",
        "1 role REVIEWER credit",
    ]
    assert _told(_at(log, 4)) == ["1 limit approves up to  5000"]
    assert _told(_at(log, 5)) == []
    assert _at(log, 5).people[1].accounts == ["ann"]
    last = _at(log, 7).people[1]
    assert last.accounts == ["ann", "ann2"]
    assert last.disabled_at == NOON + 7 * DAY
    assert _at(log, 2).rights[1].seq == 1


def test_what_ends_by_itself_ends() -> None:
    until = (NOON + 3 * DAY).isoformat()
    log = _log(
        ANN,
        (
            "role.granted",
            {
                "person": 1,
                "role": "AUDITOR",
                "queue": None,
                "scope": {"queues": ["credit", "loans"]},
                "ends_at": until,
            },
        ),
        (
            "delegation.given",
            {"delegation": 4, "giver": 2, "taker": 1, "queue": None, "amount": None,
             "starts_at": NOON.isoformat(), "ends_at": until},
        ),
    )  # fmt: skip
    assert _told(_at(log, 2)) == [
        "1 role AUDITOR  queues credit, loans",
        "1 stand-in for person 2",
    ]
    assert _told(_at(log, 3)) == []


def test_a_delegation_is_taken_back_and_an_emergency_given_back() -> None:
    lent = {"delegation": 4, "giver": 2, "taker": 1, "queue": "credit", "amount": 10,
            "starts_at": NOON.isoformat(), "ends_at": (NOON + 90 * DAY).isoformat()}  # fmt: skip
    glass = {"emergency": 7, "person": 1, "queue": "credit"}
    log = _log(
        ANN,
        ("delegation.given", lent),
        ("emergency.opened", glass | {"expires_at": (NOON + 9 * DAY).isoformat()}),
        ("delegation.revoked", lent),
        ("emergency.ended", glass | {"expires_at": (NOON + 4 * DAY).isoformat()}),
    )
    assert _told(_at(log, 2)) == [
        "1 emergency REVIEWER credit",
        "1 stand-in for person 2 credit 10",
    ]
    assert _told(_at(log, 3)) == ["1 emergency REVIEWER credit"]
    assert _told(_at(log, 4)) == []
