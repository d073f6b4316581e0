"""The loop over a batch: blocks of samples, brought into contiguous columns where they are not, then the kernel.

It is the same code for every kernel, and is compiled once in a process.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.function_writer import DOUBLE, I32, I64, POINTER, VOID, Function
from autograd_core.compiler.machine import code as native

__all__ = ["DRIVE_TAKES", "Batch", "driver"]

DRIVE_TAKES = [POINTER] * 6 + [I64, I64]

SCRATCH = 1 << 17
"""Bytes of scratch columns at most, so that they stay in the processor's cache."""
LINE = 64
"""Bytes of a cache line."""
STREAMED = 1 << 22
"""Bytes of results in a piece from which they go to memory past the cache, where they would not stay anyway."""


@dataclass(frozen=True)
class Batch:
    """The sizes of a batched kernel.

    Attributes:
        width: samples in a vector.
        columns: how many inputs differ from sample to sample.
        outputs: how many numbers it gives for a sample.
        slots: vectors in the workspace.
        reduced: whether the outputs are summed over the samples.
    """

    width: int
    columns: int
    outputs: int
    slots: int
    reduced: bool

    @property
    def block(self) -> int:
        """Samples in a block: a whole number of vectors, 64 of them if their columns are few."""
        columns = self.columns + (0 if self.reduced else self.outputs)
        fitting = SCRATCH // (8 * max(1, columns) * self.width)
        return self.width * max(4, min(64, fitting))

    def words(self, kernel: int) -> Any:
        """What the driver has to know of the kernel at an address."""
        return (ctypes.c_int64 * 5)(kernel, self.block, self.columns, self.outputs, self.slots)


@cache
def driver(width: int, reduced: bool) -> native.Code:
    """The code of ``drive(batch, bases, strides, shared, outputs, output_strides, start, stop)``.

    `batch` points to the words of a `Batch`. `bases` and `strides` (in bytes) say where the columns are; `outputs` and
    `output_strides` the same of the results, one double each and without strides where they are summed. The samples
    from `start` to before `stop` are done. It returns 0, or −1 if memory ran out.
    """
    module = ir.Module()
    _write_driver(module, width, reduced)
    return native.Code(str(module), native.Tier(2, 2))


