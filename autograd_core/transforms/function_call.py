"""One call of a function on Values, on which all transforms stand: it pulls cotangents back, and pushes tangents on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from operator import index
from typing import Any

from autograd_core.engine.conversions import make_constant
from autograd_core.engine.graph import pulled
from autograd_core.engine.order import leaves_and_operations
from autograd_core.engine.reals import as_float
from autograd_core.engine.sweeps import pull_back, push_forward
from autograd_core.engine.value import Constant, Value, as_value
from autograd_core.engine.values import values
from autograd_core.errors import OperandTypeError, TransformError
from autograd_core.namespaces import floats
from autograd_core.namespaces.gated import open_gate
from autograd_core.transforms.trees import Tree, without_values

__all__ = ["Argnums", "FunctionCall", "argument_numbers", "check_function", "explain_type_error", "is_differentiated"]

Argnums = int | Sequence[int]
"""The number of the argument that is differentiated, or the numbers of several."""

_under_way: ContextVar[tuple[FunctionCall, ...]] = ContextVar("_under_way", default=())
"""The calls whose functions have not returned yet, from the outermost on."""


def is_differentiated(leaf: Value) -> bool:
    """Whether a transform that is under way differentiates with respect to `leaf`."""
    return any(leaf is x for call in _under_way.get() for x in call.inputs)


class FunctionCall:
    """One call of a function on Values: the arguments that are differentiated, the results, and what lies between.

    Args:
        f: the function.
        args: its positional arguments.
        argnums: the numbers of those to differentiate.
        has_aux: whether `f` gives a pair, of its result and of something that is not differentiated.
        kwargs: its keyword arguments.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        argnums: Sequence[int],
        has_aux: bool = False,
        kwargs: Any = None,
    ) -> None:
        self.name = getattr(f, "__name__", type(f).__name__)
        self.trees = {number: Tree(args[number], f"argument {number} of {self.name}") for number in argnums}
        self.inputs: list[Value] = []
        lifted = list(args)
        for number, tree in self.trees.items():
            # That of a Value is a node over it: derivatives with respect to it stop here, and those of an outer
            # transform pass on.
            values = [+x if isinstance(x, Value) else Value(x) for x in tree.numbers]
            self.inputs += values
            lifted[number] = tree.build(values)
        token = _under_way.set((*_under_way.get(), self))
        try:
            result = f(*lifted, **(kwargs or {}))
        except TypeError as error:
            explain_type_error(error)
            raise
        finally:
            _under_way.reset(token)
        self.aux: Any = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TransformError(f"with has_aux=True, {self.name} must return a pair (result, aux)")
            result, self.aux = result
        if result is None:
            raise TransformError(f"{self.name} returned None: does it lack a return statement?")
        tree = Tree(result, f"the result of {self.name}")
        self.result = tree.with_plain_numbers()  # such as NumPy's einsum and squeeze give
        self.outputs = [as_value(number) for number in tree.numbers]
        leaves, operations = leaves_and_operations(self.outputs)
        self.order = leaves + operations
        outside = {leaf for leaf in leaves if leaf.__class__ is not Constant}.difference(self.inputs)
        self.nested = bool(outside) or any(x.op is not None for x in self.inputs)
        if has_aux and not self.nested:
            self.aux = without_values(self.aux)

    def numbers(self, numbers: Sequence[Any]) -> list[Any]:
        """Results as the caller wants them: Values inside another transform, floats elsewhere."""
        if self.nested:
            return list(numbers)
        return [number.data if isinstance(number, Value) else as_float(number) for number in numbers]

    def value(self) -> Any:
        return self.result.build(self.numbers(self.outputs))

    def pull(self, cotangents: Sequence[Any]) -> list[Any]:
        """The cotangents of the inputs, given those of the outputs; None for an output that takes no part."""
        seeds = [(y, c) for y, c in zip(self.outputs, cotangents, strict=True) if c is not None]
        over_values = self.nested or any(isinstance(cotangent, Value) for _, cotangent in seeds)
        adjoints: dict[Value, Any] = {}
        for output, cotangent in seeds:
            if over_values:
                cotangent = as_value(cotangent)
            adjoints[output] = adjoints[output] + cotangent if output in adjoints else cotangent
        if over_values:
            return list(pulled(self.order, adjoints, self.inputs))
        pull_back(self.order, adjoints)
        return [adjoints.get(x, 0.0) for x in self.inputs]

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """The tangents of the outputs, given those of the inputs; None for an input that takes no part."""
        over_values = self.nested or any(isinstance(tangent, Value) for tangent in tangents)
        known: dict[Value, Any] = {
            x: as_value(t) if over_values else as_float(t)
            for x, t in zip(self.inputs, tangents, strict=True)
            if t is not None
        }
        push_forward(self.order, known, values if over_values else floats)
        return [open_gate(known.get(y, as_value(0.0) if over_values else 0.0)) for y in self.outputs]

    def close(self) -> None:
        """Make constants of the inputs that this call made: to an outer transform they are nothing to differentiate."""
        for x in self.inputs:
            if x.op is None:
                make_constant(x)

    def scalar(self, transform: str) -> Value:
        if not self.result.is_number:
            raise TransformError(
                f"{transform} wants a function that returns one number, and {self.name} returned {self._returned()}"
            )
        return self.outputs[0]

    def _returned(self) -> str:
        count = len(self.outputs)
        if count != 1:
            return f"{count} in a container: use jacobian, or sum them up"
        (shape,) = (shape for shape in self.result.shapes if shape is None or math.prod(shape) == 1)
        if self.result.spec is None and shape is not None:
            return f"an array of shape {shape}: return its only element, as in y.item(), or use jacobian"
        return "one in a container: return the number itself, as in y[0], or use jacobian"


def explain_type_error(error: TypeError) -> None:
    """Say beside an error of NumPy or SciPy what to do: they cannot know what an array of objects holds."""
    text = str(error)
    if ("dtype('O')" in text or "not supported for the input types" in text) and not hasattr(error, "__notes__"):
        error.add_note(
            "autograd_core: an array of Values is one of objects, which this function of NumPy or SciPy does not take: "
            "write it with autograd_core.math, which takes arrays, or give it a derivative with custom_derivatives"
        )


def check_function(f: Any, transform: str) -> None:
    """Raise OperandTypeError if what is to be differentiated is no function."""
    if not callable(f):
        hint = f": {transform}(f)(x), not {transform}(f(x))" if isinstance(f, Value) else ""
        raise OperandTypeError(f"{transform} wants a function, not {type(f).__name__}{hint}")


def argument_numbers(argnums: Argnums, args: Sequence[Any]) -> list[int]:
    """The numbers of the arguments that are differentiated, from 0 on.

    Raises:
        TransformError: if one of them is no number, names no argument, or stands there twice.
    """
    try:
        several: Sequence[Any] = argnums if isinstance(argnums, (tuple, list, range)) else [argnums]
        numbers = [index(number) for number in several]
    except TypeError:
        raise TransformError(f"argnums is the number of an argument, or several, not {argnums!r}") from None
    for number in numbers:
        if not -len(args) <= number < len(args):
            raise TransformError(
                f"argnums names argument {number}, but there are {len(args)} positional arguments: what is passed by "
                "name is not differentiated"
            )
    numbers = [number % len(args) for number in numbers]
    if len(set(numbers)) != len(numbers):
        raise TransformError(f"argnums names an argument twice: {argnums}")
    return numbers
