"""Fill an installation with the demonstration, once."""

from pathlib import Path
from random import Random
from typing import Final

from django.db import transaction

from review.demo import auditing, rulebook, scenes, staffing
from review.demo.actors import DEMO
from review.demo.cases import make_cases
from review.demo.cast import set_stage
from review.demo.desks import leave_desks
from review.demo.expenses import claim_expenses
from review.demo.trips import book_trips
from review.demo.walk import Walk
from review.models import Task
from review.operations.clocks import clocks
from workflows import audit
from workflows.models import AuditEntry, Instance
from workflows.operations import advance, correlation, definitions, external, timers
from workflows.store import database_now

PACKAGES: Final = Path(__file__).parent / "packages"
SEED: Final = 20_260_105
FRESH: Final = 16
"""Cases of all kinds that nobody has looked at, whatever the day and the hour."""
_DONE: Final = "demo.seeded"


def is_seeded() -> bool:
    """Say whether the demonstration stands already."""
    return AuditEntry.objects.filter(chain=audit.INSTALLATION, kind=_DONE).exists()


def seed(*, most: int | None = None) -> int:
    """Make what is missing of the demonstration; return the number of its cases.

    `most` leaves out the later ones.

    A seeding that was cut short is taken up again: cases that exist are left alone.
    """
    for folder in sorted(PACKAGES.iterdir()):
        if (folder / "package.toml").exists():
            files = definitions.load_package(folder)
            definitions.deploy(files=files, actor=DEMO)
    cast = set_stage()
    staffing.bring_staff(cast)
    two = {"by": cast.people["Mona Meyer"], "second": cast.people["Olga Okafor"]}
    rulebook.bring_in(cast.desks, **two)
    rulebook.sort_reasons(cast.desks["credit"], **two)
    now = database_now()
    rng = Random(SEED)  # noqa: S311  the same demonstration every time
    cases = make_cases(rng, today=now.date())[:most]
    known = set(Instance.objects.values_list("business_key", flat=True))
    walk = Walk(rng=rng, cast=cast, now=now)
    for number, case in enumerate(cases):
        if case.business_key not in known:
            walk.go(case, is_fresh=number < FRESH)
    _work_off()
    _hand_to_today()
    settle()
    trips = book_trips(cast, known=known, settle=settle)
    expenses = claim_expenses(cast, known=known)
    staffing.send_away(cast)
    # The scenes first: of a small demonstration they take the few cases there are.
    scenes.play_scenes(cast)
    leave_desks(cast)
    staffing.stand_in(cast)
    rulebook.propose_more_automation(
        cast.desks["invoices"], by=cast.people["Mona Meyer"]
    )
    office = cast.desks["credit"].calendar
    if office is not None:
        rulebook.propose_short_fridays(office, **two)
    rulebook.propose_a_ladder(
        cast.desks["administration"], by=cast.people["Mona Meyer"]
    )
    rulebook.watch(cast.desks["credit"], **two)
    auditing.limit_auditor(cast)
    auditing.furnish_desks(cast)
    scenes.read_notices(cast)
    _mark(len(cases) + trips + expenses)
    return len(cases) + trips + expenses


def settle() -> None:
    """Do what workers and sweepers would: calls and messages, then timers."""
    _work_off()
    while timers.fire_due():
        pass


def _work_off() -> None:
    correlation.sweep(correlation.Round())
    while advance.advance_batch(worker="seed").instances or (
        external.work_off(worker="seed")
    ):
        pass


def _hand_to_today() -> None:
    """Let the clocks of what is still open run by today's time, once."""
    live = Task.objects.filter(state__in=["OPEN", "CLAIMED"], due_at__isnull=False)
    clocks.resume_clocks(task_ids=list(live.values_list("id", flat=True)))


@transaction.atomic
def _mark(cases: int) -> None:
    draft = audit.Draft(kind=_DONE, actor=DEMO, detail={"cases": cases})
    audit.record_installation(drafts=[draft], now=database_now())
