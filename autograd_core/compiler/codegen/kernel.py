"""The LLVM emitter: straight-line code as the text of an LLVM module, for one point or for vectors of samples.

Long code is cut into functions of a bounded number of instructions, since LLVM takes more than linear time for a long
one. What a later function needs of an earlier one passes through a workspace in memory.

Sums over the samples have functions of their own, which add up the vectors of a strip together: so each sum is fetched
from memory and put back once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.body import Body, Memory
from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.operations import Operations, is_call
from autograd_core.compiler.codegen.sums import OutputSum, sums_of
from autograd_core.compiler.codegen.vectors.functions import OWN, steps_of
from autograd_core.compiler.program.instructions import Instruction, live
from autograd_core.compiler.program.lower import Program
from autograd_core.engine.operation import Operation

__all__ = ["KernelText", "Layout", "emit", "module_text"]

_ATTRIBUTES = 'nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512"'
_MEMORY = ", ".join(f"ptr noalias {'readonly ' * (name in ('inputs', 'shared'))}%{name}" for name in KERNEL.pointers)
_SAME_MEMORY = ", ".join(f"ptr %{name}" for name in KERNEL.pointers)


@dataclass(frozen=True)
class Layout:
    """How code meets its data.

    Attributes:
        width: samples in a vector; 1 for a single point.
        mapped: for each input, whether it differs from sample to sample; all are shared for a single point.
        reduced: whether outputs are summed over the samples.
        vector_functions: name of a leaf to the symbol that computes it for a whole vector, or to `OWN`.
        contract: whether a·b + c may be rounded once.
        name: the symbol of the function that runs the code.
        packed: whether it does one vector, whose inputs lie side by side among the shared numbers, a vector for each,
            and whose outputs lie so too.
    """

    width: int = 1
    mapped: Sequence[bool] = ()
    reduced: bool = False
    vector_functions: dict[str, str] = field(default_factory=dict)
    contract: bool = True
    name: str = KERNEL.name
    packed: bool = False


@dataclass
class KernelText:
    """The text of a module.

    Attributes:
        ir: LLVM's intermediate representation; its function of the layout's name is called as `KERNEL` says.
        slots: how many vectors of doubles the workspace holds.
        chunks: how many functions the code was cut into.
        called: what is called back on floats, and on how many, in the order of the symbols ``callback_0``, …
        parts: the texts of further modules, whose functions this one calls.
    """

    ir: str
    slots: int
    chunks: int
    called: list[tuple[Operation, int]]
    parts: Sequence[str] = ()


def emit(
    program: Program, layout: Layout, chunk: int | None = None, called: list[tuple[Operation, int]] | None = None
) -> KernelText:
    """The module for a program without loops.

    Args:
        program: the straight-line code.
        layout: how it meets its data.
        chunk: the number of instructions in one function at most; by default that of `tuning`.
        called: what other modules of the same code call back, to which its own is added.
    """
    return _Emitter(program, layout, chunk or tuning.CHUNK, [] if called is None else called).text()


def module_text(functions: Sequence[str], operations: Operations) -> str:
    """The text of a module of some functions, with all that their operations need around them."""
    text = [*functions, *operations.helpers.values(), *operations.declared.values()]
    text.append(f"attributes #0 = {{ {_ATTRIBUTES} }}")
    text.append("attributes #1 = { nounwind willreturn memory(none) }")
    return "\n\n".join(text) + "\n"


def _in_rounds(part: Sequence[Instruction]) -> Sequence[Instruction]:
    """The same instructions, with the calls side by side that do not wait for each other: a processor overlaps them."""
    rounds: dict[Instruction, int] = {}
    for instruction in part:
        rounds[instruction] = max((rounds.get(x, 0) for x in instruction.operands), default=0) + is_call(instruction)
    return sorted(part, key=lambda instruction: (rounds[instruction], not is_call(instruction)))


class _Emitter:
    def __init__(self, program: Program, layout: Layout, chunk: int, called: list[tuple[Operation, int]]) -> None:
        self.layout = layout
        self.width = layout.width
        self.operations = Operations(layout.width, layout.vector_functions, called, contract=layout.contract)
        self.memory = Memory(list(layout.mapped) or [False] * program.inputs, layout.packed)
        self.outputs: Sequence[Instruction] = () if layout.reduced else program.outputs
        sums = sums_of(program.outputs) if layout.reduced else []
        # a constant stands where it is used, and an input is read where it is used: neither takes a slot
        needed = live([x for each in sums for x in each.operands]) if layout.reduced else program.instructions
        self.chunks = [_in_rounds(part) for part in _cut([i for i in needed if not i.is_given], chunk)] or [[]]
        self.sums = _cut(sums, max(1, chunk // 4))
        self.strip = tuning.STRIP if layout.reduced else 1
        own = [i.op for part in self.chunks for i in part if layout.vector_functions.get(i.op) == OWN]
        self.own = frozenset(own)
        # the steps of a few are written where they are needed: a call would take all registers
        self.in_line = sum(map(steps_of, own)) <= tuning.INLINED
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
        memory = self.memory
        free: list[int] = []
        ending: list[list[int]] = [[] for _ in range(functions)]
        for number, part in enumerate(self.chunks):
            for instruction in part:
                if instruction in last_use:
                    if free:
                        slot = free.pop()
                    else:
                        slot, memory.slots = memory.slots, memory.slots + 1
                    memory.slot_of[instruction] = slot
                    ending[last_use[instruction]].append(slot)
            free += ending[number]

    def text(self) -> KernelText:
        functions = [self._chunk(number, part) for number, part in enumerate(self.chunks)]
        functions += [self._sum_up(number, group) for number, group in enumerate(self.sums)]
        text = module_text([*functions, self._kernel()], self.operations)
        return KernelText(text, self.memory.slots * self.strip, len(self.chunks), self.operations.called)

    # The functions

    def _chunk(self, number: int, part: Sequence[Instruction]) -> str:
        body = Body(self.operations, self.memory)
        names, slot_of, operation, write = body.names, self.memory.slot_of, self.operations.of, body.lines.append
        steps = self.operations.steps(body.lines) if self.own else None
        for instruction in part:
            operands = [names.get(x) or body.name(x) for x in instruction.operands]
            if steps is not None and instruction.op in self.own:
                names[instruction] = self.operations.own(steps, instruction.op, operands, in_line=self.in_line)
            else:
                names[instruction] = result = f"%v{instruction.index}"
                write(f"  {result} = {operation(instruction, operands)}")
            if instruction in slot_of:
                body.keep(instruction)
        for place in self.outputs_of[number]:
            body.give(place, self.outputs[place])
        inline = "noinline" if len(self.chunks) > 1 else "alwaysinline"
        return f"define internal void @chunk_{number}({_MEMORY}, i64 %offset) {inline} #0 {{\n{body.text}\n}}"

    def _sum_up(self, number: int, group: Sequence[OutputSum]) -> str:
        """Add the vectors of a strip to sums, in the lanes that hold samples and where a condition holds."""
        width, of = self.width, self.operations
        lines: list[str] = []
        strip = [Body(of, self.memory, lines, vector) for vector in range(self.strip)]
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
        head = f"define void @{self.layout.name}({_MEMORY}, i64 %{KERNEL.integers[0]}) #0 {{\n"
        at = _SAME_MEMORY
        if self.width == 1 or self.layout.packed:
            calls = "\n".join(f"  call void @chunk_{number}({at}, i64 0)" for number in range(len(self.chunks)))
            return f"{head}{calls}\n  ret void\n}}"
        sums = "\n".join(
            f"  call void @sums_{number}({at}, i64 %i, i64 %remaining)" for number in range(len(self.sums))
        )
        at = at.replace("%workspace", "%own")
        chunks = "\n".join(f"  call void @chunk_{number}({at}, i64 %j)" for number in range(len(self.chunks)))
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
  %slots = mul i64 %inside, {self.memory.slots}
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


def _cut(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
