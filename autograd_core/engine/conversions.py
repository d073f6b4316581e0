"""What a Value is to Python where it wants something else: a text, a truth, a float, an int; a constant."""

from __future__ import annotations

from typing import NoReturn

from autograd_core.engine.methods import method_of
from autograd_core.engine.reals import as_index
from autograd_core.engine.value import TABLE, Constant, Value, as_value, record
from autograd_core.errors import OperandTypeError

__all__ = ["make_constant"]


@method_of(Value, "__repr__")
def _repr(self: Value) -> str:
    label = f", label={self.label!r}" if self.label else ""
    return f"{type(self).__name__}(data={self._data!r}, grad={self._grad!r}{label})"


@method_of(Value, "__format__")
def _format(self: Value, spec: str) -> str:
    return format(self._data, spec) if spec else repr(self)


@method_of(Value, "__bool__")
def _bool(self: Value) -> bool:
    return self._data != 0.0


@method_of(Value, "__float__")
def _float(self: Value) -> NoReturn:
    raise OperandTypeError(
        "float() would drop the gradient of a Value: use autograd_core.math, an array of dtype=object to write to, "
        "f'{v:.2f}' for text, custom_derivatives around a function that computes with floats only, or v.data"
    )


@method_of(Value, "__int__")
def _int(self: Value) -> int:
    return int(self._data)  # a step, whose gradient is 0: nothing is lost


@method_of(Value, "__index__")
def _index(self: Value) -> int:
    return as_index(self._data)


@method_of(Value, "__complex__")
def _complex(self: Value) -> NoReturn:
    raise OperandTypeError("a Value is real: use complex(v.data) for the plain number")


@method_of(Value, "__round__")
def _round(self: Value, digits: int | None = None) -> Value:
    return record(TABLE["round"], self) if digits is None else record(TABLE["round_to"], self, as_value(digits))


def make_constant(leaf: Value) -> None:
    """Make a constant of a leaf: to whoever differentiates from now on it is a plain number."""
    leaf.__class__ = Constant  # the same slots, so a graph that was recorded over it goes on as it is
