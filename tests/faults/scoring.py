"""A model outside that is sure of everything: what stops keep from deciding."""

from decimal import Decimal

from pydantic import BaseModel

from workflows.handlers import HandlerContext, handler

MODEL = "fault.score"


class Asked(BaseModel):
    """What the model is asked."""

    amount: Decimal


class Score(BaseModel):
    """What the model says."""

    confidence: Decimal


@handler(
    MODEL, version="1.0.0", kind="external", connector="fault-scorer", decides=True,
    timeout_seconds=10,
)  # fmt: skip
def score(request: Asked, context: HandlerContext) -> Score:
    """Be sure of everything."""
    return Score(confidence=Decimal("0.99"))
