"""custom_jvp and custom_vjp: derivatives of one's own under JAX's names, for a function of single numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from autograd_core.engine.reals import as_float, describe, is_array
from autograd_core.engine.value import Value
from autograd_core.errors import OperandTypeError, PrimitiveError
from autograd_core.namespaces import floats
from autograd_core.primitives.table import Primitive

__all__ = ["CustomJVP", "CustomVJP", "custom_jvp", "custom_vjp"]


class _Custom(Primitive):
    """What both share: a function of numbers as one node, whose rule is given later."""

    definer = ""

    def __init__(self, f: Callable[..., Any]) -> None:
        def forward(m: Any, *xs: Any) -> Any:
            return self._plain(f(*xs), "the result") if m is floats else f(*xs)

        super().__init__(f.__name__, forward, joint=self._pulled, doc=f.__doc__ or "", opaque=True)
        self.__module__ = f.__module__
        self.__qualname__ = f.__qualname__

    def __call__(self, *operands: Any) -> Any:
        for operand in operands:
            if is_array(operand) and operand.ndim:  # rows of the table go through it; this may have meant the whole
                raise OperandTypeError(
                    f"{self.name} is a function of numbers, and got an array of shape {operand.shape}: pass its "
                    f"elements as arguments, {self.name}(*xs), or call it for each of them"
                )
        return super().__call__(*operands)

    def _plain(self, number: Any, what: str) -> float:
        if isinstance(number, Value):
            raise OperandTypeError(
                f"{what} of {self.name} depends on a Value that is not among its arguments: pass it as one"
            )
        return as_float(number)

    def _numbers(self, m: Any, numbers: Sequence[Any], what: str) -> list[Any]:
        return [self._plain(number, what) for number in numbers] if m is floats else list(numbers)

    def _pulled(self, m: Any, g: Any, y: Any, *xs: Any) -> list[Any]:
        raise NotImplementedError

    def _missing(self) -> PrimitiveError:
        return PrimitiveError(f"{self.name} has no derivative yet: give it one with {self.name}.{self.definer}(…)")


class CustomJVP(_Custom):
    """A function with a forward derivative of its own; see `custom_jvp`."""

    definer = "defjvp"
    _jvp: Callable[..., Any] | None = None

    def defjvp(self, jvp: Callable[[tuple[Any, ...], tuple[Any, ...]], tuple[Any, Any]]) -> Any:
        """Give the derivative: ``jvp(primals, tangents)`` returns the value and its tangent, linear in the tangents."""
        self._jvp = jvp
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Give for each argument ``jvp(tangent, y, *primals)``, or None for one that no tangent passes."""

        def jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
            y = self(*primals)
            shares = [
                each(tangent, y, *primals) for each, tangent in zip(jvps, tangents, strict=True) if each is not None
            ]
            return y, reduce(operator.add, shares, 0.0)

        self._jvp = jvp

    def _pulled(self, m: Any, g: Any, y: Any, *xs: Any) -> list[Any]:
        if self._jvp is None:
            raise self._missing()
        slopes = []
        for i in range(len(xs)):
            both = self._jvp(xs, tuple(1.0 if i == j else 0.0 for j in range(len(xs))))
            slopes.append(_second_of(both, f"the jvp of {self.name}", "(value, tangent)"))
        return [g * slope for slope in self._numbers(m, slopes, "a tangent")]


class CustomVJP(_Custom):
    """A function with a reverse derivative of its own; see `custom_vjp`."""

    definer = "defvjp"
    _forward: Callable[..., Any] | None = None
    _backward: Callable[..., Any] | None = None

    def defvjp(self, forward: Callable[..., tuple[Any, Any]], backward: Callable[[Any, Any], Sequence[Any]]) -> None:
        """Give the derivative.

        Args:
            forward: of the arguments; returns the value and whatever the derivative will want.
            backward: of that and of the cotangent; returns a cotangent for each argument.
        """
        self._forward, self._backward = forward, backward

    def _pulled(self, m: Any, g: Any, y: Any, *xs: Any) -> list[Any]:
        if self._forward is None or self._backward is None:
            raise self._missing()
        kept = _second_of(self._forward(*xs), f"the forward function of {self.name}", "(value, what is kept)")
        return self._numbers(m, self._backward(kept, g), "a cotangent")


def _second_of(pair: Any, what: str, wanted: str) -> Any:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise PrimitiveError(f"{what} returns a pair {wanted}, not {describe(pair)}")
    return pair[1]


def custom_jvp(f: Callable[..., Any]) -> CustomJVP:
    """Give a function of numbers a forward derivative of its own, with JAX's name and call; it becomes one node.

    The derivative is written as ordinary scalar code, with `autograd_core.math`, and is differentiated as such for the
    next order.

    Args:
        f: a function of as many numbers as one likes, without lists or arrays, that returns a number.

    Raises:
        PrimitiveError: when differentiated, if ``defjvp`` has given no derivative.
        OperandTypeError: when called, if an argument, the result or a tangent is no real number.

    >>> from autograd_core.transforms import grad
    >>> @custom_jvp
    ... def cube(x):
    ...     return x * x * x
    >>> @cube.defjvp
    ... def cube_jvp(primals, tangents):
    ...     (x,), (t,) = primals, tangents
    ...     return cube(x), 3.0 * x * x * t
    >>> grad(cube)(2.0), grad(grad(cube))(2.0)
    (12.0, 12.0)
    """
    return CustomJVP(f)


def custom_vjp(f: Callable[..., Any]) -> CustomVJP:
    """Give a function of numbers a reverse derivative of its own, with JAX's name and call; it becomes one node.

    In a forward sweep the cotangents for a cotangent of 1 are the slopes, so a ``backward`` that is not linear in its
    cotangent, such as one that clips it, means something in reverse sweeps only.

    Args:
        f: a function of as many numbers as one likes, without lists or arrays, that returns a number.

    Raises:
        PrimitiveError: when differentiated, if ``defvjp`` has given no derivative, or a wrong number of cotangents.
        OperandTypeError: when called, if an argument, the result or a cotangent is no real number.

    >>> from autograd_core import grad, math
    >>> @custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda kept, g: (math.clip(g, -1.0, 1.0),))
    >>> grad(lambda x: 100.0 * clipped(x))(2.0)
    1.0
    """
    return CustomVJP(f)
