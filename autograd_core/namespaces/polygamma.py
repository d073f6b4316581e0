"""polygamma, by mpmath: right to the last digit also near digamma's roots, where a series in doubles is not."""

from __future__ import annotations

import math
import threading
from typing import Any, Final

from autograd_core._extras import require

__all__ = ["polygamma", "psi"]

LARGEST_ORDER: Final = 200


def _psi_of_order(order: int, x: Any) -> Any:
    """ψ of that order at x, not a pole, to the precision of x's own context."""
    m = x.context
    if x > -1:
        return m.psi(order, x)
    # mpmath would take a step of 1 at a time. Reflect instead: ψₙ(x) = (−1)ⁿψₙ(1 − x) − π dⁿcot(πx)/dxⁿ, where
    # each derivative is a polynomial in c = cot(πx), since c' = −π(1 + c²). (NIST DLMF 5.15.6)
    polynomial = {1: 1}
    for _ in range(order):
        slope: dict[int, int] = {}
        for power, factor in polynomial.items():
            for rise in (-1, 1):
                slope[power + rise] = slope.get(power + rise, 0) - factor * power
        polynomial = slope
    sine, cosine = m.sinpi(x), m.cospi(x)
    cotangent = cosine / sine
    series = m.fsum(factor * cotangent**power for power, factor in polynomial.items() if factor)
    return (-1) ** order * m.psi(order, 1 - x) - m.pi ** (order + 1) * series


def psi(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma at x, to the precision of x's own context; nan at a pole with two limits."""
    m = x.context
    if m.isnan(x) or not 0 <= n <= LARGEST_ORDER or n != int(n) or x == -m.inf:
        return m.nan
    order = int(n)
    if x == m.inf:
        return m.inf if order == 0 else m.mpf(0)
    if x <= 0 and x == m.floor(x):
        return m.inf if order % 2 else m.nan
    # Near a root the terms cancel: as many more bits as are lost there.
    size = 60 + 2 * order.bit_length() + max(0, m.mag(x))
    with m.extraprec(size):
        y = _psi_of_order(order, x)
    return +y


_contexts = threading.local()


def polygamma(n: float, x: float) -> float:
    """polygamma(n, x) rounded to a float; nan at a pole unless the limits from both sides agree.

    The order n is a whole number from 0 to 200; for any other the value is nan.
    """
    if not hasattr(_contexts, "mp"):
        mpmath = require("mpmath", "polygamma, digamma and the derivatives of gamma need mpmath", extra="special")
        _contexts.mp = mpmath.MPContext()  # of its own for each thread: the precision of a context is its state
        _contexts.mp.prec = 60
    try:
        return float(psi(n, _contexts.mp.mpf(x)))
    except OverflowError:
        return math.inf if x > 0.0 and n % 2.0 == 1.0 else -math.inf
