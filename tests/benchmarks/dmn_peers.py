"""The twenty-rule grid in a peer, run by the peer's own Python.

`python -m tests.benchmarks.dmn_peers spiffworkflow|cel-python ROUNDS` prints the
microseconds of one decision as a JSON number: the best of three runs.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tests.benchmarks.dmn_models import BANDS, IMPACTS, INPUTS, OUTCOMES

Decide = Callable[[str, str], object]


def _python_band(low: str | None, high: str | None) -> str:
    """A band as SpiffWorkflow writes cells: Python, with ? for the input."""
    left = f"{low} <= " if low else ""
    right = f" < {high}" if high else ""
    return f"{left}?{right}"


def spiffworkflow() -> Decide:
    """Its decision engine on a table built from its own model classes."""
    model: Any = importlib.import_module("SpiffWorkflow.dmn.specs.model")
    engine: Any = importlib.import_module("SpiffWorkflow.dmn.engine.DMNEngine")
    scripts: Any = importlib.import_module("SpiffWorkflow.bpmn.script_engine")
    table = model.DecisionTable("t", "grid", "UNIQUE")
    columns = [
        model.Input("i1", "", "confidence", "confidence", "number"),
        model.Input("i2", "", "impact", "impact", "string"),
    ]
    output = model.Output("o", "", "outcome", "string")
    table.inputs.extend(columns)
    table.outputs.append(output)
    for impact in IMPACTS:
        for band, (low, high, _) in enumerate(BANDS):
            rule = model.Rule(f"{impact}{band}")
            cells = (_python_band(low, high), f'"{impact}"')
            for column, text in zip(columns, cells, strict=True):
                entry = model.InputEntry("e", column)
                entry.text = text
                entry.lhs.append(text)
                rule.inputEntries.append(entry)
            entry = model.OutputEntry("e", output)
            entry.text = entry.parsedRef = f'"{OUTCOMES[band]}"'
            rule.outputEntries.append(entry)
            table.rules.append(rule)
    decider = engine.DMNEngine(table)
    workflow = SimpleNamespace(script_engine=scripts.PythonScriptEngine())

    def decide(confidence: str, impact: str) -> object:
        data = {"confidence": float(confidence), "impact": impact}
        task = SimpleNamespace(data=data, workflow=workflow)
        return decider.result(task)["outcome"]

    return decide


def cel_python() -> Decide:
    """One compiled program: a chain of conditions, as one writes a table in CEL."""
    celpy: Any = importlib.import_module("celpy")
    text = '"none"'
    for impact in reversed(IMPACTS):
        for band in reversed(range(len(BANDS))):
            low, high, _ = BANDS[band]
            parts = [f'impact == "{impact}"']
            if low:
                parts.append(f"confidence >= {low}")
            if high:
                parts.append(f"confidence < {high}")
            text = f'({" && ".join(parts)}) ? "{OUTCOMES[band]}" : ({text})'
    environment = celpy.Environment()
    program = environment.program(environment.compile(text))

    def decide(confidence: str, impact: str) -> object:
        return program.evaluate({
            "confidence": celpy.celtypes.DoubleType(float(confidence)),
            "impact": celpy.celtypes.StringType(impact),
        })

    return decide


def expected(confidence: str, impact: str) -> str:
    """What every engine must say."""
    assert impact in IMPACTS
    value = float(confidence)
    for band, (_, high, _) in enumerate(BANDS):
        if high is None or value < float(high):
            return OUTCOMES[band]
    raise ValueError(confidence)


def microseconds(decide: Decide, rounds: int) -> float:
    """Of one decision, over all inputs in turn; the best of three runs."""
    for confidence, impact in INPUTS:
        found = decide(confidence, impact)
        if found != expected(confidence, impact):
            raise SystemExit(f"wrong: {confidence} {impact} -> {found}")
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(rounds):
            for confidence, impact in INPUTS:
                decide(confidence, impact)
        best = min(best, time.perf_counter() - start)
    return best / rounds / len(INPUTS) * 1e6


if __name__ == "__main__":
    made = {"spiffworkflow": spiffworkflow, "cel-python": cel_python}[sys.argv[1]]()
    print(json.dumps(microseconds(made, int(sys.argv[2]))))
