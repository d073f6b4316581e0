"""Rows of the table: exponentials, logarithms, roots, and the circular and hyperbolic functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd_core.primitives.arithmetic import directions
from autograd_core.primitives.helpers import even_scale, nan_with, one_minus_square
from autograd_core.primitives.table import Primitive, leaf, primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

INF = math.inf
POSITIVE = [(0.0, INF)]
UNIT = [(-1.0, 1.0)]
LN_2 = math.log(2.0)
LOG2_E = 1.0 / math.log(2.0)
LOG10_E = 1.0 / math.log(10.0)


# Exponentials and logarithms

exp = leaf("exp", lambda m, g, y, x: g * y, doc="eˣ", domain=[(-INF, 709.0)])
exp2 = leaf("exp2", lambda m, g, y, x: g * (y * LN_2), doc="2ˣ", domain=[(-INF, 1023.0)])
# exp(x), not y + 1, which is 0 below −37
expm1 = leaf("expm1", lambda m, g, y, x: g * m.exp(x), doc="eˣ − 1, accurate near 0", domain=[(-INF, 709.0)])


def _logarithm(scale: float) -> Any:
    # −0.0 + 0.0 is 0.0, so that the pole of log(−0.0) is that of log(0.0), at every order; nan below
    return lambda m, g, y, x: g * nan_with(m, y, m.divide(scale, x + 0.0))


log = leaf("log", _logarithm(1.0), doc="the natural logarithm", domain=POSITIVE)
log2 = leaf("log2", _logarithm(LOG2_E), doc="the logarithm to base 2", domain=POSITIVE)
log10 = leaf("log10", _logarithm(LOG10_E), doc="the logarithm to base 10", domain=POSITIVE)
log1p = leaf(
    "log1p",
    lambda m, g, y, x: g * nan_with(m, y, m.divide(1.0, 1.0 + x)),
    doc="log(1 + x), accurate near 0",
    domain=[(-1.0, INF)],
)

# Roots

# The root of −0.0 is −0.0, and its slope +inf all the same. |y| would have no derivative at 0.
sqrt = leaf("sqrt", lambda m, g, y, x: g * m.divide(0.5, y + 0.0), symbol="√", doc="√x", domain=POSITIVE)


def _cube_root_slope(m: Namespace, y: Any, x: Any) -> Any:
    # y/(3x) has the error of y once, 1/(3y²) twice; but it has the limits at 0 and infinity.
    end = m.logical_or(m.equal(x, 0.0), m.isinf(x))
    return m.where(end, m.divide(1.0, y * y), m.divide(m.divide(y, m.where(end, 1.0, x)), 3.0))


def _cube_root_bend(m: Namespace, g: Any, slope: Any, y: Any, x: Any) -> Any:
    # By the parts of the slope it would be the difference of two numbers that overflow. Nan at 0, where the limits from
    # both sides differ.
    bend = m.divide(m.divide(-2.0 * slope, x), 3.0)
    return g * m.where(m.equal(x, 0.0), m.nan * x, bend)


_cbrt_slope = Primitive("_cbrt_slope", _cube_root_slope, None, _cube_root_bend, symbol="∛′")

cbrt = leaf("cbrt", lambda m, g, y, x: g * m.apply(_cbrt_slope, y, x), symbol="∛", doc="the real cube root")

# Circular functions

sin = leaf("sin", lambda m, g, y, x: g * m.cos(x), doc="sine of an angle in radians")
cos = leaf("cos", lambda m, g, y, x: -g * m.sin(x), doc="cosine of an angle in radians")
tan = leaf("tan", lambda m, g, y, x: g * (1.0 + y * y), doc="tangent of an angle in radians")


def _arcsine(m: Namespace, x: Any) -> Any:
    # (1 − x)(1 + x), never 1 − x², which loses half the digits near ±1
    return m.divide(1.0, m.sqrt(one_minus_square(m, x)))


asin = leaf("asin", lambda m, g, y, x: g * _arcsine(m, x), aliases=["arcsin"], doc="arcsine, in radians", domain=UNIT)
acos = leaf(
    "acos", lambda m, g, y, x: -g * _arcsine(m, x), aliases=["arccos"], doc="arccosine, in radians", domain=UNIT
)
atan = leaf("atan", lambda m, g, y, x: g * m.divide(1.0, 1.0 + x * x), aliases=["arctan"], doc="arctangent, in radians")


def _angle(m: Namespace, part: Any, other: Any) -> Any:
    # (part/h)/h with h = hypot: x² + y² would overflow or vanish. A part that is small beside h is lifted first, lest
    # the first quotient lose its digits to underflow although the second would not.
    scale = even_scale(m, m.hypot(part, other))
    h = m.hypot(scale * part, scale * other)
    lifted = m.logical_and(m.less(m.abs(scale * part), 2.0**-900), m.greater(h, 2.0**-500))
    lift = m.where(lifted, 2.0**200, 1.0)
    slope = m.divide(m.divide(scale * part * lift, h), h) * scale
    return m.where(m.isinf(h), 0.0 * m.copysign(1.0, part), m.divide(slope, lift))


def _angle_by_part(m: Namespace, g: Any, slope: Any, part: Any, other: Any) -> Any:
    h = m.hypot(part, other)
    along, across = directions(m, h, part, other)
    return g * m.divide(m.divide((across - along) * (across + along), h), h)


def _angle_by_other(m: Namespace, g: Any, slope: Any, part: Any, other: Any) -> Any:
    h = m.hypot(part, other)
    along, across = directions(m, h, part, other)
    return -2.0 * g * (m.divide(along, h) * m.divide(across, h))


# The parts have factors for the ends of a double's range, which overflow when they are differentiated.
_angle_slope = Primitive("_angle_slope", _angle, _angle_by_part, _angle_by_other, symbol="/|·|²")


atan2 = leaf(
    "atan2",
    lambda m, g, angle, y, x: g * nan_with(m, angle, m.apply(_angle_slope, x, y)),
    lambda m, g, angle, y, x: g * nan_with(m, angle, -m.apply(_angle_slope, y, x)),
    aliases=["arctan2"],
    doc="the angle of the point (x, y), in radians; operands y, x",
)


@primitive(lambda m, g, y, x: g * nan_with(m, x, m.divide(180.0, m.pi)), aliases=["rad2deg"], symbol="deg")
def degrees(m: Namespace, x: Any) -> Any:
    """radians to degrees"""
    return x * m.divide(180.0, m.pi)


@primitive(lambda m, g, y, x: g * nan_with(m, x, m.divide(m.pi, 180.0)), aliases=["deg2rad"], symbol="rad")
def radians(m: Namespace, x: Any) -> Any:
    """degrees to radians"""
    return x * m.divide(m.pi, 180.0)


# Hyperbolic functions

sinh = leaf("sinh", lambda m, g, y, x: g * m.cosh(x), doc="hyperbolic sine")
cosh = leaf("cosh", lambda m, g, y, x: g * m.sinh(x), doc="hyperbolic cosine")


def _tanh_slope(m: Namespace, x: Any) -> Any:
    # 1 − tanh²x as (2h/(1 + h²))² with h = exp(−|x|): 1 − y·y has lost every digit at x = 20.
    h = m.exp(-m.abs(x))
    root = m.divide(2.0 * h, 1.0 + h * h)
    return root * root


# The derivative of the parts would be the difference of two numbers close to 1, where it is as small as x.
_sech_square = Primitive("_sech_square", _tanh_slope, lambda m, g, y, x: -2.0 * g * (m.tanh(x) * y), symbol="sech²")

tanh = leaf("tanh", lambda m, g, y, x: g * m.apply(_sech_square, x), doc="hyperbolic tangent")
# hypot, since x² overflows
asinh = leaf(
    "asinh", lambda m, g, y, x: g * m.divide(1.0, m.hypot(1.0, x)), aliases=["arcsinh"], doc="inverse hyperbolic sine"
)
acosh = leaf(
    "acosh",
    # not 1/(√(x − 1)·√(x + 1)), whose second derivative has terms of both signs that are infinite at 1
    lambda m, g, y, x: g * m.divide(m.divide(1.0, m.sqrt(x - 1.0)), m.sqrt(x + 1.0)),
    aliases=["arccosh"],
    doc="inverse hyperbolic cosine, of x ≥ 1",
    domain=[(1.0, INF)],
)
atanh = leaf(
    "atanh",
    lambda m, g, y, x: g * nan_with(m, y, m.divide(1.0, one_minus_square(m, x))),
    aliases=["arctanh"],
    doc="inverse hyperbolic tangent, of |x| ≤ 1",
    domain=UNIT,
)
