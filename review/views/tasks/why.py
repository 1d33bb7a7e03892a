"""Why a case came to people, in short phrases. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from review.views.formats import format_impact, format_value, name_band


def explain_why(
    why: Mapping[str, Any], *, confidence: Decimal | None, impact: Decimal | None
) -> list[str]:
    """Return the grid's reading of the case, the rule that matched, and the reasons."""
    phrases = []
    if why.get("grid"):
        phrases.append(_grid(why, confidence=confidence, impact=impact))
    if pinned := why.get("quorum_policy"):
        phrases.append(_quorum(pinned))
    if pinned := why.get("clock_policy"):
        phrases.append(
            f"goal by the queue's clocks {pinned['version']}, row {pinned['row']}"
        )
    if pinned := why.get("ladder_policy"):
        phrases.append(f"ladder {pinned['version']} of the queue")
    phrases += [str(reason) for reason in why.get("reasons") or ()]
    phrases += [str(problem) for problem in why.get("problems") or ()]
    if why.get("policy"):
        phrases.append(f"policy {why['policy']}")
    return phrases


def _grid(
    why: Mapping[str, Any], *, confidence: Decimal | None, impact: Decimal | None
) -> str:
    sure = "no" if confidence is None else name_band(confidence).lower()
    stake = format_impact(impact) or "unknown"
    rules = _matched(why.get("explanation"))
    rule = f", rule {', '.join(rules)}" if rules else ""
    answer = format_value(why.get("answer"))
    return f"{sure} confidence \N{MULTIPLICATION SIGN} impact {stake} = {answer} ({why['grid']}{rule})"


def _quorum(pinned: Mapping[str, Any]) -> str:
    rows = [str(number) for number in pinned.get("rows") or [pinned["row"]]]
    by = f"the queue's quorum rules {pinned['version']}, row {' and '.join(rows)}"
    without = pinned.get("without")
    instead = f" instead of {without}" if without != pinned["plan"] else ""
    return f"quorum {pinned['plan']}{instead} ({by})"


def _matched(explanation: object) -> Sequence[str]:
    """Return the numbers of the rules that the outermost table matched."""
    if not isinstance(explanation, Mapping) or not explanation.get("tables"):
        return []
    return [str(number) for number in explanation["tables"][-1].get("matched") or ()]
