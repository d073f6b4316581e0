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

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.body import Body, Memory, lanes_before
from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.operations import Operations, is_call
from autograd_core.compiler.codegen.sums import OutputSum, sums_of
from autograd_core.compiler.codegen.vectors.functions import OWN, steps_of
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Instruction, live
from autograd_core.compiler.program.lower import Program
from autograd_core.engine.operation import Operation

__all__ = ["KernelText", "Layout", "emit", "module_text"]

_ATTRIBUTES = 'nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512"'
_MEMORY = ", ".join(f"ptr noalias {'readonly ' * (name in ('inputs', 'shared'))}%{name}" for name in KERNEL.pointers)
_STRIP = _MEMORY.replace("%workspace", "%slots") + ", i64 %first, i64 %end"
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
        careful: whether 0 times an infinity must not become part of a sum, where a sample does not count. Otherwise
            some sum is nan then.
        element: the type of the numbers.
    """

    width: int = 1
    mapped: Sequence[bool] = ()
    reduced: bool = False
    vector_functions: dict[str, str] = field(default_factory=dict)
    contract: bool = True
    name: str = KERNEL.name
    packed: bool = False
    careful: bool = True
    element: Element = DOUBLE


@dataclass
class KernelText:
    """The text of a module.

    Attributes:
        ir: LLVM's intermediate representation; its function of the layout's name is called as `KERNEL` says.
        slots: how many vectors of numbers the workspace holds.
        chunks: how many functions the code was cut into.
        called: what is called back on floats, and on how many, in the order of the symbols ``callback_0``, …
        parts: the texts of further modules, whose functions this one calls.
    """

    ir: str
    slots: int
    chunks: int
    called: list[tuple[Operation, int]]
    parts: Sequence[str] = ()


def emit(program: Program, layout: Layout, called: list[tuple[Operation, int]] | None = None) -> KernelText:
    """The module for a program without loops.

    Args:
        program: the straight-line code.
        layout: how it meets its data.
        called: what other modules of the same code call back, to which its own is added.
    """
    return _Emitter(program, layout, [] if called is None else called).text()


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
    def __init__(self, program: Program, layout: Layout, called: list[tuple[Operation, int]]) -> None:
        self.layout = layout
        self.width = layout.width
        self.operations = Operations(
            layout.width, layout.vector_functions, called, contract=layout.contract, element=layout.element
        )
        self.memory = Memory(list(layout.mapped) or [False] * program.inputs, layout.packed)
        self.outputs: Sequence[Instruction] = () if layout.reduced else program.outputs
        sums = sums_of(program.outputs, careful=layout.careful) if layout.reduced else []
        # a constant stands where it is used, and an input is read where it is used: neither takes a slot
        needed = live([x for each in sums for x in each.operands]) if layout.reduced else program.instructions
        chunk = tuning.CHUNK * (tuning.POINT_CHUNKS if layout.width == 1 else 1)
        self.chunks = [_in_rounds(part) for part in _cut([i for i in needed if not i.is_given], chunk)] or [[]]
        own = [i.op for part in self.chunks for i in part if layout.vector_functions.get(i.op) == OWN]
        self.own = frozenset(own)
        # the steps of a few are written where they are needed: a call would take all registers
        self.in_line = sum(steps_of(op, layout.element) for op in own) <= tuning.INLINED
        self.is_looped = layout.width > 1 and not layout.packed
        self.trimmed = {} if layout.careful else _trimmed(sums)
        self.sums = _cut(_in_tiles(sums, self.trimmed), _accumulators(layout))
        self._assign_slots()
        size = layout.element.bytes * layout.width * max(1, self.memory.slots)
        self.strip = max(2, min(64, tuning.STRIP // size)) if self.is_looped else 1

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
        functions += [self._trim()] if self.trimmed else []
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
        if not self.is_looped:
            inline = "noinline" if len(self.chunks) > 1 else "alwaysinline"
            return f"define internal void @chunk_{number}({_MEMORY}) {inline} #0 {{\n{body.text}\n  ret void\n}}"
        # our own functions have branches in them, so that another block is the last one
        end = ("\n  br label %last\nlast:", "last") if self.own else ("", "vector")
        loop = self._over_vectors(body.text + end[0], last=end[1])
        return f"define internal void @chunk_{number}({_STRIP}) noinline #0 {{\nentry:\n{loop}\n  ret void\n}}"

    def _over_vectors(self, text: str, sums: Sequence[str] = (), last: str = "vector") -> str:
        """A loop over the vectors of a strip; of each sum, `x.before` goes in and `x.after` comes out.

        Args:
            text: what is done with a vector.
            sums: what is carried.
            last: the name of the block in which the text ends.
        """
        kind = self.operations.number
        carried = "".join(f"\n  {x} = phi {kind} [ {x}.before, %entry ], [ {x}.after, %{last} ]" for x in sums)
        return f"""  br label %vector
vector:
  %offset = phi i64 [ %first, %entry ], [ %next, %{last} ]
  %workspace = phi ptr [ %slots, %entry ], [ %next_slots, %{last} ]{carried}
{text}
  %next = add i64 %offset, {self.width}
  %next_slots = getelementptr {self.operations.one}, ptr %workspace, i64 {self.memory.slots * self.width}
  %more = icmp slt i64 %next, %end
  br i1 %more, label %vector, label %done
