"""Tracing: call a function once on values that have no numbers yet, and keep the graph that this leaves behind."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from autograd_core.engine.reals import real
from autograd_core.engine.value import Value, as_operand, record
from autograd_core.errors import TraceError
from autograd_core.primitives import TABLE

__all__ = ["Traced", "calling_line", "frames_inside"]

LONGEST_SOURCE = 80
_PACKAGE = __name__.partition(".")[0]


class Traced(Value):
    """A Value without a number: what a function gets, and computes with, while it is compiled.

    It records like any Value. Whatever would need its number raises TraceError and names the line that asked: compiled
    code is for all numbers, so a choice made for one of them must not find its way into it.
    """

    __slots__ = ()

    _is_traced = True

    def __init__(self, label: str = "") -> None:
        super().__init__(math.nan, label)

    @property
    def data(self) -> float:
        _unknown(".data")

    @data.setter
    def data(self, number: Any) -> NoReturn:
        _unknown("setting .data")

    @property
    def grad(self) -> float:
        _unknown(".grad", "differentiate the function with grad or value_and_grad, then compile that")

    @grad.setter
    def grad(self, number: Any) -> NoReturn:
        _unknown("setting .grad")

    def backward(self) -> None:
        _unknown("backward()", "differentiate the function with grad or value_and_grad, then compile that")

    def __bool__(self) -> bool:
        return _decide(self)

    def __float__(self) -> float:
        _unknown("float(), or a function of the standard math module,", "use autograd_core.math")

    def __int__(self) -> int:
        _unknown("int()", "use trunc, or make the argument static with static_argnums")

    def __index__(self) -> int:
        _unknown("an index or a count", "make the argument static with static_argnums")

    def __complex__(self) -> complex:
        _unknown("complex()", "traced values are real")

    def __repr__(self) -> str:
        return f"Traced({self.label or (self.op.name if self.op is not None else '')})"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        _unknown("copying or pickling")

    # Operators, and comparisons, which give a traced condition for `where`. A subclass that has its own is asked before
    # a Value on its left.

    @staticmethod
    def _recorder(name: str, reflected: bool = False) -> Callable[[Traced, Any], Any]:
        def operator(self: Traced, other: Any) -> Any:
            other = as_operand(other)
            if other is NotImplemented:
                return other
            return record(TABLE[name], other, self) if reflected else record(TABLE[name], self, other)

        return operator

    __add__ = _recorder("add")
    __radd__ = _recorder("add", reflected=True)
    __sub__ = _recorder("subtract")
    __rsub__ = _recorder("subtract", reflected=True)
    __mul__ = _recorder("multiply")
    __rmul__ = _recorder("multiply", reflected=True)
    __truediv__ = _recorder("divide")
    __rtruediv__ = _recorder("divide", reflected=True)
    __floordiv__ = _recorder("floor_divide")
    __rfloordiv__ = _recorder("floor_divide", reflected=True)
    __mod__ = _recorder("mod")
    __rmod__ = _recorder("mod", reflected=True)
    _pow = _recorder("pow")
    __rpow__ = _recorder("pow", reflected=True)
    __lt__ = _recorder("less")
    __le__ = _recorder("less_equal")
    __gt__ = _recorder("greater")
    __ge__ = _recorder("greater_equal")
    _equal = _recorder("equal")
    _not_equal = _recorder("not_equal")

    def __eq__(self, other: Any) -> Any:  # what is no number is not equal to one, as for floats
        return self._equal(other) if _is_number(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return self._not_equal(other) if _is_number(other) else NotImplemented

    __hash__ = object.__hash__


def _is_number(other: Any) -> bool:
    return isinstance(other, Value) or real(other) is not None


def _decide(condition: Traced) -> bool:
    """Which way a Python branch on a traced condition goes. This is the one place where a guard would be recorded."""
    _unknown(
        "a branch (if, while, and, or, max, sorted, a comparison of NumPy, …)",
        "choose with autograd_core.math.where, maximum, minimum or clip, element by element",
    )


def _unknown(what: str, instead: str = "it is known only when the compiled function runs") -> NoReturn:
    """Raise: something asked for the number of a traced value."""
    raise TraceError(f"{what} needs the number of a traced value{calling_line()}: {instead}")


def frames_inside() -> int:
    """How many frames of the call stack, from the caller's on, are this package's, or NumPy's on its behalf."""
    count = 0
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in (_PACKAGE, "numpy"):
        count += 1
        frame = frame.f_back
    return count


def calling_line() -> str:
    """Where in the user's source the call stack is, as ``" at file:line (source)"``; empty if nowhere."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(frames_inside() - 1):
        frame = frame.f_back if frame is not None else None
    if frame is None:
        return ""
    import linecache  # only for an error

    file, line = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(file, line).strip()
    if len(source) > LONGEST_SOURCE:
        source = source[:LONGEST_SOURCE] + "…"
    return f" at {file}:{line}" + (f" ({source})" if source else "")
