"""The truth, for tests: a derivative by differences of the forward in high precision, and the distance to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from autograd_core.primitives import Primitive
from autograd_core.testing.differences import partial_derivative


def true_partial(row: Primitive, index: int, xs: Sequence[float]) -> Any:
    """The derivative of `row` with respect to operand `index` at the floats `xs`: an mpf; nan where there is none."""
    return _cached(row, index, tuple(xs))


@cache
def _cached(row: Primitive, index: int, xs: tuple[float, ...]) -> Any:
    return partial_derivative(row, index, xs)


def ulps(computed: float, truth: Any) -> float:
    """By how many units in the last place of the truth `computed` is off; inf for nan and for a wrong infinity."""
    rounded = float(truth)
    if computed == rounded:
        return 0.0
    if not (math.isfinite(computed) and math.isfinite(rounded)):
        return math.inf
    return float(abs(type(truth)(computed) - truth) / math.ulp(rounded))
