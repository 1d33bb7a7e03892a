"""Decisions: the review grid with and without its explanation, and larger models.

The explained figure includes the JSON that is stored with the audit entry. Peers decide
the same grid in environments of their own, in the same run; they explain nothing.
"""

import json
import subprocess
import time
from collections.abc import Callable
from decimal import Decimal

from tests.benchmarks.dmn_models import INPUTS, graph, grid, long_table
from tests.benchmarks.dmn_peers import Decide, microseconds
from tests.benchmarks.peers import ROOT, peer_python
from workflows.core.dmn import read_dmn

PEERS = {
    # name: (environment, packages, rounds over all inputs)
    "spiffworkflow": ("spiffworkflow", ("SpiffWorkflow", "psycopg[binary]"), 20),
    "cel-python": ("cel-python", ("cel-python",), 5),
}
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print microseconds per decision, and the ratios to the peers."""
    plain, explained = (
        microseconds(_grid(explain=flag), 400) for flag in (False, True)
    )
    figures = {
        "20-rule grid": plain,
        "20-rule grid, explained to JSON": explained,
        "1,000-row table": _best(_long_table(), 2000),
        "graph of 20 decisions": _best(_graph(), 2000),
    }
    for subject, value in figures.items():
        line = {"subject": subject, "value": round(value, 2), "unit": "us"}
        emit({"bench": "dmn", **line})
    for peer, (environment, packages, rounds) in PEERS.items():
        python = peer_python(environment, packages)
        words = [str(python), "-m", "tests.benchmarks.dmn_peers", peer, str(rounds)]
        done = subprocess.run(
            words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        theirs = float(json.loads(done.stdout.splitlines()[-1]))
        subject = f"{peer}, 20-rule grid"
        figure = {"subject": subject, "value": round(theirs, 2), "unit": "us"}
        emit({"bench": "dmn", **figure})
        emit({"bench": "dmn", "vs": peer, "ratio": round(theirs / plain, 1)})
        ratio = round(theirs / explained, 1)
        emit({"bench": "dmn", "vs": f"{peer}, ours explained", "ratio": ratio})


def _grid(*, explain: bool) -> Decide:
    model = read_dmn(grid())
    numbers = {text: Decimal(text) for text, _ in INPUTS}

    def decide(confidence: str, impact: str) -> object:
        inputs = {"confidence": numbers[confidence], "impact": impact}
        decided = model.evaluate("grid", inputs, explain=explain)
        if decided.explanation is not None:
            decided.explanation.to_json()
        return decided.value

    return decide


def _long_table() -> Callable[[], object]:
    model = read_dmn(long_table(1000))
    inputs = {"amount": Decimal(8765), "word": "w6"}
    found = model.evaluate("rate", inputs).value
    if found != 876:
        raise SystemExit(f"wrong: the table gave {found}")
    return lambda: model.evaluate("rate", inputs)


def _graph() -> Callable[[], object]:
    model = read_dmn(graph(20))
    inputs = {"amount": Decimal(50)}
    if model.evaluate("d19", inputs).value is None:
        raise SystemExit("wrong: the graph gave null")
    return lambda: model.evaluate("d19", inputs)


def _best(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(rounds):
            work()
        best = min(best, time.perf_counter() - start)
    return best / rounds * 1e6
