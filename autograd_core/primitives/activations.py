"""Rows of the table: activation functions, each one node with a derivative that is right at every size of its operand.

They are called like the functions of `autograd_core.math`, ``relu(x)``, or as methods, ``x.relu()``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd_core.primitives.helpers import least_norm, magnitude, nan_with
from autograd_core.primitives.special import logistic, logistic_curve, logistic_slope, normal_density
from autograd_core.primitives.table import Primitive, primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

# Klambauer et al., Self-Normalizing Neural Networks (2017), to double precision
SELU_SCALE = 1.0507009873554804934
SELU_ALPHA = 1.6732632423543772848
INF = math.inf


def _kinked(m: Namespace, x: Any, left: Any, right: Any) -> Any:
    """The slope of a function of two arms that meet at 0."""
    slope = m.where(m.less(x, 0.0), left, m.where(m.equal(x, 0.0), least_norm(m, left, right), right))
    return nan_with(m, x, slope)


def _open_interval(m: Namespace, x: Any, lo: float, hi: float, g: Any) -> Any:
    """`g` inside, no cotangent outside or at a bound; nan for nan."""
    inside = m.logical_and(m.greater(x, lo), m.less(x, hi))
    return m.gate(m.logical_or(inside, m.isnan(x)), nan_with(m, x, g))


@primitive(lambda m, g, y, x: m.gate(m.logical_not(m.less_equal(x, 0.0)), nan_with(m, x, g)))
def relu(m: Namespace, x: Any) -> Any:
    """max(x, 0)"""
    return m.maximum(x, 0.0)


@primitive(
    lambda m, g, y, x, slope: g * nan_with(m, y, _kinked(m, x, slope, 1.0)),
    lambda m, g, y, x, slope: g * nan_with(m, y, _below(m, x)),
    defaults=(0.01,),
)
def leaky_relu(m: Namespace, x: Any, slope: Any) -> Any:
    """x for x ≥ 0, slope·x below (slope 0.01 if not given)"""
    return m.where(m.less(x, 0.0), slope * x, x)


@primitive(
    lambda m, g, y, x, alpha: g * _kinked(m, x, alpha * m.exp(_below(m, x)), 1.0),
    lambda m, g, y, x, alpha: g * nan_with(m, y, m.expm1(_below(m, x))),
    defaults=(1.0,),
)
def elu(m: Namespace, x: Any, alpha: Any) -> Any:
    """x for x ≥ 0, alpha·(eˣ − 1) below (alpha 1 if not given)"""
    return m.where(m.less(x, 0.0), alpha * m.expm1(m.minimum(x, 0.0)), x)


@primitive(lambda m, g, y, x: g * _kinked(m, x, SELU_SCALE * SELU_ALPHA * m.exp(_below(m, x)), SELU_SCALE))
def selu(m: Namespace, x: Any) -> Any:
    """the self-normalising ELU: 1.0507·x for x ≥ 0, 1.7581·(eˣ − 1) below"""
    return SELU_SCALE * m.where(m.less(x, 0.0), SELU_ALPHA * m.expm1(m.minimum(x, 0.0)), x)


@primitive(lambda m, g, y, x: g * logistic_slope(m, x), symbol="σ")
def sigmoid(m: Namespace, x: Any) -> Any:
    """1/(1 + e⁻ˣ)"""
    return logistic(m, x)


@primitive(lambda m, g, y, x: g * logistic_curve(m, -x), symbol="log σ")
def log_sigmoid(m: Namespace, x: Any) -> Any:
    """log σ(x), without underflow"""
    return m.minimum(x, 0.0) - m.log1p(m.exp(-m.abs(x)))


@primitive(lambda m, g, y, x: g * logistic_curve(m, x))
def softplus(m: Namespace, x: Any) -> Any:
    """log(1 + eˣ), without overflow"""
    return m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x)))


def _bell(m: Namespace, x: Any) -> Any:
    """x, but ±1e300 for ±inf, so that a product with a function that vanishes there is 0 and not nan."""
    return _within(m, x, 1e300)


def _within(m: Namespace, x: Any, bound: float) -> Any:
    """x, but at most ±bound; at a bound there is no tie, so that it has all its derivatives there."""
    return m.where(m.greater(x, bound), bound, m.where(m.less(x, -bound), -bound, x))


def _below(m: Namespace, x: Any) -> Any:
    """min(x, 0), for the arm below 0 of a function: at 0 it has that arm's derivatives."""
    return m.where(m.greater(x, 0.0), 0.0, x)


