"""Why a sample is as large as it is, and how to draw it again without us. No storage."""

from decimal import Decimal
from string import Template
from typing import Final

from review.core.evidence.sampling import MONETARY, Method, allow

_HEAD: Final = """\
import csv, hashlib, itertools
from decimal import Decimal
SEED, SIZE = $seed, $size
rows = list(csv.DictReader(open("population.csv", newline="", encoding="utf-8")))
digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
ranked = sorted(rows, key=lambda row: digest(SEED + row["id"]))
"""
_RANDOM: Final = """\
for row in ranked[:SIZE]:
    print(row["id"])
"""
_SYSTEMATIC: Final = """\
start = int(digest(SEED), 16) % len(rows)
for place in range(SIZE):
    print(rows[(start + place * len(rows)) // SIZE]["id"])
"""
_STRATIFIED: Final = """\
SHARES = $shares
for stratum, share in sorted(SHARES.items()):
    for row in [row for row in ranked if row["stratum"] == stratum][:share]:
        print(row["id"])
"""
_MONEY: Final = """\
parts = [int(Decimal(row["amount"]) * 1000000) for row in ranked]
total = sum(parts)
points = $points
ends = list(itertools.accumulate(parts))
for row, part, end in zip(ranked, parts, ends):
    if any(end - part <= point < end for point in points):
        print(row["id"])
"""
_INTERVAL: Final = (
    "[(int(digest(SEED), 16) % total + place * total) // SIZE for place in range(SIZE)]"
)
_CELL: Final = (
    '[(place * total + int(digest(f"{SEED}:{place}"), 16) % total) // SIZE'
    " for place in range(SIZE)]"
)
_SHELL: Final = Template(
    """tail -n +2 population.csv | cut -d, -f1 | while read -r id; do
  printf '%s %s\\n' "$$(printf '%s%s' $seed "$$id" | sha256sum | cut -c1-64)" "$$id"
done | sort | head -n $size | cut -d' ' -f2"""
)


def explain_size(
    *,
    method: Method,
    confidence: Decimal,
    tolerable: Decimal,
    expected: Decimal,
    size: int,
    population: int,
    is_finite: bool,
    is_given: bool,
) -> str:
    """Return the rationale of a sample's size as a working paper states it."""
    if is_given:
        words = f"{size} items, as the auditor chose; no size was worked out."
    elif method is Method.DISCOVERY or not expected:
        words = (
            f"{size} items: if {_percent(tolerable)} of the {_of(method)} deviated,"
            f" a sample of this size would hold at least one with a chance of"
            f" {_percent(confidence)} or more. Finding none supports, at that"
            f" confidence, that fewer do."
        )
    else:
        words = (
            f"{size} items: if {_percent(tolerable)} of the {_of(method)} deviated,"
            f" {allow(expected, size=size)} or fewer would be found with a chance of at"
            f" most {_percent(1 - confidence)}; {_percent(expected)} are expected to."
        )
    if size > population:
        words += f" The population has only {population}, so all are looked at."
    if not is_given and method not in MONETARY:
        words += (
            f" Hypergeometric, for {population:,} cases drawn without replacement."
            if is_finite
            else " Binomial, which is on the safe side for a finite population."
        )
    return words


def tell_redraw(
    method: Method, *, seed: str, size: int, shares: dict[str, int] | None = None
) -> str:
    """Return a Python program that draws the sample from population.csv again."""
    bodies = {
        Method.SYSTEMATIC: _SYSTEMATIC,
        Method.STRATIFIED: Template(_STRATIFIED).safe_substitute(shares=repr(shares)),
        Method.MONETARY_INTERVAL: Template(_MONEY).safe_substitute(points=_INTERVAL),
        Method.MONETARY_CELL: Template(_MONEY).safe_substitute(points=_CELL),
    }
    head = Template(_HEAD).substitute(seed=repr(seed), size=size)
    return head + bodies.get(method, _RANDOM)


def tell_shell(*, seed: str, size: int) -> str:
    """Return the same for a random sample, with what every shell has."""
    quoted = "'" + seed.replace("'", "'\\''") + "'"
    return _SHELL.substitute(seed=quoted, size=size)


def _of(method: Method) -> str:
    return "monetary units" if method in MONETARY else "cases"


def _percent(share: Decimal) -> str:
    text = f"{share * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
