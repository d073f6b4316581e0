"""atan, atan2, asin and acos: a polynomial for small tangents and sines, to which the others are brought.

atan x = ¼π + atan((x − 1)/(x + 1)), and asin x = ½π − 2·asin√(½(1 − x)), as in W. J. Cody, W. Waite, "Software Manual
for the Elementary Functions", 1980. Quotients, roots and constants are in two parts, so that little adds to the last
rounding.
"""

from __future__ import annotations

import math
from typing import Final

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.angles import HALF_PI
from autograd_core.compiler.codegen.vectors.parts import quotient_of, root_of
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["acos", "asin", "atan", "atan2"]

TAN_EIGHTH: Final = 0.41421356237309503
"""tan ⅛π"""


def _tangent(s: Steps, small: str, large: str) -> tuple[str, str, str, str]:
    """The angle whose tangent is small/large, 0 ≤ small ≤ large, as the sum of ¼π or 0, in two parts, and two more."""
    is_large = s.compare("ogt", small, s.multiply(large, s.number(TAN_EIGHTH)))
    zero = s.number(0.0)
    above, below = s.subtract(small, large), s.add(small, large)
    above_rest = s.subtract(small, s.add(above, large))
    below_rest = s.subtract(small, s.subtract(below, large))
    above, above_rest = s.select(is_large, above, small), s.select(is_large, above_rest, zero)
    below, below_rest = s.select(is_large, below, large), s.select(is_large, below_rest, zero)
    t, rest = quotient_of(s, above, above_rest, below, below_rest)
    z = s.multiply(t, t)
    bend = s.fma(s.multiply(t, z), s.polynomial(z, fitted.ATAN), rest)
    eighth, eighth_rest = (s.select(is_large, s.number(0.5 * part), zero) for part in HALF_PI[:2])
    return eighth, eighth_rest, t, bend


def _total(s: Steps, large: str, small: str, rest: str) -> str:
    """The sum of three numbers, each far less than the one before."""
    total = s.add(large, small)
    return s.add(total, s.add(s.subtract(small, s.subtract(total, large)), rest))


def _turned(s: Steps, x: str, y: str, is_steep: str, is_left: str) -> str:
    """The angle of x and y, both of which are positive numbers, or the one beyond the diagonal, or beyond the axis."""
    small, large = s.select(is_steep, x, y), s.select(is_steep, y, x)
    eighth, eighth_rest, t, bend = _tangent(s, small, large)
    # 0, ½π or π, and on which side of it the angle lies
    zero = s.number(0.0)
    start, start_rest = (
        s.select(is_steep, s.number(part), s.select(is_left, s.number(2.0 * part), zero)) for part in HALF_PI[:2]
    )
    sign = s.select(s.unlike(is_steep, is_left), s.number(-1.0), s.number(1.0))
    total = s.fma(sign, eighth, start)
    rest = s.subtract(s.multiply(sign, eighth), s.subtract(total, start))
    rest = s.add(rest, s.fma(sign, s.add(eighth_rest, bend), start_rest))
    return _total(s, total, s.multiply(sign, t), rest)


def atan(s: Steps, x: str) -> str:
    one = s.number(1.0)
    # beyond that it is ½π, and an infinity has no quotient with its parts
    size = s.within(s.abs(x), 0.0, 2.0**60)
    is_steep = s.compare("ogt", size, one)
    return s.copysign(_turned(s, one, size, is_steep, s.compare("ogt", one, one)), x)


def atan2(s: Steps, y: str, x: str) -> str:
    high, wide = s.abs(y), s.abs(x)
    zero, one, infinite = s.number(0.0), s.number(1.0), s.number(math.inf)
    is_steep = s.compare("ogt", high, wide)
    largest = s.select(is_steep, high, wide)
    # of an infinity, and of two zeros, only the direction counts
    is_far, is_zero = s.compare("oeq", largest, infinite), s.compare("oeq", largest, zero)
    factor = s.select(s.compare("ogt", largest, s.number(2.0**1000)), s.number(2.0**-200), one)
    factor = s.select(s.compare("olt", largest, s.number(2.0**-800)), s.number(2.0**200), factor)
    far_high, far_wide = (s.select(s.compare("oeq", each, infinite), one, zero) for each in (high, wide))
    high = s.select(is_far, far_high, s.multiply(high, factor))
    wide = s.select(is_zero, one, s.select(is_far, far_wide, s.multiply(wide, factor)))
    is_left = s.compare("olt", s.copysign(one, x), zero)
    angle = _turned(s, wide, high, is_steep, is_left)
    return s.select(s.compare("uno", x, y), s.number(math.nan), s.copysign(angle, y))


def _sine(s: Steps, x: str) -> tuple[str, str, str]:
    """Whether |x| > ½; a sine t, which is √(½(1 − |x|)) then and |x| otherwise, and what its angle is beyond t."""
    size, half = s.abs(x), s.number(0.5)
    is_large = s.compare("ogt", size, half)
    z = s.select(is_large, s.fma(s.number(-0.5), size, half), s.multiply(size, size))
    root, rest = root_of(s, z, s.number(0.0))
    t, rest = s.select(is_large, root, size), s.select(is_large, rest, s.number(0.0))
    return is_large, t, s.fma(s.multiply(t, z), s.polynomial(z, fitted.ASIN), rest)


def asin(s: Steps, x: str) -> str:
    is_large, t, bend = _sine(s, x)
    quarter, quarter_rest = map(s.number, HALF_PI[:2])
    far = _total(s, quarter, s.multiply(s.number(-2.0), t), s.fma(s.number(-2.0), bend, quarter_rest))
    return s.copysign(s.select(is_large, far, s.add(t, bend)), x)


def acos(s: Steps, x: str) -> str:
    is_large, t, bend = _sine(s, x)
    is_left = s.compare("olt", x, s.number(0.0))
    quarter, quarter_rest = map(s.number, HALF_PI[:2])
    sign = s.select(is_left, s.number(1.0), s.number(-1.0))
    near = _total(s, quarter, s.multiply(sign, t), s.fma(sign, bend, quarter_rest))
    double = s.multiply(s.number(2.0), s.add(t, bend))
    two = s.number(-2.0)
    left = _total(s, s.number(2.0 * HALF_PI[0]), s.multiply(two, t), s.fma(two, bend, s.number(2.0 * HALF_PI[1])))
    return s.select(is_large, s.select(is_left, left, double), near)
