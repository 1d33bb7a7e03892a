"""Who acts: a person, a machine token or the system itself. No accounts here."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What stands behind an action."""

    PERSON = "person"
    TOKEN = "token"  # noqa: S105  a word, no secret
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Name who acted, as text that outlives the account.

    `id` is the natural person's id for persons, the token's id for tokens and a
    part of the product ("engine", "sweeper", ...) for the system.
    """

    kind: ActorKind
    id: str
    name: str

    @property
    def ref(self) -> str:
        """Return the stable reference, e.g. `person:42`."""
        return f"{self.kind.value}:{self.id}"


ENGINE = Actor(kind=ActorKind.SYSTEM, id="engine", name="Engine")
SWEEPER = Actor(kind=ActorKind.SYSTEM, id="sweeper", name="Sweeper")
SEALER = Actor(kind=ActorKind.SYSTEM, id="sealer", name="Sealer")
COMMAND_LINE = Actor(kind=ActorKind.SYSTEM, id="command-line", name="Command line")


def person(*, person_id: int, name: str) -> Actor:
    """Return the actor for a natural person."""
    return Actor(kind=ActorKind.PERSON, id=str(person_id), name=name)


def token(*, token_id: int, name: str) -> Actor:
    """Return the actor for a machine's API token."""
    return Actor(kind=ActorKind.TOKEN, id=str(token_id), name=name)
