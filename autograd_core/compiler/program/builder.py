"""Straight-line code: the namespace on which a primitive's forward makes instructions instead of numbers.

An instruction is made at most once: one with the same operation and operands is found again (common subexpressions),
one whose operands are known is computed on the spot (constant folding), and one that IEEE arithmetic lets us leave out
exactly is left out (``x·1``, ``x − 0``, ``−(−x)``; not ``x + 0``, which turns −0 into 0, and not ``0·x``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from autograd_core.compiler.program.composed import COMPOSED
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Instruction, is_constant, is_gated
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.engine.operation import Operation
from autograd_core.engine.value import TABLE
from autograd_core.errors import PrimitiveError
from autograd_core.namespaces import floats
from autograd_core.namespaces.gated import gate as make_gate

__all__ = ["Builder"]

Operand = Instruction | float | bool

_COMMUTING: Final = frozenset(op for op, leaf in LEAVES.items() if leaf.commutes)


class Builder:
    """The namespace of instructions.

    Args:
        strict: leave out nothing that changes a bit; otherwise small whole powers become products.
        fused: whether there is an instruction ``fma``, a·b + c rounded once.
        element: the type of the numbers, for constants that make up for its rounding.
    """

    pi, e, inf, nan = math.pi, math.e, math.inf, math.nan

    def __init__(self, strict: bool = False, fused: bool = True, element: Element = DOUBLE) -> None:
        self.strict = strict
        self.fused = fused
        self.element = element
        self.instructions: list[Instruction] = []
        self.inputs: list[Instruction] = []
        self._known: defaultdict[str, dict[Any, Instruction]] = defaultdict(dict)  # by operation, then by operands
        self.of_node: dict[int, Any] = {}  # by the id of a node, which is quicker than the node if that is traced

    def operand(self, node: Any) -> Any:
        """What was made of a node."""
        return self.of_node[id(node)]

    def forget(self) -> None:
        """Forget what was made of what: the code is complete, and keeps the builder."""
        self.of_node.clear()
        self._known.clear()

    # Making instructions

    def input(self) -> Instruction:
        made = self.make("input", (), number=len(self.inputs))
        self.inputs.append(made)
        return made

    def constant(self, number: float | bool) -> Instruction:
        # 0.0 and −0.0 are equal as keys but not as constants; a nan is none; True is 1.0 as a key
        is_key = number.__class__ is float and number == number and number != 0.0
        key = number if is_key else (number.__class__, str(number))
        known = self._known["constant"]
        made = known.get(key)
        if made is None:
            made = known[key] = self.make("constant", (), number)
        return made

    def call(self, primitive: Operation, operands: Iterable[Any]) -> Instruction:
        """Leave a primitive to its own forward on floats."""
        xs = tuple(map(self.as_number, operands))
        if all(x.op == "constant" for x in xs):
            return self.constant(primitive.eager(*[x.number for x in xs]))
        return self.once("call", xs, primitive)

    def make(
        self, op: str, operands: tuple[Instruction, ...], number: Any = None, primitive: Operation | None = None
    ) -> Instruction:
        made = Instruction(self, op, operands, number, primitive)
        self.instructions.append(made)
        return made

    def once(self, op: str, operands: tuple[Instruction, ...], primitive: Operation | None = None) -> Instruction:
        if op in _COMMUTING and operands[0].index > operands[1].index:
            operands = operands[::-1]
        known = self._known[op]
        key = operands if primitive is None else (primitive, operands)
        made = known.get(key)
        if made is None:
            made = known[key] = Instruction(self, op, operands, None, primitive)
            self.instructions.append(made)
        return made

    def direct(self, op: str, *operands: Any) -> Instruction:
        """The instruction as it is, or its number if the operands are constants."""
        for x in operands:
            if x.__class__ is not Instruction or not x.is_plain:
                break
        else:
            return self.once(op, operands)
        return self._folded(op, tuple(map(self.as_number, operands)))

    def _folded(self, op: str, xs: tuple[Instruction, ...]) -> Instruction:
        for x in xs:
            if x.op != "constant":
                return self.once(op, xs)
        return self.constant(getattr(floats, op)(*[x.number for x in xs]))

    def as_number(self, x: Operand) -> Instruction:
        """`x` as an instruction that gives a number; 1.0 or 0.0 for a condition."""
        if x.__class__ is Instruction and not x.is_condition:
            return x
        return self.where(x, 1.0, 0.0) if isinstance(x, Instruction) else self.constant(float(x))

    def _condition(self, x: Operand) -> Instruction:
        if not isinstance(x, Instruction):
            return self.constant(bool(x))
        return x if x.is_condition else self.not_equal(x, 0.0)

    def gate(self, condition: Operand, g: Any) -> Any:
        return make_gate(self, self._condition(condition), g)

    def apply(self, row: Operation, *operands: Any) -> Any:
        return row.forward(self, *operands)

    # Arithmetic

    def add(self, a: Operand, b: Operand) -> Instruction:
        if a.__class__ is Instruction is b.__class__ and a.is_plain and b.is_plain:
            return self.once("add", (a, b))
        a, b = self.as_number(a), self.as_number(b)
        if a.op == "constant" or b.op == "constant":
            if is_constant(a, -0.0):
                return b
            if is_constant(b, -0.0):
                return a
        if b.op == "negative":
            return self.subtract(a, b.operands[0])
        if a.op == "negative":
            return self.subtract(b, a.operands[0])
        if not self.strict:
            # a sum to which not every sample contributes: an addition under a mask, which costs nothing of its own
            if is_gated(b, -0.0):
                return self._masked_sum(a, b)
            if is_gated(a, -0.0):
                return self._masked_sum(b, a)
        return self._folded("add", (a, b))

    def _masked_sum(self, total: Instruction, part: Instruction) -> Instruction:
        condition, number, _ = part.operands
        if number.op == "negative":
            return self.where(condition, self._folded("subtract", (total, number.operands[0])), total)
        return self.where(condition, self._folded("add", (total, number)), total)

    def subtract(self, a: Operand, b: Operand) -> Instruction:
        if a.__class__ is Instruction is b.__class__ and a.is_plain and b.is_plain:
            return self.once("subtract", (a, b))
        a, b = self.as_number(a), self.as_number(b)
        if is_constant(b, 0.0):
            return a
        if is_constant(a, -0.0):
            return self.negative(b)
        if b.op == "negative":
            return self.add(a, b.operands[0])
        return self._folded("subtract", (a, b))

    def multiply(self, a: Operand, b: Operand) -> Instruction:
        if a.__class__ is Instruction is b.__class__ and a.is_plain and b.is_plain:
            return self.once("multiply", (a, b))
        a, b = self.as_number(a), self.as_number(b)
        for one, other in ((a, b), (b, a)):
            if one.op == "constant":
                if one.number == 1.0:
                    return other
                if one.number == -1.0:
                    return self.negative(other)
        if a.op == "negative":
            return self.negative(self.multiply(a.operands[0], b))
        if b.op == "negative":
            return self.negative(self.multiply(a, b.operands[0]))
        return self._folded("multiply", (a, b))

    def divide(self, a: Operand, b: Operand) -> Instruction:
        a, b = self.as_number(a), self.as_number(b)
        if b.op == "constant" and b.number.__class__ is float and _is_power_of_two(b.number):
            return self.multiply(a, 1.0 / b.number)
        if a.op == "negative":
            return self.negative(self.divide(a.operands[0], b))
        if b.op == "negative":
            return self.negative(self.divide(a, b.operands[0]))
        return self.direct("divide", a, b)

    def negative(self, x: Operand) -> Instruction:
        x = self.as_number(x)
        return x.operands[0] if x.op == "negative" else self.direct("negative", x)

    def positive(self, x: Operand) -> Instruction:
        return self.as_number(x)

    stop_gradient = positive

    def abs(self, x: Operand) -> Instruction:
        x = self.as_number(x)
        if x.op == "negative":
            x = x.operands[0]
        return x if x.op == "abs" else self.direct("abs", x)

    def pow(self, x: Operand, p: Operand) -> Instruction:
        x, p = self.as_number(x), self.as_number(p)
        if is_constant(p, 1.0):
            return x
        if p.op == "constant" and x.op != "constant" and not self.strict and p.number in (2.0, 3.0, 4.0):
            square = self.multiply(x, x)
            return square if p.number == 2.0 else self.multiply(square, x if p.number == 3.0 else square)
        return self.direct("pow", x, p)

    # Selection

    def where(self, condition: Operand, chosen: Operand, otherwise: Operand) -> Instruction:
        c, a, b = self._condition(condition), self._arm(chosen), self._arm(otherwise)
        if c.op == "constant":
            return a if c.number else b
        if c.op == "logical_not":
            c, a, b = c.operands[0], b, a
        if a.op == "where" and a.operands[0] is c:
            a = a.operands[1]
        if b.op == "where" and b.operands[0] is c:
            b = b.operands[2]
        return a if a is b else self.once("where", (c, a, b))

    def _arm(self, x: Operand) -> Instruction:
        if not isinstance(x, Instruction):
            return self.constant(float(x))
        return self.once("where", (x, self.constant(1.0), self.constant(0.0))) if x.is_condition else x

    def logical_not(self, x: Operand) -> Instruction:
        x = self._condition(x)
        if x.op == "constant":
            return self.constant(not x.number)
        return x.operands[0] if x.op == "logical_not" else self.once("logical_not", (x,))

    def logical_and(self, a: Operand, b: Operand) -> Instruction:
        return self._logical("logical_and", self._condition(a), self._condition(b), neutral=True)

    def logical_or(self, a: Operand, b: Operand) -> Instruction:
        return self._logical("logical_or", self._condition(a), self._condition(b), neutral=False)

    def _logical(self, op: str, a: Instruction, b: Instruction, neutral: bool) -> Instruction:
        if a is b:
            return a
        for one, other in ((a, b), (b, a)):
            if one.op == "constant":
                return other if one.number is neutral else one
        return self.once(op, (a, b))

    def __getattr__(self, name: str) -> Any:
        composed = COMPOSED.get(name)
        if composed is not None:
            return partial(composed, self)
        leaf = LEAVES.get(name)
        if leaf is None:
            raise PrimitiveError(f"the compiler has no leaf {name!r}")
        if leaf.form is Form.CALL:
            return lambda *xs: self.call(TABLE[name], xs)
        return partial(self.direct, name)


def _is_power_of_two(number: float) -> bool:
    # within the normal numbers of single precision too, as is its inverse
    return math.isfinite(number) and abs(math.frexp(number)[0]) == 0.5 and 2.0**-120 < abs(number) < 2.0**120
