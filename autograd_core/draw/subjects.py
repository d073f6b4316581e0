"""What can be drawn, and the graph of it: Values, a Graph, a network, a function at a point."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd_core.engine.graph import Graph
from autograd_core.engine.reals import describe, is_array, real
from autograd_core.engine.sweeps import pull_back
from autograd_core.engine.traced import Traced
from autograd_core.engine.tracing import Tracing
from autograd_core.engine.value import Value
from autograd_core.errors import CallError, OperandTypeError

__all__ = ["Subject", "subject_of"]


class Subject:
    """A graph, and what to take for the grad of its nodes: their own, or that of a pass that is not written to them."""

    def __init__(self, graph: Graph, adjoints: dict[Value, float] | None = None) -> None:
        self.graph, self._adjoints = graph, adjoints

    def grad_of(self, node: Value) -> float:
        """The grad of a node; 0 for one of a trace, which has no numbers."""
        if self._adjoints is not None:
            return self._adjoints.get(node, 0.0)
        return 0.0 if isinstance(node, Traced) else node.grad


def subject_of(thing: Any, more: Sequence[Any]) -> Subject:
    """The graph of what is given to `draw`.

    Raises:
        OperandTypeError: for what has no graph.
        CallError: for a function with a wrong number of arguments, and for a network without a sample, if it does not
            say how many inputs it has.
    """
    if isinstance(thing, Value):
        return Subject(Graph(thing, *more))
    if isinstance(thing, Graph) and not more:
        return Subject(thing)
    if callable(thing) and (more or not hasattr(thing, "parameters")):
        return _at_point(thing, more)
    if callable(thing):
        return _of_network(thing)
    raise OperandTypeError(
        f"draw takes Values, a Graph, a network, a function and its arguments, or paths of a compiled function, "
        f"not {describe(thing)}"
    )


def _at_point(function: Callable[..., Any], args: Sequence[Any]) -> Subject:
    """The graph that a call leaves, with the gradient of the sum of its outputs, which no Value's own is touched by."""
    leaves = [_leaves(arg, name) for arg, name in zip(args, _names(function, len(args)), strict=True)]
    outputs = list(_values(function(*leaves)))
    if not outputs:
        raise OperandTypeError(f"{_called(function)} gave no Value that could be drawn")
    graph = Graph(*outputs)
    adjoints: dict[Value, float] = {}
    if not any(isinstance(output, Traced) for output in outputs):
        for output in outputs:
            adjoints[output] = adjoints.get(output, 0.0) + 1.0
        pull_back(graph.nodes, adjoints)
    return Subject(graph, adjoints)


def _of_network(network: Any) -> Subject:
    """The graph of a network whose inputs have no numbers."""
    count = getattr(network, "nin", None)
    if not isinstance(count, int):
        raise CallError(
            f"{_called(network)} does not say by nin how many inputs it has: give a sample, draw(model, [1.0, 2.0])"
        )
    tracing = Tracing(_called(network))
    with tracing.going_on():
        outputs = list(_values(network([tracing.input(f"x[{i}]") for i in range(count)])))
    return Subject(Graph(*outputs))


def _called(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the arguments, as far as they are known."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # of some that are built in, nobody knows
        signature = inspect.Signature()
    else:
        try:
            signature.bind(*range(count))
        except TypeError as error:
            raise CallError(
                f"{_called(function)} is drawn at a point, draw(f, 1.0, 2.0), and {count} arguments do not fit: {error}"
            ) from None
    parameters = list(signature.parameters.values())
    named = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return (named + [f"x{i}" for i in range(len(named), count)])[:count]


def _leaves(arg: Any, name: str) -> Any:
    """An argument with a leaf in the place of each number, also in lists, tuples, dicts and arrays."""
    if isinstance(arg, (bool, Value)):
        return arg
    if isinstance(arg, (list, tuple)) and type(arg) in (list, tuple):
        return type(arg)(_leaves(each, f"{name}[{i}]") for i, each in enumerate(arg))
    if isinstance(arg, dict):
        return {key: _leaves(each, f"{name}[{key!r}]") for key, each in arg.items()}
    if is_array(arg) and arg.ndim:
        made = arg.astype(object)
        for place in map(tuple, zip(*(axis.tolist() for axis in (made == made).nonzero()), strict=True)):
            made[place] = _leaves(arg[place].item(), f"{name}{list(place)}")
        return made
    number = real(arg)
    return arg if number is None else Value(number, name)


def _values(output: Any) -> Iterator[Value]:
    """The Values in what a function gave."""
    pending = [output]
    while pending:
        each = pending.pop()
        if isinstance(each, Value):
            yield each
        elif isinstance(each, dict):
            pending += reversed(list(each.values()))
        elif isinstance(each, (list, tuple)):
            pending += reversed(each)
        elif is_array(each):
            pending += reversed(each.ravel().tolist())
