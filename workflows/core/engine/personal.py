"""Entries of instances with personal values: digests with salts, words without them.

Note [What entries of such an instance say]
Which variables are personal is declared with the process (`cs:personal`). Where any are,
the instance has a secret of its own (core/commitments.py), and before its entries are
chained

- the digest of all variables is taken with commitments in the places of personal ones;
- every other digest of a value (outputs, what a message brought, what was set) is
  blinded: what stands there is a commitment to that digest, for who knows few possible
  values could try them all;
- a text that holds a personal value (a business key, a message's key, an explanation's
  inputs, an error) is replaced by a commitment to the text. What opens it is kept apart
  from the log with the instance's disclosures.

Names of nodes, queues, people of the staff and ids stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

from workflows.core.bpmn.graph import Node, NodeKind, Process
from workflows.core.canonical import digest
from workflows.core.chain import Draft
from workflows.core.commitments import (
    EVERY,
    Opening,
    Path,
    commit,
    commit_at,
    derive_salt,
    find_values,
    parse_path,
    salts_of,
    split_paths,
    stand_in,
)
from workflows.core.payloads import Payload

if TYPE_CHECKING:
    from workflows.core.engine.state import InstanceRow

PERSONAL: Final = "personal"
SUBJECT: Final = "subject"
BUSINESS_KEY: Final = "businessKey"
"""The word of `cs:subject` for cases whose business key is their subject's."""

RATIONALE: Final = "rationale"
SHORTEST: Final = 4
"""A shorter text is looked for as a whole text only, not within others."""

_WORD: Final = re.compile(r"(?:\w+|\*)\Z")
_NAMES: Final = re.compile(r"\w+")
_HEX: Final = re.compile(r"[0-9a-f]{64}\Z")
# What these say is the model's or the staff's, or a name of a content that has salts.
_PLAIN: Final = frozenset({
    "binding", "by", "called", "calendar", "class", "clock", "code", "control",
    "decision", "definition", "element", "elements", "end", "event", "flow", "flows",
    "form", "from", "handler", "held_until", "initiator", "matched", "name", "node",
    "outcome", "parent", "policy", "proof", "queue", "result", "role", "round", "seen",
    "shown", "state", "step", "task", "to", "token", "worker",
})  # fmt: skip
_NONE: Final[frozenset[str]] = frozenset()
# In a decision's inputs the names are variables', and numbers are looked at too.
_EXPLAINS: Final = frozenset({"why", "explanation", "inputs", "messages", "error"})
_IN_EXPLANATIONS: Final = frozenset({
    "clock_policy", "control", "decision", "element", "grid", "grid_policy",
    "hit_policy", "ladder_policy", "matched", "policy", "reveal", "rules",
})  # fmt: skip
_DIGESTS: Final = frozenset({
    "before", "digest", "inputs", "output", "set", "variables",
})  # fmt: skip


class _Planned(Protocol):
    @property
    def personal(self) -> Sequence[Path]: ...


class Advancing(Protocol):
    """What is asked of a run: its instance and its plan."""

    @property
    def instance(self) -> InstanceRow: ...
    @property
    def plan(self) -> _Planned: ...


def read_paths(process: Process) -> tuple[Path, ...]:
    """Return where the personal values of a process are; empty where it declares none.

    Where it declares some, the rationale that a user task gives back is among them:
    it is a person's free text about the subject. Raises PathError.
    """
    words = split_paths(process.properties.get(PERSONAL, ""))
    paths = {parse_path(word) for word in words}
    if paths:
        paths.update(
            (node.result or node.id, RATIONALE)
            for node in process.nodes.values()
            if node.kind is NodeKind.USER_TASK
        )
    return tuple(sorted(paths))


def read_subject(
    process: Process, variables: Mapping[str, Any], *, business_key: str
) -> str:
    """Return who the case is about as `cs:subject` says, "" where nothing says it yet."""
    word = process.properties.get(SUBJECT, "").strip()
    if word == BUSINESS_KEY:
        return business_key
    value: Any = variables if word else None
    for part in parse_path(word) if word else ():
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    return str(value).strip()


