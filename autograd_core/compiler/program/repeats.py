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
        period, end = _best_from(sequence, start)
        if not period:
            start += _STEP
            continue
        while start > done and sequence[start - 1] == sequence[start - 1 + period]:
            start -= 1
        found = Repeat(start, period, (end - start) // period)
        yield found
        start = done = found.end


def _best_from(sequence: bytes, start: int) -> tuple[int, int]:
    """The period that leaves the fewest operations to write from `start` on, and where it ends; 0 if there is none."""
    wanted, last = sequence[start : start + _LOOKED_FOR], start + tuning.PERIOD
    again, best, most = start, (0, start), 0
    for _ in range(_TRIED):
        again = sequence.find(wanted, again + 1, last)
        if again < 0:
            break
        period = again - start
        end = again + _matching(sequence, start, again)
        turns = (end - start) // period
        saved = (turns - 1) * period
        # a longer period that goes on hardly further is a multiple of the shorter one, or has it inside
        if turns >= tuning.TURNS_ROLLED and 2 * saved > 3 * most:
            best, most = (period, end), saved
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
