"""What a running stack tells other commands of its data directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from config.local.datadir import write_whole
from config.local.processes import ProcessId


@dataclass(frozen=True, slots=True)
class StackState:
    """Who runs the stack, its processes by name, and where its servers answer.

    `urls` holds variables for the environment (DATABASE_URL and so on); it is empty
    until the servers answer. `site` is '' where no pages are served.
    """

    owner: ProcessId
    command: str
    children: Mapping[str, ProcessId] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    site: str = ""

    def write(self, path: Path) -> None:
        write_whole(path, json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the last state written to `path`; None for none or half of one."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                owner=ProcessId(**raw["owner"]),
                command=str(raw["command"]),
                children={
                    name: ProcessId(**child) for name, child in raw["children"].items()
                },
                urls=dict(raw["urls"]),
                site=str(raw["site"]),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
