"""What an expected path is; the paths themselves are in the modules beside.

Nothing here was copied from what the engine does. `nodes` are the ids (or, where ids
are hashes, the names) that must have completed, `*3` three times; an activity that
repeats counts once for each round and once for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ACTIVE, COMPLETED = "ACTIVE", "COMPLETED"


@dataclass(frozen=True, slots=True)
class Path:
    """One way through one model.

    `does` are the acts in order (see `follow`); `also` are files with processes that
    this one calls; `main` names the process where the file has several; `names` says
    that `nodes` are names of nodes, not ids.
    """

    file: str
    nodes: str
    does: tuple[str, ...] = ()
    start: Mapping[str, object] = field(default_factory=dict)
    state: str = COMPLETED
    incident: str = ""
    also: tuple[str, ...] = ()
    main: str = ""
    names: bool = False
