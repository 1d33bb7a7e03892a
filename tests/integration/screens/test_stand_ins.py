"""The pages of stand-ins and of emergencies, by the people who use them."""

import datetime as dt

from django.urls import reverse

from review.core.states import Role
from review.models import BreakGlass, Delegation
from review.operations.people import people
from tests.factories.desk import World
from tests.factories.processes import TESTER
from workflows.store import database_now

DAY = dt.timedelta(days=1)


def test_lending_and_ending_it(world: World) -> None:
    alice, bob = world.browser("alice"), world.browser("bob")
    page = alice.get(reverse("delegation-list"))
    assert "Nobody stands in for you" in page.content.decode()
    until = (database_now() + 3 * DAY).date().isoformat()
    given = {
        "taker": world.people["bob"].id,
        "queue": "",
        "amount": "1000",
        "ends_on": until,
        "reason": "I am away until Friday.",
    }
    empty = alice.post(reverse("delegation-give"), {**given, "reason": ""})
    assert empty.status_code == 422
    assert "Say why" in empty.content.decode()
    done = alice.post(reverse("delegation-give"), given, follow=True)
    (row,) = done.context["given"]
    assert (row["other"], row["amount"], row["state"].label) == (
        world.people["bob"].name,
        "1,000",
        "In force",
    )
    again = alice.post(reverse("delegation-give"), given)
    assert again.status_code == 409
    assert "stands in for you there" in again.content.decode()
    # What was lent to bob is not lent on.
    on = bob.post(
        reverse("delegation-give"), {**given, "taker": world.people["carol"].id}
    )
    assert (on.status_code, Delegation.objects.count()) == (409, 1)
    (taken,) = bob.get(reverse("delegation-list")).context["taken"]
    revoke = reverse("delegation-revoke", args=[taken["id"]])
    assert world.browser("mallory").post(revoke).status_code == 403
    over = bob.post(revoke, follow=True)
    assert over.context["taken"][0]["state"].label == "Ended early"
    assert bob.post(revoke).status_code == 409


def test_breaking_the_glass_and_the_review_of_it(world: World) -> None:
    olga, carol = world.browser("olga"), world.browser("carol")
    page = olga.get(reverse("emergency-list"))
    assert "No glass was broken" in page.content.decode()
    given = {"queue": world.queue.id, "hours": "2", "reason": "Short."}
    short = olga.post(reverse("emergency-open"), given)
    assert short.status_code == 422
    given["reason"] = "The whole desk is ill and ten cases are due today."
    opened = olga.post(reverse("emergency-open"), given, follow=True)
    assert "another person will review this" in opened.content.decode()
    (broken,) = BreakGlass.objects.all()
    assert broken.expires_at - broken.opened_at == dt.timedelta(hours=2)
    (own,) = olga.get(reverse("emergency-list")).context["waiting"]
    assert (own["may_end"], own["may_review"]) == (True, False)
    review = reverse("emergency-review", args=[broken.id])
    words = {
        f"e{broken.id}-verdict": "yes",
        f"e{broken.id}-note": "Six verdicts, fine.",
    }
    refused = olga.post(review, words)
    assert refused.status_code == 403
    assert "another person reviews it" in refused.content.decode()
    people.grant_role(
        person=world.people["carol"],
        role=Role.MANAGER,
        queue=world.queue,
        actor=TESTER,
    )
    (waiting,) = carol.get(reverse("emergency-list")).context["waiting"]
    assert (waiting["may_review"], waiting["person"]) == (
        True,
        world.people["olga"].name,
    )
    assert carol.post(review, {}).status_code == 422
    done = carol.post(review, words, follow=True)
    assert done.context["waiting"] == []
    assert done.context["reviewed"][0]["ruling"].label == "Justified"
    end = reverse("emergency-end", args=[broken.id])
    assert carol.post(end).status_code == 403
    assert olga.post(end).status_code == 302
