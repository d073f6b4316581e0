"""The four kinds of compiled code: a point or a batch, as machine code or as Python. Each does the same `Work`.

All have `stats`, `ir`, `assembly`, `run` and `builtin`, and in `note` why there is no builtin, if they were asked for
one and have none; those of a point have `point` and `into` as well.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from autograd_core.compiler import tuning
from autograd_core.compiler.batch_results import Batch
from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.codegen.python_source import python_function, python_source
from autograd_core.compiler.machine import host
from autograd_core.compiler.machine.batches import BatchRunner, converted_to, cost_of
from autograd_core.compiler.machine.memory import RESULTS
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.work import Builtin, Work
from autograd_core.namespaces import floats

if TYPE_CHECKING:
    from autograd_core.compiler.codegen.kernel import Layout

__all__ = ["NativeBatch", "NativePoint", "PythonBatch", "PythonPoint"]


class _Python:
    """What code without LLVM has in common; there is no builtin."""

    has_builtin = False

    def __init__(self, work: Work) -> None:
        host.note_python_code()
        self.note = "it runs as Python code"
        self._work = work
        self.stats: dict[str, Any] = {}

    def builtin(self) -> Builtin | None:
        """The code of a builtin function."""
        return None

    @property
    def ir(self) -> str:
        return python_source(self._work.program)

    assembly = ir


class _Native:
    """What machine code has in common."""

    _work: Work
    code: Any
    has_builtin = False  # whether a builtin was made with the kernel
    note = ""

    @property
    def ir(self) -> str:
        return str(self.code.ir)

    @property
    def assembly(self) -> str:
        return str(self.code.assembly)

    def _builtin_text(self, has_callbacks: bool, **options: Any) -> tuple[Any, str, list[int]]:
        """The plan of the builtin, a module with its code, and what its table is to hold; or no text, see `note`."""
        from autograd_core.compiler.calling.builtin import Plan, boxes_of, write_builtin

        work = self._work
        boxes = boxes_of(work.trace.arguments, work.trace.result, work.has_captured, has_callbacks)
        if isinstance(boxes, str):
            self.note = boxes
            return None, "", []
        arguments, result = boxes
        inputs, outputs = work.mapped.count(False), len(work.program.outputs)
        plan = Plan(
            arguments, result, inputs=inputs, outputs=outputs, fallback=work.fallback, departures=work.departures,
            **options,
        )  # fmt: skip
        return plan, *write_builtin(plan)

    def _apart(self, builtin: str, symbols: dict[str, int], addresses: list[int]) -> Any:
        """The code of a builtin alone."""
        from autograd_core.compiler.machine.code import Code

        return Code(builtin, host.Tier(0, 0), symbols=symbols, addresses=addresses, cache=self._work.cache)

    @staticmethod
    def _new_array(work: Work) -> Any:
        """What makes an array, if there are arrays."""
        structures = [work.trace.result, *(argument.structure for argument in work.trace.arguments)]
        if not any(work.mapped) and all(shape is None for structure in structures for shape in structure.shapes):
            return None
        import numpy as np

        return np.empty if work.given is DOUBLE else partial(np.empty, dtype=work.given.name)


class _Point:
    """What points have in common."""

    _work: Work

    def run(self, numbers: Numbers) -> Any:
        """The result."""
        return self._work.trace.result.build(self.point(numbers.shared))

    def point(self, numbers: Sequence[float]) -> list[float]:
        """All numbers of the result, in order, from all numbers of the arguments."""
        raise NotImplementedError


class PythonPoint(_Python, _Point):
    """A point, as Python code over floats."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._function = python_function(work.program, floats)

    def point(self, numbers: Sequence[float]) -> list[float]:
        return list(map(float, self._function(True, numbers)))

    def into(self, inputs: Any, outputs: Any) -> None:
        """The same from one contiguous array of doubles into another."""
        outputs.flat = self.point(inputs.ravel().tolist())


