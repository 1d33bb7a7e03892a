"""Keys as the templates print them: after the person's own map."""

import dataclasses
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpRequest
from django.template import RequestContext

from review.core.tasks.wellness import WORDS
from review.dashboards import frame
from review.dashboards.frame import Look, Viewer
from review.permissions import Rights
from review.templatetags.console import key, keycap, look_attributes


def _context(look: Look) -> RequestContext:
    request = HttpRequest()
    request.user = object()  # type: ignore[assignment]
    rights = Rights(person_id=1, name="Ada")
    frame._viewers[request] = Viewer(rights=rights, look=look)
    return RequestContext(request)


def test_a_control_has_the_persons_own_key() -> None:
    context = _context(Look(keys={"a": "y", "Control+k": "Control+b"}))
    assert key(context, "a") == 'data-key="y" aria-keyshortcuts="y"'
    assert key(context, "r") == 'data-key="r" aria-keyshortcuts="r"'
    assert keycap(context, "a") == '<kbd aria-hidden="true">y</kbd>'
    assert "<kbd aria-hidden" in keycap(context, "Control+k")
    assert ">B<" in keycap(context, "Control+k")


def test_a_control_inside_an_include_with_only_has_it_too() -> None:
    context = _context(Look(keys={"a": "y"})).new({})
    assert key(context, "a") == 'data-key="y" aria-keyshortcuts="y"'


def test_sequences_and_switched_off_keys_are_not_announced() -> None:
    context = _context(Look(single_keys=False))
    assert key(context, "g q") == 'data-key="g q"'
    assert key(context, "a") == 'data-key="a"'
    assert "aria-keyshortcuts" in key(context, "Control+Enter")


@pytest.mark.parametrize(
    ("name", "caps"),
    [
        ("g q", ["g", "q"]),
        ("Shift+E", ["Shift", "E"]),
        ("Control+Enter", ["Ctrl", "Enter"]),
    ],
)
def test_keys_are_printed_in_parts(name: str, caps: list[str]) -> None:
    printed = keycap(_context(Look()), name)
    assert [part.split("<")[0] for part in printed.split(">")[1::2]] == caps


def test_the_root_says_what_the_scripts_and_styles_need() -> None:
    look = Look(theme="dark", density="compact", single_keys=False, keys={"a": "y"})
    soft = dataclasses.replace(look.wellness, blur=2, greyscale=True)
    text = look_attributes(_context(dataclasses.replace(look, wellness=soft)))
    for part in ('"dark"', '"compact"', 'keys="off"', 'blur="2"', 'greyscale="on"'):
        assert part in text
    assert "&quot;a&quot;: &quot;y&quot;" in text


def test_the_organisations_words_of_wellness_are_the_codes() -> None:
    text = (Path(settings.BASE_DIR) / "config" / "settings.py").read_text("utf-8")
    part = text.split('"COUNTERSIGN_WELLNESS"')[1].split(")")[0]
    assert [word for word in WORDS if f'"{word}"' not in part] == []
