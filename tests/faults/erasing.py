"""Promise 20: what was erased is nowhere, proofs survive, and a legal hold refuses.

`erasing COUNT` lets COUNT persons' cases be worked on in every way that keeps a value,
names typed into the reasons of acts among them, holds one in twenty of them back by
legal holds, erases the others one by one, and then looks for the values: in a dump of
the database, in the broker, in every log file, in what pages find and exports tell.
Those held must be found, else looking proves nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import django

django.setup()

import redis  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from config.local import binaries  # noqa: E402
from review.core.evidence.erasing import HoldKind  # noqa: E402
from review.core.states import Decision, Role  # noqa: E402
from review.models import Task  # noqa: E402
from review.operations import queues  # noqa: E402
from review.operations.evidence import erasing, holds  # noqa: E402
from review.operations.people import people  # noqa: E402
from review.operations.tasks import claims, drafts, notes, parking  # noqa: E402
from tests.factories.processes import TESTER, deploy  # noqa: E402
from tests.factories.tasks import (  # noqa: E402
    AT_ONCE,
    PASSWORD,
    judge,
    make_person,
    review_process,
)
from tests.integration.evidence import world  # noqa: E402
from tests.integration.evidence.speaking import Speakers, speak  # noqa: E402
from workflows.models import AuditEntry  # noqa: E402
from workflows.operations import advance, instances  # noqa: E402
from workflows.operations.checkpoints import seal  # noqa: E402
from workflows.operations.errors import Refused  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.operations.log_key import KeyFolder  # noqa: E402
from workflows.operations.verification import verify_log  # noqa: E402
from workflows.store import database_now  # noqa: E402

Told = dict[str, Any]
GONE, KEPT = "Quillmark", "Holdfast"
"""Parts of the names of those who are erased, and of those whom a hold keeps."""
HELD_EVERY: Final = 20
PAGES: Final = 25
DECLARED: Final = (
    'id="main" cs:personal="name, mail, papers, partners.*.name" cs:subject="name"'
)


class Site:
    """The people and the process of the run."""

    def __init__(self) -> None:
        queue = queues.define_queue(
            key="desk", name="Desk", actor=TESTER, rules=AT_ONCE
        )
        queues.define_queue(key="away", name="Away", actor=TESTER, rules=AT_ONCE)
        self.alice = make_person("Alice", Role.REVIEWER, queue=queue)
        self.bob = make_person("Bob", Role.REVIEWER, queue=queue)
        self.olga = make_person("Olga", Role.ADMINISTRATOR)
        self.erik = make_person("Erik", Role.PROCESS_OWNER)
        self.dan = make_person("Dan", Role.AUDITOR)
        self.speakers = Speakers(
            self.alice,
            make_person("Mona", Role.MANAGER),
            self.erik,
            make_person("Pia", Role.PROCESS_OWNER),
        )
        process = review_process(sla="PT8H").replace('id="main"', DECLARED)
        self.definition_id = deploy(process)

    def browser(self, person: Any, name: str) -> Client:
        """Return a signed-in browser."""
        user = people.add_account(
            person=person, username=name, password=PASSWORD, actor=TESTER
        )
        client = Client()
        client.force_login(user)
        return client


def name_of(number: int) -> str:
    """Return the name of a person; the part that is searched for is in it."""
    part = KEPT if number % HELD_EVERY == 0 else GONE
    return f"Zq{number:05d} {part}"


def typed_of(number: int) -> str:
    """Return what is typed about a person, by a name that no variable has."""
    return f"{name_of(number).split()[1]}ova of number {number} rang."


def start(site: Site, count: int) -> None:
    """Start one case for each person, large values with some of them."""
    starts = []
    for number in range(count):
        name = name_of(number)
        mail = f"{name.replace(' ', '.')}@example.org"
        partners = [{"name": f"{name} senior"}, {"name": f"{name} junior"}]
        values = {"name": name, "mail": mail, "partners": partners, "amount": number}
        if number % 10 == 0:
            values["papers"] = f"{name} wrote this. " * 3_000
        starts.append(
            Start(variables=values, initiator=TESTER, business_key=f"K{number}")
        )
    for at in range(0, count, 100):
        instances.start_and_advance(
            definition_id=site.definition_id, starts=starts[at : at + 100]
        )


def work_off(site: Site, tasks: Sequence[Task]) -> None:
    """Judge every task, leaving the person's name wherever people may write it."""
    for number, task in enumerate(tasks):
        name = name_of(number)
        if number % 3 == 1:
            speak(task, site.speakers, typed_of(number), away="away")
        if number % 5 == 1:
            notes.comment(task_id=task.id, person=site.alice, text=f"{name} rang.")
        if number % 7 == 2:
            _ask(site, task, name)
        drafts.keep(
            task_id=task.id,
            person_id=site.bob.id,
            payload_digest=task.payload_digest,
            fields={"rationale": f"{name}?"},
        )
        said = f"The papers of {name} are complete."
        if number % 3 == 0:
            edits = {"/partners/1/name": f"{name} the third"}
            decision = Decision.EDIT_AND_APPROVE
            judge(task, site.alice, decision, rationale=said, edits=edits)
        else:
            judge(task, site.alice, Decision.REJECT, rationale=said)
    while advance.advance_batch(worker="erasing").instances:
        pass


