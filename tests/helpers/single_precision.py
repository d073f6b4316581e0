"""Rows of the table in batches of single precision, and how far a result is off there."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
from accuracy import operands_of
from jit_modes import flat

from autograd_core import jit, value_and_grad
from autograd_core.compiler.program.elements import SINGLE
from autograd_core.primitives import Primitive

LARGEST, SMALLEST_NORMAL = SINGLE.largest, 2.0**-126
VALUE, SLOPE = 3.0, 5.0
"""The bounds of values and of derivatives, in ULP of single precision."""


def single(f: Any, **options: Any) -> Any:
    return jit(f, in_axes=options.pop("in_axes", 0), dtype="float32", **options)


def off(found: float, wanted: float, term: float = 0.0) -> float:
    """By how many ULP of single precision a result is wrong, in ULP of a term if that is larger.

    What is wanted is a double: one beyond the range is infinite, and digits below the normal numbers may be lost.
    """
    if wanted != wanted or found != found:
        return 0.0 if wanted != wanted and found != found else math.inf
    with np.errstate(over="ignore"):
        rounded = float(np.float32(wanted))
    if math.isinf(rounded) or math.isinf(found):
        return 0.0 if rounded == found else math.inf
    size = max(abs(wanted), abs(term), SMALLEST_NORMAL)
    return abs(found - wanted) / 2.0 ** (math.frexp(size)[1] - 24)


# Where a part of a rule leaves the range of single precision, although the result does not.
LEAVES = {"bessel_y", "beta", "dot", "hypot", "log1mexp", "log_ndtr", "logdiffexp", "pow", "prod"}


def leaves_range(xs: tuple[float, ...], wanted: list[float]) -> bool:
    """Whether an operand, a product of two, or a result is infinite or below the normal numbers in single precision."""
    products = [x * y for x, y in combinations(xs, 2)]
    return any(x and not SMALLEST_NORMAL <= abs(x) <= LARGEST for x in (*xs, *products, *wanted))


def slopes_of(row: Primitive) -> tuple[int, ...]:
    operands = range(operands_of(row))
    return tuple(i for i in operands if row.joint is not None or row.rules[i] is not None)


def value_and_slopes(row: Primitive, xs: Any) -> list[Any]:
    which = slopes_of(row)
    return flat(value_and_grad(row, argnums=which)(*xs)) if which else [row(*xs)]
