"""Put into a bundle what witnesses and time-stamping authorities gave for a checkpoint.

How an auditor judges it: receipts.py.
"""

from __future__ import annotations

import re
from typing import Final

from review.evidence.bag import Bag
from review.evidence.files import ANCHORED, ANCHORED_NOTE, RECEIPTS
from review.evidence.proofs import Prover
from workflows.models import Checkpoint
from workflows.operations.anchors import newest_size_with_receipts, read_receipts

_ENDINGS: Final = {"timestamp": ".tsr", "cosignature": ".txt"}
_HOW: Final = """
     openssl ts -verify -in {path} \\
       -data {note} -CAfile /tmp/authority.pem
"""
_NONE: Final = "\n   There is none in here.\n"


def write_receipts(bag: Bag, prover: Prover, *, note: str) -> list[str]:
    """Write the receipts of the newest checkpoint that has any; return the time stamps'.

    `note` is the bundle's own checkpoint: receipts of another epoch of the log, under
    another key, are no part of its history.
    """
    size = newest_size_with_receipts() or 0
    row = Checkpoint.objects.filter(size=size).first()
    if row is None or size > prover.size or not is_of_one_epoch(row.note, note):
        return []
    stamps = []
    for number, one in enumerate(read_receipts(size), start=1):
        name = re.sub(r"[^\w.-]", "_", one.name)
        path = f"{RECEIPTS}{number:02}-{one.kind}-{name}{_ENDINGS[one.kind]}"
        bag.add(path, [one.body])
        if one.kind == "timestamp":
            stamps.append(path)
    bag.add(ANCHORED_NOTE, [row.note.encode()])
    grown = prover.prove_growth(old_size=size, old_note=row.note)
    if grown is not None:
        bag.add(ANCHORED, [grown])
    return stamps


def is_of_one_epoch(one: str, other: str) -> bool:
    """Tell whether two notes have one origin: each key of the log has its own."""
    return one.partition("\n")[0] == other.partition("\n")[0]


def tell_stamps(stamps: list[str]) -> str:
    """Return the commands that judge time stamps, for the bundle's README."""
    if not stamps:
        return _NONE
    return "".join(_HOW.format(path=path, note=ANCHORED_NOTE) for path in stamps)
