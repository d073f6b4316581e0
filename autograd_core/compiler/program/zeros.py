"""Numbers of which it counts whether a zero is +0 or −0."""

from __future__ import annotations

from typing import Final

from autograd_core.compiler.program.instructions import Instruction, Program

__all__ = ["whose_sign_counts"]

_BLIND: Final = frozenset(
    {
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "isnan",
        "abs",
        "exp",
        "exp2",
        "cos",
        "cosh",
    }
)
"""What gives the same for both."""

_PASSING: Final = frozenset(
    {"add", "subtract", "multiply", "divide", "fma", "negative", "where", "sqrt", "sin", "tan", "asin", "atan"}
    | {"sinh", "tanh", "asinh", "erf", "expm1", "log1p", "cbrt"}
)
"""What gives a zero for a zero, or the same for both; but for a divisor."""


def whose_sign_counts(program: Program) -> set[Instruction]:
    """Numbers that reach a divisor, `atan2`, `copysign`, a power, …

    Where outputs are summed over samples it counts for no others.
    """
    counts: set[Instruction] = set()
    for x in reversed(program.instructions):
        if x.op in _BLIND:
            continue
        if x.op not in _PASSING or x in counts:
            counts.update(x.operands)
        elif x.op == "divide":
            counts.add(x.operands[1])
    return counts
