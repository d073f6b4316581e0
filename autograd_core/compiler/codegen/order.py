"""The order in which instructions and sums are written, by which a processor overlaps them, and reads least."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.operations import is_call
from autograd_core.compiler.codegen.sums import OutputSum
from autograd_core.compiler.program.instructions import Instruction

__all__ = ["cut", "in_rounds", "in_tiles", "parts_of", "trimmed_of"]

_T = TypeVar("_T")


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


def parts_of(units: Sequence[Sequence[_T]], size: int) -> list[list[_T]]:
    """The units one after another, cut into functions of so many instructions, but for units that are longer."""
    parts: list[list[_T]] = [[]]
    for unit in units:
        if parts[-1] and len(parts[-1]) + len(unit) > size:
            parts.append([])
        parts[-1] += unit
    return parts
