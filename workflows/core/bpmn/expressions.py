"""Expression texts of a model: brought to FEEL where they mean the same. No checks."""

from workflows.core.feel.juel import translated

_FEEL_WORDS = ("", "feel", "juel")


def feel_text(text: str) -> str:
    """Return an expression as FEEL, without the leading `=` that some editors write.

    JUEL that means the same in FEEL is translated; other JUEL stays word for word,
    so that compiling it says what is wrong.
    """
    plain = text.strip().removeprefix("=").strip()
    return translated(plain) or plain


def marked_text(text: str) -> str:
    """Return a text that may be plain words or FEEL after `=`; JUEL becomes the latter."""
    plain = text.strip()
    if plain.startswith("="):
        return "=" + feel_text(plain)
    feel = translated(plain)
    return f"={feel}" if feel else plain


def is_feel(language: str) -> bool:
    """Tell whether a language attribute leaves or names what is read here.

    FEEL (DMN 1.5, table 3); JUEL too, since what maps to FEEL is translated.
    """
    word = language.strip().lower()
    return word in _FEEL_WORDS or (word.endswith("/feel/") and "omg.org" in word)
