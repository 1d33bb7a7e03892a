"""Steps that failed for good: the drawn fallback, the block's policy, an incident."""

from typing import Any

from workflows.core.actors import ENGINE
from workflows.core.bpmn.blocks import Block
from workflows.core.bpmn.graph import FailurePolicy
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow
from workflows.core.engine.throwing import throw_error
from workflows.core.engine.variables import INDEX
from workflows.core.states import InstanceState

FAILURE = "cs.failure"
TIMEOUT = "cs.timeout"
CIRCUIT = "cs.circuit"


def give_up(run: Run, step: StepRow, *, code: str, message: str) -> None:
    """Let a step that cannot be done fail.

    A boundary event that names a reserved code takes over; else the policy of the
    parallel block that the step is in; else the step waits for a person.
    """
    wanted: tuple[str, ...] = (FAILURE,)
    if code in ("TimeoutError", TIMEOUT):
        wanted = (TIMEOUT, FAILURE)
    elif code == CIRCUIT:
        wanted = (CIRCUIT, FAILURE)
    for reserved in wanted:
        if throw_error(run, step, code=reserved, message=message):
            return
    if not fail_path(run, step, code=code, message=message):
        run.incident(step, code=code, message=message)


def fail_path(run: Run, step: StepRow, *, code: str, message: str) -> bool:
    """Apply the policy of the innermost block around a step; False without one."""
    at: StepRow | None = step
    while at is not None:
        planned = run.plan.nodes[at.node_id]
        failure = {"node": at.node_id, "code": code, "message": message[:500]}
        if INDEX in at.data and planned.node.on_failure is not None:
            _fail_iteration(run, at, planned.node.on_failure, failure)
            return True
        if INDEX not in at.data and planned.block is not None:
            _fail_in_block(run, at, planned.block, failure)
            return True
        at = run.scope_of(at)
    return False


def fail_scope(
    run: Run, step: StepRow, failure: dict[str, Any], *, outside: bool = False
) -> None:
    """Let the scope around a step fail: an error that is caught, or the end."""
    message = str(failure["message"])
    for code in (str(failure["code"]), FAILURE):
        if throw_error(run, step, code=code, message=message, outside=outside):
            return
    code = str(failure["code"])
    run.finish(
        InstanceState.FAILED,
        detail={"code": code, "message": message, "node": failure["node"]},
        actor=ENGINE,
    )


def _fail_in_block(
    run: Run, step: StepRow, block: Block, failure: dict[str, Any]
) -> None:
    if block.policy is FailurePolicy.FAIL_ALL:
        nodes = (*block.entries, block.join)
        for other in run.inside(step.scope_id):
            if other is not step and other.node_id in nodes:
                run.cancel(other, f"{step.node_id} failed")
        run.drop_tokens(step.scope_id, nodes)
        fail_scope(run, step, failure, outside=True)
        return
    # The token goes on to the join as a failed one; the others decide there.
    flow = block.entries[step.node_id]
    run.send(block.join, step.scope_id, flow, {"failed": failure})
    run.cancel(step, f"failed: {failure['message']}")


def _fail_iteration(
    run: Run, step: StepRow, policy: FailurePolicy, failure: dict[str, Any]
) -> None:
    body = run.scope_of(step)
    if body is None:
        return
    failure = {**failure, "index": step.data[INDEX]}
    loop = {**body.data["loop"]}
    loop["failures"] = [*loop.get("failures", ()), failure]
    body.data["loop"] = loop
    run.keep(body)
    if policy is FailurePolicy.FAIL_ALL:
        fail_scope(run, body, failure)
        return
    run.fail_special(
        run.plan.nodes[step.node_id], step, f"failed: {failure['message']}"
    )
