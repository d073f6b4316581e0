"""Which numbers of a code may be nan without any output being one, where that counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from autograd_core.compiler.program.instructions import Instruction, live

__all__ = ["hidden_nans"]

_ARITHMETIC: Final = frozenset({"add", "subtract", "multiply", "divide", "negative", "abs", "sqrt", "exp", "log"})
"""What gives nan for a nan."""

_ORDERED: Final = frozenset({"less", "less_equal", "greater", "greater_equal"})
"""What does not hold for a nan."""


def hidden_nans(
    outputs: Sequence[Instruction], risky: Sequence[Instruction], dropped: Sequence[Instruction]
) -> list[Instruction]:
    """Numbers that are nan, and outputs perhaps not, where that counts.

    Args:
        outputs: of the code.
        risky: numbers that may be nan without a reason, which counts if an output depends on it.
        dropped: numbers that may be nan, which counts in any case.
    """
    instructions = live(outputs)
    users: defaultdict[Instruction, set[Instruction]] = defaultdict(set)
    for x in instructions:
        for y in x.operands:
            users[y].add(x)
    given = set(outputs)
    shows: set[Instruction] = set()  # if it is nan, so is an output
    harmless: set[Instruction] = set()  # if it is nan, so is an output, or no output depends on it
    leads_to: dict[Instruction, Instruction] = {}  # if it is nan, so is this one
    for x in reversed(instructions):
        becomes_nan = [user for user in users[x] if _gives_nan(user, x)]
        if x in given or any(user in shows for user in becomes_nan):
            shows.add(x)
            harmless.add(x)
        elif all(user in harmless and (user.op in _ARITHMETIC or user.op == "where") for user in users[x]):
            harmless.add(x)
        else:
            # data may be nan where they are missing, which would be no reason
            following = [user for user in becomes_nan if not any(y.op == "input" for y in user.operands)]
            if following:
                leads_to[x] = max(following, key=lambda user: user.index)
    alive = set(instructions)
    found: dict[Instruction, None] = {}
    for y in [*(y for y in risky if y in alive and y not in harmless), *(y for y in dropped if y not in shows)]:
        while y in leads_to:
            y = leads_to[y]
        found[y] = None
    return list(found)


def _gives_nan(x: Instruction, operand: Instruction) -> bool:
    """Whether it is nan if an operand is."""
    if x.op in _ARITHMETIC:
        return True
    return (
        x.op == "where"
        and x.operands[2] is operand
        and x.operands[0].op in _ORDERED
        and operand in x.operands[0].operands
    )