done:"""

    def _sum_up(self, number: int, group: Sequence[OutputSum]) -> str:
        """Add the vectors of a strip to sums, in the lanes that hold samples and where a condition holds.

        Elsewhere there is 0 in the place of a factor; with care, the sum stays as it is.
        """
        of, kind = self.operations, self.operations.number
        body = Body(of, self.memory)
        begin, finish, sums = [], [], []
        for each in group:
            sums.append(at := f"%sum{each.place}")
            begin.append(f"  {at}.at = getelementptr {of.one}, ptr %outputs, i64 {each.place * self.width}")
            begin.append(f"  {at}.before = load {kind}, ptr {at}.at, {of.align}")
            finish.append(f"  store {kind} {at}.after, ptr {at}.at, {of.align}")
            first, *others = each.factors
            is_guarded = not self.layout.careful and not (
                each.condition is None and self.trimmed.keys() & {*each.factors}
            )
            value = body.guarded(first, each) if is_guarded else body.name(first)
            for x in others:
                body.lines.append(f"  {at}.product = fmul {of.flags}{kind} {value}, {body.name(x)}")
                value = f"{at}.product"
            more = f"{at}.more" if self.layout.careful else f"{at}.after"
            body.lines.append(f"  {more} = {'fsub' if each.subtracts else 'fadd'} {of.flags}{kind} {at}, {value}")
            if self.layout.careful:
                mask = body.mask(each.condition, each.holds)
                body.lines.append(f"  {at}.after = select {of.condition} {mask}, {kind} {more}, {kind} {at}")
        text = "\n".join(["entry:", *begin, self._over_vectors(body.text, sums), *finish, "  ret void"])
        return f"define internal void @sums_{number}({_STRIP}) noinline #0 {{\n{text}\n}}"

    def _trim(self) -> str:
        """Put 0 into the lanes behind the last sample, in the slots of numbers that make terms of sums."""
        kind, width = self.operations.number, self.width
        lines = [
            "  %samples = sub i64 %end, %first",
            f"  %whole = and i64 %samples, {-width}",
            "  %left = sub i64 %samples, %whole",
            "  %is_whole = icmp eq i64 %left, 0",
            "  br i1 %is_whole, label %done, label %trim",
            "trim:",
            f"  %own = mul i64 %whole, {self.memory.slots}",
            f"  %workspace = getelementptr {self.operations.one}, ptr %slots, i64 %own",
            *lanes_before("%left", "%mask", width),
        ]
        zero = self.operations.constant(0.0)
        for x in self.trimmed:
            at = f"%slot{x.index}"
            lines += [
                f"  {at} = getelementptr {self.operations.one}, ptr %workspace, i64 {self.memory.slot_of[x] * width}",
                f"  {at}.all = load {kind}, ptr {at}, {self.operations.align}",
                f"  {at}.real = select {self.operations.condition} %mask, {kind} {at}.all, {kind} {zero}",
                f"  store {kind} {at}.real, ptr {at}, {self.operations.align}",
            ]
        text = "\n".join([*lines, "  br label %done", "done:", "  ret void"])
        return f"define internal void @trim({_STRIP}) noinline #0 {{\n{text}\n}}"

    def _kernel(self) -> str:
        """All functions one after another; for vectors, strip by strip until `count` samples are done."""
        head = f"define void @{self.layout.name}({_MEMORY}, i64 %{KERNEL.integers[0]}) #0 {{\n"
        names = [f"chunk_{number}" for number in range(len(self.chunks))]
        if not self.is_looped:
            calls = "\n".join(f"  call void @{name}({_SAME_MEMORY})" for name in names)
            return f"{head}{calls}\n  ret void\n}}"
        names += ["trim"] if self.trimmed else []
        names += [f"sums_{number}" for number in range(len(self.sums))]
        calls = "\n".join(f"  call void @{name}({_SAME_MEMORY}, i64 %first, i64 %end)" for name in names)
        return f"""{head}entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %strip, label %done
strip:
  %first = phi i64 [ 0, %entry ], [ %end, %strip ]
  %whole = add i64 %first, {self.strip * self.width}
  %is_whole = icmp slt i64 %whole, %count
  %end = select i1 %is_whole, i64 %whole, i64 %count
{calls}
  br i1 %is_whole, label %strip, label %done
done:
  ret void
}}"""


def _trimmed(sums: Sequence[OutputSum]) -> dict[Instruction, int]:
    """Numbers that are computed, of which each sum without a condition has one for a factor, few in all; in order."""
    ungated = [each.factors for each in sums if each.condition is None]
    uses = Counter(x for factors in ungated for x in factors if not x.is_given)
    chosen = [max(factors, key=lambda x: uses[x]) for factors in ungated if any(uses[x] for x in factors)]
    return {x: number for number, x in enumerate(dict.fromkeys(chosen))}


def _in_tiles(sums: Sequence[OutputSum], trimmed: dict[Instruction, int]) -> Sequence[OutputSum]:
    """Sums with the same factors side by side, so that a factor is read once for a few of them."""

    def key(each: OutputSum) -> tuple[int, int]:
        first = min((trimmed[x] for x in each.factors if x in trimmed), default=len(trimmed))
        return first // tuning.TILE, max((x.index for x in each.factors if x not in trimmed), default=-1)

    return sorted(sums, key=key) if trimmed else sums


def _accumulators(layout: Layout) -> int:
    """Sums of one function: processors with vectors of 64 bytes have twice as many registers."""
    return tuning.ACCUMULATORS * (2 if layout.width * layout.element.bytes == 64 else 1)


def _cut(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
