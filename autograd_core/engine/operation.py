"""Operation: what a node knows of the primitive that made it, which is its value and its local derivative rules.

A rule is written once, over an abstract math namespace `m`, and means what that namespace makes of it: on floats it
computes, on Values it records, on mpmath's numbers it is an oracle. See `autograd_core.namespaces.protocol`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from weakref import WeakSet

from autograd_core.errors import PrimitiveError
from autograd_core.namespaces import floats

__all__ = ["OPERATIONS", "Forward", "Operation", "Rule"]

Forward = Callable[..., Any]
"""``forward(m, *xs)``: the value, in the namespace `m`."""

Rule = Callable[..., Any]
"""``rule(m, g, y, *xs)``: the cotangent of one operand; namespace, cotangent of the output, output, operands."""

OPERATIONS: WeakSet[Operation] = WeakSet()
"""Every operation that is alive, in the table or not."""


class Operation:
    """A differentiable function: what it computes, and one local derivative rule for each operand.

    Attributes:
        name: the name in the table; also the name of the method on Value.
        symbol: what a picture writes on the node.
        forward: ``forward(m, *xs)``.
        rules: one ``rule(m, g, y, *xs)`` for each operand, or None for an operand that no gradient passes.
        joint: for any number of operands, ``joint(m, g, y, *xs)``: the cotangents of all of them, in order.
        arity: the number of operands; None for any number.
        defaults: numbers for operands at the end that a caller may leave out.
        plain: the forward on floats.
        eager: the same, as a node calls it: under `strict` it checks what it gives.
        domain: the interval of operands at which the value is finite, for tests and for drawing samples.
        leaf: whether every namespace implements it itself (otherwise it is written over those that do).
        condition: whether the value is a truth value, 1.0 or 0.0.
        opaque: whether the forward runs on floats only, so that compiled code has to call it.
        push: for an operation whose value is no number, ``push(y, tangents, *xs)``: the tangent of its value, from one
            for each operand, None for one that has none.
    """

    push: Callable[..., Any] | None = None

    def __init__(
        self,
        name: str,
        forward: Forward,
        *rules: Rule | None,
        joint: Rule | None = None,
        symbol: str = "",
        doc: str = "",
        domain: Sequence[tuple[float, float]] = (),
        defaults: tuple[float, ...] = (),
        leaf: bool = False,
        condition: bool = False,
        opaque: bool = False,
    ) -> None:
        if bool(rules) == (joint is not None):
            raise PrimitiveError(f"{name}: give one rule for each operand, or one joint rule for any number of them")
        self.name = self.__name__ = name
        self.symbol = symbol or name
        self.forward = forward
        self.rules = rules
        self.joint = joint
        self.defaults = defaults
        self.arity: int | None = len(rules) if joint is None else None
        self.domain = tuple(domain) or ((-float("inf"), float("inf")),) * (self.arity or 1)
        self.leaf = leaf
        self.condition = condition
        self.opaque = opaque
        on_floats: Callable[..., float] = getattr(floats, name) if leaf else partial(forward, floats)
        self.plain: Callable[..., float] = (lambda *xs: float(on_floats(*xs))) if condition else on_floats
        self.eager = self.plain
        self.__doc__ = doc
        OPERATIONS.add(self)

    def passes(self, operand: int) -> bool:
        """Whether there is a rule for an operand, counted from 0, so that a gradient may pass to it."""
        return self.joint is not None or self.rules[operand] is not None

    def cotangents(self, m: Any, g: Any, y: Any, *xs: Any, wanted: Sequence[bool] | None = None) -> Sequence[Any]:
        """The cotangent of each operand, in order; None for one that no gradient passes to.

        Args:
            m: the namespace.
            g: the cotangent of the output.
            y: the output.
            xs: the operands.
            wanted: for each operand whether its rule is to be run; a joint rule gives all of them at once.

        Raises:
            PrimitiveError: if a joint rule gives a wrong number of cotangents.
        """
        if self.joint is None:
            return [
                None if rule is None or (wanted is not None and not wanted[i]) else rule(m, g, y, *xs)
                for i, rule in enumerate(self.rules)
            ]
        cotangents: Sequence[Any] = self.joint(m, g, y, *xs)
        if len(cotangents) != len(xs):
            raise PrimitiveError(
                f"the joint rule of {self.name} gave {len(cotangents)} cotangents for {len(xs)} operands"
            )
        return cotangents

    def local_derivatives(self, y: float, *xs: float) -> list[float | None]:
        """The derivative with respect to each operand, in order, at numbers; None for one that no gradient passes to.

        Args:
            y: the value.
            xs: the operands.
        """
        cotangents = self.cotangents(floats, 1.0, y, *xs)
        return [None if cotangent is None else float(cotangent) for cotangent in cotangents]
