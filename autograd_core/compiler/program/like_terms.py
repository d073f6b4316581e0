"""Sums of like terms: where straight-line code adds up many terms that do the same to different numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autograd_core.compiler import tuning
from autograd_core.compiler.program.instructions import Instruction, is_gated
from autograd_core.compiler.program.leaves import LEAVES
from autograd_core.compiler.program.lower import Program

__all__ = ["Group", "LikeTerms", "Link", "find_sums", "shapes"]


class Link(NamedTuple):
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
class Group:
    """Like terms of one sum; their own sum will be in a slot."""

    links: list[Link]
    slot: int = -1

    @property
    def condition(self) -> tuple[Instruction, ...] | None:
        conditions = [link.condition for link in self.links]
        return None if conditions[0] is None else tuple(conditions)  # type: ignore[arg-type]  # all or none has one

    @property
    def terms(self) -> tuple[Instruction, ...]:
        return tuple(link.term for link in self.links)


@dataclass
class LikeTerms:
    """A sum: where it begins, what is added one by one, and its groups of like terms."""

    start: Instruction | None
    single: list[Link] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    @property
    def scalars(self) -> list[Instruction]:
        """What scalar code needs of it, besides the sums of its groups."""
        found = [] if self.start is None else [self.start]
        for link in self.single:
            found += [link.term] if link.condition is None else [link.term, link.condition]
        return found


_STEPS = frozenset(("add", "subtract", "where"))


def shapes(instructions: Sequence[Instruction]) -> dict[Instruction, int]:
    """A number for each instruction, the same for those that do the same to any inputs and constants."""
    shape: dict[Instruction, int] = {}
    known: dict[tuple[Any, ...], int] = {}
    for x in instructions:
        op = x.op
        parts = [shape[operand] for operand in x.operands]
        if len(parts) == 2 and parts[0] > parts[1] and LEAVES[op].commutes:
            parts.reverse()
        shape[x] = known.setdefault((op, *parts), len(known))
    return shape


def _link(x: Instruction, length: dict[Instruction, int]) -> Link | None:
    """The step of a sum that an instruction is, given how many steps lead to earlier ones; None if it is none."""
    if x.op == "subtract":
        return Link(x.operands[0], x.operands[1], True, None, None)
    if x.op == "add":
        a, b = x.operands
        if length.get(a, 0) < length.get(b, 0):
            a, b = b, a
        return Link(a, b, False, None, None)
    if x.op == "where":
        condition, inner, total = x.operands
        if inner.op == "subtract" and inner.operands[0] is total:
            return Link(total, inner.operands[1], True, condition, inner)
        if inner.op == "add" and total in inner.operands:
            a, b = inner.operands
            return Link(total, b if a is total else a, False, condition, inner)
    return None


def _first_link(x: Instruction) -> Link:
    """The first term of a sum, as if it were added to nothing."""
    condition = None
    if is_gated(x):
        condition, x, _ = x.operands
    is_negative = x.op == "negative"
    return Link(x, x.operands[0] if is_negative else x, is_negative, condition, None)


def find_sums(program: Program, shape: dict[Instruction, int]) -> dict[Instruction, LikeTerms]:
    """The sums that have groups of like terms, by their last step.

    Args:
        program: straight-line code.
        shape: what `shapes` gives for its instructions.
    """
    instructions = program.instructions
    uses = Counter(operand for instruction in instructions for operand in instruction.operands)
    uses.update(program.outputs)
    links: dict[Instruction, Link] = {}
    length: dict[Instruction, int] = {}
    for instruction in instructions:
        if instruction.op not in _STEPS:
            continue
        link = _link(instruction, length)
        if link is not None:
            links[instruction] = link
            length[instruction] = length.get(link.total, 0) + 1
    sums: dict[Instruction, LikeTerms] = {}
    taken: set[Instruction] = set()
    for root in reversed(instructions):
        if root in taken or length.get(root, 0) < tuning.LANES:
            continue
        steps: list[Link] = []
        node = root
        # a sum that is used elsewhere too is one of its own
        while node in links and (node is root or uses[node] == steps[-1].uses):
            link = links[node]
            steps.append(link)
            taken |= {node} if link.inner is None else {node, link.inner}
            node = link.total
        found = _grouped(steps, shape)
        if found.groups:
            sums[root] = found
    return sums


def _grouped(steps: list[Link], shape: dict[Instruction, int]) -> LikeTerms:
    """The sum of some steps, the last one first."""

    def key(link: Link) -> tuple[int, int | None, bool]:
        return shape[link.term], None if link.condition is None else shape[link.condition], link.is_subtracted

    count = Counter(map(key, steps))
    like = {found for found, lanes in count.items() if lanes >= tuning.LANES}
    # The first term of all was itself a total; if it is like the others, it is one of them.
    start: Instruction | None = steps[-1].total
    for number, link in enumerate(steps):
        first = _first_link(link.total)
        if key(first) in like:
            steps, start = [*steps[: number + 1], first], None
            break
    result = LikeTerms(start)
    groups: defaultdict[tuple[int, int | None, bool], list[Link]] = defaultdict(list)
    for link in steps:
        if key(link) in like:
            groups[key(link)].append(link)
        else:
            result.single.append(link)
    result.groups += map(Group, groups.values())
    return result
