"""Special functions of mpmath's numbers to the precision of their context, and of floats, rounded from those.

All are closed under differentiation: families of a whole order n have the next orders as derivatives. Edges are
limits; what has none is nan.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from autograd_core._extras import require

__all__ = [
    "LARGEST_ORDER", "LARGEST_SHAPE", "bessel_i", "bessel_j", "bessel_y", "beta", "betaln", "erfcinv", "erfinv",
    "expn", "gamma_density", "ierfcx", "lambertw", "on_floats", "psi_difference",
    "shaped_gammainc", "shaped_gammaincc",
]  # fmt: skip

LARGEST_ORDER: Final = 200
LARGEST_SHAPE: Final = 1e5
"""Above it, series for the incomplete gamma functions have too many terms."""

_contexts = threading.local()


def on_floats(function: Callable[..., Any], odd: bool = False) -> Callable[..., float]:
    """`function` of mpmath's numbers as one of floats; mpmath is looked for when that is called.

    Args:
        function: of numbers of one context.
        odd: whether the function of one operand has at −0.0 the value −0.0.
    """

    @wraps(function)
    def rounded(*xs: float) -> float:
        if not hasattr(_contexts, "mp"):
            mpmath = require("mpmath", f"{function.__name__} needs mpmath", extra="special")
            _contexts.mp = mpmath.MPContext()  # of its own for each thread: the precision of a context is its state
            _contexts.mp.prec = 64
        y = function(*map(_contexts.mp.mpf, xs))
        try:
            number = float(y)
        except OverflowError:
            return math.copysign(math.inf, y)
        return math.copysign(number, xs[0]) if odd and number == 0.0 else number

    return rounded


def _order(n: Any) -> int | None:
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
    order = _order(n)
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


# Gamma's kin


def beta(a: Any, b: Any) -> Any:
    """Γ(a)Γ(b)/Γ(a + b)."""
    m = a.context
    if not (a > 0 and b > 0):
        return m.inf if (a == 0 and b > 0) or (b == 0 and a > 0) or (a == 0 == b) else m.nan
    y = _betaln_wide(a, b)
    return m.exp(y) if m.isfinite(y) else m.zero


def _betaln_wide(a: Any, b: Any) -> Any:
    """log Γ(a) + log Γ(b) − log Γ(a + b) of positive numbers, with the digits that exp will want on top."""
    m = a.context
    if m.isinf(a) or m.isinf(b):
        return -m.inf
    with m.extraprec(60 + 2 * max(0, m.mag(a), m.mag(b)) + max(0, -m.mag(a), -m.mag(b))):
        return m.re(m.loggamma(a) + m.loggamma(b) - m.loggamma(a + b))


def betaln(a: Any, b: Any) -> Any:
    """log of the beta function, for positive operands."""
    m = a.context
    if not (a > 0 and b > 0):
        return m.inf if (a == 0 and b >= 0) or (b == 0 and a >= 0) else m.nan
    return +_betaln_wide(a, b)


def psi_difference(n: Any, x: Any, d: Any) -> Any:
    """polygamma(n, x) − polygamma(n, x + d), of positive x and d, without what the difference would lose."""
    m = x.context
    order = _order(n)
    if order is None or order < 0 or not (x >= 0 and d >= 0):
        return m.nan
    if x == 0:
        return m.nan if d == 0 else (-m.inf if order % 2 == 0 else m.inf)
    if d == 0 and m.isfinite(x):
        return m.zero
    if m.isinf(x) or m.isinf(d):
        if m.isinf(x) and m.isinf(d):
            return m.nan
        return m.zero if m.isinf(x) else (-m.inf if order == 0 else m.psi(order, x))
    with m.extraprec(60 + 2 * max(0, m.mag(x) - m.mag(d)) + 2 * max(0, m.mag(x), m.mag(d)) + max(0, -m.mag(x))):
        return m.psi(order, x) - m.psi(order, x + d)


def shaped_gammainc(n: Any, a: Any, x: Any) -> Any:
    """The n-th derivative by a of P(a, x), the regularised lower incomplete gamma function, of a > 0 and x ≥ 0."""
    return _incomplete(n, a, x, lower=True)


def shaped_gammaincc(n: Any, a: Any, x: Any) -> Any:
    """The n-th derivative by a of Q(a, x) = 1 − P(a, x)."""
    return _incomplete(n, a, x, lower=False)


def _incomplete(n: Any, a: Any, x: Any, lower: bool) -> Any:
    m = x.context
    order = _order(n)
    if order is None or order < 0 or not (a >= 0 and x >= 0) or (a == 0 == x) or (m.isinf(a) and m.isinf(x)):
        return m.nan
    below = m.isinf(a) or x == 0
    if below or m.isinf(x) or (a == 0 and order == 0):
        return m.zero if order or below == lower else m.one
    if a == 0:
        # the limit of Q(a, x)/a is E₁(x)
        return (-m.e1(x) if lower else m.e1(x)) if order == 1 else m.nan
    with m.extraprec(60):
        bound = a * m.log(x / a) - x + a  # the smaller of P and Q is below exp(bound)
        if bound < -1000 and (order or max(a, x) > LARGEST_SHAPE):
            return m.zero if order or (x < a) == lower else m.one
        if max(a, x) > LARGEST_SHAPE:
            return m.nan
        if not order:
            small = m.gammainc(a, *((0, x) if x < a else (x, m.inf)), regularized=True)
            y = small if (x < a) == lower else 1 - small
        else:
            with m.extraprec(int(-1.5 * bound) if x > a else 0):
                y = _lower_series(m, order, a, x)
            y = y if lower else -y
    return +y


def _lower_series(m: Any, n: int, a: Any, x: Any) -> Any:
    """P's derivative by the series of NIST DLMF 8.7.1, whose terms are taken as power series in a step e of a.

    P(a + e, x) is xᵃ⁺ᵉ·exp(−x)/Γ(a + e + 1)·(1 + x/(a + e + 1)·(1 + x/(a + e + 2)·(…))).
    """
    term = [m.one] + [m.zero] * n
    total = list(term)
    k = 0
    while k < x - a or any(abs(t) > m.eps * abs(whole) for t, whole in zip(term, total, strict=True)):
        k += 1
        earlier = m.zero
        for i in range(n + 1):
            term[i] = earlier = (term[i] * x - earlier) / (a + k)
        total = [whole + t for whole, t in zip(total, term, strict=True)]
    factor = _power_over_gamma(m, n, a + 1, x)
    return m.factorial(n) * sum(factor[i] * total[n - i] for i in range(n + 1))


def _power_over_gamma(m: Any, n: int, a: Any, x: Any) -> list[Any]:
    """The power series of xᵃ⁺ᵉ⁻¹·exp(−x)/Γ(a + e) in e, to its n-th power."""
    logarithm = [(a - 1) * m.log(x) - x - m.loggamma(a), m.log(x) - m.psi(0, a)]
    logarithm += [-m.psi(k - 1, a) / m.factorial(k) for k in range(2, n + 1)]
    series = [m.exp(m.re(logarithm[0]))]
    for k in range(1, n + 1):
        series.append(sum(j * logarithm[j] * series[k - j] for j in range(1, k + 1)) / k)
    return series


def gamma_density(n: Any, a: Any, x: Any) -> Any:
    """The n-th derivative by a of the density of the gamma distribution, exp(−x)·x^(a − 1)/Γ(a), of a > 0 and x ≥ 0."""
    m = x.context
    order = _order(n)
    if order is None or order < 0 or not (a >= 0 and x >= 0) or m.isinf(a) or (a == 0 == x):
        return m.nan
    if m.isinf(x):
        return m.zero
    if x == 0:
        if order == 0 and a <= 1:
            return m.one if a == 1 else m.inf
        return m.zero if a > 1 else (-m.inf if order % 2 else m.inf)
    if (a >= 1 and (a - 1) * m.log(x) - x - m.loggamma(a) < -2000) or x > a + 3000:
        return m.zero
    # log(x) − psi(a) is as small as 1/x² where x is near a
    with m.extraprec(60 + (2 + 2 * order) * max(0, m.mag(a), m.mag(x))):
        if a < 1:  # by Γ(a + 1 + e) = (a + e)·Γ(a + e): without the pole at a = 0, near which terms cancel
            series = _power_over_gamma(m, order, a + 1, x)
            y = m.factorial(order) * (a * series[order] + (series[order - 1] if order else 0)) / x
        else:
            y = m.factorial(order) * _power_over_gamma(m, order, a, x)[order]
    return +y


# Bessel functions of whole order


def bessel_j(n: Any, x: Any) -> Any:
    """The Bessel function of the first kind, of whole order n."""
    m = x.context
    order = _order(n)
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
    order = _order(n)
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
    order = _order(n)
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
    order = _order(n)
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
