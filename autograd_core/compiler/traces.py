"""One trace of a function at actual numbers: its graph, and what Python decided on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from autograd_core.compiler.calling.arguments import Argument, Trace, build_samples
from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.outside import Outside, outside_of
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.guards import Guard, GuardedTracing
from autograd_core.engine.reals import as_float
from autograd_core.engine.strictness import lenient
from autograd_core.engine.tracing import Tracing
from autograd_core.engine.value import Value, as_value
from autograd_core.errors import AutogradError, TransformError
from autograd_core.transforms.function_call import explain_type_error
from autograd_core.transforms.trees import Tree

__all__ = ["Function", "Path", "Source", "decisions", "path_of", "sample_of"]


class Path(NamedTuple):
    """What a trace at actual numbers left behind.

    Attributes:
        trace: the graph.
        guards: what Python decided.
        departure: the node that is the number of the first guard that does not hold; None without guards.
        answer: the node that is the whole number that this one asked for; None where none asks for one.
        seconds: how long it took.
        order: the graph in topological order, as it was recorded; None where guards are a part of it.
    """

    trace: Trace
    guards: Sequence[Guard]
    departure: Value | None
    answer: Value | None
    seconds: float
    order: Sequence[Value] | None = None


class Source(Protocol):
    """What can be traced anew, at other numbers.

    Attributes:
        name: what an error calls it.
        arguments: the structures of its arguments.
    """

    name: str
    arguments: Sequence[Argument]

    def trace(self, numbers: Sequence[float] | None) -> Path | Outside:
        """Trace it at numbers for all inputs of one sample; without numbers it must not decide by them."""

    def eager(self, numbers: Sequence[float]) -> Tree:
        """What it gives there without a trace, as floats like those of compiled code."""


class Function:
    """A function of one sample, as a `Source`.

    Args:
        name: what an error calls the function.
        function: the function.
        arguments: the structures of its arguments.
    """

    def __init__(self, name: str, function: Callable[..., Any], arguments: Sequence[Argument]) -> None:
        self.name, self._function, self.arguments = name, function, arguments

    def trace(self, numbers: Sequence[float] | None) -> Path | Outside:
        """See `Source.trace`."""
        began = perf_counter()
        tracing = GuardedTracing(self.name)
        with collector_paused(), lenient(), tracing.going_on():
            samples, inputs = build_samples(self.arguments, tracing.input)
            if numbers is not None:
                tracing.give(inputs, numbers)
            try:
                result = self._function(*samples)
            except TypeError as error:
                explain_type_error(error)
                raise
            tree = self._tree(result)
            trace = Trace(self.name, self.arguments, inputs, tree, [as_value(number) for number in tree.numbers])
            return path_of(trace, tracing, began)

    def _tree(self, result: Any) -> Tree:
        if result is None:
            raise TransformError(f"{self.name} returned None: does it lack a return statement?")
        return Tree(result, f"the result of {self.name}")

    def eager(self, numbers: Sequence[float]) -> Tree:
        """See `Source.eager`. It is called with Values: what they can do, a traced value can."""
        try:
            result = self._function(*self._built([*map(Value, numbers)]))
        except Exception as error:
            if not isinstance(error, AutogradError):
                self._raise_with_numbers(numbers, type(error))
            raise
        tree = self._tree(result)
        tree.numbers = [x.data if isinstance(x, Value) else as_float(x) for x in tree.numbers]
        return tree

    def _raise_with_numbers(self, numbers: Sequence[float], kind: type[Exception]) -> None:
        """Raise what the function raises for plain numbers, if it is of that kind: its text has them."""
        try:
            self._function(*self._built(numbers))
        except kind as error:
            raise error from None
        except Exception:  # of what a float cannot do
            return

    def _built(self, numbers: Sequence[Any]) -> list[Any]:
        """The arguments of the function, of numbers for all its inputs."""
        samples, start = [], 0
        for structure, _ in self.arguments:
            samples.append(structure.build(numbers[start : start + structure.size]))
            start += structure.size
        return samples


def path_of(trace: Trace, tracing: Tracing, began: float) -> Path | Outside:
    """What the trace that is under way leaves behind."""
    guards = tracing.guards
    outputs = [*trace.outputs, *(guard.holds for guard in guards)]
    order = tracing.order(outputs)
    outside = outside_of(trace.inputs, outputs, order)
    if outside:
        return outside
    departure, answer, seconds = tracing.departure(), tracing.answer(), perf_counter() - began
    return Path(trace, guards, departure, answer, seconds, None if guards else order)


def sample_of(arguments: Sequence[Argument], numbers: Numbers, place: int) -> list[float]:
    """The numbers of one sample of a batch, or of a point, for all inputs in order."""
    shared, columns = iter(numbers.shared), iter(numbers.columns)
    found: list[float] = []
    for structure, axis in arguments:
        for _ in range(structure.size):
            found.append(next(shared) if axis is None else float(next(columns)[place]))
    return found


def decisions(guards: Sequence[Guard]) -> tuple[tuple[str, int], ...]:
    """All that Python decided: the same for two traces that ran the same way."""
    return tuple(guard.decision for guard in guards)
