"""Expressions of other engines: recognised, refused, and shown in their FEEL form."""

import re

from workflows.core.feel.errors import FeelSyntaxError

_JUEL = re.compile(r"\s*[$#]\{(.*)\}\s*", re.DOTALL)
_REWRITES = (
    (re.compile(r"'([^'\"]*)'"), r'"\1"'),
    (re.compile(r"\s*(?:==|\beq\b)\s*"), " = "),
    (re.compile(r"\s*\bne\b\s*"), " != "),
    (re.compile(r"\s*\bgt\b\s*"), " > "),
    (re.compile(r"\s*\bge\b\s*"), " >= "),
    (re.compile(r"\s*\blt\b\s*"), " < "),
    (re.compile(r"\s*\ble\b\s*"), " <= "),
    (re.compile(r"\s*&&\s*"), " and "),
    (re.compile(r"\s*\|\|\s*"), " or "),
    (re.compile(r"(?:!(?!=)|\bnot\s+)([\w.]+)"), r"not(\1)"),
    (re.compile(r"\bempty\s+([\w.]+)"), r"(\1 = null)"),
)


def refuse(text: str) -> None:
    """FeelSyntaxError naming the FEEL form when the text is `${...}` or `#{...}`."""
    found = _JUEL.fullmatch(text[:2000])
    if found is None:
        return
    raise FeelSyntaxError(
        "this is JUEL, the language of another engine; in FEEL write: "
        + to_feel_text(found[1])
    )


def to_feel_text(body: str) -> str:
    """The likely FEEL spelling of what stands between JUEL's braces."""
    text = body.strip()
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return text.strip()
