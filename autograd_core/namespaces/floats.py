"""The leaves of the table on floats: compute now, in IEEE double arithmetic, and never raise for a value.

Where the standard `math` module raises `ValueError` or `OverflowError`, IEEE 754 has a value: that value is given.
"""

from __future__ import annotations

import builtins
import math
import operator
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from autograd_core.errors import PrimitiveError
from autograd_core.namespaces import accurate
from autograd_core.namespaces import gammas as _gammas
from autograd_core.namespaces import special as _special

inf: Final = math.inf
nan: Final = math.nan
pi: Final = math.pi
e: Final = math.e

operand: Final = operator.attrgetter("_data")
"""A rule on floats reads a node's number."""


def gate(condition: bool, g: float) -> float | None:
    """The cotangent `g` if `condition` holds, otherwise none at all: the operand takes no part."""
    return g if condition else None


def apply(row: Any, *xs: float) -> float:
    """The value of a primitive."""
    return row.plain(*xs)  # type: ignore[no-any-return]  # a namespace stands above the table and knows no row


def elementwise(function: Callable[..., float]) -> Callable[..., float]:
    """A function of floats, for what this namespace computes with: the function itself."""
    return function


def where(condition: float, chosen: float, otherwise: float) -> float:
    return chosen if condition else otherwise


greater, greater_equal, less, less_equal = operator.gt, operator.ge, operator.lt, operator.le
equal, not_equal, logical_not = operator.eq, operator.ne, operator.not_
isnan, isfinite, isinf = math.isnan, math.isfinite, math.isinf


def logical_and(a: bool, b: bool) -> bool:
    return bool(a and b)


def logical_or(a: bool, b: bool) -> bool:
    return bool(a or b)


def stop_gradient(x: float) -> float:
    return x


# Arithmetic

add, subtract, multiply = operator.add, operator.sub, operator.mul
negative, positive = operator.neg, operator.pos
abs, copysign = math.fabs, math.copysign


