"""Names in texts: which tokens, from here on, are one known name?

A name may hold spaces, keywords and signs (`Profit and loss`, `a-b`, `Student's name`).
Known names win, the longest first; otherwise neighbouring words are one name, since
FEEL has no other meaning for two words side by side.
"""

import functools
from collections.abc import Iterable, Mapping

from workflows.core.feel.lexer import Token, name_tokens

# Words that end a run of neighbouring words. Others (`if`, `for`, `of`) cannot follow
# a name, so they may be part of it.
STOP_WORDS = frozenset({
    "and",
    "or",
    "in",
    "then",
    "else",
    "return",
    "satisfies",
    "between",
    "instance",
})
KEYWORDS = STOP_WORDS | {
    "if",
    "for",
    "some",
    "every",
    "function",
    "true",
    "false",
    "null",
    "not",
}

Index = Mapping[str, tuple[tuple[Token, ...], ...]]


@functools.lru_cache(maxsize=512)
def index_names(names: frozenset[str]) -> Index:
    """Known names of more than one token, by their first token, longest first."""
    index: dict[str, list[tuple[Token, ...]]] = {}
    for name in names:
        tokens = name_tokens(name)
        if len(tokens) > 1 or (tokens and tokens[0].text in KEYWORDS):
            index.setdefault(tokens[0].text, []).append(tokens)
    return {
        first: tuple(sorted(found, key=len, reverse=True))
        for first, found in index.items()
    }


def match_known(indexes: Iterable[Index], tokens: list[Token], at: int) -> int:
    """How many tokens from `at` on are the longest known name; 0 when none is."""
    first = tokens[at].text
    longest = 0
    for index in indexes:
        for known in index.get(first, ()):
            if len(known) > longest and _matches(known, tokens, at):
                longest = len(known)
    return longest


def _matches(known: tuple[Token, ...], tokens: list[Token], at: int) -> bool:
    if at + len(known) > len(tokens):
        return False
    for place, wanted in enumerate(known):
        found = tokens[at + place]
        if found.text != wanted.text or (place and found.spaced != wanted.spaced):
            return False
    return True


def match_words(tokens: list[Token], at: int) -> int:
    """How many tokens from `at` on are neighbouring words (and whole numbers)."""
    end = at + 1
    while end < len(tokens):
        token = tokens[end]
        is_word = token.kind == "name" and token.text not in STOP_WORDS
        if not is_word and not (token.kind == "number" and token.text.isdigit()):
            break
        end += 1
    return end - at


def join(tokens: list[Token]) -> str:
    """The name that these tokens spell, each run of space made one."""
    return "".join(
        f" {token.text}" if place and token.spaced else token.text
        for place, token in enumerate(tokens)
    )


def names_in(value: object, depth: int = 4) -> frozenset[str]:
    """The keys of a mapping and of the mappings and lists within, some levels deep."""
    found: set[str] = set()
    _collect(value, depth, found)
    return frozenset(found)


def _collect(value: object, depth: int, found: set[str]) -> None:
    if depth == 0:
        return
    if isinstance(value, Mapping):
        found.update(key for key in value if isinstance(key, str))
        for inner in value.values():
            _collect(inner, depth - 1, found)
    elif isinstance(value, list | tuple) and value:
        _collect(value[0], depth - 1, found)
