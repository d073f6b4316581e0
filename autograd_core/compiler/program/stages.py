"""Code with loops in it, cut into stages: straight-line code, and one by one loops and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Instruction, Program, live
from autograd_core.compiler.program.leaves import LEAVES, Form

__all__ = ["is_of_loops", "kept_by", "stages_of", "straight"]


def is_of_loops(x: Instruction) -> bool:
    """Whether it is a loop, a tape, or what is asked of one."""
    return LEAVES[x.op].form is Form.LOOP


def stages_of(program: Program) -> Iterator[list[Instruction]]:
    """Straight-line code between loops, and one by one loops and what is asked of them; the last is straight."""
    code: list[Instruction] = []
    for x in program.instructions:
        if x.is_given:
            continue
        if not is_of_loops(x):
            code.append(x)
            continue
        if x.op in ("loop", "stack") and code:  # what is asked of an earlier loop may come before them
            yield code
            code = []
        yield [x]
    yield code


def kept_by(stages: Sequence[Sequence[Instruction]], outputs: Sequence[Instruction]) -> list[list[Instruction]]:
    """For each stage what is read outside of it."""
    made_in = {x: number for number, stage in enumerate(stages) for x in stage}
    read = dict.fromkeys(outputs)
    for number, stage in enumerate(stages):
        read |= dict.fromkeys(y for x in stage for y in x.operands if made_in.get(y, number) != number)
    return [[x for x in stage if x in read] for stage in stages]


def straight(
    size: int,
    code: Sequence[Instruction],
    outputs: Sequence[Instruction],
    address: Mapping[Instruction, int],
    same: Mapping[Instruction, Instruction] = MappingProxyType({}),
) -> Program:
    """Straight-line code that gives `outputs`, and reads what is computed elsewhere at its address.

    Args:
        size: how many addresses there are.
        code: what is computed, in order.
        outputs: of the code, constants, or what has an address.
        address: that of what the code reads.
        same: what to read in the place of others.
    """
    m = Builder(strict=True)
    known: dict[Instruction, Instruction] = {}

    def operand(x: Instruction) -> Instruction:
        x = same.get(x, x)
        if x not in known:
            if x.op == "constant":
                known[x] = m.constant(x.number)
            else:
                number = m.make("input", (), address[x])
                known[x] = m.not_equal(number, 0.0) if x.is_condition else number
        return known[x]

    for x in code:
        known[x] = m.make(x.op, tuple(map(operand, x.operands)), x.number, x.primitive)
    results = [m.as_number(operand(x)) for x in outputs]
    return Program(size, results, live(results))
