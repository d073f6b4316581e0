"""Primitive: one row of the table, how it is made, and how it is applied to Values and to plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from autograd_core.engine.operation import OPERATIONS, Forward, Operation, Rule
from autograd_core.engine.portable import is_found_by_name
from autograd_core.engine.reals import as_float, is_array
from autograd_core.engine.value import TABLE, Value, as_value, record
from autograd_core.engine.values import values
from autograd_core.errors import CallError, OperandTypeError, PrimitiveError

__all__ = ["Primitive", "leaf", "lookup", "primitive"]

_methods: dict[str, Primitive] = {}
"""The row behind each method of Value that a row gave, under its name and its aliases."""


class Primitive(Operation):
    """A differentiable function: what it computes, and one local derivative rule for each operand.

    Called with plain numbers it gives a float; with a Value among them, a new Value. For its attributes see
    `autograd_core.engine.operation.Operation`.

    >>> math.tanh(0.5), math.tanh(Value(0.5)).data, math.tanh.arity
    (0.46211715726000974, 0.46211715726000974, 1)
    """

    def __init__(self, name: str, forward: Forward, *rules: Rule | None, **fields: Any) -> None:
        super().__init__(name, forward, *rules, **fields)
        # where pickle finds one that is no row of the table
        self.__module__ = getattr(forward, "__module__", self.__module__)

    @overload
    def __call__(self, first: Value, /, *operands: Any) -> Value: ...
    @overload
    def __call__(self, *operands: Any) -> Any: ...

    def __call__(self, *operands: Any) -> Any:
        """Apply to real numbers (a float comes back) or to Values (a Value comes back).

        A NumPy array among the operands, of numbers or of Values, is gone through element by element, with NumPy's
        broadcasting; what comes back is an array of floats, or of objects if there is a Value in it.

        Raises:
            CallError: for a wrong number of operands.
            OperandTypeError: for an operand that is neither a real number nor a Value.
        """
        if len(operands) != self.arity:
            operands = self._complete(operands)
        try:
            for operand in operands:
                if isinstance(operand, Value):
                    return record(self, *map(as_value, operands))
            return self.eager(*map(as_float, operands))
        except OperandTypeError:
            if not any(map(is_array, operands)):
                raise
        return _by_element(self, operands)

    def _complete(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        given = len(operands)
        if self.arity is None:
            if given:
                return operands
            raise CallError(f"{self.name}() takes at least one operand")
        missing = self.arity - given
        if 0 < missing <= len(self.defaults):
            return operands + self.defaults[-missing:]
        least = self.arity - len(self.defaults)
        wanted = str(self.arity) if least == self.arity else f"{least} to {self.arity}"
        raise CallError(f"{self.name}() takes {wanted} operand{'s' * (wanted != '1')}, not {given}")

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        # A row of the table is found by its name; any other primitive is the global of that name in its module.
        if TABLE.get(self.name) is self:
            return lookup, (self.name,)
        return self.__name__ if is_found_by_name(self.__module__) else (object.__new__, (type(self),), vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        OPERATIONS.add(self)

    def __copy__(self) -> Primitive:
        return self

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self


class _Adjustable(Primitive):
    """A primitive whose last operands have defaults; they may be given by the names that its forward has for them."""

    def __call__(self, *operands: Any, **named: Any) -> Any:
        return Primitive.__call__(self, *(self._placed(operands, named) if named else operands))

    def _placed(self, operands: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        names = self.forward.__code__.co_varnames[1 : len(self.rules) + 1]
        settings = dict(zip(names[-len(self.defaults) :], self.defaults, strict=True))
        for name in named:
            if name not in names:
                raise CallError(f"{self.name}() has no operand {name!r}: its operands are {', '.join(names)}")
            if name in names[: len(operands)]:
                raise CallError(f"{self.name}() got its operand {name!r} twice, by place and by name")
        given = settings | dict(zip(names, operands, strict=False)) | named
        if missing := [name for name in names if name not in given]:
            raise CallError(f"{self.name}() lacks its operand {missing[0]!r}")
        return tuple(given[name] for name in names) + operands[len(names) :]


def _by_element(row: Primitive, operands: Sequence[Any]) -> Any:
    if row.arity is None and len(operands) == 1:  # who writes maximum(xs) or logsumexp(xs) means one number
        raise OperandTypeError(f"{row.name}() of a single array: write {row.name}(*xs) for its elements")
    import numpy as np

    arrays = np.broadcast_arrays(*[np.asarray(operand, dtype=object) for operand in operands])
    results = [row(*elements) for elements in zip(*[array.flat for array in arrays], strict=True)]
    kind = object if any(isinstance(result, Value) for result in results) else float
    array = np.empty(len(results), dtype=kind)
    array[:] = results
    return array.reshape(arrays[0].shape)[()]


def lookup(name: str) -> Primitive:
    """The primitive of that name.

    Raises:
        PrimitiveError: if there is none.

    >>> lookup("sin") is math.sin
    True
    """
    row = TABLE.get(name)
    if not isinstance(row, Primitive):
        raise PrimitiveError(
            f"there is no primitive {name!r}; if it is one of your own, import the module that defines it first"
        )
    return row


def enter(row: Primitive, aliases: Sequence[str] = ()) -> Primitive:
    """Put a row into the table, and make it a method of Value under its name and its aliases.

    A row of a user's takes the place of the one that the same module defined before, as when a cell is run again.
    """
    old = TABLE.get(row.name)
    if old is not None and not _defines_again(row, old):
        raise PrimitiveError(f"there already is a primitive {row.name!r} (of {_module(old)}): choose another name")
    names = (row.name, *aliases)
    given = {name for name, behind in _methods.items() if behind is old}
    taken = [name for name in names if name in vars(Value) and name not in given]
    if taken:
        raise PrimitiveError(f"{taken[0]!r} is already an attribute of Value: choose another name")
    for name in given:
        delattr(Value, name)
        del _methods[name]
    TABLE[row.name] = row

    def method(self: Value, *others: Any, out: None = None) -> Any:  # NumPy's functions hand `out` to methods
        return row(self, *others)

    def adjustable_method(self: Value, *others: Any, out: None = None, **named: Any) -> Any:
        return row(self, *others, **named)

    given_method = adjustable_method if isinstance(row, _Adjustable) else method
    given_method.__doc__ = row.__doc__
    for name in names:
        setattr(Value, name, given_method)
        _methods[name] = row
    return row


def _defines_again(row: Operation, old: Operation) -> bool:
    module = _module(row)
    return not old.leaf and module == _module(old) and module.partition(".")[0] != __name__.partition(".")[0]


def _module(row: Operation) -> str:
    return str(getattr(row.forward, "__module__", ""))


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
        fields: ``symbol`` for pictures, ``defaults`` for operands at the end (which may then be given by name too),
            ``domain`` for tests.

    Raises:
        PrimitiveError: if the name is taken by the package or by another module, or rules are missing. A module, or a
            notebook, may define its own row again: from then on the new one is used, and nodes recorded before and
            functions compiled before keep the old one.

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
        kind = _Adjustable if fields.get("defaults") else Primitive
        row = kind(name, forward, *rules, joint=joint, doc=forward.__doc__ or "", **fields)
        return enter(row, aliases)

    return enter_function
