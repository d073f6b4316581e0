"""Guards: what Python decided by traced numbers while a function ran at actual ones, kept as conditions.

A function that branches is traced at the numbers of a call. Whenever Python asks for the truth of a traced condition,
or for a whole number, the answer at these numbers is given, and that it was so becomes a guard. The trace is right for
all numbers at which every guard holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd_core.engine.callers import calling_line
from autograd_core.engine.reals import as_index
from autograd_core.engine.traced import Traced
from autograd_core.engine.tracing import Tracing, unknown
from autograd_core.engine.value import TABLE, Constant, Value, record
from autograd_core.errors import OperandTypeError

__all__ = ["Guard", "GuardedTracing"]


class Guard(NamedTuple):
    """One decision.

    Attributes:
        holds: the node that is true where Python decides like this again.
        outcome: what was decided: a truth value, or a whole number.
        asked: the node that has the answer for other numbers, where that is a whole number; None where it is a truth.
        question: what was asked for, such as ``"less"`` or ``"int"``.
        line: where in the user's source, as ``" at file:line (source)"``.
        exceeded: for the limit of a loop, what is raised where it does not hold; empty for what Python decided.
    """

    holds: Value
    asked: Value | None
    outcome: int
    question: str
    line: str
    exceeded: str = ""

    @property
    def decision(self) -> tuple[str, int]:
        """What was asked, and the answer: the same where Python decided the same."""
        return self.question, int(self.outcome)

    def __str__(self) -> str:
        return f"{self.question} is {self.outcome!r}{self.line}"


class GuardedTracing(Tracing):
    """A trace at actual numbers, in which Python may decide by them.

    Args:
        name: as in `Tracing`.
    """

    __slots__ = ("_decided", "_guards", "_numbers")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._guards: list[Guard] = []
        self._numbers: dict[Value, float] = {}
        self._decided: set[tuple[int, str]] = set()

    @property
    def guards(self) -> Sequence[Guard]:
        """The decisions so far, in order."""
        return self._guards

    def give(self, inputs: Sequence[Value], numbers: Sequence[float]) -> None:
        """Let the traced inputs have numbers."""
        self._numbers.update(zip(inputs, numbers, strict=True))

    def keep_limit(self, holds: Value, exceeded: str) -> None:
        """See `Tracing.keep_limit`."""
        self._guards.append(Guard(holds, None, True, "a loop within its limits", calling_line(), exceeded))

    def decide(self, condition: Value) -> bool:
        """What `condition` is at the numbers of this call."""
        if not self._numbers:
            return super().decide(condition)
        truth = self._number(condition) != 0.0
        is_condition = condition.op is not None and condition.op.condition
        node = condition if is_condition else record(TABLE["not_equal"], condition, Constant(0.0))
        question = condition.op.name if is_condition and condition.op is not None else "bool"
        self._keep(condition, question, truth, node if truth else record(TABLE["logical_not"], node), None)
        return truth

    def whole(self, x: Value, question: str) -> int:
        """The whole number that `x` is made, or is; that it is none is a decision too, and raises."""
        if not self._numbers:
            return super().whole(x, question)
        number = self._number(x)
        convert = as_index if question == "index" else int
        try:
            k = convert(number)
        except (OperandTypeError, ValueError, OverflowError):
            self._keep(x, f"no {question}", True, self._is_none(x, number), None)
            raise
        whole = x if question == "index" else record(TABLE["trunc"], x)
        self._keep(x, question, k, record(TABLE["equal"], whole, Constant(float(k))), whole)
        return k

    def answer(self) -> Value | None:
        """The whole number that the first guard that does not hold asked for, or 0; None where none asks for one."""
        if not any(guard.asked is not None for guard in self._guards):
            return None
        answer: Value = Constant(0.0)
        for guard in reversed(self._guards):
            answer = record(TABLE["where"], guard.holds, answer, Constant(0.0) if guard.asked is None else guard.asked)
        return answer

    def departure(self) -> Value | None:
        """The number of the first guard that does not hold, from 0 on, or how many there are; None without guards."""
        if not self.guards:
            return None
        first: Value = Constant(float(len(self.guards)))
        for number, guard in reversed(list(enumerate(self.guards))):
            first = record(TABLE["where"], guard.holds, first, Constant(float(number)))
        return first

    def _keep(self, about: Value, question: str, outcome: int, holds: Value, asked: Value | None) -> None:
        key = id(about), question  # it stays: it has a number
        if key not in self._decided:
            self._decided.add(key)
            self._guards.append(Guard(holds, asked, outcome, question, calling_line()))

    @staticmethod
    def _is_none(x: Value, number: float) -> Value:
        """The condition that `x` is no whole number, as this one: a fraction, an infinity or nan."""
        if math.isinf(number):
            return record(TABLE["equal"], x, Constant(number))
        return record(TABLE["not_equal"], x, x if math.isnan(number) else record(TABLE["trunc"], x))

    def _number(self, node: Value) -> float:
        """The number that a node has in this call."""
        known = self._numbers
        pending = [node]
        while pending:
            x = pending[-1]
            if x in known:
                pending.pop()
            elif x.op is None:
                known[x] = _number_of_leaf(x)
            else:
                missing = [parent for parent in x.parents if parent not in known]
                if missing:
                    pending += missing
                else:
                    known[x] = x.op.eager(*[known[parent] for parent in x.parents])
        return known[node]


def _number_of_leaf(leaf: Value) -> float:
    if not isinstance(leaf, Traced):
        return leaf.data
    around = leaf.in_use()  # a trace around this one
    if not isinstance(around, GuardedTracing) or leaf not in around._numbers:
        unknown("a decision inside another trace")
    return around._numbers[leaf]
