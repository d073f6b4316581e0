"""The beta function and the incomplete gamma functions, of mpmath's numbers to the precision of their context.

All are closed under differentiation: a family of a whole order n has the next orders as derivatives. Edges are limits;
what has none is nan.
"""

from __future__ import annotations

from typing import Any, Final

from autograd_core.namespaces.special import whole_order

__all__ = [
    "LARGEST_SHAPE", "beta", "betaln", "gamma_density", "psi_difference", "shaped_gammainc", "shaped_gammaincc",
]  # fmt: skip

LARGEST_SHAPE: Final = 1e5
"""Above it, series for the incomplete gamma functions have too many terms."""


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
    order = whole_order(n)
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
    order = whole_order(n)
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
    order = whole_order(n)
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
