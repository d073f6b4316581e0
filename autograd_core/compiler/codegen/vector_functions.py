"""Functions of our own over vectors, for platforms whose libraries have none: polynomials after a reduction of the range.

Each is written once, over `Steps`, for vectors of every width. All within 2 ULP, and at edges what docs/edges.md says:
there is no branch but one around the reduction of huge angles, so an edge is a selection, or comes by itself.

Sources: W. J. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980 (reductions with a constant in
parts); P. T. P. Tang, "Table-Driven Implementation of the Expm1 Function", 1992; J.-M. Muller et al., "Handbook of
Floating-Point Arithmetic", 2nd ed., 2018 (sums and products with their errors, chapters 4 and 5; fused operations).
The coefficients are our own: ``benchmarks/polynomials.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from autograd_core.compiler.codegen import coefficients as fitted
from autograd_core.compiler.codegen.huge_angles import HUGE, define_huge_angles
from autograd_core.compiler.codegen.steps import Steps, bits_of

__all__ = ["OWN", "VECTOR_FUNCTIONS", "steps_of"]

OWN: Final = "own"
"""Stands for a function of ours where otherwise there is a symbol of a library."""

LOG2_E: Final = 1.4426950408889634
LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17
LN2_SHORT, LN2_SHORT_REST = 0.6931471803691238, 1.9082149292705877e-10
"""Its first 33 bits, whose product with an exponent is exact, and the rest."""
TWO_THIRDS, TWO_THIRDS_REST = 0.6666666666666666, 3.700743415417188e-17
SQRT_HALF: Final = 0.7071067811865476
TWO_OVER_PI: Final = 0.6366197723675814
HALF_PI: Final = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)

WHOLE: Final = 1.5 * 2.0**52
"""Added to a smaller number, it rounds that to a whole one, which then stands in the lowest bits."""


def _exp_parts(s: Steps, x: str) -> tuple[str, str, str]:
    """The bits k of n + 2046, and r in two parts, with x = n·log 2 + r; n is whole, and |r| at most ½log 2."""
    shift = s.number(WHOLE + 2046.0)
    shifted = s.fma(x, s.number(LOG2_E), shift)
    minus_n = s.subtract(shift, shifted)
    first = s.fma(minus_n, s.number(LN2), x)  # exact
    r = s.fma(minus_n, s.number(LN2_REST), first)
    return s.bits(shifted), r, s.fma(minus_n, s.number(LN2_REST), s.subtract(first, r))


def _exp_rest(s: Steps, r: str, more: str) -> str:
    """exp(r) − 1 − r, and what else is to be added to it."""
    return s.fma(s.multiply(r, r), s.polynomial(r, fitted.EXP[1:]), more)


def _power_of_two(s: Steps, k: str, shift: int) -> str:
    """2 to the number whose bits are k, less a shift."""
    return s.from_bits(s.shift_left(s.integer_add(k, s.integer(1023 - shift)), 52))


def _scaled(s: Steps, y: str, k: str) -> str:
    """y·2ⁿ for the bits k of n + 2046, by two factors, since n may be beyond the exponents of a number."""
    half = s.shift_right(k, 1)
    y = s.multiply(y, s.from_bits(s.shift_left(half, 52)))
    return s.multiply(y, s.from_bits(s.shift_left(s.integer_subtract(k, half), 52)))


def exp(s: Steps, x: str) -> str:
    # Beyond these the result is infinite, or zero, by itself.
    k, r, _ = _exp_parts(s, s.within(x, -746.0, 710.0))
    return _scaled(s, s.add(s.number(1.0), _exp_rest(s, r, r)), k)


def _half_expm1(s: Steps, x: str) -> tuple[str, str]:
    """½(exp(x) − 1), as the sum of two numbers."""
    k, r, rest = _exp_parts(s, x)
    power = _power_of_two(s, k, 2047)
    whole, part = s.subtract(power, s.number(0.5)), s.multiply(power, r)
    total = s.add(whole, part)
    error = s.subtract(part, s.subtract(total, whole))
    return total, s.fma(power, _exp_rest(s, r, rest), error)


def _where_tiny(s: Steps, x: str, bound: float, y: str) -> str:
    """`x` itself where it is tiny, which keeps a zero's sign and what is below the normal numbers; otherwise `y`."""
    return s.select(s.compare("olt", s.abs(x), s.number(bound)), x, y)


def expm1(s: Steps, x: str) -> str:
    total, rest = _half_expm1(s, s.within(x, -50.0, 710.0))
    half = s.add(total, rest)
    return _where_tiny(s, x, 2.0**-54, s.add(half, half))


