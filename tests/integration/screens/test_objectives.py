"""The pages of objectives and alerts, by the people who use them."""

from typing import Any

from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from review.core.states import PolicyKind
from review.models import AlertEpisode, AlertRule, Silence
from review.operations.figures import watch_sweep
from review.operations.notices import planning
from tests.factories.desk import World
from tests.factories.policies import set_policy
from workflows.core.canonical import digest
from workflows.core.egress import AllowedHost


def test_objective_is_proposed_from_the_editor_and_its_page_shows_the_budget(
    world: World,
) -> None:
    olga, carol = world.browser("olga"), world.browser("carol")
    key = world.queue.key
    edit = reverse("queue-objectives-edit", args=[key])
    row = {"name": "in-time", "share": "95", "within": "PT8H", "window": "28d"}
    given = {"rows": "1", "inputs": "0", **{f"r0-{k}": v for k, v in row.items()}}
    wrong = carol.post(edit, {**given, "r0-share": "120", "do": "preview"})
    assert wrong.status_code == 422
    seen = carol.post(edit, {**given, "do": "preview"})
    assert "decided within 8 h of working time" in seen.content.decode()
    assert seen.context["previewed"] == digest({"rows": [row]})
    words = {"previewed": seen.context["previewed"], "reason": "So that it is seen."}
    done = carol.post(edit, {**given, **words, "do": "propose"}, follow=True)
    assert "waits for approval" in done.content.decode().lower()
    # Nothing is in force before a second person agrees.
    page = reverse("objective-detail", args=[key, "in-time"])
    assert olga.get(page).status_code == 404
    approve = done.request["PATH_INFO"] + "approve/"
    assert olga.post(approve, {"approve-reason": ""}).status_code == 302
    watch_sweep.evaluate_due()
    shown = olga.get(page).content.decode()
    assert "too few to say: 0 of 10" in shown
    assert "in-time" in carol.get(reverse("objective-list")).content.decode()
    silence = reverse("objective-silence", args=[key, "in-time"])
    assert carol.post(silence, {"hours": "4", "reason": ""}).status_code == 422
    assert carol.post(silence, {"hours": "4", "reason": "A move."}).status_code == 302
    assert Silence.objects.get().subject == f"objective:{key}:in-time:"
    for who in ("alice", "mallory"):
        assert world.browser(who).get(page).status_code == 403
    assert (
        set_policy(world.queue, {"rows": []}, kind=PolicyKind.OBJECTIVES).version == 2
    )


def test_alert_is_proposed_approved_changed_silenced_and_ended(
    world: World, settings: Settings
) -> None:
    settings.EGRESS_HOSTS = (AllowedHost("hooks.example.com", 443),)
    settings.WEBHOOK_SECRETS = {"ops": "a secret of thirty-two characters"}
    olga, mona = world.browser("olga"), world.browser("carol")
    given = {
        "name": "Breaches", "figure": "breach_rate", "queue": "", "task_class": "A",
        "comparison": "ABOVE", "threshold": "5", "clear": "8", "lasting": "0",
        "period": "86400", "note": "Call the desk.", "receiver": "new", "secret": "ops",
        "webhook": "https://hooks.example.com/T/hush", "reason": "To be seen early.",
    }  # fmt: skip
    refuse_wrong(olga, given)
    given["clear"] = "3"
    seen = olga.post(reverse("alert-new"), given, follow=True)
    text = seen.content.decode()
    assert "hooks.example.com" in text
    assert "hush" not in text
    assert "a second person must approve it" in text
    assert not AlertRule.objects.exists()
    page = seen.request["PATH_INFO"]
    assert (
        "Waits for a second person" in mona.get(reverse("alert-list")).content.decode()
    )
    assert olga.post(f"{page}approve/", {"approve-reason": ""}).status_code == 403
    assert mona.post(f"{page}approve/", {"approve-reason": ""}).status_code == 302
    rule = AlertRule.objects.get()
    assert (str(rule.threshold), str(rule.clear)) == ("0.050000", "0.030000")
    page = reverse("alert-edit", args=[rule.id])
    read_only(world.browser("dan"), page)
    assert olga.get(page).context["form"].initial["threshold"] == "5"
    again = {
        **given, "comparison": "BELOW", "threshold": "1", "clear": "2",
        "figure": "due_soon", "receiver": "keep", "webhook": "",
    }  # fmt: skip
    approve(mona, olga.post(page, again))
    watch_sweep.evaluate_due()
    (row,) = olga.get(reverse("alert-list")).context["standing"]
    assert "Breaches: due within 4 h is 0, below 1" in row["title"]
    planning.plan_some()
    shown = olga.get(page)
    assert [one["host"] for one in shown.context["deliveries"]] == ["hooks.example.com"]
    assert [one["version"] for one in shown.context["made"]] == [2, 1]
    silence_and_tell_again(olga, rule)
    remove = reverse("alert-remove", args=[rule.id])
    assert world.browser("mallory").post(remove).status_code == 403
    assert olga.post(remove, {"end-reason": ""}).status_code == 422
    approve(mona, olga.post(remove, {"end-reason": "It is seen elsewhere."}))
    assert not AlertEpisode.objects.filter(closed_at=None).exists()
    assert olga.get(page).status_code == 404


def refuse_wrong(olga: Client, given: dict[str, str]) -> None:
    """Propose what cannot be: each time the form comes back and says why."""
    for more, said in (
        ({}, "over at or below"),
        ({"clear": "-1"}, "write zero or more"),
        ({"clear": "3", "definition": "nowhere"}, "nowhere is not one of the"),
        ({"clear": "3", "queue": "999"}, "999 is not one of the"),
        ({"clear": "3", "webhook": "https://elsewhere.example.org/x"}, "not allowed"),
    ):
        wrong = olga.post(reverse("alert-new"), given | more)
        assert wrong.status_code == 422, more
        assert said in wrong.content.decode(), more


def read_only(dan: Client, page: str) -> None:
    """Look at a rule as an auditor, who changes nothing."""
    form = dan.get(page).context["form"]
    assert all(field.disabled for field in form.fields.values())
    assert not {"reason", "webhook"} & set(form.fields)
    assert dan.get(reverse("alert-new")).status_code == 403
    assert dan.post(page, {"name": "Mine"}).status_code == 403


def silence_and_tell_again(olga: Client, rule: AlertRule) -> None:
    """Silence a rule and end its silence: one person's acts."""
    silence = reverse("alert-silence", args=[rule.id])
    assert olga.post(silence, {"hours": "4", "reason": "A move."}).status_code == 302
    twice = olga.post(silence, {"hours": "4", "reason": "A move."})
    assert (twice.status_code, "silence first" in twice.content.decode()) == (409, True)
    listed = olga.get(reverse("alert-list"))
    (standing,) = listed.context["silences"]
    assert (standing["stands"], standing["what"]) == (True, rule.name)
    assert standing["url"] == reverse("alert-edit", args=[rule.id])
    end = reverse("silence-end", args=[Silence.objects.get().id])
    assert olga.post(end).status_code == 302


def approve(browser: Client, proposed: Any) -> None:
    """Approve what an answer leads to, as the second person."""
    assert proposed.status_code == 302, proposed.content.decode()
    done = browser.post(f"{proposed.url}approve/", {"approve-reason": "Good."})
    assert done.status_code == 302, done.content.decode()
