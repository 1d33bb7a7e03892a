"""Load is opened by the engine: its chains verify and anybody may work on it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from review.load.cases import QUEUES
from review.models import Person, Task, User
from review.operations.tasks import claims
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import verify_log

pytestmark = pytest.mark.django_db


def generate(**options: object) -> str:
    out = StringIO()
    call_command("generate_load", processes=1, stdout=out, **options)
    return out.getvalue()


def test_tasks_can_be_worked_on_and_their_chains_verify() -> None:
    assert generate(tasks=600).startswith("600 tasks opened")
    assert generate(tasks=100).startswith("100 tasks opened")
    keys = Task.objects.values_list("business_key", flat=True)
    assert len(set(keys)) == 700
    assert set(Task.objects.values_list("queue__key", flat=True)) == set(QUEUES[:3])
    assert set(Task.objects.values_list("priority_class", flat=True)) == {"A", "B", "C"}
    person = Person.objects.get(name="Load 1")
    lease = claims.claim_next(queue_keys=QUEUES, person=person)
    assert lease is not None
    assert Task.objects.get(id=lease.task_id).priority_class == "A"
    assert verify_log(folder=KeyFolder.of_settings()).ok


def test_an_account_signs_in_with_the_password_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COUNTERSIGN_LOAD_PASSWORD", raising=False)
    with pytest.raises(CommandError, match="COUNTERSIGN_LOAD_PASSWORD"):
        generate(tasks=1, account="load")
    monkeypatch.setenv("COUNTERSIGN_LOAD_PASSWORD", "a-long-password")
    generate(tasks=1, account="load")
    assert User.objects.get(username="load").check_password("a-long-password")


def test_no_tasks_are_refused() -> None:
    with pytest.raises(CommandError, match="--tasks must be at least 1"):
        generate(tasks=0)
