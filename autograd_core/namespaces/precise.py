"""The leaves of the table on mpmath's numbers: an oracle of any precision, for tests.

Everything is computed in mpmath's current working precision (``mpmath.workprec``). There is no −0.0 here.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any, Final

from autograd_core._extras import require
from autograd_core.namespaces import floats, gammas, special
from autograd_core.namespaces.polygamma import psi

mp: Final = require("mpmath", "the oracle needs mpmath", extra="testing").mp

inf: Final = mp.inf
nan: Final = mp.nan
pi: Final = mp.pi
e: Final = mp.e


def operand(node: Any) -> Any:
    """A rule on mpmath's numbers reads a node's number."""
    return mp.mpf(node.data)


def apply(row: Any, *xs: Any) -> Any:
    """The value of a primitive."""
    return row.forward(sys.modules[__name__], *xs)


def where(condition: Any, chosen: Any, otherwise: Any) -> Any:
    return mp.mpf(chosen if condition else otherwise)


# what is the same for all numbers
gate, logical_not, logical_and, logical_or = floats.gate, floats.logical_not, floats.logical_and, floats.logical_or
greater, greater_equal, less, less_equal = floats.greater, floats.greater_equal, floats.less, floats.less_equal
equal, not_equal = floats.equal, floats.not_equal
isnan = mp.isnan
isinf = mp.isinf
isfinite = mp.isfinite


def _real(function: Callable[..., Any], pole: Any = nan) -> Callable[..., Any]:
    """`function` over the reals: nan where it is complex or undefined, `pole` where it has one."""

    def on_reals(*xs: Any) -> Any:
        numbers = [mp.mpf(x) for x in xs]
        if any(map(mp.isnan, numbers)):
            return nan
        try:
            y = function(*numbers)
        except ZeroDivisionError:
            return pole
        except ValueError:
            return nan
        return y if isinstance(y, mp.mpf) else nan

    return on_reals


# Arithmetic

add, subtract, multiply = [_real(function) for function in (operator.add, operator.sub, operator.mul)]
negative, positive, stop_gradient = [_real(function) for function in (operator.neg, operator.pos, operator.pos)]
abs, sign = map(_real, (mp.fabs, mp.sign))


@_real
def divide(x: Any, y: Any) -> Any:
    return x / y if y else (nan if not x else inf * mp.sign(x))


@_real
def copysign(x: Any, s: Any) -> Any:
    return -mp.fabs(x) if s < 0 else mp.fabs(x)


def _of_finite(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return _real(lambda x: function(x) if mp.isfinite(x) else nan)


def _whole(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return _real(lambda x: function(x) if mp.isfinite(x) else x)


floor, ceil, round = map(_whole, (mp.floor, mp.ceil, mp.nint))
trunc = _whole(lambda x: mp.floor(x) if x > 0 else mp.ceil(x))


@_real
def round_to(x: Any, digits: Any) -> Any:
    if not mp.isfinite(x):
        return x
    digits = max(-400, min(400, digits))
    scale = mp.mpf(10) ** int(digits)
    with mp.extraprec(3000):
        return mp.nint(x * scale) / scale


def _multiple(x: Any, y: Any, whole: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The integer that the quotient x/y is rounded to, and what is left of x; both exact."""
    with mp.workprec(mp.prec + 2 * mp.prec + 2200):
        count = whole(x / y)
        return count, x - y * count


@_real
def floor_divide(x: Any, y: Any) -> Any:
    if not y:
        return divide(x, y)
    if mp.isinf(x):
        return nan
    if mp.isinf(y):
        return mp.mpf(0 if x * mp.sign(y) >= 0 else -1)
    return +_multiple(x, y, mp.floor)[0]


def _left_over(whole: Callable[[Any], Any]) -> Callable[..., Any]:
    def left_over(x: Any, y: Any) -> Any:
        if mp.isinf(x) or not y:
            return nan
        if mp.isinf(y):
            return x
        return +_multiple(x, y, whole)[1]

    return _real(left_over)


fmod = _left_over(trunc)
remainder = _left_over(mp.nint)
_floored = _left_over(mp.floor)


@_real
def mod(x: Any, y: Any) -> Any:
    return y if mp.isinf(y) and mp.isfinite(x) and x * mp.sign(y) < 0 else _floored(x, y)


