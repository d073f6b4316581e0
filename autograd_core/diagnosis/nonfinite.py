"""find_nonfinite: where in a graph, or in a call of a function, a number first stopped being finite."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

from autograd_core.compiler.jit_function import Jit
from autograd_core.engine.callers import Line
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.graph import Graph
from autograd_core.engine.origins import Scope, record_lines
from autograd_core.engine.reals import describe
from autograd_core.engine.sweeps import local_derivatives, pull_back
from autograd_core.engine.value import Constant, Value
from autograd_core.engine.wording import name_of, place_of
from autograd_core.errors import OperandTypeError
from autograd_core.transforms.function_call import FunctionCall
from autograd_core.transforms.mapping import Mapped
from autograd_core.transforms.transformed import Transformed
from autograd_core.transforms.trees import Tree, flatten

__all__ = ["NonFinite", "find_nonfinite"]

MOST_OPERANDS = 12


class NonFinite(NamedTuple):
    """Where a number first stopped being finite. Its text says all of it.

    Attributes:
        node: the operation that made it; a leaf if it was put in there.
        what: what it is: ``"value"``, ``"local derivative"`` or ``"adjoint"``.
        number: it itself: inf, -inf or nan.
        operands: the data of the operands.
        operand: which of them, from 0: what the local derivative is by, or where the adjoint arrives; None for a value.
        cotangent: of the operation, where it sent the adjoint; otherwise None.

    >>> x = Value(1e-300, label="x")
    >>> found = find_nonfinite(x * 1e200 * 1e200)
    >>> found.what, found.number, found.cotangent, found.operand
    ('adjoint', inf, 1e+200, 0)
    >>> print(find_nonfinite((x * 0.0).log()))
    log(0.0) is -inf
    """

    node: Value
    what: str
    number: float
    operands: tuple[float, ...]
    operand: int | None = None
    cotangent: float | None = None

    @property
    def line(self) -> Line | None:
        """The line of source that made the node, if `record_lines` was on."""
        line: Line | None = self.node.line
        return line

    @property
    def scope(self) -> Scope | None:
        """The scope that the node was made in."""
        scope: Scope | None = self.node.scope
        return scope

    def __str__(self) -> str:
        node, op = self.node, self.node.op
        where = place_of(node)
        if op is None:
            return f"the leaf {node.label or 'without a label'} is {self.number}{where}"
        numbers = ", ".join(map(repr, self.operands[:MOST_OPERANDS])) + ", …" * (len(self.operands) > MOST_OPERANDS)
        call = f"{op.name}({numbers})"
        if self.operand is None:
            return f"{call} is {self.number}{where}{self._names()}"
        by = f"operand {self.operand + 1}" if len(self.operands) > 1 else "its operand"
        if self.what == "local derivative":
            return f"the derivative of {call} by {by} is {self.number}{where}{self._names()}"
        return (
            f"the adjoint of {by} of {call} is {self.number}, after this operation, whose own adjoint is "
            f"{self.cotangent!r}, sent its share{where}{self._names()}"
        )

    def _names(self) -> str:
        """Which operands have a label."""
        parents = self.node.parents[:MOST_OPERANDS]
        named = [f"{name_of(x)} = {x.data!r}" for x in parents if x.label]
        return f"; {', '.join(named)}" if named else ""


def find_nonfinite(y: Value | Graph | Callable[..., Any], *args: Any, **kwargs: Any) -> NonFinite | None:
    """Where a value, a local derivative or an adjoint first stopped being finite; None if none did.

    Values and local derivatives are looked at together, in topological order, and then the adjoints in reverse, as
    they are summed up. What takes no part is passed over: a branch that a ``where`` did not take, a derivative through
    which no gradient passes.

    Args:
        y: a Value, or a Graph. Make it within `record_lines` to learn the line of source. Or a function, also what
            `jit`, `grad`, `vmap` and the other transforms give: it is then called eagerly, at the point that the other
            arguments say, with lines recorded. The innermost function is looked at first, since a derivative that is
            not finite has its reason there.
        args: the arguments of the function.
        kwargs: its keyword arguments.

    Raises:
        OperandTypeError: if `y` is none of these, or there are arguments without a function.
        StaleGraphError: if a leaf was changed after `y` was computed.
        TraceError: for a traced value, which has no number.

    >>> from autograd_core import jit
    >>> def distance(x, y):
    ...     return (x * x + y * y).sqrt()
    >>> found = find_nonfinite(jit(distance), 0.0, 0.0)
    >>> found.what, found.number, found.operands
    ('local derivative', inf, (0.0,))
    >>> find_nonfinite(jit(distance), 3.0, 4.0) is None
    True
    """
    if isinstance(y, (Value, Graph)):
        if args or kwargs:
            raise OperandTypeError("a recorded graph is looked at as it is: arguments are for functions")
        with collector_paused():
            return _first(y if isinstance(y, Graph) else Graph(y))
    if not callable(y):
        raise OperandTypeError(f"find_nonfinite wants a Value, a Graph or a function, not {describe(y)}")
    for function in reversed([*_layers(y)]):
        found = _first(_called(function, args, kwargs))
        if found is not None:
            return found
    return None


def _first(graph: Graph) -> NonFinite | None:
    """The first place in a graph where a number is not finite."""
    graph.require_numbers()
    adjoints: dict[Value, Any] = graph._first_adjoints([1.0] * len(graph.outputs))
    pull_back(graph.nodes, adjoints)
    to_blame = set(graph.outputs)  # and what is not finite among the operands of what is not finite among these
    for node in reversed(graph.nodes):
        if node.op is not None and node in to_blame and not isfinite(node.data):
            for place, (parent, slope) in enumerate(zip(node.parents, local_derivatives(node), strict=True)):
                # No derivative, although there is a rule: it was not selected.
                if not isfinite(parent.data) and (slope is not None or not node.op.passes(place)):
                    to_blame.add(parent)
    for node in graph.nodes:
        # A constant has no line: the operation that uses it says more.
        if node.__class__ is Constant or (node not in adjoints and node not in to_blame):
            continue
        operands = tuple(parent.data for parent in node.parents)
        if not isfinite(node.data):
            return NonFinite(node, "value", node.data, operands)
        if node.op is not None and node in adjoints:
            for place, (parent, slope) in enumerate(zip(node.parents, local_derivatives(node), strict=True)):
                if slope is not None and not isfinite(slope) and parent.__class__ is not Constant:
                    return NonFinite(node, "local derivative", slope, operands, place)
    if all(map(isfinite, adjoints.values())):
        return None
    for step in graph.steps():
        for place, adjoint in enumerate(step.adjoints):
            if adjoint is not None and not isfinite(adjoint):
                operands = tuple(parent.data for parent in step.parents)
                return NonFinite(step.node, "adjoint", adjoint, operands, place, step.cotangent)
    return None


def _layers(f: Any) -> Iterator[Callable[..., Any]]:
    """A function, and what lies under what `jit` and the transforms made of it, down to the user's own."""
    axes: Any = None
    while True:
        if isinstance(f, Mapped):
            axes, f = f.in_axes, f.f
        elif isinstance(f, Jit):
            axes, f = f._axes if f._is_batched else axes, f._f
        else:
            yield f if axes is None else Mapped(f, axes)
            if not isinstance(f, Transformed):
                return
            _, f, _ = f._made_by


