"""Draw a block tree as BPMN processes, node by node. What they must do: `oracle`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.canvas import (
    KEPT,
    NEAR,
    RETRY,
    START,
    Canvas,
    Port,
    count_of,
    event_fields,
    loop_spec,
)
from tests.simulation.trees import (
    TIMEOUT,
    Activity,
    AdHoc,
    Block,
    Call,
    Fork,
    Guard,
    Inset,
    Jump,
    Mark,
    Race,
    Saga,
    Scope,
    Series,
    Stop,
    Wait,
    Work,
)
from workflows.core.bpmn.graph import (
    AdHocSpec,
    EventKind,
    NodeKind,
    Process,
    TimerKind,
    TimerSpec,
    VariableMapping,
)


@dataclass(slots=True)
class Drawn:
    """A tree as processes; `main` is the one to start, the others are called."""

    processes: dict[str, Process] = field(default_factory=dict)
    main: str = "main"


def draw(block: Block) -> Drawn:
    """Draw a tree and every process it calls."""
    drawn = Drawn()
    _draw_process(drawn, "main", block, begin="begin", finish="finish")
    return drawn


def _draw_process(
    drawn: Drawn, name: str, block: Block, *, begin: str, finish: str
) -> None:
    pen = _Pen(drawn, Canvas())
    start = pen.canvas.add(begin, NodeKind.START_EVENT, scope="", port=None)
    if isinstance(block, Inset):
        pen.inset_inside(block, start, finish, scope="")
    else:
        pen.finish(pen.draw(block, start, ""), finish, "")
    drawn.processes[name] = pen.canvas.process(name)


class _Pen:
    """Draws blocks onto one process's canvas."""

    def __init__(self, drawn: Drawn, canvas: Canvas) -> None:
        self.drawn = drawn
        self.canvas = canvas

    def draw(self, block: Block, port: Port, scope: str) -> Port | None:
        """Draw a block behind a port; return its exit, None where the path ends."""
        return PENS[type(block)](self, block, port, scope)

    def finish(self, port: Port | None, name: str, scope: str) -> None:
        if port is not None:
            self.canvas.add(name, NodeKind.END_EVENT, scope=scope, port=port)

    # --- activities --------------------------------------------------------------

    def work(self, block: Work, port: Port, scope: str) -> Port | None:
        fields: dict[str, Any] = {}
        if block.kind is NodeKind.SCRIPT_TASK:
            fields["script"] = count_of(block.name).source
            fields["result"] = f"n_{block.name}"
        elif block.kind in (NodeKind.USER_TASK, NodeKind.SERVICE_TASK):
            fields["outputs"] = (count_of(block.name),)
        if block.kind is NodeKind.SERVICE_TASK:
            fields["handler"] = "outside" if block.external else "inside"
            fields["retry"] = RETRY
        return self.activity(block, block.kind, port, scope, **fields)

    def scope(self, block: Scope, port: Port, scope: str) -> Port | None:
        inner = self.canvas.add(
            f"{block.name}.start",
            NodeKind.START_EVENT,
            scope=block.name,
            port=None,
        )
        end = self.draw(block.body, inner, block.name)
        self.finish(end, f"{block.name}.end", block.name)
        return self.activity(block, NodeKind.SUB_PROCESS, port, scope)

    def call(self, block: Call, port: Port, scope: str) -> Port | None:
        called = f"called.{block.name}"
        begin, finish = f"{block.name}.begin", f"{block.name}.finish"
        _draw_process(self.drawn, called, block.body, begin=begin, finish=finish)
        names = ("case", *START)
        given = tuple(VariableMapping(target=name, source=name) for name in names)
        return self.activity(
            block,
            NodeKind.CALL_ACTIVITY,
            port,
            scope,
            called=called,
            inputs=given,
            outputs=(VariableMapping(target=f"came_{block.name}", source="yes"),),
        )

    def activity(
        self, block: Activity, kind: NodeKind, port: Port, scope: str, **more: Any
    ) -> Port | None:
        if block.loop is not None:
            more["loop"] = loop_spec(block.name, block.loop)
        for guard in block.guards:
            if guard.code == TIMEOUT:
                more["timeout_seconds"] = 300.0 if guard.fires else 3e8
        exits = [self.canvas.add(block.name, kind, scope=scope, port=port, **more)]
        for guard in block.guards:
            out = self.guard(guard, block.name, scope)
            if out is not None:
                exits.append(out)
        if not any(guard.interrupting for guard in block.guards):
            return exits[0]
        return self.merge(f"{block.name}.merge", exits, scope)

    def guard(self, guard: Guard, host: str, scope: str) -> Port | None:
        fields = event_fields(
            guard.event, guard.name, fires=guard.fires, code=guard.code
        )
        if guard.times > 1:
            cycle = f"R{guard.times}/{NEAR}"
            fields["timer"] = TimerSpec(TimerKind.CYCLE, cycle)
        port = self.canvas.add(
            guard.name,
            NodeKind.BOUNDARY_EVENT,
            scope=scope,
            port=None,
            attached_to=host,
            interrupting=guard.interrupting,
            **fields,
        )
        out = self.draw(guard.path, port, scope)
        if guard.interrupting:
            return out
        self.finish(out, f"{guard.name}.end", scope)
        return None

    def merge(self, name: str, exits: list[Port], scope: str) -> Port:
        kind = NodeKind.EXCLUSIVE_GATEWAY
        port = self.canvas.add(name, kind, scope=scope, port=None)
        for out in exits:
            self.canvas.join(out, name)
        return port

    # --- gateways and flow -------------------------------------------------------

    def series(self, block: Series, port: Port, scope: str) -> Port | None:
        at: Port | None = port
        for part in block.parts:
            if at is None:
                break
            at = self.draw(part, at, scope)
        return at

    def fork(self, block: Fork, port: Port, scope: str) -> Port | None:
        fork = f"{block.name}.fork"
        more: dict[str, Any] = {"on_failure": block.policy} if block.policy else {}
        self.canvas.add(fork, block.gateway, scope=scope, port=port, **more)
        exits = []
        for index, branch in enumerate(block.branches):
            out = self.draw(branch, self.branch(block, index), scope)
            if out is not None:
                exits.append(out)
        if not exits:
            return None
        join = f"{block.name}.join"
        if block.need:
            enough = {"condition": f"activationCount >= {block.need}"}
            kind = NodeKind.COMPLEX_GATEWAY
            after = self.canvas.add(join, kind, scope=scope, port=None, **enough)
        else:
            after = self.canvas.add(join, block.gateway, scope=scope, port=None)
        for out in exits:
            self.canvas.join(out, join)
        return after

    def branch(self, block: Fork, index: int) -> Port:
        fork = f"{block.name}.fork"
        if block.gateway is NodeKind.PARALLEL_GATEWAY:
            return Port(fork)
        if index == block.default:
            return Port(fork, default=True)
        return Port(fork, condition="yes" if block.holds[index] else "no")

    def jump(self, block: Jump, port: Port, scope: str) -> Port:
        link = {"event": EventKind.LINK, "link": block.name}
        throw, catch = f"{block.name}.throw", f"{block.name}.catch"
        kind = NodeKind.INTERMEDIATE_THROW_EVENT
        self.canvas.add(throw, kind, scope=scope, port=port, **link)
        kind = NodeKind.INTERMEDIATE_CATCH_EVENT
        return self.canvas.add(catch, kind, scope=scope, port=None, **link)

    # --- events ------------------------------------------------------------------

    def wait(self, block: Wait, port: Port, scope: str) -> Port:
        message = block.sent or block.name
        if block.task:
            kind = NodeKind.RECEIVE_TASK
            more: dict[str, Any] = {"message": message, "correlation": "case"}
            if block.loop is not None:
                more["loop"] = loop_spec(block.name, block.loop)
            return self.canvas.add(block.name, kind, scope=scope, port=port, **more)
        more = event_fields(block.event, message, fires=True)
        if block.event is EventKind.CONDITIONAL:
            more["condition"] = f"n_{block.sent} != null"
        kind = NodeKind.INTERMEDIATE_CATCH_EVENT
        return self.canvas.add(block.name, kind, scope=scope, port=port, **more)

    def race(self, block: Race, port: Port, scope: str) -> Port | None:
        kind = NodeKind.EVENT_BASED_GATEWAY
        gate = self.canvas.add(f"{block.name}.gate", kind, scope=scope, port=port)
        exits = []
        for index, event in enumerate(block.events):
            name = f"{block.name}.e{index}"
            more = event_fields(event, name, fires=index == block.chosen)
            kind = NodeKind.INTERMEDIATE_CATCH_EVENT
            after = self.canvas.add(name, kind, scope=scope, port=gate, **more)
            out = self.draw(block.branches[index], after, scope)
            if out is not None:
                exits.append(out)
        return self.merge(f"{block.name}.merge", exits, scope) if exits else None

    def mark(self, block: Mark, port: Port, scope: str) -> Port:
        more = event_fields(block.event, block.name, fires=True, code=block.code)
        if block.event is EventKind.MESSAGE:
            more["time_to_live"] = KEPT
        kind = NodeKind.INTERMEDIATE_THROW_EVENT
        return self.canvas.add(block.name, kind, scope=scope, port=port, **more)

    def stop(self, block: Stop, port: Port, scope: str) -> None:
        more = event_fields(block.event, block.name, fires=True, code=block.code)
        self.canvas.add(block.name, NodeKind.END_EVENT, scope=scope, port=port, **more)

    # --- sub-processes of other kinds --------------------------------------------

    def ad_hoc(self, block: AdHoc, port: Port, scope: str) -> Port:
        for part in block.parts:
            self.work_alone(part, block.name)
        kind = NodeKind.AD_HOC_SUB_PROCESS
        spec = AdHocSpec(sequential=block.sequential)
        return self.canvas.add(block.name, kind, scope=scope, port=port, ad_hoc=spec)

    def work_alone(self, block: Work, scope: str) -> None:
        before = len(self.canvas.flows)
        self.work(block, Port(""), scope)
        del self.canvas.flows[before:]

    def saga(self, block: Saga, port: Port, scope: str) -> Port:
        kind = NodeKind.TRANSACTION if block.cancel else NodeKind.SUB_PROCESS
        after = self.canvas.add(block.name, kind, scope=scope, port=port)
        at = self.canvas.add(
            f"{block.name}.start", NodeKind.START_EVENT, scope=block.name, port=None
        )
        for part in block.parts:
            at = self.undoable(part, at, block.name)
        if block.undo and not block.cancel:
            at = self.canvas.add(
                f"{block.name}.throw",
                NodeKind.INTERMEDIATE_THROW_EVENT,
                scope=block.name,
                port=at,
                event=EventKind.COMPENSATION,
            )
        if block.undo and block.cancel:
            name, event = f"{block.name}.cancel", EventKind.CANCEL
        else:
            name, event = f"{block.name}.end", EventKind.NONE
        self.canvas.add(
            name, NodeKind.END_EVENT, scope=block.name, port=at, event=event
        )
        if not block.cancel:
            return after
        canceled = self.canvas.add(
            f"{block.name}.canceled",
            NodeKind.BOUNDARY_EVENT,
            scope=scope,
            port=None,
            event=EventKind.CANCEL,
            attached_to=block.name,
        )
        return self.merge(f"{block.name}.merge", [after, canceled], scope)

    def undoable(self, part: Work, port: Port, scope: str) -> Port:
        after = self.work(part, port, scope)
        assert after is not None, "work that can be undone goes on"
        undo = f"{part.name}.undo"
        self.canvas.fields[part.name]["compensated_by"] = undo
        self.canvas.add(
            f"{part.name}.back",
            NodeKind.BOUNDARY_EVENT,
            scope=scope,
            port=None,
            event=EventKind.COMPENSATION,
            attached_to=part.name,
        )
        self.canvas.add(
            undo,
            NodeKind.SCRIPT_TASK,
            scope=scope,
            port=None,
            for_compensation=True,
            script=count_of(undo.replace(".", "_")).source,
            result=f"n_{undo.replace('.', '_')}",
        )
        return after

    def inset(self, block: Inset, port: Port, scope: str) -> Port:
        name = block.name
        kind = NodeKind.SUB_PROCESS
        after = self.canvas.add(name, kind, scope=scope, port=port)
        start = self.canvas.add(
            f"{name}.start", NodeKind.START_EVENT, scope=name, port=None
        )
        self.inset_inside(block, start, f"{name}.end", scope=name)
        return after

    def inset_inside(self, block: Inset, start: Port, last: str, *, scope: str) -> None:
        """Draw a body and an event sub-process into a scope."""
        name, event = block.name, f"{block.name}.event"
        kind = NodeKind.SUB_PROCESS
        self.finish(self.draw(block.body, start, scope), last, scope)
        self.canvas.add(event, kind, scope=scope, port=None, event_scope=True)
        on = self.canvas.add(
            f"{name}.on",
            NodeKind.START_EVENT,
            scope=event,
            port=None,
            interrupting=block.interrupting,
            **event_fields(block.event, f"{name}.on", fires=True, code=block.code),
        )
        self.finish(self.draw(block.inner, on, event), f"{name}.off", event)


PENS: Mapping[type, Callable[[_Pen, Any, Port, str], Port | None]] = {
    Work: _Pen.work,
    Scope: _Pen.scope,
    Call: _Pen.call,
    Series: _Pen.series,
    Fork: _Pen.fork,
    Jump: _Pen.jump,
    Wait: _Pen.wait,
    Race: _Pen.race,
    Mark: _Pen.mark,
    Stop: _Pen.stop,
    AdHoc: _Pen.ad_hoc,
    Saga: _Pen.saga,
    Inset: _Pen.inset,
}
