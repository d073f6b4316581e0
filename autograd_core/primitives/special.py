"""Rows of the table: the error function and its kin, gamma and its derivatives, and stable sums of exponentials."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd_core.primitives.helpers import difference_error, magnitude, nan_with
from autograd_core.primitives.selecting import reference
from autograd_core.primitives.table import Primitive, leaf, primitive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_core.namespaces.protocol import Namespace

INF = math.inf
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
ONE_OVER_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)


def _factor(m: Namespace, z: Any, x: Any) -> Any:
    return m.where(m.equal(z, 0.0), 0.0, x)  # the exponential wins over an infinite factor


exp_product = leaf(
    "exp_product", lambda m, g, z, x, y: g * (_factor(m, z, y) * z), lambda m, g, z, x, y: g * (_factor(m, z, x) * z),
    symbol="exp ×", doc="exp(x·y), without what the rounding of x·y would cost",
)  # fmt: skip


def _erf_slope(m: Namespace, x: Any) -> Any:
    return TWO_OVER_SQRT_PI * m.exp_product(-x, x)


erf = leaf("erf", lambda m, g, y, x: g * _erf_slope(m, x), doc="the error function")
erfc = leaf("erfc", lambda m, g, y, x: -g * _erf_slope(m, x), doc="1 − erf(x), without loss")


def normal_density(m: Namespace, x: Any) -> Any:
    """exp(−x²/2)/√(2π)."""
    return ONE_OVER_SQRT_TWO_PI * m.exp_product(-0.5 * x, x)


ndtr = leaf("ndtr", lambda m, g, y, x: g * normal_density(m, x), symbol="Φ", doc="the standard normal distribution")

polygamma = leaf(
    "polygamma",
    None,
    lambda m, g, y, n, x: g * nan_with(m, y, m.polygamma(n + 1.0, x)),
    symbol="ψ",
    domain=[(0.0, 9.0), (0.0, INF)],
    doc="the n-th derivative of digamma at x; the order n is not differentiated",
)


@primitive(lambda m, g, y, x: g * nan_with(m, y, m.polygamma(1.0, x)), symbol="ψ", domain=[(0.0, INF)])
def digamma(m: Namespace, x: Any) -> Any:
    """the derivative of log gamma"""
    return m.polygamma(0.0, x)


def _gamma(m: Namespace, g: Any, y: Any, x: Any) -> Any:
    # At 0, where gamma is like 1/x, the slope tends to −inf from both sides.
    slope = y * m.polygamma(0.0, m.where(m.equal(x, 0.0), 1.0, x))
    return g * m.where(m.equal(x, 0.0), -m.abs(y), nan_with(m, y, slope))


gamma = leaf("gamma", _gamma, symbol="Γ", domain=[(0.0, 171.0)], doc="the gamma function")
lgamma = leaf(
    "lgamma", lambda m, g, y, x: g * m.polygamma(0.0, x), symbol="ln Γ", domain=[(0.0, INF)], doc="log |Γ(x)|"
)


def _quotient(m: Namespace, x: Any, y: Any) -> Any:
    return m.where(_both_zero(m, x, y), 0.0, m.divide(x, y))


def _both_zero(m: Namespace, x: Any, y: Any) -> Any:
    return m.logical_and(m.equal(x, 0.0), m.equal(y, 0.0))


# x/y, and at 0/0 what it is for x = 0 and every other y: 0, with the derivatives 1/y and 0
_xlogy_slope: Primitive = Primitive(
    "_xlogy_slope",
    _quotient,
    lambda m, g, q, x, y: g * m.divide(1.0, y + 0.0),
    lambda m, g, q, x, y: -g * m.apply(_xlogy_slope, q, y),
    symbol="÷",
)


@primitive(
    lambda m, g, v, x, y: g * nan_with(m, v, m.log(y)),
    lambda m, g, v, x, y: g * nan_with(m, v, m.apply(_xlogy_slope, x, y)),
    domain=[(-INF, INF), (0.0, INF)],
)
def xlogy(m: Namespace, x: Any, y: Any) -> Any:
    """x·log y, and 0 for x = 0"""
    zero = m.logical_and(m.equal(x, 0.0), m.logical_not(m.isnan(y)))
    return m.where(zero, 0.0, x * m.log(m.where(zero, 1.0, y)))


def logistic(m: Namespace, x: Any) -> Any:
    """1/(1 + exp(−x)), without overflow and right also where it underflows."""
    e = m.exp(-magnitude(m, x))
    return m.divide(m.where(m.less(x, 0.0), e, 1.0), 1.0 + e)


def logistic_curve(m: Namespace, x: Any) -> Any:
    """The same, for rules: with a derivative that is right to the last digits at every order."""
    return m.apply(_logistic, x)


_logistic = Primitive("_logistic", logistic, lambda m, g, y, x: g * logistic_slope(m, x), symbol="σ")


def logistic_slope(m: Namespace, x: Any) -> Any:
    """The derivative of the logistic function, right to the last digits like its own."""
    return m.apply(_logistic_slope, x)


def _sigmoid_slope(m: Namespace, x: Any) -> Any:
    e = m.exp(-m.abs(x))  # s(1 − s) would be 0 from x = 37
    return m.divide(e, (1.0 + e) * (1.0 + e))


# The derivative of the parts would be the difference of two numbers close to ¼, where it is as small as x.
_logistic_slope = Primitive(
    "_logistic_slope", _sigmoid_slope, lambda m, g, y, x: -g * (m.tanh(0.5 * x) * y), symbol="σ′"
)


def _infinite_tie(m: Namespace, a: Any, b: Any) -> Any:
    return m.logical_and(m.equal(a, b), m.isinf(a))


def _share(m: Namespace, a: Any, b: Any) -> Any:
    # logistic(a − b), with what rounding took from a − b put back: exp would multiply it by |a − b|. A tie of
    # infinities is a tie.
    tie = _infinite_tie(m, a, b)
    d = m.where(tie, 0.0, a - b)
    share = logistic_curve(m, d)
    return share + m.where(tie, 0.0, difference_error(m, a, b, d)) * logistic_slope(m, d)


@primitive(lambda m, g, y, a, b: g * _share(m, a, b), lambda m, g, y, a, b: g * _share(m, b, a))
def logaddexp(m: Namespace, a: Any, b: Any) -> Any:
    """log(eᵃ + eᵇ), without overflow"""
    gap = m.where(m.equal(a, b), 0.0, m.abs(a - b))
    return m.maximum(a, b) + m.log1p(m.exp(-gap))


def _weights(m: Namespace, xs: tuple[Any, ...]) -> list[Any]:
    """exp(xᵢ − max x), each right to the last digits: see `_share`."""
    top = reference(m, *xs)
    weights = []
    for x in xs:
        tie = _infinite_tie(m, x, top)
        d = m.where(tie, 0.0, x - top)
        weight = m.exp(d)
        weights.append(weight + weight * m.where(tie, 0.0, difference_error(m, x, top, d)))
    return weights


def softmax_of(m: Namespace, xs: Sequence[Any]) -> list[Any]:
    """exp(xᵢ)/Σ exp(xⱼ) for each i."""
    weights = _weights(m, tuple(xs))
    total = m.sum(*weights)
    return [m.divide(weight, total) for weight in weights]


def _softmax(m: Namespace, g: Any, y: Any, *xs: Any) -> list[Any]:
    return [g * share for share in softmax_of(m, xs)]


@primitive(joint=_softmax, symbol="log Σ exp")
def logsumexp(m: Namespace, *xs: Any) -> Any:
    """log(exp x₁ + … + exp xₙ), without overflow"""
    # log1p of what comes on top of the largest term, whose weight is 1
    top = m.maximum(*xs)
    ties = [m.equal(x, top) for x in xs]
    ones = m.sum(*[m.where(tie, 1.0, 0.0) for tie in ties])
    rest = m.sum(*[m.where(tie, 0.0, weight) for tie, weight in zip(ties, _weights(m, xs), strict=True)])
    return top + m.log1p((ones - 1.0) + rest)


# The error functions' inverses and kin. A slope exp(y²) would multiply the rounding of y by y²: it is erfcx(y)/erfc(y),
# whose denominator is known from the operand.

HALF_SQRT_PI = 0.5 * math.sqrt(math.pi)
ORDERS = (0.0, 9.0)

ierfcx = leaf(
    "ierfcx",
    None,
    lambda m, g, y, n, x: g * nan_with(m, y, -2.0 * (n + 1.0) * m.ierfcx(n + 1.0, x)),
    domain=[ORDERS, (-20.0, INF)],
    doc="exp(x²) times the n-th repeated integral of erfc; the order n is not differentiated",
)


@primitive(lambda m, g, y, x: g * (-2.0 * m.ierfcx(1.0, x)), domain=[(-26.0, INF)])
def erfcx(m: Namespace, x: Any) -> Any:
    """exp(x²)·erfc(x), without underflow"""
    return m.ierfcx(0.0, x)


def _inverse_slope(m: Namespace, y: Any, tail: Any) -> Any:
    """√π/2·exp(y²), for the y whose erfc(|y|) is `tail`."""
    end = m.equal(tail, 0.0)
    return m.where(end, INF, HALF_SQRT_PI * m.divide(m.ierfcx(0.0, magnitude(m, y)), m.where(end, 1.0, tail)))


def _inverse_bend(m: Namespace, g: Any, slope: Any, y: Any, x: Any) -> Any:
    return g * (2.0 * y * slope * slope)


_erfinv_slope = Primitive(
    "_erfinv_slope", lambda m, y, x: _inverse_slope(m, y, 1.0 - magnitude(m, x)), None, _inverse_bend, symbol="erf⁻¹′"
)
_erfcinv_slope = Primitive(
    "_erfcinv_slope", lambda m, y, x: -_inverse_slope(m, y, m.where(m.less(x, 1.0), x, 2.0 - x)), None, _inverse_bend,
    symbol="erfc⁻¹′",
)  # fmt: skip

erfinv = leaf(
    "erfinv",
    lambda m, g, y, x: g * nan_with(m, y, m.apply(_erfinv_slope, y, x)),
    symbol="erf⁻¹",
    domain=[(-1.0, 1.0)],
    doc="the inverse of erf",
)
erfcinv = leaf(
    "erfcinv",
    lambda m, g, y, x: g * nan_with(m, y, m.apply(_erfcinv_slope, y, x)),
    symbol="erfc⁻¹",
    domain=[(0.0, 2.0)],
    doc="the inverse of erfc",
)


def _inverse_mills_ratio(m: Namespace, x: Any) -> Any:
    """φ(x)/Φ(x)."""
    upper = m.greater(x, 0.0)
    up, down = m.where(upper, x, 0.0), m.where(upper, 0.0, x)
    above = m.divide(normal_density(m, up), m.ndtr(up))
    below = m.divide(m.sqrt(m.divide(2.0, m.pi)), m.ierfcx(0.0, -m.sqrt(0.5) * down))
    return m.where(upper, above, below)


def _log_ndtr_bend(m: Namespace, g: Any, slope: Any, x: Any) -> Any:
    # −slope·(x + slope), in which both cancel below 0: there x + slope is √2·ierfcx(1, t)/ierfcx(0, t) at t = −x/√2.
    upper, far = m.greater(x, 0.0), m.less(x, -1e9)
    t = -m.sqrt(0.5) * m.where(m.logical_or(upper, far), 0.0, x)
    below = m.divide(m.sqrt(2.0) * m.ierfcx(1.0, t), m.ierfcx(0.0, t))
    up = m.where(upper, x, 0.0)
    return -g * m.where(far, 1.0, slope * m.where(upper, up + slope, below))


_log_ndtr_slope = Primitive("_log_ndtr_slope", _inverse_mills_ratio, _log_ndtr_bend, symbol="φ/Φ")


@primitive(lambda m, g, y, x: g * m.apply(_log_ndtr_slope, x), symbol="log Φ")
def log_ndtr(m: Namespace, x: Any) -> Any:
    """the logarithm of the standard normal distribution, without underflow"""
    lower = m.less(x, 0.0)
    up, down = m.where(lower, 0.0, x), m.where(lower, x, 0.0)
    below = m.log(0.5 * m.ierfcx(0.0, -m.sqrt(0.5) * down)) - 0.5 * down * down
    return m.where(lower, below, m.log1p(-m.ndtr(-up)))
