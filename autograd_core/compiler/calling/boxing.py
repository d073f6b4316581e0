"""Python objects in machine code: how numbers, containers and arrays are taken apart, and put together."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.function_writer import DOUBLE, I1, I32, I64, POINTER, VOID, Function

__all__ = ["NULL", "Container", "Giving", "Leaf", "Node", "ObjectFunction", "Reading", "usable", "write_helpers"]

TYPE, SIZE, FLOAT, LIST_ITEMS, TUPLE_ITEMS = 8, 16, 16, 24, 24
ARRAY_DATA, ARRAY_NDIM, ARRAY_DIMENSIONS, ARRAY_STRIDES, ARRAY_DESCR = 16, 24, 32, 40, 56


@dataclass(frozen=True)
class Leaf:
    """A number or an array: the place of its first number among the inputs or outputs, its shape, its mapped axis."""

    place: int
    shape: tuple[int, ...] | None
    axis: int | None = None


@dataclass(frozen=True)
class Container:
    """A list or a tuple."""

    kind: type
    children: Sequence[Container | Leaf]

    @property
    def holds_numbers(self) -> bool:
        """Whether all that is in it are numbers, each of which is shared by all samples."""
        return bool(self.children) and all(
            isinstance(child, Leaf) and child.shape is None and child.axis is None for child in self.children
        )


Node = Container | Leaf


@cache
def usable(*, arrays: bool) -> bool:
    """Whether objects lie in memory as this module expects."""
    sizes = (object, 16), (float, 24), (list, 40), (tuple, 24)
    if sys.implementation.name != "cpython" or any(kind.__basicsize__ != size for kind, size in sizes):
        return False
    if ctypes.c_double.from_address(id(0.75) + FLOAT).value != 0.75:
        return False
    if not arrays:
        return True
    import numpy as np

    probe = np.empty((3, 5))[:, 1:]

    def word(offset: int) -> int:
        return ctypes.c_int64.from_address(id(probe) + offset).value

    def words(offset: int) -> list[int]:
        return list((ctypes.c_int64 * 2).from_address(word(offset)))

    return (
        word(ARRAY_DATA) == probe.ctypes.data
        and ctypes.c_int32.from_address(id(probe) + ARRAY_NDIM).value == 2
        and words(ARRAY_DIMENSIONS) == [3, 4]
        and words(ARRAY_STRIDES) == [40, 8]
        and word(ARRAY_DESCR) == id(np.dtype(float))
    )


class ObjectFunction(Function):
    """A function over Python objects."""

    def python(self, name: str, returns: Any, *takes: Any) -> Any:
        """A function of CPython's interface, at its address in this process."""
        symbol = f"autograd_core_{name}"
        import llvmlite.binding

        pointer = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
        llvmlite.binding.add_symbol(symbol, pointer)
        return self.declared(symbol, returns, takes)

    def is_object(self, pointer: Any, known: Any) -> Any:
        return self.build.icmp_unsigned("==", pointer, self.address(id(known)))

    def call_object(self, function: Any, argument: Any) -> Any:
        """What a Python function gives for one argument, which is let go; NULL after an error."""
        cell = self.build.alloca(POINTER)
        self.store(argument, cell)
        call = self.python("PyObject_Vectorcall", POINTER, POINTER, POINTER, I64, POINTER)
        result = self.build.call(call, [function, cell, ir.Constant(I64, 1), NULL])
        self.let_go(argument)
        return result

    def let_go(self, item: Any) -> None:
        """Give up a reference; `item` may be NULL."""
        self.build.call(self.python("Py_DecRef", VOID, POINTER), [item])


NULL = ir.Constant(POINTER, None)


def write_helpers(module: Any) -> None:
    """Write ``read_number``, ``read_numbers`` and ``fill``, on which `Reading` and `Giving` rely, into a module."""
    _write_read_number(module)
    _write_read_numbers(module)
    _write_fill(module)


def _write_read_number(module: Any) -> None:
    """``read_number(object, to)``: whether it was a float or an int; its number is stored."""
    f = ObjectFunction(module, "read_number", I1, [POINTER, POINTER], internal=True)
    item, target = f.arguments
    kind = f.load(POINTER, item, TYPE)
    is_float = f.is_object(kind, float)
    if "numpy" in sys.modules:  # NumPy's double has Python's as its base, and the number in the same place
        is_float = f.build.or_(is_float, f.is_object(kind, sys.modules["numpy"].float64))
    with f.build.if_then(is_float, likely=True):
        f.store(f.load(DOUBLE, item, FLOAT), target)
        f.build.ret(ir.Constant(I1, 1))
    with f.build.if_then(f.is_object(kind, int)):
        number = f.build.call(f.python("PyLong_AsDouble", DOUBLE, POINTER), [item])
        f.store(number, target)
        with f.build.if_then(f.build.fcmp_ordered("!=", number, ir.Constant(DOUBLE, -1.0)), likely=True):
            f.build.ret(ir.Constant(I1, 1))
        failed = f.build.call(f.python("PyErr_Occurred", POINTER), [])
        with f.build.if_then(f.build.icmp_unsigned("==", failed, NULL)):
            f.build.ret(ir.Constant(I1, 1))
        f.build.call(f.python("PyErr_Clear", VOID), [])
    f.build.ret(ir.Constant(I1, 0))


def _write_read_numbers(module: Any) -> None:
    """``read_numbers(items, count, to)``: whether all of them were numbers; they are stored one after another."""
    f = ObjectFunction(module, "read_numbers", I1, [POINTER, I64, POINTER], internal=True)
    items, count, target = f.arguments
    failed = f.function.append_basic_block()
    with f.loop(0, count) as i:
        item = f.load(POINTER, items, f.multiply(i, 8))
        read = f.build.call(module.globals["read_number"], [item, f.at(target, f.multiply(i, 8))])
        f.leave_unless(read, failed)
    f.build.ret(ir.Constant(I1, 1))
    f.build.position_at_end(failed)
    f.build.ret(ir.Constant(I1, 0))


