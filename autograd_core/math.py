"""The standard `math` module, differentiable: the same names, for plain numbers and for Values.

With plain numbers a function gives a float, with a Value among its operands a Value. Unlike the standard module it
never raises for a number: where that raises ValueError or OverflowError, the value is the one of IEEE 754.
Beyond the standard names there are ``where``, ``maximum``, ``minimum``, ``clip``, ``sign``, ``logaddexp``,
``logaddexp2``, ``logsumexp``, ``digamma``, ``polygamma``, ``ndtr``, ``exp_product``, ``xlogy``, ``sinc``,
``heaviside``, ``dot``, the conditions for ``where``, special functions under SciPy's names (``erfinv``, ``erfcx``,
``log_ndtr``, ``logit``, ``beta``, ``j0``, …), and second names that others know: ``expit``, ``gammaln``, ``psi``,
``deg2rad``, ``rad2deg``. NumPy's arrays, of numbers or of Values, are gone through element by element.
"""

from __future__ import annotations

import math as _math
import operator as _operator
import sys as _sys
from collections.abc import Iterable
from math import comb, e, factorial, gcd, inf, isqrt, lcm, nan, perm, pi, tau
from typing import TYPE_CHECKING, Any

from autograd_core.engine.reals import as_float
from autograd_core.engine.value import Value
from autograd_core.errors import PrimitiveError
from autograd_core.primitives import activations as _activations
from autograd_core.primitives import arithmetic as _arithmetic
from autograd_core.primitives import selecting as _selecting

# isort: off
from autograd_core.primitives.arithmetic import (
    abs as fabs, ceil, copysign, floor, floor_divide, fmod, hypot, mod, pow, reciprocal, remainder, sign, square, trunc,
)  # fmt: skip
from autograd_core.primitives.activations import sigmoid as expit
from autograd_core.primitives.bessel import (
    bessel_i, bessel_j, bessel_y, exp1, expn, i0, i1, j0, j1, lambertw, y0, y1,
)  # fmt: skip
from autograd_core.primitives.elementary import (
    acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, cos, cosh, degrees, exp, exp2, expm1, log as _log, log1p, log2,
    log10, radians, sin, sinh, sqrt, tan, tanh,
)  # fmt: skip
from autograd_core.primitives.gammas import beta, betaln, gammainc, gammaincc, trigamma
from autograd_core.primitives.logarithms import entr, log1mexp, logdiffexp, logit, sinc, xlog1py
from autograd_core.primitives.selecting import (
    clip, equal, greater, greater_equal, isinf as _isinf, isnan as _isnan, less, less_equal, logical_and, logical_not,
    logical_or, maximum, minimum, not_equal, stop_gradient, where,
)  # fmt: skip
from autograd_core.primitives.special import (
    digamma, erf, erfc, erfcinv, erfcx, erfinv, exp_product, gamma, lgamma, log_ndtr, logaddexp, logsumexp, ndtr,
    polygamma, xlogy,
)  # fmt: skip
# isort: on

gammaln, psi, deg2rad, rad2deg = lgamma, digamma, radians, degrees

__all__ = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "bessel_i", "bessel_j", "bessel_y", "beta",
    "betaln", "cbrt", "ceil", "clip", "comb", "copysign", "cos", "cosh", "deg2rad", "degrees", "digamma", "dist",
    "dot", "e", "entr", "equal", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "exp", "exp1", "exp2", "exp_product",
    "expit", "expm1", "expn", "fabs", "factorial", "floor", "floor_divide", "fma", "fmod", "frexp", "fsum", "gamma",
    "gammainc", "gammaincc", "gammaln", "gcd", "greater", "greater_equal", "heaviside", "hypot", "i0", "i1", "inf",
    "isclose", "isfinite", "isinf", "isnan", "isqrt", "j0", "j1", "lambertw", "lcm", "ldexp", "less", "less_equal",
    "lgamma", "log", "log1mexp", "log1p", "log2", "log10", "log_ndtr", "logaddexp", "logaddexp2", "logdiffexp",
    "logical_and", "logical_not", "logical_or", "logit", "logsumexp", "maximum", "minimum", "mod", "modf", "nan",
    "ndtr", "nextafter", "not_equal", "perm", "pi", "polygamma", "pow", "prod", "psi", "rad2deg", "radians",
    "reciprocal", "remainder", "sign", "sin", "sinc", "sinh", "sqrt", "square", "stop_gradient", "sum", "sumprod",
    "tan", "tanh", "tau", "trigamma", "trunc", "ulp", "where", "xlog1py", "xlogy", "y0", "y1",
]  # fmt: skip

_LN2 = _math.log(2.0)


