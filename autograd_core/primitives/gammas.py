"""Rows of the table: the beta function, the incomplete gamma functions and the trigamma function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd_core.primitives.helpers import nan_with
from autograd_core.primitives.special import ORDERS
from autograd_core.primitives.table import leaf, primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

INF = math.inf

psi_difference = leaf(
    "psi_difference",
    None,
    lambda m, g, y, n, x, d: g * nan_with(m, y, m.psi_difference(n + 1.0, x, d)),
    lambda m, g, y, n, x, d: g * nan_with(m, y, -m.polygamma(n + 1.0, x + d)),
    domain=[ORDERS, (0.0, INF), (0.0, INF)],
    doc="polygamma(n, x) − polygamma(n, x + d), without loss; the order n is not differentiated",
)
beta = leaf(
    "beta",
    lambda m, g, y, a, b: g * (y * m.psi_difference(0.0, a, b)),
    lambda m, g, y, a, b: g * (y * m.psi_difference(0.0, b, a)),
    domain=[(0.0, INF), (0.0, INF)],
    doc="the beta function of positive operands",
)
betaln = leaf(
    "betaln",
    lambda m, g, y, a, b: g * nan_with(m, y, m.psi_difference(0.0, a, b)),
    lambda m, g, y, a, b: g * nan_with(m, y, m.psi_difference(0.0, b, a)),
    domain=[(0.0, INF), (0.0, INF)],
    doc="the logarithm of the beta function",
)


@primitive(lambda m, g, y, x: g * nan_with(m, y, m.polygamma(2.0, x)), symbol="ψ′", domain=[(0.0, INF)])
def trigamma(m: Namespace, x: Any) -> Any:
    """the derivative of digamma"""
    return m.polygamma(1.0, x)


# The incomplete gamma functions. Families of derivatives by the shape a are closed: the slope by x is the density
# exp(−x)·x^(a − 1)/Γ(a), and that of the density is (a − 1 − x)/x times it.

SHAPES = (0.05, 100.0)
FEW = (0.0, 3.0)


def _density_slope(m: Namespace, y: Any, n: Any, a: Any, x: Any) -> Any:
    lower = m.where(m.equal(n, 0.0), 0.0, m.divide(n, x) * m.gamma_density(m.maximum(n - 1.0, 0.0), a, x))
    return nan_with(m, y, m.divide((a - 1.0) - x, x) * y + lower)


gamma_density = leaf(
    "gamma_density",
    None,
    lambda m, g, y, n, a, x: g * nan_with(m, y, m.gamma_density(n + 1.0, a, x)),
    lambda m, g, y, n, a, x: g * _density_slope(m, y, n, a, x),
    domain=[FEW, SHAPES, SHAPES],
    doc="the n-th derivative by a of exp(−x)·x^(a − 1)/Γ(a); the order n is not differentiated",
)
shaped_gammainc = leaf(
    "shaped_gammainc",
    None,
    lambda m, g, y, n, a, x: g * nan_with(m, y, m.shaped_gammainc(n + 1.0, a, x)),
    lambda m, g, y, n, a, x: g * nan_with(m, y, m.gamma_density(n, a, x)),
    domain=[FEW, SHAPES, SHAPES],
    doc="the n-th derivative by a of gammainc(a, x); the order n is not differentiated",
)
shaped_gammaincc = leaf(
    "shaped_gammaincc",
    None,
    lambda m, g, y, n, a, x: g * nan_with(m, y, m.shaped_gammaincc(n + 1.0, a, x)),
    lambda m, g, y, n, a, x: -g * nan_with(m, y, m.gamma_density(n, a, x)),
    domain=[FEW, SHAPES, SHAPES],
    doc="the n-th derivative by a of gammaincc(a, x); the order n is not differentiated",
)


@primitive(
    lambda m, g, y, a, x: g * nan_with(m, y, m.shaped_gammainc(1.0, a, x)),
    lambda m, g, y, a, x: g * nan_with(m, y, m.gamma_density(0.0, a, x)),
    symbol="P",
    domain=[SHAPES, SHAPES],
)
def gammainc(m: Namespace, a: Any, x: Any) -> Any:
    """P(a, x), the regularised lower incomplete gamma function: ∫ exp(−t)·t^(a − 1) dt from 0 to x, over Γ(a)"""
    return m.shaped_gammainc(0.0, a, x)


@primitive(
    lambda m, g, y, a, x: g * nan_with(m, y, m.shaped_gammaincc(1.0, a, x)),
    lambda m, g, y, a, x: -g * nan_with(m, y, m.gamma_density(0.0, a, x)),
    symbol="Q",
    domain=[SHAPES, SHAPES],
)
def gammaincc(m: Namespace, a: Any, x: Any) -> Any:
    """Q(a, x) = 1 − P(a, x), the regularised upper incomplete gamma function"""
    return m.shaped_gammaincc(0.0, a, x)
