"""A person with a mail address, a mail server, a chat room: all real, all near."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from review.models import Person
from review.operations.people import people
from tests.factories.desk import World, build_world
from tests.factories.outside import HOST, ChatRoom, MailOffice, open_office, open_room
from tests.factories.processes import TESTER
from workflows.core.egress import AllowedHost


def use_office(settings: Settings, port: int) -> None:
    """Send mail to the server on this port."""
    settings.SENDS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 2
    settings.ORIGINS = ["https://review.example.com"]


@pytest.fixture
def office(settings: Settings) -> Iterator[MailOffice]:
    """A mail server that the settings name."""
    with open_office() as opened:
        use_office(settings, opened.port)
        yield opened


@pytest.fixture
def room(settings: Settings, tmp_path: Path) -> Iterator[ChatRoom]:
    """A webhook on this machine that calls may go to."""
    with open_room(tmp_path) as opened:
        port = int(opened.url.split(":")[2].split("/")[0])
        settings.EGRESS_HOSTS = (AllowedHost("localhost", port, may_be_private=True),)
        settings.EGRESS_CA = opened.authority
        settings.ORIGINS = ["https://review.example.com"]
        yield opened


@pytest.fixture
def world(db: None) -> World:
    """Make the people of the screens' tests anew."""
    return build_world()


@pytest.fixture
def ada(db: None) -> Person:
    """A person with a mail address."""
    return people.create_person(name="Ada", email="ada@example.com", actor=TESTER)
