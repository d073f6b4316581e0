"""Without LLVM: a loop of straight-line code in Python, over floats or over arrays of a number for each sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_core.compiler.program.loops import LoopCode

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import NumberNamespace

__all__ = ["PythonLoop", "Rows"]

_FINE, _TOO_MANY_TURNS, _NO_MEMORY, _NOT_WHOLE = 0.0, 1.0, 2.0, 3.0


class Rows:
    """What a loop leaves behind, or a stack.

    Args:
        rows: for each turn what is on the tape.

    Attributes:
        final: the state at the end.
        turns: how many turns there were, for each sample.
        status: 0, or what went wrong: see `autograd_core.transforms.loop_nodes.made_loop`.
    """

    def __init__(self, rows: dict[int, Sequence[Any]] | None = None) -> None:
        self.rows: dict[int, Sequence[Any]] = rows or {}
        self.final: list[Any] = []
        self.turns: Any = 0.0
        self.status = _FINE

    def element(self, column: int, turn: int) -> Any:
        """A number of the tape; 0 if it is not there."""
        return self.rows[turn][column] if turn in self.rows else 0.0


class PythonLoop:
    """A loop as a function of its operands.

    Args:
        code: what it does.
        m: the namespace of floats or of arrays.
        function_of: makes a function of straight-line code.
    """

    def __init__(
        self, code: LoopCode, m: NumberNamespace, function_of: Callable[..., Callable[..., list[Any]]]
    ) -> None:
        self._code, self._m = code, m
        self._body = function_of(code.body, m)
        self._condition = None if code.condition is None else function_of(code.condition, m)

    def __call__(self, lanes: Any, *operands: Any) -> Rows:
        """Run it.

        Args:
            lanes: which samples take part; True for all. The others may have any numbers, and would perhaps never end.
            operands: those of the instruction.
        """
        code, m, left = self._code, self._m, Rows()
        state, operands = list(operands[: code.state]), operands[code.state :]
        outside, operands = operands[: code.outside], operands[code.outside :]
        count: Any
        count, *sources = operands if code.condition is None else (None, *operands)
        # each source is there once, however many of its columns are read
        tape_of = dict(zip(dict.fromkeys(tape.source for tape in code.tapes), sources, strict=True))
        last = 0
        if count is not None:
            count = m.where(lanes, count, 0.0)
            last, left.status = self._turns_ahead(count, sources)
        turn = 0
        while left.status == _FINE:
            index = last - 1 - turn if code.is_backward else turn
            if self._condition is not None:
                goes_on = self._condition(lanes, [*state, float(index), *[0.0] * len(code.tapes), *outside])[0]
                active = m.logical_and(lanes, goes_on != 0.0)
                if not _any(active):
                    break
                left.status = self._limit(turn + 1)
                if left.status != _FINE:
                    break
            elif turn == last:
                break
            else:
                active = index < count
            elements = [tape_of[tape.source].rows[index][tape.column] for tape in code.tapes]
            results = self._body(active, [*state, float(index), *elements, *outside])
            if code.columns:
                left.rows[index] = [results[c.place] if c.is_output else state[c.place] for c in code.columns]
            state = [m.where(active, new, old) for new, old in zip(results, state, strict=False)]
            left.turns = m.where(active, left.turns + 1.0, left.turns)
            turn += 1
        left.final = state
        return left

    def _turns_ahead(self, count: Any, sources: Sequence[Rows]) -> tuple[int, float]:
        """How many turns there will be: of all samples the most; and whether something is wrong."""
        counts = [count] if isinstance(count, float) else count.ravel().tolist()
        if any(x % 1.0 != 0.0 for x in counts if not math.isinf(x)):  # nan too
            return 0, _NOT_WHOLE
        if max(counts) > self._code.max_turns:
            return 0, _TOO_MANY_TURNS
        turns = max(0, int(max(counts)))
        if any(turns > len(source.rows) for source in sources):
            return 0, _NO_MEMORY
        return turns, self._limit(turns)

    def _limit(self, turns: int) -> float:
        """Whether so many turns are within the limits."""
        code = self._code
        if turns > code.max_turns:
            return _TOO_MANY_TURNS
        return _NO_MEMORY if 8 * len(code.columns) * turns > code.max_memory else _FINE


def _any(active: Any) -> bool:
    return active if active.__class__ is bool else bool(active.any())
