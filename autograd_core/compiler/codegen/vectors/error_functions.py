"""erf and erfc: x·P(x²) near zero, and further out exp(−x²) times a polynomial of 1/(x + a).

That such a variable makes the tail a short polynomial is from M. M. Shepherd, J. G. Laframboise, "Chebyshev
Approximation of (1 + 2x)exp(x²)erfc x in 0 ≤ x < ∞", Mathematics of Computation 36, 1981; the polynomials are our own.
"""

from __future__ import annotations

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import exp, exp_parts, exp_rest, scaled
from autograd_core.compiler.codegen.vectors.parts import product_of, sum_of
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["erf", "erfc"]


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
    square, square_rest = product_of(s, size, size)
    k, r, rest = exp_parts(s, s.negative(square))
    v, v_rest = sum_of(s, r, exp_rest(s, r, s.number(0.0)))
    high, low = sum_of(s, one, v)
    low = s.fma(s.subtract(rest, square_rest), high, s.add(low, v_rest))
    # 1/(x + ½) in two parts; what it is multiplied by is nearly constant
    below = s.add(size, s.number(0.5))
    w = s.divide(one, below)
    w_rest = s.multiply(w, s.fma(s.negative(w), below, one))
    w_rest = s.fma(s.multiply(w, w), s.subtract(s.subtract(below, s.number(0.5)), size), w_rest)
    v = s.subtract(s.divide(one, s.add(size, s.number(4.0))), s.number(0.125))
    lowest_rest, lowest, *others = fitted.ERFC_TAIL
    bend = s.fma(v, s.polynomial(v, others), s.number(lowest_rest))
    factor, factor_rest = sum_of(s, s.number(lowest), bend)
    product, rest = product_of(s, high, w)
    rest = s.fma(high, w_rest, s.fma(low, w, rest))
    rest = s.fma(product, factor_rest, s.multiply(rest, factor))
    tail = scaled(s, s.fma(product, factor, rest), k)
    far = s.select(s.compare("olt", x, s.number(0.0)), s.subtract(s.number(2.0), tail), tail)
    near = s.fma(s.negative(x), _near_zero(s, x), s.subtract(one, x))
    return s.select(s.compare("olt", s.abs(x), s.number(0.75)), near, far)
