"""Nested values as a tree that opens and closes. Pure."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Final

from review.views.formats import format_value

MOST_NODES: Final = 2_000
DEEPEST: Final = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Twig:
    """One line of a tree as the template walks it, without recursion.

    `closes` says how many open branches end before this line.
    """

    name: str
    value: str = ""
    kind: str = "text"
    size: str = ""
    is_branch: bool = False
    is_open: bool = False
    closes: range = dataclasses.field(default=range(0))


def build_tree(value: object) -> tuple[list[Twig], range]:
    """Return a value's lines in order, and how many branches are open at the end.

    What is deeper than DEEPEST is one line of JSON; after MOST_NODES lines the rest is
    counted out and said so.
    """
    twigs: list[Twig] = []
    depth = 0
    for level, twig in _walk(value, 0):
        if len(twigs) == MOST_NODES:
            twigs.append(Twig(name="…", value="The rest is left out here."))
            break
        twigs.append(dataclasses.replace(twig, closes=range(depth - level)))
        depth = level + (1 if twig.is_branch else 0)
    return twigs, range(depth)


def _walk(value: object, level: int) -> Iterator[tuple[int, Twig]]:
    items: Iterator[tuple[str, object]]
    if isinstance(value, Mapping):
        items = ((str(name), inner) for name, inner in value.items())
    elif isinstance(value, list):
        items = ((str(number), inner) for number, inner in enumerate(value, start=1))
    else:
        items = iter([("value", value)])
    for name, inner in items:
        if isinstance(inner, Mapping | list) and inner and level < DEEPEST:
            word = "field" if isinstance(inner, Mapping) else "item"
            many = "" if len(inner) == 1 else "s"
            size = f"{len(inner)} {word}{many}"
            yield (
                level,
                Twig(name=name, size=size, is_branch=True, is_open=level < 1),
            )
            yield from _walk(inner, level + 1)
        else:
            yield level, Twig(name=name, value=format_value(inner), kind=_kind(inner))


def _kind(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "truth"
        case str():
            return "text"
        case Mapping() | list():
            return "json"
        case _:
            return "number"
