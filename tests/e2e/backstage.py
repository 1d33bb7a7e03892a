"""A program that stays beside the site and lets cases arrive and clocks be looked at.

`-m tests.e2e.backstage` reads one JSON object per line and answers each with one. A
program of its own, since the tests' process has another database and no time to start
Django for every wish.
"""

import base64
import dataclasses
import datetime as dt
import json
import os
import sys
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import tests.factories.handlers  # noqa: E402, F401  registers the handlers
from review.core.changes import ChangeKind  # noqa: E402
from review.core.evidence.sampling import Method  # noqa: E402
from review.core.evidence.selections import Selection  # noqa: E402
from review.core.figures.alerting import Bounds, Comparison  # noqa: E402
from review.core.incident_orders import OrderAct  # noqa: E402
from review.core.interventions import Act  # noqa: E402
from review.core.states import Decision, PolicyKind  # noqa: E402
from review.core.stops import StopKind, Target  # noqa: E402
from review.models import Person, Queue, Task  # noqa: E402
from review.operations import queues  # noqa: E402
from review.operations.definitions import definition_changes, definition_drafts  # noqa: E402
from review.operations.evidence import building, bundles, control_orders, samples  # noqa: E402
from review.operations.evidence.control_runs import run_controls  # noqa: E402
from review.operations.figures import alerts, watch_sweep  # noqa: E402
from review.operations.instances import approvals, incident_orders  # noqa: E402
from review.operations.instances.acts import Wish  # noqa: E402
from review.operations.people import delegations, emergencies  # noqa: E402
from review.operations.policies import policies  # noqa: E402
from review.operations.queues import QueueRules  # noqa: E402
from review.operations.stops import stopping  # noqa: E402
from review.operations.tasks import batches  # noqa: E402
from tests.e2e import stage  # noqa: E402
from tests.factories.alerts import bring_rule  # noqa: E402
from tests.factories.processes import (  # noqa: E402
    TESTER,
    chain,
    flow,
    package,
    process,
)
from tests.unit.review.test_sources import PDF, PNG  # noqa: E402
from workflows.models import Definition  # noqa: E402
from workflows.operations import definitions, instances  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.store import database_now  # noqa: E402
from workflows.sweeper import sweep  # noqa: E402

KEY: Final = "day"
QUORUMS: Final = {"one": "one", "two": "dual", "both": "dual parallel"}
# As they are numbered on the page: by the order of the decisions, then by label.
# Two more, of the whole installation, stand first: documents-missing and misread.
REASONS: Final = (
    ("identity", Decision.REJECT),
    ("income", Decision.REJECT),
    ("papers", Decision.REJECT),
    ("purpose", Decision.REJECT),
    ("outdated", Decision.EDIT_AND_APPROVE),
    ("rounded", Decision.EDIT_AND_APPROVE),
    ("too-large", Decision.ESCALATE),
)
TEXT: Final = "Invoice {name}\nTotal due: 1210.00\n"
WHY: Final = "The desk asked for it in its meeting."


def _user_task(name: str, quorum: str) -> str:
    return (
        f'<userTask id="{name}" name="Look" cs:queue="{KEY}" cs:sla="PT8H"'
        f' cs:ladder="100%: escalate" cs:escalate_to="night" cs:proposal="proposal"'
        f' cs:quorum="{quorum}" cs:title=\'"Look at " + name\'/>'
    )


def build() -> None:
    """Make two queues as a day has them, their reasons, and the process."""
    queues.define_queue(key="night", name="Night desk", actor=TESTER)
    queues.define_queue(
        key=KEY, name="Day desk", actor=TESTER, rules=QueueRules(undo_seconds=30)
    )
    day = Queue.objects.get(key=KEY)
    for code, decision in REASONS:
        queues.define_reason_code(
            code=code,
            label=code.capitalize(),
            decision=decision,
            actor=TESTER,
            queue=day,
            policy_text=f"What {code} means.",
        )
    model = process(
        '<startEvent id="start"/><exclusiveGateway id="how" default="how-one"/>'
        '<exclusiveGateway id="join"/><endEvent id="end"/>'
        + "".join(_user_task(name, word) for name, word in QUORUMS.items())
        + flow("start", "how")
        + "".join(
            flow("how", name, condition="" if name == "one" else f'how = "{name}"')
            + flow(name, "join")
            for name in QUORUMS
        )
        + chain("join", "end")
    )
    model = model.replace("<process ", '<process cs:sla="P5D" ', 1)
    definitions.deploy(files=package(model, key=KEY), actor=TESTER)


