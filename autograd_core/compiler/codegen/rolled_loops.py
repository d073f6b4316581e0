"""Rolled code as a module: its stages of scalar code, its loops, and the function that runs one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.function_writer import DOUBLE, I32, I64, POINTER, FunctionWriter
from autograd_core.compiler.codegen.kernel import KernelText, Layout, emit
from autograd_core.compiler.program.rolling import Column, Loop, Stage

__all__ = ["emit_rolled"]


def emit_rolled(stages: Sequence[Stage], inputs: int, layout: Layout) -> KernelText:
    """The module for stages of scalar code and loops.

    Args:
        stages: see `autograd_core.compiler.program.rolling`.
        inputs: how many numbers the code reads.
        layout: how the loops meet their data; of its width and its functions they make use.
    """
    return _Writer(stages, inputs, layout).text()


class _Writer:
    def __init__(self, stages: Sequence[Stage], inputs: int, layout: Layout) -> None:
        self.stages = stages
        self.inputs = inputs
        self.layout = layout
        self.width = layout.width
        self.parts: list[KernelText] = []
        loops = [loop for stage in stages for loop in stage.loops]
        self.slots = stages[-1].first
        # the sizes, in doubles, of what the workspace holds one after another
        self.columns = max((self._padded(loop) * len(loop.columns) for loop in loops), default=0)
        self.pointers = max((len(loop.columns) for loop in loops), default=0)
        self.sums = self.width * max((len(loop.sums) for loop in loops), default=0)

    def _padded(self, loop: Loop) -> int:
        return -(-loop.lanes // self.width) * self.width

    def text(self) -> KernelText:
        module = ir.Module()
        f = FunctionWriter(module, KERNEL.name, KERNEL.llvm())
        _, shared, workspace, outputs, _ = f.arguments
        slots = workspace
        columns = f.at(slots, 8 * self.slots)
        pointers = f.at(columns, 8 * self.columns)
        sums = f.at(pointers, 8 * self.pointers)
        scratch = f.at(sums, 8 * self.sums)
        null, one = ir.Constant(POINTER, None), ir.Constant(I64, 1)
        with f.loop(0, self.inputs) as i:
            f.store(f.load(DOUBLE, shared, f.multiply(i, 8)), slots, f.multiply(i, 8))
        for stage in self.stages:
            scalars = Layout(contract=self.layout.contract)
            target = outputs if stage is self.stages[-1] else f.at(slots, 8 * stage.first)
            if stage.program.outputs:
                f.build.call(self._part(f, stage.program, scalars), [null, slots, scratch, target, one])
            for loop in stage.loops:
                for number, column in enumerate(loop.columns):
                    self._column(f, column, self._padded(loop), number, slots, columns, pointers)
                self._run(f, loop, pointers, slots, scratch, sums)
        f.build.ret_void()
        size = self.slots + self.columns + self.pointers + self.sums + max(part.slots for part in self.parts)
        chunks = sum(part.chunks for part in self.parts)
        return KernelText(str(module), size, chunks, [], [part.ir for part in self.parts])

    def _part(self, f: FunctionWriter, program: Any, layout: Layout) -> Any:
        name = f"part_{len(self.parts)}"
        part = emit(program, replace(layout, name=name))
        part.slots *= layout.width
        self.parts.append(part)
        return ir.Function(f.module, KERNEL.llvm(), name)

    def _table(self, f: FunctionWriter, kind: Any, numbers: list[Any]) -> Any:
        constant = ir.Constant(ir.ArrayType(kind, len(numbers)), numbers)
        table = ir.GlobalVariable(f.module, constant.type, f"table_{len(f.module.globals)}")
        table.linkage = "internal"
        table.global_constant = True
        table.initializer = constant
        return table

    def _column(
        self, f: FunctionWriter, column: Column, lanes: int, number: int, slots: Any, columns: Any, pointers: Any
    ) -> None:
        """Put the address of a column into its place among the pointers; the lanes behind the last repeat it."""
        values = column.values + [column.values[-1]] * (lanes - len(column.values))
        if not column.are_slots:
            f.store(self._table(f, DOUBLE, values), pointers, 8 * number)
            return
        table = self._table(f, I32, values)
        target = f.at(columns, 8 * lanes * number)
        with f.loop(0, lanes) as i:
            slot = f.build.zext(f.load(I32, table, f.multiply(i, 4)), I64)
            f.store(f.load(DOUBLE, slots, f.multiply(slot, 8)), target, f.multiply(i, 8))
        f.store(target, pointers, 8 * number)

    def _run(self, f: FunctionWriter, loop: Loop, pointers: Any, slots: Any, scratch: Any, sums: Any) -> None:
        width, count = self.width, len(loop.sums)
        mapped = [True] * len(loop.columns) + [False] * (loop.body.inputs - len(loop.columns))
        layout = replace(self.layout, mapped=mapped, reduced=True)
        # −0 is what changes nothing when it is added to
        nothing = ir.Constant(ir.VectorType(DOUBLE, width), [-0.0] * width)
        with f.loop(0, count) as k:
            f.store(nothing, sums, f.multiply(k, 8 * width))
        kernel = self._part(f, loop.body, layout)
        f.build.call(kernel, [pointers, slots, scratch, sums, ir.Constant(I64, loop.lanes)])
        with f.loop(0, count) as k:
            total = f.total(f.at(sums, f.multiply(k, 8 * width)), width)
            f.store(total, slots, f.multiply(f.add(k, loop.sums.start), 8))
