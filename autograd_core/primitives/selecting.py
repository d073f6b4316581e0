"""Rows of the table: what selects one of its operands, and the conditions it selects by.

A selecting primitive sends a cotangent only to what it selected. What it did not select is *not reached*: `m.gate`
gives no cotangent there, not even a zero, so that no 0·inf can arise in a branch that was not taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core.primitives.helpers import nan_with, undetermined
from autograd_core.primitives.table import Primitive, leaf, primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

where = leaf(
    "where",
    None,
    lambda m, g, y, c, a, b: m.gate(c, g),
    lambda m, g, y, c, a, b: m.gate(m.logical_not(c), g),
    doc="a if c, else b; the branch that is not taken takes no part",
)


def _ties(m: Namespace, y: Any, xs: tuple[Any, ...]) -> Any:
    ties: Any = 0.0
    for x in xs:
        ties = ties + m.where(m.equal(x, y), 1.0, 0.0)
    return ties


def _shares(m: Namespace, g: Any, y: Any, xs: tuple[Any, ...], ties: Any) -> list[Any]:
    # The operands that are tied for the extreme share the cotangent; with a nan among them all are nan.
    unknown = m.isnan(y)
    share = m.where(unknown, y, m.divide(g, m.where(unknown, 1.0, ties)))
    return [m.gate(m.logical_or(unknown, m.equal(x, y)), share) for x in xs]


def _extreme(m: Namespace, g: Any, y: Any, *xs: Any) -> list[Any]:
    # What a share of a share comes to is the second derivative of neither operand: at a tie there is none.
    ties = _ties(m, y, xs)
    return _shares(m, g, y, xs, m.where(m.greater(ties, 1.0), undetermined(m, ties, y), ties))


def reference(m: Namespace, *xs: Any) -> Any:
    """The largest operand, for a function that does not depend on which number it is: a tie is no kink of it."""
    return m.apply(_reference, *xs)


_reference = Primitive(
    "_reference",
    lambda m, *xs: m.maximum(*xs),
    joint=lambda m, g, y, *xs: _shares(m, g, y, xs, _ties(m, y, xs)),
    symbol="max",
)


maximum = leaf("maximum", joint=_extreme, symbol="max", aliases=["fmax"], doc="the largest operand")
minimum = leaf("minimum", joint=_extreme, symbol="min", aliases=["fmin"], doc="the smallest operand")


def _sent(m: Namespace, g: Any, y: Any, selected: Any) -> Any:
    """`g` where the operand is selected, nan where the value is, and no cotangent elsewhere."""
    return m.gate(m.logical_or(selected, m.isnan(y)), nan_with(m, y, g))


@primitive(
    lambda m, g, y, x, lo, hi: _sent(m, g, y, m.logical_and(m.less(lo, x), m.less(x, hi))),
    lambda m, g, y, x, lo, hi: _sent(m, g, y, m.logical_and(m.less_equal(x, lo), m.less(lo, hi))),
    lambda m, g, y, x, lo, hi: _sent(m, g, y, m.logical_or(m.less_equal(hi, x), m.less_equal(hi, lo))),
)
def clip(m: Namespace, x: Any, lo: Any, hi: Any) -> Any:
    """x, but at least lo and at most hi; at a bound the cotangent is the bound's"""
    return m.minimum(m.maximum(x, lo), hi)


stop_gradient = leaf("stop_gradient", None, symbol="stop", doc="x, which no gradient passes")


def _condition(name: str, operands: int, symbol: str, doc: str) -> Any:
    return leaf(name, *[None] * operands, symbol=symbol, doc=doc, condition=True)


greater = _condition("greater", 2, ">", "1 where a > b, else 0; a condition for where")
greater_equal = _condition("greater_equal", 2, "≥", "1 where a ≥ b, else 0; a condition for where")
less = _condition("less", 2, "<", "1 where a < b, else 0; a condition for where")
less_equal = _condition("less_equal", 2, "≤", "1 where a ≤ b, else 0; a condition for where")
equal = _condition("equal", 2, "=", "1 where a = b, else 0; a condition for where")
not_equal = _condition("not_equal", 2, "≠", "1 where a ≠ b, else 0; a condition for where")
logical_and = _condition("logical_and", 2, "and", "1 where both are true, else 0")
logical_or = _condition("logical_or", 2, "or", "1 where one is true, else 0")
logical_not = _condition("logical_not", 1, "not", "1 where x is 0, else 0")
isnan = _condition("isnan", 1, "nan?", "1 where x is nan, else 0")
isinf = _condition("isinf", 1, "inf?", "1 where x is ±inf, else 0")
isfinite = _condition("isfinite", 1, "finite?", "1 where x is neither infinite nor nan, else 0")
