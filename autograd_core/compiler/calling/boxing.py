"""Arguments taken apart in machine code, and results put together.

Numbers are copied; of mapped arrays the columns are found where they lie. Results are floats, lists, tuples and arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from autograd_core.compiler.calling import objects as py
from autograd_core.compiler.calling.objects import Box, Boxed, ObjectFunction
from autograd_core.compiler.codegen.function_writer import DOUBLE, I32, I64, MEMCPY, POINTER, VOID
from autograd_core.compiler.program import elements
from autograd_core.compiler.program.elements import Element

__all__ = ["Boxer", "Unboxer"]


class Unboxer:
    """Takes arguments apart: mapped arrays of a type of numbers, and shared numbers, which become numbers of it too."""

    def __init__(self, f: ObjectFunction, general: Any, shared: Any, element: Element = elements.DOUBLE) -> None:
        self.f = f
        self.element = element
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
        self.want(f.is_object(f.load(POINTER, item, py.TYPE), boxed.kind))
        size = len(boxed.children)
        self.want(f.build.icmp_signed("==", f.load(I64, item, py.SIZE), ir.Constant(I64, size)))
        items = f.at(item, py.TUPLE_ITEMS) if boxed.kind is tuple else f.load(POINTER, item, py.LIST_ITEMS)
        if boxed.holds_numbers:
            target = f.at(self.shared, 8 * boxed.children[0].place)  # type: ignore[union-attr]  # all are numbers
            self.want(f.build.call(f.module.globals["read_numbers"], [items, ir.Constant(I64, size), target]))
            return
        for number, child in enumerate(boxed.children):
            self.unbox(child, f.load(POINTER, items, 8 * number))

    def _is_of(self, item: Any, element: Element) -> Any:
        """Whether the numbers of an array are of a type."""
        import numpy as np

        return self.f.is_object(self.f.load(POINTER, item, py.ARRAY_DESCR), np.dtype(element.name))

    def _array(self, item: Any, ndim: int) -> tuple[Any, Any]:
        """The extents and strides of an array."""
        import numpy as np

        f = self.f
        self.want(f.is_object(f.load(POINTER, item, py.TYPE), np.ndarray))
        self.want(f.build.icmp_signed("==", f.load(I32, item, py.ARRAY_NDIM), ir.Constant(I32, ndim)))
        return f.load(POINTER, item, py.ARRAY_DIMENSIONS), f.load(POINTER, item, py.ARRAY_STRIDES)

    def array(self, box: Box, item: Any) -> None:
        """A shared array, which is contiguous."""
        f = self.f
        shape = box.shape or ()
        extents, strides = self._array(item, len(shape))
        is_double = self._is_of(item, elements.DOUBLE)
        if self.element is elements.DOUBLE:
            self.want(is_double)
            stride: Any = ir.Constant(I64, 8)
        else:
            self.want(f.build.or_(is_double, self._is_of(item, self.element)))
            stride = f.build.select(
                is_double, *(ir.Constant(I64, each.bytes) for each in (elements.DOUBLE, self.element))
            )
        for axis in reversed(range(len(shape))):
            self.want(f.build.icmp_signed("==", f.load(I64, extents, 8 * axis), ir.Constant(I64, shape[axis])))
            self.want(f.build.icmp_signed("==", f.load(I64, strides, 8 * axis), stride))
            stride = f.multiply(stride, shape[axis])
        data, target = f.load(POINTER, item, py.ARRAY_DATA), f.at(self.shared, 8 * box.place)
        copy = f.declared("memcpy", MEMCPY)
        if self.element is elements.DOUBLE:
            f.build.call(copy, [target, data, stride])
            return
        with f.build.if_else(is_double) as (doubles, others):
            with doubles:
                f.build.call(copy, [target, data, stride])
            with others:
                f.convert(data, self.element, target, elements.DOUBLE, math.prod(shape))

    def narrow(self, count: int) -> None:
        """Make so many shared numbers, which are doubles, numbers of the type that is wanted, in their place."""
        if self.element is not elements.DOUBLE:
            self.f.convert(self.shared, elements.DOUBLE, self.shared, self.element, count)

    def mapped(self, box: Box, item: Any) -> None:
        """A mapped array: where each of its columns is."""
        f = self.f
        assert box.axis is not None
        shape = box.shape or ()
        extents, strides = self._array(item, len(shape) + 1)
        self.want(self._is_of(item, self.element))
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
        data, step = f.load(POINTER, item, py.ARRAY_DATA), f.load(I64, strides, 8 * axis)
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


class Boxer:
    """Puts results together.

    Args:
        f: the function that does.
        new_array: the address of what makes arrays of a shape; only for results with arrays.
        element: the type of the numbers of a result for each sample.
    """

    def __init__(self, f: ObjectFunction, new_array: Any = py.NULL, element: Element = elements.DOUBLE) -> None:
        self.f = f
        self.new_array = new_array
        self.bytes = element.bytes
        self.failed = f.function.append_basic_block()
        here = f.build.block
        f.build.position_at_end(self.failed)
        f.build.ret(py.NULL)
        f.build.position_at_end(here)

    def made(self, pointer: Any) -> Any:
        self.f.leave_unless(self.f.build.icmp_unsigned("!=", pointer, py.NULL), self.failed)
        return pointer

    def container(self, kind: type, size: int) -> tuple[Any, Any]:
        f = self.f
        make = f.python("PyTuple_New" if kind is tuple else "PyList_New", POINTER, I64)
        made = self.made(f.build.call(make, [ir.Constant(I64, size)]))
        return made, f.at(made, py.TUPLE_ITEMS) if kind is tuple else f.load(POINTER, made, py.LIST_ITEMS)

    def box(self, boxed: Boxed, outputs: Any) -> Any:
        """The result from its numbers, which lie one after another."""
        f = self.f
        if isinstance(boxed, Box):
            source = f.at(outputs, 8 * boxed.place)
            if boxed.shape is None:
                return f.build.call(f.python("PyFloat_FromDouble", POINTER, DOUBLE), [f.load(DOUBLE, source)])
            array, size = self.array(boxed.shape, None)
            copy = f.declared("memcpy", MEMCPY)
            f.build.call(copy, [f.load(POINTER, array, py.ARRAY_DATA), source, ir.Constant(I64, 8 * size)])
            return array
        made, items = self.container(boxed.kind, len(boxed.children))
        children = boxed.children
        if boxed.holds_numbers:
            source = f.at(outputs, 8 * children[0].place)  # type: ignore[union-attr]  # all are numbers
            count = ir.Constant(I64, len(children))
            return f.build.call(f.module.globals["fill"], [made, items, count, source])
        for number, child in enumerate(children):
            f.store(self.child(self.box(child, outputs), made), items, 8 * number)
        return made

    def arrays(self, boxed: Boxed, pointers: Any, strides: Any, count: Any) -> Any:
        """The result as arrays of `count` samples, yet to be filled; where their columns are is stored."""
        f = self.f
        if isinstance(boxed, Box):
            array, size = self.array(boxed.shape or (), count)
            data = f.load(POINTER, array, py.ARRAY_DATA)
            with f.loop(0, size) as i:
                at = f.multiply(f.add(i, boxed.place), 8)
                f.store(f.at(data, f.multiply(i, self.bytes)), pointers, at)
                f.store(ir.Constant(I64, self.bytes * size), strides, at)
            return array
        made, items = self.container(boxed.kind, len(boxed.children))
        for number, child in enumerate(boxed.children):
            f.store(self.child(self.arrays(child, pointers, strides, count), made), items, 8 * number)
        return made

    def child(self, item: Any, parent: Any) -> Any:
        """`item`; if it could not be made, its parent is given up too."""
        f = self.f
        with f.build.if_then(f.build.icmp_unsigned("==", item, py.NULL), likely=False):
            f.let_go(parent)
            f.build.ret(py.NULL)
        return item

    def array(self, shape: tuple[int, ...], count: Any) -> tuple[Any, int]:
        """A new array of a shape, after an axis of `count` if there is one; and the size of the shape."""
        f = self.f
        extents = ([] if count is None else [count]) + [ir.Constant(I64, extent) for extent in shape]
        wanted, items = self.container(tuple, len(extents))
        make = f.python("PyLong_FromSsize_t", POINTER, I64)
        for number, extent in enumerate(extents):
            f.store(self.child(f.build.call(make, [extent]), wanted), items, 8 * number)
        array = f.call_object(self.new_array, wanted)
        return self.made(array), math.prod(shape)
