"""log and log1p: x = 2ᵏ·m, and a polynomial of (m − 1)/(m + 1).

How the parts are added up is known from W. J. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980, and
the sum with its error from D. E. Knuth, "The Art of Computer Programming", vol. 2, 4.2.2.
"""

from __future__ import annotations

import math
from typing import Final

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import where_tiny
from autograd_core.compiler.codegen.vectors.steps import Steps, bits_of

__all__ = ["LN2_SHORT", "LN2_SHORT_REST", "log", "log1p", "mantissa", "normal"]

LN2_SHORT, LN2_SHORT_REST = 0.6931471803691238, 1.9082149292705877e-10
"""The first 32 bits of log 2, whose product with an exponent is exact, and the rest."""
SQRT_HALF: Final = 0.7071067811865476


def mantissa(s: Steps, x: str, exponents: str) -> tuple[str, str, str]:
    """Bits with the exponent k, k and m with x = 2ᵏ·m, m between √½ and √2, for a normal `x`.

    `exponents` is taken from k, which is biased in the bits.
    """
    root = bits_of(SQRT_HALF)
    bits = s.integer_add(s.bits(x), s.integer(bits_of(1.0) - root))
    m = s.from_bits(s.integer_add(s.both(bits, s.integer(2**52 - 1)), s.integer(root)))
    # the biased exponent in the lowest bits of a number beyond all fractions
    k = s.from_bits(s.either(s.shift_right(bits, 52), s.integer(bits_of(2.0**52))))
    return bits, s.subtract(k, exponents), m


def normal(s: Steps, x: str) -> tuple[str, str]:
    """A number made normal, and what is to be taken from its exponent."""
    is_small = s.compare("olt", x, s.number(2.0**-1022))
    bias = 2.0**52 + 1023.0
    x = s.select(is_small, s.multiply(x, s.number(2.0**54)), x)
    return x, s.select(is_small, s.number(bias + 54.0), s.number(bias))


def _log_of(s: Steps, k: str, f: str, rest: str | None) -> str:
    """k·log 2 + log(1 + f + rest), for a rest that is within the rounding of f.

    With t = f/(2 + f), log(1 + f) = f − (½f² − t(½f² + R(t²))): f is exact, and the rest of it is small.
    """
    t = s.divide(f, s.add(f, s.number(2.0)))
    z = s.multiply(t, t)
    square = s.multiply(s.multiply(f, f), s.number(0.5))
    part = s.multiply(t, s.fma(z, s.polynomial(z, fitted.LOG), square))
    small = s.subtract(s.fma(k, s.number(LN2_SHORT_REST), part), square)
    if rest is not None:
        # rest/(1 + f), with (1 − t)/(1 + t) for the quotient, to a few digits
        two = s.number(2.0)
        share = s.fma(s.multiply(t, two), s.fma(s.subtract(s.number(1.0), t), t, s.number(-1.0)), s.number(1.0))
        small = s.fma(rest, share, small)
    return s.fma(k, s.number(LN2_SHORT), s.add(f, small))


def _log_edges(s: Steps, x: str, y: str) -> str:
    """`y` for a finite positive `x`; otherwise what the logarithm of `x` is."""
    zero, infinite = s.number(0.0), s.number(math.inf)
    other = s.select(s.compare("oeq", x, infinite), infinite, s.number(math.nan))
    other = s.select(s.compare("oeq", x, zero), s.number(-math.inf), other)
    return s.select(s.compare("ogt", x, zero), s.select(s.compare("olt", x, infinite), y, other), other)


def log(s: Steps, x: str) -> str:
    _, k, m = mantissa(s, *normal(s, x))
    return _log_edges(s, x, _log_of(s, k, s.subtract(m, s.number(1.0)), None))


def log1p(s: Steps, x: str) -> str:
    one = s.number(1.0)
    total = s.add(x, one)
    # what rounding took (Knuth's sum with its error), divided by the power of two like the sum itself
    back = s.subtract(total, one)
    rest = s.add(s.subtract(one, s.subtract(total, back)), s.subtract(x, back))
    bits, k, m = mantissa(s, total, s.number(2.0**52 + 1023.0))
    # 2^(1 − k), which is 0 at the least, where the rest does not matter
    power = s.from_bits(s.integer_subtract(s.integer(2047 << 52), s.both(bits, s.integer(0x7FF << 52))))
    rest = s.multiply(s.multiply(rest, s.number(0.5)), power)
    y = _log_edges(s, total, _log_of(s, k, s.subtract(m, one), rest))
    return where_tiny(s, x, 2.0**-54, y)
