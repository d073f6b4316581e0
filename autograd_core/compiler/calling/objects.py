"""Python's objects as machine code sees them: where their parts lie in memory, and the calls of CPython's interface."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.function_writer import DOUBLE, I1, I64, POINTER, VOID, FunctionWriter
from autograd_core.compiler.machine.callbacks import ADDRESSES
from autograd_core.compiler.machine.host import add_symbol, address_of

__all__ = ["Box", "Boxed", "Container", "ObjectFunction", "ObjectModule", "unusable", "write_helpers"]

MOST_ADDRESSES = 32  # some ten types, and what a plan names

# Every object begins with a header, whose last word is its type; then comes what its kind has. The header is longer
# where there is no global lock, and a tuple also keeps its hash from CPython 3.14 on. `unusable` checks all of this.
HEADER = object.__basicsize__
TYPE, SIZE, FLOAT = HEADER - 8, HEADER, HEADER
LIST_ITEMS, TUPLE_ITEMS = HEADER + 8, tuple.__basicsize__
ARRAY_DATA, ARRAY_NDIM, ARRAY_DIMENSIONS, ARRAY_STRIDES, ARRAY_DESCR = (HEADER + 8 * word for word in (0, 1, 2, 3, 5))


@dataclass(frozen=True)
class Box:
    """A number or an array: the place of its first number among the inputs or outputs, its shape, its mapped axis."""

    place: int
    shape: tuple[int, ...] | None
    axis: int | None = None


@dataclass(frozen=True)
class Container:
    """A list or a tuple."""

    kind: type
    children: Sequence[Container | Box]

    @property
    def holds_numbers(self) -> bool:
        """Whether all that is in it are numbers, each of which is shared by all samples."""
        return bool(self.children) and all(
            isinstance(child, Box) and child.shape is None and child.axis is None for child in self.children
        )


Boxed = Container | Box
"""How an argument or a result is put together."""


@cache
def unusable(*, arrays: bool) -> str:
    """Why machine code cannot read objects where they lie in memory, as the end of a sentence; empty if it can."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} is not CPython"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        # a list may change, and an entry of the table of departures be freed, while it is read
        return "this interpreter runs without a global lock"
    if not _plain_objects_fit():
        return "this version of CPython lays its objects out in another way"
    if arrays and not _arrays_fit():
        return "this version of NumPy lays its arrays out in another way"
    return ""


def _words(item: Any, offset: int, count: int) -> list[int]:
    return list((ctypes.c_int64 * count).from_address(id(item) + offset))


def _plain_objects_fit() -> bool:
    first, second = object(), object()
    pair, both = (first, second), [first, second]
    wanted = [id(first), id(second)]
    sizes = (float, HEADER + 8), (list, HEADER + 24)
    if TUPLE_ITEMS % 8 or TUPLE_ITEMS < HEADER + 8 or any(kind.__basicsize__ != size for kind, size in sizes):
        return False
    return (
        all(_words(item, TYPE, 1) == [id(type(item))] for item in (first, 0.75, both, pair))
        and ctypes.c_double.from_address(id(0.75) + FLOAT).value == 0.75
        and _words(both, SIZE, 1) == _words(pair, SIZE, 1) == [2]
        and list((ctypes.c_int64 * 2).from_address(_words(both, LIST_ITEMS, 1)[0])) == wanted
        and _words(pair, TUPLE_ITEMS, 2) == wanted
    )


def _arrays_fit() -> bool:
    import numpy as np

    probe = np.empty((3, 5))[:, 1:]

    def pair_at(offset: int) -> list[int]:
        return list((ctypes.c_int64 * 2).from_address(_words(probe, offset, 1)[0]))

    return (
        _words(probe, ARRAY_DATA, 1) == [probe.ctypes.data]
        and ctypes.c_int32.from_address(id(probe) + ARRAY_NDIM).value == 2
        and pair_at(ARRAY_DIMENSIONS) == [3, 4]
        and pair_at(ARRAY_STRIDES) == [40, 8]
        and _words(probe, ARRAY_DESCR, 1) == [id(np.dtype(float))]
    )


class ObjectModule(ir.Module):  # type: ignore[misc]  # llvmlite has no types
    """A module over Python objects.

    Where they are differs from process to process, so it stands in a table, which is filled when the code is loaded:
    the text, and the code made of it, are the same in every process.

    Attributes:
        addresses: what the table is to hold.
    """

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[int] = []
        self.table = ir.GlobalVariable(self, ir.ArrayType(POINTER, MOST_ADDRESSES), ADDRESSES)
        self.table.initializer = ir.Constant(self.table.value_type, None)

    def place(self, address: int) -> int:
        """The place of an address in the table."""
        if address not in self.addresses:
            self.addresses.append(address)
        return self.addresses.index(address)


class ObjectFunction(FunctionWriter):
    """A function over Python objects."""

    def address(self, pointer: int) -> Any:
        """An address in this process."""
        return self.load(POINTER, self.module.table, 8 * self.module.place(pointer))

    def python(self, name: str, returns: Any, *takes: Any) -> Any:
        """A function of CPython's interface, at its address in this process."""
        symbol = add_symbol(f"autograd_core_{name}", address_of(getattr(ctypes.pythonapi, name)))
        return self.declared(symbol, ir.FunctionType(returns, takes))

    def is_object(self, pointer: Any, known: Any) -> Any:
        return self.build.icmp_unsigned("==", pointer, self.address(id(known)))

    def call_object(self, function: Any, argument: Any) -> Any:
        """What a Python function gives for one argument, which is let go; NULL after an error."""
        cell = self.opaque(self.build.alloca(I64))  # llvmlite 0.45 names a pointer to a pointer as LLVM does not
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
    """Write ``read_number``, ``read_numbers`` and ``fill``, on which `unboxing` and `boxing` rely, into a module."""
    _write_read_number(module)
    _write_read_numbers(module)
    _write_fill(module)


def _write_read_number(module: Any) -> None:
    """``read_number(object, to)``: whether it was a float or an int; its number is stored."""
    f = ObjectFunction(module, "read_number", ir.FunctionType(I1, [POINTER, POINTER]), internal=True)
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
    f = ObjectFunction(module, "read_numbers", ir.FunctionType(I1, [POINTER, I64, POINTER]), internal=True)
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
    f = ObjectFunction(module, "fill", ir.FunctionType(POINTER, [POINTER, POINTER, I64, POINTER]), internal=True)
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
