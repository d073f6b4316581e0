"""Writes recurrences that were rolled up: each a function, in which what is carried stays in registers.

It is for one vector of samples, or a point: what the parts of the code leave for each other lies in memory as vectors
side by side, each at its address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from llvmlite import ir

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.function_writer import POINTER, VOID
from autograd_core.compiler.codegen.kernel import Layout, module_text
from autograd_core.compiler.codegen.operations import Operations
from autograd_core.compiler.codegen.vectors.functions import OWN, steps_of
from autograd_core.compiler.program.instructions import Instruction
from autograd_core.compiler.program.turns import Carried, Constants, Index, Local, Memory, Shared, Source, Turns
from autograd_core.engine.operation import Operation

__all__ = ["TURNS", "write_turns"]

TURNS: Final = ir.FunctionType(VOID, [POINTER])
"""The type of the function of a recurrence: it takes the address of the memory."""


def write_turns(loops: Mapping[str, Turns], layout: Layout, called: list[tuple[Operation, int]]) -> str:
    """The text of a module with a function for each of some recurrences.

    Args:
        loops: by the symbol of the function.
        layout: its width, its functions of vectors, and whether it contracts.
        called: what other modules of the same code call back, to which its own is added.
    """
    operations = Operations(layout.width, layout.vector_functions, called, contract=layout.contract)
    own = [step.op for turns in loops.values() for step in turns.steps if layout.vector_functions.get(step.op) == OWN]
    in_line = sum(map(steps_of, own)) <= tuning.INLINED
    functions = [_Turns(turns, operations, name, frozenset(own), in_line).text() for name, turns in loops.items()]
    return module_text(functions, operations)


class _Turns:
    """Writes a recurrence.

    Args:
        turns: what it is.
        operations: writes what a step does.
        name: the symbol of the function, which takes the address of the memory.
        own: the leaves that functions of our own compute for vectors.
        in_line: whether these are written where they are needed.
    """

    def __init__(self, turns: Turns, operations: Operations, name: str, own: frozenset[str], in_line: bool) -> None:
        self._turns, self._of, self._name = turns, operations, name
        self._own, self._in_line = own, in_line
        self._entry: list[str] = []
        self._carries: list[tuple[str, int, str]] = []  # of each: its type, the step, and what it is at first
        self._lines: list[str] = []
        self._tables: list[str] = []
        self._known: dict[Any, str] = {}
        self._names: list[str] = []

    def text(self) -> str:
        """The function, and the tables that it reads."""
        turns, of = self._turns, self._of
        steps = of.steps(self._lines) if self._own else None
        for number, (step, sources) in enumerate(zip(turns.steps, turns.sources, strict=True)):
            operands = [self._operand(x, source) for x, source in zip(step.operands, sources, strict=True)]
            if steps is not None and step.op in self._own:
                self._names.append(of.own(steps, step.op, operands, in_line=self._in_line))
            else:
                self._names.append(f"%v{number}")
                self._lines.append(f"  %v{number} = {of.of(step, operands)}")
            if number in turns.kept:
                self._store(self._lines, number, self._at_turn(f"%kept{number}.to", turns.kept[number], 1))
        end: list[str] = []
        for number, address in turns.final.items():
            self._store(end, number, str(address * of.width))
        carries = [
            f"  %c{number} = phi {kind} [ {first}, %entry ], [ {self._names[step]}, %again ]"
            for number, (kind, step, first) in enumerate(self._carries)
        ]
        lines = [
            *self._tables, f"define void @{self._name}(ptr noalias %memory) #0 {{", "entry:", *self._entry,
            "  br label %turn", "turn:", "  %t = phi i64 [ 0, %entry ], [ %next, %again ]", *carries, *self._lines,
            "  br label %again", "again:", "  %next = add nuw nsw i64 %t, 1",
            f"  %more = icmp ult i64 %next, {turns.count}", "  br i1 %more, label %turn, label %done", "done:", *end,
            "  ret void", "}",
        ]  # fmt: skip
        return "\n".join(lines)

    def _operand(self, x: Instruction, source: Source) -> str:
        """The name of an operand, which at the first turn is `x`."""
        match source:
            case Local(step):
                return self._names[step]
            case Shared():
                return self._shared(source)
            case Carried(step, first):
                return self._carried(x, step, self._shared(first))
            case Constants(numbers):
                kind = "i1" if x.is_condition else "double"
                return self._from_table(kind, [self._constant(number) for number in numbers])
            case Memory(addresses):
                return self._from_memory(x, addresses)
            case Index():
                return self._number_of_turn(source)

    def _constant(self, number: float | bool) -> str:
        return Operations(1, {}, [], contract=False).constant(number)

    def _shared(self, source: Shared) -> str:
        if source.address is None:
            return self._of.constant(source.instruction.number)
        name = self._known.get(source)
        if name is None:
            name = self._known[source] = f"%s{len(self._entry)}"
            self._load(self._entry, name, str(source.address * self._of.width), source.instruction.is_condition)
        return name

    def _carried(self, x: Instruction, step: int, first: str) -> str:
        name = self._known.get((step, first))
        if name is None:
            name = self._known[step, first] = f"%c{len(self._carries)}"
            self._carries.append((self._of.condition if x.is_condition else self._of.number, step, first))
        return name

    def _from_memory(self, x: Instruction, addresses: Sequence[int]) -> str:
        first, step = addresses[0], addresses[1] - addresses[0]
        is_even = step and addresses == list(range(first, first + step * len(addresses), step))
        key = (first, step) if is_even else tuple(addresses)
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = f"%m{len(self._lines)}"
            if is_even:
                at = self._at_turn(f"{name}.from", first, step)
            else:
                at = f"{name}.from"
                self._read_table(at, "i64", [str(address * self._of.width) for address in addresses])
            self._load(self._lines, name, at, x.is_condition)
        return name

    def _number_of_turn(self, index: Index) -> str:
        name = self._known.get(index)
        if name is None:
            name = self._known[index] = f"%i{len(self._lines)}"
            one = name if self._of.width == 1 else f"{name}.one"
            self._lines += [
                f"  {name}.moved = mul i64 %t, {index.step}",
                f"  {name}.whole = add i64 {name}.moved, {index.first}",
                f"  {one} = sitofp i64 {name}.whole to double",
            ]
            if self._of.width > 1:
                self._splat(name, "double")
        return name

    # Memory

    def _at_turn(self, name: str, first: int, step: int) -> str:
        """Where a vector is whose address is `first` at the first turn, and moves by `step` at each."""
        width = self._of.width
        self._lines += [
            f"  {name}.moved = mul i64 %t, {step * width}",
            f"  {name} = add i64 {name}.moved, {first * width}",
        ]
        return name

    def _load(self, lines: list[str], name: str, at: str, is_condition: bool) -> None:
        number = f"{name}.number" if is_condition else name
        lines += [
            f"  {name}.at = getelementptr double, ptr %memory, i64 {at}",
            f"  {number} = load {self._of.number}, ptr {name}.at, align 8",
        ]
        if is_condition:
            lines.append(f"  {name} = fcmp une {self._of.number} {number}, {self._of.constant(0.0)}")

    def _store(self, lines: list[str], step: int, at: str) -> None:
        of, kept, name = self._of, self._names[step], f"%kept{step}"
        if self._turns.steps[step].is_condition:
            one, zero = of.constant(1.0), of.constant(0.0)
            lines.append(f"  {name} = select {of.condition} {kept}, {of.number} {one}, {of.number} {zero}")
            kept = name
        lines += [
            f"  {name}.at = getelementptr double, ptr %memory, i64 {at}",
            f"  store {of.number} {kept}, ptr {name}.at, align 8",
        ]

    # Tables

    def _from_table(self, kind: str, numbers: list[str]) -> str:
        """A number for each turn, in all lanes."""
        name, of = f"%n{len(self._lines)}", self._of
        if of.width == 1:
            self._read_table(name, kind, numbers)
            return name
        self._read_table(f"{name}.one", kind, numbers)
        self._splat(name, kind)
        return name

    def _splat(self, name: str, kind: str) -> None:
        """Put a number, or a condition, into all lanes."""
        of = self._of
        vector = of.condition if kind == "i1" else of.number
        self._lines += [
            f"  {name}.first = insertelement {vector} poison, {kind} {name}.one, i32 0",
            f"  {name} = shufflevector {vector} {name}.first, {vector} poison, <{of.width} x i32> zeroinitializer",
        ]

    def _read_table(self, name: str, kind: str, numbers: list[str]) -> None:
        table, array = f"@{self._name}.{len(self._tables)}", f"[{len(numbers)} x {kind}]"
        rows = ", ".join(f"{kind} {number}" for number in numbers)
        self._tables.append(f"{table} = internal constant {array} [{rows}]")
        self._lines += [
            f"  {name}.entry = getelementptr {array}, ptr {table}, i64 0, i64 %t",
            f"  {name} = load {kind}, ptr {name}.entry",
        ]
