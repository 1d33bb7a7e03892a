"""The same key and body get the same answer; anything else is told apart."""

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.factories.processes import TESTER
from tests.integration.api.conftest import URL, Post
from workflows.core.actors import Actor
from workflows.core.canonical import digest
from workflows.models import IdempotencyKey, Instance
from workflows.operations import tokens
from workflows.operations.answers import Answer, answer_once
from workflows.operations.errors import Conflict, Invalid

BODY = {"definition": "payments", "variables": {"amount": 12}}


@pytest.mark.django_db
@pytest.mark.usefixtures("definition")
def test_same_key_and_body_start_once(post: Post) -> None:
    first, again = post(BODY, key="k1"), post(BODY, key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first["Location"] == again["Location"]
    assert not first.has_header("Idempotency-Replayed")
    assert again["Idempotency-Replayed"] == "true"
    assert Instance.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("definition")
def test_order_of_keys_makes_no_other_body(post: Post) -> None:
    post('{"definition": "payments", "variables": {"amount": 12}}', key="k1")
    again = post('{"variables": {"amount": 12.0}, "definition": "payments"}', key="k1")
    assert again.status_code == 201
    assert Instance.objects.count() == 1


@pytest.mark.django_db
def test_body_is_known_by_a_digest_under_the_secret_key() -> None:
    request = {"body": {"name": "Ada"}}

    def ask() -> Answer:
        return answer_once(
            actor=TESTER, key="k1", request=request, act=lambda: Answer(201, {})
        )

    ask()
    kept = IdempotencyKey.objects.get()
    assert kept.request_digest != digest(request)
    assert ask().replayed
    # A row of before: its digest is plain.
    kept.request_digest = digest(request)
    kept.save()
    assert ask().replayed
    request["body"] = {"name": "Eve"}
    with pytest.raises(Invalid, match="another request"):
        ask()


@pytest.mark.django_db
@pytest.mark.usefixtures("definition")
def test_same_key_with_another_body_is_refused(post: Post) -> None:
    post(BODY, key="k1")
    response = post({**BODY, "variables": {"amount": 13}}, key="k1")
    assert response.status_code == 422
    assert json.loads(response.content)["code"] == "idempotency-key-reused"
    assert Instance.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("definition")
def test_other_key_starts_another_instance(post: Post) -> None:
    post(BODY, key="k1")
    post(BODY, key="k2")
    post(BODY)
    post(BODY)
    assert Instance.objects.count() == 4


@pytest.mark.django_db
@pytest.mark.usefixtures("definition")
def test_key_belongs_to_one_token(post: Post) -> None:
    post(BODY, key="k1")
    other = tokens.create_token(name="crm", actor=TESTER).secret
    response = Client(headers={"Authorization": f"Bearer {other}"}).post(
        URL, BODY, content_type="application/json", headers={"Idempotency-Key": "k1"}
    )
    assert response.status_code == 201
    assert Instance.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("definition")
def test_refused_request_leaves_its_key_free(post: Post) -> None:
    refused = post({**BODY, "variables": {"amount": -1}}, key="k1")
    assert refused.status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert post(BODY, key="k1").status_code == 201


@pytest.mark.django_db
@pytest.mark.usefixtures("definition")
@pytest.mark.parametrize("key", ["", "x" * 201, "café", "a\x07b"])
def test_bad_key_is_refused(post: Post, key: str) -> None:
    response = post(BODY, key=key)
    assert response.status_code == 422
    assert json.loads(response.content)["code"] == "bad-idempotency-key"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_request_in_flight_is_told_so() -> None:
    """The first request has not committed yet: the second one must not wait or act."""
    under_way, told = threading.Event(), threading.Event()
    answers: list[Answer] = []

    def act() -> Answer:
        under_way.set()
        assert told.wait(10)
        return Answer(status=201, body={"id": "1"})

    def ask(**options: Any) -> Answer:
        return answer_once(actor=TESTER, key="k1", request={"a": 1}, **options)

    def first() -> None:
        try:
            answers.append(ask(act=act))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert under_way.wait(10)
    with pytest.raises(Conflict) as caught:
        ask(act=pytest.fail)
    told.set()
    thread.join()
    assert caught.value.code == "in-flight"
    assert ask(act=pytest.fail) == Answer(status=201, body={"id": "1"}, replayed=True)
    assert len(answers) == 1


@pytest.mark.django_db
def test_keys_of_two_actors_never_meet() -> None:
    other = Actor(kind=TESTER.kind, id="other", name="Other")
    for actor in (TESTER, other):
        answer = answer_once(
            actor=actor,
            key="k",
            request={"by": actor.ref},
            act=lambda: Answer(status=201, body={}),
        )
        assert not answer.replayed
