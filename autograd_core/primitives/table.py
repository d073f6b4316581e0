"""Primitive: one row of the table, how it is made, and how it is applied to Values and to plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from autograd_core.engine.operation import Forward, Operation, Rule
from autograd_core.engine.reals import as_float
from autograd_core.engine.value import TABLE, Value, as_value, record
from autograd_core.engine.values import values
from autograd_core.errors import PrimitiveError

__all__ = ["Primitive", "leaf", "lookup", "primitive"]


class Primitive(Operation):
    """A differentiable function: what it computes, and one local derivative rule for each operand.

    Called with plain numbers it gives a float; with a Value among them, a new Value. For its attributes see
    `autograd_core.engine.operation.Operation`.
    """

    @overload
    def __call__(self, first: Value, /, *operands: Any) -> Value: ...
    @overload
    def __call__(self, *operands: Any) -> Any: ...

    def __call__(self, *operands: Any) -> Any:
        """Apply to real numbers (a float comes back) or to Values (a Value comes back).

        Raises:
            PrimitiveError: for a wrong number of operands.
            OperandTypeError: for an operand that is neither a real number nor a Value.
        """
        if len(operands) != self.arity:
            operands = self._complete(operands)
        for operand in operands:
            if isinstance(operand, Value):
                return record(self, *map(as_value, operands))
        return self.eager(*map(as_float, operands))

    def _complete(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        given = len(operands)
        if self.arity is None:
            if given:
                return operands
            raise PrimitiveError(f"{self.name}() takes at least one operand")
        missing = self.arity - given
        if 0 < missing <= len(self.defaults):
            return operands + self.defaults[-missing:]
        least = self.arity - len(self.defaults)
        wanted = str(self.arity) if least == self.arity else f"{least} to {self.arity}"
        raise PrimitiveError(f"{self.name}() takes {wanted} operand{'s' * (wanted != '1')}, not {given}")

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        # A row of the table is found by its name; any other primitive is the global of that name in its module.
        return (lookup, (self.name,)) if TABLE.get(self.name) is self else self.__name__

    def __copy__(self) -> Primitive:
        return self

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self


def lookup(name: str) -> Primitive:
    """The primitive of that name.

    Raises:
        PrimitiveError: if there is none.
    """
    row = TABLE.get(name)
    if not isinstance(row, Primitive):
        raise PrimitiveError(
            f"there is no primitive {name!r}; if it is one of your own, import the module that defines it first"
        )
    return row


def enter(row: Primitive, aliases: Sequence[str] = ()) -> Primitive:
    """Put a row into the table, and make it a method of Value under its name and its aliases."""
    if row.name in TABLE:
        raise PrimitiveError(f"there already is a primitive {row.name!r}: choose another name")
    taken = [name for name in (row.name, *aliases) if name in vars(Value)]
    if taken:
        raise PrimitiveError(f"{taken[0]!r} is already an attribute of Value: choose another name")
    TABLE[row.name] = row

    def method(self: Value, *others: Any, out: None = None) -> Any:  # NumPy's functions hand `out` to methods
        return row(self, *others)

    method.__doc__ = row.__doc__
    for name in (row.name, *aliases):
        setattr(Value, name, method)
    return row


def leaf(name: str, *rules: Rule | None, aliases: Sequence[str] = (), **fields: Any) -> Primitive:
    """A row that every namespace implements under its name."""
    row = enter(Primitive(name, lambda m, *xs: getattr(m, name)(*xs), *rules, leaf=True, **fields), aliases)
    values.add_leaf(row)
    return row


def primitive(
    *rules: Rule | None, joint: Rule | None = None, aliases: Sequence[str] = (), **fields: Any
) -> Callable[[Forward], Primitive]:
    """Make a primitive of a function ``forward(m, *xs)`` that is written over the namespace `m`.

    Args:
        rules: one ``rule(m, g, y, *xs)`` for each operand: namespace, cotangent, output, operands; None for an operand
            that no gradient passes. A rule uses ``+ - *`` and the functions of `m`, also for division
            (``m.divide``) and comparisons (``m.greater``), and chooses with ``m.where`` instead of ``if``.
        joint: instead of `rules`, for any number of operands: ``joint(m, g, y, *xs)`` gives all cotangents, in order.
        aliases: further names of the method on Value.
        fields: ``symbol`` for pictures, ``defaults`` for operands at the end, ``domain`` for tests.

    Raises:
        PrimitiveError: if the name is taken, or rules are missing.

    >>> @primitive(lambda m, g, y, x: g * 3.0 * x * x)
    ... def cube_of(m, x):
    ...     "x³"
    ...     return x * x * x
    >>> x = Value(2.0)
    >>> cube_of(x).backward()
    >>> x.grad, cube_of(2.0), x.cube_of().data
    (12.0, 8.0, 8.0)
    """

    def enter_function(forward: Forward) -> Primitive:
        name = forward.__name__.rstrip("_")
        row = Primitive(name, forward, *rules, joint=joint, doc=forward.__doc__ or "", **fields)
        return enter(row, aliases)

    return enter_function
