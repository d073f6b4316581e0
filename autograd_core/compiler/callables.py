"""A compiled function as functions of C in this process, for whoever calls by address: SciPy, Numba, cffi."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from autograd_core._extras import require
from autograd_core.compiler.backends import NativePoint
from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.function_writer import DOUBLE, FREE, I32, I64, MALLOC, POINTER, VOID, FunctionWriter
from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.export import one_path
from autograd_core.compiler.machine import host
from autograd_core.compiler.machine.code import Code
from autograd_core.compiler.program.instructions import programs_of
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.errors import TransformError

__all__ = ["CCallable", "make_c_callable"]

_MOST_ON_STACK = 1 << 13  # doubles


class CCallable:
    """Functions of C, which live as long as this object, or any of them, does.

    Attributes:
        scalar: ``double f(double, …)``, of each number by itself, as a function of ctypes; only if there is one number
            in the result. Numba calls it as it is.
        vector: ``double f(int n, double *x)``, likewise; n is not looked at.
        into: ``void f(const double *x, double *y)``, which writes all numbers of the result.
        address: that of `scalar`, or else of `into`.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        inputs, outputs = compiled.program.inputs, compiled.result.size
        self._code = code = _code(compiled, inputs, outputs)
        double, pointer = ctypes.c_double, ctypes.POINTER(ctypes.c_double)
        self.into = self._function(ctypes.CFUNCTYPE(None, pointer, pointer), "into")
        self.scalar = self.vector = None
        if outputs == 1:
            self.scalar = self._function(ctypes.CFUNCTYPE(double, *[double] * inputs), "scalar")
            self.vector = self._function(ctypes.CFUNCTYPE(double, ctypes.c_int, pointer), "vector")
        self.address = code.address("into" if self.scalar is None else "scalar")

    def _function(self, kind: Any, name: str) -> Any:
        function = kind(self._code.address(name))
        function.owner = self  # for as long as anybody may call it
        return function

    def low_level_callable(self) -> Any:
        """The same for SciPy, such as its ``integrate.quad`` and ``nquad``, which then pay no Python.

        Raises:
            MissingExtraError: if SciPy is not installed.
            TransformError: if there is more than one number in the result.
        """
        if self.scalar is None:
            raise TransformError("SciPy calls functions that give one number")
        scipy = require("scipy", "a LowLevelCallable is SciPy's", extra="sparse")
        return scipy.LowLevelCallable(self.scalar if self._compiled.program.inputs == 1 else self.vector)


def make_c_callable(f: Callable[..., Any], *args: Any) -> CCallable:
    """Compile a function for callers in C.

    Args:
        f: a function as `jit` takes it.
        args: arguments of the structure and shapes that it is to have; what numbers they hold does not matter.

    Raises:
        TransformError: if `f` branches on its numbers, depends on a Value from outside, or calls back to Python. A loop
            beyond its limits gives nan.
    """
    compiled = one_path(f, args)
    for program in programs_of(compiled.program):
        for each in program.instructions:
            if LEAVES[each.op].form is Form.CALL:
                name = each.primitive.name if each.primitive is not None else each.op
                raise TransformError(
                    f"it calls {name}, which is a function in Python: C could not see what that raises"
                )
    return CCallable(compiled)


def _code(compiled: Compiled, inputs: int, outputs: int) -> Code:
    """The functions around a kernel."""
    backend = compiled.backend
    assert isinstance(backend, NativePoint)
    module = ir.Module()
    _write_into(module, backend, len(compiled.guards), outputs)
    if outputs == 1:
        into = ir.FunctionType(VOID, [POINTER, POINTER])
        f = FunctionWriter(module, "vector", ir.FunctionType(DOUBLE, [I32, POINTER]))
        y = f.opaque(f.build.alloca(DOUBLE))
        f.build.call(f.declared("into", into), [f.arguments[1], y])
        f.build.ret(f.load(DOUBLE, y))
        f = FunctionWriter(module, "scalar", ir.FunctionType(DOUBLE, [DOUBLE] * inputs))
        x, y = f.opaque(f.build.alloca(DOUBLE, max(1, inputs))), f.opaque(f.build.alloca(DOUBLE))
        for place, number in enumerate(f.arguments):
            f.store(number, x, 8 * place)
        f.build.call(f.declared("into", into), [x, y])
        f.build.ret(f.load(DOUBLE, y))
    kernel = backend.code.address(KERNEL.name)
    return Code(str(module), host.Tier(0, 1), symbols={KERNEL.name: kernel})


def _write_into(module: Any, backend: NativePoint, guards: int, outputs: int) -> None:
    """The function that runs the kernel, with room of its own."""
    f = FunctionWriter(module, "into", ir.FunctionType(VOID, [POINTER, POINTER]))
    x, y = f.arguments
    slots, null = max(1, backend.stats["workspace"]), ir.Constant(POINTER, None)
    on_stack = slots <= _MOST_ON_STACK
    if on_stack:
        room = f.opaque(f.build.alloca(DOUBLE, slots))
    else:
        room = f.build.call(f.declared("malloc", MALLOC), [ir.Constant(I64, 8 * slots)])
    left = f.opaque(f.build.alloca(DOUBLE, outputs + 1))
    f.build.call(f.declared(KERNEL.name, KERNEL.llvm()), [null, x, room, left, ir.Constant(I64, 1)])
    if not on_stack:
        f.build.call(f.declared("free", FREE), [room])
    for place in range(outputs):
        number = f.load(DOUBLE, left, 8 * place)
        if guards:  # the number of the first that does not hold
            holds = f.build.fcmp_ordered("==", f.load(DOUBLE, left, 8 * outputs), ir.Constant(DOUBLE, float(guards)))
            number = f.build.select(holds, number, ir.Constant(DOUBLE, math.nan))
        f.store(number, y, 8 * place)
    f.build.ret_void()
