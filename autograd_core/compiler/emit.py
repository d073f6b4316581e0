"""The LLVM emitter: straight-line code as the text of an LLVM module, for one point or for vectors of samples.

Long code is cut into functions of a bounded number of instructions, since LLVM takes more than linear time for a long
one. What a later function needs of an earlier one passes through a workspace in memory.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd_core.compiler.instructions import CONDITIONS, Instruction, is_gated, live
from autograd_core.compiler.lower import Program
from autograd_core.primitives import Primitive

__all__ = ["Layout", "Module", "emit"]

CHUNK = 200
"""Instructions of a function at most."""

_INFIX = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"}
_COMPARE = {
    "greater": "ogt", "greater_equal": "oge", "less": "olt", "less_equal": "ole", "equal": "oeq", "not_equal": "une",
    "isnan": "uno",
}  # fmt: skip
_LOGICAL = {"logical_and": "and", "logical_or": "or"}
_INTRINSICS = {
    "sqrt": "sqrt", "abs": "fabs", "copysign": "copysign", "floor": "floor", "ceil": "ceil", "trunc": "trunc",
    "round": "roundeven", "fma": "fma",
}  # fmt: skip

_ATTRIBUTES = 'nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512"'


@dataclass(frozen=True)
class Layout:
    """How code meets its data.

    Attributes:
        width: samples in a vector; 1 for a single point.
        mapped: for each input, whether it differs from sample to sample; all are shared for a single point.
        reduced: whether outputs are summed over the samples.
        vector_functions: name of a leaf to the symbol that computes it for a whole vector.
        contract: whether a·b + c may be rounded once.
        name: the symbol of the function that runs the code.
    """

    width: int = 1
    mapped: Sequence[bool] = ()
    reduced: bool = False
    vector_functions: dict[str, str] = field(default_factory=dict)
    contract: bool = True
    name: str = "kernel"


@dataclass
class Module:
    """The text of a module.

    Attributes:
        ir: LLVM's intermediate representation. Its function ``kernel(inputs, shared, workspace, outputs, count)`` runs
            the code; for a single point `inputs` is unused.
        slots: how many vectors of doubles the workspace holds.
        chunks: how many functions the code was cut into.
        called: what is called back on floats, and on how many, in the order of the symbols ``callback_0``, …
        parts: the texts of further modules, whose functions this one calls.
    """

    ir: str
    slots: int
    chunks: int
    called: list[tuple[Primitive, int]]
    parts: Sequence[str] = ()


def emit(program: Program, layout: Layout, chunk: int = CHUNK) -> Module:
    """The module for a program.

    Args:
        program: the straight-line code.
        layout: how it meets its data.
        chunk: the number of instructions in one function at most.
    """
    return _Emitter(program, layout, chunk).module()


class _Emitter:
    def __init__(self, program: Program, layout: Layout, chunk: int) -> None:
        self.program = program
        self.layout = layout
        width = layout.width
        self.number = "double" if width == 1 else f"<{width} x double>"
        self.condition = "i1" if width == 1 else f"<{width} x i1>"
        self.suffix = "f64" if width == 1 else f"v{width}f64"
        self.flags = "contract " if layout.contract else ""
        self.infix = {op: f"{name} {self.flags}{self.number} " for op, name in _INFIX.items()}
        self.true = "true" if width == 1 else f"<{', '.join(['i1 true'] * width)}>"
        self.declared: dict[str, str] = {}
        self.helpers: dict[str, str] = {}
        self.called: list[tuple[Primitive, int]] = []
        # the place of each input among the columns, or among the shared numbers
        mapped = list(layout.mapped) or [False] * program.inputs
        self.place_of = []
        counts = {True: 0, False: 0}
        for is_mapped in mapped:
            self.place_of.append(counts[is_mapped])
            counts[is_mapped] += 1
        self.mapped = mapped
        # what is summed over the samples: a number, and the condition under which it is added, if there is one
        self.sums = [
            (output.operands[1], output.operands[0]) if layout.reduced and is_gated(output) else (output, None)
            for output in program.outputs
        ]
        # a constant stands where it is used, and an input is read where it is used: neither takes a slot
        needed = program.instructions
        if layout.reduced:
            needed = live([x for pair in self.sums for x in pair if x is not None])
        self.work = [i for i in needed if i.op not in ("constant", "input")]
        self.chunks = [self.work[start : start + chunk] for start in range(0, len(self.work), chunk)] or [[]]
        self._assign_slots()

    def _assign_slots(self) -> None:
        """Give a place in the workspace to what a later chunk needs; a place is used again when it is free."""
        made_in = self.made_in = {i: number for number, part in enumerate(self.chunks) for i in part}
        last_use: dict[Instruction, int] = {}
        for number, part in enumerate(self.chunks):
            for instruction in part:
                for operand in instruction.operands:
                    if made_in.get(operand, number) != number:
                        last_use[operand] = number
        self.outputs_of: list[list[int]] = [[] for _ in self.chunks]
        for place, pair in enumerate(self.sums):
            # as soon as both are there; constants and inputs at the end
            number = max(made_in.get(x, len(self.chunks) - 1) for x in pair if x is not None)
            self.outputs_of[number].append(place)
            for x in pair:
                if x is not None and made_in.get(x, number) != number:
                    last_use[x] = max(number, last_use.get(x, 0))
        self.slot_of: dict[Instruction, int] = {}
        free: list[int] = []
        ending: list[list[int]] = [[] for _ in self.chunks]
        self.slots = 0
        for number, part in enumerate(self.chunks):
            for instruction in part:
                if instruction in last_use:
                    if free:
                        slot = free.pop()
                    else:
                        slot, self.slots = self.slots, self.slots + 1
                    self.slot_of[instruction] = slot
                    ending[last_use[instruction]].append(slot)
            free += ending[number]

    def module(self) -> Module:
        functions = [self._function(number, part) for number, part in enumerate(self.chunks)]
        text = [*functions, self._kernel(), *self.helpers.values(), *self.declared.values()]
        text.append(f"attributes #0 = {{ {_ATTRIBUTES} }}")
        text.append("attributes #1 = { nounwind willreturn memory(none) }")
        return Module("\n\n".join(text) + "\n", self.slots, len(self.chunks), self.called)

    # One chunk

    def _function(self, number: int, part: list[Instruction]) -> str:
        lines: list[str] = []
        names: dict[Instruction, str] = {}

        def name(x: Instruction) -> str:
            known = names.get(x)
            if known is None:
                known = names[x] = self._fetch(x, lines)
            return known

        slot_of, operation, write = self.slot_of, self._operation, lines.append
        for instruction in part:
            operands = [names.get(x) or name(x) for x in instruction.operands]
            names[instruction] = result = f"%v{instruction.index}"
            write(f"  {result} = {operation(instruction, operands)}")
            if instruction in slot_of:
                self._keep(instruction, result, lines)
        for place in self.outputs_of[number]:
            output, condition = self.sums[place]
            if self.layout.reduced:
                self._add_up(place, name(output), None if condition is None else name(condition), lines)
            else:
                self._give(place, name(output), lines)
        inline = "noinline" if len(self.chunks) > 1 else "alwaysinline"
        body = "\n".join(lines)
        return (
            f"define internal void @chunk_{number}(ptr noalias readonly %inputs, ptr noalias readonly %shared, "
            f"ptr noalias %workspace, ptr noalias %outputs, i64 %offset, i64 %remaining) {inline} #0 {{\n"
            f"{self._mask()}{body}\n  ret void\n}}"
        )

    def _mask(self) -> str:
        """Which lanes of this vector hold samples."""
        if not self.layout.reduced:
            return ""
        width = self.layout.width
        lanes = ", ".join(f"i64 {lane}" for lane in range(width))
        return (
            f"  %rest0 = insertelement <{width} x i64> poison, i64 %remaining, i32 0\n"
            f"  %rest = shufflevector <{width} x i64> %rest0, <{width} x i64> poison, <{width} x i32> zeroinitializer\n"
            f"  %mask = icmp ult <{width} x i64> <{lanes}>, %rest\n"
        )

    def _fetch(self, x: Instruction, lines: list[str]) -> str:
        """Bring an operand into this function: a constant, an input, or what an earlier function left."""
        result = f"%v{x.index}"
        if x.op == "constant":
            return self._constant(x.number)
        if x.op == "input":
            self._read_input(x.number, result, lines)
            return result
        address = f"{result}.at"
        lines.append(f"  {address} = getelementptr double, ptr %workspace, i64 {self.slot_of[x] * self.layout.width}")
        if x.op not in CONDITIONS:
            lines.append(f"  {result} = load {self.number}, ptr {address}, align 8")
        else:
            lines.append(f"  {result}.number = load {self.number}, ptr {address}, align 8")
            lines.append(f"  {result} = fcmp une {self.number} {result}.number, {self._constant(0.0)}")
        return result

    def _read_input(self, place: int, result: str, lines: list[str]) -> None:
        address = f"{result}.at"
        at = self.place_of[place]
        if not self.mapped[place]:
            lines.append(f"  {address} = getelementptr double, ptr %shared, i64 {at}")
            if self.layout.width == 1:
                lines.append(f"  {result} = load double, ptr {address}, align 8")
            else:
                lines.append(f"  {result}.one = load double, ptr {address}, align 8")
                lines.append(f"  {result}.first = insertelement {self.number} poison, double {result}.one, i32 0")
                lines.append(
                    f"  {result} = shufflevector {self.number} {result}.first, {self.number} poison, "
                    f"<{self.layout.width} x i32> zeroinitializer"
                )
            return
        lines.append(f"  {result}.pointer = getelementptr ptr, ptr %inputs, i64 {at}")
        lines.append(f"  {result}.column = load ptr, ptr {result}.pointer, align 8")
        lines.append(f"  {address} = getelementptr double, ptr {result}.column, i64 %offset")
        lines.append(f"  {result} = load {self.number}, ptr {address}, align 8")

    def _keep(self, x: Instruction, name: str, lines: list[str]) -> None:
        slot = self.slot_of[x] * self.layout.width
        lines.append(f"  {name}.keep = getelementptr double, ptr %workspace, i64 {slot}")
        kept = name
        if x.is_condition:
            kept = f"{name}.kept"
            one, zero = self._constant(1.0), self._constant(0.0)
            lines.append(f"  {kept} = select {self.condition} {name}, {self.number} {one}, {self.number} {zero}")
        lines.append(f"  store {self.number} {kept}, ptr {name}.keep, align 8")

    def _give(self, place: int, name: str, lines: list[str]) -> None:
        at = f"%out{place}"
        width = self.layout.width
        if width == 1:
            lines.append(f"  {at} = getelementptr double, ptr %outputs, i64 {place}")
            lines.append(f"  store double {name}, ptr {at}, align 8")
        else:
            lines.append(f"  {at}.pointer = getelementptr ptr, ptr %outputs, i64 {place}")
            lines.append(f"  {at}.column = load ptr, ptr {at}.pointer, align 8")
            lines.append(f"  {at} = getelementptr double, ptr {at}.column, i64 %offset")
            lines.append(f"  store {self.number} {name}, ptr {at}, align 8")

    def _add_up(self, place: int, name: str, condition: str | None, lines: list[str]) -> None:
        """Add a vector to the sums of an output, in the lanes that hold samples and where a condition holds."""
        at = f"%out{place}"
        mask = "%mask"
        if condition is not None:
            mask = f"{at}.mask"
            lines.append(f"  {mask} = and {self.condition} %mask, {condition}")
        lines.append(f"  {at} = getelementptr double, ptr %outputs, i64 {place * self.layout.width}")
        lines.append(f"  {at}.before = load {self.number}, ptr {at}, align 8")
        lines.append(f"  {at}.more = fadd {self.flags}{self.number} {at}.before, {name}")
        lines.append(
            f"  {at}.after = select {self.condition} {mask}, {self.number} {at}.more, {self.number} {at}.before"
        )
        lines.append(f"  store {self.number} {at}.after, ptr {at}, align 8")

    # One instruction

    def _constant(self, number: float | bool) -> str:
        if number.__class__ is bool:
            one, kind = str(number).lower(), "i1"
        else:
            bits = struct.unpack("<Q", struct.pack("<d", math.nan if number != number else number))[0]
            one, kind = f"0x{bits:016X}", "double"
        return one if self.layout.width == 1 else f"<{', '.join([f'{kind} {one}'] * self.layout.width)}>"

    def _operation(self, instruction: Instruction, operands: list[str]) -> str:
        op = instruction.op
        infix = self.infix.get(op)
        if infix is not None:
            return f"{infix}{operands[0]}, {operands[1]}"
        if op == "where":
            return f"select {self.condition} {operands[0]}, {self.number} {operands[1]}, {self.number} {operands[2]}"
        if op == "negative":
            return f"fneg {self.number} {operands[0]}"
        if op in _COMPARE:
            return f"fcmp {_COMPARE[op]} {self.number} {operands[0]}, {operands[-1]}"
        if op in _LOGICAL:
            return f"{_LOGICAL[op]} {self.condition} {operands[0]}, {operands[1]}"
        if op == "logical_not":
            return f"xor {self.condition} {operands[0]}, {self.true}"
        typed = ", ".join(f"{self.number} {operand}" for operand in operands)
        if op in _INTRINSICS:
            symbol = f"llvm.{_INTRINSICS[op]}.{self.suffix}"
            self._declare(symbol, self.number, len(operands))
            return f"call {self.number} @{symbol}({typed})"
        if op == "call":
            return f"call {self.number} @{self._callback(instruction)}({typed})"
        return f"call {self.number} @{self._library_function(op, len(operands))}({typed})"

    def _declare(self, symbol: str, kind: str, arity: int) -> None:
        self.declared[symbol] = f"declare {kind} @{symbol}({', '.join([kind] * arity)}) #1"

    def _library_function(self, op: str, arity: int) -> str:
        if self.layout.width == 1:
            self._declare(op, "double", arity)
            return op
        symbol = self.layout.vector_functions.get(op)
        if symbol is not None:
            self._declare(symbol, self.number, arity)
            return symbol
        self._declare(op, "double", arity)
        return self._by_lanes(f"lanes_{op}", op, arity)

    def _callback(self, instruction: Instruction) -> str:
        """A function that puts its operands into an array and calls back."""
        place = len(self.called)
        arity = len(instruction.operands)
        assert instruction.row is not None
        self.called.append((instruction.row, arity))
        one = f"call_{place}"
        self.declared[f"callback_{place}"] = f"declare double @callback_{place}(ptr)"
        lines = [f"  %array = alloca [{arity} x double], align 8"]
        for i in range(arity):
            lines.append(f"  %at{i} = getelementptr double, ptr %array, i64 {i}")
            lines.append(f"  store double %x{i}, ptr %at{i}, align 8")
        lines += [f"  %result = call double @callback_{place}(ptr %array)", "  ret double %result"]
        parameters = ", ".join(f"double %x{i}" for i in range(arity))
        body = "\n".join(lines)
        self.helpers[one] = f"define internal double @{one}({parameters}) noinline #0 {{\n{body}\n}}"
        return one if self.layout.width == 1 else self._by_lanes(f"lanes_{one}", one, arity)

    def _by_lanes(self, helper: str, one: str, arity: int) -> str:
        """A function that computes a vector lane by lane."""
        if helper not in self.helpers:
            lines = []
            vector = "poison"
            for lane in range(self.layout.width):
                for i in range(arity):
                    lines.append(f"  %x{i}.{lane} = extractelement {self.number} %x{i}, i32 {lane}")
                operands = ", ".join(f"double %x{i}.{lane}" for i in range(arity))
                lines.append(f"  %y.{lane} = call double @{one}({operands})")
                lines.append(f"  %r.{lane} = insertelement {self.number} {vector}, double %y.{lane}, i32 {lane}")
                vector = f"%r.{lane}"
            parameters = ", ".join(f"{self.number} %x{i}" for i in range(arity))
            body = "\n".join([*lines, f"  ret {self.number} {vector}"])
            self.helpers[helper] = f"define internal {self.number} @{helper}({parameters}) noinline #0 {{\n{body}\n}}"
        return helper

    def _kernel(self) -> str:
        """All chunks one after another; for vectors, over and over until `count` samples are done."""
        arguments = "ptr %inputs, ptr %shared, ptr %workspace, ptr %outputs"
        names = [f"@chunk_{number}" for number in range(len(self.chunks))]
        head = (
            f"define void @{self.layout.name}(ptr noalias readonly %inputs, ptr noalias readonly %shared, "
            "ptr noalias %workspace, ptr noalias %outputs, i64 %count) #0 {\n"
        )
        if self.layout.width == 1:
            calls = "\n".join(f"  call void {name}({arguments}, i64 0, i64 1)" for name in names)
            return f"{head}{calls}\n  ret void\n}}"
        calls = "\n".join(f"  call void {name}({arguments}, i64 %i, i64 %remaining)" for name in names)
        return f"""{head}entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %remaining = sub i64 %count, %i
{calls}
  %next = add i64 %i, {self.layout.width}
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}"""
