"""The loop over a batch: blocks of samples, brought into contiguous columns where they are not, then the kernel.

It is the same code for every kernel, and is compiled once in a process.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.convention import DRIVE, KERNEL
from autograd_core.compiler.codegen.function_writer import (
    DOUBLE,
    FREE,
    I32,
    I64,
    MALLOC,
    POINTER,
    FunctionWriter,
    type_of,
)
from autograd_core.compiler.machine.code import Code
from autograd_core.compiler.machine.host import Tier, made_once
from autograd_core.compiler.program import elements
from autograd_core.compiler.program.elements import Element

__all__ = ["KernelSizes", "driver"]

LINE = 64
"""Bytes of a cache line."""


@dataclass(frozen=True)
class KernelSizes:
    """The sizes of a batched kernel.

    Attributes:
        width: samples in a vector.
        columns: how many inputs differ from sample to sample.
        outputs: how many numbers it gives for a sample.
        slots: vectors in the workspace.
        reduced: whether the outputs are summed over the samples.
        hidden: further sums, which nobody gets.
        may_need_care: whether all is to be done again, by other code, if a sum is nan.
        element: the type of the numbers.
    """

    width: int
    columns: int
    outputs: int
    slots: int
    reduced: bool
    hidden: int = 0
    may_need_care: bool = False
    element: Element = elements.DOUBLE

    @property
    def block(self) -> int:
        """Samples in a block: a whole number of vectors, 64 of them if their columns are few."""
        columns = self.columns + (0 if self.reduced else self.outputs)
        fitting = tuning.SCRATCH // (self.element.bytes * max(1, columns) * self.width)
        return self.width * max(4, min(64, fitting))

    def words(self, kernel: int) -> Any:
        """What the driver has to know of the kernel at an address."""
        outputs = self.outputs + self.hidden
        numbers = kernel, self.block, self.columns, outputs, self.slots, self.hidden, self.may_need_care
        return (ctypes.c_int64 * len(numbers))(*numbers)


@made_once
def driver(width: int, reduced: bool, element: Element = elements.DOUBLE) -> Code:
    """The code of the function ``drive``, called as `DRIVE` says, for vectors of that width, with or without sums."""
    writer = _Summed(width, element) if reduced else _Each(width, element)
    writer.write()
    return Code(str(writer.module), Tier(2, 2))


class _Driver:
    """Writes the driver; what is done with the results of a block is left to the two kinds of them."""

    reduced = False

    def __init__(self, width: int, element: Element) -> None:
        self.width, self.bytes = width, element.bytes
        self.number = type_of(element)
        self.module = ir.Module()
        self.f = f = FunctionWriter(self.module, DRIVE.name, DRIVE.llvm())
        sizes, self.bases, self.strides, self.shared, self.results, self.result_strides, self.first, self.stop = (
            f.arguments
        )
        words = (f.load(I64, sizes, 8 * i) for i in range(7))
        address, self.block, self.columns, self.outputs, self.slots, self.hidden, self.may_need_care = words
        self.kernel = f.build.inttoptr(address, KERNEL.llvm().as_pointer())
        self.vector = ir.VectorType(self.number, width)
        self.place: dict[str, Any] = {}

    def write(self) -> None:
        f = self.f
        memory = self.reserve()
        self.before()
        with f.loop(self.first, self.stop, self.block) as start:
            left = f.build.sub(self.stop, start)
            size = f.build.select(f.build.icmp_signed("<", left, self.block), left, self.block)
            padded = f.build.and_(f.add(size, self.width - 1), ir.Constant(I64, -self.width))
            self.bring_in(start, size, padded)
            self.run(start, size, f.build.icmp_signed("==", size, padded))
        status = self.after()
        f.build.call(f.declared("free", FREE), [memory])
        # what went past the cache is there before anyone hears that it is
        f.build.fence("seq_cst")
        f.build.ret(status)

    def reserve(self) -> Any:
        """One piece of memory, whose parts begin where a cache line begins: see `parts`."""
        f = self.f
        sizes = {
            name: f.build.and_(f.add(size, LINE - 1), ir.Constant(I64, -LINE)) for name, size in self.parts().items()
        }
        memory = f.build.call(f.declared("malloc", MALLOC), [f.add(LINE, *sizes.values())])
        with f.build.if_then(f.build.icmp_unsigned("==", memory, ir.Constant(POINTER, None)), likely=False):
            f.build.ret(ir.Constant(I32, -1))
        aligned = f.build.and_(f.add(f.build.ptrtoint(memory, I64), LINE - 1), ir.Constant(I64, -LINE))
        part = f.build.inttoptr(aligned, POINTER)
        for name, size in sizes.items():
            self.place[name], part = part, f.at(part, size)
        return memory

    def parts(self) -> dict[str, Any]:
        """The bytes of each part: workspace, addresses and columns of inputs, and of results, and their sums."""
        f = self.f
        per_output = self.width if self.reduced else self.block
        return {
            "workspace": f.multiply(self.slots, self.bytes * self.width),
            "inputs": f.multiply(self.columns, 8),
            "columns": f.multiply(f.multiply(self.columns, self.block), self.bytes),
            "outputs": f.multiply(f.add(self.outputs, 1), 8),
            "results": f.multiply(f.multiply(self.outputs, per_output), self.bytes),
            "totals": f.multiply(self.outputs, 8 * self.width if self.reduced else 0),
        }

    def bring_in(self, start: Any, size: Any, padded: Any) -> None:
        """The addresses of a block's columns: in the arrays themselves if these are contiguous, otherwise of copies."""
        f, place = self.f, self.place
        whole = f.build.icmp_signed("==", size, padded)
        with f.loop(0, self.columns) as c:
            stride = f.load(I64, self.strides, f.multiply(c, 8))
            source = f.at(f.load(POINTER, self.bases, f.multiply(c, 8)), f.multiply(start, stride))
            column = f.at(place["columns"], f.multiply(c, f.multiply(self.block, self.bytes)))
            direct = f.build.and_(whole, f.build.icmp_signed("==", stride, ir.Constant(I64, self.bytes)))
            f.store(f.build.select(direct, source, column), place["inputs"], f.multiply(c, 8))
            with f.build.if_then(f.build.not_(direct)):
                with f.loop(0, size) as j:
                    f.store(f.load(self.number, source, f.multiply(j, stride)), column, f.multiply(j, self.bytes))
                # the lanes behind the last sample repeat it
                last = f.load(self.number, column, f.multiply(f.add(size, -1), self.bytes))
                with f.loop(size, padded) as j:
                    f.store(last, column, f.multiply(j, self.bytes))

    def call_kernel(self, outputs: Any, size: Any) -> None:
        self.f.build.call(self.kernel, [self.place["inputs"], self.shared, self.place["workspace"], outputs, size])

    def before(self) -> None: ...

    def run(self, start: Any, size: Any, whole: Any) -> None:
        """Run the kernel over a block, which is `whole` if it is a whole number of vectors."""
        raise NotImplementedError

    def after(self) -> Any:
        """The status, see `DRIVE`."""
        return ir.Constant(I32, 0)