def _write_fill(module: Any) -> None:
    """``fill(container, items, count, numbers)``: the container with floats for its items; NULL if memory runs out."""
    f = ObjectFunction(module, "fill", POINTER, [POINTER, POINTER, I64, POINTER], internal=True)
    container, items, count, numbers = f.arguments
    failed = f.function.append_basic_block()
    make = f.python("PyFloat_FromDouble", POINTER, DOUBLE)
    with f.loop(0, count) as i:
        item = f.build.call(make, [f.load(DOUBLE, numbers, f.multiply(i, 8))])
        f.leave_unless(f.build.icmp_unsigned("!=", item, NULL), failed)
        f.store(item, items, f.multiply(i, 8))
    f.build.ret(container)
    f.build.position_at_end(failed)
    f.let_go(container)
    f.build.ret(NULL)


class Reading:
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

    def node(self, node: Node, item: Any) -> None:
        f = self.f
        if isinstance(node, Leaf):
            if node.axis is not None:
                self.mapped(node, item)
            elif node.shape is not None:
                self.array(node, item)
            else:
                target = f.at(self.shared, 8 * node.place)
                self.want(f.build.call(f.module.globals["read_number"], [item, target]))
            return
        self.want(f.is_object(f.load(POINTER, item, TYPE), node.kind))
        size = len(node.children)
        self.want(f.build.icmp_signed("==", f.load(I64, item, SIZE), ir.Constant(I64, size)))
        items = f.at(item, TUPLE_ITEMS) if node.kind is tuple else f.load(POINTER, item, LIST_ITEMS)
        if node.holds_numbers:
            target = f.at(self.shared, 8 * node.children[0].place)  # type: ignore[union-attr]  # all are leaves
            self.want(f.build.call(f.module.globals["read_numbers"], [items, ir.Constant(I64, size), target]))
            return
        for number, child in enumerate(node.children):
            self.node(child, f.load(POINTER, items, 8 * number))

    def _float64_array(self, item: Any, ndim: int) -> tuple[Any, Any]:
        import numpy as np

        f = self.f
        self.want(f.is_object(f.load(POINTER, item, TYPE), np.ndarray))
        self.want(f.is_object(f.load(POINTER, item, ARRAY_DESCR), np.dtype(float)))
        self.want(f.build.icmp_signed("==", f.load(I32, item, ARRAY_NDIM), ir.Constant(I32, ndim)))
        return f.load(POINTER, item, ARRAY_DIMENSIONS), f.load(POINTER, item, ARRAY_STRIDES)

    def array(self, leaf: Leaf, item: Any) -> None:
        """A shared array, which is contiguous."""
        f = self.f
        shape = leaf.shape or ()
        extents, strides = self._float64_array(item, len(shape))
        stride = 8
        for axis in reversed(range(len(shape))):
            self.want(f.build.icmp_signed("==", f.load(I64, extents, 8 * axis), ir.Constant(I64, shape[axis])))
            self.want(f.build.icmp_signed("==", f.load(I64, strides, 8 * axis), ir.Constant(I64, stride)))
            stride *= shape[axis]
        data = f.load(POINTER, item, ARRAY_DATA)
        copy = f.declared("memcpy", POINTER, [POINTER, POINTER, I64])
        f.build.call(copy, [f.at(self.shared, 8 * leaf.place), data, ir.Constant(I64, stride)])

    def mapped(self, leaf: Leaf, item: Any) -> None:
        """A mapped array: where each of its columns is."""
        f = self.f
        assert leaf.axis is not None
        shape = leaf.shape or ()
        extents, strides = self._float64_array(item, len(shape) + 1)
        axis = leaf.axis
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
        for column, base in enumerate(bases, leaf.place):
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


class Giving:
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

    def node(self, node: Node, outputs: Any) -> Any:
        """The result from its numbers, which lie one after another."""
        f = self.f
        if isinstance(node, Leaf):
            source = f.at(outputs, 8 * node.place)
            if node.shape is None:
                return f.build.call(f.python("PyFloat_FromDouble", POINTER, DOUBLE), [f.load(DOUBLE, source)])
            array, size = self.array(node.shape, None)
            copy = f.declared("memcpy", POINTER, [POINTER, POINTER, I64])
            f.build.call(copy, [f.load(POINTER, array, ARRAY_DATA), source, ir.Constant(I64, 8 * size)])
            return array
        made, items = self.container(node.kind, len(node.children))
        children = node.children
        if node.holds_numbers:
            source = f.at(outputs, 8 * children[0].place)  # type: ignore[union-attr]  # all are leaves
            count = ir.Constant(I64, len(children))
            return f.build.call(f.module.globals["fill"], [made, items, count, source])
        for number, child in enumerate(children):
            f.store(self.child(self.node(child, outputs), made), items, 8 * number)
        return made

    def arrays(self, node: Node, pointers: Any, strides: Any, count: Any) -> Any:
        """The result as arrays of `count` samples, yet to be filled; where their columns are is stored."""
        f = self.f
        if isinstance(node, Leaf):
            array, size = self.array(node.shape or (), count)
            data = f.load(POINTER, array, ARRAY_DATA)
            with f.loop(0, size) as i:
                at = f.multiply(f.add(i, node.place), 8)
                f.store(f.at(data, f.multiply(i, 8)), pointers, at)
                f.store(ir.Constant(I64, 8 * size), strides, at)
            return array
        made, items = self.container(node.kind, len(node.children))
        for number, child in enumerate(node.children):
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
