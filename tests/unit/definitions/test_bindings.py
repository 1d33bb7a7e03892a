"""Which version a call takes: latest, compatible, pinned."""

import pytest

from workflows.core.bindings import (
    Binding,
    BindingError,
    Standing,
    Wish,
    choose,
    newest,
    read_wish,
)
from workflows.core.contracts import Version

V = Version.parse


def standing(*versions: str, closed: tuple[str, ...] = ()) -> Standing:
    return Standing(versions=tuple(map(V, versions)), closed=frozenset(map(V, closed)))


ALL = standing("1.0.0", "1.4.0", "1.9.0", "2.0.0", "2.1.0", closed=("1.9.0",))


def chosen(
    binding: str, version: str = "", noted: str = "", among: Standing = ALL
) -> str:
    wish = read_wish(binding=binding, version=version)
    found = choose(wish, among, noted=V(noted) if noted else None)
    return str(found) if found else ""


@pytest.mark.parametrize(
    ("binding", "version", "kind"),
    [
        ("", "", Binding.LATEST),
        ("", "latest", Binding.LATEST),
        ("", "1.2.0", Binding.PINNED),
        ("", "1", Binding.COMPATIBLE),
        ("", ">=1.2,<3", Binding.COMPATIBLE),
        ("compatible", "", Binding.COMPATIBLE),
        ("pinned", "", Binding.PINNED),
    ],
)
def test_wish_is_read_from_what_is_written(
    binding: str, version: str, kind: Binding
) -> None:
    text = "" if version == "latest" else version
    assert read_wish(binding=binding, version=version) == Wish(kind, text)


@pytest.mark.parametrize(
    ("binding", "version", "told"),
    [
        ("newest", "", "it takes one of: latest, compatible, pinned"),
        ("latest", "1.2.0", "leave one of them out"),
        ("pinned", "1.2", "MAJOR.MINOR.PATCH"),
        ("compatible", "one", "not a range"),
        ("", "one", "not a range"),
    ],
)
def test_wish_that_says_no_version_is_refused(
    binding: str, version: str, told: str
) -> None:
    with pytest.raises(BindingError, match=told):
        read_wish(binding=binding, version=version)


def test_latest_is_the_newest_that_is_open() -> None:
    assert chosen("latest") == "2.1.0"
    assert chosen("", among=standing("1.0.0", "2.0.0", closed=("2.0.0",))) == "1.0.0"
    assert chosen("", among=standing("1.0.0", "2.0.0-rc.1")) == "1.0.0"
    assert chosen("", among=standing("2.0.0-rc.1")) == "2.0.0-rc.1"
    assert chosen("", among=standing()) == ""


def test_compatible_stays_within_the_major_version_of_the_deployment() -> None:
    assert chosen("compatible", noted="1.0.0") == "1.4.0"
    assert chosen("compatible", noted="2.0.0") == "2.1.0"
    assert chosen("compatible", noted="3.0.0") == ""
    assert chosen("compatible", noted="2.2.0") == ""


def test_compatible_takes_the_newest_within_a_range() -> None:
    assert chosen("compatible", "<2", noted="2.0.0") == "1.4.0"
    assert chosen("compatible", "1.0") == "1.0.0"
    assert chosen("compatible", "3") == ""


def test_pinned_is_what_was_newest_at_the_deployment_or_what_is_given() -> None:
    assert chosen("pinned", noted="1.4.0") == "1.4.0"
    assert chosen("pinned", "1.0.0", noted="2.0.0") == "1.0.0"
    assert chosen("pinned", "1.5.0", noted="2.0.0") == ""


def test_pinned_version_is_called_after_it_was_retired() -> None:
    assert chosen("pinned", noted="1.9.0") == "1.9.0"


def test_call_without_a_note_takes_the_newest() -> None:
    assert chosen("pinned") == "2.1.0"
    assert chosen("compatible") == "2.1.0"


def test_newest_prefers_a_release() -> None:
    assert newest([V("1.0.0"), V("1.1.0-rc.1")]) == V("1.0.0")
    assert newest([]) is None
