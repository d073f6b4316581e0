"""Compiled: one trace as code, and how it is called with arguments of the structure it was made for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from autograd_core.compiler.backends import NativeBatch, NativePoint, PythonBatch, PythonPoint
from autograd_core.compiler.calling.arguments import Flat, Trace, flat_alike, read
from autograd_core.compiler.calling.departures import Departures
from autograd_core.compiler.choice import batch_backend, point_backend
from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Instruction, Program, has_loops
from autograd_core.compiler.program.lower import Way, lower
from autograd_core.compiler.work import Work
from autograd_core.engine.graph import Graph
from autograd_core.engine.guards import Guard
from autograd_core.engine.value import Value
from autograd_core.errors import MachineCodeError, TransformError
from autograd_core.transforms.trees import Structure

__all__ = ["Compiled"]


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
        traced: for a path of a function that branches, its trace with the guards.
        general: does a call down any path of such a function, with arguments that are taken apart.
        cache: see `Work`.
        order: the trace in topological order, if it was sorted already and has no guards.
        element: see `Work`.

    Attributes:
        program: the straight-line code; print it.
        reads_outside: whether it reads, at each call, numbers of Values that are no arguments.
        stats: how large it is, and the seconds that each stage took; ``"note"`` says why a call goes through Python
            code, which takes many times as long as a builtin, where it does.
        has_run: whether it was called by the general path.
        guards: what Python decided on this path; empty if the function does not branch.
        ways: how many outputs say where a sample departs: the number of the guard, and the whole number it asks for.
        branches: the paths that part from it, by the number of the first guard that does not hold there.
        depth: how many paths a call from the first one departs from on its way to this one.
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
        guards: Sequence[Guard] = (),
        departure: Value | None = None,
        answer: Value | None = None,
        general: Callable[[Sequence[Flat]], Any] | None = None,
        cache: str | None = None,
        order: Sequence[Value] | None = None,
        element: Element = DOUBLE,
    ) -> None:
        began = perf_counter()
        self._trace, self._general = trace, general
        self.guards, self.reduce = guards, reduce
        self._departure = departure
        self.branches: dict[int, Compiled] = {}
        self.depth = self._taken = 0
        # a guard must hold for just those numbers for which it does in eager evaluation
        strict = strict or any(not guard.exceeded for guard in guards)
        ways = [] if departure is None else [departure] if answer is None or not is_batched else [departure, answer]
        self._departures: Departures | None = None

        def work(fused: bool) -> Work:
            outputs = [*trace.outputs, *ways]
            program, self._captured = lower(
                trace.inputs, outputs, strict=strict, fused=fused, order=order, element=element
            )
            if ways and _always_hold(program, program.outputs[len(trace.outputs)], len(guards)):
                ways.clear()  # its loops cannot fail, and nothing else was decided
                self.guards, self._general = (), None
            self._departures = Departures(len(guards), fallback or self.run) if ways else None
            self.program = program.first(len(trace.outputs) + (len(ways) if reduce is None else 0))
            mapped = [argument.axis is not None for argument in trace.arguments for _ in range(argument.structure.size)]
            mapped += [False] * len(self._captured)
            self._work = Work(
                trace, self.program, mapped, bool(self._captured), strict, reduce, threads, fallback or self.run,
                self._departures, cache, element,
            )  # fmt: skip
            self._lowered = perf_counter()
            return self._work

        self._backend = point_backend(work) if not is_batched else batch_backend(work)
        self.ways = len(ways)
        self.reads_outside = bool(self._captured)
        made = perf_counter()
        self.stats: dict[str, Any] = {
            "instructions": len(self.program.instructions), "inputs": self.program.inputs,
            "outputs": len(self.program.outputs), **self._backend.stats, "trace_seconds": trace_seconds,
            "lower_seconds": self._lowered - began, "code_seconds": made - self._lowered,
            "compile_seconds": trace_seconds + made - began,
        }  # fmt: skip
        self._sorter = self._make_sorter(ways) if ways and reduce is not None else None
        self.has_run = False
        self._functions: list[Callable[..., Any]] = []

    @property
    def function(self) -> Callable[..., Any]:
        """The fastest way to call it: a builtin, or the general path where there can be none."""
        if not self._functions:
            # Two threads may both make one. Each builtin has code of its own, and the first stays.
            self._functions.append(self._make_function())
        return self._functions[0]

    def _make_sorter(self, ways: Sequence[Value]) -> Compiled:
        """Code for the departures alone, of each sample, beside the one for sums."""
        trace = self._trace._replace(result=Structure(None, [(len(ways),)]), outputs=ways)
        return Compiled(trace, is_batched=True, strict=True)

    def _make_function(self) -> Callable[..., Any]:
        began = perf_counter()
        made = None
        try:
            made = self._backend.builtin()
        except MachineCodeError as error:
            self._backend.note = str(error)
        if made is None:
            self.stats["note"] = f"calls go through Python code: {self._backend.note}"
            return self.run
        from autograd_core.compiler.calling.builtin import make_builtin

        address, *kept = made
        # the builtin keeps alive this object, its code, and what that has the addresses of
        owners = self, *kept
        builtin: Callable[..., Any] = make_builtin(self._trace.name, "compiled by autograd_core", address, owners)
        self.stats["builtin_seconds"] = perf_counter() - began
        return builtin

    @property
    def graph(self) -> Graph:
        """The graph that was traced."""
        return Graph(*self._trace.outputs)

    @property
    def ir(self) -> str:
        """LLVM's intermediate representation; the Python source where there is no LLVM."""
        return self._backend.ir

    @property
    def assembly(self) -> str:
        """The processor's instructions; the Python source where there is no LLVM."""
        return self._backend.assembly

    def run(self, *args: Any) -> Any:
        """Call it by the general path, which takes whatever holds real numbers in the structure it was made for.

        Raises:
            TransformError: if the structure is another one, or mapped arrays differ in length.
            OperandTypeError: for an entry that is no real number.
        """
        return self.run_flat(flat_alike(args, self._trace.arguments, self._trace.name))

    def run_flat(self, args: Sequence[Flat]) -> Any:
        """The same with arguments that are taken apart already, and known to have that structure."""
        if self._general is not None:
            return self._general(args)
        trace = self._trace
        self.has_run = True
        shared, columns, samples = read(args, trace.arguments, trace.name)
        return self._backend.run(Numbers(shared + [leaf._data for leaf in self._captured], columns, samples))

    # One path of a function that branches

    @property
    def decisions(self) -> tuple[Any, ...]:
        """All that Python decided on this path."""
        return tuple(guard.decision for guard in self.guards)

    @property
    def backend(self) -> NativeBatch | NativePoint | PythonBatch | PythonPoint:
        """The kind of code that it is."""
        return self._backend

    @property
    def result(self) -> Structure:
        """The structure of the result."""
        return self._trace.result

    @property
    def taken(self) -> int:
        """How many calls, or samples, went all the way down this path."""
        return self._departures.taken if self._departures is not None else self._taken

    @taken.setter
    def taken(self, count: int) -> None:
        if self._departures is not None:
            self._departures.taken = count
        self._taken = count

    def attempt(self, shared: Sequence[float]) -> tuple[int | None, Any]:
        """Try a point on this path: the number of the first guard that does not hold, or None, and the result."""
        outputs = self._point.point([*shared, *(leaf._data for leaf in self._captured)])
        if not self.guards:
            return None, self.result.build(outputs)
        at = int(outputs.pop())
        return (at, None) if at < len(self.guards) else (None, self.result.build(outputs))

    def over(self, numbers: Numbers, columns: Sequence[Any] | None) -> Any:
        """Run samples of a batch: write to columns, one for each output, or give the sums of all outputs."""
        captured = [leaf._data for leaf in self._captured]
        return self.batch.over(numbers._replace(shared=numbers.shared + captured), columns)

    def sort(self, numbers: Numbers, ways: Sequence[Any]) -> None:
        """Write for each sample the ways alone."""
        if self._sorter is not None:
            self._sorter.over(numbers, ways)

    @property
    def way(self) -> Way:
        """This path as one of several over the same inputs; it has guards."""
        assert self._departure is not None
        return Way(self._trace.inputs, self._trace.outputs, self._departure, float(len(self.guards)))

    @property
    def work(self) -> Work:
        """What was compiled."""
        return self._work

    def branch(self, at: int, decision: tuple[str, int] | None = None) -> Compiled | None:
        """The path that parts at guard `at`, with this decision there if there may be several."""
        path = self.branches.get(at)
        while path is not None and decision is not None and path.guards[at].decision != decision:
            path = path.branches.get(at)
        return path

    @property
    def batch(self) -> NativeBatch | PythonBatch:
        """The code of a batch."""
        assert isinstance(self._backend, (NativeBatch, PythonBatch))
        return self._backend

    def lead(self, at: int, path: Compiled) -> None:
        """Have machine code go on with that of `path` where guard `at` is the first that does not hold."""
        if self._departures is not None and not self.reads_outside and not path.reads_outside:
            self._departures.lead(at, path.function)

    def point(self, numbers: Sequence[float]) -> list[float]:
        """All numbers of the result, in order, from all numbers of the arguments.

        Raises:
            TransformError: if this is the code of a batch, or the numbers take another path.
        """
        outputs = self._point.point(numbers)
        if self.guards and (at := int(outputs.pop())) < len(self.guards):
            raise TransformError(f"these numbers take another path of {self._trace.name}: not {self.guards[at]}")
        return outputs

    @property
    def _point(self) -> NativePoint | PythonPoint:
        if isinstance(self._backend, (NativePoint, PythonPoint)):
            return self._backend
        raise TransformError("point() and into() are for single points, not for a batch")

    def into(self, inputs: Any, outputs: Any) -> None:
        """Compute one point from an array that the caller keeps into another one.

        Args:
            inputs: a contiguous float64 array of all numbers of the arguments, in order.
            outputs: a contiguous float64 array for all numbers of the result.

        Raises:
            TransformError: if this is the code of a batch, an array does not fit, or the numbers take another path.
        """
        import numpy as np

        backend = self._point

        wanted = {"inputs": (inputs, len(self._trace.inputs)), "outputs": (outputs, len(self._trace.outputs))}
        for what, (array, size) in wanted.items():
            usable = isinstance(array, np.ndarray) and array.flags.c_contiguous and array.flags.aligned
            if not usable or array.dtype != np.float64 or not array.dtype.isnative or array.size != size:
                raise TransformError(f"{what} must be a contiguous array of {size} doubles")
        if not outputs.flags.writeable:
            raise TransformError("outputs must be an array that may be written to")
        if np.may_share_memory(inputs, outputs):
            inputs = inputs.copy()
        if self.reads_outside:
            inputs = np.concatenate([inputs.ravel(), [leaf._data for leaf in self._captured]])
        if self.guards:
            outputs.flat = self.point(inputs.ravel().tolist())
        else:
            backend.into(inputs, outputs)

    def __copy__(self) -> Compiled:
        return self  # it does not change, and its code cannot be copied

    def __deepcopy__(self, memo: Any) -> Compiled:
        return self

    def __reduce__(self) -> Any:
        raise TransformError(
            f"the code of {self._trace.name} lives in this process only: pickle the function, or what jit gave for it, "
            "and compile it again where it arrives"
        )


def _always_hold(program: Program, first_failed: Instruction, guards: int) -> bool:
    """Whether all guards hold whatever the numbers, since they are those of loops that cannot fail."""
    if not has_loops(program):
        return False
    from autograd_core.compiler.program.counted import certain_number

    return certain_number(program, first_failed) == guards
