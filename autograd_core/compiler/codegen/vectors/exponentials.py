"""exp, exp2, expm1, sinh, cosh and tanh: x = n·log 2 + r, a polynomial of r, and a power of two.

The reduction with log 2 in two parts is that of W. J. Cody, W. Waite, "Software Manual for the Elementary Functions",
1980; how ½(exp(x) − 1) is added up without loss follows P. T. P. Tang, "Table-Driven Implementation of the Expm1
Function in IEEE Floating-Point Arithmetic", ACM TOMS 18, 1992.
"""

from __future__ import annotations

from typing import Final

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.parts import product_of, quotient_of, sum_of
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = [
    "LN2", "LOG2_E", "WHOLE", "cosh", "exp", "exp2", "exp_parts", "exp_rest", "expm1", "scaled", "sinh", "tanh",
    "where_tiny",
]  # fmt: skip

LOG2_E: Final = 1.4426950408889634
LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17

WHOLE: Final = 1.5 * 2.0**52
"""Added to a smaller number, it rounds that to a whole one, which then stands in the lowest bits."""


def exp_parts(s: Steps, x: str) -> tuple[str, str, str]:
    """The bits k of n + 2046, and r in two parts, with x = n·log 2 + r; n is whole, and |r| at most ½log 2."""
    shift = s.number(WHOLE + 2046.0)
    shifted = s.fma(x, s.number(LOG2_E), shift)
    minus_n = s.subtract(shift, shifted)
    first = s.fma(minus_n, s.number(LN2), x)  # exact
    r = s.fma(minus_n, s.number(LN2_REST), first)
    return s.bits(shifted), r, s.fma(minus_n, s.number(LN2_REST), s.subtract(first, r))


def exp_rest(s: Steps, r: str, more: str) -> str:
    """exp(r) − 1 − r, and what else is to be added to it."""
    return s.fma(s.multiply(r, r), s.polynomial(r, fitted.EXP[1:]), more)


def _power_of_two(s: Steps, k: str, shift: int) -> str:
    """2 to the number whose bits are k, less a shift."""
    return s.from_bits(s.shift_left(s.integer_add(k, s.integer(1023 - shift)), 52))


def scaled(s: Steps, y: str, k: str) -> str:
    """y·2ⁿ for the bits k of n and twice the bias, by two factors, since n may be beyond the exponents of a number."""
    half, digits = s.shift_right(k, 1), s.element.digits
    y = s.multiply(y, s.from_bits(s.shift_left(half, digits)))
    return s.multiply(y, s.from_bits(s.shift_left(s.integer_subtract(k, half), digits)))


def exp(s: Steps, x: str) -> str:
    # Beyond these the result is infinite, or zero, by itself.
    k, r, _ = exp_parts(s, s.within(x, -746.0, 710.0))
    return scaled(s, s.add(s.number(1.0), exp_rest(s, r, r)), k)


def _half_expm1(s: Steps, k: str, r: str, u: str) -> tuple[str, str]:
    """½(exp(x) − 1) for x = n·log 2 + r, n of at most 1024, and exp(r) − 1 = r + u, as the sum of two numbers."""
    power = _power_of_two(s, k, 2047)
    whole, part = s.subtract(power, s.number(0.5)), s.multiply(power, r)
    total, error = sum_of(s, whole, part)
    return total, s.fma(power, u, error)


def exp2(s: Steps, x: str) -> str:
    x = s.within(x, -1080.0, 1030.0)
    shift = s.number(WHOLE + 2046.0)
    shifted = s.add(x, shift)
    fraction = s.subtract(x, s.subtract(shifted, shift))
    r, rest = product_of(s, fraction, s.number(LN2))
    rest = s.fma(fraction, s.number(LN2_REST), rest)
    return scaled(s, s.add(s.number(1.0), s.add(r, exp_rest(s, r, rest))), s.bits(shifted))


def _hyperbolic(s: Steps, x: str) -> tuple[str, str, str, str]:
    """h = ½(exp|x| − 1) in two parts, h/(2h + 1) = ½(1 − exp(−|x|)), and ½exp|x| for large ones."""
    k, r, rest = exp_parts(s, s.within(s.abs(x), 0.0, 712.0))
    u = exp_rest(s, r, rest)
    large = scaled(s, s.add(s.number(1.0), s.add(r, u)), s.integer_add(k, s.integer(-1)))
    h, rest = sum_of(s, *_half_expm1(s, k, r, u))
    return h, rest, s.divide(h, s.add(s.add(h, h), s.number(1.0))), large


def sinh(s: Steps, x: str) -> str:
    h, rest, other, large = _hyperbolic(s, x)
    y = s.select(s.compare("ogt", s.abs(x), s.number(22.0)), large, s.add(h, s.add(other, rest)))
    return where_tiny(s, x, 2.0**-30, s.copysign(y, x))


def cosh(s: Steps, x: str) -> str:
    h, _, other, large = _hyperbolic(s, x)
    # 1 + 2h·½(1 − exp(−|x|))
    y = s.fma(s.add(h, h), other, s.number(1.0))
    return s.select(s.compare("ogt", s.abs(x), s.number(22.0)), large, y)


def where_tiny(s: Steps, x: str, bound: float, y: str) -> str:
    """`x` itself where it is tiny, which keeps a zero's sign and what is below the normal numbers; otherwise `y`."""
    return s.select(s.compare("olt", s.abs(x), s.number(bound)), x, y)


def expm1(s: Steps, x: str) -> str:
    k, r, rest = exp_parts(s, s.within(x, -50.0, 710.0))
    total, rest = _half_expm1(s, k, r, exp_rest(s, r, rest))
    half = s.add(total, rest)
    return where_tiny(s, x, 2.0**-54, s.add(half, half))


def tanh(s: Steps, x: str) -> str:
    # h/(h + 1) with h = ½(exp(2|x|) − 1), all in two parts
    size = s.within(s.abs(x), 0.0, 22.0)
    k, r, rest = exp_parts(s, s.add(size, size))
    h, rest = sum_of(s, *_half_expm1(s, k, r, exp_rest(s, r, rest)))
    # in either order, since 1 is a multiple of the last digit of h + 1, as long as that matters
    below, below_rest = sum_of(s, s.number(1.0), h)
    quotient, more = quotient_of(s, h, rest, below, s.add(below_rest, rest))
    return where_tiny(s, x, 2.0**-30, s.copysign(s.add(quotient, more), x))
