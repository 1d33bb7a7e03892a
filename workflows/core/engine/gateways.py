"""Gateways: which way tokens go, and where they wait for each other.

BPMN 2.0, clause 13.4. When a join waits for whoever can still come is in joins.py.
"""

from workflows.core.engine.failing import fail_scope
from workflows.core.engine.listening import listen
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.states import StepState

ARRIVED = "arrived"
FAILURES = "failures"


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
            or run.variables.evaluate(flow.condition, detail, step) is True
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
    if not all(join.data[ARRIVED].get(flow) for flow in planned.node.flows_in):
        return
    surplus = {
        flow: count - 1 for flow, count in join.data[ARRIVED].items() if count > 1
    }
    fire(run, planned, join)
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


def complex_gateway(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Fire when the activation condition holds, then let latecomers run out.

    `activationCount` is the number of tokens that have come (13.4.5). Without a
    condition it joins as an inclusive gateway.
    """
    if len(planned.node.flows_in) < 2:
        run.complete(planned, step)
        return
    join = _arrive(run, planned, step)
    if planned.condition is None or join.data.get("fired"):
        return
    detail: dict[str, object] = {}
    count = sum(join.data[ARRIVED].values())
    holds = run.variables.evaluate(
        planned.condition, detail, join, activationCount=count
    )
    if holds is not True:
        return
    taken = run.choose(planned, join, detail)
    if taken is None:
        run.incident(
            join, code="NO_FLOW", message="No outgoing flow's condition holds."
        )
        return
    join.data = {**join.data, "fired": True}
    run.note(join, "step.fired", {**detail, "flows": list(taken)})
    for flow in planned.out:
        if flow.id in taken:
            run.send(flow.target, join.scope_id, flow.id)


def nobody_comes(run: Run, planned: PlanNode, join: StepRow) -> None:
    """Fire or end a join that nobody can reach any more."""
    if join.data.get("fired"):
        run.complete(planned, join, flows=())
    elif planned.condition is not None:
        run.incident(
            join,
            code="NO_ACTIVATION",
            message="No further token can come and the activation condition is not true.",
        )
    else:
        fire(run, planned, join)


def fire(run: Run, planned: PlanNode, join: StepRow) -> None:
    """Let a join go on; paths that failed for good are told or fail the block."""
    failures = join.data.get(FAILURES)
    if failures:
        block = run.plan.nodes[failures[0]["node"]].block
        if block is not None and block.policy == "wait-all":
            fail_scope(run, join, failures[0])
            return
        name = planned.node.result or FAILURES
        run.variables.assign({name: failures}, join)
    run.complete(planned, join)


def event_based(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Wait for the first of several events (13.4.4)."""
    step.state = StepState.WAITING
    run.waits(step)
    listen(run, planned, step)


def _arrive(run: Run, planned: PlanNode, step: StepRow) -> StepRow:
    """Count a token at a join: it joins the waiting step, or becomes it."""
    flow = step.data.get("flow", "")
    failed = step.data.get("failed")
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
        step.data = {ARRIVED: {flow: 1}}
        if failed:
            step.data[FAILURES] = [failed]
        run.note(step, "step.waiting", {"arrived": flow})
        return step
    arrived = dict(join.data[ARRIVED])
    arrived[flow] = arrived.get(flow, 0) + 1
    join.data = {**join.data, ARRIVED: arrived}
    if failed:
        join.data[FAILURES] = [*join.data.get(FAILURES, ()), failed]
    run.note(join, "step.joined", {"arrived": flow})
    run.absorb(step)
    return join