@_real
def pow(x: Any, p: Any) -> Any:
    if x == 1 or p == 0:
        return mp.mpf(1)
    if mp.isinf(p):
        size = mp.fabs(x)
        return mp.mpf(1) if size == 1 else (inf if (size > 1) == (p > 0) else mp.mpf(0))
    if x < 0 and p != mp.floor(p):
        return inf if x == -inf and p > 0 else (mp.mpf(0) if x == -inf else nan)
    odd = x < 0 and p != 2 * mp.floor(p / 2)
    size = mp.fabs(x)
    if size == 0 or size == inf:
        size = inf if (size == 0) == (p < 0) else mp.mpf(0)
    else:
        with mp.extraprec(mp.mag(p) + 20 if mp.mag(p) > 0 else 20):
            size = mp.exp(p * mp.log(size))
    return -size if odd else +size


# Elementary functions

exp, log, log10, sqrt = map(_real, (mp.exp, mp.log, mp.log10, mp.sqrt))
exp2 = _real(lambda x: mp.power(2, x))
expm1 = _real(lambda x: mp.mpf(-1) if x == -inf else mp.expm1(x))
log2 = _real(lambda x: mp.log(x) / mp.log(2))
log1p = _real(lambda x: -inf if x == -1 else (x if x == inf else mp.log1p(x)))
cbrt = _real(lambda x: mp.sign(x) * mp.cbrt(mp.fabs(x)))
sin, cos, tan = map(_of_finite, (mp.sin, mp.cos, mp.tan))
asin, acos, atan, atan2 = map(_real, (mp.asin, mp.acos, mp.atan, mp.atan2))
sinh, cosh, tanh, asinh, acosh = map(_real, (mp.sinh, mp.cosh, mp.tanh, mp.asinh, mp.acosh))
atanh = _real(lambda x: inf * x if mp.fabs(x) == 1 else mp.atanh(x))


def hypot(*xs: Any) -> Any:
    numbers = [mp.fabs(x) for x in xs]
    return inf if inf in numbers else mp.sqrt(mp.fsum(numbers, squared=True))


# Special functions

erf = _real(mp.erf)


@_real
def erfc(x: Any) -> Any:
    # Beyond 10⁶ it is 2 or less than 10^-(4·10¹¹), and mpmath's own way of finding that out overflows.
    if mp.fabs(x) > 10**6:
        return mp.mpf(0 if x > 0 else 2)
    return mp.erfc(x)


exp_product = _real(lambda x, y: mp.exp(x * y))
ndtr = _real(lambda x: erfc(-x / mp.sqrt(2)) / 2)
gamma = _real(lambda x: nan if x == -inf else mp.gamma(x))
lgamma = _real(lambda x: inf if mp.isinf(x) else mp.re(mp.loggamma(x)), pole=inf)


def polygamma(n: Any, x: Any) -> Any:
    return psi(mp.mpf(n), mp.mpf(x))


erfinv = _real(special.erfinv)
erfcinv = _real(special.erfcinv)
ierfcx = _real(special.ierfcx)
beta = _real(gammas.beta)
betaln = _real(gammas.betaln)
psi_difference = _real(gammas.psi_difference)
bessel_j = _real(special.bessel_j)
bessel_y = _real(special.bessel_y)
bessel_i = _real(special.bessel_i)
expn = _real(special.expn)
lambertw = _real(special.lambertw)
shaped_gammainc = _real(gammas.shaped_gammainc)
shaped_gammaincc = _real(gammas.shaped_gammaincc)
gamma_density = _real(gammas.gamma_density)


# Any number of operands


def sum(*xs: Any) -> Any:
    return mp.fsum(xs)


fsum = sum


def dot(*xs: Any) -> Any:
    half = len(xs) // 2
    return mp.fsum([*map(operator.mul, xs[:half], xs[half:]), *xs[2 * half :]])


sumprod = dot


def prod(*xs: Any) -> Any:
    return mp.fprod(xs)


def maximum(*xs: Any) -> Any:
    return nan if any(map(mp.isnan, xs)) else mp.mpf(max(xs))


def minimum(*xs: Any) -> Any:
    return nan if any(map(mp.isnan, xs)) else mp.mpf(min(xs))
