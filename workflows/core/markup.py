"""A small neutral element tree, so that readers of BPMN and DMN stay pure. No parsing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Element:
    """One XML element.

    `name` is local, `namespace` its URI or empty. `attributes` are by local name
    where they have no namespace, else by `{uri}name`. `text` is the element's own
    text with that between its children, comments left out, not trimmed. `line`
    counts from 1.
    """

    namespace: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple["Element", ...] = ()
    line: int = 0

    def get(self, attribute: str, default: str = "") -> str:
        """Return an attribute without surrounding space, or the default."""
        return self.attributes.get(attribute, default).strip()

    def each(self, name: str, *, namespace: str | None = None) -> Iterator["Element"]:
        """Yield the children of a name; of this element's namespace unless told."""
        wanted = self.namespace if namespace is None else namespace
        for child in self.children:
            if child.name == name and child.namespace == wanted:
                yield child

    def first(self, name: str, *, namespace: str | None = None) -> "Element | None":
        """Return the first child of a name, None when there is none."""
        return next(self.each(name, namespace=namespace), None)

    def walk(self) -> Iterator["Element"]:
        """Yield this element and all below it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))
