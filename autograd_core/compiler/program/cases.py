"""Conditions as cases: what has to hold, and what has not to, all together."""

from __future__ import annotations

from typing import Final, NamedTuple

from autograd_core.compiler.program.instructions import Instruction

__all__ = ["MOST", "Case", "Literal", "case_of", "ways_of"]

MOST: Final = 64
"""Conditions of a case, and cases of a number, of which account is kept."""


class Literal(NamedTuple):
    """A condition that holds, or one that does not."""

    condition: Instruction
    holds: bool


Case = frozenset[Literal]
"""All of these."""


def case_of(condition: Instruction, holds: bool = True) -> Case:
    """What has to be so for a condition to hold, or not to: a few others, or just this one."""
    found: set[Literal] = set()
    whole = Literal(condition, holds)
    pending = [whole]
    while pending and len(found) < MOST:
        condition, holds = literal = pending.pop()
        if condition.op == "logical_not":
            pending.append(Literal(condition.operands[0], not holds))
        elif condition.op == ("logical_and" if holds else "logical_or"):
            pending += [Literal(x, holds) for x in condition.operands]
        else:
            found.add(literal)
    return frozenset(found if not pending else {whole})


def ways_of(literal: Literal) -> frozenset[Case]:
    """Cases of which one is enough."""
    found: set[Case] = set()
    pending = [literal]
    while pending:
        condition, holds = pending.pop()
        if condition.op == "logical_not":
            pending.append(Literal(condition.operands[0], not holds))
        elif condition.op == ("logical_or" if holds else "logical_and"):
            pending += [Literal(x, holds) for x in condition.operands]
        else:
            found.add(case_of(condition, holds))
    return frozenset(found)
