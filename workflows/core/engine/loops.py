"""Activities that repeat: multi-instance and standard loops (BPMN 2.0, 13.3.6, 13.3.7).

Such an activity has one *body* step, on which its boundary events hang, and one step
per iteration inside it. What the body keeps in `data["loop"]`: `n` iterations in all
(absent for a standard loop), `next` to begin, `done` ended, `out` what they gave,
`items` still needed by a sequential one, `failures` of those that failed for good.
"""

from collections.abc import Mapping
from typing import Any

from workflows.core.bpmn.graph import FailurePolicy, LoopKind
from workflows.core.engine.failing import fail_scope
from workflows.core.engine.gateways import FAILURES
from workflows.core.engine.listening import listen
from workflows.core.engine.plan import PlanLoop, PlanNode
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.variables import INDEX, ISOLATES, VARS
from workflows.core.feel import from_feel
from workflows.core.states import StepState

LOOP = "loop"
MAX_ITERATIONS = 10_000


def open_body(run: Run, planned: PlanNode, body: StepRow, loop: PlanLoop) -> None:
    """Begin an activity that repeats: how often, over what."""
    detail: dict[str, object] = {}
    items: list[Any] | None = None
    count: int | None = None
    if loop.spec.kind is not LoopKind.STANDARD:
        items, count = _how_often(run, body, loop, detail)
        if count is None or count > MAX_ITERATIONS:
            run.incident(
                body,
                code="BAD_LOOP",
                message=(
                    "The collection is no list, or the cardinality no whole number"
                    f" from 0 to {MAX_ITERATIONS:,}."
                ),
            )
            return
        detail["iterations"] = count
    body.state = StepState.WAITING
    data: dict[str, Any] = {"next": 0, "done": 0}
    if count is not None:
        data["n"] = count
        data["out"] = [None] * count if loop.spec.output_collection else []
    if items is not None and loop.spec.kind is LoopKind.SEQUENTIAL:
        data["items"] = items
    body.data = {**body.data, LOOP: data}
    run.note(body, "step.waiting", detail)
    listen(run, planned, body)
    _begin(run, planned, body, items)


