"""A stand-in for systems outside: each effect is one file, made once per key.

The demonstration has no bank and no post office. What would leave the house is written
below the data directory, so that one can look at it and count it. No database here.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings


def record_once(system: str, *, key: str, content: Mapping[str, object]) -> str:
    """Keep one effect of an outside system and return its reference.

    The same key again changes nothing and returns the same reference, as a system
    that honours idempotency keys would. The file appears whole or not at all: a crash
    leaves at most a temporary file that nobody reads.
    """
    name = hashlib.sha256(key.encode()).hexdigest()
    folder = _folder(system)
    place = folder / f"{name}.json"
    text = json.dumps({"key": key, **content}, default=str, sort_keys=True, indent=2)
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
        file.write(text)
    try:
        os.link(file.name, place)
    except FileExistsError:
        pass  # The effect stands from an earlier attempt; that is the point of the key.
    finally:
        Path(file.name).unlink()
    return name[:12].upper()


def list_effects(system: str) -> list[dict[str, object]]:
    """Return what was recorded for a system, oldest first."""
    places = sorted(_folder(system).glob("*.json"), key=lambda one: one.stat().st_mtime)
    return [json.loads(place.read_text()) for place in places]


def _folder(system: str) -> Path:
    folder = Path(settings.DATA_DIR) / "demo" / system
    folder.mkdir(parents=True, exist_ok=True)
    return folder