class _Summed(_Driver):
    """The results are summed over the samples."""

    reduced = True

    def before(self) -> None:
        self.wide = ir.VectorType(DOUBLE, self.width)
        self.zero(self.place["totals"], self.wide, 8)

    def run(self, start: Any, size: Any, whole: Any) -> None:
        f, place = self.f, self.place
        self.zero(place["results"], self.vector, self.bytes)
        self.call_kernel(place["results"], size)
        # block by block, which rounds less than one long sum; and in doubles
        with f.loop(0, self.outputs) as k:
            part = f.load(self.vector, place["results"], f.multiply(k, self.bytes * self.width))
            part = part if part.type == self.wide else f.build.fpext(part, self.wide)
            total = f.load(self.wide, place["totals"], f.multiply(k, 8 * self.width))
            f.store(f.build.fadd(total, part), place["totals"], f.multiply(k, 8 * self.width))

    def after(self) -> Any:
        f = self.f
        given = f.build.sub(self.outputs, self.hidden)
        are_nan = f.build.alloca(I32)
        f.store(ir.Constant(I32, 0), are_nan)
        with f.loop(0, self.outputs) as k:
            total = self.total(f.at(self.place["totals"], f.multiply(k, 8 * self.width)))
            with f.build.if_then(f.build.icmp_signed("<", k, given)):
                f.store(total, self.results, f.multiply(k, 8))
            is_nan = f.build.zext(f.build.fcmp_unordered("uno", total, total), I32)
            f.store(f.build.or_(f.load(I32, are_nan), is_nan), are_nan)
        return f.build.and_(f.load(I32, are_nan), f.build.trunc(self.may_need_care, I32))

    def total(self, pointer: Any) -> Any:
        """The sum of all lanes: one after another, or halves first, which is quicker for many."""
        f, lanes = self.f, self.width
        if self.number == DOUBLE:
            return f.total(pointer, lanes)
        part = f.load(self.wide, pointer)
        while lanes > 1:
            lanes //= 2
            halves = (range(lanes), range(lanes, 2 * lanes))
            kinds = [ir.Constant(ir.VectorType(I32, lanes), list(half)) for half in halves]
            part = f.build.fadd(
                *(f.build.shuffle_vector(part, ir.Constant(part.type, ir.Undefined), kind) for kind in kinds)
            )
        return f.build.extract_element(part, ir.Constant(I64, 0))

    def zero(self, pointer: Any, kind: Any, size: int) -> None:
        f = self.f
        with f.loop(0, self.outputs) as i:
            f.store(ir.Constant(kind, None), pointer, f.multiply(i, size * self.width))