def log(x: Any, base: Any = None) -> Any:
    """The natural logarithm of x, or that to a base (which may be a Value too).

    >>> log(8.0, 2.0)
    3.0
    """
    return _log(x) if base is None else _arithmetic.divide(_log(x), _log(base))


def logaddexp2(x: Any, y: Any) -> Any:
    """log₂(2ˣ + 2ʸ), without overflow.

    >>> logaddexp2(1000.0, 1000.0)
    1001.0
    """
    top = stop_gradient(maximum(x, y))
    top = where(_selecting.isfinite(top), top, 0.0)
    x, y = _arithmetic.subtract(x, top), _arithmetic.subtract(y, top)
    rest = logaddexp(_arithmetic.multiply(x, _LN2), _arithmetic.multiply(y, _LN2))
    return _arithmetic.add(top, _arithmetic.divide(rest, _LN2))


def heaviside(x: Any, h: Any) -> Any:
    """0 for x < 0, h for x = 0, 1 for x > 0.

    >>> [heaviside(x, 0.5) for x in (-2.0, 0.0, 2.0)]
    [0.0, 0.5, 1.0]
    """
    step = _arithmetic.add(_arithmetic.multiply(sign(x), 0.5), 0.5)
    return where(equal(x, 0.0), h, step)


def fsum(xs: Iterable[Any]) -> Any:
    """The sum of numbers or Values, rounded once; one node.

    >>> fsum([1e16, 1.0, -1e16])
    1.0
    """
    return _over(_arithmetic.fsum, xs, 0.0)


def sum(xs: Iterable[Any]) -> Any:
    """The sum of numbers or Values, added one after another from 0; one node, however many there are.

    Python's own `sum` of floats gives other last bits from 3.12 on; `fsum` rounds once.

    >>> xs = [Value(1.0), Value(2.0), Value(3.0)]
    >>> y = sum(xs)
    >>> y.data, len(y.parents)
    (6.0, 3)
    """
    return _over(_arithmetic.sum, xs, 0.0)


def prod(xs: Iterable[Any], *, start: Any = 1.0) -> Any:
    """The product of numbers or Values, from left to right; one node.

    >>> prod([Value(2.0), 3.0, 4.0]).data
    24.0
    """
    return _over(_arithmetic.prod, (start, *xs), start)


