"""The incidents desk says which connectors are held back."""

from django.urls import reverse

from tests.factories.desk import World
from workflows.handlers import Breaker
from workflows.operations import circuits


def test_incidents_desk_names_connectors_that_are_held_back(world: World) -> None:
    url = reverse("incident-list")
    calm = world.browser("olga").get(url).content.decode()
    assert "held back" not in calm
    breaker = Breaker(failures=1)
    failure = circuits.Outcome("credit-bureau", breaker, failed=True, probe=False)
    circuits.hear([failure])
    told = world.browser("olga").get(url).content.decode()
    assert "calls to credit-bureau held back" in told