class _Each(_Driver):
    """There is a result for each sample."""

    def before(self) -> None:
        """Find out whether results go past the cache: if there are many, and all of them in whole lines."""
        f = self.f
        bytes_written = f.multiply(f.multiply(f.build.sub(self.stop, self.first), self.outputs), self.bytes)
        are_many = f.build.icmp_signed(">=", bytes_written, ir.Constant(I64, tuning.STREAMED))
        self.is_past, self.are_apart = f.build.alloca(I64), f.build.alloca(I64)
        f.store(f.build.zext(are_many, I64), self.is_past)
        with f.loop(0, self.outputs) as k:
            target, stride = self.target(self.first, k)
            off = f.build.or_(
                f.build.and_(f.build.ptrtoint(target, I64), ir.Constant(I64, LINE - 1)),
                f.build.xor(stride, ir.Constant(I64, self.bytes)),
            )
            fills_lines = f.build.zext(f.build.icmp_signed("==", off, ir.Constant(I64, 0)), I64)
            f.store(f.build.and_(f.load(I64, self.is_past), fills_lines), self.is_past)

    def run(self, start: Any, size: Any, whole: Any) -> None:
        f, place = self.f, self.place
        f.store(ir.Constant(I64, 0), self.are_apart)
        with f.loop(0, self.outputs) as k:
            target, stride = self.target(start, k)
            direct = f.build.and_(whole, f.build.icmp_signed("==", stride, ir.Constant(I64, self.bytes)))
            column = f.at(place["results"], f.multiply(k, f.multiply(self.block, self.bytes)))
            f.store(f.build.select(direct, target, column), place["outputs"], f.multiply(k, 8))
            is_apart = f.build.zext(f.build.not_(direct), I64)
            f.store(f.build.or_(f.load(I64, self.are_apart), is_apart), self.are_apart)
        is_past = f.build.and_(f.load(I64, self.is_past), f.build.zext(whole, I64))
        f.store(is_past, place["outputs"], f.multiply(self.outputs, 8))
        self.call_kernel(place["outputs"], size)
        with f.build.if_then(f.build.icmp_unsigned("!=", f.load(I64, self.are_apart), ir.Constant(I64, 0))):
            self.bring_out(start, size)

    def bring_out(self, start: Any, size: Any) -> None:
        """Put what the kernel wrote elsewhere into its place.

        Vector by vector, not column by column: what lies side by side is then written at about the same time.
        """
        f, place = self.f, self.place
        vectors = f.build.and_(size, ir.Constant(I64, -self.width))
        with f.loop(0, vectors, self.width) as j, f.loop(0, self.outputs) as k:
            target, stride = self.target(start, k)
            column = f.load(POINTER, place["outputs"], f.multiply(k, 8))
            with f.build.if_then(f.build.icmp_unsigned("!=", column, target)):
                numbers = f.load(self.vector, column, f.multiply(j, self.bytes))
                for lane in range(self.width):
                    number = f.build.extract_element(numbers, ir.Constant(I64, lane))
                    f.store(number, target, f.multiply(f.add(j, lane), stride))
        with f.loop(vectors, size) as j, f.loop(0, self.outputs) as k:
            target, stride = self.target(start, k)
            column = f.load(POINTER, place["outputs"], f.multiply(k, 8))
            f.store(f.load(self.number, column, f.multiply(j, self.bytes)), target, f.multiply(j, stride))

    def target(self, start: Any, k: Any) -> tuple[Any, Any]:
        """Where the k-th output of a block belongs, and how far apart its numbers are there."""
        f = self.f
        stride = f.load(I64, self.result_strides, f.multiply(k, 8))
        return f.at(f.load(POINTER, self.results, f.multiply(k, 8)), f.multiply(start, stride)), stride
