"""The pages of objectives and alerts, by the people who use them."""

from django.urls import reverse

from review.core.states import PolicyKind
from review.models import AlertEpisode, AlertRule, Silence
from review.operations import watch_sweep
from tests.factories.desk import World
from tests.factories.policies import set_policy
from workflows.core.canonical import digest


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
    assert "decided within PT8H of working time" in seen.content.decode()
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


def test_alert_is_made_changed_silenced_and_removed(world: World) -> None:
    olga = world.browser("olga")
    given = {
        "name": "Breaches", "figure": "breach_rate", "queue": "", "task_class": "A",
        "comparison": "ABOVE", "threshold": "5", "clear": "8", "lasting": "0",
        "period": "86400", "note": "Call the desk.",
    }  # fmt: skip
    wrong = olga.post(reverse("alert-new"), given)
    assert wrong.status_code == 422
    assert "over at or below" in wrong.content.decode()
    assert olga.post(reverse("alert-new"), {**given, "clear": "3"}).status_code == 302
    rule = AlertRule.objects.get()
    assert (str(rule.threshold), str(rule.clear)) == ("0.050000", "0.030000")
    page = reverse("alert-edit", args=[rule.id])
    assert olga.get(page).context["form"].initial["threshold"] == "5"
    again = {**given, "threshold": "-1", "clear": "-2", "figure": "due_soon"}
    assert olga.post(page, again).status_code == 302
    watch_sweep.evaluate_due()
    (row,) = olga.get(reverse("alert-list")).context["standing"]
    assert "Breaches: due within 4 h is 0, above -1" in row["title"]
    silence = reverse("alert-silence", args=[rule.id])
    assert olga.post(silence, {"hours": "4", "reason": "A move."}).status_code == 302
    listed = olga.get(reverse("alert-list"))
    assert [one["stands"] for one in listed.context["silences"]] == [True]
    end = reverse("silence-end", args=[Silence.objects.get().id])
    assert olga.post(end).status_code == 302
    remove = reverse("alert-remove", args=[rule.id])
    assert world.browser("mallory").post(remove).status_code == 403
    assert olga.post(remove).status_code == 302
    assert not AlertEpisode.objects.filter(closed_at=None).exists()
    assert olga.get(page).status_code == 404
