"""An instance's variables as its steps see and change them. No storage here.

A scope's step may hold variables of its own (`data["vars"]`): an iteration, or a
sub-process with input mappings. Names are read from the nearest scope outwards, and
written to the nearest scope that holds them; a new name goes to the enclosing
iteration if there is one, so that iterations side by side do not overwrite each
other, else to the instance.
"""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from workflows.core.engine.plan import PlanMapping, PlanNode
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.feel import Expression, from_feel, to_feel

VARS = "vars"
INDEX = "index"
ISOLATES = "isolates"
"""In a multi-instance iteration's data: new names stay in it. Rounds of a loop leak."""


class Variables:
    """The variables of one instance and of the scopes that live in it.

    `touch` is told of steps whose own variables change. `changes` counts the
    assignments, so that conditions are looked at only when something is new.
    """

    def __init__(
        self,
        instance: InstanceRow,
        live: Mapping[int, StepRow],
        touch: Callable[[StepRow], None],
    ) -> None:
        self._instance = instance
        self._touch = touch
        self._live = live
        self._scoped = any(VARS in step.data for step in live.values())
        self.changes = 0

    def hold(self, step: StepRow, values: Mapping[str, object]) -> None:
        """Give a scope's step variables of its own."""
        step.data[VARS] = {**step.data.get(VARS, {}), **values}
        self._scoped = True
        self.changes += 1

    def seen_by(self, at: StepRow | None) -> Mapping[str, Any]:
        """Return all variables as a step sees them; `at` None is the top."""
        layers = [step.data[VARS] for step in self._holders(at)]
        if not layers:
            return self._instance.variables
        return ChainMap(*layers, self._instance.variables)

    def assign(self, values: Mapping[str, object], at: StepRow | None = None) -> None:
        """Set variables, JSON-able values, as a step writes them."""
        if not values:
            return
        self.changes += 1
        holders = list(self._holders(at))
        if not holders:
            self._instance.variables.update(values)
            self._instance.variables_changed = True
            return
        iteration = next((step for step in holders if ISOLATES in step.data), None)
        for name, value in values.items():
            self._assign(name, value, holders=holders, iteration=iteration)

    def evaluate(
        self,
        expression: Expression,
        detail: dict[str, object],
        at: StepRow | None = None,
        **extra: object,
    ) -> object:
        """Evaluate FEEL as a step sees it; messages go into the entry's detail."""
        scope = self.seen_by(at)
        result = expression.evaluate(ChainMap(extra, scope) if extra else scope)  # type: ignore[arg-type]
        if result.messages:
            heard = detail.setdefault("messages", [])
            if isinstance(heard, list):
                heard.extend(
                    f"{expression.text}: {text}"[:300] for text in result.messages[:20]
                )
        return result.value

    def inputs(
        self, planned: PlanNode, at: StepRow | None = None
    ) -> Mapping[str, object]:
        """Return what a node's work sees: its input mappings, or all variables."""
        scope = self.seen_by(at)
        if not planned.inputs:
            return scope if isinstance(scope, dict) else dict(scope)
        return _mapped(planned.inputs, scope)

    def keep_output(
        self,
        planned: PlanNode,
        output: Mapping[str, object],
        detail: dict[str, object],
        *,
        result: str = "",
        at: StepRow | None = None,
    ) -> None:
        """Merge a step's output: by its mappings, under `result`, or key by key."""
        if planned.outputs:
            extra: dict[str, object] = {
                name: to_feel(value) for name, value in output.items()
            }
            if result:
                extra[result] = to_feel(output)
            values = {
                mapping.target: from_feel(
                    self.evaluate(mapping.source, detail, at, **extra)
                )
                for mapping in planned.outputs
            }
            self.assign(values, at)
        elif result:
            self.assign({result: dict(output)}, at)
        else:
            self.assign(output, at)

    def _holders(self, at: StepRow | None) -> Iterator[StepRow]:
        """Yield the steps outwards from `at` that hold variables of their own."""
        if not self._scoped:
            return
        while at is not None:
            if VARS in at.data:
                yield at
            at = self._live.get(at.scope_id) if at.scope_id is not None else None

    def _assign(
        self,
        name: str,
        value: object,
        *,
        holders: list[StepRow],
        iteration: StepRow | None,
    ) -> None:
        holder = next((step for step in holders if name in step.data[VARS]), None)
        if holder is None and name not in self._instance.variables:
            holder = iteration
        if holder is None:
            self._instance.variables[name] = value
            self._instance.variables_changed = True
        else:
            holder.data[VARS][name] = value
            self._touch(holder)


def _mapped(
    mappings: tuple[PlanMapping, ...], scope: Mapping[str, Any]
) -> dict[str, object]:
    return {
        mapping.target: from_feel(mapping.source.value(scope)) for mapping in mappings
    }
