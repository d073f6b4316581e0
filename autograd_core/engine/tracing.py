"""A trace: one call of a function with values that have no numbers, and what is known of it while it is under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from operator import attrgetter
from threading import get_ident
from typing import TYPE_CHECKING, Any, NoReturn

from autograd_core.engine.blocks import Block
from autograd_core.engine.callers import calling_line
from autograd_core.engine.order import topological_order
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import TraceError

__all__ = ["Tracing", "unknown"]

_numbers = count()
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

    if TYPE_CHECKING:

        def input(self, label: str) -> Value: ...  # given by `traced`

    def order(self, outputs: Sequence[Value]) -> list[Value]:
        """All that `outputs` depend on, each after its parents: as it was recorded, which need not be searched for.

        A derivative wants `topological_order`, so that cotangents are added up in the order of nodes with numbers.
        """
        is_inside = all(getattr(node, "tracing", None) is self for node in outputs)
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
            elif getattr(x, "tracing", None) is not self:
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

    def decide(self, condition: Value) -> bool:
        """Which way a Python branch on a traced condition goes: nobody knows, unless the trace is at actual numbers.

        Raises:
            TraceError: here; a `GuardedTracing` decides.
        """
        unknown(
            "a branch (if, while, and, or, max, sorted, a comparison of NumPy, …)",
            "choose with autograd_core.math.where, maximum, minimum or clip, element by element; make an argument "
            "static that is a flag, with static_argnums, and map a function of one number over arrays with in_axes",
        )

    def whole(self, x: Value, question: str) -> int:
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


def unknown(what: str, instead: str = "it is known only when the compiled function runs") -> NoReturn:
    """Raise: something asked for the number of a traced value."""
    raise TraceError(f"{what} needs the number of a traced value{calling_line()}: {instead}")
