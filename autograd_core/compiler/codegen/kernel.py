"""The LLVM emitter: straight-line code as the text of an LLVM module, for one point or for vectors of samples.

Long code is cut into functions of a bounded number of instructions, since LLVM takes more than linear time for a long
one. What a later function needs of an earlier one passes through a workspace in memory.

Sums over the samples have functions of their own, which add up the vectors of a strip together: so each sum is fetched
from memory and put back once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.body import Body, Memory, lanes_before
from autograd_core.compiler.codegen.convention import KERNEL
from autograd_core.compiler.codegen.operations import Operations
from autograd_core.compiler.codegen.order import cut, in_rounds, in_tiles, parts_of, trimmed_of
from autograd_core.compiler.codegen.strips import merged, over_strips, over_vectors
from autograd_core.compiler.codegen.sums import OutputSum, sums_of
from autograd_core.compiler.codegen.vectors.functions import OWN, steps_of
from autograd_core.compiler.codegen.vectors.steps import Steps
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Instruction, live
from autograd_core.compiler.program.leaves import LEAVES, Form
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
    text.append("!0 = !{i32 1}")
    return "\n\n".join(text) + "\n"


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
        computed = [i for i in needed if not i.is_given]
        self.is_looped = layout.width > 1 and not layout.packed
        if self.is_looped:
            from autograd_core.compiler.codegen.dot_products import side_by_side

            units = side_by_side(computed, lambda x: x.op == "input" and not self.memory.mapped[x.number])
        else:
            units = [[i] for i in computed]
        chunk = tuning.CHUNK * (tuning.POINT_CHUNKS if layout.width == 1 else 1)
        self.chunks = [in_rounds(part) for part in parts_of(units, chunk)]
        own = [i.op for part in self.chunks for i in part if layout.vector_functions.get(i.op) == OWN]
        self.own = frozenset(own)
        # the steps of a few are written where they are needed: a call would take all registers
        self.in_line = sum(steps_of(op, layout.element) for op in own) <= tuning.INLINED
        self.are_paired = [self.is_looped and self._waits(part) for part in self.chunks]
        self.trimmed = {} if layout.careful else trimmed_of(sums)
        self.sums = cut(in_tiles(sums, self.trimmed), tuning.ACCUMULATORS)
        self._assign_slots()
        size = layout.element.bytes * layout.width * max(1, self.memory.slots)
        self.strip = max(2, min(64, tuning.STRIP // size)) if self.is_looped else 1

    def _waits(self, part: Sequence[Instruction]) -> bool:
        """Whether the processor waits for chains of steps, as our own functions are: it does two vectors meanwhile.

        The second may be the first once more, but a function in Python is called once for a sample.
        """
        return (
            self.in_line
            and any(i.op in self.own for i in part)
            and all(LEAVES[i.op].form is not Form.CALL for i in part)
        )

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
        bodies = [Body(self.operations, self.memory)]
        is_paired = self.are_paired[number]
        if is_paired:
            bodies.append(Body(self.operations, self.memory, bodies[0]))
        steps = [self.operations.steps(body.lines, body.mark) if self.own else None for body in bodies]
        lines: list[str] = []
        for instruction in part:
            for body, writer in zip(bodies, steps, strict=True):
                self._compute(instruction, body, writer)
            lines += merged(*bodies)
        text = "\n".join([*lines, *self._given(number, bodies)])
        if not self.is_looped:
            inline = "noinline" if len(self.chunks) > 1 else "alwaysinline"
            return f"define internal void @chunk_{number}({_MEMORY}) {inline} #0 {{\n{text}\n  ret void\n}}"
        # our own functions have branches in them, as outputs have, so that another block is the last one
        end = ("\n  br label %last\nlast:", "last") if self.own or self.outputs_of[number] else ("", "vector")
        loop = over_vectors(text + end[0], self.operations, self.memory.slots, last=end[1], is_paired=is_paired)
        return f"define internal void @chunk_{number}({_STRIP}) noinline #0 {{\nentry:\n{loop}\n  ret void\n}}"

    def _compute(self, instruction: Instruction, body: Body, steps: Steps | None) -> None:
        operands = [body.names.get(x) or body.name(x) for x in instruction.operands]
        if steps is not None and instruction.op in self.own:
            body.names[instruction] = self.operations.own(steps, instruction.op, operands, in_line=self.in_line)
        else:
            body.names[instruction] = result = f"%v{instruction.index}{body.mark}"
            body.lines.append(f"  {result} = {self.operations.of(instruction, operands)}")
        if instruction in self.memory.slot_of:
            body.keep(instruction)

    def _given(self, number: int, bodies: Sequence[Body]) -> list[str]:
        """Write the outputs of a function, past the cache where that is asked for: see `KERNEL`."""
        lines, stores = [], []
        for place in self.outputs_of[number]:
            stores += [body.give(place, self.outputs[place]) for body in bodies]
            lines += merged(*bodies)
        into = [f"{store}, {self.operations.align}" for store in stores]
        if not (stores and self.is_looped):
            return [*lines, *into]
        past = [f"{store}, align {self.layout.element.bytes * self.width}, !nontemporal !0" for store in stores]
        return [
            *lines,
            f"  %past.at = getelementptr i64, ptr %outputs, i64 {len(self.outputs)}",
            "  %past.bits = load i64, ptr %past.at, align 8",
            "  %is_past = icmp ne i64 %past.bits, 0",
            "  br i1 %is_past, label %past, label %into\npast:",
            *past,
            "  br label %written\ninto:",
            *into,
            "  br label %written\nwritten:",
        ]

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
        text = "\n".join(
            ["entry:", *begin, over_vectors(body.text, of, self.memory.slots, sums), *finish, "  ret void"]
        )
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
        return f"{head}{over_strips(calls, self.strip * self.width)}\n  ret void\n}}"
