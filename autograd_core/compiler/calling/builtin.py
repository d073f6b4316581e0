"""The way from Python into machine code: a builtin function, itself compiled, that unboxes and boxes its numbers.

It is called in CPython's METH_FASTCALL form. Arguments of just the structure it was made for (floats, ints, lists,
tuples and float64 arrays) are read where they lie; for anything else it calls the general path, which converts or
complains.
The layout of CPython's and NumPy's objects is checked before any of this is used.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from autograd_core.compiler import tuning
from autograd_core.compiler.calling.arguments import Argument
from autograd_core.compiler.calling.boxing import Boxer, Unboxer
from autograd_core.compiler.calling.departures import Departures
from autograd_core.compiler.calling.objects import (
    NULL,
    Box,
    Boxed,
    Container,
    ObjectFunction,
    ObjectModule,
    unusable,
    write_helpers,
)
from autograd_core.compiler.codegen.convention import DRIVE, KERNEL
from autograd_core.compiler.codegen.function_writer import DOUBLE, FREE, I32, I64, MALLOC, POINTER, VOID
from autograd_core.compiler.machine.driver import KernelSizes
from autograd_core.compiler.machine.host import note_once
from autograd_core.compiler.program import elements
from autograd_core.transforms.trees import Structure

__all__ = ["Plan", "boxes_of", "make_builtin", "write_builtin"]

GENERAL, DEPARTED = 1, 2  # no objects are at these addresses
_METH_FASTCALL = 0x0080


@dataclass(frozen=True)
class Plan:
    """What a builtin takes and gives.

    Attributes:
        arguments: how each argument is put together. The place of a mapped array is that of its first column.
        result: how the result is, that of one sample if there is a batch.
        inputs: how many numbers are shared.
        outputs: how many numbers the kernel gives.
        slots: doubles in the workspace of a single point.
        batch: the sizes of the batch; None for a single point.
        words: the address of the words of `batch`.
        careful: where the address of those of careful code is, which is 0 as long as there is none.
        mean: whether summed outputs are divided by the number of samples.
        new_array: makes an array of a shape; None if there are no arrays.
        new_large_array: does, if the results of a batch have more than `few` samples.
        few: see `new_large_array`.
        share: called with the address of a batch of more than `most` samples, see `BatchRunner.run_at`.
        most: the number of samples up to which the builtin does the work itself.
        fallback: called with the same arguments for all that the builtin does not take.
        departures: what is called where a guard does not hold; the last output is the number of the first such guard.
    """

    arguments: Sequence[Boxed]
    result: Boxed
    inputs: int
    outputs: int
    slots: int
    fallback: Any
    new_array: Any
    new_large_array: Any = None
    few: int = 0
    batch: KernelSizes | None = None
    words: int = 0
    careful: int = 0
    mean: bool = False
    share: Any = None
    most: int = 0
    departures: Departures | None = None


def boxes_of(
    arguments: Sequence[Argument], result: Structure, reads_outside: bool, calls_python: bool
) -> tuple[list[Boxed], Boxed] | str:
    """How arguments and a result are put together; or why a builtin cannot do it.

    That is so where Python has to do a part of it, with other containers than lists and tuples, with too many of them,
    with an axis that is counted from the end, and where objects do not lie in memory as they should; the last is noted
    in a warning.
    """
    if reads_outside:
        return "it reads Values from outside"
    if calls_python:
        return "it calls functions in Python"
    places = {True: 0, False: 0}  # of mapped and of shared inputs
    boxed: list[Boxed | None] = []
    for structure, axis in arguments:
        if axis is not None and axis < 0:
            return "an axis is counted from the end"
        boxed.append(_boxed(structure, places[axis is not None], axis))
        places[axis is not None] += structure.size
    given = _boxed(result, 0, None)
    structures = [result, *(argument.structure for argument in arguments)]
    has_arrays = any(axis is not None for _, axis in arguments) or any(set(each.shapes) - {None} for each in structures)
    if given is None or None in boxed:
        return "there are other containers than lists and tuples, or more than a builtin takes apart"
    if why := unusable(arrays=has_arrays):
        note_once(f"calls of compiled functions go through Python code, which takes a hundred times as long: {why}")
        return why
    return boxed, given  # type: ignore[return-value]  # None is out


def _boxed(structure: Structure, place: int, axis: int | None) -> Boxed | None:
    shapes = iter(structure.shapes)
    budget = tuning.MOST_NODES

    def visit(spec: Any) -> Boxed | None:
        nonlocal place, budget
        if spec is None or spec.is_leaf():
            shape = next(shapes)
            size = math.prod(shape or ())
            budget -= 0 if shape is None else size if axis is not None else 1
            box = Box(place, shape, axis)
            place += size
            return box
        budget -= 1
        if spec.type not in (list, tuple) or budget < 0:
            return None
        children = [visit(child) for child in spec.children()]
        return None if None in children else Container(spec.type, children)  # type: ignore[arg-type]  # None is out

    whole = visit(structure.spec)
    return whole if budget >= 0 else None


def write_builtin(plan: Plan) -> tuple[str, list[int]]:
    """A module with ``builtin(self, args, nargs)``, which calls ``kernel``, or ``drive`` for a batch.

    Returns:
        Its text, and the addresses that its code has to be loaded with.
    """
    module = ObjectModule()
    write_helpers(module)
    size = _write_fast(module, plan)

    f = ObjectFunction(module, "builtin", ir.FunctionType(POINTER, [POINTER, POINTER, I64]))
    _, args, count = f.arguments
    general = f.function.append_basic_block()
    f.leave_unless(f.build.icmp_signed("==", count, ir.Constant(I64, len(plan.arguments))), general)
    on_stack = size <= tuning.ON_STACK
    if on_stack:
        memory = f.build.alloca(DOUBLE, size // 8 + 1)
    else:
        memory = f.build.call(f.declared("malloc", MALLOC), [ir.Constant(I64, size)])
        f.leave_unless(f.build.icmp_unsigned("!=", memory, NULL), general)
    result = f.build.call(module.globals["fast"], [args, memory])
    number = f.load(I64, memory) if plan.departures is not None else None
    if not on_stack:
        f.build.call(f.declared("free", FREE), [memory])
    f.leave_unless(f.build.icmp_unsigned("!=", result, _mark(GENERAL)), general)
    call = f.python("PyObject_Vectorcall", POINTER, POINTER, POINTER, I64, POINTER)
    if plan.departures is not None:
        with f.build.if_then(f.build.icmp_unsigned("==", result, _mark(DEPARTED))):
            other = f.load(POINTER, f.address(plan.departures.table), f.multiply(number, 8))
            f.build.call(f.python("Py_IncRef", VOID, POINTER), [other])
            found = f.build.call(call, [other, args, count, NULL])
            f.let_go(other)
            f.build.ret(found)
    f.build.ret(result)
    f.build.position_at_end(general)
    f.build.ret(f.build.call(call, [f.address(id(plan.fallback)), args, count, NULL]))
    return str(module), module.addresses


def _mark(number: int) -> Any:
    return ir.Constant(I64, number).inttoptr(POINTER)


def _write_fast(module: Any, plan: Plan) -> int:
    """Write ``fast(args, memory)``: the result, NULL after an error, `GENERAL` if the general path has to do it.

    Returns:
        How many bytes of memory it wants.
    """
    f = ObjectFunction(module, "fast", ir.FunctionType(POINTER, [POINTER, POINTER]), internal=True)
    args, memory = f.arguments
    general = f.function.append_basic_block()
    batch = plan.batch
    offset = 0

    def reserve(doubles: int) -> Any:
        nonlocal offset
        place, offset = f.at(memory, offset), offset + 8 * doubles
        return place

    element = elements.DOUBLE if batch is None else batch.element
    unboxer = Unboxer(f, general, reserve(plan.inputs), element)
    if batch is not None:
        unboxer.bases, unboxer.strides = reserve(batch.columns), reserve(batch.columns)
    for number, boxed in enumerate(plan.arguments):
        unboxer.unbox(boxed, f.load(POINTER, args, 8 * number))
    unboxer.narrow(plan.inputs)

    outputs = reserve(plan.outputs)
    if batch is None:
        kernel = f.declared(KERNEL.name, KERNEL.llvm())
        f.build.call(kernel, [NULL, unboxer.shared, reserve(plan.slots), outputs, ir.Constant(I64, 1)])
        if plan.departures is not None:
            _write_departure(f, plan, plan.departures, memory, outputs)
        result = Boxer(f, f.address(id(plan.new_array))).box(plan.result, outputs)
    else:
        tables = [unboxer.bases, unboxer.strides, unboxer.shared, outputs, reserve(plan.outputs)]
        result = _write_batch(f, plan, batch, unboxer, tables, reserve(len(tables) + 1))
    f.build.ret(result)
    f.build.position_at_end(general)
    f.build.ret(_mark(GENERAL))
    return offset


def _write_departure(f: ObjectFunction, plan: Plan, departures: Departures, memory: Any, outputs: Any) -> None:
    """Leave with `DEPARTED` where a guard does not hold, with its number at the beginning of the memory; else count."""
    number = f.build.fptosi(f.load(DOUBLE, outputs, 8 * (plan.outputs - 1)), I64)
    with f.build.if_then(f.build.icmp_signed("!=", number, ir.Constant(I64, departures.count)), likely=False):
        f.store(number, memory)
        f.build.ret(_mark(DEPARTED))
    taken = f.address(departures.taken_at)
    f.store(f.build.add(f.load(I64, taken), ir.Constant(I64, 1)), taken)


def _write_batch(
    f: ObjectFunction, plan: Plan, batch: KernelSizes, unboxer: Unboxer, tables: list[Any], words: Any
) -> Any:
    """Run a batch, whose inputs are in the tables that ``drive`` takes; the result.

    A large one is handed to Python, as the words of those tables and the number of samples, to be shared among threads.
    """
    outputs, strides, count = tables[3], tables[4], unboxer.count
    is_large = f.build.icmp_signed(">", count, ir.Constant(I64, plan.most))
    has_many = f.build.icmp_signed(">", count, ir.Constant(I64, plan.few))
    makers = (f.address(id(function)) for function in (plan.new_large_array, plan.new_array))
    boxer = Boxer(f, f.build.select(has_many, *makers), batch.element)
    arrays = NULL if batch.reduced else boxer.arrays(plan.result, outputs, strides, count)
    failed = f.function.append_basic_block()
    with f.build.if_else(is_large, likely=False) as (large, small):
        with large:
            for number, word in enumerate([*tables, count]):
                f.store(word, words, 8 * number)
            with unboxer.arrays_held():
                address = f.build.call(f.python("PyLong_FromVoidPtr", POINTER, POINTER), [words])
                done = f.call_object(f.address(id(plan.share)), address)
            f.let_go(boxer.child(done, arrays))
        with small:
            drive, given = f.declared(DRIVE.name, DRIVE.llvm()), [*tables, ir.Constant(I64, 0), count]
            status = f.build.call(drive, [f.address(plan.words), *given])
            if batch.may_need_care:
                with f.build.if_then(f.build.icmp_signed(">", status, ir.Constant(I32, 0)), likely=False):
                    # the general way makes careful code when it is first wanted
                    careful = f.load(POINTER, f.address(plan.careful))
                    f.leave_unless(f.build.icmp_unsigned("!=", careful, NULL), failed)
                    again = f.build.call(drive, [careful, *given])
                    f.leave_unless(f.build.icmp_signed("==", again, ir.Constant(I32, 0)), failed)
            f.leave_unless(f.build.icmp_signed(">=", status, ir.Constant(I32, 0)), failed)
    after = f.build.block
    f.build.position_at_end(failed)
    f.let_go(arrays)
    f.build.branch(unboxer.general)
    f.build.position_at_end(after)
    if not batch.reduced:
        return arrays
    if plan.mean:
        samples = f.build.sitofp(count, DOUBLE)
        with f.loop(0, plan.outputs) as i:
            total = f.load(DOUBLE, outputs, f.multiply(i, 8))
            f.store(f.build.fdiv(total, samples), outputs, f.multiply(i, 8))
    return boxer.box(plan.result, outputs)


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def make_builtin(name: str, doc: str, address: int, owner: Any) -> Any:
    """A builtin function of the machine code at `address`; it keeps `owner`, whose code it is, alive."""
    texts = name.encode(), doc.encode()
    # CPython looks into the definition while it frees a builtin, until it lets go of this tuple, which is its `self`.
    # Bytes stay until then; a structure of ctypes frees its memory as soon as the cyclic collector finds it as garbage.
    definition = bytes(_MethodDef(texts[0], address, _METH_FASTCALL, texts[1]))
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_char_p, ctypes.py_object, ctypes.c_void_p]
    return new(definition, (owner, definition, texts), None)
