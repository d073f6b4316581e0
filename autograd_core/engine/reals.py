"""What enters a graph as a real number, and what is said about everything else."""

from __future__ import annotations

from numbers import Number, Real
from typing import Any

__all__ = ["advice", "describe", "real"]


def real(number: Any) -> float | None:
    """`number` as a float, beyond a double's range ±inf; None if it is no real number."""
    if number.__class__ is not int:
        kind = getattr(getattr(number, "dtype", None), "kind", None)
        # NumPy's 0-d arrays and booleans are not Real, and its time spans are.
        if not isinstance(number, Real) if kind is None else kind not in "biuf" or number.ndim != 0:
            return None
    try:
        return float(number)
    except OverflowError:  # an integer or a fraction beyond the doubles rounds to infinity
        return float("inf") if number > 0 else float("-inf")


def describe(thing: Any) -> str:
    """The type of `thing` and the beginning of its text."""
    return "None" if thing is None else f"{type(thing).__name__} {str(thing)[:40]!r}"


def advice(thing: Any) -> str:
    """What to do instead of using `thing` as a real number."""
    if isinstance(thing, (str, bytes)):
        return "convert text with float(...) first"
    if isinstance(thing, (list, tuple)) or getattr(thing, "ndim", None):
        return "apply the operation to each element, or to a NumPy array of Values"
    if isinstance(thing, Number) and not isinstance(thing, (Real, complex)):
        return "convert it with float(...) first"
    if isinstance(thing, Number):
        return "only real numbers are differentiated; take .real or .imag"
    return "give an int, a float, a Fraction, or a NumPy real scalar"