class NativePoint(_Native, _Point):
    """A point, as machine code."""

    def __init__(self, work: Work) -> None:
        from autograd_core.compiler.codegen.convention import KERNEL
        from autograd_core.compiler.codegen.emitted import emit_point
        from autograd_core.compiler.machine.code import Code

        self._work = work
        width = host.vector_width()
        emitted = emit_point(
            work.program, work.mapped, strict=work.strict, width=width, vector_functions=host.vector_functions(width)
        )
        text = emitted.text
        tier = host.tier(emitted.instructions, emitted.width, has_loops=emitted.runs_often)
        self.stats = emitted.stats
        self._has_callbacks = bool(text.called)
        # around a longer kernel, or one with loops, what the builtin wins by going into it is not worth LLVM's time
        is_within = tier.passes > 0 and not emitted.runs_often
        self._plan: Any
        self._plan, builtin, addresses = self._plan_builtin(text.slots) if is_within else (None, "", [])
        parts = [builtin, *text.parts] if builtin else text.parts
        self.code = Code(text.ir, tier, text.called, parts, addresses=addresses, cache=work.cache)
        self._kernel = KERNEL.at(self.code.address(KERNEL.name))
        self._workspace = ctypes.c_double * max(1, text.slots)
        self._outputs = len(work.program.outputs)
        self.has_builtin = bool(builtin)

    def _plan_builtin(self, slots: int) -> tuple[Any, str, list[int]]:
        return self._builtin_text(self._has_callbacks, slots=slots, new_array=self._new_array(self._work))

    def point(self, numbers: Sequence[float]) -> list[float]:
        inputs = (ctypes.c_double * max(1, len(numbers)))(*numbers)
        outputs = (ctypes.c_double * max(1, self._outputs))()
        self.code.forget()
        self._kernel(None, inputs, self._workspace(), outputs, 1)
        self.code.check()
        return outputs[: self._outputs]

    def into(self, inputs: Any, outputs: Any) -> None:
        self.code.forget()
        self._kernel(None, inputs.ctypes.data, self._workspace(), outputs.ctypes.data, 1)
        self.code.check()

    def builtin(self) -> Builtin | None:
        """One that is apart from its kernel is made when it is asked for; each call makes one."""
        if self.has_builtin:
            return Builtin(self.code.address("builtin"), self.code, self._plan)
        plan, text, addresses = self._plan_builtin(self.stats["workspace"])
        if not text:
            return None
        from autograd_core.compiler.codegen.convention import KERNEL

        code = self._apart(text, {KERNEL.name: self.code.address(KERNEL.name)}, addresses)
        return Builtin(code.address("builtin"), code, plan)


class PythonBatch(_Python, Batch):
    """A batch, as Python code over NumPy's arrays, block by block."""

    def __init__(self, work: Work) -> None:
        from autograd_core.namespaces import arrays
        from autograd_core.namespaces.singles import singles

        super().__init__(work)
        self.element = work.computed
        self._quiet = arrays.quiet
        m = arrays if self.element is DOUBLE else singles
        self._function = python_function(work.program, m, self.element)

    def over(self, numbers: Numbers, columns: Sequence[Any] | None) -> Any:
        import numpy as np

        totals = np.zeros(len(self._work.program.outputs)) if columns is None else None
        for start in range(0, numbers.samples, tuning.BLOCK):
            block = slice(start, min(numbers.samples, start + tuning.BLOCK))
            shared = iter(numbers.shared if self.element is DOUBLE else converted_to(self.element, numbers.shared))
            given = (converted_to(self.element, column[block]) for column in numbers.columns)
            inputs = [next(given) if is_mapped else next(shared) for is_mapped in self._work.mapped]
            size = block.stop - block.start
            with self._quiet():
                results = [converted_to(self.element, y) for y in self._function(True, inputs)]
            results = [np.broadcast_to(y, size) for y in results]
            if totals is not None:
                totals += np.array([result.sum(dtype=float) for result in results])
                continue
            for target, result in zip(columns or (), results, strict=True):
                target[block] = result
        return totals


