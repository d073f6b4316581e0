"""Rolling: a long sum of like terms, which Python wrote out term by term, becomes a loop over vectors again.

``sum(loss(x) for x in data)`` and its gradient are straight-line code of thousands of equal pieces: each number of the
gradient is a sum to which every sample adds a term of the same shape. Such terms are found by their shapes and laid
side by side as the lanes of one body. The code is split into stages: scalar code, and after each the loops over the
lanes whose sums the next one needs. A sum is thereby added up in another order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Instruction, live
from autograd_core.compiler.program.leaves import LEAVES
from autograd_core.compiler.program.like_terms import Group, LikeTerms, find_sums, shapes
from autograd_core.compiler.program.lower import Program

__all__ = ["Column", "Loop", "Stage", "roll", "size_of"]


class Column(NamedTuple):
    """A number for each lane: numbers, or the slots to take them from."""

    values: list[Any]
    are_slots: bool


@dataclass
class Loop:
    """One body for many lanes, whose outputs are summed over them.

    Attributes:
        lanes: how many.
        body: code whose inputs are one column for each number that differs from lane to lane, and then all slots.
        columns: what differs from lane to lane.
        sums: the slots of the sums, one for each output of the body.
    """

    lanes: int
    body: Program
    columns: list[Column]
    sums: range


@dataclass
class Stage:
    """Scalar code, and the loops that run after it.

    Attributes:
        program: its inputs are the slots: the program's inputs, and what earlier stages and loops gave.
        first: the slot of its first output; the last stage gives the results instead.
        loops: what runs after it.
    """

    program: Program
    first: int
    loops: list[Loop]


def roll(program: Program) -> list[Stage] | None:
    """The stages of a program; None if loops would not make it much shorter. Worth trying from `tuning.LONG` on."""
    if any(instruction.op == "call" for instruction in program.instructions):
        return None
    rolling = _Rolling(program)
    if not rolling.sums:
        return None
    stages = rolling.stages()
    return stages if size_of(stages) < len(program.instructions) / 2 else None


def size_of(stages: Sequence[Stage]) -> int:
    """How many instructions there are in all stages and loops."""
    return sum(
        len(code.instructions) for stage in stages for code in (stage.program, *(loop.body for loop in stage.loops))
    )


class _Rolling:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.shape = shapes(program.instructions)
        self.sums = find_sums(program, self.shape)
        self.level = self._find_levels() if self.sums else Counter()
        self.slots = program.inputs
        self.needed: set[Instruction] = set()
        self.groups_at: defaultdict[int, list[Group]] = defaultdict(list)

    def _find_levels(self) -> Counter[Instruction]:
        """How many loops have to run one after another before an instruction can."""
        level: Counter[Instruction] = Counter()  # 0 for what is not in it
        for instruction in self.program.instructions:
            found = self.sums.get(instruction)
            if found is not None:
                scalars = [level[x] for x in found.scalars]
                level[instruction] = max([*scalars, *(1 + self._level_of(group, level) for group in found.groups)])
                continue
            for operand in instruction.operands:
                if operand in level and level[operand] > level[instruction]:
                    level[instruction] = level[operand]
        return level

    @staticmethod
    def _level_of(group: Group, level: Counter[Instruction]) -> int:
        return max(level[x] for x in (*group.terms, *(group.condition or ())))

    def _need(self, instructions: Iterable[Instruction]) -> None:
        """Note what scalar code has to compute, and the groups of like terms that it needs the sums of."""
        left = list(instructions)
        while left:
            instruction = left.pop()
            if instruction in self.needed:
                continue
            self.needed.add(instruction)
            found = self.sums.get(instruction)
            if found is None:
                left += instruction.operands
                continue
            left += found.scalars
            for group in found.groups:
                self.groups_at[self._level_of(group, self.level)].append(group)

    def _new_slots(self, count: int) -> range:
        self.slots += count
        return range(self.slots - count, self.slots)

    def stages(self) -> list[Stage]:
        self._need(self.program.outputs)
        # from the last loops to the first, since a loop may need sums of earlier ones
        loops_at: dict[int, list[_Body]] = {}
        for level in range(max(self.level.values(), default=0), -1, -1):
            by_lanes: defaultdict[int, list[Group]] = defaultdict(list)
            for group in self.groups_at[level]:
                by_lanes[len(group.links)].append(group)
            loops_at[level] = [_Body(self.shape, groups) for groups in by_lanes.values()]
            for body in loops_at[level]:
                self._need(body.shared)
        # from the first to the last, now that it is known what each has to leave for later ones
        stages, slot_of = [], dict[Instruction, int]()
        for _, bodies in sorted(loops_at.items()):
            if not bodies:
                continue
            wanted = [x for body in bodies for x in body.shared if x not in slot_of and x.op != "input"]
            wanted = list(dict.fromkeys(wanted))
            code = self._scalar_code(wanted)
            first = self.slots
            slot_of |= zip(wanted, self._new_slots(len(wanted)), strict=True)
            loops = []
            for body in bodies:
                sums = self._new_slots(len(body.groups))
                for group, slot in zip(body.groups, sums, strict=True):
                    group.slot = slot
                loops.append(body.loop(slot_of, sums))
            stages.append(Stage(code, first, loops))
        return [*stages, Stage(self._scalar_code(self.program.outputs), self.slots, [])]

    def _scalar_code(self, outputs: Sequence[Instruction]) -> Program:
        """Straight-line code for instructions that need the sums of earlier stages at most."""
        m = Builder(strict=True)
        made: dict[Instruction, Instruction] = {}
        for instruction in self.program.instructions:
            if instruction in self.needed:
                found = self.sums.get(instruction)
                made[instruction] = _copy(m, instruction, made) if found is None else _summed(m, found, made)
        results = [m.as_number(made[output]) for output in outputs]
        return Program(self.slots, results, live(results))


class _Body:
    """The body of a loop over like terms, while it is being put together."""

    def __init__(self, shape: dict[Instruction, int], groups: list[Group]) -> None:
        self.shape = shape
        self.groups = groups
        self.lanes = len(groups[0].links)
        self.m = Builder(strict=True)
        self.shared: dict[Instruction, Instruction] = {}  # and their inputs
        self.columns: dict[Instruction, tuple[Instruction, ...]] = {}
        self.made: dict[tuple[Instruction, ...], Instruction] = {}
        self.outputs: list[Instruction] = []
        for group in groups:
            term = self._bundle(group.terms)
            if group.condition is not None:
                condition = self._bundle(group.condition)
                term = self.m.make("where", (condition, term, self.m.constant(0.0)))
            self.outputs.append(term)

    def _bundle(self, lanes: tuple[Instruction, ...]) -> Instruction:
        """One instruction that does for all lanes what `lanes` do each for one."""
        made, left = self.made, [lanes]
        while left:
            members = left[-1]
            first = members[0]
            if members in made:
                left.pop()
            elif members.count(first) == len(members):
                made[members] = self._shared(first)
            elif not first.operands:
                made[members] = column = self.m.make("input", ())
                self.columns[column] = members
            else:
                operands = list(zip(*self._operands(members), strict=True))
                missing = [operand for operand in operands if operand not in made]
                if missing:
                    left += missing
                else:
                    made[members] = self.m.make(first.op, tuple(made[operand] for operand in operands))
        return made[lanes]

    def _operands(self, members: tuple[Instruction, ...]) -> list[tuple[Instruction, ...]]:
        """The operands of each, in the order of their shapes where the order does not matter."""
        operands = [x.operands for x in members]
        if not LEAVES[members[0].op].commutes:
            return operands
        shape = self.shape
        return [(a, b) if shape[a] <= shape[b] else (b, a) for a, b in operands]

    def _shared(self, x: Instruction) -> Instruction:
        if x.op == "constant":
            return self.m.constant(x.number)
        if x not in self.shared:
            self.shared[x] = self.m.make("input", ())
        number = self.shared[x]
        return self.m.not_equal(number, 0.0) if x.is_condition else number

    def loop(self, slot_of: dict[Instruction, int], sums: range) -> Loop:
        columns = []
        for place, (column, members) in enumerate(self.columns.items()):
            column.number = place
            columns.append(Column([x.number for x in members], members[0].op == "input"))
        for x, made in self.shared.items():
            made.number = len(columns) + (x.number if x.op == "input" else slot_of[x])
        body = Program(len(columns) + sums.stop, self.outputs, live(self.outputs))
        return Loop(self.lanes, body, columns, sums)


def _copy(m: Builder, x: Instruction, made: dict[Instruction, Instruction]) -> Instruction:
    if x.op == "constant":
        return m.constant(x.number)
    if x.op == "input":
        return m.make("input", (), x.number)
    return m.once(x.op, tuple(made[operand] for operand in x.operands))


def _summed(m: Builder, found: LikeTerms, made: dict[Instruction, Instruction]) -> Instruction:
    total = m.constant(-0.0) if found.start is None else made[found.start]
    for group in found.groups:
        part = m.make("input", (), group.slot)
        total = m.subtract(total, part) if group.links[0].is_subtracted else m.add(total, part)
    for link in reversed(found.single):
        term = made[link.term]
        more = m.subtract(total, term) if link.is_subtracted else m.add(total, term)
        total = more if link.condition is None else m.where(made[link.condition], more, total)
    return total
