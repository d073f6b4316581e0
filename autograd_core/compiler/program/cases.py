"""Conditions as cases: what has to hold, and what has not to, all together; and numbers that count in some alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from autograd_core.compiler.program.instructions import Instruction, Program

__all__ = ["MOST", "Case", "Gated", "Literal", "case_of", "cases_of_numbers", "gated", "in_order", "ways_of"]

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


def in_order(case: Case) -> list[Literal]:
    """Always the same order: the text of code is the key of a cache, and a set's order is by where its items lie."""
    return sorted(case, key=lambda literal: (literal.condition.index, literal.holds))


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


class Gated(NamedTuple):
    """A number that counts in a case: it is added to a total, or taken from it, or stands alone."""

    number: Instruction
    case: Case
    op: str = ""
    total: Instruction | None = None


def gated(x: Instruction) -> Gated | None:
    """What a selection is as a gate, if it is one."""
    if x.op != "where":
        return None
    condition, chosen, otherwise = x.operands
    for holds, number, total in ((True, chosen, otherwise), (False, otherwise, chosen)):
        if total.op == "constant" and total.number == 0.0:
            return Gated(number, case_of(condition, holds))
        if number.op in ("add", "subtract"):
            first, second = number.operands
            if number.op == "add" and second is total:
                first, second = second, first
            if first is total:
                return Gated(second, case_of(condition, holds), number.op, total)
    return None


def cases_of_numbers(program: Program, gates: Mapping[Instruction, Gated]) -> dict[Instruction, frozenset[Case]]:
    """For numbers that are 0, or nan, unless one of some cases is there: these.

    Args:
        program: the code.
        gates: its selections that are gates.
    """
    known: dict[Instruction, frozenset[Case]] = {}
    always = frozenset({Case()})
    for x in program.instructions:
        gate = gates.get(x)
        found: frozenset[Case] | None = None
        if gate is not None:
            total = frozenset() if gate.total is None else known.get(gate.total)
            if total is not None:
                found = total | {gate.case | case for case in known.get(gate.number, always)}
        elif x.op == "multiply":
            first, second = x.operands
            found = known.get(first, known.get(second))
        elif x.op == "negative":
            found = known.get(x.operands[0])
        elif x.op in ("add", "subtract") and all(y in known for y in x.operands):
            found = frozenset().union(*(known[y] for y in x.operands))
        if found is not None and len(found) <= MOST and all(len(case) <= MOST for case in found):
            known[x] = found
    return known
