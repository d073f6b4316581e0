"""What enters a graph as a real number, and what is said about everything else."""

from __future__ import annotations

import operator
import sys
from numbers import Number, Real
from typing import Any

from autograd_core.errors import AutogradError, OperandTypeError

__all__ = ["advice", "as_float", "as_index", "count", "describe", "is_array", "real"]


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


def is_array(thing: Any) -> bool:
    """Whether `thing` is a NumPy array."""
    numpy = sys.modules.get("numpy")  # who passes an array has imported it
    return numpy is not None and isinstance(thing, numpy.ndarray)


def as_float(number: Any) -> float:
    """`number` as a float.

    Args:
        number: int, bool, float, Fraction, NumPy real scalar or 0-d array. Beyond a double's range it becomes ±inf.

    Raises:
        OperandTypeError: for anything else.
    """
    if number.__class__ is float:
        return number
    converted = real(number)
    if converted is None:
        if hasattr(number, "backward"):  # a Value, or a tensor of another library
            kind = type(number).__name__
            raise OperandTypeError(f"a plain number is wanted, not a {kind}: use .data for its number")
        raise OperandTypeError(f"{describe(number)} is not a real number: {advice(number)}")
    return converted


def count(number: Any, what: str, error: type[AutogradError], least: int | None = None) -> int:
    """`number` as an int.

    Args:
        number: any integer, also NumPy's; no bool.
        what: how the error calls it, such as ``"epochs"``.
        error: what is raised for anything else.
        least: the smallest that will do, if there is one.
    """
    try:
        whole = None if isinstance(number, bool) else operator.index(number)
    except TypeError:
        whole = None
    if whole is None or (least is not None and whole < least):
        bound = "" if least is None else f" of at least {least}"
        raise error(f"{what} is an integer{bound}, not {number!r}")
    return whole


def as_index(number: float) -> int:
    """`number` as an index or a count.

    Raises:
        OperandTypeError: if it is no whole number.
    """
    if not number.is_integer():
        raise OperandTypeError(f"an index or a count is a whole number, not {number!r}: round it first")
    return int(number)


def describe(thing: Any) -> str:
    """The type of `thing` and the beginning of its text."""
    return "None" if thing is None else f"{type(thing).__name__} {str(thing)[:40]!r}"


def advice(thing: Any) -> str:
    """What to do instead of using `thing` as a real number."""
    if isinstance(thing, (str, bytes)):
        return "convert text with float(...) first"
    if is_array(thing) and thing.ndim and thing.dtype != object:
        return "one number is wanted here: take one element of the array, or go through them one by one"
    if isinstance(thing, (list, tuple)) or getattr(thing, "ndim", None):
        return "apply the operation to each element, or to a NumPy array of them, as in np.array(xs)"
    if isinstance(thing, Number) and not isinstance(thing, (Real, complex)):
        return "convert it with float(...) first"
    if isinstance(thing, Number):
        return "only real numbers are differentiated; take .real or .imag"
    return "give an int, a float, a Fraction, or a NumPy real scalar"