def iteration_ended(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Count an iteration that has ended and go on: another one, or the end of all."""
    body = run.scope_of(step)
    loop = planned.loop
    if body is None or loop is None or LOOP not in body.data:
        return
    data = dict(body.data[LOOP])
    data["done"] += 1
    data["out"] = _collected(run, step, body, loop)
    body.data = {**body.data, LOOP: data}
    run.keep(body)
    detail: dict[str, object] = {}
    if loop.spec.kind is LoopKind.STANDARD:
        if _goes_round(run, body, loop, detail):
            _send(run, planned, body, loop, index=data["next"], item=None)
        else:
            _end(run, planned, body, detail)
        return
    if _is_complete(run, body, loop, detail):
        run.clear_scope(body.id, "completion condition")
        _end(run, planned, body, detail)
    elif data["done"] >= data["n"]:
        _end(run, planned, body, detail)
    elif loop.spec.kind is LoopKind.SEQUENTIAL:
        index = data["next"]
        items = data.get("items")
        _send(run, planned, body, loop, index=index, item=_item(items, index))


def _how_often(
    run: Run, body: StepRow, loop: PlanLoop, detail: dict[str, object]
) -> tuple[list[Any] | None, int | None]:
    if loop.collection is not None:
        items = from_feel(run.variables.evaluate(loop.collection, detail, body))
        if not isinstance(items, list):
            return None, None
        return items, len(items)
    if loop.cardinality is None:
        return None, None
    number = from_feel(run.variables.evaluate(loop.cardinality, detail, body))
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        return None, None
    return None, number


def _begin(run: Run, planned: PlanNode, body: StepRow, items: list[Any] | None) -> None:
    loop = planned.loop
    if loop is None:
        return
    data = body.data[LOOP]
    detail: dict[str, object] = {}
    match loop.spec.kind:
        case LoopKind.STANDARD:
            if loop.spec.test_before and not _goes_round(run, body, loop, detail):
                _end(run, planned, body, detail)
            else:
                _send(run, planned, body, loop, index=0, item=None)
        case _ if data["n"] == 0:
            _end(run, planned, body, detail)
        case LoopKind.SEQUENTIAL:
            _send(run, planned, body, loop, index=0, item=_item(items, 0))
        case LoopKind.PARALLEL:
            for index in range(data["n"]):
                _send(run, planned, body, loop, index=index, item=_item(items, index))


def _item(items: list[Any] | None, index: int) -> Any:
    return items[index] if items is not None else None


def _send(
    run: Run, planned: PlanNode, body: StepRow, loop: PlanLoop, *, index: int, item: Any
) -> None:
    own: dict[str, Any] = {"loopCounter": index + 1}
    if loop.spec.element:
        own[loop.spec.element] = item
    body.data[LOOP] = {**body.data[LOOP], "next": index + 1}
    run.keep(body)
    data: dict[str, Any] = {INDEX: index, VARS: own}
    if loop.spec.kind is not LoopKind.STANDARD:
        data[ISOLATES] = True
    run.send(planned.node.id, body.id, data=data)


def _collected(run: Run, step: StepRow, body: StepRow, loop: PlanLoop) -> list[Any]:
    """Return what the iterations gave so far, that of one more with it."""
    out: list[Any] = list(body.data[LOOP].get("out", ()))
    if step.state is StepState.COMPLETED and loop.spec.output_collection:
        value: object = None
        if loop.output_element is not None:
            # The step has left the live ones: its own variables lie over the body's.
            own = step.data.get(VARS, {})
            found = run.variables.evaluate(loop.output_element, {}, body, **own)
            value = from_feel(found)
        out[step.data[INDEX]] = value
    return out


def _numbers(run: Run, body: StepRow) -> Mapping[str, object]:
    """Return the attributes of a running loop (BPMN 2.0, table 10.30)."""
    data = body.data[LOOP]
    failed = len(data.get(FAILURES, ()))
    active = len(run.inside(body.id))
    numbers = {
        "loopCounter": data["next"],
        "numberOfInstances": data.get("n", data["next"]),
        "numberOfActiveInstances": active,
        "numberOfCompletedInstances": data["done"] - failed,
        "numberOfTerminatedInstances": failed,
    }
    return {
        **numbers,
        # As other engines' models call them.
        "nrOfInstances": numbers["numberOfInstances"],
        "nrOfActiveInstances": active,
        "nrOfCompletedInstances": numbers["numberOfCompletedInstances"],
    }


def _is_complete(
    run: Run, body: StepRow, loop: PlanLoop, detail: dict[str, object]
) -> bool:
    if loop.condition is None:
        return False
    numbers = _numbers(run, body)
    return run.variables.evaluate(loop.condition, detail, body, **numbers) is True


def _goes_round(
    run: Run, body: StepRow, loop: PlanLoop, detail: dict[str, object]
) -> bool:
    rounds = body.data[LOOP]["next"]
    limit = loop.spec.maximum or MAX_ITERATIONS
    if rounds >= limit:
        return False
    if loop.condition is None:
        return True
    numbers = _numbers(run, body)
    return run.variables.evaluate(loop.condition, detail, body, **numbers) is True


def _end(run: Run, planned: PlanNode, body: StepRow, detail: dict[str, object]) -> None:
    """End the body; failures of iterations fail it, or are told in a variable."""
    data = body.data[LOOP]
    failures = data.get(FAILURES)
    if failures and planned.node.on_failure is FailurePolicy.WAIT_ALL:
        fail_scope(run, body, failures[0])
        return
    scope = run.scope_of(body)
    if failures:
        run.variables.assign({FAILURES: failures}, scope)
    collection = planned.loop.spec.output_collection if planned.loop else ""
    if collection:
        run.variables.assign({collection: data["out"]}, scope)
    run.complete(planned, body, {**detail, "iterations": data["done"]})
