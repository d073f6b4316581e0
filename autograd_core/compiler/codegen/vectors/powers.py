"""pow: exp(p·log x), of which logarithm and product are computed in two parts, since exp multiplies their errors.

Sums and products with their errors: J.-M. Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 2018,
chapters 4 and 5.
"""

from __future__ import annotations

import math

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import exp_parts, exp_rest, scaled
from autograd_core.compiler.codegen.vectors.logarithms import LN2_SHORT, LN2_SHORT_REST, mantissa, normal
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["pow"]

TWO_THIRDS, TWO_THIRDS_REST = 0.6666666666666666, 3.700743415417188e-17


def _long_log(s: Steps, x: str) -> tuple[str, str]:
    """The logarithm of a positive `x` in two parts, within 2⁻⁶⁵ of its size.

    log m = 2t + ⅔t³ + t⁵·(…) with t = (m − 1)/(m + 1), of which the first two terms are computed in two parts.
    """
    _, k, m = mantissa(s, *normal(s, x))
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
    k, r, r_rest = exp_parts(s, s.within(exponent, -746.0, 710.0))
    u = exp_rest(s, r, zero)
    u = s.fma(s.add(r_rest, rest), s.add(one, s.add(r, u)), u)
    y = scaled(s, s.add(one, s.add(r, u)), k)
    half = s.multiply(p, s.number(0.5))
    is_whole = s.compare("oeq", s.trunc(p), p)
    is_odd = s.all_of(is_whole, s.compare("une", s.trunc(half), half))
    y = s.select(is_odd, s.copysign(y, x), y)
    is_root = s.all_of(s.compare("olt", x, zero), s.compare("olt", size, infinite), s.compare("une", s.trunc(p), p))
    y = s.select(s.any_of(is_root, s.compare("uno", x, x)), s.number(math.nan), y)
    of_size_one = s.all_of(s.compare("oeq", size, one), s.compare("oeq", s.abs(p), infinite))
    return s.select(s.any_of(s.compare("oeq", p, zero), s.compare("oeq", x, one), of_size_one), one, y)
