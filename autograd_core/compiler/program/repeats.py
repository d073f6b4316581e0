"""Repeats: where a sequence of operations is the same again and again.

Time steps, iterations, samples: Python wrote out a loop, and what is left of it is a sequence that repeats itself with
some period. Such stretches are found by looking for the next places where a few operations stand in the same order,
and comparing from there on. Sequences are bytes, one for each operation, so that both is done in C.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd_core.compiler import tuning

__all__ = ["Repeat", "find_repeats"]

_LOOKED_FOR = 24
"""Operations that are looked for at once."""
_TRIED = 24
"""Places where they stand again whose distance is tried as a period."""
_STEP = 8
"""Operations that are passed over where nothing repeats itself."""


class Repeat(NamedTuple):
    """A stretch of operations: `turns` times the same `period` of them, from `start` on."""

    start: int
    period: int
    turns: int

    @property
    def end(self) -> int:
        return self.start + self.period * self.turns


def find_repeats(operations: Sequence[Any]) -> list[Repeat]:
    """The stretches of a sequence that repeat themselves `tuning.TURNS_ROLLED` times at least, in order.

    Args:
        operations: anything that can be told apart; where there are more than 256 different ones there is no repeat.
    """
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(operations))}
    if len(kinds) > 256:
        return []
    return list(_repeats(bytes(map(kinds.__getitem__, operations))))


def _repeats(sequence: bytes) -> Iterator[Repeat]:
    start = done = 0
    while start + _LOOKED_FOR < len(sequence):
        best = _best_from(sequence, start)
        if best is None:
            start += _STEP
            continue
        first, period = best.start, best.period
        while first > done and sequence[first - 1] == sequence[first - 1 + period]:
            first -= 1
        found = Repeat(first, period, (best.end - first) // period)
        yield found
        start = done = found.end


def _best_from(sequence: bytes, start: int) -> Repeat | None:
    """The repeat from `start` on that leaves the fewest operations to write, of those with enough turns."""
    wanted, end = sequence[start : start + _LOOKED_FOR], start + tuning.PERIOD
    again, best, most = start, None, 0
    for _ in range(_TRIED):
        again = sequence.find(wanted, again + 1, end)
        if again < 0:
            break
        period = again - start
        turns = _matching(sequence, start, again) // period + 1
        saved = (turns - 1) * period
        # a longer period that repeats itself hardly further is a multiple of the shorter one, or has it inside
        if turns >= tuning.TURNS_ROLLED and 2 * saved > 3 * most:
            best, most = Repeat(start, period, turns), saved
    return best


def _matching(sequence: bytes, a: int, b: int) -> int:
    """How many operations from `a` on are the same as those from `b` on."""
    view, count = memoryview(sequence), 0
    size = 1 << (len(sequence) - b).bit_length()
    while size:
        # both ends are the same distance from the sequence's end only where nothing is cut off
        if b + count + size <= len(view) and view[a + count : a + count + size] == view[b + count : b + count + size]:
            count += size
        else:
            size >>= 1
    return count
