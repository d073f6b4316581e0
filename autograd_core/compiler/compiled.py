"""Compiled: one trace as code, and how it is called with arguments of the structure it was made for."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

from autograd_core.compiler import native
from autograd_core.compiler.arguments import Argument, Numbers, read
from autograd_core.compiler.emit import Layout, emit
from autograd_core.compiler.lower import lower
from autograd_core.compiler.straight import python_function, python_source
from autograd_core.errors import TransformError
from autograd_core.graph import Graph
from autograd_core.namespaces import floats
from autograd_core.trees import Structure
from autograd_core.value import Value

__all__ = ["Compiled", "Trace"]

SMALL = 3_000_000
"""Samples times instructions up to which a batch is done on the calling thread, holding the interpreter."""
BLOCK = 1 << 16
"""Samples that are converted at a time, if an array is not one of doubles."""


@dataclass
class Trace:
    """What a function left behind when it was called with traced values."""

    name: str
    arguments: Sequence[Argument]
    inputs: Sequence[Value]
    result: Structure
    outputs: Sequence[Value]


class Compiled:
    """The code for one structure of arguments.

    Args:
        trace: the graph, and the structures of its arguments and result.
        is_batched: whether arguments are mapped along an axis.
        reduce: ``"sum"`` or ``"mean"`` over the samples of a batch, or None for a result for each.
        threads: how many share a batch; None for as many as it is worth.
        strict: whether + − × ÷ √ give the bits of eager evaluation.
        fallback: what the builtin calls for arguments of another structure.
        trace_seconds: how long the trace took, for `stats`.

    Attributes:
        program: the straight-line code; print it.
        stats: how large it is, and the seconds that each stage took.
        function: the fastest way to call it: a builtin, or the general path where there can be none.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        is_batched: bool = False,
        reduce: str | None = None,
        threads: int | None = None,
        strict: bool = False,
        fallback: Callable[..., Any] | None = None,
        trace_seconds: float = 0.0,
    ) -> None:
        clock = perf_counter()
        self._trace = trace
        self._is_batched = is_batched
        self._reduce = reduce
        self._threads = threads
        self.program, self._captured = lower(
            trace.inputs, trace.outputs, strict=strict, fused=native.available()
        )
        self._mapped = [
            argument.axis is not None for argument in trace.arguments for _ in range(argument.structure.size)
        ] + [False] * len(self._captured)
        self.stats: dict[str, Any] = {
            "instructions": len(self.program.instructions), "inputs": self.program.inputs,
            "outputs": len(self.program.outputs), "trace_seconds": trace_seconds,
        }  # fmt: skip
        clock = self._lap("lower_seconds", clock)
        self._code: native.Code | None = None
        self.function: Callable[..., Any] = self.run
        if native.available():
            self._make_native(strict, fallback)
        else:
            self._make_python()
        self._lap("code_seconds", clock)
        self.stats["compile_seconds"] = sum(seconds for name, seconds in self.stats.items() if "seconds" in name)

    def _lap(self, name: str, clock: float) -> float:
        now = perf_counter()
        self.stats[name] = now - clock
        return now

    def _make_native(self, strict: bool, fallback: Callable[..., Any] | None) -> None:
        from llvmlite import ir

        from autograd_core.compiler.boxing import usable
        from autograd_core.compiler.driver import Batch, write_driver
        from autograd_core.compiler.entry import Plan, make_builtin, nodes_of, write_entry

        width = native.vector_width() if self._is_batched else 1
        functions = native.vector_functions(width) if self._is_batched else {}
        layout = Layout(width, self._mapped, self._reduce is not None, functions, contract=not strict)
        module = emit(self.program, layout)
        self._slots = module.slots
        batch = None
        wrapper = ir.Module()
        if self._is_batched:
            batch = Batch(width, sum(self._mapped), len(self.program.outputs), module.slots, self._reduce is not None)
            write_driver(wrapper, batch)
        arguments = self._nodes()
        result = nodes_of(self._trace.result, 0)
        arrays = self._is_batched or any(
            shape is not None
            for structure in (self._trace.result, *(argument.structure for argument in self._trace.arguments))
            for shape in structure.shapes
        )
        direct = False
        if arguments is not None and result is not None and not self._captured and not module.called:
            direct = usable(arrays=arrays)
        if direct:
            assert arguments is not None
            assert result is not None
            general = fallback or self.run
            most = SMALL // max(1, len(self.program.instructions))
            write_entry(
                wrapper,
                Plan(arguments, result, self._mapped.count(False), len(self.program.outputs), module.slots, batch,
                     self._reduce == "mean", most, general),
            )  # fmt: skip
        text = str(wrapper) if wrapper.functions else ""
        code = self._code = native.Code(module, len(self.program.instructions), width, text)
        self.stats |= {"vector_width": width, "chunks": module.chunks, "workspace": module.slots}
        if self._is_batched:
            drive = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 5, ctypes.c_int64)
            self._drive = drive(code.address("drive"))
        else:
            self._kernel = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(code.address("kernel"))
        if direct:
            # the builtin keeps the general path alive, and with it this object
            self.function = make_builtin(
                self._trace.name, "compiled by autograd_core", code.address("entry"), (self, general)
            )

    def _nodes(self) -> list[Any] | None:
        from autograd_core.compiler.entry import nodes_of

        places = {True: 0, False: 0}  # of mapped and of shared inputs
        nodes = []
        for structure, axis in self._trace.arguments:
            if axis is not None and axis < 0:
                return None
            nodes.append(nodes_of(structure, places[axis is not None], axis))
            places[axis is not None] += structure.size
        return None if None in nodes else nodes

    def _make_python(self) -> None:
        native.note_missing_llvm()
        m: Any = floats
        if self._is_batched:
            from autograd_core.namespaces import arrays

            m = arrays
        self._python = python_function(self.program, m)

    @property
    def graph(self) -> Graph:
        """The graph that was traced."""
        return Graph(*self._trace.outputs)

    @property
    def ir(self) -> str:
        """LLVM's intermediate representation; the Python source where there is no LLVM."""
        return self._code.ir if self._code is not None else python_source(self.program)[0]

    @property
    def assembly(self) -> str:
        """The processor's instructions; the Python source where there is no LLVM."""
        return self._code.assembly if self._code is not None else python_source(self.program)[0]

    def run(self, *args: Any) -> Any:
        """Call it by the general path, which takes whatever holds real numbers in the structure it was made for.

        Raises:
            TransformError: if the structure is another one, or mapped arrays differ in length.
            OperandTypeError: for an entry that is no real number.
        """
        trace = self._trace
        if len(args) != len(trace.arguments):
            raise TransformError(f"{trace.name} was compiled for {len(trace.arguments)} arguments, not {len(args)}")
        numbers = read(args, trace.arguments, trace.name)
        shared = numbers.shared + [leaf._data for leaf in self._captured]
        if not self._is_batched:
            return trace.result.build(self.point(shared))
        numbers = Numbers(shared, numbers.columns, numbers.samples)
        return self._summed(numbers) if self._reduce is not None else self._each(numbers)

    def into(self, inputs: Any, outputs: Any) -> None:
        """Compute one point from an array that the caller keeps into another one.

        Args:
            inputs: a contiguous float64 array of all numbers of the arguments, in order.
            outputs: a contiguous float64 array for all numbers of the result.

        Raises:
            TransformError: if this is the code of a batch, or an array does not fit.
        """
        if self._is_batched:
            raise TransformError("into() is for single points")
        wanted = {"inputs": (inputs, len(self._trace.inputs)), "outputs": (outputs, len(self._trace.outputs))}
        for what, (array, size) in wanted.items():
            contiguous = getattr(array, "flags", None) is not None and array.flags.c_contiguous
            if not contiguous or str(array.dtype) != "float64" or array.size != size:
                raise TransformError(f"{what} must be a contiguous array of {size} doubles")
        if self._code is None or self._captured:
            outputs.flat = self.point([*inputs.ravel().tolist(), *(leaf._data for leaf in self._captured)])
            return
        workspace = (ctypes.c_double * max(1, self._slots))()
        self._kernel(None, inputs.ctypes.data, workspace, outputs.ctypes.data, 1)
        self._code.check()

    # One point

    def point(self, numbers: Sequence[float]) -> list[float]:
        """All numbers of the result, in order, from all numbers of the arguments."""
        if self._code is None:
            return list(map(float, self._python(numbers)))
        inputs = (ctypes.c_double * max(1, len(numbers)))(*numbers)
        outputs = (ctypes.c_double * max(1, len(self.program.outputs)))()
        workspace = (ctypes.c_double * max(1, self._slots))()
        self._kernel(None, inputs, workspace, outputs, 1)
        self._code.check()
        return outputs[: len(self.program.outputs)]

    # A batch

    def _each(self, numbers: Numbers) -> Any:
        import numpy as np

        results, columns = [], []
        for shape in self._trace.result.shapes:
            result = np.empty((numbers.samples, *(shape or ())))
            results.append(result)
            flat = result.reshape(numbers.samples, math.prod(shape or ()))
            columns += [flat[:, i] for i in range(flat.shape[1])]
        self._in_parts(numbers, columns)
        return self._trace.result.unflatten(results)

    def _summed(self, numbers: Numbers) -> Any:
        import numpy as np

        parts = self._in_parts(numbers, None)
        totals = parts[0] if parts else np.zeros(len(self.program.outputs))
        for part in parts[1:]:
            totals = totals + part
        if self._reduce == "mean":
            totals = totals / numbers.samples if numbers.samples else totals * math.nan
        return self._trace.result.build(totals.tolist())

    def _in_parts(self, numbers: Numbers, columns: list[Any] | None) -> list[Any]:
        """Share the samples among threads: each takes one piece, always the same one."""
        count = numbers.samples
        work = count * len(self.program.instructions)
        threads = self._threads or (_processors() if work > SMALL else 1)
        size = max(1, -(-count // threads))
        size = -(-size // 64) * 64
        pieces = [(start, min(count, start + size)) for start in range(0, count, size)]

        def do(piece: tuple[int, int]) -> Any:
            return self._part(numbers, columns, *piece)

        if len(pieces) < 2:
            return [do(piece) for piece in pieces]
        others = [_pool().submit(do, piece) for piece in pieces[1:]]
        return [do(pieces[0]), *(other.result() for other in others)]

    def _part(self, numbers: Numbers, columns: list[Any] | None, start: int, stop: int) -> Any:
        """One thread's piece, in blocks if its numbers have to be converted first."""
        import numpy as np

        plain = all(column.dtype == np.float64 and column.dtype.isnative for column in numbers.columns)
        step = stop - start if plain and self._code is not None else BLOCK
        total = np.zeros(len(self.program.outputs))
        for first in range(start, stop, step):
            block = slice(first, min(stop, first + step))
            given = [np.asarray(column[block], dtype=float) for column in numbers.columns]
            wanted = None if columns is None else [column[block] for column in columns]
            part = self._block(numbers.shared, given, wanted, block.stop - block.start)
            if columns is None:
                total = total + part
        return total

    def _block(self, shared: list[float], given: list[Any], wanted: list[Any] | None, count: int) -> Any:
        import numpy as np

        if self._code is None:
            from autograd_core.namespaces import arrays

            rest, columns = iter(shared), iter(given)
            inputs = [next(columns) if is_mapped else next(rest) for is_mapped in self._mapped]
            with arrays.quiet():
                results = [np.broadcast_to(np.asarray(y, dtype=float), count) for y in self._python(inputs)]
            if wanted is None:
                return np.array([result.sum() for result in results])
            for target, result in zip(wanted, results, strict=True):
                target[...] = result
            return None
        totals = np.empty(len(self.program.outputs)) if wanted is None else None
        targets = wanted or []
        bases, strides = _places(given)
        numbers = np.array(shared or [0.0])
        if totals is not None:
            status = self._drive(_at(bases), _at(strides), _at(numbers), _at(totals), None, count)
        else:
            results, result_strides = _places(targets)
            status = self._drive(
                _at(bases), _at(strides), _at(numbers), _at(results), _at(result_strides), count
            )
        self._code.check()
        if status:
            raise MemoryError("no memory for the workspace of a compiled function")
        return totals


def _places(columns: Sequence[Any]) -> tuple[Any, Any]:
    """Where columns begin, and the bytes from one entry to the next."""
    import numpy as np

    bases = np.array([column.__array_interface__["data"][0] for column in columns], dtype=np.int64)
    return bases, np.array([column.strides[0] for column in columns], dtype=np.int64)


def _at(array: Any) -> int:
    return int(array.ctypes.data)


@cache
def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max(1, _processors()), thread_name_prefix="autograd_core")
