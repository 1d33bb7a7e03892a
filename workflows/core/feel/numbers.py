"""Decimal arithmetic as FEEL wants it: 34 digits, half-even, no infinities."""

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)

# IEEE 754-2008 decimal128, as DMN 1.5 section 10.3.2.3.1 asks. No traps: a result that
# is no finite number is turned into null by `finite`.
CONTEXT = Context(
    prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, clamp=0, traps=[]
)
# Rounding to a scale first widens the number to that scale, so it needs more room.
_WIDE = Context(
    prec=13_000, rounding=ROUND_HALF_EVEN, Emin=-99999, Emax=99999, traps=[]
)

ZERO = Decimal(0)
ONE = Decimal(1)
MIN_SCALE = -6111
MAX_SCALE = 6176

UP = ROUND_UP
DOWN = ROUND_DOWN
HALF_UP = ROUND_HALF_UP
HALF_DOWN = ROUND_HALF_DOWN
HALF_EVEN = ROUND_HALF_EVEN
FLOOR = ROUND_FLOOR
CEILING = ROUND_CEILING


def finite(number: Decimal) -> Decimal | None:
    """Return the number, or None where it is infinite or not a number."""
    return number if number.is_finite() else None


def parse(text: str) -> Decimal | None:
    """Return the number a FEEL literal or text stands for, rounded to 34 digits."""
    return finite(CONTEXT.create_decimal(text))


def from_float(value: float) -> Decimal | None:
    """Return the shortest decimal that reads back as this float; None for NaN, inf."""
    return finite(CONTEXT.create_decimal(repr(value)))


def power(base: Decimal, exponent: Decimal) -> Decimal | None:
    """Raise to a power; None where no real, finite, 34-digit result exists."""
    if base == 0 and exponent == 0:
        return ONE
    return finite(CONTEXT.power(base, exponent))


def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """dividend - divisor * floor(dividend / divisor), as DMN 1.5 table 76 defines it."""
    if divisor == 0:
        return None
    rest = CONTEXT.remainder(dividend, divisor)
    if not rest.is_finite():  # the quotient has more than 34 digits
        rest = CONTEXT.create_decimal(_WIDE.remainder(dividend, divisor))
    if rest != 0 and (rest < 0) != (divisor < 0):
        rest = CONTEXT.add(rest, divisor)
    return finite(rest)


def round_to(number: Decimal, scale: int, mode: str) -> Decimal | None:
    """Round to `scale` digits after the point; None when the scale is out of range."""
    if not MIN_SCALE <= scale <= MAX_SCALE:
        return None
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= scale:
        return number
    wide = _WIDE.copy()
    wide.rounding = mode
    rounded = number.quantize(Decimal((0, (1,), -scale)), rounding=mode, context=wide)
    return finite(CONTEXT.plus(rounded))


def is_integral(number: Decimal) -> bool:
    """True when the number has no fraction, however it is written."""
    return number == number.to_integral_value()


def to_text(number: Decimal) -> str:
    """Write the number without an exponent."""
    if number == 0:
        number = abs(number)
    return format(number, "f")