@primitive(lambda m, g, y, x: g * (logistic_curve(m, x) + _bell(m, x) * logistic_slope(m, x)))
def silu(m: Namespace, x: Any) -> Any:
    """x·σ(x)"""
    return m.where(m.less(x, 0.0), _bell(m, x), x) * logistic(m, x)


@primitive(
    lambda m, g, y, x, beta: g * (logistic_curve(m, beta * x) + _bell(m, beta * x) * logistic_slope(m, beta * x)),
    lambda m, g, y, x, beta: g * nan_with(m, y, _bell(m, x) * (_bell(m, x) * logistic_slope(m, beta * x))),
    defaults=(1.0,),
)
def swish(m: Namespace, x: Any, beta: Any) -> Any:
    """x·σ(beta·x) (beta 1 if not given: the same as silu)"""
    return m.where(m.less(beta * x, 0.0), _bell(m, x), x) * logistic(m, beta * x)


@primitive(lambda m, g, y, x: g * (m.ndtr(x) + _bell(m, x) * normal_density(m, x)))
def gelu(m: Namespace, x: Any) -> Any:
    """x·Φ(x), with Φ the normal distribution: the exact form"""
    return m.where(m.less(x, 0.0), _bell(m, x), x) * m.ndtr(x)


def _gelu_inner(m: Namespace, x: Any) -> Any:
    return 2.0 * m.sqrt(m.divide(2.0, m.pi)) * x * (1.0 + 0.044715 * x * x)


def _gelu_tanh(m: Namespace, g: Any, y: Any, x: Any) -> Any:
    bounded = _within(m, x, 1e3)  # beyond, the derivative is exactly 0 or 1
    u = _gelu_inner(m, bounded)
    growth = 2.0 * m.sqrt(m.divide(2.0, m.pi)) * (1.0 + 3.0 * 0.044715 * bounded * bounded)
    return g * (logistic_curve(m, u) + bounded * logistic_slope(m, u) * growth)


@primitive(_gelu_tanh)
def gelu_tanh(m: Namespace, x: Any) -> Any:
    """the tanh form of GELU: ½x(1 + tanh(√(2/π)(x + 0.044715x³)))"""
    return m.where(m.less(x, 0.0), _bell(m, x), x) * logistic(m, _gelu_inner(m, x))


def _mish_parts(m: Namespace, x: Any) -> tuple[Any, Any]:
    """tanh(softplus(x)) and its derivative as rational functions of e = exp(−|x|), lossless at either end."""
    e = m.exp(-magnitude(m, x))
    negative = m.less(x, 0.0)
    numerator = m.where(negative, e * (e + 2.0), 1.0 + 2.0 * e)
    denominator = m.where(negative, e * (e + 2.0) + 2.0, 1.0 + 2.0 * e + 2.0 * e * e)
    rise = m.where(negative, 4.0 * e * (1.0 + e), 4.0 * e * e * (1.0 + e))
    return m.divide(numerator, denominator), m.divide(rise, denominator * denominator)


# By the parts of a level close to 1 the derivative would be the difference of two numbers much larger than it.
_mish_level = Primitive(
    "_mish_level", lambda m, x: _mish_parts(m, x)[0], lambda m, g, y, x: g * _mish_parts(m, x)[1], symbol="mish"
)


