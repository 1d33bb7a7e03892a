"""What each kind of node does when a token comes. How a run works is in run.py."""

from workflows.core.actors import ENGINE
from workflows.core.bpmn.graph import EventKind, NodeKind
from workflows.core.canonical import digest
from workflows.core.engine.clocks import arm_boundary_timers, arm_catch_timer
from workflows.core.engine.evaluations import fit_explanation, read_evaluations
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Behaviour, Run
from workflows.core.engine.state import Call, ChildStart, Human, StepRow
from workflows.core.feel import from_feel
from workflows.core.states import InstanceState, StepState


def pass_through(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Go on at once: none starts, manual and plain tasks, boundary events."""
    run.complete(planned, step)


def end(run: Run, planned: PlanNode, step: StepRow) -> None:
    """End a path, a scope (terminate), or throw an error at the scope."""
    node = planned.node
    if node.event is EventKind.ERROR:
        _end_in_error(run, planned, step)
        return
    if step.scope_id is None:
        run.instance.end_node_id = node.id
    if node.event is EventKind.TERMINATE:
        scope_id = step.scope_id
        run.close(step, StepState.COMPLETED)
        run.note(step, "step.completed")
        run.end_scope(scope_id, node_id=node.id)
        return
    run.complete(planned, step, flows=())


def _end_in_error(run: Run, planned: PlanNode, step: StepRow) -> None:
    code = planned.node.error_code
    message = planned.node.name or f"The process ended with error {code}."
    run.note(step, "step.error_thrown", {"code": code})
    if not run.throw(step, code=code, message=message):
        run.close(step, StepState.COMPLETED)
        run.instance.end_node_id = planned.node.id
        run.finish(
            InstanceState.FAILED,
            detail={"end": planned.node.id, "code": code, "message": message},
            actor=ENGINE,
        )


def catch(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Wait for a moment or a message."""
    step.state = StepState.WAITING
    if planned.node.event is EventKind.TIMER and not arm_catch_timer(
        run, planned, step
    ):
        return
    run.waits(step)


def service(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Call a handler: here and now, or by a worker outside the transaction."""
    facts = planned.handler
    if facts is None:
        run.incident(
            step,
            code="NO_HANDLER",
            message=f"No handler is registered for {planned.node.handler!r}.",
        )
        return
    step.state = StepState.READY
    step.external = facts.external
    if facts.external:
        step.run_at = run.now
        run.note(step, "step.ready")
        arm_boundary_timers(run, planned, step)
    else:
        step.attempt += 1
        run.calls.append(
            Call(step=step, node=planned.node, inputs=run.variables.inputs(planned))
        )


def user(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Ask for a person's work."""
    step.state = StepState.WAITING
    run.humans.append(
        Human(step=step, node=planned.node, variables=run.variables.inputs(planned))
    )
    arm_boundary_timers(run, planned, step)


def business_rule(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Evaluate a decision over the step's inputs; its trace goes into the entry."""
    if planned.decide is None:
        service(run, planned, step)
        return
    inputs = run.variables.inputs(planned)
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
    _keep_value(run, planned, value, detail)
    run.complete(planned, step, detail)


def script(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Evaluate a FEEL script."""
    detail: dict[str, object] = {}
    value: object = None
    if planned.script is not None:
        value = from_feel(run.variables.evaluate(planned.script, detail))
        detail["output"] = digest(value)
    _keep_value(run, planned, value, detail)
    run.complete(planned, step, detail)


def _keep_value(
    run: Run, planned: PlanNode, value: object, detail: dict[str, object]
) -> None:
    name = planned.node.result or planned.node.id
    if planned.outputs:
        run.variables.keep_output(planned, {name: value}, detail)
    else:
        run.variables.assign({name: value})


def exclusive(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Take the first flow whose condition is true, else the default."""
    if not planned.conditional:
        run.complete(planned, step)
        return
    detail: dict[str, object] = {}
    for flow in planned.out:
        if flow is planned.default:
            continue
        if (
            flow.condition is None
            or run.variables.evaluate(flow.condition, detail) is True
        ):
            run.complete(planned, step, detail, flows=(flow.id,))
            return
    if planned.default is not None:
        run.complete(planned, step, detail, flows=(planned.default.id,))
        return
    run.incident(
        step,
        code="NO_FLOW",
        message="No outgoing flow's condition is true and there is no default flow.",
    )


def parallel(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Wait for one token from every incoming flow, then take all outgoing flows."""
    if len(planned.node.flows_in) < 2:
        run.complete(planned, step)
        return
    join = _arrive(run, planned, step)
    if all(join.data["arrived"].get(flow) for flow in planned.node.flows_in):
        surplus = {
            flow: count - 1 for flow, count in join.data["arrived"].items() if count > 1
        }
        run.complete(planned, join)
        for flow, count in surplus.items():
            for _ in range(count):
                run.send(planned.node.id, join.scope_id, flow)


def inclusive(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Wait for every token that can still come; take every flow that holds.

    Whether somebody can still come is asked when all other tokens are parked.
    """
    if len(planned.node.flows_in) < 2:
        run.complete(planned, step)
        return
    _arrive(run, planned, step)


def _arrive(run: Run, planned: PlanNode, step: StepRow) -> StepRow:
    """Count a token at a join: it joins the waiting step, or becomes it."""
    flow = step.data.get("flow", "")
    join = next(
        (
            other
            for other in run.live.values()
            if other.node_id == planned.node.id
            and other.scope_id == step.scope_id
            and other is not step
            and other.state is StepState.WAITING
        ),
        None,
    )
    if join is None:
        step.state = StepState.WAITING
        step.run_at = None
        step.data = {"arrived": {flow: 1}}
        run.note(step, "step.waiting", {"arrived": flow})
        return step
    arrived = dict(join.data["arrived"])
    arrived[flow] = arrived.get(flow, 0) + 1
    join.data = {"arrived": arrived}
    run.note(join, "step.joined", {"arrived": flow})
    run.absorb(step)
    return join


def sub_process(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Open a scope and start inside it."""
    step.state = StepState.WAITING
    run.note(step, "step.waiting")
    start = run.plan.start(scope=planned.node.id)
    if start is None:
        run.incident(
            step, code="NO_START", message="The sub-process has no none start event."
        )
        return
    arm_boundary_timers(run, planned, step)
    run.send(start.node.id, step.id)


def call_activity(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Start another process and wait for its end."""
    step.state = StepState.WAITING
    run.note(step, "step.waiting", {"called": planned.node.called})
    run.changes.children.append(
        ChildStart(
            step_id=step.id,
            called=planned.node.called,
            version=planned.node.properties.get("version", ""),
            variables=dict(run.variables.inputs(planned)),
        )
    )
    arm_boundary_timers(run, planned, step)


BEHAVIOURS: dict[NodeKind, Behaviour] = {
    NodeKind.START_EVENT: pass_through,
    NodeKind.END_EVENT: end,
    NodeKind.INTERMEDIATE_CATCH_EVENT: catch,
    NodeKind.INTERMEDIATE_THROW_EVENT: pass_through,
    NodeKind.BOUNDARY_EVENT: pass_through,
    NodeKind.TASK: pass_through,
    NodeKind.MANUAL_TASK: pass_through,
    NodeKind.USER_TASK: user,
    NodeKind.SERVICE_TASK: service,
    NodeKind.BUSINESS_RULE_TASK: business_rule,
    NodeKind.SCRIPT_TASK: script,
    NodeKind.EXCLUSIVE_GATEWAY: exclusive,
    NodeKind.PARALLEL_GATEWAY: parallel,
    NodeKind.INCLUSIVE_GATEWAY: inclusive,
    NodeKind.SUB_PROCESS: sub_process,
    NodeKind.CALL_ACTIVITY: call_activity,
}
