"""What was on a reviewer's screen, as digests."""

from review.core.verdicts.shown import describe_shown, digest_sources
from workflows.core.canonical import digest

LETTER = {"id": "letter", "text": "Dear Sir"}


def test_each_document_has_its_own_digest() -> None:
    found = digest_sources({"documents": [LETTER, {"text": "x"}, "plain"], "n": 1})
    assert found == {
        "letter": digest(LETTER),
        "1": digest({"text": "x"}),
        "2": digest("plain"),
    }


def test_documents_kept_as_one_large_value_have_one_digest() -> None:
    reference = {"digest": "ab", "size": 9}
    assert digest_sources({"documents": reference}) == {"documents": digest(reference)}
    assert digest_sources({}) == {}


def test_description_names_all_that_was_shown() -> None:
    shown = describe_shown(
        payload={"documents": [LETTER]},
        proposal_digest="p",
        policy_version="loan 1.0.0",
        reveal="ON_REQUEST",
        revealed_at=None,
        opened=["letter", "letter", "a"],
    )
    assert shown == {
        "payload": digest({"documents": [LETTER]}),
        "proposal": "p",
        "policy": "loan 1.0.0",
        "sources": {"letter": digest(LETTER)},
        "reveal": "ON_REQUEST",
        "revealed_at": None,
        "sources_opened": ["a", "letter"],
    }
