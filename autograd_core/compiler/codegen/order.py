"""The order in which instructions and sums are written, by which a processor overlaps them, and reads least."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.operations import is_call
from autograd_core.compiler.codegen.sums import OutputSum
from autograd_core.compiler.program.instructions import Instruction

__all__ = ["cut", "in_rounds", "in_tiles", "side_by_side", "trimmed_of"]

_T = TypeVar("_T")

_Link = tuple[Instruction, Instruction]
"""A product, and what adds it to the sum of those before."""


def side_by_side(
    instructions: Sequence[Instruction], is_shared: Callable[[Instruction], bool]
) -> Sequence[Instruction]:
    """The same instructions, each after its operands, with sums of products of the same numbers side by side.

    So are the neurons of a layer. Each of those numbers is read once for a few of them, whose sums are in registers.

    Args:
        instructions: straight-line code.
        is_shared: whether an operand is the same number for all samples, such as a weight.
    """
    place = {x: number for number, x in enumerate(instructions)}
    alike: dict[tuple[Instruction, ...], list[list[_Link]]] = defaultdict(list)
    for chain in _chains(instructions, place):
        factors = tuple(y for product, _ in chain for y in product.operands if not is_shared(y))
        alike[factors].append(chain)
    rank = {x: (number, 0, 0) for x, number in place.items()}
    is_moved = False
    for chains in alike.values():
        for start in range(0, len(chains), tuning.NEURONS):
            tile = chains[start : start + tuning.NEURONS]
            at = max(place[chain[0][0]] for chain in tile)
            is_moved = is_moved or len(tile) > 1
            for column, chain in enumerate(tile):
                for step, link in enumerate(chain):
                    for x in link:
                        rank[x] = at, step, column
    return _in_order(instructions, rank, place) if is_moved else instructions


def _chains(instructions: Sequence[Instruction], place: dict[Instruction, int]) -> list[list[_Link]]:
    """Sums to which a product is added again and again, and which nobody else asks for meanwhile."""
    uses = Counter(y for x in instructions for y in x.operands)
    chain_of: dict[Instruction, list[_Link]] = {}
    found: list[list[_Link]] = []
    for x in instructions:
        if x.op not in ("add", "subtract"):
            continue
        for total, product in (x.operands, x.operands[::-1]):
            if product.op == "multiply" and product in place and uses[product] == 1 and total is not product:
                chain = chain_of.pop(total, None) if uses[total] == 1 else None
                if chain is None:
                    found.append(chain := [])
                chain.append((product, x))
                chain_of[x] = chain
                break
    return found


def _in_order(
    instructions: Sequence[Instruction], rank: dict[Instruction, tuple[int, int, int]], place: dict[Instruction, int]
) -> list[Instruction]:
    """By rank, as far as operands are there."""
    waits = {x: sum(y in place for y in set(x.operands)) for x in instructions}
    users: dict[Instruction, list[Instruction]] = defaultdict(list)
    for x in instructions:
        for y in set(x.operands):
            users[y].append(x)
    ready = [(rank[x], place[x]) for x in instructions if not waits[x]]
    heapify(ready)
    ordered = []
    while ready:
        x = instructions[heappop(ready)[1]]
        ordered.append(x)
        for user in users[x]:
            waits[user] -= 1
            if not waits[user]:
                heappush(ready, (rank[user], place[user]))
    return ordered


def in_rounds(part: Sequence[Instruction]) -> Sequence[Instruction]:
    """The same instructions, with the calls side by side that do not wait for each other: a processor overlaps them."""
    rounds: dict[Instruction, int] = {}
    for instruction in part:
        rounds[instruction] = max((rounds.get(x, 0) for x in instruction.operands), default=0) + is_call(instruction)
    return sorted(part, key=lambda instruction: (rounds[instruction], not is_call(instruction)))


def trimmed_of(sums: Sequence[OutputSum]) -> dict[Instruction, int]:
    """Numbers that are computed, of which each sum without a condition has one for a factor, few in all; in order."""
    ungated = [each.factors for each in sums if each.condition is None]
    uses = Counter(x for factors in ungated for x in factors if not x.is_given)
    chosen = [max(factors, key=lambda x: uses[x]) for factors in ungated if any(uses[x] for x in factors)]
    return {x: number for number, x in enumerate(dict.fromkeys(chosen))}


def in_tiles(sums: Sequence[OutputSum], trimmed: dict[Instruction, int]) -> Sequence[OutputSum]:
    """Sums with the same factors side by side, so that a factor is read once for a few of them."""

    def key(each: OutputSum) -> tuple[int, int]:
        first = min((trimmed[x] for x in each.factors if x in trimmed), default=len(trimmed))
        return first // tuning.TILE, max((x.index for x in each.factors if x not in trimmed), default=-1)

    return sorted(sums, key=key) if trimmed else sums


def cut(items: Sequence[_T], size: int) -> list[Sequence[_T]]:
    """Parts of a size; the last one may be shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]
