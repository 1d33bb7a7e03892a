"""Changes that two persons make: kinds, states, who may decide. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self


class ChangeKind(StrEnum):
    """What is proposed: a new version, another version for new instances, a migration."""

    DEPLOY = "DEPLOY"
    ROLL_BACK = "ROLL_BACK"
    MIGRATE = "MIGRATE"


class GovernedKind(StrEnum):
    """What else than definitions and policies takes two persons to change."""

    ALERT_RULE = "ALERT_RULE"
    ROLE = "ROLE"
    CALENDAR = "CALENDAR"


class ChangeState(StrEnum):
    """Where a proposed change is; DONE ones were approved and done in one transaction."""

    PROPOSED = "PROPOSED"
    DONE = "DONE"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


class MoveState(StrEnum):
    """Where a migration of running instances is; FAILED ones broke too often."""

    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"


NAMES: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.DEPLOY: "Deploy",
    ChangeKind.ROLL_BACK: "Roll back to",
    ChangeKind.MIGRATE: "Migrate to",
}
MOST_MOVE_FAILURES: Final = 5


@dataclass(frozen=True, slots=True)
class Migration:
    """Instances of which version go along, and which node stands for which."""

    source_id: int
    source_version: str
    nodes: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as a proposal keeps it."""
        return {
            "source": self.source_id,
            "version": self.source_version,
            "nodes": dict(self.nodes),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what a proposal keeps."""
        return cls(
            source_id=stored["source"],
            source_version=stored["version"],
            nodes=stored["nodes"],
        )


def find_objection(
    *, state: ChangeState, author_id: int, persons: Collection[int]
) -> str:
    """Return why a person may not approve or decline a change, or "".

    `persons` are all who count as one with him. Four eyes: who proposed a change, or
    stands in for who did, never settles it.
    """
    if state is not ChangeState.PROPOSED:
        return "This change has been settled already."
    if author_id in persons:
        return (
            "You proposed this yourself, or stand in for who did, so a second person"
            " must decide on it."
        )
    return ""


def describe(*, kind: ChangeKind, version: str, migrations: Sequence[Migration]) -> str:
    """Return a change in a few words: "Deploy 1.1.0, migrate 1.0.0"."""
    words = f"{NAMES[kind]} {version}"
    versions = ", ".join(one.source_version for one in migrations)
    if kind is ChangeKind.MIGRATE:
        return f"Migrate {versions} to {version}"
    return f"{words}, migrate {versions}" if versions else words


def suggest_version(newest: str) -> str:
    """Return the next minor version after a semantic one: 1.2.3 gives 1.3.0."""
    core = newest.partition("-")[0].partition("+")[0].split(".")
    if len(core) != 3 or not all(part.isdecimal() for part in core):
        return "1.0.0"
    return f"{core[0]}.{int(core[1]) + 1}.0"
