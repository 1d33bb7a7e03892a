"""What changed in a handler: sentences about two contracts."""

from typing import Any

import pytest
from pydantic import BaseModel

from workflows.core.drift import compare_contracts
from workflows.handlers import HandlerContext, Registry, Retry, handler


class In(BaseModel):
    amount: int


class Out(BaseModel):
    score: int


class MoreIn(In):
    currency: str


def contract(model: type[BaseModel] = In, **options: Any) -> dict[str, object]:
    registry = Registry()

    def score(request: BaseModel, context: HandlerContext) -> Out:
        """Score."""
        return Out(score=1)

    score.__annotations__["request"] = model
    score.__doc__ = options.pop("text", "Score.")
    declare = handler("test.score", version="1.0.0", register_in=registry, **options)
    declare(score)
    return registry.get("test.score").contract()


def test_same_contract_has_no_changes() -> None:
    assert compare_contracts(contract(), contract()) == []


def test_words_for_people_do_not_count() -> None:
    assert compare_contracts(contract(), contract(text="Rate it.")) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model": MoreIn}, "Input currency is required now."),
        (
            {"kind": "external", "retry": Retry(1, 1, 1)},
            (
                "It runs outside any transaction, at least once now; it was pure when"
                " deployed."
            ),
        ),
        ({"timeout_seconds": 5}, "Its time limit is 5 s now and was 30 s."),
        (
            {"retry": Retry(max_attempts=4, base_seconds=2, cap_seconds=60)},
            "It is tried 4 times, 2 s to 60 s apart, now and was tried once.",
        ),
        (
            {"compensation": "test.unscore"},
            "test.unscore takes its effect back now; it was nothing.",
        ),
    ],
)
def test_change_is_told_in_a_sentence(changed: dict[str, Any], told: str) -> None:
    assert compare_contracts(contract(), contract(**changed)) == [told]
