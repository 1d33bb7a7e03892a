"""`manage.py create_person`: who comes out, and every way in which nobody does."""

import getpass
import io
import sys

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from review.models import Person, RoleGrant, User
from review.operations import queues
from tests.factories.processes import TESTER
from workflows.models import AuditEntry

PASSWORD = "a-long-password"

pytestmark = pytest.mark.django_db


def create(*words: str) -> str:
    out = io.StringIO()
    call_command("create_person", *words, stdout=out)
    return out.getvalue()


def grants(username: str) -> set[tuple[str, str | None]]:
    person = User.objects.get(username=username).person
    held = RoleGrant.objects.filter(person=person, revoked_at=None)
    return set(held.values_list("role", "queue__key"))


class Terminal(io.StringIO):
    """Standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True


def type_in(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Let somebody sit at a terminal and give these answers when asked."""
    left = list(answers)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _question: left.pop(0))


def test_printed_password_opens_the_door() -> None:
    said = create("Ada Byron", "ada", "--email", "ada@example.org")
    password = said.splitlines()[-1].rpartition(" ")[2]
    assert "No role yet" in said
    assert Client().login(username="ada", password=password)
    person = User.objects.get(username="ada").person
    assert (person.name, person.email) == ("Ada Byron", "ada@example.org")


def test_roles_of_queues_and_of_everywhere() -> None:
    for key in ("claims", "loans"):
        queues.define_queue(key=key, name=key.title(), actor=TESTER)
    words = ["--role", "reviewer", "--role", "process-owner", "--role", "reviewer"]
    create("Ada", "ada", *words, "--queue", "claims", "--queue", "loans")
    assert grants("ada") == {
        ("REVIEWER", "claims"),
        ("REVIEWER", "loans"),
        ("PROCESS_OWNER", None),
    }
    create("Eve", "eve", "--role", "reviewer", "--role", "administrator")
    assert grants("eve") == {("REVIEWER", None), ("ADMINISTRATOR", None)}
    kinds = AuditEntry.objects.filter(actor="system:command-line")
    assert sorted(kinds.values_list("kind", flat=True)) == [
        *["person.created"] * 2,
        *["role.granted"] * 5,
    ]


def test_password_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\nmore\n"))
    assert PASSWORD not in create("Ada", "ada", "--password-stdin")
    assert Client().login(username="ada", password=PASSWORD)


def test_password_is_asked_twice_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, PASSWORD, PASSWORD, PASSWORD, "another")
    create("Ada", "ada", "--password-stdin")
    assert Client().login(username="ada", password=PASSWORD)
    with pytest.raises(CommandError, match="two passwords differ"):
        create("Bob", "bob", "--password-stdin")
    assert not User.objects.filter(username="bob").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["", "ada"], "A person needs a name"),
        (["Ada", "taken"], "username 'taken' is taken"),
        (["Ada", "ada", "--role", "king"], "invalid choice: 'king'"),
        (
            ["Ada", "ada", "--role", "reviewer", "--queue", "moon"],
            "no queue 'moon'; there are: claims",
        ),
        (
            ["Ada", "ada", "--role", "auditor", "--queue", "claims"],
            "--queue limits the roles reviewer and manager",
        ),
        (
            ["Ada", "ada", "--role", "auditor", "--role", "reviewer"],
            "cannot be an auditor and hold another role",
        ),
        (["Ada", "ada", "--password-stdin"], "This password is too"),
    ],
)
def test_refusals_say_why_and_create_nobody(
    monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    queues.define_queue(key="claims", name="Claims", actor=TESTER)
    create("Taken", "taken")
    monkeypatch.setattr(sys, "stdin", io.StringIO("abc\n"))
    with pytest.raises(CommandError, match=sentence):
        create(*words)
    assert list(Person.objects.values_list("name", flat=True)) == ["Taken"]
    assert User.objects.count() == 1


def test_empty_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="is empty"):
        create("Ada", "ada", "--password-stdin")
    assert not Person.objects.exists()
