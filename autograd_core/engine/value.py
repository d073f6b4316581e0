"""Value: one node of the computation graph, and the operators that record new nodes.

A node is data and nothing else: its number, the primitive that made it, and its parents. What the primitive *means*
stands in the table (`autograd_core.primitives`); what is done with a finished graph stands in `graph` beside this file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from numbers import Number
from typing import TYPE_CHECKING, Any, ClassVar, Final

from autograd_core.engine.clock import clock
from autograd_core.engine.labels import as_label
from autograd_core.engine.operation import Operation
from autograd_core.engine.reals import advice, as_float, describe, real
from autograd_core.errors import GraphError, OperandTypeError

__all__ = ["TABLE", "Constant", "Value", "as_operand", "as_value", "record", "write_data"]

TABLE: Final[dict[str, Operation]] = {}  # every primitive by name, filled as `autograd_core.primitives` is imported

_new = object.__new__
_make: Callable[[type[Value]], Value] = _new  # for operations; see `note_new_nodes`
_note: Callable[[Value], None]


if TYPE_CHECKING:
    from autograd_core.engine.declared import Methods
else:
    Methods = {"Value": object}  # when it runs, the table gives them


class Value(Methods["Value"]):
    """A real number that remembers how it was computed.

    Args:
        data: any real number: int, bool, float, Fraction, NumPy scalar or 0-d array. It is kept as a float.
        label: a name for pictures; any text. Nothing may follow it: a CallError says how operations are recorded.

    Raises:
        OperandTypeError: if `data` is not a real number. (A Value is none: write ``v.data``, or use ``v`` as it is.)

    >>> x = Value(3.0, label="x")
    >>> y = x * x + x
    >>> y.backward()
    >>> y.data, x.grad
    (12.0, 7.0)
    """

    # Two slots for parents, not one tuple: a tuple on every node would double the number of objects that Python's
    # cyclic collector visits, which is half the time of a forward pass. `_a` is None for a leaf, a Value for an
    # operation on one or two operands, and a tuple for any other number of them; `_b` is the second of two. What few
    # nodes have (a label, an origin, a user's own attributes) is in the dict.
    __slots__ = ("__dict__", "_a", "_b", "_data", "_grad", "_stamp", "op")

    _a: Value | tuple[Value, ...] | None
    _b: Value | None
    _data: float
    _grad: float
    _stamp: int
    label: str = ""
    op: Operation | None  # the primitive that made this node; None for a leaf

    _recorded_as: ClassVar[Any] = None
    """The class of every node that is computed from one of this class, if it is one without numbers; its `_record`
    makes such a node."""

    _origin: Any = None
    """Where it was made, if a block asks for that: an `Origin` of `origins`."""

    def __init__(self, data: Any, label: str = "", *others: Any) -> None:
        node = self  # from 3.14 on CPython makes room in every object for each attribute that is set as one of `self`
        node._data = data if data.__class__ is float else as_float(data)
        node._a = node._b = node.op = None
        node._grad, node._stamp = 0.0, 0
        if label or others:
            node.label = as_label(label, others)
        if _make is not _new:
            _note(self)

    @property
    def data(self) -> float:
        """The number itself. Only a leaf's may be set; `Graph.forward` then brings what depends on it up to date."""
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        if self.op is not None:
            raise GraphError(
                f"the data of an operation ({self.op.name}) follow from its parents: "
                "set the data of leaves, then call Graph(...).forward()"
            )
        write_data((self,), (as_float(number),))

    @property
    def grad(self) -> float:
        """The derivative of what `backward` was called on with respect to this node.

        A leaf's grad is the sum over all passes since it was last set to zero; an operation's is that of the last pass.
        """
        return self._grad

    @grad.setter
    def grad(self, number: Any) -> None:
        _write_grad(self, as_float(number))

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands of the operation that made this node, in order; empty for a leaf."""
        first, second = self._a, self._b
        if first is None:
            return ()
        if first.__class__ is tuple:
            return first
        return (first,) if second is None else (first, second)  # type: ignore[return-value]  # a tuple went above

    def detach(self) -> Value:
        """The same number as a node that no gradient passes."""
        return record(TABLE["stop_gradient"], self)

    # Operators. Each name on the right is a row of the table. What `record` does is written out, to save a call.

    @staticmethod
    def _unary(name: str) -> Callable[[Value], Value]:
        def operator(self: Value) -> Value:
            if self.__class__ is not Value:
                return record(TABLE[name], self)
            node: Value = _make(Value)
            node._stamp = clock.now
            node.op = op = TABLE[name]
            node._data = op.eager(self._data)
            node._a, node._b = self, None
            node._grad = 0.0
            return node

        return operator

    @staticmethod
    def _binary(name: str, reflected: bool = False) -> Callable[[Value, Any], Value]:
        def operator(self: Value, other: Any) -> Value:
            kind = other.__class__
            if kind is not Value:
                if kind is float:
                    number, other = other, _new(Constant)
                    other._data = number
                else:
                    other = as_operand(other)
                    if other is NotImplemented:
                        return other  # type: ignore[no-any-return]  # NotImplemented
                    if other._recorded_as:  # right of a constant; a Value on its left leaves it to its own operator
                        return record(TABLE[name], other, self) if reflected else record(TABLE[name], self, other)
            if reflected:
                self, other = other, self
            node: Value = _make(Value)
            node._stamp = clock.now
            node.op = op = TABLE[name]
            compute = op.eager  # in one go it would be looked for as a method, which takes CPython 3.11 longer
            node._data = compute(self._data, other._data)
            node._a, node._b = self, other
            node._grad = 0.0
            return node

        return operator

    @staticmethod
    def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, Any], bool]:
        def operator(self: Value, other: Any) -> bool:
            number = other._data if isinstance(other, Value) else real(other)
            if number is not None:
                return compare(self._data, number)
            return NotImplemented  # type: ignore[no-any-return]  # Python then compares identities, or raises TypeError

        return operator

    __add__, __radd__ = _binary("add"), _binary("add", reflected=True)
    __sub__, __rsub__ = _binary("subtract"), _binary("subtract", reflected=True)
    __mul__, __rmul__ = _binary("multiply"), _binary("multiply", reflected=True)
    __truediv__, __rtruediv__ = _binary("divide"), _binary("divide", reflected=True)
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _binary("floor_divide", reflected=True)
    __mod__, __rmod__ = _binary("mod"), _binary("mod", reflected=True)
    _pow, __rpow__ = _binary("pow"), _binary("pow", reflected=True)
    _square = _unary("square")
    __neg__, __pos__, __abs__ = _unary("negative"), _unary("positive"), _unary("abs")
    __floor__, __ceil__, __trunc__ = _unary("floor"), _unary("ceil"), _unary("trunc")
    __lt__, __le__ = _comparison(float.__lt__), _comparison(float.__le__)
    __gt__, __ge__ = _comparison(float.__gt__), _comparison(float.__ge__)
    __eq__, __ne__ = _comparison(float.__eq__), _comparison(float.__ne__)
    __hash__ = object.__hash__  # identity: a node is a place in a graph, whatever its number is

    def __pow__(self, exponent: Any) -> Value:
        kind = exponent.__class__
        if (kind is int or kind is float) and exponent == 2:
            return self._square()  # exactly the same, quicker, and plainer to look at
        return self._pow(exponent)

    def __divmod__(self, other: Any) -> tuple[Value, Value]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Value, Value]:
        return other // self, other % self

    if TYPE_CHECKING:
        # Given by `graph`, `conversions` and `origins`; what the table gives is declared in `Methods`.
        scope: Any
        line: Any

        def backward(self, seed: Any = 1.0) -> None: ...
        def __round__(self, digits: int | None = None) -> Value: ...
        def __int__(self) -> int: ...
        def __index__(self) -> int: ...


class Constant(Value):
    """A plain number that took part in an operation: a leaf that has no gradient and cannot be changed.

    >>> [isinstance(parent, Constant) for parent in (Value(2.0) * 3.0).parents]
    [False, True]
    """

    __slots__ = ()

    # The rest is the same for all, so the class has it and hides the slots: a number then enters in half of the time.
    _a = _b = op = None
    _grad, _stamp = 0.0, 0

    def __init__(self, data: Any) -> None:
        _write_data(self, as_float(data))

    @property
    def data(self) -> float:
        """The number itself."""
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        raise GraphError("a constant cannot be changed: make it a Value to change it later")

    @property
    def grad(self) -> float:
        """Always 0."""
        return 0.0

    @grad.setter
    def grad(self, number: Any) -> None:
        if as_float(number) != 0.0:
            raise GraphError("a constant has no gradient: make it a Value to differentiate with respect to it")


def record(op: Operation, *operands: Value) -> Value:
    """The new node that applies `op` to `operands`; its number is computed at once."""
    if len(operands) == 2:
        a, b = operands
        kind = a._recorded_as or b._recorded_as
    elif len(operands) == 1:
        (a,) = operands
        kind = a._recorded_as
    else:
        kind = next(filter(None, [operand._recorded_as for operand in operands]), None)
    if kind:
        return kind._record(op, operands)  # type: ignore[no-any-return]  # a Value
    node: Value = _make(Value)
    node._stamp = clock.now
    node._grad, node.op = 0.0, op
    if len(operands) == 2:
        node._a, node._b = a, b
        node._data = op.eager(a._data, b._data)
    elif len(operands) == 1:
        node._a, node._b = a, None
        node._data = op.eager(a._data)
    else:
        node._a, node._b = operands, None
        node._data = op.eager(*[operand._data for operand in operands])
    return node


def note_new_nodes(note: Callable[[Value], None] | None) -> None:
    """From now on hand every new node to `note`, before it has data; None for no longer."""
    global _make, _note
    if note is not None:
        _note = note
    _make = _new if note is None else _noted


def _noted(kind: type[Value]) -> Value:
    node: Value = _new(kind)
    _note(node)
    return node


# Slot descriptors, in C.
_write_data, _write_stamp, _write_grad = (vars(Value)[name].__set__ for name in ("_data", "_stamp", "_grad"))


def write_data(changed: Sequence[Value], numbers: Sequence[float]) -> None:
    """Give nodes new data in one tick of the clock."""
    clock.change(lambda tick: chain(map(_write_stamp, changed, repeat(tick)), map(_write_data, changed, numbers)))


def as_value(operand: Any) -> Value:
    """`operand` itself if it is a Value, otherwise the Constant of that real number; OperandTypeError if it is none."""
    return operand if isinstance(operand, Value) else _constant(as_float(operand))


def _constant(number: float) -> Constant:
    node: Constant = _new(Constant)
    node._data = number
    return node


def as_operand(other: Any) -> Any:
    """The other side of an operator as a Value; NotImplemented for a type that may know what to do with a Value."""
    if other.__class__ is int:
        return _constant(real(other))  # type: ignore[arg-type]  # an int is real
    if isinstance(other, Value):
        return other
    number = real(other)
    if number is not None:
        return _constant(number)
    if other is None or isinstance(other, (str, bytes, list, tuple, dict, set, Number)):
        raise OperandTypeError(f"a Value does not combine with {describe(other)}: {advice(other)}")
    return NotImplemented
