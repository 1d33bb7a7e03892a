"""Invented cases of the load's one process. No storage; the same seed, the same cases."""

from decimal import Decimal
from random import Random
from typing import Any, Final

KEY: Final = "load-review"
QUEUES: Final = tuple(f"load-{number}" for number in range(1, 9))
CLASSES: Final = ("A", "B", "B", "B", "B", "B", "C", "C", "C", "C")
NAMES: Final = ("Adler", "Bakker", "Costa", "Demir", "Eriksen", "Ferrari", "Graf")
TEXT: Final = """\
Statement of account
Holder: {name}
Reference: {reference}
Amount due: EUR {amount}
Period: January to March
"""

MODEL: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
             xmlns:cs="urn:countersign:bpmn:1"
             targetNamespace="urn:countersign:load" id="load-definitions">
  <process id="load" name="Load" isExecutable="true">
    <startEvent id="start"/>
    <sequenceFlow id="to_review" sourceRef="start" targetRef="review"/>
    <userTask id="review" name="Review" cs:queue="{queue}" cs:sla="P30D"
              cs:priority="class" cs:confidence="confidence" cs:impact="amount"
              cs:proposal="proposal" cs:title="title"/>
    <sequenceFlow id="to_end" sourceRef="review" targetRef="end"/>
    <endEvent id="end" name="Done"/>
  </process>
</definitions>
"""
MANIFEST: Final = """\
[package]
key = "{key}"
version = "1.0.0"
name = "Load for {queue}"
owner = "Measurements"
process = "load"
"""


def make_case(number: int) -> dict[str, Any]:
    """Return the variables of case `number`: class, amount, confidence, one document."""
    rng = Random(number)  # noqa: S311  (invented figures, no secrets)
    amount = Decimal(rng.randrange(1_000, 9_000_000)) / 100
    name = rng.choice(NAMES)
    reference = f"L-{number:08}"
    text = TEXT.format(name=name, reference=reference, amount=amount)
    start = text.index("EUR ") + len("EUR ")
    return {
        "title": f"Account of {name}",
        "class": rng.choice(CLASSES),
        "amount": amount,
        "confidence": Decimal(rng.randrange(0, 101)) / 100,
        "holder": name,
        "reference": reference,
        "documents": [{"id": "statement", "name": "statement.txt", "text": text}],
        "fields": {
            "amount": {
                "value": amount,
                "confidence": Decimal("0.8"),
                "source": {
                    "document": "statement",
                    "start": start,
                    "end": start + len(str(amount)),
                },
            }
        },
        "proposal": {"action": "approve"},
    }


def package(queue: str) -> dict[str, bytes]:
    """Return the files of the definition whose tasks go to `queue`."""
    return {
        "package.toml": MANIFEST.format(key=f"{KEY}-{queue}", queue=queue).encode(),
        "load.bpmn": MODEL.format(queue=queue).encode(),
    }
