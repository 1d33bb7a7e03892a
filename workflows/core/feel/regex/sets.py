"""Sets of characters as sorted, disjoint ranges of code points."""

import functools
import re
import unicodedata

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
EVERYTHING: Ranges = ((0, LAST),)


def normalise(ranges: list[tuple[int, int]]) -> Ranges:
    """Sort the ranges and join those that touch."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def complement(ranges: Ranges) -> Ranges:
    """Every other character."""
    result: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            result.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        result.append((start, LAST))
    return tuple(result)


def subtract(ranges: Ranges, less: Ranges) -> Ranges:
    """The characters of the first set that are not in the second."""
    outside = normalise([*complement(ranges), *less])
    return complement(outside)


def of(text: str) -> Ranges:
    """The set of a text's characters."""
    return normalise([(ord(char), ord(char)) for char in text])


@functools.cache
def _categories() -> dict[str, Ranges]:
    """The ranges of each Unicode category; one walk over all characters."""
    found: dict[str, list[tuple[int, int]]] = {}
    start, current = 0, unicodedata.category(chr(0))
    for code in range(1, LAST + 2):
        category = unicodedata.category(chr(code)) if code <= LAST else ""
        if category != current:
            found.setdefault(current, []).append((start, code - 1))
            start, current = code, category
    return {name: tuple(ranges) for name, ranges in found.items()}


# The blocks of XML Schema that texts are likely to name.
_BLOCKS = {
    "BasicLatin": (0x0, 0x7F),
    "Latin-1Supplement": (0x80, 0xFF),
    "LatinExtended-A": (0x100, 0x17F),
    "LatinExtended-B": (0x180, 0x24F),
    "IPAExtensions": (0x250, 0x2AF),
    "SpacingModifierLetters": (0x2B0, 0x2FF),
    "CombiningDiacriticalMarks": (0x300, 0x36F),
    "Greek": (0x370, 0x3FF),
    "GreekandCoptic": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF),
    "Armenian": (0x530, 0x58F),
    "Hebrew": (0x590, 0x5FF),
    "Arabic": (0x600, 0x6FF),
    "Devanagari": (0x900, 0x97F),
    "Bengali": (0x980, 0x9FF),
    "Thai": (0xE00, 0xE7F),
    "Georgian": (0x10A0, 0x10FF),
    "HangulJamo": (0x1100, 0x11FF),
    "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GreekExtended": (0x1F00, 0x1FFF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "SuperscriptsandSubscripts": (0x2070, 0x209F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "LetterlikeSymbols": (0x2100, 0x214F),
    "NumberForms": (0x2150, 0x218F),
    "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF),
    "BoxDrawing": (0x2500, 0x257F),
    "GeometricShapes": (0x25A0, 0x25FF),
    "MiscellaneousSymbols": (0x2600, 0x26FF),
    "Dingbats": (0x2700, 0x27BF),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7A3),
}


@functools.lru_cache(maxsize=256)
def by_property(name: str) -> Ranges | None:
    """The set `\\p{name}` stands for: a category, a group of them, or a block."""
    if name.startswith("Is"):
        block = _BLOCKS.get(name[2:])
        return None if block is None else (block,)
    if not re.fullmatch("[LMNPZSC][a-z]?", name, re.ASCII):
        return None
    found = [
        interval
        for category, ranges in _categories().items()
        if category.startswith(name)
        for interval in ranges
    ]
    return normalise(found) if found else None


@functools.cache
def _digits() -> Ranges:
    """The decimal digits; Unicode places them in runs of ten, 0 to 9."""
    zeros = {
        code - unicodedata.decimal(chr(code))
        for code in range(0, LAST, 10)
        if chr(code).isdecimal()
    }
    return normalise([(zero, zero + 9) for zero in zeros])


@functools.cache
def by_escape(letter: str) -> Ranges | None:
    """The set of a class escape in lower case: d, s, w, i or c."""
    if letter == "s":
        return of(" \t\n\r")
    if letter == "d":
        return _digits()
    if letter == "w":
        parts = [by_property(name) or () for name in ("P", "Z", "C")]
        return complement(normalise([pair for part in parts for pair in part]))
    if letter in ("i", "c"):
        return _NAME_START if letter == "i" else _NAME_PART
    return None


# Characters that start, and those that make up, a name in XML 1.0 (fifth edition).
_NAME_START = normalise([
    (0x3A, 0x3A),
    (0x41, 0x5A),
    (0x5F, 0x5F),
    (0x61, 0x7A),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x2FF),
    (0x370, 0x37D),
    (0x37F, 0x1FFF),
    (0x200C, 0x200D),
    (0x2070, 0x218F),
    (0x2C00, 0x2FEF),
    (0x3001, 0xD7FF),
    (0xF900, 0xFDCF),
    (0xFDF0, 0xFFFD),
    (0x10000, 0xEFFFF),
])
_NAME_PART = normalise([
    *_NAME_START,
    (0x2D, 0x2E),
    (0x30, 0x39),
    (0xB7, 0xB7),
    (0x300, 0x36F),
    (0x203F, 0x2040),
])
