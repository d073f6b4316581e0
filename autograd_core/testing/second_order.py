"""How far the second derivatives of a primitive, its rules differentiated by the rules, are from the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_core.engine.graph import gradients
from autograd_core.engine.operation import Operation
from autograd_core.engine.value import Value, record
from autograd_core.testing.accuracy import LARGEST, SMALLEST_NORMAL
from autograd_core.testing.differences import multiprecision, second_derivative

__all__ = ["Bend", "bends", "second_derivatives"]


class Bend(NamedTuple):
    """One second derivative: by which operands, what the rules give, the truth, and the relative error."""

    first: int
    second: int
    computed: float
    truth: float
    error: float
    """Infinite for a number where there is no derivative, and for an infinity that is none when rounded."""


def second_derivatives(row: Operation, xs: Sequence[float]) -> list[list[float]]:
    """The matrix of second derivatives of a primitive, its rules recorded and differentiated again.

    >>> from autograd_core.primitives import TABLE
    >>> second_derivatives(TABLE["multiply"], [3.0, 4.0])
    [[0.0, 1.0], [1.0, 0.0]]
    """
    leaves = list(map(Value, xs))
    firsts = gradients(record(row, *leaves), leaves)
    return [[bend.data for bend in gradients(first, leaves)] for first in firsts]


def bends(row: Operation, xs: Sequence[float]) -> Iterator[Bend]:
    """The second derivatives at one point, wherever mpmath's differences of the forward have one.

    A truth below the normal doubles may be lost, but then what is computed must be as small; of one beyond the range
    the infinity is right. A nan is an error of 0 only where the truth is beyond the range too: there a sum may have
    had terms of both signs.

    Args:
        row: the primitive.
        xs: its operands; finite numbers.

    Raises:
        MissingExtraError: if mpmath is not installed.
    """
    mp = multiprecision()
    computed = second_derivatives(row, xs)
    for first, numbers in enumerate(computed):
        for second, number in enumerate(numbers):
            if not (row.passes(first) and row.passes(second)):
                continue
            truth = second_derivative(row, first, second, xs)
            if mp.isfinite(truth):
                yield Bend(first, second, number, float(truth), _error(number, truth))


def _error(number: float, truth: object) -> float:
    mp = multiprecision()
    exact = mp.mpf(truth)
    if abs(exact) > LARGEST:
        return 0.0 if number != number or number == math.copysign(math.inf, float(mp.sign(exact))) else math.inf
    if abs(exact) < SMALLEST_NORMAL:
        return 0.0 if abs(number) <= SMALLEST_NORMAL else math.inf
    return float(abs((number - exact) / exact)) if math.isfinite(number) else math.inf
