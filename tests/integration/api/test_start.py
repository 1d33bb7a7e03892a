"""Starting instances over HTTP: what is accepted, and what each refusal says."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.integration.api.conftest import Post
from workflows import holding
from workflows.core.engine.state import Hold
from workflows.models import AuditEntry, Instance, Stimulus
from workflows.operations.errors import Busy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("definition")]

GOOD = {"definition": "payments", "variables": {"amount": 12}}


def problem(response: HttpResponse) -> dict[str, Any]:
    """Return the problem details of a refusal, which all have the same shape."""
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(response.content)
    assert body["status"] == response.status_code
    assert body.keys() >= {"type", "title", "code", "detail"}
    return body


def test_instance_is_started(post: Post) -> None:
    response = post({**GOOD, "business_key": "PO-1"})
    assert response.status_code == 201
    body = json.loads(response.content)
    instance = Instance.objects.get(pk=body["id"])
    assert response["Location"] == body["url"] == f"/api/v1/instances/{instance.id}"
    assert body["definition"] == "payments 1.0.0"
    assert instance.business_key == "PO-1"
    assert instance.initiator.startswith("token:")
    assert Stimulus.objects.filter(instance_id=instance.id).count() == 1
    entry = AuditEntry.objects.get(chain=instance.id, seq=1)
    assert (entry.kind, entry.actor) == ("instance.started", instance.initiator)


def test_numbers_arrive_with_all_their_digits(post: Post, api: Client) -> None:
    text = (
        '{"definition": "payments",'
        ' "variables": {"amount": 0.1000000000000000055511151231257827}}'
    )
    response = post(text)
    assert response.status_code == 201, response.content
    url = json.loads(response.content)["url"]
    shown = api.get(url)
    variables = json.loads(shown.content, parse_float=Decimal)["variables"]
    assert variables["amount"] == Decimal("0.1000000000000000055511151231257827")


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        ({}, "/definition", "required"),
        ({**GOOD, "defintion": 1}, "/defintion", "not known"),
        ({**GOOD, "variables": []}, "/variables", "dictionary"),
        ({**GOOD, "variables": {}}, "/variables", "'amount' is a required property"),
        ({**GOOD, "variables": {"amount": -1}}, "/variables/amount", "minimum"),
        ({**GOOD, "variables": {"amount": "1"}}, "/variables/amount", "type"),
        ({**GOOD, "variables": {"amount": True}}, "/variables/amount", "type"),
        (
            {**GOOD, "variables": {"amount": 1, "lines": ["a", 5]}},
            "/variables/lines/1",
            "type",
        ),
        ({**GOOD, "variables": {"amount": 1, "x": 1}}, "/variables", "'x'"),
        ({**GOOD, "business_key": "k" * 201}, "/business_key", "200"),
        ({**GOOD, "version": None}, "/version", "null"),
        ([], "", "dictionary"),
    ],
)
def test_body_that_does_not_fit_is_refused_with_its_place(
    post: Post, body: Any, path: str, words: str
) -> None:
    response = post(body)
    assert response.status_code == 422
    errors = problem(response)["errors"]
    assert any(one["path"] == path and words in one["message"] for one in errors), (
        errors
    )
    assert not Instance.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"definition": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"a":' * 100_000,
    ],
)
def test_body_that_is_no_json_is_refused(post: Post, body: bytes) -> None:
    response = post(body)
    assert response.status_code == 400
    assert "no JSON" in problem(response)["detail"]


def test_body_beyond_the_limit_is_refused(post: Post) -> None:
    response = post(b'{"definition": "' + b"x" * 1024 * 1024 + b'"}')
    assert (response.status_code, problem(response)["code"]) == (413, "too-large")


def test_body_of_another_type_is_refused(post: Post) -> None:
    response = post("a=1", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 415
    assert "application/x-www-form-urlencoded" in problem(response)["detail"]


def test_unknown_definition_or_version_is_told(post: Post) -> None:
    for body in ({**GOOD, "definition": "none"}, {**GOOD, "version": "9.0.0"}):
        response = post(body)
        assert response.status_code == 404
        assert "is deployed and in force" in problem(response)["detail"]


def test_pinned_version_is_started(post: Post) -> None:
    assert post({**GOOD, "version": "1.0.0"}).status_code == 201


def test_character_that_postgres_cannot_keep_is_refused(post: Post) -> None:
    response = post({**GOOD, "business_key": "a\x00b"})
    assert response.status_code == 422
    problem(response)


def test_intake_that_holds_too_many_says_when_to_come_again(post: Post) -> None:
    assert post(GOOD).status_code == 201
    before = list(holding._stops)
    holding.set_stops(Slow())
    try:
        response = post(GOOD, key="again")
        assert (problem(response)["code"], response.status_code) == (
            "intake-slowed",
            429,
        )
        assert response["Retry-After"] == "600"
    finally:
        holding._stops[:] = before
    # The key of a request that was refused is still free.
    assert post(GOOD, key="again").status_code == 201


class Slow:
    """Intake is full."""

    def list_holds(self) -> list[Hold]:
        return []

    def write_diverted(self, steps: object) -> None:
        """Nothing is diverted."""

    def check_start(self, key: str, *, count: int) -> None:
        raise Busy(f"{key} is started too often.", seconds=600)

    def has_room(self, key: str) -> bool:
        raise Busy(f"{key} is held too often.", seconds=600)

    def hold_start(self, key: str, instance_id: UUID) -> None:
        """Nothing gets so far."""