def _mish(m: Namespace, g: Any, y: Any, x: Any) -> Any:
    return g * (m.apply(_mish_level, x) + _bell(m, x) * _mish_parts(m, x)[1])


@primitive(_mish)
def mish(m: Namespace, x: Any) -> Any:
    """x·tanh(softplus(x))"""
    return m.where(m.less(x, 0.0), _bell(m, x), x) * _mish_parts(m, x)[0]


@primitive(lambda m, g, y, x: g * m.divide(m.divide(1.0, 1.0 + m.abs(x)), 1.0 + m.abs(x)))
def softsign(m: Namespace, x: Any) -> Any:
    """x/(1 + |x|)"""
    return m.where(m.isinf(x), m.sign(x), m.divide(x, 1.0 + m.where(m.isinf(x), 1.0, m.abs(x))))


@primitive(lambda m, g, y, x: _open_interval(m, x, -1.0, 1.0, g))
def hard_tanh(m: Namespace, x: Any) -> Any:
    """x, but at least −1 and at most 1"""
    return m.minimum(m.maximum(x, -1.0), 1.0)


@primitive(lambda m, g, y, x: _open_interval(m, x, -3.0, 3.0, m.divide(g, 6.0)))
def hard_sigmoid(m: Namespace, x: Any) -> Any:
    """x/6 + ½, but at least 0 and at most 1"""
    return m.divide(m.minimum(m.maximum(x + 3.0, 0.0), 6.0), 6.0)


def _hard_swish(m: Namespace, g: Any, y: Any, x: Any) -> Any:
    slope = m.where(m.greater_equal(x, 3.0), 1.0, m.divide(2.0 * x + 3.0, 6.0))
    return m.gate(m.logical_not(m.less_equal(x, -3.0)), g * nan_with(m, x, slope))


@primitive(_hard_swish)
def hard_swish(m: Namespace, x: Any) -> Any:
    """x·hard_sigmoid(x)"""
    return m.where(m.less_equal(x, -3.0), 0.0, x * m.divide(m.minimum(m.maximum(x + 3.0, 0.0), 6.0), 6.0))


@primitive(lambda m, g, y, x: _open_interval(m, x, 0.0, 6.0, g))
def relu6(m: Namespace, x: Any) -> Any:
    """x, but at least 0 and at most 6"""
    return m.minimum(m.maximum(x, 0.0), 6.0)


# exp(z) − 1 − z·exp(z) = −z²·(1/2 + z/3 + z²/8 + …), of which the difference would keep nothing near 0
_CELU = [-(k - 1.0) / math.factorial(k) for k in range(2, 26)]


def _celu_alpha(m: Namespace, x: Any, alpha: Any) -> Any:
    z = m.divide(m.minimum(x, 0.0), alpha)
    near = m.less(m.abs(z), 1.2)
    small, large = m.where(near, z, 0.0), m.where(near, -1.0, z)
    series: Any = 0.0
    for factor in reversed(_CELU):
        series = factor + small * series
    return m.where(near, small * small * series, m.expm1(large) - _bell(m, large) * m.exp(large))


@primitive(
    lambda m, g, y, x, alpha: g * nan_with(m, y, _kinked(m, x, m.exp(m.divide(m.minimum(x, 0.0), alpha)), 1.0)),
    lambda m, g, y, x, alpha: g * nan_with(m, y, m.where(m.less(x, 0.0), _celu_alpha(m, x, alpha), 0.0)),
    defaults=(1.0,),
    domain=[(-INF, INF), (0.0, INF)],
)
def celu(m: Namespace, x: Any, alpha: Any) -> Any:
    """x for x ≥ 0, alpha·(exp(x/alpha) − 1) below, for alpha > 0 (1 if not given): of slope 1 on both sides of 0"""
    # Barron, Continuously Differentiable Exponential Linear Units, 2017
    return m.where(m.less(x, 0.0), alpha * m.expm1(m.divide(m.minimum(x, 0.0), alpha)), x)
