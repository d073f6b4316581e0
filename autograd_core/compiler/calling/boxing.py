"""Results put together in machine code: floats, lists, tuples and arrays."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from autograd_core.compiler.calling.objects import (
    ARRAY_DATA,
    LIST_ITEMS,
    NULL,
    TUPLE_ITEMS,
    Box,
    Boxed,
    ObjectFunction,
)
from autograd_core.compiler.codegen.function_writer import DOUBLE, I64, MEMCPY, POINTER

__all__ = ["Boxer"]


class Boxer:
    """Puts results together.

    Args:
        f: the function that does.
        new_array: the address of what makes arrays of a shape; only for results with arrays.
    """

    def __init__(self, f: ObjectFunction, new_array: Any = NULL) -> None:
        self.f = f
        self.new_array = new_array
        self.failed = f.function.append_basic_block()
        here = f.build.block
        f.build.position_at_end(self.failed)
        f.build.ret(NULL)
        f.build.position_at_end(here)

    def made(self, pointer: Any) -> Any:
        self.f.leave_unless(self.f.build.icmp_unsigned("!=", pointer, NULL), self.failed)
        return pointer

    def container(self, kind: type, size: int) -> tuple[Any, Any]:
        f = self.f
        make = f.python("PyTuple_New" if kind is tuple else "PyList_New", POINTER, I64)
        made = self.made(f.build.call(make, [ir.Constant(I64, size)]))
        return made, f.at(made, TUPLE_ITEMS) if kind is tuple else f.load(POINTER, made, LIST_ITEMS)

    def box(self, boxed: Boxed, outputs: Any) -> Any:
        """The result from its numbers, which lie one after another."""
        f = self.f
        if isinstance(boxed, Box):
            source = f.at(outputs, 8 * boxed.place)
            if boxed.shape is None:
                return f.build.call(f.python("PyFloat_FromDouble", POINTER, DOUBLE), [f.load(DOUBLE, source)])
            array, size = self.array(boxed.shape, None)
            copy = f.declared("memcpy", MEMCPY)
            f.build.call(copy, [f.load(POINTER, array, ARRAY_DATA), source, ir.Constant(I64, 8 * size)])
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
            data = f.load(POINTER, array, ARRAY_DATA)
            with f.loop(0, size) as i:
                at = f.multiply(f.add(i, boxed.place), 8)
                f.store(f.at(data, f.multiply(i, 8)), pointers, at)
                f.store(ir.Constant(I64, 8 * size), strides, at)
            return array
        made, items = self.container(boxed.kind, len(boxed.children))
        for number, child in enumerate(boxed.children):
            f.store(self.child(self.arrays(child, pointers, strides, count), made), items, 8 * number)
        return made

    def child(self, item: Any, parent: Any) -> Any:
        """`item`; if it could not be made, its parent is given up too."""
        f = self.f
        with f.build.if_then(f.build.icmp_unsigned("==", item, NULL), likely=False):
            f.let_go(parent)
            f.build.ret(NULL)
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
        size = 1
        for extent in shape:
            size *= extent
        return self.made(array), size
