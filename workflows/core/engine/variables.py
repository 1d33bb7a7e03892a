"""An instance's variables as its steps see and change them. No storage here."""

from collections.abc import Mapping
from typing import Any

from workflows.core.engine.plan import PlanNode
from workflows.core.engine.state import InstanceRow
from workflows.core.feel import Expression, from_feel, to_feel


class Variables:
    """The variables of one instance, with their FEEL form kept until they change."""

    def __init__(self, instance: InstanceRow) -> None:
        self._instance = instance
        self._scope: Mapping[str, Any] | None = None

    @property
    def scope(self) -> Mapping[str, Any]:
        """Return the variables as FEEL values."""
        if self._scope is None:
            self._scope = {
                name: to_feel(value) for name, value in self._instance.variables.items()
            }
        return self._scope

    def assign(self, values: Mapping[str, object]) -> None:
        """Set variables, JSON-able values."""
        if values:
            self._instance.variables.update(values)
            self._instance.variables_changed = True
            self._scope = None

    def evaluate(
        self, expression: Expression, detail: dict[str, object], **extra: object
    ) -> object:
        """Evaluate FEEL over the variables; messages go into the entry's detail."""
        scope = {**self.scope, **extra} if extra else self.scope
        result = expression.evaluate(scope)
        if result.messages:
            heard = detail.setdefault("messages", [])
            if isinstance(heard, list):
                heard.extend(
                    f"{expression.text}: {text}"[:300] for text in result.messages[:20]
                )
        return result.value

    def inputs(self, planned: PlanNode) -> Mapping[str, object]:
        """Return what a node's work sees: its input mappings, or all variables."""
        if not planned.inputs:
            return self._instance.variables
        return {
            mapping.target: from_feel(mapping.source.value(self.scope))
            for mapping in planned.inputs
        }

    def keep_output(
        self,
        planned: PlanNode,
        output: Mapping[str, object],
        detail: dict[str, object],
        *,
        result: str = "",
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
                    self.evaluate(mapping.source, detail, **extra)
                )
                for mapping in planned.outputs
            }
            self.assign(values)
        elif result:
            self.assign({result: dict(output)})
        else:
            self.assign(output)
