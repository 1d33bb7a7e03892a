"""Who fills in the demonstration, and where its cases come from."""

from typing import Final

from workflows.core.actors import Actor, ActorKind

DEMO: Final = Actor(kind=ActorKind.SYSTEM, id="demo", name="Demonstration")
PORTAL: Final = Actor(kind=ActorKind.SYSTEM, id="portal", name="Application portal")
