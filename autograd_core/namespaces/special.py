"""Special functions of mpmath's numbers to the precision of their context, and of floats, rounded from those.

All are closed under differentiation: families of a whole order n have the next orders as derivatives. Edges are
limits; what has none is nan.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Final

from autograd_core._extras import require

__all__ = [
    "LARGEST_ORDER", "bessel_i", "bessel_j", "bessel_y", "erfcinv", "erfinv", "expn", "ierfcx", "lambertw", "on_floats",
    "whole_order",
]  # fmt: skip

LARGEST_ORDER: Final = 200
KEPT: Final = 4096
"""So many values of a function of floats are kept: each takes about a millisecond, and rules and batches ask again."""

_contexts = threading.local()


def on_floats(function: Callable[..., Any], odd: bool = False) -> Callable[..., float]:
    """`function` of mpmath's numbers as one of floats; mpmath is looked for when that is called.

    Args:
        function: of numbers of one context.
        odd: whether the function of one operand has at −0.0 the value −0.0.
    """

    @lru_cache(KEPT)
    def rounded(*xs: float) -> float:
        if not hasattr(_contexts, "mp"):
            mpmath = require("mpmath", f"{function.__name__} needs mpmath", extra="special")
            _contexts.mp = mpmath.MPContext()  # of its own for each thread: the precision of a context is its state
            _contexts.mp.prec = 64
        y = function(*map(_contexts.mp.mpf, xs))
        try:
            return float(y)
        except OverflowError:
            return math.copysign(math.inf, y)

    @wraps(function)
    def of_floats(*xs: float) -> float:
        number = rounded(*xs)  # to mpmath, and to what is kept, −0.0 is 0.0
        return math.copysign(number, xs[0]) if odd and number == 0.0 else number

    return of_floats


def whole_order(n: Any) -> int | None:
    """The order as an int; None if it is not a whole number of 0 to 200 in magnitude."""
    return int(n) if -LARGEST_ORDER <= n <= LARGEST_ORDER and n == int(n) else None


def _refined(m: Any, step: Callable[[Any], Any], y: Any) -> Any:
    """Newton's method from a start right to about half a double's digits, with twice the digits at each step."""
    bits = 20
    while bits < 2 * m.prec:
        y = y - step(y)
        bits *= 2
    return y


# Error functions


def erfinv(x: Any) -> Any:
    """The y with erf(y) = x."""
    m = x.context
    if not -1 <= x <= 1:
        return m.nan
    if abs(x) > 0.5:
        with m.workprec(2 * m.prec + 1100):  # 1 − x exactly
            rest = 1 - abs(x)
        return m.sign(x) * erfcinv(rest)
    if not x:
        return x
    with m.extraprec(20):
        scale = m.sqrt(m.pi) / 2
        start = scale * x * (1 + m.pi * x * x / 12 * (1 + 7 * m.pi * x * x / 40))
        for _ in range(3):  # the start is right to a few per cent
            start -= scale * (m.erf(start) - x) * m.exp(start * start)
        y = _refined(m, lambda y: scale * (m.erf(y) - x) * m.exp(y * y), start)
    return +y


def erfcinv(x: Any) -> Any:
    """The y with erfc(y) = x."""
    m = x.context
    if not 0 <= x <= 2:
        return m.nan
    if x == 0 or x == 2:
        return m.inf if x == 0 else -m.inf
    if x > 0.5:
        if x >= 1.5:
            with m.workprec(2 * m.prec + 1100):
                rest = 2 - x
            return -erfcinv(rest)
        with m.workprec(2 * m.prec + 1100):
            rest = 1 - x
        return erfinv(rest)
    with m.extraprec(20):
        # log erfc is concave, so that Newton's method comes near from everywhere
        size = m.log(x)
        y = m.sqrt(-m.log(x * m.sqrt(m.pi * (0.3 - size))))

        def step(y: Any) -> Any:
            value = m.erfc(y)
            return -(m.log(value) - size) * value * m.sqrt(m.pi) / 2 * m.exp(y * y)

        for _ in range(5):
            y -= step(y)
        y = _refined(m, step, y)
    return +y


def ierfcx(n: Any, x: Any) -> Any:
    """exp(x²) times the n-th repeated integral of erfc, of −1 ≤ n ≤ 200; its derivative is −2(n + 1) times the next.

    By the recurrence of NIST DLMF 7.18.7; for larger x, where that cancels, as a function U of 13.6 and 7.18.10.
    """
    m = x.context
    order = whole_order(n)
    if m.isnan(x) or order is None or order < 0:
        return m.nan
    if m.isinf(x):
        return m.zero if x > 0 else m.inf
    with m.extraprec(40 + 4 * order):
        if x > 2:
            return m.hyperu(m.mpf(order + 1) / 2, 0.5, x * x) / (m.mpf(2) ** order * m.sqrt(m.pi))
        with m.extraprec(max(0, 2 * m.mag(x))):
            square = m.exp(x * x)
            before, here = 2 / m.sqrt(m.pi), square * m.erfc(x)
        for k in range(1, order + 1):
            before, here = here, (before - 2 * x * here) / (2 * k)
    return +here


# Bessel functions of whole order


def bessel_j(n: Any, x: Any) -> Any:
    """The Bessel function of the first kind, of whole order n."""
    m = x.context
    order = whole_order(n)
    if m.isnan(x) or order is None:
        return m.nan
    if m.isinf(x):
        return m.zero
    with m.extraprec(90):  # a double may be as near to a root
        y = m.besselj(order, x)
    return +y


def bessel_y(n: Any, x: Any) -> Any:
    """The Bessel function of the second kind, of whole order n and x ≥ 0; from orders 0 and 1 upwards."""
    m = x.context
    order = whole_order(n)
    if m.isnan(x) or order is None or x < 0:
        return m.nan
    size = abs(order)
    sign = -1 if order < 0 and order % 2 else 1
    if x == 0:
        return -sign * m.inf
    if m.isinf(x):
        return m.zero
    with m.extraprec(90 + 2 * size):
        y, following = (_bessel_y_below_2(nu, x) if nu <= size else m.zero for nu in (0, 1))
        for k in range(1, size + 1):
            y, following = following, 2 * k / x * following - y
    return sign * y


def _bessel_y_below_2(nu: int, x: Any) -> Any:
    """Y₀ or Y₁ by their series (NIST DLMF 10.8.1), or far from the origin by Hankel's expansion (10.17.4)."""
    m = x.context
    if x < 20 + 0.4 * m.prec:
        with m.extraprec(30 + 3 * int(x)):
            square = x * x / 4
            # H_k + H_(k + ν) + 2ψ(1), times the k-th term of J
            term, harmonic = (x / 2) ** nu, m.mpf(nu)
            total, k = term * (harmonic - 2 * m.euler), 0
            while abs(term) > m.eps * abs(total) or k < x:
                k += 1
                term *= -square / (k * (k + nu))
                harmonic += m.mpf(1) / k + m.mpf(1) / (k + nu)
                total += term * (harmonic - 2 * m.euler)
            return (2 * m.log(x / 2) * m.besselj(nu, x) - total - (2 / x if nu else 0)) / m.pi
    with m.extraprec(20 + m.mag(x)):
        angle = x - m.pi * (2 * nu + 1) / 4
        parts, term, k = [m.zero, m.zero], m.mpf(1), 0
        while abs(term) > m.eps * m.ldexp(1, m.mag(x)):
            parts[k % 2] += -term if k % 4 > 1 else term
            k += 1
            term *= (4 * nu * nu - (2 * k - 1) ** 2) / (8 * k * x)
        return m.sqrt(2 / (m.pi * x)) * (m.sin(angle) * parts[0] + m.cos(angle) * parts[1])