class NativeBatch(_Native, Batch):
    """A batch, as machine code over vectors of samples."""

    def __init__(self, work: Work) -> None:
        from autograd_core.compiler.machine.driver import driver

        self._work = work
        outputs = len(work.program.outputs)
        reduced = work.reduce is not None
        self.code, self._sizes, self._words, self.stats = self._kernel(careful=not reduced)
        self.element, width = self._sizes.element, self._sizes.width
        self._careful: list[tuple[Any, ...]] = []  # more than one if several threads want it at once; all are kept
        self._careful_at = ctypes.c_int64(0)
        self._driver = driver(width, reduced, self.element)
        moved = sum(work.mapped) + (0 if reduced else outputs)
        cost = cost_of(work.program.instructions, moved, host.vector_functions(width, self.element))
        check, words = self.code.check if self._has_callbacks else None, ctypes.addressof(self._words)
        self._runner = BatchRunner(
            self._driver, words, outputs, reduced, cost, work.threads, check, self._careful_words, self.element
        )

    def _kernel(self, *, careful: bool) -> tuple[Any, Any, Any, dict[str, Any]]:
        """The code of a kernel, its sizes, what the driver has to know of it, and its statistics."""
        from autograd_core.compiler.codegen.convention import KERNEL
        from autograd_core.compiler.codegen.emitted import emit_batch
        from autograd_core.compiler.machine.code import Code
        from autograd_core.compiler.machine.driver import KernelSizes

        work = self._work
        # without fused operations there are no vector functions, which are what single precision gains by
        element = work.computed if host.fuses() else DOUBLE
        emitted = emit_batch(work.program, *(self._layout(each, careful) for each in (element, DOUBLE)))
        text = emitted.text
        self._has_callbacks = bool(text.called)
        tier = host.tier(emitted.instructions, emitted.width, has_loops=emitted.recurrences > 0)
        code = Code(text.ir, tier, text.called, text.parts, cache=work.cache)
        columns, outputs = sum(work.mapped), len(work.program.outputs)
        sizes = KernelSizes(
            emitted.width, columns, outputs, text.slots, work.reduce is not None, hidden=emitted.hidden,
            may_need_care=emitted.may_need_care, element=emitted.element,
        )  # fmt: skip
        return code, sizes, sizes.words(code.address(KERNEL.name)), emitted.stats

    def _layout(self, element: Element, careful: bool) -> Layout:
        """How code over numbers of a type meets its data."""
        from autograd_core.compiler.codegen.kernel import Layout

        work, width = self._work, element.lanes(host.vector_width())
        functions = host.vector_functions(width, element)
        reduced, contract = work.reduce is not None, not work.strict
        return Layout(width, work.mapped, reduced, functions, contract=contract, careful=careful, element=element)

    def _careful_words(self) -> int:
        """The address of the words of careful code, which is compiled when a sum is first nan; the builtin gets it."""
        if not self._careful:
            self._careful.append(self._kernel(careful=True))
        self._careful_at.value = ctypes.addressof(self._careful[0][2])
        return self._careful_at.value

    def over(self, numbers: Numbers, columns: Sequence[Any] | None) -> Any:
        self.code.forget()
        return self._runner.run(numbers, columns)

    def builtin(self) -> Builtin | None:
        """It takes as long to make as the kernel, so it waits until it is asked for; each call makes one.

        Samples that depart from their path are gathered in Python.
        """
        if self._work.departures is not None:
            self.note = "samples that take another path are gathered in Python"
            return None
        given = self._work.given
        if self.element is not given and self._work.reduce is None:
            self.note = f"results are computed in {self.element.name}, and rounded"
            return None
        from autograd_core.compiler.codegen.convention import DRIVE

        shapes = self._work.trace.result.shapes
        largest = max((math.prod(shape or ()) for shape in shapes), default=1) or 1
        plan, text, addresses = self._builtin_text(
            self._has_callbacks, slots=0, batch=self._sizes, words=ctypes.addressof(self._words),
            careful=ctypes.addressof(self._careful_at), mean=self._work.reduce == "mean",
            new_array=self._new_array(self._work), new_large_array=partial(RESULTS.array, element=given),
            few=tuning.LEAST // (given.bytes * largest),
            share=self._runner.run_at, most=self._runner.most,
        )  # fmt: skip
        if not text:
            return None
        code = self._apart(text, {DRIVE.name: self._driver.address(DRIVE.name)}, addresses)
        return Builtin(code.address("builtin"), code, plan)
