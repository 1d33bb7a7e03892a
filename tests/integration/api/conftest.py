"""A deployed definition with a start form, a token, and a client that carries it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.factories.processes import TESTER, chain, package, process
from workflows.operations import definitions, tokens

FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["amount"],
    "properties": {
        "amount": {"type": "number", "minimum": 0},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
}
Post = Callable[..., HttpResponse]
URL = "/api/v1/instances"


@pytest.fixture
def secret(db: None) -> str:
    return tokens.create_token(name="erp", actor=TESTER).secret


@pytest.fixture
def api(secret: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def post(api: Client) -> Post:
    """Post a body to the instances, as JSON unless it is bytes."""

    def send(body: Any, *, key: str | None = None, **options: Any) -> HttpResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        options.setdefault("content_type", "application/json")
        return api.post(URL, data=data, headers=headers, **options)  # type: ignore[return-value]

    return send


@pytest.fixture
def definition(db: None) -> int:
    """Deploy `payments 1.0.0`, whose start form asks for an amount."""
    body = '<startEvent id="s" cs:form="start"/><task id="t"/><endEvent id="e"/>'
    files = package(
        process(body + chain("s", "t", "e")),
        key="payments",
        files={"forms/start.json": json.dumps(FORM).encode()},
    )
    return definitions.deploy(files=files, actor=TESTER).definition_id
