"""Who may decide on a change of a definition, and what it is called."""

import pytest

from review.core.changes import (
    ChangeKind,
    ChangeState,
    Migration,
    describe,
    find_objection,
    suggest_version,
)
from workflows.core.manifest import (
    ManifestError,
    read_manifest,
    with_version,
    write_manifest,
)


@pytest.mark.parametrize(
    ("state", "persons", "told"),
    [
        (ChangeState.PROPOSED, {2}, ""),
        (ChangeState.PROPOSED, {1}, "a second person must decide"),
        # Who stands in for the author, or he for him, counts as one with him.
        (ChangeState.PROPOSED, {2, 1}, "a second person must decide"),
        (ChangeState.DONE, {2}, "settled already"),
        (ChangeState.WITHDRAWN, {1}, "settled already"),
    ],
)
def test_author_never_decides(state: ChangeState, persons: set[int], told: str) -> None:
    found = find_objection(state=state, author_id=1, persons=persons)
    assert told in found
    assert bool(told) is bool(found)


@pytest.mark.parametrize(
    ("kind", "versions", "told"),
    [
        (ChangeKind.DEPLOY, [], "Deploy 1.2.0"),
        (ChangeKind.DEPLOY, ["1.0.0", "1.1.0"], "Deploy 1.2.0, migrate 1.0.0, 1.1.0"),
        (ChangeKind.ROLL_BACK, [], "Roll back to 1.2.0"),
        (ChangeKind.MIGRATE, ["1.0.0"], "Migrate 1.0.0 to 1.2.0"),
    ],
)
def test_change_is_told_in_a_few_words(
    kind: ChangeKind, versions: list[str], told: str
) -> None:
    going = [Migration(1, version, {"a": "b"}) for version in versions]
    assert [Migration.from_json(one.to_json()) for one in going] == going
    assert describe(kind=kind, version="1.2.0", migrations=going) == told


@pytest.mark.parametrize(
    ("newest", "next_one"),
    [("1.2.3", "1.3.0"), ("2.0.0-rc.1", "2.1.0"), ("odd", "1.0.0")],
)
def test_next_version_is_suggested(newest: str, next_one: str) -> None:
    assert suggest_version(newest) == next_one


def test_version_is_written_and_all_else_stays() -> None:
    data = write_manifest(
        key="a-b", version="1.0.0", name='The "A"', owner="B", process="main"
    )
    assert read_manifest(data).name == 'The "A"'
    text = (
        b"# mine\n[settings]\nversion = \"9\"\n[package] # here\nkey = 'a'\n"
        b"version = '1.0.0'  # now\r\nname = 'A'\nowner = 'B'\nprocess = 'p'\n"
    )
    changed = with_version(text, "1.1.0")
    assert changed == text.replace(b"'1.0.0'", b'"1.1.0"')
    assert str(read_manifest(changed).version) == "1.1.0"
    with pytest.raises(ManifestError, match="no line"):
        with_version(b"[package]\nname = 'A'\n", "1.1.0")