def sumprod(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """The sum of p₁q₁ … pₙqₙ, rounded once; one node.

    Raises:
        PrimitiveError: if the lengths differ.

    >>> sumprod([1e16, 1.0, -1e16], [1.0, 1.0, 1.0])
    1.0
    """
    return _over(_arithmetic.sumprod, _paired("sumprod", p, q), 0.0)


def dot(p: Iterable[Any], q: Iterable[Any], bias: Any = None) -> Any:
    """p₁q₁ + … + pₙqₙ (+ bias), added one after another from 0, or from the bias; one node.

    Raises:
        PrimitiveError: if the lengths differ.

    >>> dot([1.0, 2.0], [3.0, 4.0], 0.5)
    11.5
    """
    operands = _paired("dot", p, q)
    return _over(_arithmetic.dot, operands if bias is None else (*operands, bias), 0.0)


def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """The Euclidean distance of two points given by their coordinates.

    Raises:
        PrimitiveError: if their dimensions differ.

    >>> x = Value(3.0)
    >>> d = dist([x, 4.0], [0.0, 0.0])
    >>> d.backward()
    >>> d.data, x.grad
    (5.0, 0.6)
    """
    operands = _paired("dist", p, q)
    half = len(operands) // 2
    return _over(hypot, list(map(_arithmetic.subtract, operands[:half], operands[half:])), 0.0)


def fma(x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once.

    >>> fma(2.0, 3.0, 4.0)
    10.0
    """
    return _arithmetic.sumprod(x, z, y, 1.0)


def ldexp(x: Any, i: int) -> Any:
    """x·2ⁱ for an integer i, rounded once.

    >>> ldexp(0.75, 4)
    12.0
    """
    # In factors that are doubles themselves; the one nearest to 1 goes first, so that only the last product rounds.
    i = max(-2200, min(2200, _operator.index(i)))
    steps = []
    while not -1022 <= i <= 1023:
        step = 1023 if i > 0 else -1022
        steps.append(step)
        i -= step
    for exponent in (i, *steps):
        x = _arithmetic.multiply(x, 2.0**exponent)
    return x


def frexp(x: Any) -> tuple[Any, Any]:
    """The mantissa (with its derivative) and the integer exponent of x; in a trace the exponent is traced too.

    >>> x = Value(12.0)
    >>> mantissa, exponent = frexp(x)
    >>> mantissa.data, exponent
    (0.75, 4)
    """
    if _is_traced(x):
        return _traced_frexp(x)
    exponent = _math.frexp(_number(x))[1]
    return ldexp(x, -exponent), exponent


def _traced_frexp(x: Any) -> tuple[Any, Any]:
    # Every step doubles or halves as often as a bit of the exponent says, which is exact.
    mantissa, exponent = x, 0.0
    for step in (512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 1):
        large = fabs(mantissa) >= 2.0 ** (step - 1)
        mantissa, exponent = where(large, mantissa * 2.0**-step, mantissa), where(large, exponent + step, exponent)
    for step in (512, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1):
        small = fabs(mantissa) < 2.0**-step
        mantissa, exponent = where(small, mantissa * 2.0**step, mantissa), where(small, exponent - step, exponent)
    is_regular = logical_and(isfinite(x), not_equal(x, 0.0))
    return where(is_regular, mantissa, x), where(is_regular, exponent, 0.0)


def modf(x: Any) -> tuple[Any, Any]:
    """The fractional and the integer part of x.

    >>> modf(-2.75)
    (-0.75, -2.0)
    """
    if _is_traced(x):
        return where(_isinf(x), copysign(0.0, x), fmod(x, 1.0)), trunc(x)
    return copysign(0.0, x) if isinf(x) else fmod(x, 1.0), trunc(x)


def isnan(x: Any) -> Any:
    """Whether the number is nan; in a trace a condition for `where`, as are the next three.

    >>> isnan(nan), isnan(Value(1.0))
    (True, False)
    """
    return _isnan(x) if _is_traced(x) else _math.isnan(_number(x))


def isinf(x: Any) -> Any:
    """Whether the number is infinite.

    >>> isinf(inf), isinf(Value(1.0))
    (True, False)
    """
    return _isinf(x) if _is_traced(x) else _math.isinf(_number(x))


def isfinite(x: Any) -> Any:
    """Whether the number is neither infinite nor nan.

    >>> isfinite(inf), isfinite(Value(1.0))
    (False, True)
    """
    return less(fabs(x), inf) if _is_traced(x) else _math.isfinite(_number(x))


def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-9, abs_tol: Any = 0.0) -> Any:
    """Whether two numbers are close to each other: |a − b| ≤ max(rel_tol·max(|a|, |b|), abs_tol).

    Raises:
        ValueError: if a tolerance is negative.

    >>> isclose(Value(0.1) + 0.2, 0.3)
    True
    """
    if not any(map(_is_traced, (a, b, rel_tol, abs_tol))):
        return _math.isclose(_number(a), _number(b), rel_tol=_number(rel_tol), abs_tol=_number(abs_tol))
    for tolerance in (rel_tol, abs_tol):
        _math.isclose(0.0, 0.0, abs_tol=0.0 if _is_traced(tolerance) else _number(tolerance))  # which refuses it
    apart = fabs(a - b)
    near = logical_or(logical_or(apart <= rel_tol * fabs(a), apart <= rel_tol * fabs(b)), apart <= abs_tol)
    return logical_or(equal(a, b), logical_and(apart < inf, near))


def ulp(x: Any) -> float:
    """The value of the least significant bit of the number, a plain float.

    >>> ulp(Value(1.0))
    2.220446049250313e-16
    """
    return _math.ulp(_number(x))


def nextafter(x: Any, y: Any, **steps: int) -> float:
    """The next float after the number x towards y, a plain float; ``steps=n`` as in Python 3.12.

    >>> nextafter(Value(1.0), 2.0) - 1.0
    2.220446049250313e-16
    """
    return _math.nextafter(_number(x), _number(y), **steps)


if not TYPE_CHECKING:  # by which a type checker would take any name for one of this module

    def __getattr__(name: str) -> Any:
        is_there = isinstance(getattr(_activations, name, None), _activations.Primitive)
        hint = f": it is autograd_core.activations.{name}" if is_there else ""
        raise AttributeError(f"autograd_core.math has no {name!r}{hint}", name=name, obj=_sys.modules[__name__])


def _is_traced(x: Any) -> bool:
    """Whether nobody knows the number yet."""
    return isinstance(x, Value) and x._recorded_as is not None


def _number(x: Any) -> float:
    return x.data if isinstance(x, Value) else as_float(x)


def _over(function: Any, xs: Iterable[Any], empty: Any) -> Any:
    operands = tuple(xs)
    return function(*operands) if operands else empty


def _paired(name: str, p: Iterable[Any], q: Iterable[Any]) -> tuple[Any, ...]:
    p, q = tuple(p), tuple(q)
    if len(p) != len(q):
        raise PrimitiveError(f"{name}() takes two sequences of the same length, not of {len(p)} and {len(q)}")
    return p + q
