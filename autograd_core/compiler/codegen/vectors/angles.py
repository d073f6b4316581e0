"""sin and cos: x = n·½π + r, and polynomials for sine and cosine of r, of which n says which is taken.

The reduction with ½π in three parts is that of W. J. Cody, W. Waite, "Software Manual for the Elementary Functions",
1980, here with fused operations; r is kept in two parts, so that it is right also beside a multiple of ½π.
"""

from __future__ import annotations

import math
from typing import Final

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import WHOLE
from autograd_core.compiler.codegen.vectors.huge_angles import HUGE, define_huge_angles
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["cos", "sin"]

TWO_OVER_PI: Final = 0.6366197723675814
HALF_PI: Final = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)


def _angle(s: Steps, x: str) -> tuple[str, str, str]:
    """The bits of n, and r in two parts, with |x| = n·½π + r; n is whole modulo 4, and |r| at most ¼π."""
    x = s.abs(x)
    shift = s.number(WHOLE)
    shifted = s.fma(x, s.number(TWO_OVER_PI), shift)
    n = s.subtract(shifted, shift)
    minus_n = s.negative(n)
    first = s.fma(minus_n, s.number(HALF_PI[0]), x)  # exact
    product = s.multiply(n, s.number(HALF_PI[1]))
    r = s.subtract(first, product)
    back = s.subtract(r, first)
    rest = s.subtract(s.subtract(first, s.subtract(r, back)), s.add(product, back))
    rest = s.add(rest, s.fma(minus_n, s.number(HALF_PI[1]), product))
    usual = s.bits(shifted), r, s.fma(minus_n, s.number(HALF_PI[2]), rest)
    # an infinity is no angle, and nan by itself
    is_huge = s.all_of(s.compare("oge", x, s.number(HUGE)), s.compare("olt", x, s.number(math.inf)))
    symbol = define_huge_angles(s.width, s.helpers, s.declared)
    n_bits, r, rest = s.rarely(is_huge, symbol, x, usual, ("i64", "double", "double"))
    return n_bits, r, rest


def _sine_and_cosine(s: Steps, r: str, rest: str) -> tuple[str, str]:
    z = s.multiply(r, r)
    half = s.multiply(z, s.number(0.5))
    one = s.number(1.0)
    flat = s.subtract(one, half)
    sine = s.add(r, s.fma(s.multiply(z, r), s.polynomial(z, fitted.SIN), s.multiply(rest, flat)))
    # what rounding took from 1 − ½z, and the terms beyond it
    more = s.fma(s.negative(r), rest, s.subtract(s.subtract(one, flat), half))
    return sine, s.add(flat, s.fma(s.multiply(z, z), s.polynomial(z, fitted.COS), more))


def _of_angle(s: Steps, x: str, quarters: int) -> tuple[str, str]:
    """The sine of |x| and some quarters of a turn, and the bits whose highest is its sign."""
    n, r, rest = _angle(s, x)
    sine, cosine = _sine_and_cosine(s, r, rest)
    n = s.integer_add(n, s.integer(quarters)) if quarters else n
    is_cosine = s.differs(s.both(n, s.integer(1)), s.integer(0))
    return s.select(is_cosine, cosine, sine), s.shift_left(n, 62)


def _signed(s: Steps, y: str, sign: str) -> str:
    return s.from_bits(s.differing(s.bits(y), s.both(sign, s.integer(-(2**63)))))


def sin(s: Steps, x: str) -> str:
    y, sign = _of_angle(s, x, 0)
    return _signed(s, y, s.differing(sign, s.bits(x)))


def cos(s: Steps, x: str) -> str:
    return _signed(s, *_of_angle(s, x, 1))
