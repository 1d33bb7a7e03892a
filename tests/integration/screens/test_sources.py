"""What others wrote never runs: every renderer, and every answer that gives a file."""

import base64
from typing import Any

import pytest
from django.urls import reverse

from review.models import Task
from tests.factories.desk import World
from tests.unit.review.test_sources import PDF, PNG

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "'\"><iframe src=javascript:alert(1)>",
    "</mark></textarea></title><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ request.user }}{% debug %}",
    "<a href='javascript:alert(1)' onclick=alert(1)>x</a>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "\u202e<base href=//evil.example>",
    "<details open ontoggle=alert(1)>",
    "<template><script>alert(1)</script></template>",
)


def _file(data: bytes, name: str, said: str) -> dict[str, str]:
    return {
        "id": name,
        "name": name,
        "media_type": said,
        "data": base64.b64encode(data).decode(),
    }


def _poisoned(attack: str) -> dict[str, Any]:
    """Return a case with one attack in every place that a renderer shows."""
    place = {"document": attack, "start": 0, "end": len(attack)}
    return {
        "applicant": attack,
        attack: attack,
        "fields": {attack: {"value": attack, "confidence": 1, "source": place}},
        "documents": [
            {"id": attack, "name": attack, "text": f"{attack}\n{attack}"},
            {
                "id": "csv",
                "name": "t.csv",
                "text": f'"{attack.replace(chr(34), "")}",b\n{attack},2\n',
            },
            _file(attack.encode(), attack, "text/html"),
            _file(attack.encode(), "note", "text/plain"),
            _file(PNG, attack, attack),
            _file(b"%PDF-" + attack.encode(), attack, "application/pdf"),
        ],
        "table": [{attack: attack, "n": 1}],
        "tree": {attack: {"deep": [{attack: attack}]}},
        "facts": {attack: attack},
        "proposal": {"action": attack, "applicant": f"{attack} x", "note": attack},
    }


def test_no_renderer_lets_what_was_sent_become_markup(world: World) -> None:
    for attack in ATTACKS:
        _check_harmless(world, attack)


def _check_harmless(world: World, attack: str) -> None:
    task = world.open_task(**_poisoned(attack))
    browser = world.browser("alice")
    browser.post(reverse("task-claim", args=[task.pk]))
    browser.post(reverse("task-comment", args=[task.pk]), {"note-text": attack})
    browser.post(reverse("task-draft", args=[task.pk]), {"rationale": attack})
    answer = browser.get(reverse("task-detail", args=[task.pk]))
    page = answer.content.decode()
    assert answer.status_code == 200
    body = page[page.index("<main") : page.index("</main>")]
    assert "<script" not in body
    assert attack not in body or "<" not in attack
    for tag in (
        "<img src=x",
        "<svg/onload",
        "<iframe",
        "<base",
        "<math",
        "ontoggle=alert(1)>",
    ):
        assert tag not in body
    assert 'href="javascript:' not in body.lower()
    policy = answer["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


@pytest.fixture
def task(world: World) -> Task:
    return world.open_task(
        documents=[
            {"id": "t", "name": "note.txt", "text": "x"},
            _file(PNG, 'a"b.png', "text/html"),
            _file(PDF, "scan.pdf", "image/png"),
            _file(
                b"<html><script>alert(1)</script>", "page.html", "application/x-page"
            ),
        ]
    )


def test_files_are_what_their_bytes_are_and_can_do_nothing(
    world: World, task: Task
) -> None:
    browser = world.browser("alice")
    given = [
        browser.get(reverse("source-file", args=[task.pk, number]))
        for number in (1, 2, 3)
    ]
    page = browser.get(reverse("source-page", args=[task.pk, 2, 1]))
    assert [each["Content-Type"] for each in [*given, page]] == [
        "image/png",
        "application/octet-stream",
        "application/octet-stream",
        "image/png",
    ]
    for each in [*given, page]:
        assert each["X-Content-Type-Options"] == "nosniff"
        assert each["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    kept = [each["Content-Disposition"].partition(";")[0] for each in given]
    assert kept == ["inline", "attachment", "attachment"]
    assert given[0]["Content-Disposition"] == 'inline; filename="a_b.png"'
    assert page.content.startswith(b"\x89PNG")
    shown = browser.get(reverse("task-detail", args=[task.pk])).content.decode()
    assert reverse("source-page", args=[task.pk, 2, 1]) in shown
    assert "Files of this kind are not shown here" in shown


def test_what_is_no_file_or_for_others_is_not_given(world: World, task: Task) -> None:
    browser = world.browser("alice")
    for name, rest in (
        ("source-file", [0]),
        ("source-file", [9]),
        ("source-page", [2, 7]),
        ("source-page", [1, 1]),
    ):
        url = reverse(name, args=[task.pk, *rest])
        assert browser.get(url).status_code == 404
    for name, rest in (("source-file", [1]), ("source-page", [2, 1])):
        url = reverse(name, args=[task.pk, *rest])
        assert world.browser("mallory").get(url).status_code == 403
