"""Straight-line code with loops in it as a module: stages of straight-line code, and loops around the code of bodies.

So is code with loops over turns: see `autograd_core.compiler.program.recurrences` and `.counted`.

All functions here do one vector of samples, or a point: they read vectors that lie side by side in memory, and leave
such. A body may have loops itself, and is then such a function again. The kernel around them has a table of tapes,
which all of them get, and frees their memory at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llvmlite import ir

from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.function_writer import DOUBLE, I64, MEMCPY, POINTER, FunctionWriter
from autograd_core.compiler.codegen.kernel import KernelText, Layout, emit
from autograd_core.compiler.codegen.loop_writer import LoopWriter
from autograd_core.compiler.codegen.tapes import TapeTable, splat, vector_of
from autograd_core.compiler.codegen.turns_writer import TURNS, write_turns
from autograd_core.compiler.program.counted import as_turns
from autograd_core.compiler.program.instructions import Instruction, Program, has_loops
from autograd_core.compiler.program.stages import is_of_loops, kept_by, stages_of, straight
from autograd_core.compiler.program.turns import Rolled, Turns
from autograd_core.engine.operation import Operation

__all__ = ["emit_looped"]


def emit_looped(program: Program, layout: Layout, rolled: Rolled | None = None) -> KernelText:
    """The module for a program with loops; see `emit`.

    Args:
        program: the code.
        layout: how it meets its data.
        rolled: the same code with loops over turns, if it is that.
    """
    return _Module(program, layout, rolled).text()


class _Module:
    """The functions of a kernel with loops."""

    def __init__(self, program: Program, layout: Layout, rolled: Rolled | None) -> None:
        self.program, self.layout, self.width = program, layout, layout.width
        self._rolled = rolled
        self.module = ir.Module()
        self.tapes = TapeTable(self.module, layout.width)
        self._parts: list[KernelText] = []
        self._called: list[tuple[Operation, int]] = []
        self._names = 0

    def text(self) -> KernelText:
        if self._rolled is None:
            name, size = self.function(self.program)
        else:
            name, size = self._turns(self._rolled, self.program.inputs)
        f = FunctionWriter(self.module, KERNEL.name, KERNEL.llvm())
        _, shared, workspace, outputs, count = f.arguments
        table = self.tapes.begin(f)
        run = f.declared(name, KERNEL.llvm())
        if self.width == 1 and not any(self.layout.mapped):
            f.build.call(run, [table, shared, workspace, outputs, count])
        else:
            size += (self.program.inputs + len(self.program.outputs)) * self.width
            self._over_samples(f, run, table)
        self.tapes.end(f, table)
        f.build.ret_void()
        chunks, texts = sum(part.chunks for part in self._parts), [part.ir for part in self._parts]
        return KernelText(str(self.module), -(-size // self.width), chunks, self._called, texts)

    def _over_samples(self, f: FunctionWriter, run: Any, table: Any) -> None:
        """Vector by vector of a batch: bring inputs in, and leave results or add them up."""
        inputs, shared, workspace, outputs, count = f.arguments
        vector, size = ir.VectorType(DOUBLE, self.width), 8 * self.width
        mapped = list(self.layout.mapped) or [False] * self.program.inputs
        results, given = workspace, f.at(workspace, size * len(self.program.outputs))
        rest = given if self._rolled is not None else f.at(given, size * len(mapped))
        columns = 0
        runs: list[tuple[int, int, int]] = []  # of mapped inputs: the first, the first column, and how many there are
        for number, is_mapped in enumerate(mapped):
            if not is_mapped:
                one = f.load(DOUBLE, shared, 8 * (number - columns))
                f.store(splat(f, one, self.width), given, size * number)
                continue
            if runs and sum(runs[-1][::2]) == number:
                runs[-1] = (*runs[-1][:2], runs[-1][2] + 1)
            else:
                runs.append((number, columns, 1))
            columns += 1
        with f.loop(0, count, self.width) as j:
            for first, first_column, length in runs:
                at, pointers = f.at(given, size * first), f.at(inputs, 8 * first_column)
                with f.loop(0, length) as place:
                    column = f.load(POINTER, pointers, f.multiply(place, 8))
                    f.store(f.load(vector, column, f.multiply(j, 8)), at, f.multiply(place, size))
            self.tapes.start(f, table)
            f.build.call(run, [table, given, rest, results, ir.Constant(I64, 1)])
            left = splat(f, f.build.sub(count, j), self.width)
            exists = f.build.icmp_signed(">", left, ir.Constant(left.type, list(range(self.width))))
            for number in range(len(self.program.outputs)):
                result = f.load(vector, results, size * number)
                if self.layout.reduced:
                    total = f.load(vector, outputs, size * number)
                    f.store(f.build.select(exists, f.build.fadd(total, result), total), outputs, size * number)
                else:
                    f.store(result, f.load(POINTER, outputs, 8 * number), f.multiply(j, 8))

    def function(self, program: Program) -> tuple[str, int]:
        """The name of a function that does a program for one vector, and the doubles of its workspace."""
        rolled = as_turns(program)
        if rolled is not None:
            return self._turns(rolled, program.inputs)
        name = self._new_name()
        if has_loops(program):
            return name, _Function(self, program, name).size
        part = emit(program, self._packed(name), called=self._called)
        self._parts.append(part)
        return name, part.slots * self.width

    def _new_name(self) -> str:
        self._names += 1
        return f"part_{self._names - 1}"

    def _packed(self, name: str) -> Layout:
        """The layout of a function for one vector."""
        return replace(self.layout, name=name, packed=True, mapped=(), reduced=False)

    def _turns(self, rolled: Rolled, inputs: int) -> tuple[str, int]:
        """The function of code with loops over turns: its parts one after another, with their memory in the workspace.

        What it is given may lie there already.
        """
        name, size = self._new_name(), rolled.size * self.width
        f = FunctionWriter(self.module, name, KERNEL.llvm())
        table, given, memory, outputs, one = f.arguments
        rest, called = f.at(memory, 8 * size), 0
        with f.build.if_then(f.build.icmp_unsigned("!=", given, memory)):
            f.build.call(f.declared("memcpy", MEMCPY), [memory, given, ir.Constant(I64, 8 * self.width * inputs)])
        loops: dict[str, Turns] = {}
        for part in rolled.parts:
            if isinstance(part, Turns):
                loops[turns := self._new_name()] = part
                f.build.call(f.declared(turns, TURNS), [memory])
                continue
            straight, scratch = self.function(part.program)
            target = outputs if part is rolled.parts[-1] else f.at(memory, 8 * self.width * part.first)
            f.build.call(f.declared(straight, KERNEL.llvm()), [table, memory, rest, target, one])
            called = max(called, scratch)
        f.build.ret_void()
        text = write_turns(loops, self.layout, self._called)
        self._parts.append(KernelText(text, 0, len(loops), self._called))
        return name, size + called


class _Function:
    """The function of a program with loops.

    Its workspace has a slot for each input and for all that one stage leaves for a later one, then an area for each
    loop, then room for the functions that it calls.

    Attributes:
        size: the doubles of the workspace.
    """

    def __init__(self, module: _Module, program: Program, name: str) -> None:
        self._module, self._width = module, module.width
        self._f = f = FunctionWriter(module.module, name, KERNEL.llvm())
        self._table, given, self._workspace, self._outputs, self._one = f.arguments
        self._vector = vector_of(self._width)
        self._slots = program.inputs
        self._slot_of = {x: x.number for x in program.instructions if x.op == "input"}
        stages = list(stages_of(program))
        firsts = list(map(self._assign, stages, kept_by(stages, program.outputs)))
        loops = [x for stage in stages for x in stage if x.op == "loop"]
        self._writers = {
            x: LoopWriter(f, x, module.tapes, [module.function(each) for each in x.number.programs]) for x in loops
        }
        plain = [self._straight(stage, kept) for stage, (_, kept) in zip(stages, firsts, strict=True)]
        functions = [None if each is None else module.function(each) for each in plain]
        last = module.function(self._straight([], program.outputs) or program)
        area = self._slots
        for writer in self._writers.values():
            writer.area = self._at(area)
            area += writer.vectors
        called = [size for _, size in [*filter(None, functions), last]]
        self.size = area * self._width + max([*called, *(writer.scratch for writer in self._writers.values())])
        self._rest = self._at(area)
        given_bytes = ir.Constant(I64, 8 * self._width * program.inputs)
        f.build.call(f.declared("memcpy", MEMCPY), [self._workspace, given, given_bytes])
        for stage, function, (first, _) in zip(stages, functions, firsts, strict=True):
            if function is not None:
                self._call(function[0], self._at(first))
            for instruction in stage:
                self._write(instruction)
        self._call(last[0], self._outputs)
        f.build.ret_void()

    # What each stage leaves

    def _assign(self, stage: Sequence[Instruction], kept: Sequence[Instruction]) -> tuple[int, Sequence[Instruction]]:
        """Give slots side by side to what later stages read: the first, and what they are for."""
        first = self._slots
        for x in kept:
            if x.op not in ("loop", "stack"):
                self._slot_of[x] = self._slots
                self._slots += 1
        return first, kept

    def _straight(self, stage: Sequence[Instruction], kept: Sequence[Instruction]) -> Program | None:
        """The straight-line code of a stage, which reads slots; None for a loop, or what is asked of one."""
        if (stage and is_of_loops(stage[0])) or not kept:
            return None
        return straight(self._slots, stage, kept, self._slot_of)

    # Writing

    def _at(self, slot: int) -> Any:
        return self._f.at(self._workspace, 8 * self._width * slot)

    def _put(self, slot: int, vector: Any) -> None:
        self._f.store(vector, self._workspace, 8 * self._width * slot)

    def _read(self, x: Instruction) -> Any:
        if x.op == "constant":
            return splat(self._f, ir.Constant(DOUBLE, float(x.number)), self._width)
        return self._f.load(self._vector, self._workspace, 8 * self._width * self._slot_of[x])

    def _call(self, name: str, target: Any) -> None:
        function = self._f.declared(name, KERNEL.llvm())
        self._f.build.call(function, [self._table, self._workspace, self._rest, target, self._one])

    def _write(self, x: Instruction) -> None:
        """A loop, or what is asked of one."""
        f, tapes = self._f, self._module.tapes
        if x.op == "loop":
            code = x.number
            count = len(x.operands) - len({tape.source for tape in code.tapes})
            self._writers[x].write(self._table, self._rest, [self._read(y) for y in x.operands[:count]])
        elif x.op == "stack":
            tapes.fill(f, self._table, x, [self._read(y) for y in x.operands])
        elif x in self._slot_of and is_of_loops(x):
            (source,), slot = x.operands, self._slot_of[x]
            if x.op == "element":
                column, turn = x.number
                tapes.read(f, self._table, source, column, turn, self._at(slot))
            elif x.op == "status":
                self._put(slot, splat(f, f.build.sitofp(tapes.status(f, self._table), DOUBLE), self._width))
            else:
                writer = self._writers[source]
                self._put(slot, writer.final(x.number) if x.op == "final" else writer.turns())