def _called(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Graph:
    """The graph of a call of `f`, whose arguments are leaves with the parameters' names, where they hold numbers."""
    given = [*args, *kwargs.values()]
    numeric = [place for place, arg in enumerate(given) if _holds_numbers(arg)]

    def numbers_of_result(*lifted: Any) -> Any:
        result = f(*lifted[: len(args)], **dict(zip(kwargs, lifted[len(args) :], strict=True)))
        return (
            [leaf for leaf in flatten(result)[0] if _holds_numbers(leaf)]
            if isinstance(result, (list, tuple, dict))
            else result
        )

    numbers_of_result.__name__ = getattr(f, "__name__", type(f).__name__)
    with record_lines():
        call = FunctionCall(numbers_of_result, given, numeric)
    names = [*_parameters(f, args), *kwargs]
    leaves = iter(call.inputs)
    for place in numeric:
        size = call.trees[place].size
        for number in range(size):
            next(leaves).label = names[place] if size == 1 else f"{names[place]}[{number}]"
    if not call.outputs:
        raise OperandTypeError(f"{call.name} returned no number")
    return Graph(*call.outputs)


def _holds_numbers(arg: Any) -> bool:
    try:
        Tree(arg, "")
    except OperandTypeError:  # a flag or a name, as a static argument may be, or what goes along with a result
        return False
    return True


def _parameters(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """What a function calls its positional arguments."""
    try:
        bound = inspect.signature(f).bind_partial(*args)
    except (TypeError, ValueError):  # a builtin has no signature; a wrong call has raised before
        return [f"argument {place}" for place in range(len(args))]
    names = [name for name in bound.signature.parameters if name in bound.arguments]
    return [names[place] if place < len(names) else f"argument {place}" for place in range(len(args))]
