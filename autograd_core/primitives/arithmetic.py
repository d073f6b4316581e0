"""Rows of the table: arithmetic, rounding, and sums and products of any number of operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core.primitives.helpers import even_scale, nan_with, undetermined
from autograd_core.primitives.table import Primitive, leaf, primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

INF = float("inf")
REAL = (-INF, INF)

add = leaf("add", lambda m, g, y, a, b: g, lambda m, g, y, a, b: g, symbol="+", doc="a + b")
subtract = leaf("subtract", lambda m, g, y, a, b: g, lambda m, g, y, a, b: -g, symbol="−", doc="a − b")
multiply = leaf("multiply", lambda m, g, y, a, b: g * b, lambda m, g, y, a, b: g * a, symbol="×", doc="a · b")
divide = leaf(
    # y/b and not a/(b·b), whose denominator overflows or vanishes long before the quotient does
    "divide",
    lambda m, g, y, a, b: m.divide(g, b),
    lambda m, g, y, a, b: -g * m.divide(y, b),
    symbol="÷",
    aliases=["true_divide"],
    doc="a / b; a/0 is ±inf, 0/0 is nan",
)
negative = leaf("negative", lambda m, g, y, x: -g, symbol="−·", doc="−x")
positive = leaf("positive", lambda m, g, y, x: g, symbol="+·", aliases=["conjugate"], doc="+x")
abs = leaf(
    "abs",
    lambda m, g, y, x: g * m.sign(x),
    symbol="|·|",
    aliases=["fabs", "absolute"],
    doc="|x|; at 0 the derivative is 0, the subgradient of least norm",
)
sign = leaf("sign", lambda m, g, y, x: g * nan_with(m, y, 0.0), doc="−1, 0 or 1")
copysign = leaf(
    "copysign",
    lambda m, g, y, x, s: g * m.sign(x) * m.copysign(1.0, s),
    lambda m, g, y, x, s: g * nan_with(m, x, 0.0),
    doc="|x| with the sign of s",
)


# Rounding: step functions, whose derivative is 0 also at the jump (and nan where the value is).


def _step(m: Namespace, g: Any, y: Any, *xs: Any) -> Any:
    return g * nan_with(m, y, 0.0)


floor = leaf("floor", _step, symbol="⌊·⌋", doc="the largest integer ≤ x")
ceil = leaf("ceil", _step, symbol="⌈·⌉", doc="the smallest integer ≥ x")
trunc = leaf("trunc", _step, doc="the integer part of x")
round = leaf("round", _step, aliases=["rint"], doc="the nearest integer, ties to even")
round_to = leaf("round_to", _step, None, doc="x rounded to a number of decimal digits")
floor_divide = leaf("floor_divide", _step, _step, symbol="//", doc="⌊a / b⌋")


def _quotient(m: Namespace, g: Any, y: Any, a: Any, b: Any) -> Any:
    # (a − y)/b is the integer that was divided out; a/b itself may round to its neighbour.
    return -g * m.round(m.divide(a - y, b))


mod = leaf(
    "mod",
    lambda m, g, y, a, b: nan_with(m, y, g),
    lambda m, g, y, a, b: -g * nan_with(m, y, m.floor_divide(a, b)),
    symbol="%",
    doc="a − b⌊a/b⌋, Python's %",
)
fmod = leaf("fmod", lambda m, g, y, a, b: nan_with(m, y, g), _quotient, doc="a − b·trunc(a/b), exact")
remainder = leaf(
    "remainder", lambda m, g, y, a, b: nan_with(m, y, g), _quotient, doc="a − b·round(a/b), exact; IEEE's remainder"
)


# Powers


def _power_slope(m: Namespace, y: Any, x: Any, p: Any) -> Any:
    """p·x^(p−1).

    As it stands only where p − 1 is exact (from ½ to 2⁵³) or makes no difference (x = 0 or infinity), and where a power
    that a large p multiplies is not subnormal: elsewhere rounding would cost hundreds of ULP. There it is r·p·r/x with
    the root r of |y|, which neither overflows nor vanishes where the product does not; 0 for p = 0, and where x^(±inf)
    vanishes.
    """
    power = m.pow(x, p - 1.0)
    exact = m.logical_and(m.less_equal(0.5, p), m.less_equal(p, 2.0**53))
    exact = m.logical_and(exact, m.logical_or(m.less_equal(p, 4.0), m.greater_equal(m.abs(power), 2.0**-1022)))
    end = m.logical_or(m.logical_or(m.equal(x, 0.0), m.isinf(x)), m.isinf(p))
    constant = m.logical_and(m.equal(p, 0.0), m.logical_or(m.equal(x, 0.0), m.isnan(x)))
    vanishing = m.logical_or(constant, m.logical_and(m.isinf(p), m.equal(y, 0.0)))
    return m.where(vanishing, 0.0, nan_with(m, y, m.where(m.logical_or(exact, end), p * power, _by_root(m, y, x, p))))


def _base(m: Namespace, g: Any, y: Any, x: Any, p: Any) -> Any:
    return g * m.apply(_power_base, y, x, p)


def _power_base_base(m: Namespace, g: Any, slope: Any, y: Any, x: Any, p: Any) -> Any:
    """p times the slope of x^(p−1), or (p − 1)/x times the slope where p − 1 would be rounded; 0 for p = 0."""
    exact = m.logical_and(m.less_equal(1.5, p), m.less_equal(p, 2.0**53))
    again = m.logical_or(exact, m.logical_or(m.equal(x, 0.0), m.isinf(x)))
    lower = p * m.apply(_power_base, m.pow(x, p - 1.0), x, p - 1.0)
    bend = m.where(again, lower, m.divide((p - 1.0) * slope, m.where(again, 1.0, x)))
    return g * m.where(m.logical_and(m.equal(p, 0.0), m.logical_not(m.isnan(x))), 0.0, bend)


def _power_base_exponent(m: Namespace, g: Any, slope: Any, y: Any, x: Any, p: Any) -> Any:
    return g * m.where(m.less(x, 0.0), slope * m.log(x), _power_log_slope(m, x, p))


_power_base = Primitive("_power_base", _power_slope, None, _power_base_base, _power_base_exponent, symbol="p·xᵖ⁻¹")


def _by_root(m: Namespace, y: Any, x: Any, p: Any) -> Any:
    x = m.where(m.equal(x, 0.0), 1.0, x)
    root = m.pow(m.abs(x), 0.5 * p)
    large = m.greater_equal(m.abs(x), 1.0)
    left = m.where(large, root * p, m.divide(root * p, x))
    return m.copysign(1.0, y) * (left * m.where(large, m.divide(root, x), root))


def _exponent(m: Namespace, g: Any, y: Any, x: Any, p: Any) -> Any:
    """y·log x, with the root of y for its underflow and overflow; nan for a negative x.

    It is 0 where y is 0, since y vanishes faster than log x grows, and at 0⁰.
    """
    # y times the nan of the logarithm, so that it stays nan at every order
    return g * m.where(m.less(x, 0.0), y * m.log(x), m.apply(_power_log, x, p))


def _power_times_log(m: Namespace, x: Any, p: Any) -> Any:
    at_zero = m.logical_and(m.equal(x, 0.0), m.greater_equal(p, 0.0))
    vanishing = m.logical_or(at_zero, m.logical_and(m.isinf(x), m.less(p, 0.0)))
    root = m.pow(m.abs(x), 0.5 * p)
    slope = (root * m.log(m.abs(m.where(vanishing, 1.0, x)))) * root
    return m.where(vanishing, 0.0, slope)


def _power_log_slope(m: Namespace, x: Any, p: Any) -> Any:
    # x^(p−1)·(1 + p·log x). At 0, where y is 0 by its limit from p > 0, only p > 1 has one that is finite.
    bend = m.pow(x, p - 1.0) + p * m.apply(_power_log, x, p - 1.0)
    return m.where(m.logical_and(m.equal(x, 0.0), m.equal(p, 1.0)), m.log(m.abs(x)), bend)


def _power_log_base(m: Namespace, g: Any, y: Any, x: Any, p: Any) -> Any:
    return g * _power_log_slope(m, x, p)


def _power_log_exponent(m: Namespace, g: Any, y: Any, x: Any, p: Any) -> Any:
    half = m.apply(_power_log, x, 0.5 * p)
    return g * half * half


# By the parts the derivative would underflow, or overflow, where it is an ordinary number.
_power_log = Primitive("_power_log", _power_times_log, _power_log_base, _power_log_exponent, symbol="xᵖ·log")


pow = leaf(
    "pow",
    _base,
    _exponent,
    symbol="^",
    aliases=["power"],
    domain=((0.0, INF), REAL),
    doc="x to the power p; nan for a negative x and a fractional p",
)


@primitive(lambda m, g, y, x: 2.0 * g * x, symbol="·²")
def square(m: Namespace, x: Any) -> Any:
    """x²"""
    return x * x


@primitive(lambda m, g, y, x: -g * m.divide(y, x), symbol="1/·")
def reciprocal(m: Namespace, x: Any) -> Any:
    """1 / x"""
    return m.divide(1.0, x)


# Any number of operands: one node with n parents, and one joint rule that is linear in n.

sum = leaf("sum", joint=lambda m, g, y, *xs: [g] * len(xs), symbol="Σ", doc="x₁ + … + xₙ, added in turn from 0")
fsum = leaf("fsum", joint=lambda m, g, y, *xs: [g] * len(xs), symbol="Σ", doc="x₁ + … + xₙ, rounded once")


def _dot(m: Namespace, g: Any, y: Any, *xs: Any) -> list[Any]:
    half = len(xs) // 2
    return [g * x for x in xs[half : 2 * half]] + [g * w for w in xs[:half]] + [g] * (len(xs) % 2)


dot = leaf("dot", joint=_dot, symbol="dot", doc="w₁x₁ + … + wₙxₙ (+ b), of w₁ … wₙ, x₁ … xₙ and possibly b")
sumprod = leaf("sumprod", joint=_dot, symbol="dot", doc="w₁x₁ + … + wₙxₙ of w₁ … wₙ, x₁ … xₙ, rounded once")


def _prod(m: Namespace, g: Any, y: Any, *xs: Any) -> list[Any]:
    # The product of all others, from both ends and without a division, so that a zero among them does no harm.
    before = [g]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    after: Any = 1.0
    cotangents = []
    for product, x in zip(reversed(before), reversed(xs), strict=True):
        cotangents.append(product * after)
        after = x * after
    return cotangents[::-1]


prod = leaf("prod", joint=_prod, symbol="Π", doc="x₁ · … · xₙ")


def directions(m: Namespace, y: Any, *xs: Any) -> list[Any]:
    """x/y for each operand of y = hypot(x, …): at 0 the subgradient of least norm, which has no derivative there.

    At infinity it is the limit as the infinite operands grow alike.
    """
    count: Any = 0.0
    for x in xs:
        count = count + m.where(m.isinf(x), 1.0, 0.0)
    infinite = m.greater(count, 0.0)
    share = m.divide(1.0, m.sqrt(m.where(infinite, count, 1.0)))
    scale = even_scale(m, y)
    length = m.hypot(*[m.where(infinite, 1.0, scale * x) for x in xs])
    few = len(xs) <= _FEW
    length = m.where(m.equal(length, 0.0), 1.0 if few else undetermined(m, 1.0, y), length)
    found = []
    for i, x in enumerate(xs):
        limit = nan_with(m, x, m.where(m.isinf(x), m.copysign(share, x), 0.0))
        direction = m.where(infinite, limit, m.divide(scale * x, length))
        if few:
            direction = m.apply(_direction, direction, x, *xs[:i], *xs[i + 1 :])
        found.append(direction)
    return found


_FEW = 8  # of more operands the curvature would cost their square


def _turning(m: Namespace, g: Any, direction: Any, value: Any, x: Any, *others: Any) -> list[Any]:
    # By the parts, 1/y − x²/y³ would have lost every digit where x is all but y. At 0 it is 0/0.
    y = m.hypot(x, *others)
    along, *across = directions(m, y, x, *others)
    curvatures = [m.divide(other, y) for other in across]
    bend = m.divide(0.0, y)
    for other, curvature in zip(across, curvatures, strict=True):
        bend = bend + other * curvature
    return [None, g * bend, *[-g * (along * curvature) for curvature in curvatures]]


_direction = Primitive("_direction", lambda m, value, x, *others: value, joint=_turning, symbol="x/|x|")


def _hypot(m: Namespace, g: Any, y: Any, *xs: Any) -> list[Any]:
    return [g * direction for direction in directions(m, y, *xs)]


hypot = leaf("hypot", joint=_hypot, doc="√(x₁² + … + xₙ²), without overflow")