def paths_at(node: Node, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return where personal values are in what a step is given.

    Without input mappings that is where they are in the instance. A mapping of a plain
    path carries them to its target; one that merely mentions a personal variable makes
    its whole target personal.
    """
    if not paths:
        return ()
    loop = node.loop
    if loop is not None and loop.element and loop.collection:
        items = _carried(loop.element, f"{loop.collection}.*", paths)
        paths = tuple({*paths, *items})
    if not node.inputs:
        return tuple(paths)
    return tuple(
        sorted({
            path
            for mapping in node.inputs
            for path in _carried(mapping.target, mapping.source, paths)
        })
    )


def _carried(target: str, source: str, paths: Sequence[Path]) -> list[Path]:
    parts = tuple(source.removeprefix("=").strip().split("."))
    if not all(_WORD.match(part) for part in parts):
        named = set(_NAMES.findall(source))
        return [(target,)] if any(path[0] in named for path in paths) else []
    found: list[Path] = []
    for path in paths:
        both = list(zip(parts, path, strict=False))
        if all(EVERY in pair or pair[0] == pair[1] for pair in both):
            found.append((target, *path[len(parts) :]))
    return found


def digest_variables(run: Advancing) -> str:
    """Return the digest of all variables, with commitments for personal values."""
    row, paths = run.instance, run.plan.personal
    if not paths:
        return digest(row.variables)
    return digest(commit_at(row.variables, paths, salts_of(row.secret))[0])


def list_needles(contents: Iterable[Any], paths: Sequence[Path]) -> frozenset[str]:
    """Return the personal values of contents as the texts to look for elsewhere."""
    return frozenset(
        text
        for content in contents
        for _, value in find_values(content, paths)
        for text in _texts(value)
    )


def holds_any(text: str, needles: Iterable[str]) -> bool:
    """Tell whether a text is one of the needles, or has a long enough one in it."""
    return any(
        text == needle or (len(needle) >= SHORTEST and needle in text)
        for needle in needles
    )


def hush(
    drafts: Sequence[Draft],
    *,
    needles: frozenset[str],
    secret: bytes,
) -> tuple[list[Draft], list[Opening]]:
    """Return entries without personal values, and what opens what stands there now."""
    walk = _Hushing(needles, secret)
    made = [
        draft._replace(detail=walk.detail(draft.kind, draft.detail)) for draft in drafts
    ]
    return made, list(walk.openings.values())


def hide_words(
    told: Mapping[str, Any], *, needles: frozenset[str], secret: bytes
) -> tuple[dict[str, object], list[Opening]]:
    """Return what is told of a case without personal values; digests stay."""
    walk = _Hushing(needles, secret, blind=False)
    return walk.detail("", told), list(walk.openings.values())


class _Hushing:
    """One walk through entries of one instance."""

    def __init__(
        self, needles: frozenset[str], secret: bytes, *, blind: bool = True
    ) -> None:
        self.blind = blind
        self.numbers = needles
        self.words = frozenset(n for n in needles if not _is_number(n))
        self.secret = secret
        self.openings: dict[str, Opening] = {}

    def detail(self, kind: str, detail: Mapping[str, Any]) -> dict[str, object]:
        """Return an entry's detail without personal values."""
        kept = _PLAIN | {"variables"} if kind.startswith("instance.") else _PLAIN
        return self._members(detail, "entry", kept)

    def _members(
        self, value: Mapping[str, Any], place: str, kept: frozenset[str]
    ) -> dict[str, object]:
        return {
            name: item
            if name in kept
            else self._value(item, f"{place}:{name}", _kept_in(name, kept))
            for name, item in value.items()
        }

    def _value(self, value: Any, place: str, kept: frozenset[str]) -> Any:
        explains = kept is _NONE or kept is _IN_EXPLANATIONS
        if isinstance(value, str):
            if _HEX.match(value):
                blind = self.blind and not _DIGESTS.isdisjoint(place.split(":"))
                return self.hidden(value, place) if blind else value
            needles = self.numbers if explains else self.words
            return self.hidden(value, place) if holds_any(value, needles) else value
        if isinstance(value, Mapping):
            return self._members(value, place, kept)
        if isinstance(value, list | tuple):
            return [self._value(item, place, kept) for item in value]
        if explains and _number_text(value) in self.numbers:
            return self.hidden(value, place)
        return value

    def hidden(self, value: Any, place: str) -> dict[str, str]:
        """Return what stands for a value, and keep what opens it."""
        salt = derive_salt(self.secret, place, value)
        opening = Opening(commit(salt, value), salt, value, place)
        self.openings[opening.committed] = opening
        return stand_in(opening.committed)


def _kept_in(name: str, kept: frozenset[str]) -> frozenset[str]:
    if name == "inputs":
        return _NONE
    return _IN_EXPLANATIONS if name in _EXPLAINS else kept


def _texts(value: Any) -> Iterator[str]:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            if item.strip():
                yield item.strip()
        elif isinstance(item, Payload):
            continue
        elif isinstance(item, Mapping):
            todo.extend(item.values())
        elif isinstance(item, list | tuple):
            todo.extend(item)
        elif len(text := _number_text(item)) >= SHORTEST:
            yield text


def _number_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return ""
    return str(value)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()
