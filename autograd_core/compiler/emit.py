"""The LLVM emitter: straight-line code as the text of an LLVM module, for one point or for vectors of samples.

Long code is cut into functions of a bounded number of instructions, since LLVM takes more than linear time for a long
one. What a later function needs of an earlier one passes through a workspace in memory.

Sums over the samples have functions of their own, which add up the vectors of a strip together: so each sum is fetched
from memory and put back once for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_core.compiler.instructions import Instruction, is_constant, live
from autograd_core.compiler.lower import Program
from autograd_core.compiler.operations import Operations, is_call
from autograd_core.primitives import Primitive

__all__ = ["Layout", "Module", "emit"]

CHUNK = 200
"""Instructions of a function at most."""
STRIP = 2
"""Vectors of samples that are computed before their sums are added up."""

_ATTRIBUTES = 'nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512"'
_MEMORY = "ptr noalias readonly %inputs, ptr noalias readonly %shared, ptr noalias %workspace, ptr noalias %outputs"


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


@dataclass(frozen=True)
class _Sum:
    """An output that is summed over the samples.

    Attributes:
        place: which output it is.
        factors: their product is added up; there is only one if a function of another part computes the product.
        subtracts: whether it is taken away instead.
        condition: what decides whether it is added; None if it always is.
        holds: whether it is added where the condition holds, and not where it does not.
    """

    place: int
    factors: Sequence[Instruction]
    subtracts: bool
    condition: Instruction | None
    holds: bool

    @property
    def operands(self) -> list[Instruction]:
        return [*self.factors, *([] if self.condition is None else [self.condition])]


def _gate_of(x: Instruction) -> tuple[Instruction, Instruction | None, bool]:
    """A number that is 0.0 unless a condition holds, or unless it does not: the number, the condition, and which."""
    if x.op == "where":
        condition, first, second = x.operands
        if is_constant(second, 0.0):
            return first, condition, True
        if is_constant(first, 0.0):
            return second, condition, False
    return x, None, True


def _sums(outputs: Sequence[Instruction]) -> list[_Sum]:
    """The outputs as sums. A product is left to the sum where its factors are at hand for others anyway."""
    gated = [_gate_of(x) for x in outputs]
    roots = [x for number, condition, _ in gated for x in (number, condition) if x is not None]
    uses = Counter(x for instruction in live(roots) for x in instruction.operands)
    uses.update(condition for _, condition, _ in gated if condition is not None)

    def term(x: Instruction) -> tuple[Sequence[Instruction], bool]:
        """The factors, and whether their product is subtracted."""
        is_negative = x.op == "negative"
        product = x.operands[0] if is_negative else x
        if (
            product.op == "multiply"
            and x not in uses
            and uses[product] == is_negative
            and all(y.is_given or uses[y] > 1 for y in product.operands)
        ):
            return product.operands, is_negative
        return (x,), False

    return [_Sum(place, *term(x), condition, holds) for place, (x, condition, holds) in enumerate(gated)]


def _in_rounds(part: Sequence[Instruction]) -> Sequence[Instruction]:
    """The same instructions, with the calls side by side that do not wait for each other: a processor overlaps them."""
    rounds: dict[Instruction, int] = {}
    for instruction in part:
        rounds[instruction] = max((rounds.get(x, 0) for x in instruction.operands), default=0) + is_call(instruction)
    return sorted(part, key=lambda instruction: (rounds[instruction], not is_call(instruction)))


class _Emitter:
    def __init__(self, program: Program, layout: Layout, chunk: int) -> None:
        self.layout = layout
        self.width = layout.width
        self.operations = Operations(layout.width, layout.vector_functions, contract=layout.contract)
        # the place of each input among the columns, or among the shared numbers
        self.mapped = list(layout.mapped) or [False] * program.inputs
        self.place_of = []
        counts = {True: 0, False: 0}
        for is_mapped in self.mapped:
            self.place_of.append(counts[is_mapped])
            counts[is_mapped] += 1
        self.outputs: Sequence[Instruction] = () if layout.reduced else program.outputs
        sums = _sums(program.outputs) if layout.reduced else []
        # a constant stands where it is used, and an input is read where it is used: neither takes a slot
        needed = live([x for each in sums for x in each.operands]) if layout.reduced else program.instructions
        self.chunks = [_in_rounds(part) for part in _cut([i for i in needed if not i.is_given], chunk)] or [[]]
        self.sums = _cut(sums, max(1, chunk // 4))
        self.strip = STRIP if layout.reduced else 1
        self._assign_slots()

    def _assign_slots(self) -> None:
        """Give a place in the workspace to what a later function needs; a place is used again when it is free."""
        made_in = {i: number for number, part in enumerate(self.chunks) for i in part}
        last_use: dict[Instruction, int] = {}

        def use(operands: Iterable[Instruction], number: int) -> None:
            for operand in operands:
                if made_in.get(operand, number) != number:
                    last_use[operand] = max(number, last_use.get(operand, 0))

        for number, part in enumerate(self.chunks):
            for instruction in part:
                use(instruction.operands, number)
        functions = len(self.chunks) + len(self.sums)
        for number, group in enumerate(self.sums, len(self.chunks)):
            for each in group:
                use(each.operands, number)
        # where an output is made it is given; constants and inputs at the end
        self.outputs_of: list[list[int]] = [[] for _ in self.chunks]
        for place, output in enumerate(self.outputs):
            self.outputs_of[made_in.get(output, -1)].append(place)
        self.slot_of: dict[Instruction, int] = {}
        self.slots = 0
        free: list[int] = []
        ending: list[list[int]] = [[] for _ in range(functions)]
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
        functions = [self._chunk(number, part) for number, part in enumerate(self.chunks)]
        functions += [self._sum_up(number, group) for number, group in enumerate(self.sums)]
        operations = self.operations
        text = [*functions, self._kernel(), *operations.helpers.values(), *operations.declared.values()]
        text.append(f"attributes #0 = {{ {_ATTRIBUTES} }}")
        text.append("attributes #1 = { nounwind willreturn memory(none) }")
        return Module("\n\n".join(text) + "\n", self.slots * self.strip, len(self.chunks), operations.called)

    # The functions

    def _chunk(self, number: int, part: Sequence[Instruction]) -> str:
        body = _Body(self)
        names, slot_of, operation, write = body.names, self.slot_of, self.operations.of, body.lines.append
        for instruction in part:
            operands = [names.get(x) or body.name(x) for x in instruction.operands]
            names[instruction] = result = f"%v{instruction.index}"
            write(f"  {result} = {operation(instruction, operands)}")
            if instruction in slot_of:
                body.keep(instruction)
        for place in self.outputs_of[number]:
            body.give(place, self.outputs[place])
        inline = "noinline" if len(self.chunks) > 1 else "alwaysinline"
        return f"define internal void @chunk_{number}({_MEMORY}, i64 %offset) {inline} #0 {{\n{body.text}\n}}"

    def _sum_up(self, number: int, group: Sequence[_Sum]) -> str:
        """Add the vectors of a strip to sums, in the lanes that hold samples and where a condition holds."""
        width, of = self.width, self.operations
        lines: list[str] = []
        strip = [_Body(self, lines, vector) for vector in range(self.strip)]
        for body in strip:
            body.begin()
        for each in group:
            at = f"%sum{each.place}"
            lines.append(f"  {at} = getelementptr double, ptr %outputs, i64 {each.place * width}")
            lines.append(f"  {at}.before = load {of.number}, ptr {at}, align 8")
            total = f"{at}.before"
            for body in strip:
                value, *more = map(body.name, each.factors)
                new, mask = f"{at}{body.suffix}", body.mask(each.condition, each.holds)
                if more:
                    lines.append(f"  {new}.product = fmul {of.flags}{of.number} {value}, {more[0]}")
                    value = f"{new}.product"
                add = "fsub" if each.subtracts else "fadd"
                lines.append(f"  {new}.more = {add} {of.flags}{of.number} {total}, {value}")
                lines.append(
                    f"  {new}.after = select {of.condition} {mask}, {of.number} {new}.more, {of.number} {total}"
                )
                total = f"{new}.after"
            lines.append(f"  store {of.number} {total}, ptr {at}, align 8")
        arguments = f"{_MEMORY}, i64 %offset, i64 %remaining"
        return f"define internal void @sums_{number}({arguments}) noinline #0 {{\n{strip[0].text}\n}}"

    def _kernel(self) -> str:
        """All functions one after another; for vectors, over and over until `count` samples are done."""
        head = f"define void @{self.layout.name}({_MEMORY}, i64 %count) #0 {{\n"
        memory = "ptr %inputs, ptr %shared, ptr {}, ptr %outputs"
        if self.width == 1:
            at = memory.format("%workspace")
            calls = "\n".join(f"  call void @chunk_{number}({at}, i64 0)" for number in range(len(self.chunks)))
            return f"{head}{calls}\n  ret void\n}}"
        at = memory.format("%own")
        chunks = "\n".join(f"  call void @chunk_{number}({at}, i64 %j)" for number in range(len(self.chunks)))
        at = memory.format("%workspace")
        sums = "\n".join(
            f"  call void @sums_{number}({at}, i64 %i, i64 %remaining)" for number in range(len(self.sums))
        )
        return f"""{head}entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %strip, label %done
