"""The body of a function in LLVM's language: what it brings in from memory, and what it leaves there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd_core.compiler.codegen.operations import Operations
from autograd_core.compiler.codegen.sums import OutputSum
from autograd_core.compiler.program.instructions import Instruction

__all__ = ["Body", "Memory", "lanes_before"]


@dataclass
class Memory:
    """Where numbers are.

    Attributes:
        mapped: for each input, whether it differs from sample to sample.
        is_packed: whether inputs and outputs are vectors that lie side by side.
        place_of: for each input its place among the columns, or among the shared numbers.
        slot_of: where in the workspace something is that several functions need.
        slots: how many such places there are.
    """

    mapped: Sequence[bool]
    is_packed: bool = False
    place_of: list[int] = field(default_factory=list)
    slot_of: dict[Instruction, int] = field(default_factory=dict)
    slots: int = 0

    def __post_init__(self) -> None:
        counts = {True: 0, False: 0}
        for is_mapped in self.mapped:
            self.place_of.append(counts[is_mapped])
            counts[is_mapped] += 1


def lanes_before(count: str, result: str, width: int) -> list[str]:
    """The mask of the first lanes, so many as there are."""
    return [
        f"  {result}.one = insertelement <{width} x i64> poison, i64 {count}, i32 0",
        f"  {result}.all = shufflevector <{width} x i64> {result}.one, <{width} x i64> poison, "
        f"<{width} x i32> zeroinitializer",
        f"  {result} = icmp sgt <{width} x i64> {result}.all, <{', '.join(f'i64 {lane}' for lane in range(width))}>",
    ]


class Body:
    """What a function does with one vector of samples, or with a single point.

    Args:
        operations: writes what it does.
        memory: says where everything is.
        first: what is done with the vector before this one, beside it; what all samples share is read there.
    """

    def __init__(self, operations: Operations, memory: Memory, first: Body | None = None) -> None:
        self.operations = operations
        self.memory = memory
        self._first = first
        self.mark = "" if first is None else ".second"
        self.lines: list[str] = []
        self.names: dict[Instruction, str] = {}
        self.masks: dict[tuple[Instruction | None, bool], str] = {}
        self.guards: dict[tuple[Instruction, str, str], str] = {}

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def guarded(self, x: Instruction, each: OutputSum) -> str:
        """A number, and in the lanes in which a sum does not count what changes nothing when it is added."""
        mask, number = self.mask(each.condition, each.holds), self.operations.number
        zero = self.operations.constant(-0.0 if len(each.factors) == 1 and not each.subtracts else 0.0)
        known = self.guards.get((x, mask, zero))
        if known is None:
            name = self.name(x)
            known = self.guards[x, mask, zero] = f"%guard{len(self.guards)}"
            self.lines.append(
                f"  {known} = select {self.operations.condition} {mask}, {number} {name}, {number} {zero}"
            )
        return known

    def mask(self, condition: Instruction | None, holds: bool) -> str:
        """The lanes that hold samples and where a condition holds, or where it does not."""
        if not self.masks:
            self.lines.append("  %left = sub i64 %end, %offset")
            self.lines += lanes_before("%left", "%mask", self.operations.width)
            self.masks[None, True] = "%mask"
        if condition is None:
            return "%mask"
        known = self.masks.get((condition, holds))
        if known is None:
            name, kind = self.name(condition), self.operations.condition
            known = self.masks[condition, holds] = f"%mask{condition.index}{'' if holds else '.not'}"
            if not holds:
                self.lines.append(f"  {known}.where = xor {kind} {name}, {self.operations.true}")
                name = f"{known}.where"
            self.lines.append(f"  {known} = and {kind} %mask, {name}")
        return known

    def name(self, x: Instruction) -> str:
        """What `x` is called here. It is a constant, is there already, or is brought in from memory."""
        known = self.names.get(x)
        if known is None:
            known = f"%v{x.index}{self.mark}"
            if x.op == "constant":
                known = self.operations.constant(x.number)
            elif x.op == "input" and self._first is not None and not self.memory.mapped[x.number]:
                known = self._first.name(x)
            elif x.op == "input":
                self._read_input(x.number, known)
            else:
                self._load(x, known)
            self.names[x] = known
        return known

    def _read_input(self, number: int, result: str) -> None:
        at, width, kind = self.memory.place_of[number], self.operations.width, self.operations.number
        one_kind, align = self.operations.one, self.operations.align
        if self.memory.mapped[number]:
            self.lines += [
                f"  {result}.pointer = getelementptr ptr, ptr %inputs, i64 {at}",
                f"  {result}.column = load ptr, ptr {result}.pointer, align 8",
                f"  {result}.at = getelementptr {one_kind}, ptr {result}.column, i64 %offset{self.mark}",
                f"  {result} = load {kind}, ptr {result}.at, {align}",
            ]
            return
        if self.memory.is_packed:
            self.lines += [
                f"  {result}.at = getelementptr {one_kind}, ptr %shared, i64 {at * width}",
                f"  {result} = load {kind}, ptr {result}.at, {align}",
            ]
            return
        one = result if width == 1 else f"{result}.one"
        self.lines += [
            f"  {result}.at = getelementptr {one_kind}, ptr %shared, i64 {at}",
            f"  {one} = load {one_kind}, ptr {result}.at, {align}",
        ]
        if width > 1:
            self.lines += [
                f"  {result}.first = insertelement {kind} poison, {one_kind} {one}, i32 0",
                f"  {result} = shufflevector {kind} {result}.first, {kind} poison, <{width} x i32> zeroinitializer",
            ]

    # The workspace

    def _slot(self, x: Instruction, address: str) -> None:
        slot = self.memory.slot_of[x] * self.operations.width
        self.lines.append(f"  {address} = getelementptr {self.operations.one}, ptr %workspace{self.mark}, i64 {slot}")

    def _load(self, x: Instruction, result: str) -> None:
        self._slot(x, f"{result}.at")
        if not x.is_condition:
            self.lines.append(f"  {result} = load {self.operations.number}, ptr {result}.at, {self.operations.align}")
            return
        bits = self.operations.bits
        self.lines += [
            f"  {result}.bits = load {bits}, ptr {result}.at, {self.operations.align}",
            f"  {result} = {self.operations.from_bits(f'{result}.bits')}",
        ]

    def keep(self, x: Instruction) -> None:
        """Put what was just computed into its slot."""
        name, kind = self.names[x], self.operations.number
        self._slot(x, f"{name}.keep")
        kept = name
        if x.is_condition:
            kept, kind = f"{name}.bits", self.operations.bits
            self.lines.append(f"  {kept} = {self.operations.to_bits} {self.operations.condition} {name} to {kind}")
        self.lines.append(f"  store {kind} {kept}, ptr {name}.keep, {self.operations.align}")

    def give(self, place: int, x: Instruction) -> str:
        """What writes an output, to which what it is to know of memory may be added."""
        name, at = self.name(x), f"%out{place}{self.mark}"
        if self.operations.width == 1 or self.memory.is_packed:
            self.lines.append(
                f"  {at} = getelementptr {self.operations.one}, ptr %outputs, i64 {place * self.operations.width}"
            )
        else:
            self.lines += [
                f"  {at}.pointer = getelementptr ptr, ptr %outputs, i64 {place}",
                f"  {at}.column = load ptr, ptr {at}.pointer, align 8",
                f"  {at} = getelementptr {self.operations.one}, ptr {at}.column, i64 %offset{self.mark}",
            ]
        return f"  store {self.operations.number} {name}, ptr {at}"