def bessel_i(n: Any, x: Any) -> Any:
    """The modified Bessel function of the first kind, of whole order n."""
    m = x.context
    order = whole_order(n)
    if m.isnan(x) or order is None:
        return m.nan
    if m.isinf(x):
        return -m.inf if x < 0 and order % 2 else m.inf
    with m.extraprec(90):  # a double may be as near to a root
        y = m.besseli(order, x)
    return +y


# Others


def expn(n: Any, x: Any) -> Any:
    """The generalised exponential integral ∫ exp(−xt)/tⁿ dt from 1 on, of whole order n and x ≥ 0."""
    m = x.context
    order = whole_order(n)
    if m.isnan(x) or order is None or x < 0:
        return m.nan
    if x == 0:
        return m.mpf(1) / (order - 1) if order > 1 else m.inf
    if m.isinf(x):
        return m.zero
    if order > 0 and x > 100:
        with m.extraprec(30):
            y = m.re(m.expint(order, x))
        return +y
    # by the recurrence of NIST DLMF 8.19.12, upwards with the digits that it loses
    with m.extraprec(30 + max(0, order * max(0, m.mag(x)))):
        decay = m.exp(-x)
        y = m.e1(x) if order > 0 else decay / x
        for k in range(1, abs(order) + (order <= 0)):
            y = (decay - x * y) / k if order > 0 else (decay + k * y) / x
    return +y


def lambertw(x: Any) -> Any:
    """The y ≥ −1 with y·exp(y) = x: the principal branch, for x ≥ −1/e."""
    m = x.context
    if m.isnan(x) or m.isinf(x):
        return m.inf if x > 0 else m.nan
    with m.extraprec(m.prec + 20):
        if m.e * x + 1 < 0:
            return m.nan
        y = m.lambertw(x)
    return +m.re(y)
