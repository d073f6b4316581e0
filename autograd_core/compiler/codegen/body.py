"""The body of a function in LLVM's language: what it brings in from memory, and what it leaves there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd_core.compiler.codegen.operations import Operations
from autograd_core.compiler.program.instructions import Instruction

__all__ = ["Body", "Memory"]


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


class Body:
    """What a function does with one vector of samples, or with a single point.

    Args:
        operations: writes what it does.
        memory: says where everything is.
        lines: the function's lines; several bodies may share them.
        vector: which vector of a strip it is.
    """

    def __init__(self, operations: Operations, memory: Memory, lines: list[str] | None = None, vector: int = 0) -> None:
        self.operations = operations
        self.memory = memory
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
        width, own = self.operations.width, self.suffix
        left, lanes = "%remaining", ", ".join(f"i64 {lane}" for lane in range(width))
        if self.vector:
            left = f"%left{own}"
            self.lines += [
                f"  {left} = sub i64 %remaining, {self.vector * width}",
                f"  %exists{own} = icmp sgt i64 {left}, 0",
                f"  %number{own} = select i1 %exists{own}, i64 {self.vector}, i64 0",
                f"  %samples{own} = mul i64 %number{own}, {width}",
                f"  %offset{own} = add i64 %offset, %samples{own}",
                f"  %slots{own} = mul i64 %samples{own}, {self.memory.slots}",
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
        at, width, kind = self.memory.place_of[number], self.operations.width, self.operations.number
        if self.memory.mapped[number]:
            self.lines += [
                f"  {result}.pointer = getelementptr ptr, ptr %inputs, i64 {at}",
                f"  {result}.column = load ptr, ptr {result}.pointer, align 8",
                f"  {result}.at = getelementptr double, ptr {result}.column, i64 %offset{self.suffix}",
                f"  {result} = load {kind}, ptr {result}.at, align 8",
            ]
            return
        if self.memory.is_packed:
            self.lines += [
                f"  {result}.at = getelementptr double, ptr %shared, i64 {at * width}",
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
        slot = self.memory.slot_of[x] * self.operations.width
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
        if self.operations.width == 1 or self.memory.is_packed:
            self.lines.append(f"  {at} = getelementptr double, ptr %outputs, i64 {place * self.operations.width}")
        else:
            self.lines += [
                f"  {at}.pointer = getelementptr ptr, ptr %outputs, i64 {place}",
                f"  {at}.column = load ptr, ptr {at}.pointer, align 8",
                f"  {at} = getelementptr double, ptr {at}.column, i64 %offset",
            ]
        self.lines.append(f"  store {self.operations.number} {name}, ptr {at}, align 8")
