"""Tapes: for each turn of a loop a number; and how cotangents and tangents of them are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd_core.engine.operation import OPERATIONS, Operation
from autograd_core.engine.tracing import Tracing
from autograd_core.engine.value import TABLE, Constant, Value, as_value, record
from autograd_core.engine.values import values
from autograd_core.namespaces.gated import Gated, Parts, open_gate

__all__ = ["Element", "Elements", "Stack", "Structural", "Tapes", "flag_of", "is_set", "number_of", "split"]


class Structural(Operation):
    """An operation whose value is no number, or that has none of such."""

    def __init__(self, name: str, symbol: str, doc: str, rule: Callable[..., Any] | None = None) -> None:
        rules = () if rule is None else (rule,)
        super().__init__(name, self.interpreted, *rules, joint=None if rule else self.pulled, symbol=symbol, doc=doc)
        OPERATIONS.discard(self)  # nothing of it is checked under `strict`
        self.plain = self.eager = self.interpreted

    def interpreted(self, *xs: Any) -> Any:
        """What it gives for numbers, and for what interpreted loops and tapes are: lists."""
        raise NotImplementedError

    def pulled(self, m: Any, g: Any, y: Any, *xs: Any) -> Sequence[Any]:
        """The cotangents of its operands."""
        raise NotImplementedError


class Stack(Structural):
    """Numbers as a tape."""

    def __init__(self) -> None:
        super().__init__("stack", "stack", "Numbers as a tape, which a loop reads turn by turn.")

    def interpreted(self, *xs: Any) -> list[float]:
        """The list of them."""
        return list(xs)

    def pulled(self, m: Any, g: Any, y: Any, *xs: Any) -> Sequence[Any]:
        """Each number's share of the tape's cotangent."""
        return [g.element(t, len(xs)) for t in range(len(xs))]

    def push(self, y: Value, tangents: Sequence[Any], *xs: Any) -> Any:
        """A tape of the tangents."""
        return Tapes(len(xs), elements={t: tangent for t, tangent in enumerate(tangents) if tangent is not None})


class Element(Structural):
    """One number of a tape.

    Args:
        turn: which one.
        length: how many there are.
    """

    def __init__(self, turn: int, length: int) -> None:
        self.turn, self.length = turn, length
        super().__init__("element", f"[{turn}]", "A number of a tape.", self._moved)

    def interpreted(self, tape: Sequence[float]) -> float:
        """That number."""
        return tape[self.turn]

    def _moved(self, m: Any, g: Any, y: Any, tape: Any) -> Any:
        return (
            g.element(self.turn, self.length) if isinstance(g, Tapes) else Tapes(self.length, elements={self.turn: g})
        )


class Tapes(Parts):
    """The cotangent, or tangent, of a tape: the sum of tapes, and of numbers at single turns.

    Args:
        length: how many turns it has, if it has elements.
        tapes: each with a tape of flags, or None, and with conditions for the whole of it.
        elements: numbers, or gated ones, by turn.
    """

    __slots__ = ("elements", "length", "tapes")

    def __init__(
        self,
        length: int = 0,
        tapes: Sequence[tuple[Value, Value | None, tuple[Any, ...]]] = (),
        elements: dict[int, Any] | None = None,
    ) -> None:
        self.length, self.tapes, self.elements = length, list(tapes), elements or {}

    def __add__(self, other: Tapes) -> Tapes:
        self.tapes += other.tapes
        self.length = self.length or other.length
        for turn, number in other.elements.items():
            self.elements[turn] = self.elements[turn] + number if turn in self.elements else number
        return self

    def gated(self, m: Any, condition: Any) -> Tapes:
        tapes = [(tape, flags, (*conditions, condition)) for tape, flags, conditions in self.tapes]
        return Tapes(self.length, tapes, {turn: m.gate(condition, x) for turn, x in self.elements.items()})

    def element(self, turn: int, length: int) -> Any:
        """The cotangent at one turn of so many; None if there is none."""
        total = self.elements.get(turn)
        for tape, flags, conditions in self.tapes:
            here = Element(turn, length)
            part: Any = record(here, tape)
            if flags is not None:
                part = values.gate(is_set(record(here, flags)), part)
            for condition in conditions:
                part = values.gate(condition, part)
            total = part if total is None else total + part
        return total

    def read(self, elements: Elements) -> Any:
        """The cotangent at the turn of a body; None if there is none."""
        total = None
        for tape, flags, conditions in (*self.tapes, *self._stacked()):
            part: Any = elements.of(tape)
            if flags is not None:
                part = values.gate(is_set(elements.of(flags)), part)
            for condition in conditions:
                part = values.gate(condition, part)
            total = part if total is None else total + part
        return total

    def _stacked(self) -> Iterator[tuple[Value, Value | None, tuple[Any, ...]]]:
        if not self.elements:
            return
        present = [self.elements.get(turn) for turn in range(self.length)]
        flags = None
        if any(x is None or isinstance(x, Gated) for x in present):
            flags = record(Stack(), *map(flag_of, present))
        yield record(Stack(), *map(number_of, present)), flags, ()


class Elements:
    """The tapes that a body reads, and the nodes for what it reads there."""

    def __init__(self, trace: Tracing) -> None:
        self._trace = trace
        self.tape_of: dict[Value, Value] = {}  # by node of the body
        self._node_of: dict[Value, Value] = {}

    def of(self, tape: Value) -> Value:
        node = self._node_of.get(tape)
        if node is None:
            node = self._node_of[tape] = self._trace.input("element")
            self.tape_of[node] = tape
        return node


def split(g: Any) -> list[Value]:
    """The number of a cotangent, and its flag if it has one."""
    return [number_of(g), flag_of(g)] if isinstance(g, Gated) else [as_value(g)]


def number_of(g: Any) -> Value:
    return Constant(0.0) if g is None else as_value(open_gate(g))


def flag_of(g: Any) -> Value:
    return as_value(g.condition) if isinstance(g, Gated) else Constant(0.0 if g is None else 1.0)


def is_set(flag: Value) -> Value:
    return record(TABLE["not_equal"], flag, Constant(0.0))
