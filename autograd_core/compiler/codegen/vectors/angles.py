"""sin, cos and tan: x = n·½π + r, and polynomials for sine and cosine of r, of which n says which is taken.

The reduction with ½π in three parts is that of W. J. Cody, W. Waite, "Software Manual for the Elementary Functions",
1980, here with fused operations; r is kept in two parts, so that it is right also beside a multiple of ½π.
"""

from __future__ import annotations

import math
from typing import Final

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import WHOLE
from autograd_core.compiler.codegen.vectors.huge_angles import HUGE, define_huge_angles
from autograd_core.compiler.codegen.vectors.parts import product_of, quotient_of, sum_of
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["HALF_PI", "TWO_OVER_PI", "cos", "reduced", "signed", "sin", "tan"]

TWO_OVER_PI: Final = 0.6366197723675814
HALF_PI: Final = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)


def reduced(s: Steps, x: str) -> tuple[str, str, str]:
    """The bits of n, and r in two parts, with |x| = n·½π + r; n is whole modulo 4, and |r| at most ¼π."""
    x = s.abs(x)
    shift = s.number(WHOLE)
    shifted = s.fma(x, s.number(TWO_OVER_PI), shift)
    n = s.subtract(shifted, shift)
    minus_n = s.negative(n)
    first = s.fma(minus_n, s.number(HALF_PI[0]), x)  # exact
    product, product_rest = product_of(s, n, s.number(HALF_PI[1]))
    r = s.subtract(first, product)
    back = s.subtract(r, first)
    rest = s.subtract(s.subtract(first, s.subtract(r, back)), s.add(product, back))
    rest = s.subtract(rest, product_rest)
    usual = s.bits(shifted), r, s.fma(minus_n, s.number(HALF_PI[2]), rest)
    # an infinity is no angle, and nan by itself
    is_huge = s.all_of(s.compare("oge", x, s.number(HUGE)), s.compare("olt", x, s.number(math.inf)))
    symbol = define_huge_angles(s.width, s.helpers, s.declared)
    n_bits, r, rest = s.rarely(is_huge, symbol, x, usual, ("i64", "double", "double"))
    return n_bits, r, rest


def _sine_and_cosine(s: Steps, r: str, rest: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Sine and cosine of r and its rest, each in two parts that are to be added."""
    z = s.multiply(r, r)
    half = s.multiply(z, s.number(0.5))
    one = s.number(1.0)
    flat = s.subtract(one, half)
    bend = s.fma(s.multiply(z, r), s.polynomial(z, fitted.SIN), s.multiply(rest, flat))
    # what rounding took from 1 − ½z, and the terms beyond it
    more = s.fma(s.negative(r), rest, s.subtract(s.subtract(one, flat), half))
    return (r, bend), (flat, s.fma(s.multiply(z, z), s.polynomial(z, fitted.COS), more))


def _of_angle(s: Steps, x: str, quarters: int) -> tuple[str, str]:
    """The sine of |x| and some quarters of a turn, and the bits whose highest is its sign."""
    n, r, rest = reduced(s, x)
    sine, cosine = _sine_and_cosine(s, r, rest)
    n = s.integer_add(n, s.integer(quarters)) if quarters else n
    is_cosine = s.differs(s.both(n, s.integer(1)), s.integer(0))
    return s.select(is_cosine, s.add(*cosine), s.add(*sine)), s.shift_left(n, 62)


def signed(s: Steps, y: str, sign: str) -> str:
    """`y` with its sign turned where the highest bit of `sign` is set."""
    return s.from_bits(s.differing(s.bits(y), s.both(sign, s.integer(-(2 ** (8 * s.element.bytes - 1))))))


def sin(s: Steps, x: str) -> str:
    y, sign = _of_angle(s, x, 0)
    return signed(s, y, s.differing(sign, s.bits(x)))


def cos(s: Steps, x: str) -> str:
    return signed(s, *_of_angle(s, x, 1))


def tan(s: Steps, x: str) -> str:
    n, r, rest = reduced(s, x)
    parts = _sine_and_cosine(s, r, rest)
    (sine, sine_rest), (cosine, cosine_rest) = (sum_of(s, *each) for each in parts)
    is_turned = s.differs(s.both(n, s.integer(1)), s.integer(0))
    above, above_rest = s.select(is_turned, cosine, sine), s.select(is_turned, cosine_rest, sine_rest)
    below, below_rest = s.select(is_turned, sine, cosine), s.select(is_turned, sine_rest, cosine_rest)
    quotient, more = quotient_of(s, above, above_rest, below, below_rest)
    # −cos/sin in every other quarter of a turn
    return signed(s, s.add(quotient, more), s.differing(s.shift_left(n, 63), s.bits(x)))
