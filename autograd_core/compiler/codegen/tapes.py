"""The tapes of a kernel: memory that grows, with a row for each turn of a loop, of vectors, one for each number kept.

The kernel has a table of all tapes: at its head what went wrong, if anything did, and which lanes of a vector take part
in what is done now; then for each tape its address, how many rows there is room for, and how many are filled. A loop
never takes more turns than there are rows in the tapes that it reads, and none once something went wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.function_writer import DOUBLE, FREE, I1, I64, MEMCPY, POINTER, FunctionWriter
from autograd_core.compiler.program.instructions import Instruction

__all__ = ["NOT_WHOLE", "NO_MEMORY", "TOO_MANY_TURNS", "TapeTable", "copy_vectors", "splat", "vector_of"]

TOO_MANY_TURNS, NO_MEMORY, NOT_WHOLE = 1, 2, 3
"""What may go wrong; see `autograd_core.transforms.loop_nodes.made_loop`."""
_WORDS = 3
"""Of an entry: the address, the rows that there is room for, and those that are filled."""
_FIRST_ROWS = 32
_MOVED_AT_ONCE = 8
"""Vectors that are moved by instructions of their own."""
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


def copy_vectors(f: FunctionWriter, source: Any, target: Any, count: int, width: int) -> None:
    """Copy vectors that lie side by side, to where they do not overlap."""
    if count > _MOVED_AT_ONCE:
        f.build.call(f.declared("memcpy", MEMCPY), [target, source, ir.Constant(I64, 8 * width * count)])
        return
    for place in range(count):
        f.store(f.load(vector_of(width), source, 8 * width * place), target, 8 * width * place)


class TapeTable:
    """The tapes of a kernel, by the instructions that make them: loops and stacks."""

    def __init__(self, module: Any, width: int) -> None:
        self.width = width
        self._first = 8 + 8 * width  # byte of the first entry
        self._columns: dict[Instruction, int] = {}
        self._place: dict[Instruction, int] = {}
        self._grow = _grow(module)

    def begin(self, f: FunctionWriter) -> Any:
        """The table, empty."""
        words = self._first // 8 + _WORDS * len(self._place)
        # as a pointer that says nothing of what it points to
        table = f.build.inttoptr(f.build.ptrtoint(f.build.alloca(I64, words), I64), POINTER)
        for word in range(words):
            f.store(ir.Constant(I64, 0), table, 8 * word)
        return table

    def start(self, f: FunctionWriter, table: Any) -> None:
        """Nothing is wrong yet, and all lanes take part."""
        self.fail(f, table, 0)
        self.let_take_part(f, table, ir.Constant(ir.VectorType(I1, self.width), [1] * self.width))

    def lanes(self, f: FunctionWriter, table: Any) -> Any:
        """Which lanes of a vector take part. The others may hold anything, so that a loop of theirs might never end."""
        kind = vector_of(self.width)
        return f.build.fcmp_ordered("!=", f.load(kind, table, 8), ir.Constant(kind, None))

    def let_take_part(self, f: FunctionWriter, table: Any, lanes: Any) -> None:
        kind = vector_of(self.width)
        ones = ir.Constant(kind, [1.0] * self.width)
        f.store(f.build.select(lanes, ones, ir.Constant(kind, None)), table, 8)

    def end(self, f: FunctionWriter, table: Any) -> None:
        """Give all memory back."""
        for place in self._place.values():
            f.build.call(f.declared("free", FREE), [f.load(POINTER, table, self._first + 8 * _WORDS * place)])

    def status(self, f: FunctionWriter, table: Any) -> Any:
        """0, or what went wrong."""
        return f.load(I64, table)

    def fail(self, f: FunctionWriter, table: Any, status: int) -> None:
        f.store(ir.Constant(I64, status), table)

    def entry(self, f: FunctionWriter, table: Any, source: Instruction, columns: int | None = None) -> Any:
        """The address of the entry of what makes a tape, whose rows have so many columns."""
        if columns is not None:
            self._columns[source] = columns
        place = self._place.setdefault(source, len(self._place))
        return f.at(table, self._first + 8 * _WORDS * place)

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
