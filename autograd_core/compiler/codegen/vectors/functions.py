"""The functions of vectors that we have, by the names of their leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from inspect import signature
from typing import Final

from autograd_core.compiler.codegen.vectors.angles import cos, sin, tan
from autograd_core.compiler.codegen.vectors.error_functions import erf, erfc
from autograd_core.compiler.codegen.vectors.exponentials import cosh, exp, exp2, expm1, sinh, tanh
from autograd_core.compiler.codegen.vectors.inverse_angles import acos, asin, atan, atan2
from autograd_core.compiler.codegen.vectors.logarithms import acosh, asinh, atanh, log, log1p, log2, log10
from autograd_core.compiler.codegen.vectors.powers import pow
from autograd_core.compiler.codegen.vectors.roots import cbrt, hypot
from autograd_core.compiler.codegen.vectors.singles import SINGLE_FUNCTIONS
from autograd_core.compiler.codegen.vectors.steps import Steps
from autograd_core.compiler.program.elements import DOUBLE, Element

__all__ = ["OWN", "TOGETHER", "VECTOR_FUNCTIONS", "steps_of", "write"]

OWN: Final = "own"
"""Stands for a function of ours where otherwise there is the symbol of a library's."""

VECTOR_FUNCTIONS: Final[dict[str, Callable[..., str]]] = {
    "exp": exp, "exp2": exp2, "expm1": expm1, "sinh": sinh, "cosh": cosh, "tanh": tanh,
    "asinh": asinh, "acosh": acosh, "atanh": atanh, "cbrt": cbrt, "hypot": hypot,
    "log": log, "log2": log2, "log10": log10, "log1p": log1p, "pow": pow,
    "sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan, "atan2": atan2,
    "erf": erf, "erfc": erfc,
}  # fmt: skip
"""By the name of the leaf: what writes the steps of the function, and gives the name of its result."""

TOGETHER: Final[dict[str, tuple[str, ...]]] = dict.fromkeys(("sin", "cos"), ("sin", "cos"))
"""Functions that share most of their steps: a call gives both, and who asks for the other one has it already."""


def write(s: Steps, name: str, operands: Sequence[str]) -> str:
    """Write the steps of a function; the name of its result. What single precision lacks is computed in doubles."""
    if s.element is DOUBLE:
        return VECTOR_FUNCTIONS[name](s, *operands)
    if name in SINGLE_FUNCTIONS:
        return SINGLE_FUNCTIONS[name](s, *operands)
    return s.narrowed(VECTOR_FUNCTIONS[name](s.wide, *map(s.widened, operands)))


@cache
def steps_of(name: str, element: Element = DOUBLE) -> int:
    """How many steps a function has."""
    lines: list[str] = []
    write(Steps(2, lines, {}, {}, element), name, list(signature(VECTOR_FUNCTIONS[name]).parameters)[1:])
    return len(lines)
