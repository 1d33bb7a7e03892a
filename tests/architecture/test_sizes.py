"""Rooms stay small: a file, function, page or script past its budget is split."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.files import list_files, list_python, read

LINES = {".py": 500, ".html": 120, ".js": 200}
FUNCTION_LINES = 60


def test_files_keep_to_their_budget() -> None:
    too_long = {
        str(path): length
        for path in list_files()
        if (length := len(read(path).splitlines()) if path.suffix in LINES else 0)
        > LINES.get(path.suffix, 0)
    }
    assert too_long == {}


def test_functions_keep_to_their_budget() -> None:
    too_long = {
        f"{path}:{function.lineno} {function.name}": length
        for path in list_python()
        for function in _functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    }
    assert too_long == {}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    text = read(path)
    if text.count("\n") <= FUNCTION_LINES:
        return
    below: list[ast.AST] = [ast.parse(text, filename=str(path))]
    for node in below:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        # Statements alone: they hold the functions, and expressions are most of a tree.
        for block in ("body", "orelse", "handlers", "finalbody", "cases"):
            held = getattr(node, block, ())
            below.extend(held if isinstance(held, list) else ())
