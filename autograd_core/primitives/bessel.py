"""Rows of the table: Bessel functions, the exponential integral and Lambert's function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd_core.primitives.helpers import nan_with
from autograd_core.primitives.table import leaf, primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

INF = math.inf
ORDERS = (0.0, 9.0)


# Bessel functions of whole order (NIST DLMF 10.6.1, 10.29.1)


def _y_slope(m: Namespace, n: Any, y: Any, x: Any) -> Any:
    slope = 0.5 * (m.bessel_y(n - 1.0, x) - m.bessel_y(n + 1.0, x))
    return nan_with(m, y, m.where(m.equal(x, 0.0), -y, slope))  # at 0 two infinities may meet


bessel_j = leaf(
    "bessel_j",
    None,
    lambda m, g, y, n, x: g * nan_with(m, y, 0.5 * (m.bessel_j(n - 1.0, x) - m.bessel_j(n + 1.0, x))),
    symbol="J",
    domain=[ORDERS, (-INF, INF)],
    doc="the Bessel function of the first kind, of whole order n, which is not differentiated",
)
bessel_y = leaf(
    "bessel_y",
    None,
    lambda m, g, y, n, x: g * _y_slope(m, n, y, x),
    symbol="Y",
    domain=[ORDERS, (0.0, INF)],
    doc="the Bessel function of the second kind, of whole order n, which is not differentiated",
)
bessel_i = leaf(
    "bessel_i",
    None,
    lambda m, g, y, n, x: g * nan_with(m, y, 0.5 * (m.bessel_i(n - 1.0, x) + m.bessel_i(n + 1.0, x))),
    symbol="I",
    domain=[ORDERS, (-700.0, 700.0)],
    doc="the modified Bessel function of the first kind, of whole order n, which is not differentiated",
)


@primitive(lambda m, g, y, x: -g * m.bessel_j(1.0, x), symbol="J₀")
def j0(m: Namespace, x: Any) -> Any:
    """the Bessel function of the first kind, of order 0"""
    return m.bessel_j(0.0, x)


@primitive(lambda m, g, y, x: g * (0.5 * (m.bessel_j(0.0, x) - m.bessel_j(2.0, x))), symbol="J₁")
def j1(m: Namespace, x: Any) -> Any:
    """the Bessel function of the first kind, of order 1"""
    return m.bessel_j(1.0, x)


@primitive(lambda m, g, y, x: -g * m.bessel_y(1.0, x), symbol="Y₀", domain=[(0.0, INF)])
def y0(m: Namespace, x: Any) -> Any:
    """the Bessel function of the second kind, of order 0"""
    return m.bessel_y(0.0, x)


@primitive(lambda m, g, y, x: g * _y_slope(m, 1.0, y, x), symbol="Y₁", domain=[(0.0, INF)])
def y1(m: Namespace, x: Any) -> Any:
    """the Bessel function of the second kind, of order 1"""
    return m.bessel_y(1.0, x)


@primitive(lambda m, g, y, x: g * m.bessel_i(1.0, x), symbol="I₀", domain=[(-700.0, 700.0)])
def i0(m: Namespace, x: Any) -> Any:
    """the modified Bessel function of the first kind, of order 0"""
    return m.bessel_i(0.0, x)


@primitive(
    lambda m, g, y, x: g * (0.5 * (m.bessel_i(0.0, x) + m.bessel_i(2.0, x))), symbol="I₁", domain=[(-700.0, 700.0)]
)
def i1(m: Namespace, x: Any) -> Any:
    """the modified Bessel function of the first kind, of order 1"""
    return m.bessel_i(1.0, x)


# The exponential integral and Lambert's function

expn = leaf(
    "expn",
    None,
    lambda m, g, y, n, x: -g * nan_with(m, y, m.expn(n - 1.0, x)),
    symbol="E",
    domain=[ORDERS, (0.0, INF)],
    doc="∫ exp(−xt)/tⁿ dt from t = 1 on, of whole order n, which is not differentiated",
)


@primitive(lambda m, g, y, x: -g * m.expn(0.0, x), symbol="E₁", domain=[(0.0, INF)])
def exp1(m: Namespace, x: Any) -> Any:
    """the exponential integral E₁: ∫ exp(−t)/t dt from x on"""
    return m.expn(1.0, x)


def _lambertw(m: Namespace, g: Any, y: Any, x: Any) -> Any:
    # exp(−y) is y/x, of which the first is right near 0 and the second far away
    near = m.logical_or(m.less(m.abs(x), 1.0), m.isinf(x))
    ratio = m.where(near, m.exp(-m.where(near, y, 0.0)), m.divide(y, m.where(near, 1.0, x)))
    return g * nan_with(m, y, m.divide(ratio, 1.0 + y))


lambertw = leaf("lambertw", _lambertw, symbol="W", domain=[(-0.36787944117144233, INF)],
                doc="the y ≥ −1 with y·exp(y) = x: the principal branch of Lambert's function")  # fmt: skip
