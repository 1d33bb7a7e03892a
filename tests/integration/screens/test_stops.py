"""The pages of stops: choose, stop, see the banner, lift by two."""

from django.urls import reverse

from review.core.stops import StopKind, Target
from review.forms.stops import write_target
from review.models import Stop
from tests.factories.desk import World
from tests.factories.policies import set_policy

GRID = {
    "rows": [
        {"confidence": ">= 0.9", "control": "auto"},
        {"control": "review"},
    ]
}


def test_grid_is_stopped_from_its_page_and_lifted_by_two(world: World) -> None:
    grid = set_policy(world.queue, GRID)
    olga, carol, alice = (world.browser(name) for name in ("olga", "carol", "alice"))
    page = olga.get(reverse("queue-grid", args=[world.queue.key]))
    (row,) = page.context["stop_rows"]
    target = Target(
        kind=StopKind.CELL, queue=world.queue.key, grid=grid.id, row=row["number"]
    )
    assert row["url"] == f"{reverse('stop-new')}?{write_target(target)}"
    # Who only reviews sees neither the button nor the page behind it.
    seen = alice.get(reverse("queue-grid", args=[world.queue.key]))
    assert (seen.context["stop_rows"], seen.context["stop_url"]) == ([], "")
    assert alice.get(row["url"]).status_code == 403
    assert "row 1" in olga.get(reverse("stop-new"), {"q": "row"}).content.decode()
    assert (
        olga.get(reverse("stop-new"), {"kind": "CELL", "row": "x"}).status_code == 422
    )
    absent: tuple[dict[str, str], ...] = (
        {"kind": "DEFINITION", "name": "nowhere"},
        {"kind": "CELL", "queue": "nowhere"},
        {"kind": "CELL", "queue": world.queue.key, "grid": str(grid.id), "row": "9"},
    )
    for query in absent:
        assert olga.get(reverse("stop-new"), query).status_code == 404, query
    assert world.browser("dan").get(row["url"]).status_code == 403
    empty = olga.post(row["url"], {"hours": "24", "reason": ""})
    assert empty.status_code == 422
    done = olga.post(row["url"], {"hours": "24", "reason": "It lets too much pass."})
    stop = Stop.objects.get()
    assert done.headers["Location"] == reverse("stop-detail", args=[stop.id])
    assert olga.post(row["url"], {"hours": "4", "reason": "Again."}).status_code == 409
    for who, name in ((alice, "queue-detail"), (olga, "queue-grid")):
        told = who.get(reverse(name, args=[world.queue.key])).content.decode()
        assert f'data-stop="{stop.id}"' in told
    (listed,) = carol.get(reverse("stop-list")).context["standing"]
    assert (listed["id"], listed["diverted"]) == (stop.id, 0)

    def act(who: object, name: str, **given: str) -> int:
        address = reverse(f"stop-{name}", args=[stop.id])
        return int(who.post(address, given).status_code)  # type: ignore[attr-defined]

    assert (
        act(olga, "extend", **{"extend-hours": "72", "extend-reason": "More."}) == 302
    )
    assert act(olga, "extend", **{"extend-hours": "1", "extend-reason": "Less."}) == 422
    for name in ("extend", "ask", "refuse"):
        again = carol.get(reverse(f"stop-{name}", args=[stop.id]))
        assert again.headers["Location"] == reverse("stop-detail", args=[stop.id])
    assert act(carol, "lift") == 403
    assert act(carol, "ask", **{"ask-reason": "It is mended."}) == 302
    assert act(carol, "lift") == 403
    assert olga.get(reverse("stop-detail", args=[stop.id])).context["may_agree"]
    assert act(olga, "refuse", **{"refuse-reason": "Not tested."}) == 302
    assert act(carol, "ask", **{"ask-reason": "Tested."}) == 302
    assert act(olga, "lift") == 302
    assert olga.get(reverse("stop-list")).context["standing"] == []
    assert act(world.browser("mallory"), "lift") == 403


def test_process_is_stopped_with_every_automatic_step_by_a_box(world: World) -> None:
    olga = world.browser("olga")
    url = f"{reverse('stop-new')}?{write_target(Target(kind=StopKind.DEFINITION, name='screens'))}"
    assert "Hold every automatic step" in olga.get(url).content.decode()
    given = {"hours": "4", "reason": "It cannot be trusted.", "everything": "on"}
    assert olga.post(url, given).status_code == 302
    stop = Stop.objects.get()
    assert stop.everything
    listed = olga.get(reverse("stop-list")).content.decode()
    assert "in all versions, every automatic step" in listed