def tanh(s: Steps, x: str) -> str:
    # h/(h + 1) with h = ½(exp(2|x|) − 1), all in two parts
    size = s.within(s.abs(x), 0.0, 22.0)
    total, rest = _half_expm1(s, s.add(size, size))
    h = s.add(total, rest)
    rest = s.subtract(rest, s.subtract(h, total))
    one = s.number(1.0)
    below = s.add(h, one)
    below_rest = s.add(s.subtract(h, s.subtract(below, one)), rest)
    inverse = s.divide(one, below)
    quotient = s.multiply(h, inverse)
    minus = s.negative(quotient)
    left = s.add(s.fma(minus, below, h), s.fma(minus, below_rest, rest))
    return _where_tiny(s, x, 2.0**-30, s.copysign(s.fma(left, inverse, quotient), x))


# Logarithms


def _mantissa(s: Steps, x: str, exponents: str) -> tuple[str, str, str]:
    """Bits with the exponent k, k and m with x = 2ᵏ·m, m between √½ and √2, for a normal `x`.

    `exponents` is taken from k, which is biased in the bits.
    """
    root = bits_of(SQRT_HALF)
    bits = s.integer_add(s.bits(x), s.integer(bits_of(1.0) - root))
    m = s.from_bits(s.integer_add(s.both(bits, s.integer(2**52 - 1)), s.integer(root)))
    # the biased exponent in the lowest bits of a number beyond all fractions
    k = s.from_bits(s.either(s.shift_right(bits, 52), s.integer(bits_of(2.0**52))))
    return bits, s.subtract(k, exponents), m


def _normal(s: Steps, x: str) -> tuple[str, str]:
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
    _, k, m = _mantissa(s, *_normal(s, x))
    return _log_edges(s, x, _log_of(s, k, s.subtract(m, s.number(1.0)), None))


def log1p(s: Steps, x: str) -> str:
    one = s.number(1.0)
    total = s.add(x, one)
    # what rounding took (Knuth's sum with its error), divided by the power of two like the sum itself
    back = s.subtract(total, one)
    rest = s.add(s.subtract(one, s.subtract(total, back)), s.subtract(x, back))
    bits, k, m = _mantissa(s, total, s.number(2.0**52 + 1023.0))
    # 2^(1 − k), which is 0 at the least, where the rest does not matter
    power = s.from_bits(s.integer_subtract(s.integer(2047 << 52), s.both(bits, s.integer(0x7FF << 52))))
    rest = s.multiply(s.multiply(rest, s.number(0.5)), power)
    y = _log_edges(s, total, _log_of(s, k, s.subtract(m, one), rest))
    return _where_tiny(s, x, 2.0**-54, y)


# Powers


def _long_log(s: Steps, x: str) -> tuple[str, str]:
    """The logarithm of a positive `x` in two parts, within 2⁻⁶⁵ of its size.

    log m = 2t + ⅔t³ + t⁵·(…) with t = (m − 1)/(m + 1), of which the first two terms are computed in two parts.
    """
    _, k, m = _mantissa(s, *_normal(s, x))
    one, two = s.number(1.0), s.number(2.0)
    f = s.subtract(m, one)
    below = s.add(f, two)
    below_rest = s.subtract(f, s.subtract(below, two))
    inverse = s.divide(one, below)
    t = s.multiply(f, inverse)
    minus = s.negative(t)
    t_rest = s.multiply(s.fma(minus, below_rest, s.fma(minus, below, f)), inverse)
    z = s.multiply(t, t)
    z_rest = s.fma(s.add(t, t), t_rest, s.fma(t, t, s.negative(z)))
    cube = s.multiply(t, z)
    cube_rest = s.fma(t_rest, z, s.fma(t, z_rest, s.fma(t, z, s.negative(cube))))
    higher, third = s.multiply(z, s.polynomial(z, fitted.LOG_LONG)), s.number(TWO_THIRDS)
    factor = s.add(third, higher)
    factor_rest = s.add(s.subtract(higher, s.subtract(factor, third)), s.number(TWO_THIRDS_REST))
    term = s.multiply(cube, factor)
    rest = s.fma(cube_rest, factor, s.fma(cube, factor_rest, s.fma(cube, factor, s.negative(term))))
    double = s.add(t, t)
    part = s.add(double, term)
    rest = s.add(s.subtract(term, s.subtract(part, double)), s.fma(two, t_rest, rest))
    whole = s.multiply(k, s.number(LN2_SHORT))  # exact
    total = s.add(whole, part)
    rest = s.add(s.subtract(part, s.subtract(total, whole)), s.fma(k, s.number(LN2_SHORT_REST), rest))
    high = s.add(total, rest)
    return high, s.subtract(rest, s.subtract(high, total))


