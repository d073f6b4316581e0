"""The leaves of the table on mpmath's numbers: an oracle of any precision for the tests, and polygamma for floats."""

from __future__ import annotations


from autograd_core.errors import MissingExtraError

try:
    import mpmath
    from mpmath import mp
except ImportError as missing:
    raise MissingExtraError(
        "polygamma, digamma and the derivatives of gamma need mpmath: pip install 'autograd-core[special]'"
    ) from missing


def polygamma_float(n: float, x: float) -> float:
    """polygamma(n, x) rounded to a float; nan at the poles, where the limits from both sides differ."""
    if x != x or n != n or x == -float("inf") or (x <= 0.0 and x == int(x)):
        return float("nan")
    if x == float("inf"):
        return float("inf") if n == 0.0 else 0.0 * (-1.0) ** (n + 1)
    with mp.workprec(113):
        return float(mpmath.polygamma(int(n), mpmath.mpf(x)))


