"""Tracing: call a function once on values that have no numbers yet, and keep the graph that this leaves behind."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from operator import attrgetter
from sys import _getframe
from threading import get_ident
from typing import Any, Final, NoReturn

from autograd_core.engine import value
from autograd_core.engine.blocks import Block
from autograd_core.engine.callers import calling_line
from autograd_core.engine.clock import clock
from autograd_core.engine.operation import Operation
from autograd_core.engine.operators import give_operators
from autograd_core.engine.reals import real
from autograd_core.engine.sweeps import topological_order
from autograd_core.engine.value import TABLE, Constant, Value, as_operand
from autograd_core.errors import TraceError

__all__ = ["Traced", "Tracing", "unknown"]

_PACKAGE = __name__.partition(".")[0]
_numbers = count()
_new = object.__new__
_on_threads: dict[Tracing, int] = {}
"""The traces under way, and the thread of each."""


class Tracing:
    """One call of a function with traced values, whose numbers nobody knows; when it is over nobody ever will.

    Args:
        name: what an error calls the function.

    Attributes:
        is_over: whether the function has returned, or raised.
        number: larger for a trace that began later, such as one inside another.
        bodies: those of loops inside of it, which are over when it is.
        body: the one that is being traced, if one is.
        nodes: what was recorded in it so far, with its inputs and constants, in order; nothing once it is over.
        reads_outside: whether an operand was any other node.
        is_body: whether it is one of those.
    """

    is_body = False

    __slots__ = ("bodies", "body", "is_over", "name", "nodes", "number", "reads_outside")

    def __init__(self, name: str) -> None:
        self.name, self.number, self.is_over = name, next(_numbers), False
        self.bodies: list[Tracing] = []
        self.body: Tracing | None = None
        self.nodes: Any = deque(maxlen=0)  # of one that is not under way none are kept: they keep it
        self.reads_outside = False

    def going_on(self) -> Block:
        """The block in which the function is called; after it the values are of no use."""
        return Block(self._go_on())

    def _go_on(self) -> Iterator[None]:
        try:
            _on_threads[self] = get_ident()
            self.nodes = []
            yield
        finally:
            self.is_over = True
            self.nodes = ()
            for body in self.bodies:
                body.is_over = True
            _on_threads.pop(self, None)

    def input(self, label: str) -> Traced:
        """A new traced value, that the function gets."""
        return Traced(label, self)

    def order(self, outputs: Sequence[Value]) -> list[Value]:
        """All that `outputs` depend on, each after its parents: as it was recorded, which need not be searched for.

        A derivative wants `topological_order`, so that cotangents are added up in the order of nodes with numbers.
        """
        is_inside = all(isinstance(node, Traced) and node.tracing is self for node in outputs)
        if self.is_over or self.reads_outside or not is_inside:
            return topological_order(outputs)
        order: list[Value] = []
        wanted = set(map(id, outputs))
        want, emit, no_node = wanted.add, order.append, id(None)
        last_first = self.nodes[::-1]
        first, second = (map(id, map(attrgetter(slot), last_first)) for slot in ("_a", "_b"))
        for node, key, a, b in zip(last_first, map(id, last_first), first, second, strict=True):
            if key in wanted:
                emit(node)
                if b != no_node:
                    want(a)
                    want(b)
                elif node._a.__class__ is tuple:
                    wanted.update(map(id, node._a))
                else:
                    want(a)
        order.reverse()
        return order

    def note(self, operands: Sequence[Value]) -> None:
        """Take note of operands that are no nodes of this trace: constants, or nodes from outside."""
        for x in operands:
            if x.__class__ is Constant:
                self.nodes.append(x)
            elif x.__class__ is not Traced or x.tracing is not self:
                self.reads_outside = True

    @property
    def guards(self) -> Sequence[Any]:
        """What was decided; see `GuardedTracing`."""
        return ()

    def give(self, inputs: Sequence[Value], numbers: Sequence[float]) -> None:
        """Let inputs have numbers, by which a `GuardedTracing` decides."""

    def keep_limit(self, holds: Value, exceeded: str) -> None:
        """Let a `GuardedTracing` have a guard that raises the text `exceeded` where it does not hold."""

    def departure(self) -> Value | None:
        """See `GuardedTracing`; None without guards."""
        return None

    def answer(self) -> Value | None:
        """See `GuardedTracing`; None without guards."""
        return None

    def decide(self, condition: Traced) -> bool:
        """Which way a Python branch on a traced condition goes: nobody knows, unless the trace is at actual numbers.

        Raises:
            TraceError: here; a `GuardedTracing` decides.
        """
        unknown(
            "a branch (if, while, and, or, max, sorted, a comparison of NumPy, …)",
            "choose with autograd_core.math.where, maximum, minimum or clip, element by element; make an argument "
            "static that is a flag, with static_argnums, and map a function of one number over arrays with in_axes",
        )

    def whole(self, x: Traced, question: str) -> int:
        """The whole number that `x` is made (``"int"``), or is (``"index"``); see `decide`."""
        what = "int()" if question == "int" else "an index or a count"
        unknown(what, "use trunc, or make the argument static with static_argnums")

    @staticmethod
    def is_under_way() -> bool:
        """Whether this thread is inside a trace."""
        return get_ident() in _on_threads.values()

    @staticmethod
    def innermost() -> Tracing | None:
        """The trace that this thread entered last, if it is inside one."""
        here = get_ident()
        mine = [tracing for tracing, thread in list(_on_threads.items()) if thread == here]
        return max(mine, key=lambda tracing: tracing.number, default=None)


class Traced(Value):
    """A Value without a number: what a function gets, and computes with, while it is compiled.

    It records like any Value. Whatever would need its number raises TraceError and names the line that asked: compiled
    code is for all numbers, so a choice made for one of them must not find its way into it. So does whatever would use
    it after its trace.

    Args:
        label: a name for pictures and errors.
        tracing: the trace that it belongs to; by default one of its own, without an end.
    """

    __slots__ = ("tracing",)

    def __init__(self, label: str = "", tracing: Tracing | None = None) -> None:
        super().__init__(math.nan, label)
        self.tracing = tracing or Tracing(label)
        self.tracing.nodes.append(self)

    @classmethod
    def _record(cls, op: Operation, operands: Sequence[Value]) -> Traced:
        """The node that applies `op` to operands, one of which is traced; see `record`."""
        tracing = _innermost(operands)
        tracing.note(operands)
        match operands:
            case (only,):
                return _made(tracing, op, only, None)
            case (first, second):
                return _made(tracing, op, first, second)
        return _made(tracing, op, tuple(operands), None)

    def in_use(self) -> Tracing:
        """The trace that it belongs to.

        Raises:
            TraceError: if that is over.
        """
        if self.tracing.is_over:
            raise TraceError(
                f"a traced value of an earlier call of {self.tracing.name} was kept, and is used{calling_line()}: it "
                "has no number; do not keep what a function computes while it is compiled (in a cache, an attribute, "
                "a global), return it"
            )
        return self.tracing

    @property
    def data(self) -> float:
        unknown(".data")

    @data.setter
    def data(self, number: Any) -> NoReturn:
        unknown("setting .data")

    @property
    def grad(self) -> float:
        unknown(".grad", "differentiate the function with grad or value_and_grad, then compile that")

    @grad.setter
    def grad(self, number: Any) -> NoReturn:
        unknown("setting .grad")

    def backward(self, seed: Any = 1.0) -> None:
        unknown("backward()", "differentiate the function with grad or value_and_grad, then compile that")

    def __bool__(self) -> bool:
        return self.in_use().decide(self)

    def __float__(self) -> float:
        unknown("float(), or a function of the standard math module,", "use autograd_core.math")

    def __int__(self) -> int:
        return self.in_use().whole(self, "int")

    def __index__(self) -> int:
        return self.in_use().whole(self, "index")

    def __complex__(self) -> complex:
        unknown("complex()", "traced values are real")

    def __repr__(self) -> str:
        return f"Traced({self.label or (self.op.name if self.op is not None else '')})"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        unknown("copying or pickling")

    def _pow(self, exponent: Any) -> Value:
        return _recorded("pow", self, exponent)  # type: ignore[no-any-return]  # a Value, or NotImplemented

    __pow__ = Value.__pow__

    def __hash__(self) -> int:
        """That of the node, for the package itself.

        Raises:
            TraceError: for anybody else, who would look up a number by it and silently not find it.
        """
        if _getframe(1).f_globals is not _last_scope:
            _check_scope(_getframe(1).f_globals)
        return id(self) >> 4  # as an object's own, of which a call takes longer; its last digits are all the same


Traced._recorded_as = Traced


def _innermost(operands: Sequence[Value]) -> Tracing:
    """The innermost of the operands' traces, none of which may be over; one of them is traced."""
    innermost: Any = None
    for operand in operands:
        if isinstance(operand, Traced) and operand.tracing is not innermost:
            tracing = operand.in_use()
            if innermost is None or tracing.number > innermost.number:
                innermost = tracing
    return innermost  # type: ignore[no-any-return]  # a Tracing


