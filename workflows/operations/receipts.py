"""The audit entry of an instance that a message or a signal has reached."""

from collections.abc import Mapping
from typing import Any

from workflows import audit
from workflows.core.actors import ENGINE
from workflows.core.canonical import digest


def received(data: Mapping[str, Any]) -> audit.Draft:
    """Return the entry for what is heard: `data` of a RECEIVED stimulus.

    It names the message's number and id, who published it and the digest of what it
    said, for the publication itself is in no chain.
    """
    detail: dict[str, object] = {
        "name": data["name"],
        "node": data["node_id"],
        "published_by": data.get("by", ""),
        "variables": digest(data["variables"]),
    }
    for word in ("key", "message", "id", "source"):
        if data.get(word):
            detail[word] = data[word]
    kind = "message.received" if "message" in data else "signal.received"
    return audit.Draft(kind=kind, actor=ENGINE, detail=detail)
