"""Tasks, sub-processes and call activities: what is done, by whom (clause 13.3)."""

from collections.abc import Mapping
from typing import NamedTuple

from workflows.core.canonical import digest
from workflows.core.engine import compensation
from workflows.core.engine.evaluations import fit_explanation, read_evaluations
from workflows.core.engine.listening import listen
from workflows.core.engine.plan import HandlerFacts, PlanNode
from workflows.core.engine.run import Run
from workflows.core.engine.state import Call, ChildStart, Human, StepRow
from workflows.core.engine.throwing import throw_message
from workflows.core.feel import from_feel
from workflows.core.states import StepState

EVENT = "event"
TODO = "todo"
BEGIN = "begin"
"""In a sub-process's data: the nodes, outermost first, that a person moved to."""


class Work(NamedTuple):
    """What a service step has a handler do."""

    handler: str
    version: str
    facts: HandlerFacts | None
    inputs: Mapping[str, object]


def work_of(run: Run, planned: PlanNode, step: StepRow) -> Work:
    """Return the work of a service step; one that compensates has another handler's."""
    node = planned.node
    gave = step.data.get(compensation.GAVE)
    if gave is not None and planned.handler is not None:
        return Work(planned.handler.compensation, "", planned.undo, gave)
    inputs = run.variables.inputs(planned, step)
    return Work(node.handler, node.handler_version, planned.handler, inputs)


def pass_through(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Go on at once: manual and plain tasks."""
    run.complete(planned, step)


def service(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Call a handler: here and now, or by a worker outside the transaction."""
    work = work_of(run, planned, step)
    if work.facts is None:
        run.incident(
            step,
            code="NO_HANDLER",
            message=f"No handler is registered for {work.handler!r}.",
        )
        return
    step.state = StepState.READY
    step.external = work.facts.external
    if step.external:
        step.run_at = run.now
        run.note(step, "step.ready")
        listen(run, planned, step)
    else:
        step.attempt += 1
        run.calls.append(
            Call(
                step=step,
                handler=work.handler,
                version=work.version,
                inputs=work.inputs,
            )
        )


def send(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Send a message: by a handler if one is named, else to whoever waits for it."""
    if planned.node.handler:
        service(run, planned, step)
        return
    throw_message(run, planned, step)
    run.complete(planned, step, {"message": planned.node.message})


def user(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Ask for a person's work."""
    step.state = StepState.WAITING
    inputs = run.variables.inputs(planned, step)
    run.humans.append(Human(step=step, node=planned.node, variables=inputs))
    listen(run, planned, step)


def business_rule(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Evaluate a decision over the step's inputs; its trace goes into the entry."""
    if planned.decide is None:
        service(run, planned, step)
        return
    inputs = run.variables.inputs(planned, step)
    decided = planned.decide(inputs)
    value = from_feel(decided.value)
    detail: dict[str, object] = {"decision": planned.node.decision}
    if decided.messages:
        detail["messages"] = [text[:300] for text in decided.messages[:20]]
    detail["output"] = digest(value)
    if decided.explanation is not None:
        explanation = decided.explanation.to_json()
        run.changes.evaluations.extend(read_evaluations(step.id, explanation))
        detail["explanation"] = fit_explanation(explanation)
    _keep_value(run, planned, step, value=value, detail=detail)
    run.complete(planned, step, detail)


def script(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Evaluate a FEEL script."""
    detail: dict[str, object] = {}
    value: object = None
    if planned.script is not None:
        value = from_feel(run.variables.evaluate(planned.script, detail, step))
        detail["output"] = digest(value)
    _keep_value(run, planned, step, value=value, detail=detail)
    run.complete(planned, step, detail)


def sub_process(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Open a scope and begin inside it."""
    step.state = StepState.WAITING
    if planned.inputs:
        run.variables.hold(step, run.variables.inputs(planned, step))
    run.note(step, "step.waiting")
    event = step.data.get(EVENT)
    if event is not None:
        run.send(event, step.id, data={"came": step.data.get("detail", {})})
        return
    begin = step.data.get(BEGIN)
    if begin:
        listen(run, planned, step)
        rest = {BEGIN: begin[1:]} if begin[1:] else None
        run.send(begin[0], step.id, data=rest)
        return
    entries = run.plan.entries(planned.node.id)
    if not entries:
        run.incident(
            step, code="NO_START", message="The sub-process has nowhere to begin."
        )
        return
    listen(run, planned, step)
    for entry in entries:
        run.send(entry.node.id, step.id)


def ad_hoc(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Open an ad-hoc sub-process: its activities begin in no drawn order (13.3.5)."""
    step.state = StepState.WAITING
    if planned.inputs:
        run.variables.hold(step, run.variables.inputs(planned, step))
    known = [entry.node.id for entry in run.plan.entries(planned.node.id)]
    chosen: object = known
    if planned.start is not None:
        chosen = from_feel(run.variables.evaluate(planned.start, {}, step))
    if not isinstance(chosen, list) or any(name not in known for name in chosen):
        run.incident(
            step,
            code="BAD_START",
            message=f"cs:start gave {chosen!r}; it must list some of {known}."[:500],
        )
        return
    run.note(step, "step.waiting", {"activities": chosen})
    listen(run, planned, step)
    spec = planned.node.ad_hoc
    if spec is not None and spec.sequential:
        step.data[TODO] = chosen[1:]
        chosen = chosen[:1]
    for name in chosen:
        run.send(name, step.id)


def ad_hoc_went_on(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Look whether an ad-hoc sub-process is complete after something in it ended."""
    spec = planned.node.ad_hoc
    if spec is None or planned.condition is None or step.state is not StepState.WAITING:
        return
    detail: dict[str, object] = {}
    if run.variables.evaluate(planned.condition, detail, step) is not True:
        return
    if spec.cancel_remaining:
        run.clear_scope(step.id, "completion condition")
        end_scope(run, planned, step)
    else:
        step.data[TODO] = []
        step.data["closing"] = True
        run.keep(step)


def ad_hoc_empty(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Begin the next activity of a sequential one; else end, or wait for a person."""
    todo = step.data.get(TODO)
    if todo:
        step.data = {**step.data, TODO: todo[1:]}
        run.keep(step)
        run.send(todo[0], step.id)
    elif planned.condition is None or step.data.get("closing"):
        end_scope(run, planned, step)


def end_scope(run: Run, planned: PlanNode, step: StepRow) -> None:
    """End a sub-process; its output mappings see its own variables."""
    detail: dict[str, object] = {}
    values = {
        mapping.target: from_feel(run.variables.evaluate(mapping.source, detail, step))
        for mapping in planned.outputs
    }
    run.variables.assign(values, run.scope_of(step))
    run.complete(planned, step, detail)


def call_activity(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Start another process and wait for its end."""
    step.state = StepState.WAITING
    run.note(step, "step.waiting", {"called": planned.node.called})
    run.changes.children.append(
        ChildStart(
            step_id=step.id,
            called=planned.node.called,
            version=planned.node.properties.get("version", ""),
            variables=dict(run.variables.inputs(planned, step)),
            binding=planned.node.binding,
        )
    )
    listen(run, planned, step)


def _keep_value(
    run: Run,
    planned: PlanNode,
    step: StepRow,
    *,
    value: object,
    detail: dict[str, object],
) -> None:
    name = planned.node.result or planned.node.id
    if planned.outputs:
        run.variables.keep_output(planned, {name: value}, detail, at=step)
    else:
        run.variables.assign({name: value}, step)
