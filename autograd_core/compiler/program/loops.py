"""Straight-line code, and loops in it: an instruction for a loop as a whole, whose body is straight-line code again.

The instruction ``loop`` reads the initial state, what the body has from outside, the number of turns if it is given,
and the loops and stacks whose tapes it reads. Others read what is left of it: ``final``, a number of its last state;
``turns``, how many there were; ``status``, which is 0 or what went wrong. ``stack`` makes
a tape of numbers, and ``element`` reads one number of a tape. A tape is no instruction: who reads one names its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Instruction, Program, live
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import TraceError
from autograd_core.transforms.loop_nodes import Loop, Pick
from autograd_core.transforms.loop_tapes import Element, Stack

__all__ = ["LoopCode", "Tape", "lower_loop"]


class Tape(NamedTuple):
    """A column of what a loop, or a stack, leaves behind turn by turn."""

    source: Instruction
    column: int


class Column(NamedTuple):
    """What a loop writes to its tape at each turn: a number of its state as it was before, or an output of its body."""

    is_output: bool
    place: int


@dataclass(frozen=True, eq=False)
class LoopCode:
    """What a loop does at each turn.

    Attributes:
        body: reads the state, the number of the turn, the elements of tapes, and what is from outside; gives the next
            state, and what else is written to the tape.
        condition: reads the same, and gives whether there is another turn; None if the number of turns is given.
        state: how many numbers that is.
        outside: how many it has from outside.
        tapes: where the elements are read.
        columns: what is written to the tape.
        is_backward: whether turns go from the last one to 0.
        max_turns: how many there may be.
        max_memory: how many bytes the tape may take.
    """

    body: Program
    condition: Program | None
    state: int
    outside: int
    tapes: Sequence[Tape]
    columns: Sequence[Column]
    is_backward: bool
    max_turns: int
    max_memory: int

    @property
    def programs(self) -> list[Program]:
        return [self.body, *([] if self.condition is None else [self.condition])]


def lower_loop(
    m: Builder, node: Value, kept: Mapping[Value, dict[Value, int]], lower_nodes: Callable[[Builder, list[Value]], Any]
) -> Instruction | Tape:
    """The instruction of a loop, or of what is asked of one; or a tape.

    Args:
        m: makes it.
        node: what is to be computed; its parents are known.
        kept: for each loop the nodes of its body whose tapes are asked for.
        lower_nodes: makes instructions of the nodes of a body.
    """
    known: list[Any] = [m.operand(parent) for parent in node.parents]
    op = node.op
    if isinstance(op, Stack):
        return Tape(m.make("stack", tuple(map(m.as_number, known))), 0)
    if isinstance(op, Element):
        (tape,) = known
        return m.make("element", (tape.source,), (tape.column, op.turn))
    if isinstance(op, Pick):
        (loop,), (what, which) = known, op.key
        return Tape(loop, kept[node.parents[0]][which]) if what == "tape" else m.make(what, (loop,), which)
    assert isinstance(op, Loop)
    inits, closures, tapes, count = op.split(known)
    return _Lowered(m, op, list(map(m.as_number, closures)), list(kept.get(node, ())), lower_nodes).loop(
        inits, tapes, count
    )


class _Lowered:
    """A loop as it is lowered."""

    def __init__(
        self, m: Builder, op: Loop, closures: Sequence[Instruction], kept: Sequence[Value], lower_nodes: Any
    ) -> None:
        self._m, self._op, self._kept, self._lower_nodes = m, op, kept, lower_nodes
        self._closures = closures
        self._outside = [x for x in closures if x.op != "constant"]

    def _program(self, outputs: Sequence[Value]) -> Program:
        op, m = self._op, Builder(self._m.strict, self._m.fused)
        for node in op.inputs:
            m.of_node[id(node)] = m.input()
        outside = {x: m.input() for x in dict.fromkeys(self._outside)}
        for node, known in zip(op.closures, self._closures, strict=True):
            m.of_node[id(node)] = m.constant(known.number) if known.op == "constant" else outside[known]
        order = op.order(outputs)
        used = [*outputs, *(parent for node in order for parent in node.parents)]
        unread = self._lower_nodes(m, [*(node for node in used if node.__class__ is Constant), *order])
        if unread:
            raise TraceError(f"the body of the {op.limits.name} depends on {unread[0]!r}, which the loop does not read")
        results = [m.as_number(m.operand(node)) for node in outputs]
        m.forget()
        return Program(len(m.inputs), results, live(results))

    def loop(self, inits: Sequence[Any], tapes: Sequence[Tape], count: Any) -> Instruction:
        m, op = self._m, self._op
        columns_of = {node: Column(False, place) for place, node in enumerate(op.carries)}
        computed = [node for node in self._kept if node not in columns_of]
        columns_of.update((node, Column(True, place)) for place, node in enumerate(computed, len(op.carries)))
        columns = [columns_of[node] for node in self._kept]
        outside = list(dict.fromkeys(self._outside))
        code = LoopCode(
            self._program([*op.results, *computed]), None if op.goes_on is None else self._program([op.goes_on]),
            len(op.carries), len(outside), tapes, columns, op.is_backward, op.limits.max_turns, op.limits.max_memory,
        )  # fmt: skip
        counts = () if count is None else (m.as_number(count),)
        sources = tuple(dict.fromkeys(tape.source for tape in tapes))
        return m.make("loop", (*map(m.as_number, inits), *outside, *counts, *sources), code)
