"""The loss of one sample and its gradient, as what is traced and compiled for batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from autograd_core.compiler.calling.arguments import Argument, Trace, build_samples
from autograd_core.compiler.outside import Outside, outside_of
from autograd_core.compiler.traces import Path
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.graph import gradients
from autograd_core.engine.guards import GuardedTracing
from autograd_core.engine.order import topological_order
from autograd_core.engine.strictness import lenient
from autograd_core.engine.value import Value, write_data
from autograd_core.errors import DataError, OperandTypeError, TransformError
from autograd_core.nn.samples import Samples
from autograd_core.transforms.function_call import is_differentiated
from autograd_core.transforms.trees import Structure, Tree

__all__ = ["SampleLoss"]


class SampleLoss:
    """A `Source` of the loss of a sample, and its derivatives with respect to the parameters.

    Args:
        model: a function of a sample's inputs.
        loss: a function of its output and a target.
        parameters: the leaves that it is differentiated by; as inputs of the code they are read from its first
            argument.
        data: the samples.
    """

    name = "fit"

    def __init__(
        self, model: Callable[[Any], Any], loss: Callable[[Any, Any], Any], parameters: list[Value], data: Samples
    ) -> None:
        self._model, self._loss, self._parameters = model, loss, parameters
        shared = Argument(Structure(None, [(len(parameters),)]), None)
        self._sample = [
            Argument(Structure(None, [data.inputs.shape[1:]]), 0),
            Argument(Structure(None, [data.targets.shape[1:] or None]), 0),
        ]
        self.arguments: Sequence[Argument] = [shared, *self._sample]
        self._result = Structure(None, [(1 + len(parameters),)])

    def trace(self, numbers: Sequence[float] | None) -> Path | Outside:
        """See `Source.trace`."""
        began = perf_counter()
        parameters = self._parameters
        tracing = GuardedTracing(self.name)
        with collector_paused(), lenient(), tracing.going_on():
            (x, y), inputs = build_samples(self._sample, tracing.input)
            tracing.give([*parameters, *inputs], numbers or [])
            output = self._output(x, y)
            if set(parameters).isdisjoint(topological_order([output])):
                raise DataError(
                    "the loss depends on none of the optimiser's parameters: give it those of this model, "
                    "as in Adam(model.parameters())"
                )
            traced, leaves = outside_of([*parameters, *inputs], [output])
            outside = Outside(traced, list(filter(is_differentiated, leaves)))
            if outside:
                raise TransformError(f"the loss depends on {outside.describe()}")
            results = [output, *gradients(output, parameters)]
            trace = Trace(self.name, self.arguments, [*parameters, *inputs], self._result, results)
            return Path(trace, tracing.guards, tracing.departure(), tracing.answer(), perf_counter() - began)

    def eager(self, numbers: Sequence[float]) -> Tree:
        """See `Source.eager`. The parameters get their numbers for good: they are those of the last step."""
        count = len(self._parameters)
        write_data(self._parameters, list(numbers[:count]))
        x, y = (structure.build(part) for (structure, _), part in zip(self._sample, self._parts(numbers), strict=True))
        with lenient():
            output = self._output(x, y)
            slopes = gradients(output, self._parameters)
        tree = Tree([0.0] * self._result.size, "the loss")
        tree.spec, tree.shapes = self._result.spec, self._result.shapes
        tree.numbers = [output.data, *(slope.data for slope in slopes)]
        return tree

    def _parts(self, numbers: Sequence[float]) -> list[Any]:
        start = len(self._parameters)
        middle = start + self._sample[0].structure.size
        return [numbers[start:middle], numbers[middle:]]

    def _output(self, x: Any, y: Any) -> Value:
        output = self._loss(self._model(x), y)
        if not isinstance(output, Value):
            raise OperandTypeError(f"the loss of a sample is one Value, not {type(output).__name__}")
        return output
