"""The leaves of the table on NumPy's float64 arrays: a batch at once, scalars broadcast, and every edge as on floats.

A rule written over a namespace also uses ``+``, ``-`` and ``*`` as they stand, which NumPy may warn about. Whoever runs
one does so within `quiet()`; a lone call of a leaf is quiet by itself. Operands are arrays of float64 and real
numbers; they are not modified, and a result may be one of them. A condition is an array of booleans, to be made floats
where it is kept as a value.

>>> import numpy as np
>>> x = np.array([0.0, 1.0, 4.0])
>>> divide(1.0, x).tolist(), where(greater(x, 1.0), sqrt(x), -0.0).tolist()
([inf, 1.0, 0.25], [-0.0, -0.0, 2.0])
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce, wraps
from typing import Any, Final

from autograd_core._extras import require
from autograd_core.namespaces import accurate, floats, gated

np: Final = require("numpy", "a batch of arrays needs NumPy", extra="compile")

inf: Final = math.inf
nan: Final = math.nan
pi: Final = math.pi
e: Final = math.e

operand: Final = operator.attrgetter("_data")
"""A node's number, one for the whole batch. Whoever runs a graph over a batch looks up the arrays of its nodes."""


def apply(row: Any, *xs: Any) -> Any:
    """The value of a primitive, for a batch."""
    return row.forward(sys.modules[__name__], *xs)


_is_quiet: ContextVar[bool] = ContextVar("_is_quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """A context, or a decorator, in which NumPy says nothing about infinities and nans.

    To enter it costs several times as much as a leaf on a small array: enter it once around a whole evaluation.

    >>> import numpy as np
    >>> with quiet():
    ...     (np.array([1e308, inf]) * 10.0 - inf).tolist()
    [nan, nan]
    """
    token = _is_quiet.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _is_quiet.reset(token)


def _quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def leaf(*xs: Any) -> Any:
        if _is_quiet.get():
            return function(*xs)
        with quiet():
            return function(*xs)

    return leaf


def elementwise(function: Callable[..., float]) -> Callable[..., Any]:
    """A function of floats, applied to one element after the other: where NumPy has none, or a less accurate one."""

    @wraps(function)
    def leaf(*xs: Any) -> Any:
        arrays = np.broadcast_arrays(*xs)
        columns = [array.ravel().tolist() for array in arrays]
        return np.fromiter(map(function, *columns), float, arrays[0].size).reshape(arrays[0].shape)

    return leaf


# Conditions and what is selected by them


def gate(condition: Any, g: Any) -> Any:
    """The cotangent `g` where `condition` holds, and none elsewhere."""
    return gated.gate(sys.modules[__name__], condition, g)


where = np.where
greater, greater_equal, less, less_equal = np.greater, np.greater_equal, np.less, np.less_equal
equal, not_equal = np.equal, np.not_equal
isnan, isfinite, isinf = np.isnan, np.isfinite, np.isinf
logical_not, logical_and, logical_or = np.logical_not, np.logical_and, np.logical_or


stop_gradient = floats.stop_gradient


# Arithmetic

add, subtract, multiply, divide = map(_quietly, (np.add, np.subtract, np.multiply, np.divide))
floor_divide, mod, fmod = map(_quietly, (np.floor_divide, np.remainder, np.fmod))
negative, positive, abs, copysign = np.negative, np.positive, np.fabs, np.copysign
floor, ceil, trunc, round = np.floor, np.ceil, np.trunc, np.rint
remainder, round_to = map(elementwise, (floats.remainder, floats.round_to))


@_quietly
def pow(x: Any, p: Any) -> Any:
    y = np.power(x, p)
    half = np.equal(p, 0.5)
    if np.any(half):  # NumPy may take the root instead, which is -0.0 of -0.0, and nan of -inf
        y = np.where(half & (np.isinf(x) | np.equal(x, 0.0)), np.fabs(x), y)
    return y


@_quietly
def sign(x: Any) -> Any:
    return np.copysign(np.sign(x), x)  # NumPy's sign of -0.0 is 0.0


# Elementary functions

exp, exp2, expm1 = map(_quietly, (np.exp, np.exp2, np.expm1))
log, log2, log10, log1p = map(_quietly, (np.log, np.log2, np.log10, np.log1p))
sqrt, cbrt = map(_quietly, (np.sqrt, np.cbrt))
sin, cos, tan = map(_quietly, (np.sin, np.cos, np.tan))
asin, acos, atan, atan2 = map(_quietly, (np.arcsin, np.arccos, np.arctan, np.arctan2))
sinh, cosh, tanh = map(_quietly, (np.sinh, np.cosh, np.tanh))
asinh, acosh, atanh = map(_quietly, (np.arcsinh, np.arccosh, np.arctanh))

# Special functions


@_quietly
def exp_product(x: Any, y: Any) -> Any:
    product = np.multiply(x, y)
    value = np.exp(product)
    (x, x_power), (y, y_power) = np.frexp(x), np.frexp(y)
    rest = np.ldexp(accurate.rest_of_product(x, y, x * y), x_power + y_power)
    return np.where(np.fabs(product) <= accurate.LARGEST_EXPONENT, value + value * rest, value)


erf, erfc, gamma, lgamma = [elementwise(f) for f in (floats.erf, floats.erfc, floats.gamma, floats.lgamma)]
polygamma, fsum, sumprod = [elementwise(f) for f in (floats.polygamma, floats.fsum, floats.sumprod)]


@_quietly
def ndtr(x: Any) -> Any:
    # As on floats: erfc would multiply the rounding of its argument by x².
    x = np.minimum(np.maximum(x, -40.0), 40.0)
    z = -x * accurate.SQRT_HALF
    error = -accurate.rest_of_product(x, accurate.SQRT_HALF, -z) - x * accurate.SQRT_HALF_REST
    return 0.5 * (erfc(z) - 2.0 / math.sqrt(pi) * np.exp(-z * z) * error)


erfinv, erfcinv, ierfcx = map(elementwise, (floats.erfinv, floats.erfcinv, floats.ierfcx))
beta, betaln, psi_difference = map(elementwise, (floats.beta, floats.betaln, floats.psi_difference))
bessel_j, bessel_y, bessel_i = map(elementwise, (floats.bessel_j, floats.bessel_y, floats.bessel_i))
expn, lambertw = map(elementwise, (floats.expn, floats.lambertw))
shaped_gammainc, shaped_gammaincc, gamma_density = map(
    elementwise, (floats.shaped_gammainc, floats.shaped_gammaincc, floats.gamma_density)
)


# Any number of operands


@_quietly
def sum(*xs: Any) -> Any:
    return reduce(operator.add, xs, 0.0)


@_quietly
def dot(*xs: Any) -> Any:
    half = len(xs) // 2
    start = xs[-1] if len(xs) % 2 else 0.0
    return reduce(operator.add, map(operator.mul, xs[:half], xs[half:]), start)


@_quietly
def prod(*xs: Any) -> Any:
    return reduce(operator.mul, xs)


_hypot_of_many = elementwise(floats.hypot)


@_quietly
def hypot(*xs: Any) -> Any:
    return np.hypot(*xs) if len(xs) == 2 else _hypot_of_many(*xs)


def _extreme(choose: Any) -> Callable[..., Any]:
    # The first of equals: NumPy's own choice between 0.0 and -0.0 depends on the processor.
    return _quietly(lambda *xs: reduce(lambda a, b: np.where(np.equal(a, b), a, choose(a, b)), xs))


maximum = _extreme(np.maximum)
minimum = _extreme(np.minimum)
