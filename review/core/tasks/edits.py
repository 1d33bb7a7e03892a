"""Field edits of a payload, kept as JSON Patch (RFC 6902). No storage.

Every change is a `test` of the old value followed by its `replace` (or an `add` where
there was none), so that a kept patch says by itself what stood there before and
refuses to apply to anything else.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any


class EditError(ValueError):
    """An edit names no field that could be changed; the message says which and why."""


Patch = list[dict[str, Any]]


def make_patch(*, payload: Mapping[str, Any], edits: Mapping[str, Any]) -> Patch:
    """Return the patch for new values by JSON Pointer (RFC 6901), e.g. "/amount".

    Values equal to what stands there are left out. Raises EditError for a pointer
    that is none, leads nowhere or means the whole payload.
    """
    patch: Patch = []
    for pointer, value in edits.items():
        place, key = _find(payload, pointer)
        if isinstance(place, dict) and key not in place:
            patch.append({"op": "add", "path": pointer, "value": value})
            continue
        old = place[key]
        if _same(old, value):
            continue
        patch.append({"op": "test", "path": pointer, "value": old})
        patch.append({"op": "replace", "path": pointer, "value": value})
    return patch


def apply_patch(
    *, payload: Mapping[str, Any], patch: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the payload with a patch of make_patch applied; the given one stays.

    Raises EditError when a tested value is another than the patch was made from.
    """
    changed: dict[str, Any] = deepcopy(dict(payload))
    for step in patch:
        place, key = _find(changed, step["path"])
        match step["op"]:
            case "test":
                if not _same(place[key], step["value"]):
                    raise EditError(f"The field {step['path']} has changed meanwhile.")
            case "replace" | "add":
                place[key] = deepcopy(step["value"])
            case other:
                raise EditError(f"{other!r} is not among test, replace and add.")
    return changed


def list_changed(patch: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the pointers of the fields a patch changes, in its order."""
    return [step["path"] for step in patch if step["op"] != "test"]


def _find(payload: Mapping[str, Any], pointer: str) -> tuple[Any, Any]:
    """Return the container and the key (or index) that a pointer names."""
    if not pointer.startswith("/"):
        raise EditError(f'The field "{pointer}" must be named like "/amount".')
    place: Any = payload
    *path, last = (_unescape(part) for part in pointer[1:].split("/"))
    for part in path:
        place = place.get(part) if isinstance(place, dict) else _item(place, part)
        if not isinstance(place, dict | list):
            raise EditError(f"The payload has no field {pointer}.")
    if isinstance(place, list):
        _item(place, last, pointer=pointer)
        return place, int(last)
    return place, last


def _item(place: Any, part: str, *, pointer: str = "") -> Any:
    if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
        return place[int(part)]
    raise EditError(f"The payload has no field {pointer or part}.")


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _same(old: object, new: object) -> bool:
    """Compare as JSON: true is not 1, but 1.0 is 1."""
    if isinstance(old, bool) is not isinstance(new, bool):
        return False
    return old == new
