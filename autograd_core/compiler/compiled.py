"""Compiled: one trace as code, and how it is called with arguments of the structure it was made for."""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from autograd_core.compiler.calling.arguments import Argument, Numbers, read
from autograd_core.compiler.codegen.kernel import Layout, emit
from autograd_core.compiler.codegen.python_source import python_function, python_source
from autograd_core.compiler.machine import code as native
from autograd_core.compiler.machine.batches import BatchRunner, cost_of
from autograd_core.compiler.machine.memory import LEAST, ResultMemory
from autograd_core.compiler.program.lower import lower
from autograd_core.compiler.program.rolling import roll, size_of
from autograd_core.engine.graph import Graph
from autograd_core.engine.value import Value
from autograd_core.errors import TransformError
from autograd_core.namespaces import floats
from autograd_core.transforms.trees import Shape, Structure

if TYPE_CHECKING:
    from autograd_core.compiler.machine.driver import Batch

__all__ = ["Compiled", "Trace"]


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
        has_run: whether it was called by the general path.
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
        self.program, self._captured = lower(trace.inputs, trace.outputs, strict=strict, fused=native.available())
        self._mapped = [
            argument.axis is not None for argument in trace.arguments for _ in range(argument.structure.size)
        ] + [False] * len(self._captured)
        self.stats: dict[str, Any] = {
            "instructions": len(self.program.instructions), "inputs": self.program.inputs,
            "outputs": len(self.program.outputs), "trace_seconds": trace_seconds,
        }  # fmt: skip
        clock = self._lap("lower_seconds", clock)
        self.has_run = False
        self._memory = ResultMemory()
        self._fallback = fallback
        self._code: native.Code | None = None
        self._builtin: native.Code | None = None
        self._function: Callable[..., Any] | None = None
        self._lock = threading.RLock()
        self._batch: Batch | None = None
        if native.available():
            self._make_native(strict, threads)
        else:
            self._make_python(threads)
        self._lap("code_seconds", clock)
        self.stats["compile_seconds"] = sum(seconds for name, seconds in self.stats.items() if "seconds" in name)

    def _lap(self, name: str, clock: float) -> float:
        now = perf_counter()
        self.stats[name] = now - clock
        return now

    def _make_native(self, strict: bool, threads: int | None) -> None:
        width = native.vector_width() if self._is_batched else 1
        functions = native.vector_functions(width) if self._is_batched else {}
        layout = Layout(width, self._mapped, self._reduce is not None, functions, contract=not strict)
        stages = roll(self.program) if not (strict or self._is_batched) else None
        instructions = len(self.program.instructions)
        if stages is None:
            module = emit(self.program, layout)
        else:
            instructions = size_of(stages)
            from autograd_core.compiler.codegen.rolled_loops import emit_rolled

            width = native.vector_width()
            layout = Layout(width, vector_functions=native.vector_functions(width))
            module = emit_rolled(stages, self.program.inputs, layout)
        self._module = module
        self.stats["loops"] = sum(len(stage.loops) for stage in stages or ())
        self.stats |= {"vector_width": width, "chunks": module.chunks, "workspace": module.slots}
        tier = native.tier(instructions, width)
        if self._is_batched:
            from autograd_core.compiler.machine.driver import Batch, driver

            self._code = native.Code(module.ir, tier, module.called)
            outputs, reduced = len(self.program.outputs), self._reduce is not None
            self._batch = Batch(width, sum(self._mapped), outputs, module.slots, reduced)
            self._words = self._batch.words(self._code.address("kernel"))
            self._drive = driver(width, reduced).address("drive")
            self._batches = self._runner((self._drive, ctypes.addressof(self._words)), threads, functions)
            return
        entry = self._entry()
        # around a longer kernel the builtin is not worth LLVM's time
        self._code = native.Code(module.ir, tier, module.called, [entry] if entry and tier.passes else module.parts)
        kernel = self._code.address("kernel")
        self._kernel = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(kernel)
        self._builtin = self._code if entry else None
        if entry and not tier.passes:
            self._builtin = native.Code(entry, native.Tier(0, 0), symbols={"kernel": kernel})

    @property
    def function(self) -> Callable[..., Any]:
        """The fastest way to call it: a builtin, or the general path where there can be none."""
        with self._lock:
            if self._function is None:
                self._function = self._make_function()
            return self._function

    def _make_function(self) -> Callable[..., Any]:
        clock = perf_counter()
        if self._batch is not None and (entry := self._entry()):
            self._builtin = native.Code(entry, native.Tier(0, 0), symbols={"drive": self._drive})
        if self._builtin is None:
            return self.run
        from autograd_core.compiler.calling.builtin import make_builtin

        # the builtin keeps this object alive, and this object what the builtin calls
        address = self._builtin.address("entry")
        builtin: Callable[..., Any] = make_builtin(self._trace.name, "compiled by autograd_core", address, self)
        self._lap("builtin_seconds", clock)
        return builtin

    def _entry(self) -> str:
        """The text of a module with the builtin's code; empty where there can be none."""
        if self._captured or self._module.called:
            return ""
        from llvmlite import ir

        from autograd_core.compiler.calling.boxing import usable
        from autograd_core.compiler.calling.builtin import Plan, nodes_of, write_entry

        arguments = self._nodes()
        result = nodes_of(self._trace.result, 0)
        arrays = self._is_batched or any(
            shape is not None
            for structure in (self._trace.result, *(argument.structure for argument in self._trace.arguments))
            for shape in structure.shapes
        )
        if arguments is None or result is None or not usable(arrays=arrays):
            return ""
        new_array = None
        if arrays:
            import numpy as np

            new_array = np.empty
        largest = max((math.prod(shape or ()) for shape in self._trace.result.shapes), default=1) or 1
        # the builtin has the addresses of what it calls, so this object keeps the plan
        self._plan = Plan(
            arguments, result,
            inputs=self._mapped.count(False), outputs=len(self.program.outputs), slots=self._module.slots,
            batch=self._batch, words=ctypes.addressof(self._words) if self._is_batched else 0,
            mean=self._reduce == "mean", fallback=self._fallback or self.run, new_array=new_array,
            new_large_array=self._memory.array, few=LEAST // (8 * largest),
            share=self._batches.run_at if self._is_batched else None,
            most=self._batches.most if self._is_batched else 0,
        )  # fmt: skip
        module = ir.Module()
        write_entry(module, self._plan)
        return str(module)

    def _nodes(self) -> list[Any] | None:
        from autograd_core.compiler.calling.builtin import nodes_of

        places = {True: 0, False: 0}  # of mapped and of shared inputs
        nodes = []
        for structure, axis in self._trace.arguments:
            if axis is not None and axis < 0:
                return None
            nodes.append(nodes_of(structure, places[axis is not None], axis))
            places[axis is not None] += structure.size
        return None if None in nodes else nodes

    def _make_python(self, threads: int | None) -> None:
        native.note_missing_llvm()
        if self._is_batched:
            from autograd_core.namespaces import arrays

            self._batches = self._runner(python_function(self.program, arrays), threads, ())
        else:
            self._python = python_function(self.program, floats)

    def _runner(self, code: Any, threads: int | None, in_vectors: Container[str]) -> BatchRunner:
        outputs, is_reduced = len(self.program.outputs), self._reduce is not None
        moved = sum(self._mapped) + (0 if is_reduced else outputs)
        cost = cost_of(self.program.instructions, moved, in_vectors)
        check = self._check if self._code is not None and self._module.called else None
        return BatchRunner(code, self._mapped, outputs, is_reduced, cost, threads, check)

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
        self.has_run = True
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
        import numpy as np

        wanted = {"inputs": (inputs, len(self._trace.inputs)), "outputs": (outputs, len(self._trace.outputs))}
        for what, (array, size) in wanted.items():
            usable = isinstance(array, np.ndarray) and array.flags.c_contiguous and array.flags.aligned
            if not usable or array.dtype != np.float64 or not array.dtype.isnative or array.size != size:
                raise TransformError(f"{what} must be a contiguous array of {size} doubles")
        if not outputs.flags.writeable:
            raise TransformError("outputs must be an array that may be written to")
        if np.may_share_memory(inputs, outputs):
            inputs = inputs.copy()
        if self._code is None or self._captured:
            outputs.flat = self.point([*inputs.ravel().tolist(), *(leaf._data for leaf in self._captured)])
            return
        workspace = (ctypes.c_double * max(1, self._module.slots))()
        self._kernel(None, inputs.ctypes.data, workspace, outputs.ctypes.data, 1)
        self._check()

    # One point

    def point(self, numbers: Sequence[float]) -> list[float]:
        """All numbers of the result, in order, from all numbers of the arguments."""
        if self._code is None:
            return list(map(float, self._python(numbers)))
        inputs = (ctypes.c_double * max(1, len(numbers)))(*numbers)
        outputs = (ctypes.c_double * max(1, len(self.program.outputs)))()
        workspace = (ctypes.c_double * max(1, self._module.slots))()
        self._kernel(None, inputs, workspace, outputs, 1)
        self._check()
        return outputs[: len(self.program.outputs)]

    # A batch

    def _each(self, numbers: Numbers) -> Any:
        results, columns = [], []
        for shape in self._trace.result.shapes:
            result = self._memory.array((numbers.samples, *(shape or ())))
            results.append(result)
            flat = result.reshape(numbers.samples, math.prod(shape or ()))
            columns += [flat[:, i] for i in range(flat.shape[1])]
        self._batches.each(numbers, columns)
        return self._trace.result.unflatten(results)

    def _summed(self, numbers: Numbers) -> Any:
        totals = self._batches.total(numbers)
        if self._reduce == "mean":
            totals = totals / numbers.samples if numbers.samples else totals * math.nan
        numbers_of_it = totals.tolist()

        def leaf(place: slice, shape: Shape) -> Any:
            return numbers_of_it[place.start] if shape is None else totals[place].reshape(shape)

        return self._trace.result.build_leaves(leaf)

    def _check(self) -> None:
        if self._code is not None:
            self._code.check()
