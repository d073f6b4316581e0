"""Writes one loop of a kernel, and keeps its tapes.

A tape is memory that grows: rows, one for each turn, of vectors, one for each number that is kept. The kernel has a
table of all tapes: at its head what went wrong, if anything did, then for each tape its address, how many rows there is
room for, and how many are filled. A loop never takes more turns than there are rows in the tapes that it reads, and none
once something went wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.function_writer import DOUBLE, FREE, I1, I64, POINTER, FunctionWriter
from autograd_core.compiler.program.instructions import Instruction
from autograd_core.compiler.program.loops import LoopCode

__all__ = ["LoopWriter", "TapeTable", "splat", "vector_of"]

TOO_MANY_TURNS, NO_MEMORY = 1, 2
_WORDS = 3
"""Of an entry: the address, the rows that there is room for, and those that are filled."""
_FIRST_ROWS = 32
_REALLOC = ir.FunctionType(POINTER, [POINTER, I64])
_GROW = ir.FunctionType(I1, [POINTER, I64, I64, I64])


def vector_of(width: int) -> Any:
    """The type of a vector of samples, or of a point."""
    return DOUBLE if width == 1 else ir.VectorType(DOUBLE, width)


def splat(f: FunctionWriter, x: Any, width: int) -> Any:
    """A number in all lanes."""
    if width == 1:
        return x
    kind, mask = ir.VectorType(x.type, width), ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
    first = f.build.insert_element(ir.Constant(kind, ir.Undefined), x, ir.Constant(ir.IntType(32), 0))
    return f.build.shuffle_vector(first, ir.Constant(kind, ir.Undefined), mask)


class TapeTable:
    """The tapes of a kernel, by the instructions that make them: loops and stacks."""

    def __init__(self, module: Any, width: int) -> None:
        self.width = width
        self._columns: dict[Instruction, int] = {}
        self._place: dict[Instruction, int] = {}
        self._grow = _grow(module)

    def begin(self, f: FunctionWriter) -> Any:
        """The table, empty."""
        words = 1 + _WORDS * len(self._place)
        table = f.build.bitcast(f.build.alloca(I64, words), POINTER)
        for word in range(words):
            f.store(ir.Constant(I64, 0), table, 8 * word)
        return table

    def end(self, f: FunctionWriter, table: Any) -> None:
        """Give all memory back."""
        for place in self._place.values():
            f.build.call(f.declared("free", FREE), [f.load(POINTER, table, 8 + 8 * _WORDS * place)])

    def status(self, f: FunctionWriter, table: Any) -> Any:
        """0, or what went wrong."""
        return f.load(I64, table)

    def clear_status(self, f: FunctionWriter, table: Any) -> None:
        f.store(ir.Constant(I64, 0), table)

    def fail(self, f: FunctionWriter, table: Any, status: int) -> None:
        f.store(ir.Constant(I64, status), table)

    def entry(self, f: FunctionWriter, table: Any, source: Instruction, columns: int | None = None) -> Any:
        """The address of the entry of what makes a tape, whose rows have so many columns."""
        if columns is not None:
            self._columns[source] = columns
        place = self._place.setdefault(source, len(self._place))
        return f.at(table, 8 + 8 * _WORDS * place)

    def row_bytes(self, source: Instruction) -> int:
        return 8 * self.width * self._columns[source]

    def reserve(self, f: FunctionWriter, entry: Any, source: Instruction, rows: Any, most: int) -> Any:
        """Make room for so many rows, within so many bytes; whether there is."""
        row_bytes = self.row_bytes(source)
        return f.build.call(self._grow, [entry, rows, ir.Constant(I64, row_bytes), ir.Constant(I64, most)])

    def rows(self, f: FunctionWriter, entry: Any) -> Any:
        return f.load(I64, entry, 16)

    def set_rows(self, f: FunctionWriter, entry: Any, rows: Any) -> None:
        f.store(rows, entry, 16)

    def row(self, f: FunctionWriter, entry: Any, source: Instruction, index: Any) -> Any:
        """The address of a row."""
        return f.at(f.load(POINTER, entry), f.multiply(index, self.row_bytes(source)))

    def fill(self, f: FunctionWriter, table: Any, source: Instruction, numbers: Sequence[Any]) -> None:
        """Make a tape of numbers."""
        entry = self.entry(f, table, source, 1)
        rows = ir.Constant(I64, len(numbers))
        self.set_rows(f, entry, ir.Constant(I64, 0))
        with f.build.if_else(self.reserve(f, entry, source, rows, 1 << 60)) as (has_room, has_none):
            with has_room:
                start = f.load(POINTER, entry)
                for place, number in enumerate(numbers):
                    f.store(number, start, 8 * self.width * place)
                self.set_rows(f, entry, rows)
            with has_none:
                self.fail(f, table, NO_MEMORY)

    def read(
        self, f: FunctionWriter, table: Any, source: Instruction, column: int, turn: int, target: Any
    ) -> None:  # fmt: skip
        """Write one number of a tape to an address; 0 if it is not there."""
        entry, kind = self.entry(f, table, source), vector_of(self.width)
        index = ir.Constant(I64, turn)
        with f.build.if_else(f.build.icmp_signed("<", index, self.rows(f, entry))) as (there, not_there):
            with there:
                f.store(f.load(kind, self.row(f, entry, source, index), 8 * self.width * column), target)
            with not_there:
                f.store(ir.Constant(kind, None), target)


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
        last = None if count is None else self._turns_ahead(table, count, entry, read)
        self._turn_by_turn(table, rest, entry, read, count, last)

    def _turns_ahead(self, table: Any, count: Any, entry: Any, read: Sequence[Any]) -> Any:
        """How many turns there will be: of all lanes the most; none if something is wrong."""
        f, code, tapes = self._f, self._code, self._tapes
        most = ir.Constant(DOUBLE, float(code.max_turns + 1))
        longest: Any = None
        for lane in range(self._width):
            one = count if self._width == 1 else f.build.extract_element(count, ir.Constant(ir.IntType(32), lane))
            one = f.build.select(f.build.fcmp_ordered(">", one, ir.Constant(DOUBLE, 0.0)), one, ir.Constant(DOUBLE, 0.0))
            one = f.build.select(f.build.fcmp_ordered("<", one, most), one, most)
            turns = f.build.fptosi(one, I64)
            is_part = f.build.fcmp_ordered("<", f.build.sitofp(turns, DOUBLE), one)
            turns = f.add(turns, f.build.zext(is_part, I64))
            longest = turns if longest is None else f.build.select(f.build.icmp_signed(">", turns, longest), turns, longest)
        turns_of = f.build.alloca(I64)
        f.build.store(longest, turns_of)

        def stop_unless(holds: Any, status: int) -> None:
            with f.build.if_then(f.build.not_(holds), likely=False):
                tapes.fail(f, table, status)
            is_fine = f.build.icmp_signed("==", tapes.status(f, table), ir.Constant(I64, 0))
            f.build.store(f.build.select(is_fine, f.build.load(turns_of, typ=I64), ir.Constant(I64, 0)), turns_of)

        stop_unless(f.build.icmp_signed("<=", longest, ir.Constant(I64, code.max_turns)), TOO_MANY_TURNS)
        for each in read:
            stop_unless(f.build.icmp_signed("<=", longest, tapes.rows(f, each)), NO_MEMORY)
        if code.columns:
            turns = f.build.load(turns_of, typ=I64)
            most_bytes = code.max_memory * self._width
            stop_unless(tapes.reserve(f, entry, self._loop, turns, most_bytes), NO_MEMORY)
            tapes.set_rows(f, entry, f.build.load(turns_of, typ=I64))
        return f.build.load(turns_of, typ=I64)

    def _turn_by_turn(
        self, table: Any, rest: Any, entry: Any, read: Sequence[Any], count: Any, last: Any
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
            goes_on = self._any(active)
        else:
            active = build.fcmp_ordered("<", number, count)
            goes_on = build.icmp_signed("<", turn, last)
        is_fine = build.icmp_signed("==", tapes.status(f, table), ir.Constant(I64, 0))
        build.cbranch(build.and_(goes_on, is_fine), more, done)
        build.position_at_end(more)
        if last is None:
            self._leave(build.icmp_signed("<", turn, ir.Constant(I64, code.max_turns)), table, TOO_MANY_TURNS, done)
            if code.columns:
                room = tapes.reserve(f, entry, self._loop, f.add(turn, 1), code.max_memory * self._width)
                self._leave(room, table, NO_MEMORY, done)
        build.branch(body)
        build.position_at_end(body)
        for place, (tape, each) in enumerate(zip(code.tapes, read, strict=True)):
            row = tapes.row(f, each, tape.source, index)
            element = f.load(vector_of(self._width), row, 8 * self._width * tape.column)
            self._store(element, code.state + 1 + place)
        self._call(0, table, rest, self._at(self._given))
        is_fine = build.icmp_signed("==", tapes.status(f, table), ir.Constant(I64, 0))
        build.cbranch(is_fine, step, done)
        build.position_at_end(step)
        if code.columns:
            row = tapes.row(f, entry, self._loop, index)
            for place, column in enumerate(code.columns):
                kept = self._load(self._given + column.place if column.is_output else column.place)
                f.store(kept, row, 8 * self._width * place)
            if last is None:
                tapes.set_rows(f, entry, f.add(turn, 1))
        for place in range(code.state):
            old, new = self._load(place), self._load(self._given + place)
            self._store(new if self._width == 1 else build.select(active, new, old), place)
        one = splat(f, ir.Constant(DOUBLE, 1.0), self._width)
        taken = self._load(self.vectors - 1)
        counted = build.fadd(taken, one)
        self._store(counted if self._width == 1 else build.select(active, counted, taken), self.vectors - 1)
        turn.add_incoming(f.add(turn, 1), build.block)
        build.branch(head)
        build.position_at_end(done)

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


def _grow(module: Any) -> Any:
    """The function that makes room for rows in a tape, within so many bytes, and says whether there is."""
    f = FunctionWriter(module, "grow", _GROW, internal=True)
    build = f.build
    entry, rows, row_bytes, most = f.arguments
    room = f.load(I64, entry, 8)
    with build.if_then(build.icmp_signed("<=", rows, room)):
        build.ret(ir.Constant(I1, 1))
    twice = build.select(build.icmp_signed("<", room, ir.Constant(I64, _FIRST_ROWS // 2)),
                         ir.Constant(I64, _FIRST_ROWS), f.multiply(room, 2))  # fmt: skip
    wanted = build.select(build.icmp_signed(">", rows, twice), rows, twice)
    within = build.udiv(most, row_bytes)
    wanted = build.select(build.icmp_signed("<", wanted, within), wanted, within)
    with build.if_then(build.icmp_signed("<", wanted, rows), likely=False):
        build.ret(ir.Constant(I1, 0))
    memory = build.call(f.declared("realloc", _REALLOC), [f.load(POINTER, entry), f.multiply(wanted, row_bytes)])
    with build.if_then(build.icmp_unsigned("==", memory, ir.Constant(POINTER, None)), likely=False):
        build.ret(ir.Constant(I1, 0))
    f.store(memory, entry)
    f.store(wanted, entry, 8)
    build.ret(ir.Constant(I1, 1))
    return f.function
