"""Conditions as cases: what has to hold, and what has not to, all together."""

from __future__ import annotations

from typing import Final, NamedTuple

from autograd_core.compiler.program.instructions import Instruction

__all__ = ["MOST", "Case", "Literal", "case_of", "ways_of"]

MOST: Final = 64
"""Conditions of a case, cases of a number, and ways for a condition to hold, of which account is kept."""

_VISITED: Final = 4 * MOST
"""Conditions that are looked at for one of them."""


class Literal(NamedTuple):
    """A condition that holds, or one that does not."""

    condition: Instruction
    holds: bool


Case = frozenset[Literal]
"""All of these."""


def case_of(condition: Instruction, holds: bool = True) -> Case:
    """What has to be so for a condition to hold, or not to: a few others, or just this one."""
    whole = Literal(condition, holds)
    return frozenset(_parts(whole, "logical_and", "logical_or") or {whole})


def ways_of(literal: Literal) -> frozenset[Case]:
    """Cases of which one is enough; none if they are many."""
    return frozenset(case_of(*each) for each in _parts(literal, "logical_or", "logical_and"))


def _parts(whole: Literal, joined: str, joined_by_not: str) -> set[Literal]:
    """What a literal is joined of by an operation, or by the other one under a negation; none if that is much."""
    found: set[Literal] = set()
    seen = {whole}
    pending = [whole]
    while pending:
        literal = pending.pop()
        condition, holds = literal
        if condition.op == "logical_not":
            parts = [Literal(condition.operands[0], not holds)]
        elif condition.op == (joined if holds else joined_by_not):
            parts = [Literal(x, holds) for x in condition.operands]
        else:
            found.add(literal)
            continue
        pending += [part for part in parts if part not in seen]
        seen.update(parts)
        if len(found) + len(pending) > MOST or len(seen) > _VISITED:
            return set()
    return found
