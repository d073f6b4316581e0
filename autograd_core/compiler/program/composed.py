"""Leaves of the table that the compiler writes in terms of others, over its own namespace `m`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from autograd_core.engine.value import TABLE
from autograd_core.namespaces import accurate
from autograd_core.primitives.special import TWO_OVER_SQRT_PI

__all__ = ["COMPOSED"]


def _sign(m: Any, x: Any) -> Any:
    x = m.as_number(x)
    return m.where(m.less(x, 0.0), -1.0, m.where(m.greater(x, 0.0), 1.0, x))


def _isinf(m: Any, x: Any) -> Any:
    return m.equal(m.abs(x), math.inf)


def _isfinite(m: Any, x: Any) -> Any:
    return m.less(m.abs(x), math.inf)


# CPython's float.__mod__ and float.__floordiv__


def _mod(m: Any, a: Any, b: Any) -> Any:
    b = m.as_number(b)
    rest = m.fmod(a, b)
    differ = m.not_equal(m.copysign(1.0, rest), m.copysign(1.0, b))
    return m.where(m.equal(rest, 0.0), m.copysign(0.0, b), m.where(differ, rest + b, rest))


def _floor_divide(m: Any, a: Any, b: Any) -> Any:
    a, b = m.as_number(a), m.as_number(b)
    rest = m.fmod(a, b)
    whole = m.divide(a - rest, b)
    differ = m.not_equal(m.less(b, 0.0), m.less(rest, 0.0))
    whole = m.where(m.logical_and(m.not_equal(rest, 0.0), differ), whole - 1.0, whole)
    down = m.floor(whole)
    down = m.where(m.greater(whole - down, 0.5), down + 1.0, down)
    quotient = m.divide(a, b)
    down = m.where(m.equal(whole, 0.0), m.copysign(0.0, quotient), down)
    return m.where(m.equal(b, 0.0), quotient, down)


# Any number of operands


def _extreme(m: Any, beaten_by: Callable[[Any, Any], Any], xs: Any) -> Any:
    best = m.as_number(xs[0])
    for x in map(m.as_number, xs[1:]):
        # of equals the first; a nan that is the best so far stays, since it compares as false
        best = m.where(beaten_by(best, x), x, best)
        best = m.where(m.isnan(x), x, best)
    return best


def _maximum(m: Any, *xs: Any) -> Any:
    return _extreme(m, m.less, xs)


def _minimum(m: Any, *xs: Any) -> Any:
    return _extreme(m, m.greater, xs)


def _sum(m: Any, *xs: Any) -> Any:
    total = m.as_number(xs[0]) + 0.0
    for x in xs[1:]:
        total = total + x
    return total


def _dot(m: Any, *xs: Any) -> Any:
    half = len(xs) // 2
    total = m.as_number(xs[-1] if len(xs) % 2 else 0.0)
    for w, x in zip(xs[:half], xs[half:], strict=False):
        total = total + m.multiply(w, x)
    return total


def _prod(m: Any, *xs: Any) -> Any:
    product = m.as_number(xs[0])
    for x in xs[1:]:
        product = product * x
    return product


def _hypot(m: Any, *xs: Any) -> Any:
    if len(xs) == 1:
        return m.abs(xs[0])
    if len(xs) == 2:
        return m.direct("hypot", *xs)
    sizes = [m.abs(x) for x in xs]
    largest = m.maximum(*sizes)
    usable = m.logical_and(m.greater(largest, 0.0), m.isfinite(largest))
    scale = m.where(usable, largest, 1.0)
    squares = [(share := m.divide(size, scale)) * share for size in sizes]
    length = scale * m.sqrt(m.sum(*squares))
    infinite = m.constant(False)
    for size in sizes:
        infinite = m.logical_or(infinite, m.equal(size, math.inf))
    return m.where(infinite, math.inf, length)


# With what rounding takes from a product by one fused operation


def _exp_product(m: Any, x: Any, y: Any) -> Any:
    # as on floats
    x, y = m.as_number(x), m.as_number(y)
    if not m.fused or x.op == y.op == "constant":
        return m.call(TABLE["exp_product"], [x, y])
    product = x * y
    value = m.exp(product)
    rest = m.direct("fma", x, y, -product)
    return m.where(m.less_equal(m.abs(product), m.element.largest_exponent), value + value * rest, value)


def _ndtr(m: Any, x: Any) -> Any:
    # As on floats, but the slope by which the rest of x/√2 is multiplied is the one that the derivative uses too.
    x = m.as_number(x)
    if x.op == "constant" or not m.fused:
        return m.call(TABLE["ndtr"], [x])
    near = m.minimum(m.maximum(x, -40.0), 40.0)
    factor = m.element.rounded(accurate.SQRT_HALF)
    z = -(near * factor)
    error = m.direct("fma", -near, factor, -z) - near * (accurate.SQRT_HALF - factor + accurate.SQRT_HALF_REST)
    slope = TWO_OVER_SQRT_PI * m.exp_product(-0.5 * x, x)
    inside = 0.5 * (m.erfc(z) - slope * error)
    return m.where(m.less(m.abs(x), 40.0), inside, m.where(m.isnan(x), x, m.greater(x, 0.0)))


COMPOSED: Final[dict[str, Callable[..., Any]]] = {
    "dot": _dot, "exp_product": _exp_product, "floor_divide": _floor_divide, "hypot": _hypot, "isfinite": _isfinite,
    "isinf": _isinf, "maximum": _maximum, "minimum": _minimum, "mod": _mod, "ndtr": _ndtr, "prod": _prod,
    "sign": _sign, "sum": _sum,
}  # fmt: skip
"""By the name of the leaf: a function of the compiler's namespace and the operands."""
