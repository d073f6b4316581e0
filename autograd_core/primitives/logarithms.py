"""Rows of the table: entropies, log-odds and logarithms of differences of exponentials, and the cardinal sine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd_core.primitives.helpers import difference_error, nan_with
from autograd_core.primitives.table import Primitive, primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

INF = math.inf
LN_2 = math.log(2.0)


@primitive(lambda m, g, y, x: g * nan_with(m, y, m.divide(1.0, m.abs(x * (1.0 - x)))), domain=[(0.0, 1.0)])
def logit(m: Namespace, x: Any) -> Any:
    """log(x/(1 − x)), the inverse of sigmoid"""
    # around ½ the two logarithms would cancel, and 2x − 1 is exact
    middle = m.logical_and(m.greater(x, 0.25), m.less(x, 0.75))
    inner = m.where(middle, 2.0 * x - 1.0, 0.0)
    return m.where(middle, 2.0 * m.atanh(inner), m.log(x) - m.log1p(-x))


@primitive(lambda m, g, y, x: -g * (1.0 + m.log(x)), domain=[(0.0, INF)])
def entr(m: Namespace, x: Any) -> Any:
    """−x·log x, 0 for x = 0, and −inf below"""
    zero, below = m.equal(x, 0.0), m.less(x, 0.0)
    return m.where(zero, 0.0, m.where(below, -INF, -x * m.log(m.where(m.logical_or(zero, below), 1.0, x))))


def _at_pole(m: Namespace, x: Any, y: Any) -> Any:
    return m.logical_and(m.equal(x, 0.0), m.equal(y, -1.0))


@primitive(
    lambda m, g, v, x, y: g * nan_with(m, v, m.log1p(y)),
    lambda m, g, v, x, y: g * nan_with(m, v, m.where(_at_pole(m, x, y), 0.0, m.divide(x, 1.0 + y))),
    domain=[(-INF, INF), (-1.0, INF)],
)
def xlog1py(m: Namespace, x: Any, y: Any) -> Any:
    """x·log(1 + y), and 0 for x = 0"""
    zero = m.logical_and(m.equal(x, 0.0), m.logical_not(m.isnan(y)))
    return m.where(zero, 0.0, x * m.log1p(m.where(zero, 0.0, y)))


def _log1mexp(m: Namespace, x: Any) -> Any:
    # Mächler, Accurately computing log(1 − exp(−|a|)), 2012, equation 7
    return m.where(m.less(x, LN_2), m.log(-m.expm1(-x)), m.log1p(-m.exp(-x)))


# By the parts of the slope the next one would be a quotient of two squares, which overflow.
_log1mexp_slope = Primitive(
    "_log1mexp_slope",
    lambda m, x: m.divide(1.0, m.abs(m.expm1(x))),
    lambda m, g, slope, x: g * m.divide(slope, m.expm1(-x)),
    symbol="1/(eˣ−1)",
)


@primitive(lambda m, g, y, x: g * nan_with(m, y, m.apply(_log1mexp_slope, x)), domain=[(0.0, INF)])
def log1mexp(m: Namespace, x: Any) -> Any:
    """log(1 − e⁻ˣ) for x ≥ 0, without loss at either end"""
    return _log1mexp(m, x)


def _gap(m: Namespace, a: Any, b: Any) -> Any:
    return m.where(m.equal(a, b), 0.0, a - b)


def _smaller(m: Namespace, g: Any, v: Any, a: Any, b: Any) -> Any:
    # the derivative by b is −1/expm1(d), which would multiply the rounding of d = a − b by d: it is put back
    d = _gap(m, a, b)
    slope = m.divide(-1.0, m.expm1(d))
    error = difference_error(m, a, b, d)
    exact = m.logical_or(m.equal(error, 0.0), m.equal(d, 0.0))
    rest = m.divide(error, m.expm1(-m.where(exact, 1.0, d)))
    return g * nan_with(m, v, slope + m.where(exact, 0.0, slope * rest))


# the operands wanted are a ≥ b, of which the domain is a corner: one interval for each operand can say no more
@primitive(
    lambda m, g, v, a, b: g * nan_with(m, v, m.divide(-1.0, m.expm1(-_gap(m, a, b)))),
    _smaller,
    domain=[(0.0, INF), (-INF, 0.0)],
)
def logdiffexp(m: Namespace, a: Any, b: Any) -> Any:
    """log(eᵃ − eᵇ) for a ≥ b, without overflow"""
    return a + _log1mexp(m, _gap(m, a, b))


# d/dt sin(t)/t = −t·(1/3 − t²/30 + …), whose terms alternate
_SINC = [2.0 * k / math.factorial(2 * k + 1) * (-1.0) ** k for k in range(1, 15)]


def _turns(m: Namespace, x: Any) -> tuple[Any, Any]:
    """What is left of x to the next whole number, exactly, and 1 or −1 for an even or odd one."""
    finite = m.where(m.isinf(x), 0.0, x)
    whole = m.round(finite)
    return finite - whole, 1.0 - 2.0 * m.abs(m.fmod(whole, 2.0))


def _sinc(m: Namespace, g: Any, y: Any, x: Any) -> Any:
    near = m.less(m.abs(x), 0.5)
    t = m.pi * m.where(near, x, 0.0)
    series: Any = 0.0
    for factor in reversed(_SINC):
        series = factor + t * t * series
    rest, sign = _turns(m, x)
    far = m.divide(sign * m.cos(m.pi * rest) - y, m.where(near, 1.0, x))
    return g * nan_with(m, y, m.where(near, m.pi * t * series, far))


@primitive(_sinc)
def sinc(m: Namespace, x: Any) -> Any:
    """sin(πx)/(πx), and 1 at 0"""
    rest, sign = _turns(m, x)
    zero = m.equal(x, 0.0)
    return m.where(zero, 1.0, m.divide(sign * m.sin(m.pi * rest), m.pi * m.where(zero, 1.0, x)))
