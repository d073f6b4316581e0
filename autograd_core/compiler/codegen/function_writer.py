"""Small helpers to write LLVM functions with loops and calls, on llvmlite's builder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from autograd_core.compiler.program import elements
from autograd_core.compiler.program.elements import Element

__all__ = ["DOUBLE", "FREE", "I1", "I32", "I64", "MALLOC", "MEMCPY", "POINTER", "VOID", "FunctionWriter", "type_of"]

I1 = ir.IntType(1)
I32 = ir.IntType(32)
I64 = ir.IntType(64)
DOUBLE = ir.DoubleType()
FLOAT = ir.FloatType()
POINTER = ir.PointerType()
VOID = ir.VoidType()
MALLOC = ir.FunctionType(POINTER, [I64])
FREE = ir.FunctionType(VOID, [POINTER])
MEMCPY = ir.FunctionType(POINTER, [POINTER, POINTER, I64])
# The builder fills a table when it writes its first name, and another thread would find it half full.
ir.MetaDataString(ir.Module(), "").get_reference()
LANES = 8  # numbers that are converted at a time
_ALIGNMENT = {str(kind): size for kind, size in ((I32, 4), (I64, 8), (POINTER, 8))}


def type_of(element: Element) -> Any:
    """A type of numbers for llvmlite's builder."""
    return DOUBLE if element is elements.DOUBLE else FLOAT


class FunctionWriter:
    """One LLVM function that is being written: integer arithmetic, loads and stores by bytes, and loops.

    Args:
        module: where it goes.
        name: its symbol.
        kind: its type.
        internal: whether only this module sees it.
    """

    def __init__(self, module: Any, name: str, kind: Any, *, internal: bool = False) -> None:
        self.module = module
        self.function = ir.Function(module, kind, name)
        if internal:
            self.function.linkage = "internal"
        self.arguments = self.function.args
        self.build: Any = ir.IRBuilder(self.function.append_basic_block())

    def declared(self, name: str, kind: Any) -> Any:
        """A function of another module."""
        known = self.module.globals.get(name)
        return known if known is not None else ir.Function(self.module, kind, name)

    def at(self, pointer: Any, offset: Any) -> Any:
        """The address `offset` bytes behind `pointer`."""
        return self.build.gep(pointer, [_integer(offset)], source_etype=ir.IntType(8))

    def opaque(self, pointer: Any) -> Any:
        """The same as a pointer that says nothing of what it points to."""
        return self.build.inttoptr(self.build.ptrtoint(pointer, I64), POINTER)

    def load(self, kind: Any, pointer: Any, offset: Any = 0) -> Any:
        """What is `offset` bytes behind `pointer`. Numbers, and vectors of them, need not be aligned."""
        return self.build.load(self.at(pointer, offset), typ=kind, align=_ALIGNMENT.get(str(kind), 1))

    def store(self, value: Any, pointer: Any, offset: Any = 0) -> None:
        self.build.store(value, self.at(pointer, offset), align=_ALIGNMENT.get(str(value.type), 1))

    def add(self, *terms: Any) -> Any:
        total = _integer(terms[0])
        for term in terms[1:]:
            total = self.build.add(total, _integer(term))
        return total

    def multiply(self, a: Any, b: Any) -> Any:
        return self.build.mul(_integer(a), _integer(b))

    def total(self, pointer: Any, count: int) -> Any:
        """The sum of `count` doubles, one after another."""
        total = self.load(DOUBLE, pointer)
        for number in range(1, count):
            total = self.build.fadd(total, self.load(DOUBLE, pointer, 8 * number))
        return total

    def convert(self, source: Any, kind: Element, target: Any, wanted: Element, count: int) -> None:
        """Write `count` numbers of one type as numbers of another, which may be where they are if that is smaller."""
        whole = count - count % LANES
        for start, stop, lanes in ((0, whole, LANES), (whole, count, 1)):
            old, new = (type_of(each) if lanes == 1 else ir.VectorType(type_of(each), lanes) for each in (kind, wanted))
            with self.loop(start, stop, lanes) as i:
                numbers = self.load(old, source, self.multiply(i, kind.bytes))
                change = self.build.fpext if wanted.bytes > kind.bytes else self.build.fptrunc
                self.store(change(numbers, new), target, self.multiply(i, wanted.bytes))

    @contextmanager
    def loop(self, start: Any, stop: Any, step: Any = 1) -> Iterator[Any]:
        """The body runs for start, start + step, … below stop."""
        build = self.build
        before = build.block
        head = self.function.append_basic_block()
        body = self.function.append_basic_block()
        after = self.function.append_basic_block()
        build.branch(head)
        build.position_at_end(head)
        i = build.phi(I64)
        i.add_incoming(_integer(start), before)
        build.cbranch(build.icmp_signed("<", i, _integer(stop)), body, after)
        build.position_at_end(body)
        yield i
        i.add_incoming(build.add(i, _integer(step)), build.block)
        build.branch(head)
        build.position_at_end(after)

    def leave_unless(self, condition: Any, elsewhere: Any) -> None:
        """Go on here if `condition` holds, at the block `elsewhere` if not."""
        here = self.function.append_basic_block()
        self.build.cbranch(condition, here, elsewhere)
        self.build.position_at_end(here)


def _integer(value: Any) -> Any:
    return ir.Constant(I64, value) if isinstance(value, int) else value
