"""Writes one loop of a kernel: turn by turn, it calls the code of its body between vectors that lie side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.function_writer import DOUBLE, I32, I64, FunctionWriter
from autograd_core.compiler.codegen.tapes import (
    NO_MEMORY,
    NOT_WHOLE,
    TOO_MANY_TURNS,
    TapeTable,
    copy_vectors,
    splat,
    vector_of,
)
from autograd_core.compiler.program.instructions import Instruction
from autograd_core.compiler.program.loops import LoopCode

__all__ = ["LoopWriter"]

_TRUNC = ir.FunctionType(DOUBLE, [DOUBLE])


class LoopWriter:
    """Writes a loop.

    Its area has the vectors that the body reads (the state, the number of the turn, elements of tapes, what is from
    outside), those that it leaves, the condition, and the number of turns.

    Args:
        f: the function that it is in.
        loop: its instruction.
        tapes: the tapes of the kernel.
        functions: the names of the functions of its body and of its condition, and the doubles of their workspaces.

    Attributes:
        area: where it is, before anything is written.
        vectors: the size of the area.
        scratch: the doubles that its functions need.
    """

    def __init__(
        self, f: FunctionWriter, loop: Instruction, tapes: TapeTable, functions: Sequence[tuple[str, int]]
    ) -> None:
        self._f, self._loop, self._tapes = f, loop, tapes
        self._code: LoopCode = loop.number
        self._width = tapes.width
        self._names = [name for name, _ in functions]
        self.scratch = max(size for _, size in functions)
        self._given, self._left = self._code.body.inputs, len(self._code.body.outputs)
        self.vectors = self._given + self._left + 2
        self.area: Any = None

    def _at(self, place: int) -> Any:
        return self._f.at(self.area, 8 * self._width * place)

    def _load(self, place: int) -> Any:
        return self._f.load(vector_of(self._width), self.area, 8 * self._width * place)

    def _store(self, vector: Any, place: int) -> None:
        self._f.store(vector, self.area, 8 * self._width * place)

    def final(self, number: int) -> Any:
        """A number of the final state."""
        return self._load(number)

    def turns(self) -> Any:
        """How many turns it took."""
        return self._load(self.vectors - 1)

    def write(self, table: Any, rest: Any, operands: Sequence[Any]) -> None:
        """Write the loop.

        Args:
            table: the table of tapes.
            rest: workspace for its functions.
            operands: the initial state, what is from outside, and the number of turns if it is given.
        """
        f, code, tapes = self._f, self._code, self._tapes
        for place, x in enumerate(operands[: code.state]):
            self._store(x, place)
        outside = self._given - code.outside
        for place, x in enumerate(operands[code.state : code.state + code.outside]):
            self._store(x, outside + place)
        self._store(ir.Constant(vector_of(self._width), None), self.vectors - 1)
        count = operands[code.state + code.outside] if code.condition is None else None
        entry = tapes.entry(f, table, self._loop, len(code.columns))
        tapes.set_rows(f, entry, ir.Constant(I64, 0))
        read = [tapes.entry(f, table, tape.source) for tape in code.tapes]
        lanes = None
        if self._width > 1:
            lanes = tapes.lanes(f, table)
            if count is not None:
                count = f.build.select(lanes, count, ir.Constant(vector_of(self._width), None))
        last = None if count is None else self._turns_ahead(table, count, entry, read)
        self._turn_by_turn(table, rest, entry, read, count, last, lanes)
        if lanes is not None:
            tapes.let_take_part(f, table, lanes)

    def _turns_ahead(self, table: Any, count: Any, entry: Any, read: Sequence[Any]) -> Any:
        """How many turns there will be: of all lanes the most; none if something is wrong."""
        f, code, tapes, build = self._f, self._code, self._tapes, self._f.build
        most = ir.Constant(DOUBLE, float(code.max_turns + 1))
        nothing = ir.Constant(DOUBLE, 0.0)
        longest: Any = ir.Constant(I64, 0)
        for lane in range(self._width):
            one = count if self._width == 1 else build.extract_element(count, ir.Constant(I32, lane))
            is_whole = build.fcmp_ordered("==", one, build.call(f.declared("llvm.trunc.f64", _TRUNC), [one]))
            with build.if_then(build.not_(is_whole), likely=False):
                tapes.fail(f, table, NOT_WHOLE)
            one = build.select(build.fcmp_ordered(">", one, nothing), one, nothing)
            turns = build.fptosi(build.select(build.fcmp_ordered("<", one, most), one, most), I64)
            longest = build.select(build.icmp_signed(">", turns, longest), turns, longest)
        # if something went wrong, there is no turn
        turns_of = build.alloca(I64)
        build.store(build.select(self._is_fine(table), longest, ir.Constant(I64, 0)), turns_of)

        def stop_unless(holds: Any, status: int) -> None:
            with build.if_then(build.not_(holds), likely=False):
                tapes.fail(f, table, status)
                build.store(ir.Constant(I64, 0), turns_of)

        stop_unless(build.icmp_signed("<=", longest, ir.Constant(I64, code.max_turns)), TOO_MANY_TURNS)
        for each in read:
            turns = build.load(turns_of, typ=I64)
            stop_unless(build.icmp_signed("<=", turns, tapes.rows(f, each)), NO_MEMORY)
        turns = build.load(turns_of, typ=I64)
        if code.columns:
            stop_unless(tapes.reserve(f, entry, self._loop, turns, code.max_memory * self._width), NO_MEMORY)
            turns = build.load(turns_of, typ=I64)
            tapes.set_rows(f, entry, turns)
        return turns

    def _turn_by_turn(
        self, table: Any, rest: Any, entry: Any, read: Sequence[Any], count: Any, last: Any, lanes: Any
    ) -> None:  # fmt: skip
        f, code, tapes, build = self._f, self._code, self._tapes, self._f.build
        before = build.block
        head, more, body, step, done = (f.function.append_basic_block() for _ in range(5))
        build.branch(head)
        build.position_at_end(head)
        turn = build.phi(I64)
        turn.add_incoming(ir.Constant(I64, 0), before)
        index = turn
        if last is not None and code.is_backward:
            index = build.sub(build.sub(last, turn), ir.Constant(I64, 1))
        number = splat(f, build.sitofp(index, DOUBLE), self._width)
        self._store(number, code.state)
        if last is None:
            self._call(1, table, rest, self._at(self._given + self._left))
            zero = ir.Constant(vector_of(self._width), None)
            active = build.fcmp_unordered("!=", self._load(self._given + self._left), zero)
            active = active if lanes is None else build.and_(active, lanes)
            goes_on = self._any(active)
        else:
            active = build.fcmp_ordered("<", number, count)
            goes_on = build.icmp_signed("<", turn, last)
        build.cbranch(build.and_(goes_on, self._is_fine(table)), more, done)
        build.position_at_end(more)
        if last is None:
            self._leave(build.icmp_signed("<", turn, ir.Constant(I64, code.max_turns)), table, TOO_MANY_TURNS, done)
            if code.columns:
                room = tapes.reserve(f, entry, self._loop, f.add(turn, 1), code.max_memory * self._width)
                self._leave(room, table, NO_MEMORY, done)
        build.branch(body)
        build.position_at_end(body)
        self._read_tapes(index, read)
        if lanes is not None:
            tapes.let_take_part(f, table, active)
        self._call(0, table, rest, self._at(self._given))
        build.cbranch(self._is_fine(table), step, done)
        build.position_at_end(step)
        if lanes is not None:
            tapes.let_take_part(f, table, lanes)
        if code.columns:
            self._write_row(tapes.row(f, entry, self._loop, index))
            if last is None:
                tapes.set_rows(f, entry, f.add(turn, 1))
        self._advance(active)
        turn.add_incoming(f.add(turn, 1), build.block)
        build.branch(head)
        build.position_at_end(done)

    def _read_tapes(self, index: Any, read: Sequence[Any]) -> None:
        """Bring in the elements of a turn."""
        f, size = self._f, 8 * self._width
        first = self._code.state + 1
        places = [(tape.source, each, tape.column) for tape, each in zip(self._code.tapes, read, strict=True)]
        for start, count in _runs([(source, column) for source, _, column in places]):
            source, each, column = places[start]
            row = f.at(self._tapes.row(f, each, source, index), size * column)
            copy_vectors(f, row, self._at(first + start), count, self._width)

    def _write_row(self, row: Any) -> None:
        """Keep what the tape has of a turn."""
        f, columns = self._f, self._code.columns
        for start, count in _runs([(column.is_output, column.place) for column in columns]):
            is_output, place = columns[start]
            kept = self._at(self._given + place if is_output else place)
            copy_vectors(f, kept, f.at(row, 8 * self._width * start), count, self._width)

    def _advance(self, active: Any) -> None:
        """Make the results the state, in the lanes that are not done, and count the turn."""
        f, state, build = self._f, self._code.state, self._f.build
        taken = self._load(self.vectors - 1)
        counted = build.fadd(taken, splat(f, ir.Constant(DOUBLE, 1.0), self._width))
        if self._width == 1:
            copy_vectors(f, self._at(self._given), self._at(0), state, 1)
            self._store(counted, self.vectors - 1)
            return
        self._store(build.select(active, counted, taken), self.vectors - 1)
        size, kind = 8 * self._width, vector_of(self._width)
        with f.loop(0, state) as place:
            offset = f.multiply(place, size)
            old, new = f.load(kind, self.area, offset), f.load(kind, self._at(self._given), offset)
            f.store(build.select(active, new, old), self.area, offset)

    def _is_fine(self, table: Any) -> Any:
        return self._f.build.icmp_signed("==", self._tapes.status(self._f, table), ir.Constant(I64, 0))

    def _call(self, function: int, table: Any, rest: Any, target: Any) -> None:
        run = self._f.declared(self._names[function], KERNEL.llvm())
        self._f.build.call(run, [table, self.area, rest, target, ir.Constant(I64, 1)])

    def _any(self, active: Any) -> Any:
        if self._width == 1:
            return active
        bits = self._f.build.bitcast(active, ir.IntType(self._width))
        return self._f.build.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(self._width), 0))

    def _leave(self, holds: Any, table: Any, status: int, elsewhere: Any) -> None:
        """Go on here if a limit holds; otherwise note that it does not, and end the loop."""
        build = self._f.build
        here, exceeded = self._f.function.append_basic_block(), self._f.function.append_basic_block()
        build.cbranch(holds, here, exceeded)
        build.position_at_end(exceeded)
        self._tapes.fail(self._f, table, status)
        build.branch(elsewhere)
        build.position_at_end(here)


def _runs(places: Sequence[tuple[Any, int]]) -> Iterator[tuple[int, int]]:
    """The first, and the number, of each run of places of which each follows on the one before."""
    start = 0
    for end in range(1, len(places) + 1):
        if end == len(places) or places[end] != (places[end - 1][0], places[end - 1][1] + 1):
            yield start, end - start
            start = end
