"""Arguments taken apart in machine code: numbers are copied, the columns of mapped arrays found where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from autograd_core.compiler.calling.objects import (
    ARRAY_DATA,
    ARRAY_DESCR,
    ARRAY_DIMENSIONS,
    ARRAY_NDIM,
    ARRAY_STRIDES,
    LIST_ITEMS,
    SIZE,
    TUPLE_ITEMS,
    TYPE,
    Box,
    Boxed,
    ObjectFunction,
)
from autograd_core.compiler.codegen.function_writer import I32, I64, MEMCPY, POINTER, VOID

__all__ = ["Unboxer"]


class Unboxer:
    """Takes arguments apart."""

    def __init__(self, f: ObjectFunction, general: Any, shared: Any) -> None:
        self.f = f
        self.general = general
        self.shared = shared
        self.bases: Any = None
        self.strides: Any = None
        self.count: Any = None
        self.arrays: list[Any] = []

    def want(self, condition: Any) -> None:
        self.f.leave_unless(condition, self.general)

    def unbox(self, boxed: Boxed, item: Any) -> None:
        f = self.f
        if isinstance(boxed, Box):
            if boxed.axis is not None:
                self.mapped(boxed, item)
            elif boxed.shape is not None:
                self.array(boxed, item)
            else:
                target = f.at(self.shared, 8 * boxed.place)
                self.want(f.build.call(f.module.globals["read_number"], [item, target]))
            return
        self.want(f.is_object(f.load(POINTER, item, TYPE), boxed.kind))
        size = len(boxed.children)
        self.want(f.build.icmp_signed("==", f.load(I64, item, SIZE), ir.Constant(I64, size)))
        items = f.at(item, TUPLE_ITEMS) if boxed.kind is tuple else f.load(POINTER, item, LIST_ITEMS)
        if boxed.holds_numbers:
            target = f.at(self.shared, 8 * boxed.children[0].place)  # type: ignore[union-attr]  # all are numbers
            self.want(f.build.call(f.module.globals["read_numbers"], [items, ir.Constant(I64, size), target]))
            return
        for number, child in enumerate(boxed.children):
            self.unbox(child, f.load(POINTER, items, 8 * number))

    def _float64_array(self, item: Any, ndim: int) -> tuple[Any, Any]:
        import numpy as np

        f = self.f
        self.want(f.is_object(f.load(POINTER, item, TYPE), np.ndarray))
        self.want(f.is_object(f.load(POINTER, item, ARRAY_DESCR), np.dtype(float)))
        self.want(f.build.icmp_signed("==", f.load(I32, item, ARRAY_NDIM), ir.Constant(I32, ndim)))
        return f.load(POINTER, item, ARRAY_DIMENSIONS), f.load(POINTER, item, ARRAY_STRIDES)

    def array(self, box: Box, item: Any) -> None:
        """A shared array, which is contiguous."""
        f = self.f
        shape = box.shape or ()
        extents, strides = self._float64_array(item, len(shape))
        stride = 8
        for axis in reversed(range(len(shape))):
            self.want(f.build.icmp_signed("==", f.load(I64, extents, 8 * axis), ir.Constant(I64, shape[axis])))
            self.want(f.build.icmp_signed("==", f.load(I64, strides, 8 * axis), ir.Constant(I64, stride)))
            stride *= shape[axis]
        data = f.load(POINTER, item, ARRAY_DATA)
        copy = f.declared("memcpy", MEMCPY)
        f.build.call(copy, [f.at(self.shared, 8 * box.place), data, ir.Constant(I64, stride)])

    def mapped(self, box: Box, item: Any) -> None:
        """A mapped array: where each of its columns is."""
        f = self.f
        assert box.axis is not None
        shape = box.shape or ()
        extents, strides = self._float64_array(item, len(shape) + 1)
        axis = box.axis
        others = [n for n in range(len(shape) + 1) if n != axis]
        for n, extent in zip(others, shape, strict=True):
            self.want(f.build.icmp_signed("==", f.load(I64, extents, 8 * n), ir.Constant(I64, extent)))
        count = f.load(I64, extents, 8 * axis)
        if self.count is None:
            self.count = count
        else:
            self.want(f.build.icmp_signed("==", count, self.count))
        self.arrays.append(item)
        data, step = f.load(POINTER, item, ARRAY_DATA), f.load(I64, strides, 8 * axis)
        bases = [data]
        for n, extent in zip(others, shape, strict=True):
            stride = f.load(I64, strides, 8 * n)
            bases = [f.at(base, f.multiply(stride, i)) for base in bases for i in range(extent)]
        for column, base in enumerate(bases, box.place):
            f.store(base, self.bases, 8 * column)
            f.store(step, self.strides, 8 * column)

    @contextmanager
    def arrays_held(self) -> Iterator[None]:
        """No mapped array is freed or resized, whatever other threads do to the containers that they are in."""
        for array in self.arrays:
            self.f.build.call(self.f.python("Py_IncRef", VOID, POINTER), [array])
        yield
        for array in self.arrays:
            self.f.let_go(array)
