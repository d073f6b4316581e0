"""Functions of our own over vectors, for platforms whose libraries have none: polynomials after a reduction of the range.

Each is written once, over `Steps`, for vectors of every width. All within 2 ULP, and at edges what docs/edges.md says:
there is no branch but one around the reduction of huge angles, so an edge is a selection, or comes by itself.

Sources: W. J. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980 (reductions with a constant in
parts); P. T. P. Tang, "Table-Driven Implementation of the Expm1 Function", 1992; J.-M. Muller et al., "Handbook of
Floating-Point Arithmetic", 2nd ed., 2018 (sums and products with their errors, chapters 4 and 5; fused operations).
The coefficients are our own: ``benchmarks/polynomials.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from autograd_core.compiler.codegen import polynomials as fitted
from autograd_core.compiler.codegen.steps import Steps

__all__ = ["OWN", "VECTOR_FUNCTIONS", "steps_of"]

OWN: Final = "own"
"""Stands for a function of ours where otherwise there is a symbol of a library."""

LOG2_E: Final = 1.4426950408889634
LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17

WHOLE: Final = 1.5 * 2.0**52
"""Added to a smaller number, it rounds that to a whole one, which then stands in the lowest bits."""


def _exp_parts(s: Steps, x: str) -> tuple[str, str, str, str]:
    """n, the bits of n + 2046, and r in two parts, with x = n·log 2 + r; n is whole, and |r| at most ½log 2."""
    shift = s.number(WHOLE + 2046.0)
    shifted = s.fma(x, s.number(LOG2_E), shift)
    n = s.subtract(shifted, shift)
    minus_n = s.negative(n)
    first = s.fma(minus_n, s.number(LN2), x)  # exact
    r = s.fma(minus_n, s.number(LN2_REST), first)
    return n, s.bits(shifted), first, r


def _scaled(s: Steps, y: str, k: str) -> str:
    """y·2ⁿ for the bits k of n + 2046, by two factors, since n may be beyond the exponents of a number."""
    half = s.shift_right(k, 1)
    y = s.multiply(y, s.from_bits(s.shift_left(half, 52)))
    return s.multiply(y, s.from_bits(s.shift_left(s.integer_subtract(k, half), 52)))


def exp(s: Steps, x: str) -> str:
    # Beyond these the result is infinite, or zero, by itself.
    x = s.within(x, -746.0, 710.0)
    _, k, _, r = _exp_parts(s, x)
    y = s.add(s.number(1.0), s.fma(s.multiply(r, r), s.polynomial(r, fitted.EXP), r))
    return _scaled(s, y, k)


VECTOR_FUNCTIONS: Final[dict[str, Callable[..., str]]] = {"exp": exp}
"""By the name of the leaf: what writes the steps of the function, and gives the name of its result."""


@cache
def steps_of(name: str) -> int:
    """How many steps a function has."""
    lines: list[str] = []
    function: Any = VECTOR_FUNCTIONS[name]
    function(Steps(2, lines, "%", {}), *"xy"[: function.__code__.co_argcount - 1])
    return len(lines)