def divide(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0.0 or x != x else copysign(inf, x) * copysign(1.0, y)


def floor_divide(x: float, y: float) -> float:
    try:
        return x // y
    except ZeroDivisionError:
        return divide(x, y)


def mod(x: float, y: float) -> float:
    try:
        return x % y
    except ZeroDivisionError:
        return nan


def fmod(x: float, y: float) -> float:
    try:
        return math.fmod(x, y)
    except ValueError:
        return nan


def remainder(x: float, y: float) -> float:
    try:
        return math.remainder(x, y)
    except ValueError:
        return nan


def pow(x: float, p: float) -> float:
    try:
        return math.pow(x, p)
    except OverflowError:
        return -inf if x < 0.0 and p % 2.0 == 1.0 else inf
    except ValueError:
        if x != 0.0:  # a negative base and a fractional exponent
            return nan
        return copysign(inf, x) if p % 2.0 == 1.0 else inf


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    def rounded(x: float) -> float:
        # The zero of the result has the sign of x, and so has every other result.
        return copysign(float(function(x)), x) if math.isfinite(x) else x

    return rounded


floor, ceil = _whole(math.floor), _whole(math.ceil)
trunc, round = _whole(math.trunc), _whole(builtins.round)


def sign(x: float) -> float:
    return copysign(1.0, x) if x < 0.0 or x > 0.0 else x  # ±0 and nan are their own signs


# Elementary functions


def _total(
    function: Callable[[float], float], on_domain: float = nan, on_range: float = inf
) -> Callable[[float], float]:
    """`function`, with a value where the standard library raises."""

    def total(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return on_domain
        except OverflowError:
            return on_range

    return total


def _logarithm(function: Callable[[float], float], pole: float = 0.0) -> Callable[[float], float]:
    def total(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return -inf if x == pole else nan

    return total


exp, exp2, expm1 = map(_total, (math.exp, math.exp2, math.expm1))
log, log2, log10 = map(_logarithm, (math.log, math.log2, math.log10))
log1p = _logarithm(math.log1p, pole=-1.0)
sqrt = _total(math.sqrt)
cbrt = math.cbrt
sin, cos, tan = map(_total, (math.sin, math.cos, math.tan))
asin, acos = map(_total, (math.asin, math.acos))
atan, atan2 = math.atan, math.atan2
cosh, acosh = map(_total, (math.cosh, math.acosh))
tanh, asinh = math.tanh, math.asinh
hypot, erf, erfc = math.hypot, math.erf, math.erfc


def sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return copysign(inf, x)


def atanh(x: float) -> float:
    try:
        return math.atanh(x)
    except ValueError:
        return copysign(inf, x) if x in (-1.0, 1.0) else nan


# Special functions


def gamma(x: float) -> float:
    try:
        return math.gamma(x)
    except OverflowError:
        return inf if x > 0.0 or math.floor(x) % 2 == 0 else -inf
    except ValueError:
        return copysign(inf, x) if x == 0.0 else nan


lgamma, exp_product, ndtr = accurate.lgamma, accurate.exp_product, accurate.ndtr
erfinv = _special.on_floats(_special.erfinv, odd=True)
erfcinv = _special.on_floats(_special.erfcinv)
ierfcx = _special.on_floats(_special.ierfcx)
beta = _special.on_floats(_gammas.beta)
betaln = _special.on_floats(_gammas.betaln)
psi_difference = _special.on_floats(_gammas.psi_difference)
bessel_j = _special.on_floats(_special.bessel_j)
bessel_y = _special.on_floats(_special.bessel_y)
bessel_i = _special.on_floats(_special.bessel_i)
lambertw = _special.on_floats(_special.lambertw, odd=True)
expn = _special.on_floats(_special.expn)
shaped_gammainc = _special.on_floats(_gammas.shaped_gammainc)
shaped_gammaincc = _special.on_floats(_gammas.shaped_gammaincc)
gamma_density = _special.on_floats(_gammas.gamma_density)


def polygamma(n: float, x: float) -> float:
    from autograd_core.namespaces import polygamma as by_mpmath  # an extra, which few need

    return by_mpmath.polygamma(n, x)


# Any number of operands


def _from_left(xs: Iterable[float], start: float) -> float:
    for x in xs:
        start += x
    return start


# One after another, as compiled code adds. From 3.12 on Python's own sum of floats makes up for what rounding takes, so
# its bits are others; before, it is the same as ours, and quicker.
_added = builtins.sum if sys.version_info < (3, 12) else _from_left


def sum(*xs: float) -> float:
    return _added(xs, 0.0)


def dot(*xs: float) -> float:
    half = len(xs) // 2
    start = xs[-1] if len(xs) % 2 else 0.0
    return _added(map(operator.mul, xs[:half], xs[half:]), start)


def prod(*xs: float) -> float:
    return math.prod(xs)


def fsum(*xs: float) -> float:
    try:
        return math.fsum(xs)
    except (OverflowError, ValueError):  # beyond the range midway, or inf - inf
        return sumprod(*xs, *[1.0] * len(xs))


def sumprod(*xs: float) -> float:
    """The sum of products, exact until one rounding at the end."""
    if len(xs) % 2:
        raise PrimitiveError("sumprod() takes two sequences of the same length, one after the other")
    half = len(xs) // 2
    if not all(map(math.isfinite, xs)):
        return dot(*xs)

    from fractions import Fraction

    exact = builtins.sum(Fraction(x) * Fraction(y) for x, y in zip(xs[:half], xs[half:], strict=True))
    try:
        return float(exact)
    except OverflowError:
        return inf if exact > 0 else -inf


def maximum(*xs: float) -> float:
    return builtins.max(xs) if builtins.sum(map(isnan, xs)) == 0 else nan


def minimum(*xs: float) -> float:
    return builtins.min(xs) if builtins.sum(map(isnan, xs)) == 0 else nan


def round_to(x: float, digits: float) -> float:
    if digits != digits:
        return nan
    try:
        # beyond 400 digits nothing changes any more, on either side of the point
        return builtins.round(x, int(builtins.max(-400.0, builtins.min(400.0, digits)))) if math.isfinite(x) else x
    except OverflowError:
        return copysign(inf, x)
