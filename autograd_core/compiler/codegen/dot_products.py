"""Dot products with the same numbers, such as the neurons of a layer, are written side by side.

Each of these numbers is fetched once for a few of them then, whose sums are in registers; and a processor, which would
wait for one sum, adds to another meanwhile.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.order import cut
from autograd_core.compiler.program.instructions import Instruction

__all__ = ["side_by_side"]

_Link = tuple[Instruction, Instruction]
"""A product, and what adds it to the sum of those before."""

_Unit = list[Instruction]
"""What is written together: some dot products, or a single instruction."""


def side_by_side(instructions: Sequence[Instruction], is_shared: Callable[[Instruction], bool]) -> list[_Unit]:
    """The same instructions, each after its operands, in units.

    Args:
        instructions: straight-line code.
        is_shared: whether an operand is the same number for all samples, such as a weight.
    """
    place = {x: number for number, x in enumerate(instructions)}
    units: list[_Unit] = []
    ranks: list[int] = []
    for tile in _tiles(instructions, place, is_shared):
        units.append([x for step in zip(*tile, strict=True) for link in step for x in link])
        ranks.append(max(place[chain[0][0]] for chain in tile))
    if not units:
        return [[x] for x in instructions]
    unit_of = {x: number for number, unit in enumerate(units) for x in unit}
    tiles = len(units)
    for x in instructions:
        if x not in unit_of:
            unit_of[x] = len(units)
            units.append([x])
            # what is made of a dot product follows it, so that nobody has to put that away
            followed = [ranks[unit_of[y]] for y in x.operands if unit_of.get(y, tiles) < tiles]
            ranks.append(max(followed, default=place[x]))
    return _in_order(units, ranks, unit_of)


def _tiles(
    instructions: Sequence[Instruction], place: dict[Instruction, int], is_shared: Callable[[Instruction], bool]
) -> Iterator[list[list[_Link]]]:
    """Dot products with the same numbers in the same order, a few at a time, none of which depends on another one.

    Those whose numbers are used up as they are made stay so, if registers suffice for all sums: the numbers would have
    to be put away.
    """
    chains = _chains(instructions, place)
    chain_of = {x: chain for chain in chains for link in chain for x in link}
    # how many dot products lie one upon another, at most, up to each number: of those at one level all are independent
    level: dict[Instruction, int] = {}
    for x in instructions:
        level[x] = max((level.get(y, 0) for y in x.operands), default=0)
        chain = chain_of.get(x)
        if chain is not None and x is chain[-1][1]:
            level[x] = 1 + max(level[y] for link in chain for y in link)
    alike: defaultdict[tuple[int, tuple[frozenset[Instruction], ...]], list[list[_Link]]] = defaultdict(list)
    for chain in chains:
        factors = tuple(frozenset(y for y in product.operands if not is_shared(y)) for product, _ in chain)
        alike[level[chain[-1][1]], factors].append(chain)
    for (_, factors), found in alike.items():
        are_there = max((place.get(y, -1) for each in factors for y in each), default=-1) < place[found[0][0][0]]
        if len(found) > tuning.ACCUMULATORS or are_there:
            yield from (list(tile) for tile in cut(found, tuning.DOT_PRODUCTS) if len(tile) > 1)


def _chains(instructions: Sequence[Instruction], place: dict[Instruction, int]) -> list[list[_Link]]:
    """Sums to which a product is added at least twice, and which nobody else asks for meanwhile."""
    uses = Counter(y for x in instructions for y in x.operands)
    chain_of: dict[Instruction, list[_Link]] = {}
    found: list[list[_Link]] = []
    for x in instructions:
        if x.op not in ("add", "subtract"):
            continue
        for total, product in (x.operands, x.operands[::-1]):
            if product.op == "multiply" and product in place and uses[product] == 1:
                chain = chain_of.pop(total, None) if uses[total] == 1 else None
                if chain is None:
                    found.append(chain := [])
                chain.append((product, x))
                chain_of[x] = chain
                break
    return [chain for chain in found if len(chain) > 1]


def _in_order(units: list[_Unit], ranks: list[int], unit_of: dict[Instruction, int]) -> list[_Unit]:
    """By rank, as far as operands are there."""
    waits = []
    users: list[list[int]] = [[] for _ in units]
    for number, unit in enumerate(units):
        before = {unit_of[y] for x in unit for y in x.operands if y in unit_of} - {number}
        waits.append(len(before))
        for each in before:
            users[each].append(number)
    ready = [(ranks[number], number) for number in range(len(units)) if not waits[number]]
    heapify(ready)
    ordered = []
    while ready:
        number = heappop(ready)[1]
        ordered.append(units[number])
        for user in users[number]:
            waits[user] -= 1
            if not waits[user]:
                heappush(ready, (ranks[user], user))
    assert len(ordered) == len(units), "dot products at one level do not depend on each other"
    return ordered