def pow(s: Steps, x: str, p: str) -> str:
    size, one, zero, infinite = s.abs(x), s.number(1.0), s.number(0.0), s.number(math.inf)
    high, low = _long_log(s, size)
    high = s.select(s.compare("oeq", size, zero), s.number(-math.inf), high)
    high = s.select(s.compare("oeq", size, infinite), infinite, high)
    exponent = s.multiply(p, high)
    rest = s.fma(p, low, s.fma(p, high, s.negative(exponent)))
    # beyond that, and where the parts are infinite, the result is 0 or infinite
    rest = s.select(s.compare("olt", s.abs(exponent), s.number(1000.0)), rest, zero)
    k, r, r_rest = _exp_parts(s, s.within(exponent, -746.0, 710.0))
    u = _exp_rest(s, r, zero)
    u = s.fma(s.add(r_rest, rest), s.add(one, s.add(r, u)), u)
    y = _scaled(s, s.add(one, s.add(r, u)), k)
    half = s.multiply(p, s.number(0.5))
    is_whole = s.compare("oeq", s.trunc(p), p)
    is_odd = s.all_of(is_whole, s.compare("une", s.trunc(half), half))
    y = s.select(is_odd, s.copysign(y, x), y)
    is_root = s.all_of(s.compare("olt", x, zero), s.compare("olt", size, infinite), s.compare("une", s.trunc(p), p))
    y = s.select(s.any_of(is_root, s.compare("uno", x, x)), s.number(math.nan), y)
    of_size_one = s.all_of(s.compare("oeq", size, one), s.compare("oeq", s.abs(p), infinite))
    return s.select(s.any_of(s.compare("oeq", p, zero), s.compare("oeq", x, one), of_size_one), one, y)


# Sine and cosine


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


# Error functions


def _near_zero(s: Steps, x: str) -> str:
    """erf(x)/x − 1."""
    return s.polynomial(s.multiply(x, x), fitted.ERF)


def erf(s: Steps, x: str) -> str:
    size, one = s.abs(x), s.number(1.0)
    w = s.divide(one, s.add(size, s.number(3.0)))
    # exp(−x²) by the very steps that its derivative has
    tail = s.multiply(exp(s, s.negative(s.multiply(x, x))), s.multiply(w, s.polynomial(w, fitted.ERF_TAIL)))
    far = s.copysign(s.subtract(one, tail), x)
    return s.select(s.compare("olt", size, one), s.fma(x, _near_zero(s, x), x), far)


def erfc(s: Steps, x: str) -> str:
    one, size = s.number(1.0), s.within(s.abs(x), 0.0, 28.0)
    # exp(−x²) in two parts, without its power of two
    square = s.multiply(size, size)
    k, r, rest = _exp_parts(s, s.negative(square))
    rest = s.subtract(rest, s.fma(size, size, s.negative(square)))
    u = _exp_rest(s, r, s.number(0.0))
    v = s.add(r, u)
    high = s.add(one, v)
    low = s.add(s.subtract(v, s.subtract(high, one)), s.subtract(u, s.subtract(v, r)))
    low = s.fma(rest, high, low)
    # 1/(x + ½) in two parts; what it is multiplied by is nearly constant
    below = s.add(size, s.number(0.5))
    w = s.divide(one, below)
    w_rest = s.multiply(w, s.fma(s.negative(w), below, one))
    w_rest = s.fma(s.multiply(w, w), s.subtract(s.subtract(below, s.number(0.5)), size), w_rest)
    v = s.subtract(s.divide(one, s.add(size, s.number(4.0))), s.number(0.125))
    lowest_rest, lowest, *others = fitted.ERFC_TAIL
    bend = s.fma(v, s.polynomial(v, others), s.number(lowest_rest))
    factor = s.add(bend, s.number(lowest))
    factor_rest = s.subtract(bend, s.subtract(factor, s.number(lowest)))
    product = s.multiply(high, w)
    rest = s.fma(high, w_rest, s.fma(low, w, s.fma(high, w, s.negative(product))))
    rest = s.fma(product, factor_rest, s.multiply(rest, factor))
    tail = _scaled(s, s.fma(product, factor, rest), k)
    far = s.select(s.compare("olt", x, s.number(0.0)), s.subtract(s.number(2.0), tail), tail)
    near = s.fma(s.negative(x), _near_zero(s, x), s.subtract(one, x))
    return s.select(s.compare("olt", s.abs(x), s.number(0.75)), near, far)


VECTOR_FUNCTIONS: Final[dict[str, Callable[..., str]]] = {
    "exp": exp, "expm1": expm1, "log": log, "log1p": log1p, "sin": sin, "cos": cos, "tanh": tanh, "erf": erf,
    "erfc": erfc, "pow": pow,
}  # fmt: skip
"""By the name of the leaf: what writes the steps of the function, and gives the name of its result."""


@cache
def steps_of(name: str) -> int:
    """How many steps a function has."""
    lines: list[str] = []
    function: Any = VECTOR_FUNCTIONS[name]
    function(Steps(2, lines, "%", {}, {}), *"xy"[: function.__code__.co_argcount - 1])
    return len(lines)
