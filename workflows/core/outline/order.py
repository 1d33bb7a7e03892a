"""A decision's requirements in the order in which they are worked out."""

from workflows.core.outline.logic import Logic, Outline


def list_needed(outline: Outline, decision: Logic) -> list[Logic]:
    """Return all that a decision needs, each after what it needs itself.

    The decision comes last. What lies in an imported file is left out.
    """
    found: dict[tuple[str, str], Logic] = {}
    _collect(outline, decision, found, path=())
    return list(found.values())


def _collect(
    outline: Outline,
    item: Logic,
    found: dict[tuple[str, str], Logic],
    *,
    path: tuple[Logic, ...],
) -> None:
    if (item.kind, item.id) in found or item in path:
        return
    for need in item.needs:
        target = outline.items.get((need.kind, need.id))
        if target is not None:
            _collect(outline, target, found, path=(*path, item))
    found[item.kind, item.id] = item