def start(
    names: list[str],
    *,
    how: str = "one",
    action: str = "approve",
    has_files: bool = False,
) -> dict[str, Any]:
    """Start a case for each name; return their tasks' numbers."""
    files = [_file("scan.png", PNG), _file("letter.pdf", PDF)] if has_files else []
    found = instances.start_and_advance(
        definition_id=Definition.objects.get(key=KEY).id,
        starts=[
            Start(
                variables={
                    "name": name,
                    "how": how,
                    "employer": "Noordzee Transport",
                    "proposal": {"action": action, "employer": "Noordzee Logistics"},
                    "documents": [
                        {"id": "d1", "name": "i.txt", "text": TEXT.format(name=name)},
                        *files,
                    ],
                },
                initiator=TESTER,
                business_key=name,
            )
            for name in names
        ],
    )
    tasks = dict(
        Task.objects.filter(instance_id__in=found).values_list("instance_id", "id")
    )
    return {"tasks": [tasks[each] for each in found]}


def start_sure(*, confidence: str) -> dict[str, Any]:
    """Start a case that its queue's grid passes if it is sure enough; return its task."""
    queue = Queue.objects.filter(key="sure").first()
    if queue is None:
        queue = queues.define_queue(key="sure", name="Sure desk", actor=TESTER)
        carol, olga = (Person.objects.get(name=name) for name in ("Carol", "Olga"))
        sure = {"confidence": ">= 0.9", "control": "auto"}
        proposed = policies.propose(
            queue_id=queue.id,
            kind=PolicyKind.GRID,
            body={"rows": [sure, {"control": "review"}]},
            reason=WHY,
            person=carol,
        )
        policies.approve(policy_id=proposed.id, person=olga)
        step = '<userTask id="look" name="Look" cs:queue="sure"/>'
        model = process(
            f'<startEvent id="s"/>{step}<endEvent id="e"/>' + chain("s", "look", "e")
        )
        definitions.deploy(files=package(model, key="sure"), actor=TESTER)
    wish = Start(
        variables={"confidence": Decimal(confidence), "amount": 5}, initiator=TESTER
    )
    (case,) = instances.start_and_advance(
        definition_id=Definition.objects.get(key="sure").id, starts=[wish]
    )
    return {"task": Task.objects.get(instance_id=case).id}


def _file(name: str, data: bytes) -> dict[str, str]:
    return {"id": name, "name": name, "data": base64.b64encode(data).decode()}


def furnish() -> dict[str, Any]:
    """Make one of everything that has a page of its own; return where each is."""
    people = {each.name: each for each in Person.objects.all()}
    tasks = start(["Files", "Alike 1", "Alike 2", "Alike 3"], has_files=True)["tasks"]
    night = Queue.objects.get(key="night")
    hours = {str(day): [["09:00", "17:00"]] for day in range(5)}
    queues.define_calendar(
        key="office", name="Office", zone="UTC", hours=hours, actor=TESTER
    )
    policy = _propose_grids(night, people["Carol"])
    _rule_clocks(night)
    batch = batches.make_batch(
        queue=Queue.objects.get(key=KEY),
        person=people["Alice"],
        task_ids=tasks[1:],
        decision=Decision.APPROVE,
    )
    instance_id = Task.objects.get(id=tasks[1]).instance_id
    approval = approvals.propose(
        person=people["Olga"],
        wish=Wish(act=Act.CANCEL, instance_id=instance_id, reason=WHY),
    )
    later = database_now() + dt.timedelta(days=30)
    delegations.delegate(
        giver=people["Bob"],
        taker=people["Carol"],
        starts_at=later,
        ends_at=later + dt.timedelta(days=1),
        reason=WHY,
    )
    emergencies.break_glass(person=people["Olga"], queue=night, reason=WHY)
    sample = samples.draw_sample(
        person=people["Dan"],
        wanted=samples.Wanted(
            title="Furnished", method=Method.DISCOVERY, seed="1", facets={}
        ),
    )
    run = run_controls(person=people["Dan"], title="Furnished", facets={})
    return {
        **_order(people["Dan"], people["Olga"], instance_id),
        "sample": sample.id,
        "control_run": run.id,
        "control_order": _order_tests(people["Dan"]),
        "files_task": tasks[0],
        "clocked_instance": str(instance_id),
        "policy": policy,
        **_oversee(people["Olga"], people["Carol"]),
        "batch": batch.id,
        "approval": approval,
        "change": _propose_version(people["Olga"]),
        "person": people["Alice"].id,
    }


