"""Loops whose turns are counted beforehand become loops over turns, as recurrences that are found again do.

So their state stays in registers, and their tapes are memory of a known size: the rows of a column follow one another,
in the order of the turns that write them. Such a loop cannot fail. Others grow their tapes turn by turn and may end for
many reasons: see `autograd_core.compiler.codegen.loop_writer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core.compiler import tuning
from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Instruction, Program, has_loops, live
from autograd_core.compiler.program.loops import LoopCode, Tape
from autograd_core.compiler.program.stages import is_of_loops, kept_by, stages_of, straight
from autograd_core.compiler.program.turns import (
    Carried,
    Constants,
    Index,
    Local,
    Memory,
    Rolled,
    Shared,
    Source,
    Straight,
    Turns,
)
from autograd_core.namespaces import floats

__all__ = ["as_turns", "certain_number"]


def as_turns(program: Program) -> Rolled | None:
    """Code with loops as code with loops over turns; None if there are others, or their turns or tapes are too long."""
    return _Laid(program).rolled() if _are_counted(program) else None


def certain_number(program: Program, output: Instruction) -> float | None:
    """The number of an output that depends on nothing but on whether loops fail; None if it is not certain."""
    if not _are_counted(program):
        return None
    known: dict[Instruction, Any] = {}
    for x in live([output]):
        if x.op in ("constant", "status"):
            known[x] = x.number if x.op == "constant" else 0.0
        elif not is_of_loops(x) and x.operands and all(operand in known for operand in x.operands):
            known[x] = getattr(floats, x.op)(*(known[operand] for operand in x.operands))
    return known.get(output)


def _are_counted(program: Program) -> bool:
    loops = [x for x in program.instructions if x.op == "loop"]
    return bool(loops) and all(map(_is_counted, loops))


def _count(loop: Instruction) -> int | None:
    """How many turns a loop has, if that is known and within its limits."""
    code: LoopCode = loop.number
    if code.condition is not None:
        return None
    count = loop.operands[code.state + code.outside]
    if count.op != "constant" or count.number != count.number // 1.0 or count.number > code.max_turns:
        return None
    return max(0, int(count.number))


def _is_counted(loop: Instruction) -> bool:
    code: LoopCode = loop.number
    count = _count(loop)
    if count is None or has_loops(code.body) or len(code.body.instructions) > tuning.CHUNK:
        return False
    numbers = count * len(code.columns)
    if numbers > tuning.ON_TAPE or 8 * numbers > code.max_memory:
        return False
    return all(_length(tape.source) >= count for tape in code.tapes)


def _length(source: Instruction) -> int:
    return len(source.operands) if source.op == "stack" else _count(source) or 0


class _Laid:
    """Lays out a program in memory: inputs first, then what each stage leaves for others."""

    def __init__(self, program: Program) -> None:
        self._program, self._size = program, program.inputs
        self._m = Builder(strict=True)
        self._address = {x: x.number for x in program.instructions if x.op == "input"}
        self._same: dict[Instruction, Instruction] = {}  # what is asked of a loop and is there already
        self._tapes: dict[Tape, Sequence[Instruction] | range] = {}  # constants, or addresses
        self._asked: dict[Instruction, list[Instruction]] = {}
        self._parts: list[Straight | Turns] = []

    def rolled(self) -> Rolled:
        stages = list(stages_of(self._program))
        for x in self._program.instructions:
            if x.op == "final":
                self._asked.setdefault(x.operands[0], []).append(x)
        for stage, kept in zip(stages, kept_by(stages, self._program.outputs), strict=True):
            if stage and is_of_loops(stage[0]):
                self._lay(stage[0])
            elif kept and stage is not stages[-1]:
                self._straight(stage, kept)
        return Rolled([*self._parts, Straight(self._code(stages[-1], self._program.outputs), self._size)], self._size)

    def _straight(self, code: Sequence[Instruction], kept: Sequence[Instruction]) -> range:
        """Have code compute what is kept; its addresses."""
        part = Straight(self._code(code, kept), self._size)
        self._parts.append(part)
        places = self._new(len(kept))
        if code:
            self._address.update(zip(kept, places, strict=True))
        return places

    def _code(self, code: Sequence[Instruction], outputs: Sequence[Instruction]) -> Program:
        return straight(self._size, code, outputs, self._address, self._same)

    def _new(self, count: int) -> range:
        self._size += count
        return range(self._size - count, self._size)

    def _there(self, x: Instruction) -> Instruction:
        return self._same.get(x, x)

    def _shared(self, x: Instruction) -> Shared:
        x = self._there(x)
        return Shared(x, None if x.op == "constant" else self._address[x])

    def _lay(self, x: Instruction) -> None:
        """Lay out a loop, a stack, or what is asked of one."""
        if x.op == "loop":
            self._loop(x)
        elif x.op == "stack":
            self._stack(x)
        elif x.op == "status":
            self._same[x] = self._m.constant(0.0)
        elif x.op == "turns":
            self._same[x] = self._m.constant(float(_count(x.operands[0]) or 0))
        elif x.op == "element":
            column, turn = x.number
            rows = self._tapes[Tape(x.operands[0], column)]
            row = rows[turn] if turn < len(rows) else self._m.constant(0.0)
            if isinstance(row, Instruction):
                self._same[x] = row
            else:
                self._address[x] = row

    def _stack(self, x: Instruction) -> None:
        """Numbers that are constants, or follow one another, are a tape as they are; others are copied."""
        numbers = [self._there(y) for y in x.operands]
        places = [self._address[y] for y in numbers if y.op != "constant"]
        rows: Sequence[Instruction] | range = numbers
        if places:
            rows = range(places[0], places[0] + len(numbers))
            if places != list(rows):
                rows = self._straight([], numbers)
        self._tapes[Tape(x, 0)] = rows

    def _loop(self, loop: Instruction) -> None:
        code: LoopCode = loop.number
        count = _count(loop) or 0
        inits, results = loop.operands[: code.state], code.body.outputs
        if not count:
            self._tapes.update((Tape(loop, column), range(0)) for column in range(len(code.columns)))
            self._same.update((x, self._there(inits[x.number])) for x in self._asked.get(loop, ()))
            return
        turn = _Turn(code, count, [self._shared(x) for x in loop.operands[: code.state + code.outside]])
        turn.rows = [self._tapes[tape] for tape in code.tapes]
        turns = turn.turns()
        for number, column in enumerate(code.columns):
            step = turn.step(results[column.place] if column.is_output else turn.carries[column.place])
            if step not in turns.kept:
                turns.kept[step] = self._new(count).start
            rows = range(turns.kept[step], turns.kept[step] + count)
            self._tapes[Tape(loop, number)] = rows[::-1] if code.is_backward else rows
        for x in self._asked.get(loop, ()):
            if turn.is_left(x.number):
                self._same[x] = self._there(inits[x.number])
                continue
            step = turn.step(results[x.number])
            if step in turns.kept:
                self._address[x] = turns.kept[step] + count - 1
                continue
            if step not in turns.final:
                turns.final[step] = self._new(1).start
            self._address[x] = turns.final[step]
        self._parts.append(turns)


class _Turn:
    """The steps of a turn of a loop.

    Args:
        code: what it does.
        count: how many turns there are.
        given: what there is before the first: the state, and what is from outside.

    Attributes:
        carries: the instructions of the body that read the state.
        rows: the tapes that it reads.
    """

    def __init__(self, code: LoopCode, count: int, given: Sequence[Shared]) -> None:
        self._code, self._count, self._given = code, count, given
        self.rows: list[Sequence[Instruction] | range] = []
        self._m = Builder(strict=True)
        inputs = {x.number: x for x in code.body.instructions if x.op == "input"}
        self.carries = [
            inputs[place] if place in inputs else self._m.make("input", (), place) for place in range(code.state)
        ]
        self._steps = [x for x in code.body.instructions if not x.is_given]
        self._place = {x: place for place, x in enumerate(self._steps)}
        # a state that becomes what is no step, but a number of the state of the turn before
        for result, carry in zip(code.body.outputs, self.carries, strict=False):
            if result is not carry:
                self.step(result)
        self._sources: list[list[Source]] = []

    def is_left(self, place: int) -> bool:
        """Whether a number of the state stays what it was."""
        return self._code.body.outputs[place] is self.carries[place]

    def step(self, x: Instruction) -> int:
        """The step that gives `x`: one that copies it, if it is none itself."""
        if x not in self._place:
            self._place[x] = len(self._steps)
            self._steps.append(self._m.make("where", (self._m.constant(True), x, x)))
        return self._place[x]

    def turns(self) -> Turns:
        """The loop, of which nothing is kept yet; steps that are asked for later are a part of it too."""
        for column in self._code.columns:
            self.step(self._code.body.outputs[column.place] if column.is_output else self.carries[column.place])
        sources = [[self._source(operand) for operand in x.operands] for x in self._steps]
        return Turns(self._count, self._steps, sources)

    def _source(self, x: Instruction) -> Source:
        code, last = self._code, self._count - 1
        if x.op == "constant":
            return Shared(x, None)
        if x.op != "input":
            return Local(self._place[x])
        place: int = x.number
        if place < code.state:
            result, first = code.body.outputs[place], self._given[place]
            return first if self.is_left(place) else Carried(self._place[result], first)
        if place == code.state:
            return Index(last, -1) if code.is_backward else Index(0, 1)
        place -= code.state + 1
        if place >= len(code.tapes):
            return self._given[code.state + place - len(code.tapes)]
        rows = self.rows[place][: self._count]
        rows = rows[::-1] if code.is_backward else rows
        if isinstance(rows, range):
            return Memory(list(rows)) if last else Shared(x, rows[0])
        return Constants([row.number for row in rows])
