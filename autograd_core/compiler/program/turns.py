"""Code with loops over turns: the steps of a turn, and where each of them finds its operands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from autograd_core.compiler.program.instructions import Instruction, Program

__all__ = ["Carried", "Constants", "Index", "Local", "Memory", "Rolled", "Shared", "Source", "Straight", "Turns"]


class Local(NamedTuple):
    """What an earlier step of the same turn gave."""

    step: int


class Shared(NamedTuple):
    """The same at each turn: a constant, or what is at an address; there is none for a constant."""

    instruction: Instruction
    address: int | None


class Carried(NamedTuple):
    """What a step gave at the turn before, and at the first turn something else."""

    step: int
    first: Shared


class Constants(NamedTuple):
    """A constant for each turn."""

    numbers: list[float | bool]


class Memory(NamedTuple):
    """What is at an address, another one for each turn."""

    addresses: list[int]


class Index(NamedTuple):
    """The number of the turn, by itself: it begins with `first` and goes on by `step`."""

    first: int
    step: int


Source = Local | Shared | Carried | Constants | Memory | Index
"""Where an operand comes from."""


@dataclass
class Straight:
    """Code between loops.

    Attributes:
        program: it reads addresses as if they were inputs.
        first: the address of its first output; the last part gives the results instead.
    """

    program: Program
    first: int


@dataclass
class Turns:
    """A loop.

    Attributes:
        count: how many turns there are.
        steps: what is done at each, as it stood at the first.
        sources: for each step where its operands come from.
        kept: by step, the address of what it gives at the first turn; what it gives at others follows.
        final: by step, the address of what it gives at the last turn.
    """

    count: int
    steps: list[Instruction]
    sources: list[list[Source]]
    kept: dict[int, int] = field(default_factory=dict)
    final: dict[int, int] = field(default_factory=dict)


class Rolled(NamedTuple):
    """Code with loops.

    Attributes:
        parts: what is done, in order; the last one is no loop.
        size: how many addresses there are; the first are those of the inputs.
    """

    parts: list[Straight | Turns]
    size: int

    @property
    def loops(self) -> int:
        return sum(isinstance(part, Turns) for part in self.parts)

    @property
    def instructions(self) -> int:
        """How many there are to be written."""
        return sum(
            len(part.steps) if isinstance(part, Turns) else len(part.program.instructions) for part in self.parts
        )