def _propose_grids(queue: Queue, person: Person) -> int:
    """Give a queue its grid, and a change of it that waits; return the change."""
    everything = {"control": "review", "note": "Everything."}
    grid: dict[str, Any] = {"inputs": [], "rows": [everything]}
    first, second = (
        policies.propose(
            queue_id=queue.id,
            kind=PolicyKind.GRID,
            body={
                **grid,
                "rows": [{"impact": impact, "control": "dual"}, *grid["rows"]],
            },
            reason=WHY,
            person=who,
        )
        for who, impact in ((None, "> 10000"), (person, "> 5000"))
    )
    assert first.version < second.version
    return second.id


def _rule_clocks(queue: Queue) -> None:
    """Give a queue its clocks and its ladder."""
    bodies: dict[PolicyKind, dict[str, Any]] = {
        PolicyKind.CLOCKS: {"rows": [{"class": "A", "goal": "PT4H", "warn": "75%"}]},
        PolicyKind.LADDER: {"words": "75%: notify owner, raise; 100%: escalate"},
    }
    for kind, body in bodies.items():
        policies.propose(
            queue_id=queue.id, kind=kind, body=body, reason=WHY, person=None
        )


def _oversee(owner: Person, manager: Person) -> dict[str, int]:
    return {"stop": _stop(owner), **_watch(owner, manager)}


def _watch(owner: Person, manager: Person) -> dict[str, int]:
    """Bring an objective into force, an alert out of bounds, and a change of it."""
    night = Queue.objects.get(key="night")
    body = {"rows": [{"name": "in-time", "share": "95", "within": "PT8H"}]}
    proposed = policies.propose(
        queue_id=night.id,
        kind=PolicyKind.OBJECTIVES,
        body=body,
        reason=WHY,
        person=manager,
    )
    policies.approve(policy_id=proposed.id, person=owner)
    wanted = alerts.Wanted(
        name="Much to do",
        figure="wip",
        bounds=Bounds(Comparison.ABOVE, Decimal(1), Decimal(0)),
        period=dt.timedelta(days=1),
    )
    rule = bring_rule(wanted=wanted, by=manager, then=owner)
    watch_sweep.evaluate_due()
    changed = dataclasses.replace(wanted, note="Call the desk.")
    change = alerts.propose(wanted=changed, person=manager, reason=WHY, rule_id=rule.id)
    return {"alert": rule.id, "alert_change": change.id}


def _stop(owner: Person) -> int:
    """Stop what a queue's grid decides alone; it decides nothing alone anyway."""
    target = Target(kind=StopKind.CELL, queue="night")
    day = dt.timedelta(days=1)
    stop = stopping.place(person=owner, target=target, lasting=day, reason=WHY)
    return stop.id


def _propose_version(owner: Person) -> int:
    """Begin a draft of the desk's process and propose it; the draft goes on.

    It gets the loans' decision table then, to be edited.
    """
    draft = definition_drafts.begin(key="screens", person=owner)
    change = definition_changes.propose(
        person=owner,
        wish=definition_changes.Wish(
            kind=ChangeKind.DEPLOY,
            key="screens",
            reason=WHY,
            revision=draft.revision,
        ),
    )
    grid = stage.PACKAGES / "loan-approval" / "credit-grid.dmn"
    definition_drafts.save(
        key="screens",
        revision=draft.revision,
        files={grid.name: grid.read_bytes()},
        person=owner,
        what="Uploaded",
    )
    return change.id


def _order(auditor: Person, owner: Person, instance_id: UUID) -> dict[str, int]:
    """Order a bundle of one case, and an act on an incident that is not there."""
    selection = Selection(kind="case", title="Furnished", cases=(instance_id,))
    refused = incident_orders.place(
        person=owner,
        act=OrderAct.RETRY,
        incidents=[(10**9, instance_id)],
        title="Furnished",
        reason=WHY,
    )
    return {
        "bundle": bundles.order_bundle(selection=selection, doer=auditor),
        "incident_order": refused.pk,
    }


def _order_tests(auditor: Person) -> int:
    """Order tests of the controls of all cases, which no worker runs here."""
    selection = Selection(kind="query", title="Waiting")
    return control_orders.order(person=auditor, selection=selection).pk


def main() -> None:
    """Build once, then do what each line asks for."""
    build()
    say({})
    for line in sys.stdin:
        wish = json.loads(line)
        match wish.pop("do"):
            case "start":
                say(start(**wish))
            case "start_case":
                stage.start_one()
                say({})
            case "start_loan":
                say({"instance": stage.start_loan()})
            case "set_rules":
                stage.set_rules(**wish)
                say({})
            case "furnish":
                say(furnish())
            case "start_sure":
                say(start_sure(**wish))
            case "build":
                say({"bundles": building.drain(seconds=60)})
            case "sweep":
                say({"timers": sweep().timers})
            case unknown:
                raise ValueError(f"Nobody knows how to do {unknown!r}.")


def say(answer: dict[str, Any]) -> None:
    """Answer one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
