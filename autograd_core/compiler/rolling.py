"""Rolling: a long sum of like terms, which Python wrote out term by term, becomes a loop over vectors again.

``sum(loss(x) for x in data)`` and its gradient are straight-line code of thousands of equal pieces: each number of the
gradient is a sum to which every sample adds a term of the same shape. Such terms are found by their shapes and laid
side by side as the lanes of one body. The code is split into stages: scalar code, and after each the loops over the
lanes whose sums the next one needs. A sum is thereby added up in another order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autograd_core.compiler.builder import COMMUTATIVE, Builder
from autograd_core.compiler.instructions import Instruction, is_gated, live
from autograd_core.compiler.lower import Program

__all__ = ["LONG", "Column", "Loop", "Stage", "roll", "size_of"]

LONG = 5_000
"""Instructions of code that is worth rolling; shorter code is optimised as it is."""
LANES = 32
"""Like terms that are worth a loop."""


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
    """The stages of a program; None if loops would not make it much shorter."""
    if len(program.instructions) < LONG or any(instruction.op == "call" for instruction in program.instructions):
        return None
    stages = _Rolling(program).stages()
    return stages if size_of(stages) < len(program.instructions) / 2 else None


def size_of(stages: Sequence[Stage]) -> int:
    """How many instructions there are in all stages and loops."""
    return sum(
        len(code.instructions) for stage in stages for code in (stage.program, *(loop.body for loop in stage.loops))
    )


class _Link(NamedTuple):
    """A step of a sum: `total` and one more `term`."""

    total: Instruction
    term: Instruction
    is_subtracted: bool
    condition: Instruction | None  # under which it is added
    inner: Instruction | None  # the addition under that condition

    @property
    def uses(self) -> int:
        """How often such a step alone uses its total."""
        return 1 if self.inner is None else 2


@dataclass(eq=False)
class _Group:
    """Like terms of one sum."""

    links: list[_Link]
    slot: int = -1

    @property
    def condition(self) -> tuple[Instruction, ...] | None:
        conditions = [link.condition for link in self.links]
        return None if conditions[0] is None else tuple(conditions)  # type: ignore[arg-type]  # all or none has one

    @property
    def terms(self) -> tuple[Instruction, ...]:
        return tuple(link.term for link in self.links)


@dataclass
class _Chain:
    """A sum: where it begins, what is added one by one, and its groups of like terms."""

    start: Instruction | None
    single: list[_Link] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=list)


class _Rolling:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.shape = _shapes(program.instructions)
        self.chains = self._find_chains()
        self.level = self._find_levels()
        self.slots = program.inputs
        self.needed: set[Instruction] = set()
        self.groups_at: defaultdict[int, list[_Group]] = defaultdict(list)

    def _find_chains(self) -> dict[Instruction, _Chain]:
        """The sums that have groups of like terms, by their last step."""
        instructions = self.program.instructions
        uses = Counter(operand for instruction in instructions for operand in instruction.operands)
        uses.update(self.program.outputs)
        links: dict[Instruction, _Link] = {}
        length: dict[Instruction, int] = {}
        for instruction in instructions:
            link = _link(instruction, length)
            if link is not None:
                links[instruction] = link
                length[instruction] = length.get(link.total, 0) + 1
        chains: dict[Instruction, _Chain] = {}
        taken: set[Instruction] = set()
        for root in reversed(instructions):
            if root in taken or length.get(root, 0) < LANES:
                continue
            steps: list[_Link] = []
            node = root
            # a sum that is used elsewhere too is one of its own
            while node in links and (node is root or uses[node] == steps[-1].uses):
                link = links[node]
                steps.append(link)
                taken |= {node} if link.inner is None else {node, link.inner}
                node = link.total
            chain = self._grouped(steps)
            if chain.groups:
                chains[root] = chain
        return chains

    def _grouped(self, steps: list[_Link]) -> _Chain:
        shape = self.shape

        def key(link: _Link) -> tuple[int, int | None, bool]:
            return shape[link.term], None if link.condition is None else shape[link.condition], link.is_subtracted

        count = Counter(map(key, steps))
        like = {found for found, lanes in count.items() if lanes >= LANES}
        # The first term of all was itself a total; if it is like the others, it is one of them.
        start: Instruction | None = steps[-1].total if steps else None
        for number, link in enumerate(steps):
            first = _first_link(link.total)
            if key(first) in like:
                steps, start = [*steps[: number + 1], first], None
                break
        chain = _Chain(start)
        groups: defaultdict[tuple[int, int | None, bool], list[_Link]] = defaultdict(list)
        for link in steps:
            if key(link) in like:
                groups[key(link)].append(link)
            else:
                chain.single.append(link)
        chain.groups += map(_Group, groups.values())
        return chain

    def _find_levels(self) -> Counter[Instruction]:
        """How many loops have to run one after another before an instruction can."""
        level: Counter[Instruction] = Counter()  # 0 for what is not in it
        for instruction in self.program.instructions:
            chain = self.chains.get(instruction)
            if chain is not None:
                scalars = [level[x] for x in _scalars_of(chain)]
                level[instruction] = max([*scalars, *(1 + self._level_of(group, level) for group in chain.groups)])
                continue
            for operand in instruction.operands:
                if operand in level and level[operand] > level[instruction]:
                    level[instruction] = level[operand]
        return level

    @staticmethod
    def _level_of(group: _Group, level: Counter[Instruction]) -> int:
        return max(level[x] for x in (*group.terms, *(group.condition or ())))

    def _need(self, instructions: Iterable[Instruction]) -> None:
        """Note what scalar code has to compute, and the groups of like terms that it needs the sums of."""
        left = list(instructions)
        while left:
            instruction = left.pop()
            if instruction in self.needed:
                continue
            self.needed.add(instruction)
            chain = self.chains.get(instruction)
            if chain is None:
                left += instruction.operands
                continue
            left += _scalars_of(chain)
            for group in chain.groups:
                self.groups_at[self._level_of(group, self.level)].append(group)

    def _new_slots(self, count: int) -> range:
        self.slots += count
        return range(self.slots - count, self.slots)

    def stages(self) -> list[Stage]:
        self._need(self.program.outputs)
        # from the last loops to the first, since a loop may need sums of earlier ones
        loops_at: dict[int, list[_Body]] = {}
        for level in range(max(self.level.values(), default=0), -1, -1):
            by_lanes: defaultdict[int, list[_Group]] = defaultdict(list)
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
                chain = self.chains.get(instruction)
                made[instruction] = _copy(m, instruction, made) if chain is None else _summed(m, chain, made)
        results = [m.as_number(made[output]) for output in outputs]
        return Program(self.slots, results, live(results))


class _Body:
    """The body of a loop over like terms, while it is being put together."""

    def __init__(self, shape: dict[Instruction, int], groups: list[_Group]) -> None:
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
                term = self.m._make("where", (condition, term, self.m.constant(0.0)))
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
                made[members] = column = self.m._make("input", ())
                self.columns[column] = members
            else:
                operands = list(zip(*self._operands(members), strict=True))
                missing = [operand for operand in operands if operand not in made]
                if missing:
                    left += missing
                else:
                    made[members] = self.m._make(first.op, tuple(made[operand] for operand in operands))
        return made[lanes]

    def _operands(self, members: tuple[Instruction, ...]) -> list[tuple[Instruction, ...]]:
        """The operands of each, in the order of their shapes where the order does not matter."""
        operands = [x.operands for x in members]
        if members[0].op not in COMMUTATIVE:
            return operands
        shape = self.shape
        return [(a, b) if shape[a] <= shape[b] else (b, a) for a, b in operands]

    def _shared(self, x: Instruction) -> Instruction:
        if x.op == "constant":
            return self.m.constant(x.number)
        if x not in self.shared:
            self.shared[x] = self.m._make("input", ())
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


def _shapes(instructions: Sequence[Instruction]) -> dict[Instruction, int]:
    """A number for each instruction, the same for those that do the same to any inputs and constants."""
    shape: dict[Instruction, int] = {}
    known: dict[tuple[Any, ...], int] = {}
    for x in instructions:
        parts = [shape[operand] for operand in x.operands]
        if x.op in COMMUTATIVE:
            parts.sort()
        shape[x] = known.setdefault((x.op, *parts), len(known))
    return shape


def _link(x: Instruction, length: dict[Instruction, int]) -> _Link | None:
    """The step of a sum that an instruction is, given how many steps lead to earlier ones; None if it is none."""
    if x.op == "subtract":
        return _Link(x.operands[0], x.operands[1], True, None, None)
    if x.op == "add":
        a, b = x.operands
        if length.get(a, 0) < length.get(b, 0):
            a, b = b, a
        return _Link(a, b, False, None, None)
    if x.op == "where":
        condition, inner, total = x.operands
        if inner.op == "subtract" and inner.operands[0] is total:
            return _Link(total, inner.operands[1], True, condition, inner)
        if inner.op == "add" and total in inner.operands:
            a, b = inner.operands
            return _Link(total, b if a is total else a, False, condition, inner)
    return None


def _first_link(x: Instruction) -> _Link:
    """The first term of a sum, as if it were added to nothing."""
    condition = None
    if is_gated(x):
        condition, x, _ = x.operands
    is_negative = x.op == "negative"
    return _Link(x, x.operands[0] if is_negative else x, is_negative, condition, None)


def _scalars_of(chain: _Chain) -> list[Instruction]:
    """What the scalar code needs of a sum, besides the sums of its groups."""
    found = [] if chain.start is None else [chain.start]
    for link in chain.single:
        found += [link.term] if link.condition is None else [link.term, link.condition]
    return found


def _copy(m: Builder, x: Instruction, made: dict[Instruction, Instruction]) -> Instruction:
    if x.op == "constant":
        return m.constant(x.number)
    if x.op == "input":
        return m._make("input", (), x.number)
    return m._once(x.op, tuple(made[operand] for operand in x.operands))


def _summed(m: Builder, chain: _Chain, made: dict[Instruction, Instruction]) -> Instruction:
    total = m.constant(-0.0) if chain.start is None else made[chain.start]
    for group in chain.groups:
        part = m._make("input", (), group.slot)
        total = m.subtract(total, part) if group.links[0].is_subtracted else m.add(total, part)
    for link in reversed(chain.single):
        term = made[link.term]
        more = m.subtract(total, term) if link.is_subtracted else m.add(total, term)
        total = more if link.condition is None else m.where(made[link.condition], more, total)
    return total
