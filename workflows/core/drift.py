"""What changed in a handler since a definition was deployed against its contract.

A contract is what `workflows.handlers` stores at deploy: JSON values with the schemas
of both sides.
"""

from collections.abc import Mapping
from typing import Any

from workflows.core.compatibility import compare_inputs, compare_outputs

Contract = Mapping[str, Any]

_KINDS = {
    "pure": "inside the engine's transaction",
    "transactional": "inside the engine's transaction, writing to the database",
    "external": "outside any transaction, at least once",
}


def compare_contracts(stored: Contract, installed: Contract) -> list[str]:
    """Return, as sentences, what a deployed process relies on and is not so any more.

    Words that people read do not count, nor does what only adds. Equal digests are
    equal contracts.
    """
    if stored.get("digest") and stored.get("digest") == installed.get("digest"):
        return []
    return [
        *compare_inputs(stored["input"], installed["input"]),
        *compare_outputs(stored["output"], installed["output"]),
        *_compare_running(stored, installed),
    ]


def _compare_running(stored: Contract, installed: Contract) -> list[str]:
    found: list[str] = []
    if stored["kind"] != installed["kind"]:
        was, now = stored["kind"], installed["kind"]
        found.append(f"It runs {_KINDS.get(now, now)} now; it was {was} when deployed.")
    if stored["timeout_seconds"] != installed["timeout_seconds"]:
        found.append(
            f"Its time limit is {installed['timeout_seconds']:g} s now and was"
            f" {stored['timeout_seconds']:g} s."
        )
    if dict(stored["retry"]) != dict(installed["retry"]):
        found.append(
            f"It is tried {_retry(installed)} now and was tried {_retry(stored)}."
        )
    if stored["compensation"] != installed["compensation"]:
        found.append(
            f"{installed['compensation'] or 'Nothing'} takes its effect back now; it"
            f" was {stored['compensation'] or 'nothing'}."
        )
    return found


def _retry(contract: Contract) -> str:
    retry = contract["retry"]
    attempts = int(retry["max_attempts"])
    if attempts == 1:
        return "once"
    return (
        f"{attempts} times, {retry['base_seconds']:g} s to {retry['cap_seconds']:g} s"
        " apart,"
    )
