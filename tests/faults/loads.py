"""Loads for the long runs, each in a process of its own: `loads WHAT COUNT [SECONDS]`."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from tests.factories.processes import TESTER, chain, deploy, process  # noqa: E402
from tests.faults import drive  # noqa: E402
from workflows.models import Instance  # noqa: E402
from workflows.operations import instances, tokens  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.store import database_now  # noqa: E402

AT_ONCE = 100
URL = "/api/v1/instances"
POISON = process(
    '<startEvent id="s"/><serviceTask id="bad" cs:handler="fault.poison"/>'
    '<endEvent id="e"/>' + chain("s", "bad", "e")
)
ALARM = process(
    '<startEvent id="s"/><intermediateCatchEvent id="alarm"><timerEventDefinition>'
    "<timeDate>= date and time(moment)</timeDate></timerEventDefinition>"
    '</intermediateCatchEvent><endEvent id="e"/>' + chain("s", "alarm", "e")
)
CYCLE = process(
    '<startEvent id="s"><timerEventDefinition><timeCycle>R5/PT3S</timeCycle>'
    '</timerEventDefinition></startEvent><endEvent id="e"/>' + chain("s", "e")
)
SHORT = process('<startEvent id="s"/><endEvent id="e"/>' + chain("s", "e"))


def work(count: int, _seconds: float) -> None:
    """Start cases with a call, two bookings and a timer."""
    drive.main(count)


def poison(count: int, _seconds: float) -> None:
    """Start cases whose handler kills the process that runs it, at every attempt."""
    _start(deploy(POISON, key="poison"), [{}] * count)


def timers(count: int, seconds: float) -> None:
    """Start cases that wait for moments within one second, so far from now."""
    first = database_now() + dt.timedelta(seconds=seconds)
    moments = [first + dt.timedelta(milliseconds=n % 1000) for n in range(count)]
    _start(
        deploy(ALARM, key="alarm"),
        [{"moment": moment.isoformat()} for moment in moments],
    )


def cycles(count: int, _seconds: float) -> None:
    """Deploy so many definitions that begin an instance five times, 3 s apart."""
    for number in range(count):
        deploy(CYCLE, key=f"cycle-{number}")


def repeats(count: int, _seconds: float) -> None:
    """Post each of so many requests many times at once; print what came of it."""
    deploy(SHORT, key="short")
    secret = tokens.create_token(name="chaos", actor=TESTER).secret
    answers: set[tuple[int, bytes]] = set()
    differing = refused = 0
    for number in range(count):
        body = {"definition": "short", "business_key": f"case-{number}"}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            key = f"chaos-{number}"
            found = set(pool.map(_post, [(secret, key, body)] * AT_ONCE))
        answers |= found
        differing += len(found) != 1
        status, _ = _post((secret, key, {**body, "business_key": "another"}))
        refused += status == 422
    effects = Instance.objects.filter(business_key__startswith="case-").count()
    sys.stdout.write(
        json.dumps({
            "keys": count,
            "requests_each": AT_ONCE,
            "effects": effects,
            "keys_with_different_answers": differing,
            "statuses": sorted({status for status, _ in answers}),
            "other_bodies_refused": refused,
        })
    )


def _post(request: tuple[str, str, dict[str, Any]]) -> tuple[int, bytes]:
    """Post until the first request with this key is no longer under way."""
    secret, key, body = request
    client = Client(
        headers={"Authorization": f"Bearer {secret}"}, SERVER_NAME="127.0.0.1"
    )
    try:
        while True:
            response = client.post(
                URL,
                data=json.dumps(body),
                content_type="application/json",
                headers={"Idempotency-Key": key},
            )
            if response.status_code != 409:
                return response.status_code, response.content
            time.sleep(0.02)
    finally:
        connection.close()


def _start(definition_id: int, variables: Sequence[dict[str, Any]]) -> None:
    for first in range(0, len(variables), 200):
        starts = [
            Start(variables=values, initiator=TESTER, business_key="")
            for values in variables[first : first + 200]
        ]
        instances.start_many(definition_id=definition_id, starts=starts)


LOADS = {
    "work": work,
    "poison": poison,
    "timers": timers,
    "cycles": cycles,
    "repeats": repeats,
}

if __name__ == "__main__":
    LOADS[sys.argv[1]](int(sys.argv[2]), float([*sys.argv, "0"][3]))
