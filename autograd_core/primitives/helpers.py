"""What several local derivatives need to be right to the last digits, over any namespace `m`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core.primitives.table import Primitive

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace


def nan_with(m: Namespace, y: Any, slope: Any) -> Any:
    """`slope`, but nan where the value `y` is: outside a function's domain it has no derivative either."""
    return m.where(m.isnan(y), y * y, slope)  # y·y and not y, whose derivative would be a number again


def magnitude(m: Namespace, x: Any) -> Any:
    """|x| for a function that is smooth at 0 though it is written in terms of |x|.

    There the derivative of |x| must be that of one arm and not the 0 between them, or higher derivatives go wrong.
    """
    return m.where(m.less(x, 0.0), -x, x)


def one_minus_square(m: Namespace, x: Any) -> Any:
    """(1 − x)(1 + x), which keeps the digits near ±1, with the derivative −2x, which keeps them near 0.

    The derivative of the product would be the difference of two numbers close to 1.
    """
    return m.apply(_one_minus_square, x)


_one_minus_square = Primitive(
    "_one_minus_square", lambda m, x: (1.0 - x) * (1.0 + x), lambda m, g, y, x: -2.0 * g * x, symbol="1−·²"
)


def undetermined(m: Namespace, value: Any, *xs: Any) -> Any:
    """The number `value`, whose derivative by any of `xs` is nan: at a point where it has none."""
    return m.apply(_undetermined, value, *xs)


_undetermined = Primitive(
    "_undetermined",
    lambda m, value, *xs: value,
    joint=lambda m, g, y, value, *xs: [g, *[g * m.nan] * len(xs)],
    symbol="kink",
)


def even_scale(m: Namespace, size: Any) -> Any:
    """A power of two that takes a number near the ends of a double's range away from them."""
    return m.where(m.greater(size, 2.0**1000), 2.0**-100, m.where(m.less(size, 2.0**-900), 2.0**100, 1.0))


def least_norm(m: Namespace, left: Any, right: Any) -> Any:
    """The number of least magnitude between the slopes at both sides of a kink."""
    smaller = m.where(m.less(m.abs(left), m.abs(right)), left, right)
    return m.where(m.less_equal(left * right, 0.0), 0.0, smaller)


def difference_error(m: Namespace, a: Any, b: Any, d: Any) -> Any:
    """What rounding took from d = a − b: a − b is exactly d plus this (Knuth's TwoSum), and 0 for infinities."""
    back = d - a
    error = (a - (d - back)) - (b + back)
    return m.where(m.isfinite(d), error, 0.0)