def _made(tracing: Tracing, op: Operation, first: Any, second: Any) -> Traced:
    """A new node of a trace."""
    node: Any = value._make(Traced)
    node.tracing, node.op, node._a, node._b = tracing, op, first, second
    node._stamp, node._grad, node._data = clock.now, 0.0, math.nan
    tracing.nodes.append(node)
    return node  # type: ignore[no-any-return]  # a Traced


_NONE: Final[Any] = object()


def _recorded(row: str, a: Any, b: Any = _NONE) -> Any:
    """The node of a row of one or two operands, one of which is traced."""
    if a.__class__ is not Traced:
        a, tracing = as_operand(a), b.in_use()
        if a is NotImplemented:
            return a
        tracing.note((a,))
        return _made(tracing, TABLE[row], a, b)
    tracing, kind = a.tracing, b.__class__
    if tracing.is_over:
        a.in_use()
    if kind is Traced:
        if b.tracing is not tracing:
            tracing = _innermost((a, b))
            tracing.reads_outside = True
    elif kind is float:
        number, b = b, _new(Constant)
        b._data = number
        tracing.nodes.append(b)
    elif b is _NONE:
        b = None
    else:
        b = as_operand(b)
        if b is NotImplemented:
            return b
        tracing.note((b,))
    return _made(tracing, TABLE[row], a, b)


def _compared(row: str, a: Any, b: Any) -> Any:
    """A traced condition for `where`; what is no number is not equal to one, as for floats."""
    if row in ("equal", "not_equal") and not isinstance(b, Value) and real(b) is None:
        return NotImplemented
    return _recorded(row, a, b)


# A subclass that has operators of its own is asked before a Value on its left.
give_operators(Traced, _recorded, _compared)


_last_scope: dict[str, Any] = {}
"""The namespace of the package that asked for a hash last: most often it asks again."""


def _check_scope(scope: dict[str, Any]) -> None:
    """Let a namespace of the package ask for hashes.

    Raises:
        TraceError: if it is none.
    """
    global _last_scope
    if str(scope.get("__name__")).partition(".")[0] != _PACKAGE:
        raise TraceError(
            f"a dict, a set or a cache asks for the hash of a traced value{calling_line()}: that is the node's, not "
            "its number's, so that it would not find what an equal number finds; compare with ==, look up by an index, "
            "or make the argument static"
        )
    _last_scope = scope


def unknown(what: str, instead: str = "it is known only when the compiled function runs") -> NoReturn:
    """Raise: something asked for the number of a traced value."""
    raise TraceError(f"{what} needs the number of a traced value{calling_line()}: {instead}")
