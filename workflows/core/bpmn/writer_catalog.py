"""What a written file declares beside its process: messages, errors and so on, once each."""

from workflows.core.bpmn.vocabulary import BPMN, OWN
from workflows.core.markup import Element


class Declared:
    """Collects declarations; asks for one by what it says and gets its id.

    `taken` are the ids of the process; ids given here are added.
    """

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._ids: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
        self.elements: list[Element] = []

    def free(self, wanted: str) -> str:
        """Return an id that nothing else has, as near to the wanted one as can be."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name)
        return name

    def message(self, name: str, *, correlation: str, time_to_live: str) -> str:
        """Return the id of a message."""
        attributes = {"name": name}
        if correlation:
            attributes[f"{{{OWN}}}correlation"] = correlation
        if time_to_live:
            attributes[f"{{{OWN}}}timeToLive"] = time_to_live
        return self._declare("message", attributes)

    def signal(self, name: str) -> str:
        """Return the id of a signal."""
        return self._declare("signal", {"name": name})

    def error(self, code: str) -> str:
        """Return the id of an error."""
        return self._declare("error", {"errorCode": code})

    def escalation(self, code: str) -> str:
        """Return the id of an escalation."""
        return self._declare("escalation", {"escalationCode": code})

    def _declare(self, tag: str, attributes: dict[str, str]) -> str:
        key = (tag, tuple(attributes.items()))
        if key not in self._ids:
            name = self.free(f"{tag}_{len(self._ids) + 1}")
            self._ids[key] = name
            self.elements.append(
                Element(namespace=BPMN, name=tag, attributes={"id": name, **attributes})
            )
        return self._ids[key]
