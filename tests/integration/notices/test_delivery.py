"""From what is told to what arrives: real SMTP and TLS connections, real failures."""

import datetime as dt
import io
import os
import signal
import socket
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.models import F
from pytest_django import Settings

from review.core.figures.alerting import Bounds, Comparison
from review.core.notices.notices import Channel, ChatKind, Digest, Notice
from review.core.states import Role
from review.models import ChatHook, Delivery, Notification, Person, Queue
from review.operations import queues
from review.operations.figures.alerts import Wanted
from review.operations.notices import (
    chat_hooks,
    delivering,
    inbox,
    notifying,
    planning,
    retention,
)
from review.operations.people import people
from tests.factories.alerts import bring_rule
from tests.factories.outside import HOST, ChatRoom, MailOffice, open_office
from tests.factories.processes import TESTER
from tests.factories.tasks import make_person
from tests.integration.notices.conftest import use_office
from workflows import jobs
from workflows.core.egress import AllowedHost
from workflows.core.webhooks import sign
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Invalid, NotFound

URL = "/tasks/7/"
SECRET = "a secret of thirty-two characters"


def tell(*persons: Person, kind: Notice = Notice.HANDED_OVER, **words: object) -> int:
    given = {"title": "Case Ada", "text": "Please look.", "url": URL, **words}
    return notifying.tell(persons=[each.id for each in persons], kind=kind, **given)  # type: ignore[arg-type]


def pass_time(*, ages: bool = False, **span: float) -> None:
    """Let what waits have waited so much longer; `ages`: since it was due, as well."""
    by = dt.timedelta(**span)
    if ages:
        Delivery.objects.update(due_at=F("due_at") - by)
    Delivery.objects.update(
        next_at=F("next_at") - by,
        lease_until=F("lease_until") - by,
        finished_at=F("finished_at") - by,
    )
    Notification.objects.update(read_at=F("read_at") - by)


def drain() -> int:
    return delivering.drain(seconds=30)


def make_room(
    room: ChatRoom, kind: ChatKind = ChatKind.SLACK, **words: object
) -> Queue:
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    chat_hooks.define_hook(
        queue_key="desk",
        name="ops",
        kind=kind,
        url=room.url,
        actor=TESTER,
        **words,  # type: ignore[arg-type]
    )
    return queue


# --- telling ---------------------------------------------------------------------


def test_tell_reaches_each_person_once_for_a_key(ada: Person, db: None) -> None:
    bob = people.create_person(name="Bob", actor=TESTER)
    gone = people.create_person(name="Gone", actor=TESTER)
    people.disable_person(person=gone, actor=TESTER, reason="left")
    ghost = people.create_person(name="Ghost", actor=TESTER, simulated=True)
    assert tell(ada, bob, gone, ghost, key="k1", title="Two\nlines") == 2
    assert tell(ada, bob, key="k1") == 0
    assert tell(ada, key="k2") == 1
    assert tell(ada) == tell(ada) == 1
    titles = Notification.objects.filter(person=ada).order_by("id")
    assert [each.title for each in titles] == ["Two lines"] + ["Case Ada"] * 3


def test_tell_leaves_out_what_a_person_does_not_want(ada: Person) -> None:
    inbox.change_wishes(
        person_id=ada.id,
        channels={Notice.STUCK: [], Notice.ASSIGNED: [Channel.EMAIL]},
        digest=Digest.INSTANT,
        digest_at=dt.time(8),
        urgent_passes=True,
        quiet=None,
    )
    assert tell(ada, kind=Notice.STUCK) == 0
    assert tell(ada, kind=Notice.ASSIGNED) == 1
    assert not Notification.objects.get().is_listed
    with pytest.raises(Invalid, match="no length"):
        inbox.change_wishes(
            person_id=ada.id,
            channels={},
            digest=Digest.DAILY,
            digest_at=dt.time(8),
            urgent_passes=True,
            quiet=(dt.time(1), dt.time(1)),
        )


def test_a_link_to_elsewhere_cannot_be_kept(ada: Person) -> None:
    for url in ("//evil.example.com/", "https://evil.example.com/"):
        with pytest.raises(Exception, match="url_is_here"), transaction.atomic():
            tell(ada, url=url)


# --- mail ------------------------------------------------------------------------


