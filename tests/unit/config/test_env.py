"""Readers of the environment: what they accept, and the sentence of a refusal."""

from pathlib import Path

import pytest

from config.env import Environment, InvalidSetting


def read(**variables: str) -> Environment:
    return Environment(variables)


@pytest.mark.parametrize(
    ("word", "value"), [("on", True), ("TRUE", True), ("0", False), ("no", False)]
)
def test_boolean_understands_a_few_words(word: str, value: bool) -> None:
    assert read(X=word).boolean("X", default=not value) is value


def test_boolean_refuses_other_words() -> None:
    with pytest.raises(InvalidSetting, match=r"X is 'maybe'; it must be one of true"):
        read(X="maybe").boolean("X", default=True)


def test_absent_and_empty_variables_take_the_default() -> None:
    env = read(EMPTY=" ")
    assert env.boolean("EMPTY", default=True)
    assert env.integer("ABSENT", 7, least=1, most=9) == 7
    assert env.choice("ABSENT", "a", words=["a", "b"]) == "a"
    assert env.listing("EMPTY", ["x"]) == ["x"]


@pytest.mark.parametrize("text", ["0", "10", "-1", "1.5", "five", "٣٣"])
def test_integer_refuses_what_is_not_in_range(text: str) -> None:
    with pytest.raises(InvalidSetting, match="whole number from 1 to 9"):
        read(X=text).integer("X", 5, least=1, most=9)


def test_words_are_known_ones() -> None:
    env = read(X="move, skip,move", BAD="move,destroy")
    assert env.words("X", known=["skip", "move", "edit"]) == {"move", "skip"}
    assert env.words("ABSENT", known=["skip"]) == frozenset()
    with pytest.raises(InvalidSetting, match=r"BAD holds 'destroy'; the words it"):
        env.words("BAD", known=["skip", "move"])


def test_choice_names_the_words_it_knows() -> None:
    with pytest.raises(InvalidSetting, match=r"'stage'; it must be one of a, b\."):
        read(X="stage").choice("X", "a", words=["b", "a"])


def test_listing_drops_blanks() -> None:
    assert read(X="a, b ,,c").listing("X") == ["a", "b", "c"]


def test_path_is_absolute() -> None:
    assert read(X="here").path("X", Path("there")) == Path.cwd() / "here"


def test_secret_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n", encoding="utf-8")
    assert read(X_FILE=str(tmp_path / "key")).secret("X") == "s3cret"


def test_secret_refuses_two_sources_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="Both X and X_FILE are set"):
        read(X="a", X_FILE="b").secret("X")
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read(X_FILE=str(tmp_path / "none")).secret("X")


def test_named_secrets_are_read_and_never_repeated_in_a_refusal() -> None:
    long, whsec = "x" * 24, "whsec_" + "QUJD" * 8
    named = read(X=f"ops={long}\nhook={whsec},").named_secrets("X")
    assert named == {"ops": long, "hook": whsec}
    for wrong in (long, "ops=short", "ops=whsec_###" + long, f"a={long},a={long}"):
        with pytest.raises(InvalidSetting, match="its part") as refused:
            read(X=wrong).named_secrets("X")
        assert long not in str(refused.value)


@pytest.mark.parametrize("origin", ["review.example.com", "https://a.example/x", "*"])
def test_origins_must_be_full(origin: str) -> None:
    with pytest.raises(InvalidSetting, match="full origins"):
        read(X=origin).origins("X")


def test_database_by_host_keeps_libpq_parameters() -> None:
    url = "postgres://me:p%40ss@db.example.com:6432/review?sslmode=verify-full"
    assert read(X=url).database("X") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "review",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "verify-full"},
    }


def test_database_on_a_unix_socket() -> None:
    found = read(X="postgres://app@/review?host=/run/pg&port=5432").database("X")
    assert found is not None
    assert (found["HOST"], found["PORT"], found["USER"]) == ("/run/pg", "5432", "app")


@pytest.mark.parametrize(
    "url", ["mysql://a/b", "postgres://host/", "postgres://h/db?no_such_option=1"]
)
def test_database_refuses_what_it_cannot_use(url: str) -> None:
    with pytest.raises(InvalidSetting, match=r"^X "):
        read(X=url).database("X")


def test_redis_refuses_other_schemes() -> None:
    assert read(X="unix:///run/v.sock?db=1").redis("X") == "unix:///run/v.sock?db=1"
    with pytest.raises(InvalidSetting, match="redis://"):
        read(X="http://h").redis("X")


def test_unknown_variables_are_refused_with_the_nearest_name() -> None:
    env = read(APP_DEBGU="1", OTHER="2")
    env.boolean("APP_DEBUG", default=False)
    with pytest.raises(InvalidSetting, match="Did you mean APP_DEBUG"):
        env.refuse_unknown(prefix="APP_")


def test_links_are_named_and_lead_to_the_web() -> None:
    env = Environment({
        "COUNTERSIGN_X": "a.b=https://w.example/?q=1, c=http://x.example"
    })
    assert env.links("COUNTERSIGN_X") == {
        "a.b": "https://w.example/?q=1",
        "c": "http://x.example",
    }
    for bad in ("https://w.example", "a=javascript:alert(1)", "=https://w.example"):
        with pytest.raises(InvalidSetting):
            Environment({"COUNTERSIGN_X": bad}).links("COUNTERSIGN_X")
