"""log, log2, log10 and log1p, and acosh, asinh, atanh: x = 2ᵏ·m, and a polynomial of (m − 1)/(m + 1).

How the parts are added up is known from W. J. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980, and
the sum with its error from D. E. Knuth, "The Art of Computer Programming", vol. 2, 4.2.2.
"""

from __future__ import annotations

import math
from typing import Final

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import LN2, where_tiny
from autograd_core.compiler.codegen.vectors.parts import product_of, quotient_of, root_of, sum_of
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = [
    "acosh", "asinh", "atanh", "log", "log1p", "log2", "log10", "log_edges", "long_log", "split", "split_sum",
]  # fmt: skip

LN2_SHORT, LN2_SHORT_REST = 0.6931471803691238, 1.9082149292705877e-10
"""The first 32 bits of log 2, whose product with an exponent is exact, and the rest."""
LOG2_E, LOG10_E = (1.4426950408889634, 2.0355273740931033e-17), (0.4342944819032518, 1.098319650216765e-17)
LOG10_2 = 0.301029995663157, 8.241712586023572e-13
"""The first 39 bits of log₁₀ 2, and the rest."""
TWO_THIRDS, TWO_THIRDS_REST = 0.6666666666666666, 3.700743415417188e-17
LARGE: Final = 2.0**28
"""From which on x² + 1 is x² for the digits of a logarithm."""
SQRT_HALF: Final = 0.7071067811865476


def _mantissa(s: Steps, x: str, exponents: str) -> tuple[str, str, str]:
    """Bits with the exponent k, k and m with x = 2ᵏ·m, m between √½ and √2, for a normal `x`.

    `exponents` is taken from k, which is biased in the bits.
    """
    root, digits, bits_of = s.element.bits(SQRT_HALF), s.element.digits, s.element.bits
    bits = s.integer_add(s.bits(x), s.integer(bits_of(1.0) - root))
    m = s.from_bits(s.integer_add(s.both(bits, s.integer(2**digits - 1)), s.integer(root)))
    # the biased exponent in the lowest bits of a number beyond all fractions
    k = s.from_bits(s.either(s.shift_right(bits, digits), s.integer(bits_of(2.0**digits))))
    return bits, s.subtract(k, exponents), m


def _normal(s: Steps, x: str) -> tuple[str, str]:
    """A number made normal, and what is to be taken from its exponent."""
    bias, digits = s.element.bias, s.element.digits
    is_small = s.compare("olt", x, s.number(2.0 ** (1 - bias)))
    exponents = 2.0**digits + bias
    x = s.select(is_small, s.multiply(x, s.number(2.0 ** (digits + 2))), x)
    return x, s.select(is_small, s.number(exponents + digits + 2), s.number(exponents))


def split(s: Steps, x: str) -> tuple[str, str]:
    """k and m with x = 2ᵏ·m, m between √½ and √2, for a positive `x`."""
    _, k, m = _mantissa(s, *_normal(s, x))
    return k, m


def _series(s: Steps, f: str) -> tuple[str, str, str]:
    """t, t(½f² + R(t²)) and ½f²; see `_log_of`."""
    t = s.divide(f, s.add(f, s.number(2.0)))
    z = s.multiply(t, t)
    square = s.multiply(s.multiply(f, f), s.number(0.5))
    return t, s.multiply(t, s.fma(z, s.polynomial(z, fitted.LOG), square)), square


def _log_of(s: Steps, k: str, f: str, rest: str | None) -> str:
    """k·log 2 + log(1 + f + rest), for a rest that is within the rounding of f.

    With t = f/(2 + f), log(1 + f) = f − (½f² − t(½f² + R(t²))): f is exact, and the rest of it is small.
    """
    t, part, square = _series(s, f)
    small = s.subtract(s.fma(k, s.number(LN2_SHORT_REST), part), square)
    if rest is not None:
        # rest/(1 + f), with (1 − t)/(1 + t) for the quotient, to a few digits
        two = s.number(2.0)
        share = s.fma(s.multiply(t, two), s.fma(s.subtract(s.number(1.0), t), t, s.number(-1.0)), s.number(1.0))
        small = s.fma(rest, share, small)
    return s.fma(k, s.number(LN2_SHORT), s.add(f, small))


def log_edges(s: Steps, x: str, y: str) -> str:
    """`y` for a finite positive `x`; otherwise what the logarithm of `x` is."""
    zero, infinite = s.number(0.0), s.number(math.inf)
    other = s.select(s.compare("oeq", x, infinite), infinite, s.number(math.nan))
    other = s.select(s.compare("oeq", x, zero), s.number(-math.inf), other)
    return s.select(s.compare("ogt", x, zero), s.select(s.compare("olt", x, infinite), y, other), other)


def log(s: Steps, x: str) -> str:
    k, m = split(s, x)
    return log_edges(s, x, _log_of(s, k, s.subtract(m, s.number(1.0)), None))


def _log_of_sum(s: Steps, x: str, rest: str, edges_at: str) -> str:
    """log(1 + x + rest), and what is due at the edges of another number."""
    one = s.number(1.0)
    k, m, error = split_sum(s, x, rest)
    return log_edges(s, edges_at, _log_of(s, k, s.subtract(m, one), error))


def split_sum(s: Steps, x: str, rest: str) -> tuple[str, str, str]:
    """k, m and an error with 1 + x + rest = 2ᵏ·(m + error)."""
    one, digits, bias = s.number(1.0), s.element.digits, s.element.bias
    total = s.add(x, one)
    # what rounding took (Knuth's sum with its error), divided by the power of two like the sum itself
    back = s.subtract(total, one)
    error = s.add(s.subtract(one, s.subtract(total, back)), s.subtract(x, back))
    error = s.add(error, rest)
    bits, k, m = _mantissa(s, total, s.number(2.0**digits + bias))
    # 2^(1 − k), which is 0 at the least, where the rest does not matter
    all_ones = (2 * bias + 1) << digits
    power = s.from_bits(s.integer_subtract(s.integer(all_ones), s.both(bits, s.integer(all_ones))))
    return k, m, s.multiply(s.multiply(error, s.number(0.5)), power)