strip:
  %i = phi i64 [ 0, %entry ], [ %end, %summed ]
  %end = add i64 %i, {self.strip * self.width}
  %remaining = sub i64 %count, %i
  br label %vector
vector:
  %j = phi i64 [ %i, %strip ], [ %next, %vector ]
  %inside = sub i64 %j, %i
  %slots = mul i64 %inside, {self.slots}
  %own = getelementptr double, ptr %workspace, i64 %slots
{chunks}
  %next = add i64 %j, {self.width}
  %in_strip = icmp slt i64 %next, %end
  %in_batch = icmp slt i64 %next, %count
  %more = and i1 %in_strip, %in_batch
  br i1 %more, label %vector, label %summed
summed:
{sums}
  %again = icmp slt i64 %end, %count
  br i1 %again, label %strip, label %done
done:
  ret void
}}"""


class _Body:
    """What a function does with one vector of samples, or with a single point.

    Args:
        emitter: knows where everything is.
        lines: the function's lines; several bodies may share them.
        vector: which vector of a strip it is.
    """

    def __init__(self, emitter: _Emitter, lines: list[str] | None = None, vector: int = 0) -> None:
        self.emitter = emitter
        self.operations = emitter.operations
        self.lines = [] if lines is None else lines
        self.vector = vector
        self.suffix = f".{vector}" if vector else ""
        self.names: dict[Instruction, str] = {}
        self.masks: dict[tuple[Instruction, bool], str] = {}

    @property
    def text(self) -> str:
        return "\n".join([*self.lines, "  ret void"])

    def begin(self) -> None:
        """Say where this vector is and which of its lanes hold samples; beyond the last sample it is the first one."""
        width, own = self.emitter.width, self.suffix
        left, lanes = "%remaining", ", ".join(f"i64 {lane}" for lane in range(width))
        if self.vector:
            left = f"%left{own}"
            self.lines += [
                f"  {left} = sub i64 %remaining, {self.vector * width}",
                f"  %exists{own} = icmp sgt i64 {left}, 0",
                f"  %number{own} = select i1 %exists{own}, i64 {self.vector}, i64 0",
                f"  %samples{own} = mul i64 %number{own}, {width}",
                f"  %offset{own} = add i64 %offset, %samples{own}",
                f"  %slots{own} = mul i64 %samples{own}, {self.emitter.slots}",
                f"  %workspace{own} = getelementptr double, ptr %workspace, i64 %slots{own}",
            ]
        self.lines += [
            f"  %left{own}.one = insertelement <{width} x i64> poison, i64 {left}, i32 0",
            f"  %left{own}.all = shufflevector <{width} x i64> %left{own}.one, <{width} x i64> poison, "
            f"<{width} x i32> zeroinitializer",
            f"  %mask{own} = icmp sgt <{width} x i64> %left{own}.all, <{lanes}>",
        ]

    def mask(self, condition: Instruction | None, holds: bool) -> str:
        """The lanes that hold samples and where a condition holds, or where it does not."""
        if condition is None:
            return f"%mask{self.suffix}"
        known = self.masks.get((condition, holds))
        if known is None:
            name, kind = self.name(condition), self.operations.condition
            known = self.masks[condition, holds] = f"%mask{condition.index}{'' if holds else '.not'}{self.suffix}"
            if not holds:
                self.lines.append(f"  {known}.where = xor {kind} {name}, {self.operations.true}")
                name = f"{known}.where"
            self.lines.append(f"  {known} = and {kind} %mask{self.suffix}, {name}")
        return known

    def name(self, x: Instruction) -> str:
        """What `x` is called here. It is a constant, is there already, or is brought in from memory."""
        known = self.names.get(x)
        if known is None:
            known = f"%v{x.index}{self.suffix}"
            if x.op == "constant":
                known = self.operations.constant(x.number)
            elif x.op == "input":
                self._read_input(x.number, known)
            else:
                self._load(x, known)
            self.names[x] = known
        return known

    def _read_input(self, number: int, result: str) -> None:
        at, width, kind = self.emitter.place_of[number], self.emitter.width, self.operations.number
        if self.emitter.mapped[number]:
            self.lines += [
                f"  {result}.pointer = getelementptr ptr, ptr %inputs, i64 {at}",
                f"  {result}.column = load ptr, ptr {result}.pointer, align 8",
                f"  {result}.at = getelementptr double, ptr {result}.column, i64 %offset{self.suffix}",
                f"  {result} = load {kind}, ptr {result}.at, align 8",
            ]
            return
        one = result if width == 1 else f"{result}.one"
        self.lines += [
            f"  {result}.at = getelementptr double, ptr %shared, i64 {at}",
            f"  {one} = load double, ptr {result}.at, align 8",
        ]
        if width > 1:
            self.lines += [
                f"  {result}.first = insertelement {kind} poison, double {one}, i32 0",
                f"  {result} = shufflevector {kind} {result}.first, {kind} poison, <{width} x i32> zeroinitializer",
            ]

    # The workspace

    def _slot(self, x: Instruction, address: str) -> None:
        slot = self.emitter.slot_of[x] * self.emitter.width
        self.lines.append(f"  {address} = getelementptr double, ptr %workspace{self.suffix}, i64 {slot}")

    def _load(self, x: Instruction, result: str) -> None:
        self._slot(x, f"{result}.at")
        if not x.is_condition:
            self.lines.append(f"  {result} = load {self.operations.number}, ptr {result}.at, align 8")
            return
        bits = self.operations.bits
        self.lines += [
            f"  {result}.bits = load {bits}, ptr {result}.at, align 8",
            f"  {result} = {self.operations.from_bits} {bits} {result}.bits to {self.operations.condition}",
        ]

    def keep(self, x: Instruction) -> None:
        """Put what was just computed into its slot."""
        name, kind = self.names[x], self.operations.number
        self._slot(x, f"{name}.keep")
        kept = name
        if x.is_condition:
            kept, kind = f"{name}.bits", self.operations.bits
            self.lines.append(f"  {kept} = {self.operations.to_bits} {self.operations.condition} {name} to {kind}")
        self.lines.append(f"  store {kind} {kept}, ptr {name}.keep, align 8")

    def give(self, place: int, x: Instruction) -> None:
        """Write an output."""
        name, at = self.name(x), f"%out{place}"
        if self.emitter.width == 1:
            self.lines.append(f"  {at} = getelementptr double, ptr %outputs, i64 {place}")
        else:
            self.lines += [
                f"  {at}.pointer = getelementptr ptr, ptr %outputs, i64 {place}",
                f"  {at}.column = load ptr, ptr {at}.pointer, align 8",
                f"  {at} = getelementptr double, ptr {at}.column, i64 %offset",
            ]
        self.lines.append(f"  store {self.operations.number} {name}, ptr {at}, align 8")


def _cut(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
