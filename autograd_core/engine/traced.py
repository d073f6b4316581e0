"""Traced: a Value without a number, of which a function that is called once leaves a graph behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from sys import _getframe
from typing import Any, Final, NoReturn

from autograd_core.engine import value
from autograd_core.engine.callers import calling_line
from autograd_core.engine.clock import clock
from autograd_core.engine.methods import method_of
from autograd_core.engine.operation import Operation
from autograd_core.engine.operators import give_operators
from autograd_core.engine.reals import real
from autograd_core.engine.tracing import Tracing, unknown
from autograd_core.engine.value import TABLE, Constant, Value, as_operand
from autograd_core.errors import TraceError

__all__ = ["Traced"]

_PACKAGE = __name__.partition(".")[0]
_new = object.__new__


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


@method_of(Tracing)
def input(self: Tracing, label: str) -> Traced:
    """A new traced value, that the function gets."""
    return Traced(label, self)


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
