"""RQ's own pages: administrators only, whatever other role a person holds."""

from __future__ import annotations

import pytest
from django.test import Client

from review.core.states import Role
from review.models import User
from review.operations.people.people import create_person, grant_role
from workflows.core.actors import COMMAND_LINE

PAGES = [
    "/ops/rq/",
    "/ops/rq/queues/1/",
    "/ops/rq/workers/1/",
    "/ops/rq/stats.json",
]
PASSWORD = "correct horse battery staple"


def sign_in(client: Client, *roles: Role) -> None:
    actor = COMMAND_LINE
    person = create_person(
        name="Carol", actor=actor, username="carol", password=PASSWORD
    )
    for role in roles:
        grant_role(person=person, role=role, actor=actor)
    client.force_login(User.objects.get(person=person))


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_sent_to_sign_in(client: Client, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_other_roles_are_refused(client: Client, page: str) -> None:
    sign_in(client, Role.REVIEWER, Role.MANAGER, Role.PROCESS_OWNER)
    assert client.get(page).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_administrators_see_them(client: Client, page: str) -> None:
    sign_in(client, Role.ADMINISTRATOR)
    answer = client.get(page)
    assert answer.status_code == 200
    assert b"engine" in answer.content


@pytest.mark.django_db
def test_frame_leads_to_our_own_pages(client: Client) -> None:
    sign_in(client, Role.ADMINISTRATOR)
    assert client.get("/ops/").headers["Location"] == "/ops/rq/"
    assert client.get("/ops/login/").headers["Location"] == "/sign-in/"
