"""The definition page gives its files away, and draws what came without a diagram."""

from django.urls import reverse

from tests.factories.desk import World


def test_page_offers_both_downloads(world: World) -> None:
    browser = world.browser("carol")
    page = browser.get(reverse("definition-detail", args=[world.definition_id]))
    for name, kind in (
        ("definition-model", "application/xml"),
        ("definition-package", "application/zip"),
    ):
        url = reverse(name, args=[world.definition_id])
        assert url in page.content.decode()
        answer = browser.get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == kind
        assert answer["Content-Disposition"].startswith("attachment; filename=")
        assert world.browser("mallory").get(url).status_code == 403


def test_picture_of_a_model_without_a_diagram_is_drawn(world: World) -> None:
    url = reverse("definition-diagram", args=[world.definition_id])
    text = world.browser("carol").get(url).content.decode()
    assert text.count("BPMNShape ") >= 2
    assert not text.startswith("<?xml")
