"""One operation of straight-line code, and which of them are live."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any, NoReturn

from autograd_core.errors import TraceError

if TYPE_CHECKING:
    from autograd_core.compiler.program.builder import Builder
    from autograd_core.primitives import Primitive

__all__ = ["COMPARISONS", "Instruction", "is_constant", "is_gated", "live"]

COMPARISONS = frozenset({"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isnan"})
CONDITIONS = COMPARISONS | {"logical_and", "logical_or", "logical_not"}


class Instruction:
    """One operation on earlier instructions: ``op`` is a leaf of the table, ``"input"``, ``"constant"`` or ``"call"``.

    Attributes:
        op: what is done.
        operands: the instructions it is done to.
        number: the number of a constant, the place of an input.
        row: the primitive that a ``"call"`` calls on floats.
        index: its place among all instructions of its builder.
        is_given: whether it is a constant or an input, so that nothing has to be computed.
        is_condition: whether it is true or false, and not a number.
    """

    __slots__ = ("index", "is_condition", "is_given", "m", "number", "op", "operands", "row")

    def __init__(self, m: Builder, op: str, operands: tuple[Instruction, ...], number: Any, row: Primitive | None):
        self.m = m
        self.op = op
        self.operands = operands
        self.number = number
        self.row = row
        self.index = len(m.instructions)
        self.is_given = op in ("constant", "input")
        self.is_condition = op in CONDITIONS or (op == "constant" and number.__class__ is bool)

    def __add__(self, other: Any) -> Instruction:
        return self.m.add(self, other)

    def __radd__(self, other: Any) -> Instruction:
        return self.m.add(other, self)

    def __sub__(self, other: Any) -> Instruction:
        return self.m.subtract(self, other)

    def __rsub__(self, other: Any) -> Instruction:
        return self.m.subtract(other, self)

    def __mul__(self, other: Any) -> Instruction:
        return self.m.multiply(self, other)

    def __rmul__(self, other: Any) -> Instruction:
        return self.m.multiply(other, self)

    def __truediv__(self, other: Any) -> Instruction:
        return self.m.divide(self, other)

    def __rtruediv__(self, other: Any) -> Instruction:
        return self.m.divide(other, self)

    def __neg__(self) -> Instruction:
        return self.m.negative(self)

    def _undecided(self, other: Any = None) -> NoReturn:
        raise TraceError(
            "the forward or a rule of a primitive branches on its operands, which compiled code cannot follow: "
            "write it with m.where and the conditions of m"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = _undecided

    def __repr__(self) -> str:
        if self.is_given:
            return f"%{self.index} = {self.op} {self.number!r}"
        name = self.row.name if self.row is not None else self.op
        return f"%{self.index} = {name} {', '.join(f'%{operand.index}' for operand in self.operands)}"


def is_constant(x: Instruction, number: float) -> bool:
    return x.op == "constant" and x.number == number and math.copysign(1.0, x.number) == math.copysign(1.0, number)


def is_gated(x: Instruction) -> bool:
    """Whether `x` is a number or, where a condition does not hold, 0.0."""
    return x.op == "where" and is_constant(x.operands[2], 0.0)


def live(outputs: Sequence[Instruction]) -> list[Instruction]:
    """The instructions that `outputs` depend on, in order; all others are dead code."""
    if not outputs:
        return []
    instructions = outputs[0].m.instructions
    is_live = bytearray(len(instructions))
    for output in outputs:
        is_live[output.index] = 1
    for instruction in reversed(instructions):
        if is_live[instruction.index]:
            for operand in instruction.operands:
                is_live[operand.index] = 1
    return list(compress(instructions, is_live))
