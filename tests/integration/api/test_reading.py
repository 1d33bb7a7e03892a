"""Reading instances and steps; tokens; the description and its page."""

import datetime as dt
import io
import json
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.factories.processes import TESTER
from tests.integration.api.conftest import URL, Post
from workflows.audit import INSTALLATION
from workflows.models import ApiToken, AuditEntry
from workflows.operations import tokens
from workflows.operations.advance import advance_batch
from workflows.operations.errors import Forbidden

BODY = {"definition": "payments", "business_key": "PO-1", "variables": {"amount": 1}}


@pytest.fixture
def url(post: Post, definition: int) -> str:
    """Start an instance and let it run to its end."""
    response = post(BODY)
    while advance_batch(worker="test").more:
        pass
    return str(json.loads(response.content)["url"])


def test_instance_is_shown_whole(api: Client, url: str) -> None:
    body = api.get(url).json()
    assert (body["state"], body["end_node_id"]) == ("COMPLETED", "e")
    assert body["definition"] == {
        "key": "payments",
        "version": "1.0.0",
        "name": "payments",
    }
    assert body["variables"]["amount"] == 1
    assert body["business_key"] == "PO-1"
    started, ended = (
        dt.datetime.fromisoformat(body[key]) for key in ("started_at", "ended_at")
    )
    assert started <= ended


def test_steps_are_paged_in_order(api: Client, url: str) -> None:
    whole = api.get(f"{url}/steps").json()
    assert [step["node_id"] for step in whole["items"]] == ["s", "t", "e"]
    assert whole["next"] is None
    nodes: list[str] = []
    after: int | None = 0
    while after is not None:
        page = api.get(f"{url}/steps", {"limit": 1, "after": after}).json()
        nodes += [step["node_id"] for step in page["items"]]
        after = page["next"]
    assert nodes == ["s", "t", "e"]


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "501"}, {"after": "x"}, {"offset": "1"}]
)
def test_bad_query_is_refused(api: Client, url: str, query: dict[str, str]) -> None:
    response = api.get(f"{url}/steps", query)
    assert response.status_code == 422
    assert next(iter(query)) in response.json()["detail"]


def test_unknown_instance_is_told(api: Client) -> None:
    for path in (f"{URL}/{uuid4()}", f"{URL}/{uuid4()}/steps"):
        response = api.get(path)
        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["detail"].startswith("There is no instance")


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", "Basic abc", "Bearer cs_wrong", "cs_x"]
)
@pytest.mark.django_db
def test_caller_without_a_good_token_gets_401(header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    client = Client(headers=headers)
    for response in (
        client.get(f"{URL}/{uuid4()}"),
        client.post(URL, {}, content_type="application/json"),
    ):
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_method_that_is_not_there_is_told(api: Client) -> None:
    response = api.put(URL, {}, content_type="application/json")
    assert response.status_code == 405
    assert set(response["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.django_db
def test_secret_is_never_stored(secret: str) -> None:
    token = ApiToken.objects.get(name="erp")
    assert secret not in str(token.__dict__)
    assert len(token.digest) == 64
    entry = AuditEntry.objects.get(chain=INSTALLATION, kind="token.created")
    assert secret not in entry.entry
    assert tokens.check_token(secret=secret) == token


@pytest.mark.django_db
def test_revoked_and_expired_tokens_are_refused(secret: str, api: Client) -> None:
    short = tokens.create_token(name="short", days=1, actor=TESTER)
    ApiToken.objects.filter(pk=short.id).update(
        expires_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    )
    with pytest.raises(Forbidden):
        tokens.check_token(secret=short.secret)
    call_command("revoke_api_token", "erp", stdout=io.StringIO())
    assert api.get(f"{URL}/{uuid4()}").status_code == 401
    with pytest.raises(CommandError, match="revoked already"):
        call_command("revoke_api_token", "erp")
    with pytest.raises(CommandError, match="no token named"):
        call_command("revoke_api_token", "nobody")


@pytest.mark.django_db
def test_command_prints_a_secret_that_works() -> None:
    out = io.StringIO()
    call_command("create_api_token", "erp", "--days", "30", stdout=out)
    made = tokens.check_token(secret=out.getvalue().strip())
    assert (made.name, made.reads_log) == ("erp", False)
    out = io.StringIO()
    call_command("create_api_token", "monitor", "--reads-log", stdout=out)
    assert tokens.check_token(secret=out.getvalue().strip()).reads_log
    with pytest.raises(CommandError, match="already"):
        call_command("create_api_token", "erp")
    with pytest.raises(CommandError, match="at least one day"):
        call_command("create_api_token", "other", "--days", "0")


@pytest.mark.django_db
def test_description_names_every_address(client: Client) -> None:
    schema = client.get("/api/schema/", {"format": "json"}).json()
    assert set(schema["paths"]) == {
        URL,
        f"{URL}/{{instance_id}}",
        f"{URL}/{{instance_id}}/steps",
    }
    start = schema["paths"][URL]["post"]
    assert start["security"] == [{"token": []}]
    assert {"201", "401", "409", "422"} <= start["responses"].keys()
    assert [one["name"] for one in start["parameters"]] == ["Idempotency-Key"]


def test_page_of_the_description_has_nothing_inline(client: Client) -> None:
    response = client.get("/api/docs/")
    assert response.status_code == 200
    text = response.content.decode()
    assert "<style" not in text
    assert text.count("<script") == text.count("<script src=") == 2
    assert "script-src 'self'" in response["Content-Security-Policy"]