def log1p(s: Steps, x: str) -> str:
    y = _log_of_sum(s, x, s.number(0.0), s.add(x, s.number(1.0)))
    return where_tiny(s, x, 2.0**-54, y)


def atanh(s: Steps, x: str) -> str:
    # ½log(1 + 2x/(1 − x))
    size, one = s.abs(x), s.number(1.0)
    below, below_rest = sum_of(s, one, s.negative(size))
    t, rest = quotient_of(s, s.add(size, size), s.number(0.0), below, below_rest)
    y = s.multiply(s.number(0.5), _log_of_sum(s, t, rest, s.add(t, one)))
    return where_tiny(s, x, 2.0**-30, s.copysign(y, x))


def asinh(s: Steps, x: str) -> str:
    # log(1 + x + x²/(1 + √(1 + x²))), or log 2x
    size, one = s.abs(x), s.number(1.0)
    near = s.within(size, 0.0, LARGE)
    square, square_rest = product_of(s, near, near)
    total = s.add(square, one)
    back = s.subtract(total, one)
    total_rest = s.add(s.add(s.subtract(one, s.subtract(total, back)), s.subtract(square, back)), square_rest)
    root, root_rest = root_of(s, total, total_rest)
    below, below_rest = sum_of(s, root, one)
    t, rest = quotient_of(s, square, square_rest, below, s.add(below_rest, root_rest))
    t, more = sum_of(s, near, t)
    y = _log_of_sum(s, t, s.add(more, rest), s.add(size, one))
    return where_tiny(s, x, 2.0**-30, s.copysign(_log_of_double(s, size, y), x))


def acosh(s: Steps, x: str) -> str:
    # with t = x − 1: log(1 + t + √(t(t + 2))), or log 2x
    one, two = s.number(1.0), s.number(2.0)
    near = s.within(x, -1.0, LARGE)
    t = s.subtract(near, one)
    t_rest = s.subtract(near, s.add(t, one))
    further, further_rest = sum_of(s, two, t)
    product, product_rest = product_of(s, t, further)
    product_rest = s.fma(t, s.add(further_rest, t_rest), s.fma(t_rest, further, product_rest))
    root, root_rest = root_of(s, product, product_rest)
    total, rest = sum_of(s, root, t)
    y = _log_of_sum(s, total, s.add(rest, s.add(root_rest, t_rest)), x)
    return s.select(s.compare("oge", x, one), _log_of_double(s, x, y), s.number(math.nan))


def _log_of_double(s: Steps, x: str, y: str) -> str:
    """log 2x where `x` is large, otherwise `y`."""
    return s.select(s.compare("ogt", x, s.number(LARGE)), s.add(log(s, x), s.number(LN2)), y)


def long_log(s: Steps, x: str) -> tuple[str, str]:
    """The logarithm of a positive `x` in two parts, within 2⁻⁶⁵ of its size.

    log m = 2t + ⅔t³ + t⁵·(…) with t = (m − 1)/(m + 1), of which the first two terms are computed in two parts.
    """
    k, m = split(s, x)
    one, two = s.number(1.0), s.number(2.0)
    f = s.subtract(m, one)
    t, t_rest = quotient_of(s, f, s.number(0.0), *sum_of(s, two, f))
    z, z_rest = product_of(s, t, t)
    z_rest = s.fma(s.add(t, t), t_rest, z_rest)
    cube, cube_rest = product_of(s, t, z)
    cube_rest = s.fma(t_rest, z, s.fma(t, z_rest, cube_rest))
    factor, factor_rest = sum_of(s, s.number(TWO_THIRDS), s.multiply(z, s.polynomial(z, fitted.LOG_LONG)))
    factor_rest = s.add(factor_rest, s.number(TWO_THIRDS_REST))
    term, rest = product_of(s, cube, factor)
    rest = s.fma(cube_rest, factor, s.fma(cube, factor_rest, rest))
    part, part_rest = sum_of(s, s.add(t, t), term)
    rest = s.add(part_rest, s.fma(two, t_rest, rest))
    # the product is exact
    total, total_rest = sum_of(s, s.multiply(k, s.number(LN2_SHORT)), part)
    return sum_of(s, total, s.add(total_rest, s.fma(k, s.number(LN2_SHORT_REST), rest)))


def _to_base(s: Steps, x: str, doubled: tuple[float, float], factor: tuple[float, float]) -> str:
    """The logarithm of another base, of which those of 2, of few digits and a rest, and of e are given.

    All is exact to far below the last rounding but for terms of f², so the logarithms of whole powers are whole.
    """
    k, m = split(s, x)
    f = s.subtract(m, s.number(1.0))
    _, part, square = _series(s, f)
    high, low = map(s.number, factor)
    product, error = product_of(s, f, high)
    error = s.fma(s.subtract(part, square), high, s.fma(f, low, error))
    # the first product is exact
    total, more = sum_of(s, s.multiply(k, s.number(doubled[0])), product)
    return log_edges(s, x, s.add(total, s.add(more, s.fma(k, s.number(doubled[1]), error))))


def log2(s: Steps, x: str) -> str:
    return _to_base(s, x, (1.0, 0.0), LOG2_E)


def log10(s: Steps, x: str) -> str:
    return _to_base(s, x, LOG10_2, LOG10_E)