def _ask(site: Site, task: Task, name: str) -> None:
    lease = claims.claim(task_id=task.id, person=site.alice)
    parking.ask_information(
        task_id=task.id,
        person=site.alice,
        token=lease.token,
        question=f"Did {name} sign?",
        asked_of=f"{name} <{name}@example.org>",
    )
    parking.answer(task_id=task.id, answer=f"{name} did.", by=TESTER)


def erase_all(site: Site, tasks: Sequence[Task]) -> Told:
    """Hold some, erase all; return how many were erased, refused and how fast."""
    refused = erased = commitments = 0
    for number in range(0, len(tasks), HELD_EVERY):
        wish = holds.Wish(
            kind=HoldKind.CASE if number % (2 * HELD_EVERY) else HoldKind.SUBJECT,
            reason="A suit",
            instance_id=tasks[number].instance_id
            if number % (2 * HELD_EVERY)
            else None,
            subject="" if number % (2 * HELD_EVERY) else name_of(number),
        )
        holds.place(wish=wish, actor=TESTER)
    begun = time.monotonic()
    for number in range(len(tasks)):
        try:
            proposed = erasing.propose(
                subject=name_of(number), person=site.olga, reason=f"Request {number}"
            )
            done = erasing.approve(erasure_id=proposed, person=site.erik)
        except Refused as refusal:
            refused += "Legal hold" in refusal.message
            continue
        erased += done.cases
        commitments += done.commitments
    seconds = time.monotonic() - begun
    return {
        "erased": erased,
        "commitments": commitments,
        "held_and_refused": refused,
        "erasures_per_second": round(len(tasks) / seconds, 1),
    }


# --- looking ----------------------------------------------------------------------


def count_in(data: bytes, word: str) -> int:
    """Return how often a word stands in bytes, written as it is or as hex."""
    plain = word.encode()
    return data.count(plain) + data.count(plain.hex().encode())


def find_in(data: bytes, word: str, *, most: int = 5) -> list[str]:
    """Return where a word stands in a dump: its table, and some characters around."""
    found: list[str] = []
    table = b""
    for line in data.splitlines():
        if line.startswith(b"COPY "):
            table = line.split()[1]
        for sign in (word.encode(), word.encode().hex().encode()):
            if len(found) < most and (place := line.find(sign)) >= 0:
                around = line[max(0, place - 200) : place + 100]
                found.append(f"{table.decode()}: {around.decode(errors='replace')}")
    return found


def dump() -> bytes:
    """Return a dump of the whole database, as a backup would have it."""
    found = connection.settings_dict
    program = binaries.find_postgres(os.environ) / "pg_dump"
    done = subprocess.run(
        [
            str(program),
            f"--host={found['HOST'] or found['OPTIONS'].get('host', '')}",
            f"--port={found['PORT'] or 5432}",
            f"--username={found['USER']}",
            "--no-password",
            str(found["NAME"]),
        ],
        check=True,
        capture_output=True,
    )
    return done.stdout