def test_mail_goes_out_with_a_link_and_a_way_to_less_of_it(
    ada: Person, office: MailOffice
) -> None:
    tell(ada, title="Case <b>Ada</b>")
    assert jobs.drain_notices() == 1
    (mail,) = office.taken
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Case <b>Ada</b>")
    assert mail["List-Unsubscribe"] == (
        "<https://review.example.com/settings/notifications/>"
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (part.get_content() for part in mail.walk() if not part.is_multipart())
    assert f"https://review.example.com{URL}" in text
    assert "Case &lt;b&gt;Ada" in html
    assert drain() == 0
    assert Delivery.objects.get().state == "SENT"


def test_a_digest_collects_and_leaves_out_what_was_read(
    ada: Person, office: MailOffice
) -> None:
    inbox.change_wishes(
        person_id=ada.id,
        channels={},
        digest=Digest.HOURLY,
        digest_at=dt.time(8),
        urgent_passes=True,
        quiet=None,
    )
    for number in range(3):
        tell(ada, title=f"Case {number}")
        assert drain() == 0
    first = Notification.objects.earliest("id")
    assert inbox.open_notice(person_id=ada.id, notification_id=first.id) == URL
    tell(ada, kind=Notice.SLA_BREACHED, title="Late")
    assert drain() == 1
    assert office.taken[0]["Subject"] == "Late"
    pass_time(hours=1, ages=True)
    assert drain() == 1
    assert office.taken[1]["Subject"] == "Case 1 and 1 more"
    tell(ada, title="Read in time")
    drain()
    inbox.mark_all_read(person_id=ada.id, up_to=Notification.objects.latest("id").id)
    pass_time(hours=1, ages=True)
    assert drain() == 0
    states = Delivery.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["SENT", "SENT", "SKIPPED"]


def test_nothing_joins_a_mail_that_was_tried(ada: Person, office: MailOffice) -> None:
    office.answers.append(451)
    tell(ada, title="One")
    assert drain() == 0
    tell(ada, title="Two")
    assert drain() == 1
    pass_time(minutes=2)
    assert drain() == 1
    assert [mail["Subject"] for mail in office.taken] == ["Two", "One"]


def test_mail_server_down_and_up_again_loses_nothing(
    ada: Person, settings: Settings
) -> None:
    with open_office() as office:
        port = office.port
    use_office(settings, port)
    bob = people.create_person(name="Bob", email="bob@example.com", actor=TESTER)
    tell(ada, bob)
    assert drain() == 0
    waiting = Delivery.objects.all()
    assert {each.state for each in waiting} == {"WAITING"}
    assert all("cannot be used" in each.error for each in waiting)
    assert all(each.attempts == 1 for each in waiting)
    assert drain() == 0, "not before its next moment"
    settings.SENDS_MAIL = False
    pass_time(minutes=1)
    assert drain() == 0
    assert "EMAIL_URL" in Delivery.objects.latest("id").error
    settings.SENDS_MAIL = True
    with open_office(port) as office:
        pass_time(minutes=2)
        assert drain() == 2
        assert {mail["To"] for mail in office.taken} == {ada.email, bob.email}
    assert set(Delivery.objects.values_list("state", "error")) == {("SENT", "")}


@pytest.mark.parametrize("answer", [421, 0])
def test_one_mail_that_breaks_off_does_not_hold_up_the_next(
    ada: Person, office: MailOffice, answer: int
) -> None:
    bob = people.create_person(name="Bob", email="bob@example.com", actor=TESTER)
    office.answers.append(answer)
    tell(ada, bob)
    assert drain() == 1
    pass_time(minutes=1)
    assert drain() == 1
    assert sorted(mail["To"] for mail in office.taken) == [ada.email, bob.email]


def test_a_mail_server_that_never_greets_is_tried_later(
    ada: Person, settings: Settings
) -> None:
    with socket.create_server((HOST, 0)) as mute:
        use_office(settings, mute.getsockname()[1])
        settings.EMAIL_TIMEOUT = 0.05
        tell(ada)
        assert drain() == 0
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == ("WAITING", 1)
    assert "cannot be used" in waiting.error


def test_what_is_refused_for_good_is_seen_and_can_be_sent_again(
    ada: Person, office: MailOffice
) -> None:
    office.refuse_rcpt["ada@example.com"] = 550
    tell(ada)
    assert drain() == 0
    dead = Delivery.objects.get()
    assert (dead.state, dead.error) == ("DEAD", "The address was refused (550).")
    office.refuse_rcpt.clear()
    inbox.send_again(delivery_id=dead.id)
    assert drain() == 1
    with pytest.raises(Conflict):
        inbox.send_again(delivery_id=dead.id)
    with pytest.raises(NotFound):
        inbox.send_again(delivery_id=dead.id + 1)


def test_what_never_goes_is_given_up_after_five_days(
    ada: Person, office: MailOffice
) -> None:
    office.answers.extend([451] * 3)
    tell(ada)
    drain()
    pass_time(days=4, ages=True)
    drain()
    assert Delivery.objects.get().state == "WAITING"
    pass_time(days=1, hours=1, ages=True)
    drain()
    dead = Delivery.objects.get()
    assert (dead.state, dead.attempts) == ("DEAD", 3)
    assert "five days" in dead.error


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_sender_killed_after_sending_sends_the_same_mail_again(
    ada: Person, office: MailOffice
) -> None:
    tell(ada)
    connections.close_all()
    child = os.fork()
    if not child:
        drain()
        os._exit(0)  # not reached: the server kills us before it answers
    office.on_taken = lambda: os.kill(child, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    office.on_taken = lambda: None
    assert Delivery.objects.get().state == "SENDING"
    assert drain() == 0, "its lease still holds"
    pass_time(minutes=6)
    assert drain() == 1
    first, second = office.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert Delivery.objects.get().state == "SENT"


def test_a_sender_that_comes_back_late_notes_nothing(
    ada: Person, office: MailOffice
) -> None:
    tell(ada)
    planning.plan_some()
    (late,) = delivering.claim_some()
    pass_time(minutes=6)
    assert drain() == 1
    assert delivering.send_all([late], until=float("inf")) == 1
    found = Delivery.objects.get()
    assert (found.state, found.attempts, found.token) == ("SENT", 2, 2)


def test_what_the_time_does_not_reach_is_handed_back(
    ada: Person, office: MailOffice
) -> None:
    bob = people.create_person(name="Bob", email="bob@example.com", actor=TESTER)
    tell(ada, bob)
    planning.plan_some()
    claimed = delivering.claim_some()
    assert delivering.send_all(claimed, until=0) == 1
    left = Delivery.objects.get(state="WAITING")
    assert left.attempts == 0
    assert drain() == 1


# --- chat rooms ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ChatKind)
def test_a_room_hears_of_its_queue(room: ChatRoom, db: None, kind: ChatKind) -> None:
    queue = make_room(room, kind, kinds=[Notice.STUCK])
    assert tell(kind=Notice.STUCK, queue_id=queue.id, key="k") == 1
    assert tell(kind=Notice.STUCK, queue_id=queue.id, key="k") == 0
    assert tell(kind=Notice.ASSIGNED, queue_id=queue.id) == 0
    assert tell(kind=Notice.STUCK) == 0
    assert drain() == 1
    (post,) = room.posts
    assert "https://review.example.com/tasks/7/" in str(post)
    assert room.hosts[0].startswith("localhost:")
    chat_hooks.remove_hook(queue_key="desk", name="ops", actor=TESTER)
    assert tell(kind=Notice.STUCK, queue_id=queue.id) == 0
    with pytest.raises(NotFound):
        chat_hooks.remove_hook(queue_key="desk", name="ops", actor=TESTER)


def test_a_rules_receiver_hears_of_it_alone_in_posts_that_are_signed(
    room: ChatRoom, settings: Settings, db: None
) -> None:
    settings.WEBHOOK_SECRETS = {"ops": SECRET}
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    olga, anna = (make_person(name, Role.PROCESS_OWNER) for name in ("Olga", "Anna"))
    wanted = Wanted(
        name="Much to do", figure="wip", period=dt.timedelta(days=1),
        bounds=Bounds(Comparison.ABOVE, Decimal(2), Decimal(1)),
        webhook={"url": room.url, "secret": "ops"},
    )  # fmt: skip
    rule = bring_rule(wanted=wanted, by=olga, then=anna)
    tell(kind=Notice.ALERT, queue_id=queue.id)
    assert drain() == 0
    room.answers.append(503)
    assert tell(kind=Notice.ALERT, queue_id=queue.id, rule_id=rule.id, key="k") == 1
    assert drain() == 0
    pass_time(minutes=2)
    assert drain() == 1
    for headers, body in room.proofs:
        at = int(headers["webhook-timestamp"])
        made = sign(secret=SECRET, key=headers["webhook-id"], at=at, body=body)
        assert made.items() <= headers.items()
    (first, second) = (headers["webhook-id"] for headers, _ in room.proofs)
    assert first == second
    # Without its secret it waits: nothing goes out unsigned.
    settings.WEBHOOK_SECRETS = {}
    tell(kind=Notice.ALERT, queue_id=queue.id, rule_id=rule.id)
    assert drain() == 0
    waiting = Delivery.objects.get(state="WAITING")
    assert waiting.error == "The secret 'ops' is not among the settings."
    assert len(room.posts) == 2


def test_a_room_that_fails_is_posted_to_again_under_the_same_key(
    room: ChatRoom, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    queue = make_room(room)
    room.answers.extend([500, 429, 302])
    room.headers["Retry-After"] = "120"
    tell(kind=Notice.STUCK, queue_id=queue.id)
    assert drain() == 0
    pass_time(seconds=119)
    assert drain() == 0
    pass_time(seconds=2)
    assert drain() == 0
    assert len(room.posts) == 2
    pass_time(minutes=3)
    drain()
    dead = Delivery.objects.get()
    assert (dead.state, dead.error) == ("DEAD", "The room answered 302.")
    inbox.send_again(delivery_id=dead.id)
    assert drain() == 1
    assert len(set(room.keys[:3])) == 1
    seen = [*caplog.messages, dead.error]
    assert not any("S3CRET" in text for text in seen)


def test_a_room_is_not_called_where_calls_may_not_go(
    room: ChatRoom, settings: Settings, db: None
) -> None:
    queue = make_room(room)
    (allowed,) = settings.EGRESS_HOSTS
    for hosts, word in (
        ((AllowedHost("localhost", allowed.port),), "private network"),
        ((), "not allowed"),
    ):
        settings.EGRESS_HOSTS = hosts
        tell(kind=Notice.STUCK, queue_id=queue.id)
        assert drain() == 0
        assert word in Delivery.objects.latest("id").error
    assert room.posts == []
    with pytest.raises(Invalid, match="not allowed"):
        make_room(room)


def test_a_room_with_a_strange_certificate_is_told_nothing(
    room: ChatRoom, settings: Settings, db: None
) -> None:
    queue = make_room(room)
    settings.EGRESS_CA = ""
    tell(kind=Notice.STUCK, queue_id=queue.id)
    assert drain() == 0
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.error) == ("WAITING", "localhost: ConnectError.")
    assert room.posts == []


def test_the_command_keeps_the_address_secret(
    room: ChatRoom,
    db: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queues.define_queue(key="desk", name="Desk", actor=TESTER)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{room.url}\n"))
    call_command(
        "chat_hook", "desk", "ops", "--kind", "teams", "--notice", "STUCK"
    )  # fmt: skip
    said = capsys.readouterr().out
    assert "ops hears of desk at localhost" in said
    assert "S3CRET" not in said
    assert ChatHook.objects.get().kinds == ["STUCK"]
    entry = AuditEntry.objects.latest("id")
    assert entry.kind == "chat_hook.created"
    assert "S3CRET" not in entry.entry
    call_command("chat_hook", "desk", "ops", "--remove")
    assert ChatHook.objects.get().removed_at is not None
    with pytest.raises(CommandError, match="hears of"):
        call_command("chat_hook", "desk", "ops", "--remove")
    with pytest.raises(CommandError, match="room as well"):
        call_command("chat_hook", "desk")


# --- the sweep -------------------------------------------------------------------


def test_the_sweep_sends_where_no_broker_takes_a_ring(
    ada: Person, office: MailOffice, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(ada)
    dead_end = {
        "URL": "unix:///nowhere.sock",
        "SERIALIZER": "rq.serializers.JSONSerializer",
    }
    settings.RQ_QUEUES = {**settings.RQ_QUEUES, "notify": dead_end}
    monkeypatch.setattr("django_rq.queues.QUEUES", settings.RQ_QUEUES, raising=False)
    delivering.sweep()
    assert len(office.taken) == 1


def test_old_notices_are_forgotten_and_unread_ones_stay(
    ada: Person, office: MailOffice, room: ChatRoom
) -> None:
    queue = make_room(room)
    tell(ada, title="Unread")
    tell(ada, title="Read", queue_id=queue.id)
    assert drain() == 2
    read = Notification.objects.get(person=ada, title="Read")
    inbox.mark_read(person_id=ada.id, notification_ids=[read.id])
    pass_time(days=89)
    assert retention.forget_old() == 0
    pass_time(days=2)
    assert retention.forget_old(limit=1) == 2
    assert retention.forget_old() == 1
    assert [each.title for each in Notification.objects.all()] == ["Unread"]
    assert not Delivery.objects.exists()
