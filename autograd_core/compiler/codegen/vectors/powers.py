"""pow: exp(p·log x), of which logarithm and product are computed in two parts, since exp multiplies their errors.

Sums and products with their errors: J.-M. Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 2018,
chapters 4 and 5.
"""

from __future__ import annotations

import math

from autograd_core.compiler.codegen.vectors.exponentials import exp_parts, exp_rest, scaled
from autograd_core.compiler.codegen.vectors.logarithms import long_log
from autograd_core.compiler.codegen.vectors.parts import product_of
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["pow", "with_edges"]


def pow(s: Steps, x: str, p: str) -> str:
    size, one, zero, infinite = s.abs(x), s.number(1.0), s.number(0.0), s.number(math.inf)
    high, low = long_log(s, size)
    high = s.select(s.compare("oeq", size, zero), s.number(-math.inf), high)
    high = s.select(s.compare("oeq", size, infinite), infinite, high)
    exponent, rest = product_of(s, p, high)
    rest = s.fma(p, low, rest)
    # beyond that, and where the parts are infinite, the result is 0 or infinite
    rest = s.select(s.compare("olt", s.abs(exponent), s.number(1000.0)), rest, zero)
    k, r, r_rest = exp_parts(s, s.within(exponent, -746.0, 710.0))
    u = exp_rest(s, r, zero)
    u = s.fma(s.add(r_rest, rest), s.add(one, s.add(r, u)), u)
    return with_edges(s, x, p, scaled(s, s.add(one, s.add(r, u)), k))


def with_edges(s: Steps, x: str, p: str, y: str) -> str:
    """What a power is, where `y` is that of |x|."""
    size, one, zero, infinite = s.abs(x), s.number(1.0), s.number(0.0), s.number(math.inf)
    half = s.multiply(p, s.number(0.5))
    is_whole = s.compare("oeq", s.trunc(p), p)
    is_odd = s.all_of(is_whole, s.compare("une", s.trunc(half), half))
    y = s.select(is_odd, s.copysign(y, x), y)
    is_root = s.all_of(s.compare("olt", x, zero), s.compare("olt", size, infinite), s.compare("une", s.trunc(p), p))
    y = s.select(s.any_of(is_root, s.compare("uno", x, x)), s.number(math.nan), y)
    of_size_one = s.all_of(s.compare("oeq", size, one), s.compare("oeq", s.abs(p), infinite))
    return s.select(s.any_of(s.compare("oeq", p, zero), s.compare("oeq", x, one), of_size_one), one, y)
