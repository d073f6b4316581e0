"""One operation of straight-line code, which of them are live, and a whole program of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.engine.operation import Operation
from autograd_core.engine.operators import give_operators
from autograd_core.errors import TraceError

__all__ = ["Instruction", "Maker", "Program", "has_loops", "is_constant", "is_gated", "live", "programs_of"]


class Maker(Protocol):
    """What makes instructions: a namespace of them, which keeps them in order."""

    instructions: list[Instruction]


class Instruction:
    """One operation on earlier instructions.

    Attributes:
        m: what made it.
        op: what is done, by its name in `LEAVES`.
        operands: the instructions it is done to.
        number: the number of a constant, the place of an input; what a loop does, and what is asked of one.
        primitive: what a ``"call"`` calls on floats.
        index: its place among all instructions of its builder.
        is_given: whether it is a constant or an input, so that nothing has to be computed.
        is_condition: whether it is true or false, and not a number.
        is_plain: whether it is a number that arithmetic makes nothing simpler of.
    """

    __slots__ = ("index", "is_condition", "is_given", "is_plain", "m", "number", "op", "operands", "primitive")

    def __init__(
        self,
        m: Maker,
        op: str,
        operands: tuple[Instruction, ...],
        number: Any = None,
        primitive: Operation | None = None,
    ) -> None:
        leaf = LEAVES[op]
        self.m = m
        self.op = op
        self.operands = operands
        self.number = number
        self.primitive = primitive
        self.index = len(m.instructions)
        self.is_given = leaf.is_given
        self.is_plain = leaf.is_plain
        self.is_condition = leaf.gives_condition or (op == "constant" and number.__class__ is bool)

    if TYPE_CHECKING:  # see `give_operators` below

        def __add__(self, other: Any) -> Instruction: ...
        def __sub__(self, other: Any) -> Instruction: ...
        def __mul__(self, other: Any) -> Instruction: ...
        def __neg__(self) -> Instruction: ...

    def _undecided(self, other: Any = None) -> NoReturn:
        raise TraceError(
            "the forward or a rule of a primitive branches on its operands, which compiled code cannot follow: "
            "write it with m.where and the conditions of m"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = _undecided

    def __repr__(self) -> str:
        if self.is_given:
            return f"%{self.index} = {self.op} {self.number!r}"
        name = self.primitive.name if self.primitive is not None else self.op
        return f"%{self.index} = {name} {', '.join(f'%{operand.index}' for operand in self.operands)}"


def _apply(row: str, *operands: Any) -> Instruction:
    made_by = operands[0] if operands[0].__class__ is Instruction else operands[1]
    return getattr(made_by.m, row)(*operands)  # type: ignore[no-any-return]  # a namespace of instructions


give_operators(Instruction, _apply)


def is_constant(x: Instruction, number: float) -> bool:
    return x.op == "constant" and x.number == number and math.copysign(1.0, x.number) == math.copysign(1.0, number)


def is_gated(x: Instruction, *zeros: float) -> bool:
    """Whether `x` is a number or, where a condition does not hold, one of `zeros`; by default either of them."""
    return x.op == "where" and any(is_constant(x.operands[2], zero) for zero in zeros or (0.0, -0.0))


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


@dataclass(frozen=True)
class Program:
    """Straight-line code.

    Attributes:
        inputs: how many numbers it reads.
        outputs: the instructions whose results it gives, in order.
        instructions: all that the outputs depend on, each after its operands.
    """

    inputs: int
    outputs: list[Instruction]
    instructions: list[Instruction]

    def first(self, count: int) -> Program:
        """The code for the first outputs alone."""
        if count == len(self.outputs):
            return self
        return Program(self.inputs, self.outputs[:count], live(self.outputs[:count]))

    def __str__(self) -> str:
        lines = [str(instruction) for instruction in self.instructions]
        return "\n".join([*lines, "return " + ", ".join(f"%{output.index}" for output in self.outputs)])


def has_loops(program: Program) -> bool:
    """Whether there is a loop, or a tape, in straight-line code."""
    return any(LEAVES[instruction.op].form is Form.LOOP for instruction in program.instructions)


def programs_of(program: Program) -> Iterator[Program]:
    """The program, and those of the bodies of all loops in it."""
    yield program
    for instruction in program.instructions:
        if instruction.op == "loop":
            for part in instruction.number.programs:
                yield from programs_of(part)