def read_broker() -> Iterator[bytes]:
    """Give every key of the broker with its content."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    for key in broker.scan_iter(count=1000):
        yield key + (broker.dump(key) or b"")


def read_logs(folder: Path) -> Iterator[bytes]:
    """Give every log file of the run's processes."""
    for path in folder.rglob("*.log"):
        yield path.read_bytes()


def look_on_pages(site: Site, tasks: Sequence[Task], word: str) -> int:
    """Return in how many answers of search and pages a word stands."""
    found = 0
    owner = site.browser(site.erik, f"erik-{word}".lower())
    auditor = site.browser(site.dan, f"dan-{word}".lower())
    wanted = [(owner, f"{reverse('find')}?q={word}")]
    wanted += [(owner, f"{reverse('instance-list')}?q={word}")]
    wanted += [(auditor, f"{reverse('audit-search')}?q={word}")]
    wanted += [(owner, reverse("content-keeping"))]
    for task in tasks[:PAGES]:
        wanted.append((owner, reverse("task-detail", args=[task.id])))
        wanted.append((owner, reverse("instance-detail", args=[task.instance_id])))
    for browser, url in wanted:
        page = browser.get(url)
        text = page.content.decode().replace(f"q={word}", "").replace(f'"{word}"', "")
        found += word in text
    return found


def verify_bundle(tasks: Sequence[Task], word: str) -> Told:
    """Export the cases, let a stranger verify them, and look for the word in all files."""
    bundle = world.export([task.instance_id for task in tasks])
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(world.path_of(bundle)) as archive,
    ):
        archive.extractall(folder)
        (root,) = Path(folder).iterdir()
        files = [path for path in root.rglob("*") if path.is_file()]
        done = subprocess.run(
            [sys.executable, "-E", "-S", str(root / "verify.py")],
            capture_output=True,
            text=True,
            check=False,
        )
        return {
            "exported": len(tasks),
            "verifier_exit": done.returncode,
            "verifier_says_erased": done.stdout.count("content erased"),
            "in_export": sum(count_in(path.read_bytes(), word) for path in files),
        }


def erase(count: int, *, logs: Path | None = None) -> Told:
    """Do all of it; return what was counted, and whether the promise is kept."""
    site = Site()
    start(site, count)
    tasks = list(Task.objects.order_by("id"))
    work_off(site, tasks)
    before, typed = (count_in(dump(), word) for word in (GONE, f"{GONE}ova"))
    in_entries = AuditEntry.objects.filter(entry__contains=GONE).count()
    told = erase_all(site, tasks)
    keys = KeyFolder.of_settings()
    seal(folder=keys, now=database_now())
    after = dump()
    gone = [task for at, task in enumerate(tasks) if at % HELD_EVERY]
    told |= {
        "persons": count,
        "in_dump_before": before,
        "typed_in_dump_before": typed,
        "in_entries_before": in_entries,
        "in_dump": count_in(after, GONE),
        "left_in_dump": find_in(after, GONE),
        "held_in_dump": count_in(after, KEPT),
        "in_broker": sum(count_in(one, GONE) for one in read_broker()),
        "in_logs": sum(count_in(one, GONE) for one in read_logs(logs)) if logs else 0,
        "log_files": sum(1 for _ in read_logs(logs)) if logs else 0,
        "on_pages": look_on_pages(site, gone, GONE),
        **verify_bundle(gone, GONE),
        "faults_of_the_log": len(verify_log(folder=keys).faults),
    }
    held = len(range(0, count, HELD_EVERY))
    told["kept"] = (
        told["erased"] == count - held
        and told["held_and_refused"] == held
        and before > count
        and typed > count
        and in_entries == 0
        and told["held_in_dump"] > 0
        and not any(told[f"in_{place}"] for place in ("dump", "broker", "logs"))
        and not any(told[name] for name in ("on_pages", "in_export", "verifier_exit"))
        and told["verifier_says_erased"] >= len(gone)
        and told["faults_of_the_log"] == 0
    )
    return told


if __name__ == "__main__":
    logs = Path(os.environ["FAULTS_FOLDER"])
    sys.stdout.write(json.dumps(erase(int(sys.argv[1]), logs=logs)) + "\n")
