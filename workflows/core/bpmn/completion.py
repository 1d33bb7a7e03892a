"""What an exported file still needs: ids of flows, and a diagram. Nothing is taken away.

Works on numbers of elements in document order, so that a shell can put what is missing
into the file's own text and leave every other byte as it was.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from workflows.core.bpmn.drawing import draw_element, has_diagram
from workflows.core.bpmn.layout import lay_out
from workflows.core.bpmn.layout_model import SCOPES
from workflows.core.bpmn.vocabulary import BPMN
from workflows.core.markup import Element

_LINES = frozenset({"association", "messageFlow"})


@dataclass(frozen=True, slots=True)
class Missing:
    """Ids by the number of their element in document order, and diagrams to add."""

    ids: Mapping[int, str]
    diagrams: tuple[Element, ...] = ()


def find_missing(definitions: Element, *, element_limit: int) -> Missing:
    """Return what a BPMN file lacks to be exported.

    A file that draws anything keeps its diagram as it is. One that would have more
    than `element_limit` elements with a diagram gets none: it could not be read again.
    """
    ids = name_flows(definitions)
    if has_diagram(definitions):
        return Missing(ids=ids)
    named = with_ids(definitions, ids)
    taken = {element.get("id") for element in named.walk()}
    diagrams = tuple(draw_element(one, taken=taken) for one in lay_out(named))
    count = sum(1 for one in (named, *diagrams) for _ in one.walk())
    return Missing(ids=ids, diagrams=diagrams if count <= element_limit else ())


def complete(definitions: Element) -> Element:
    """Return a tree with ids for all flows and a diagram, for a model made by us."""
    missing = find_missing(definitions, element_limit=1_000_000)
    named = with_ids(definitions, missing.ids)
    return replace(named, children=(*named.children, *missing.diagrams))


def name_flows(definitions: Element) -> dict[int, str]:
    """Return ids for the flows that have none, by number in document order.

    They are those that the reader gives: `SOURCE--TARGET`, then with `-2` and so on.
    """
    numbers = {id(one): number for number, one in enumerate(definitions.walk())}
    taken = {one.get("id") for one in definitions.walk()}
    found: dict[int, str] = {}

    def name(one: Element) -> None:
        base = f"{one.get('sourceRef')}--{one.get('targetRef')}"
        free, number = base, 1
        while free in taken:
            number += 1
            free = f"{base}-{number}"
        taken.add(free)
        found[numbers[id(one)]] = free

    for process in definitions.each("process", namespace=BPMN):
        for scope in _scopes(process):
            for flow in scope.each("sequenceFlow"):
                if not flow.get("id"):
                    name(flow)
    for one in definitions.walk():
        if one.name in _LINES and one.namespace == BPMN and not one.get("id"):
            name(one)
    return found


def _scopes(container: Element) -> Iterator[Element]:
    yield container
    for child in container.children:
        if child.namespace == BPMN and child.name in SCOPES:
            yield from _scopes(child)


def with_ids(definitions: Element, ids: Mapping[int, str]) -> Element:
    """Return the tree with ids put onto elements by their number."""
    numbers = itertools.count()

    def rebuilt(element: Element) -> Element:
        given = ids.get(next(numbers))
        children = tuple(rebuilt(child) for child in element.children)
        if given is None:
            return replace(element, children=children)
        attributes = {**element.attributes, "id": given}
        return replace(element, attributes=attributes, children=children)

    return rebuilt(definitions)
