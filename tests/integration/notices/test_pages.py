"""The pages of notifications: whose they are, what they do, and what they cost."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from review.core.notices.notices import Channel, Notice
from review.core.states import Role
from review.dashboards.hearing import list_heard
from review.models import Delivery, Notification, NotificationPreference, Person, User
from review.operations.notices import delivering
from review.operations.people import people
from review.permissions import get_rights
from tests.factories.outside import MailOffice
from tests.factories.processes import TESTER
from tests.integration.notices.test_delivery import tell


@pytest.fixture
def bob(db: None) -> Person:
    """Somebody with an account."""
    return people.create_person(
        name="Bob",
        email="bob@example.com",
        username="bob",
        password="a-long-password",
        actor=TESTER,
    )


def browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def read(client: Client, name: str, **query: str) -> str:
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200
    return answer.content.decode()


def mark(client: Client, **words: object) -> str:
    answer = client.post(reverse("notification-mark"), words, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_notices_are_listed_opened_and_marked(bob: Person, ada: Person) -> None:
    client = browser("bob")
    assert "Nothing new" in read(client, "notification-list")
    tell(bob, ada, title="One")
    tell(bob, kind=Notice.SLA_BREACHED, title="<i>Two</i>")
    tell(ada, title="Not his")
    page = read(client, "notification-list")
    assert "&lt;i&gt;Two&lt;/i&gt;" in page
    assert "Not his" not in page
    assert re.search(r'class="count"[^>]*title="unread">\s*2<', page)
    assert "One" not in read(client, "notification-list", about="Time")
    one, other = Notification.objects.filter(title="One").order_by("person_id")
    mine, hers = (one, other) if one.person_id == bob.id else (other, one)
    opened = client.get(reverse("notification-open", args=[mine.id]))
    assert (opened.status_code, opened["Location"]) == (302, "/tasks/7/")
    assert client.get(reverse("notification-open", args=[hers.id])).status_code == 404
    assert "One" not in read(client, "notification-list")
    assert "One" in read(client, "notification-list", show="all")
    assert "1 marked as unread" in mark(client, act="unread", id=[mine.id, hers.id])
    newest = Notification.objects.latest("id").id
    tell(bob, title="Since then")
    assert "2 marked as read" in mark(client, act="all", newest=newest)
    assert "Since then" in read(client, "notification-list")
    assert "Tick the notifications" in mark(client, act="read")
    hers.refresh_from_db()
    assert hers.read_at is None
    for wrong in ({"act": "burn"}, {"act": "read", "id": "x"}):
        answer = client.post(reverse("notification-mark"), wrong)
        assert answer.status_code == 422
    for back in ("https://evil.example.com/", "//evil.example.com/", "nowhere", "-1"):
        away = client.post(
            reverse("notification-mark"), {"act": "all", "newest": "1", "back": back}
        )
        assert away["Location"] == reverse("notification-list"), back


def test_a_person_hears_hints_about_himself_alone(bob: Person, ada: Person) -> None:
    topics = [f"person.{bob.id}", f"person.{ada.id}", "person."]
    rights = get_rights(bob.id)
    assert list_heard(rights, topics, queue_ids={}) == {f"person.{bob.id}"}
    assert f'data-topic="person.{bob.id}"' in read(browser("bob"), "notification-list")


def test_what_became_of_mails_stands_by_the_notice(
    bob: Person, office: MailOffice
) -> None:
    office.refuse_rcpt["bob@example.com"] = 550
    tell(bob, title="Refused")
    delivering.drain(seconds=9)
    office.refuse_rcpt.clear()
    office.answers.append(451)
    tell(bob, title="Delayed")
    delivering.drain(seconds=9)
    page = read(browser("bob"), "notification-list")
    assert "Not mailed" in page
    assert "Mail delayed" in page
    people.create_person(
        name="Erin", username="erin", password="a-long-password", actor=TESTER
    )
    assert browser("bob").get(reverse("undelivered-list")).status_code == 403
    erin = Person.objects.get(name="Erin")
    people.grant_role(person=erin, role=Role.ADMINISTRATOR, actor=TESTER)
    page = read(browser("erin"), "undelivered-list")
    assert "The address was refused (550)." in page
    assert "The mail was not taken now (451)." in page
    dead = Delivery.objects.get(state="DEAD")
    again = reverse("undelivered-again", args=[dead.id])
    assert browser("bob").post(again).status_code == 403
    assert browser("erin").post(again).status_code == 302
    assert browser("erin").post(again).status_code == 409
    assert delivering.drain(seconds=9) == 1
    assert office.taken[0]["Subject"] == "Refused"


def test_wishes_are_shown_saved_and_checked(bob: Person) -> None:
    client = browser("bob")
    assert "sends no mail" in read(client, "notification-settings")
    given = {
        "digest": "DAILY",
        "digest_at": "07:30",
        "quiet_from": "22:00",
        "quiet_until": "06:00",
        f"{Notice.STUCK.value}-{Channel.EMAIL.value}": "on",
    }
    url = reverse("notification-settings")
    for wrong, word in (
        ({"quiet_until": ""}, "a beginning and an end"),
        ({"quiet_until": "22:00"}, "no length"),
        ({"digest": "YEARLY"}, "valid choice"),
    ):
        answer = client.post(url, {**given, **wrong})
        assert answer.status_code == 422
        assert word in answer.content.decode()
    assert not NotificationPreference.objects.exists()
    assert client.post(url, given).status_code == 302
    kept = NotificationPreference.objects.get()
    assert kept.channels[Notice.STUCK.value] == [Channel.EMAIL.value]
    assert kept.channels[Notice.ASSIGNED.value] == []
    assert (kept.digest_at, kept.quiet_from) == (dt.time(7, 30), dt.time(22))
    assert not kept.urgent_passes
    page = read(client, "notification-settings")
    assert 'value="07:30"' in page
    assert len(re.findall(r"checked", page)) == 1


def test_the_list_asks_as_many_questions_for_many_as_for_few(bob: Person) -> None:
    client = browser("bob")

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            read(client, "notification-list")
        return len(captured)

    tell(bob)
    count()
    few = count()
    for number in range(60):
        tell(bob, title=f"Case {number}")
    assert count() == few <= 12
    page = read(client, "notification-list")
    assert "50 rows shown, more follow" in page
    assert "61 unread" in page
    before = re.search(r"before=(\d+)", page)
    assert before is not None
    assert "11 rows shown" in read(client, "notification-list", before=before[1])
