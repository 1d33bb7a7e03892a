"""`python -m tests.benchmarks [name[,name]]`: run benchmarks, one JSON object per line.

A benchmark is a module of this package with a function `run(emit)`; it calls `emit`
with {"bench", "subject", "value", "unit"} for a figure, or {"bench", "vs", "ratio"}
for a comparison within the same run (above 1: we are better).
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

FIGURE = {"bench", "subject", "value", "unit"}
COMPARISON = {"bench", "vs", "ratio"}


def discover() -> list[str]:
    """Return the names of all benchmarks; only the chosen ones are imported."""
    folder = Path(__file__).parent
    return sorted(path.stem for path in folder.glob("[!_]*.py") if _has_run(path))


def _has_run(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(n, ast.FunctionDef) and n.name == "run" for n in tree.body)


def emit(line: Mapping[str, object]) -> None:
    """Print one result; refuse one that readers of the lines would not know."""
    if not (set(line) >= FIGURE or set(line) >= COMPARISON):
        raise ValueError(f"A result needs {FIGURE} or {COMPARISON}; got {set(line)}.")
    print(json.dumps(line), flush=True)


def main(arguments: list[str]) -> int:
    """Run the benchmarks named on the command line, or all; return the exit status."""
    known = discover()
    names = [name for word in arguments for name in word.split(",") if name]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(
            f"No benchmark {', '.join(unknown)}; there are: {', '.join(known)}.",
            file=sys.stderr,
        )
        return 2
    for name in names or known:
        importlib.import_module(f"tests.benchmarks.{name}").run(emit)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