def _write_driver(module: Any, width: int, reduced: bool) -> None:
    f = Function(module, "drive", I32, DRIVE_TAKES)
    batch, bases, strides, shared, results, result_strides, first, stop = f.arguments
    address, block, columns, outputs, slots = (f.load(I64, batch, 8 * i) for i in range(5))
    kernel_type = ir.FunctionType(VOID, [POINTER, POINTER, POINTER, POINTER, I64])
    kernel = f.build.inttoptr(address, kernel_type.as_pointer())

    # One piece of memory: workspace, input pointers and columns, output pointers and columns or sums.
    sizes = {
        "workspace": f.multiply(slots, 8 * width),
        "inputs": f.multiply(columns, 8),
        "columns": f.multiply(f.multiply(columns, block), 8),
        "outputs": f.multiply(outputs, 8),
        "results": f.multiply(f.multiply(outputs, width if reduced else block), 8),
        "totals": f.multiply(outputs, 8 * width if reduced else 0),
    }
    # each part begins where a cache line begins
    sizes = {name: f.build.and_(f.add(size, LINE - 1), ir.Constant(I64, -LINE)) for name, size in sizes.items()}
    memory = f.build.call(f.declared("malloc", POINTER, [I64]), [f.add(LINE, *sizes.values())])
    with f.build.if_then(f.build.icmp_unsigned("==", memory, ir.Constant(POINTER, None)), likely=False):
        f.build.ret(ir.Constant(I32, -1))
    aligned = f.build.and_(f.add(f.build.ptrtoint(memory, I64), LINE - 1), ir.Constant(I64, -LINE))
    part, place = f.build.inttoptr(aligned, POINTER), {}
    for name, size in sizes.items():
        place[name], part = part, f.at(part, size)

    vector = ir.VectorType(DOUBLE, width)
    if reduced:
        _zero(f, place["totals"], outputs, vector)
    bytes_written = f.multiply(f.multiply(f.build.sub(stop, first), outputs), 8)
    are_many = f.build.icmp_signed(">=", bytes_written, ir.Constant(I64, STREAMED))
    with f.loop(first, stop, block) as start:
        left = f.build.sub(stop, start)
        size = f.build.select(f.build.icmp_signed("<", left, block), left, block)
        padded = f.build.and_(f.add(size, width - 1), ir.Constant(I64, -width))
        whole = f.build.icmp_signed("==", size, padded)
        with f.loop(0, columns) as c:
            stride = f.load(I64, strides, f.multiply(c, 8))
            source = f.at(f.load(POINTER, bases, f.multiply(c, 8)), f.multiply(start, stride))
            column = f.at(place["columns"], f.multiply(c, f.multiply(block, 8)))
            direct = f.build.and_(whole, f.build.icmp_signed("==", stride, ir.Constant(I64, 8)))
            f.store(f.build.select(direct, source, column), place["inputs"], f.multiply(c, 8))
            with f.build.if_then(f.build.not_(direct)):
                with f.loop(0, size) as j:
                    f.store(f.load(DOUBLE, source, f.multiply(j, stride)), column, f.multiply(j, 8))
                # the lanes behind the last sample repeat it
                last = f.load(DOUBLE, column, f.multiply(f.add(size, -1), 8))
                with f.loop(size, padded) as j:
                    f.store(last, column, f.multiply(j, 8))
        if reduced:
            _zero(f, place["results"], outputs, vector)
            f.build.call(kernel, [place["inputs"], shared, place["workspace"], place["results"], size])
            # block by block, which rounds less than one long sum
            with f.loop(0, outputs) as k:
                part = f.load(vector, place["results"], f.multiply(k, 8 * width))
                total = f.load(vector, place["totals"], f.multiply(k, 8 * width))
                f.store(f.build.fadd(total, part), place["totals"], f.multiply(k, 8 * width))
        else:
            with f.loop(0, outputs) as k:
                target, stride = _target(f, results, result_strides, start, k)
                direct = f.build.and_(whole, f.build.icmp_signed("==", stride, ir.Constant(I64, 8)))
                direct = f.build.and_(direct, f.build.not_(_is_streamed(f, are_many, target, stride)))
                column = f.at(place["results"], f.multiply(k, f.multiply(block, 8)))
                f.store(f.build.select(direct, target, column), place["outputs"], f.multiply(k, 8))
            f.build.call(kernel, [place["inputs"], shared, place["workspace"], place["outputs"], size])
            # Vector by vector, not column by column: what lies side by side is then written at about the same time.
            vectors = f.build.and_(size, ir.Constant(I64, -width))
            with f.loop(0, vectors, width) as j, f.loop(0, outputs) as k:
                target, stride = _target(f, results, result_strides, start, k)
                column = f.load(POINTER, place["outputs"], f.multiply(k, 8))
                with f.build.if_then(f.build.icmp_unsigned("!=", column, target)):
                    numbers = f.load(vector, column, f.multiply(j, 8))
                    streamed = _is_streamed(f, are_many, target, stride)
                    with f.build.if_else(streamed) as (whole_lines, lanes):
                        with whole_lines:
                            store = f.build.store(numbers, f.at(target, f.multiply(j, 8)), align=8 * width)
                            store.set_metadata("nontemporal", module.add_metadata([ir.Constant(I32, 1)]))
                        with lanes:
                            for lane in range(width):
                                number = f.build.extract_element(numbers, ir.Constant(I64, lane))
                                f.store(number, target, f.multiply(f.add(j, lane), stride))
            with f.loop(vectors, size) as j, f.loop(0, outputs) as k:
                target, stride = _target(f, results, result_strides, start, k)
                column = f.load(POINTER, place["outputs"], f.multiply(k, 8))
                f.store(f.load(DOUBLE, column, f.multiply(j, 8)), target, f.multiply(j, stride))
    if reduced:
        with f.loop(0, outputs) as k:
            total = f.total(f.at(place["totals"], f.multiply(k, 8 * width)), width)
            f.store(total, results, f.multiply(k, 8))
    f.build.call(f.declared("free", VOID, [POINTER]), [memory])
    # what went past the cache is there before anyone hears that it is
    f.build.fence("seq_cst")
    f.build.ret(ir.Constant(I32, 0))


def _target(f: Function, results: Any, strides: Any, start: Any, k: Any) -> tuple[Any, Any]:
    """Where the k-th output of a block belongs, and how far apart its numbers are there."""
    stride = f.load(I64, strides, f.multiply(k, 8))
    return f.at(f.load(POINTER, results, f.multiply(k, 8)), f.multiply(start, stride)), stride


def _is_streamed(f: Function, are_many: Any, target: Any, stride: Any) -> Any:
    """Whether an output goes past the cache: if there are many, and whole lines can be written."""
    off = f.build.and_(f.build.ptrtoint(target, I64), ir.Constant(I64, LINE - 1))
    fills_lines = f.build.and_(
        f.build.icmp_signed("==", off, ir.Constant(I64, 0)), f.build.icmp_signed("==", stride, ir.Constant(I64, 8))
    )
    return f.build.and_(are_many, fills_lines)


def _zero(f: Function, pointer: Any, vectors: Any, vector: Any) -> None:
    with f.loop(0, vectors) as i:
        f.store(ir.Constant(vector, None), pointer, f.multiply(i, 8 * vector.count))
