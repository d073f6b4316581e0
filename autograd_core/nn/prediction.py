"""The outputs of a network for many samples at once, in compiled code."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from autograd_core.compiler import tuning
from autograd_core.compiler.calling.arguments import Argument, Trace, build_samples, flat
from autograd_core.compiler.outside import Outside
from autograd_core.compiler.traces import Function
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.guards import GuardedTracing
from autograd_core.engine.order import topological_order
from autograd_core.engine.strictness import lenient
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import TransformError
from autograd_core.math import stop_gradient
from autograd_core.nn.samples import as_samples, not_samples
from autograd_core.transforms.trees import Structure, Tree

if TYPE_CHECKING:
    from autograd_core.compiler.compiled import Compiled

__all__ = ["predict"]

KEPT = 16
"""The code of so many graphs, those used last, is kept for the next prediction."""


def predict(model: Callable[[Any], Any], inputs: Any) -> Any:
    """The outputs for many samples, as plain numbers; a method: ``model.predict(inputs)``.

    The model is traced with one sample at each call, so it is as it is now. The code is compiled at the first call, and
    anew only where that graph is another one; other numbers of its parameters leave it as it is. A model that branches
    is compiled at each call.

    Args:
        model: a network, or any function of one sample's inputs that returns a Value, or a list of them.
        inputs: an array of shape (samples, features), or of more dimensions.

    Returns:
        An array of shape (samples,), or (samples, outputs) if the model returns a list.

    Raises:
        DataError: if the inputs have another shape, or hold no feature.
        NetworkError: if the model wants another number of features.
        OperandTypeError: for inputs that are no real numbers.
        TraceError: if an activation asks for a number as a float.

    >>> from autograd_core.nn import Neuron
    >>> Neuron(2, activation="tanh", seed=1).predict([[0.0, 0.0], [0.0, 0.0]])
    array([0., 0.])
    """
    import numpy as np

    samples, _ = as_samples("inputs", inputs)
    if samples.ndim < 2 or not samples.size:
        raise not_samples(samples)
    began = perf_counter()
    sample = Argument(Structure(None, [samples.shape[1:]]), 0)
    tracing = GuardedTracing("predict")
    with collector_paused(), lenient(), tracing.going_on():
        (x,), traced = build_samples([sample], tracing.input)
        tracing.give(traced, samples[0].ravel().tolist())
        result = Tree(model(x), "the output of the model")
        outputs = [number if isinstance(number, Value) else Constant(number) for number in result.numbers]
    if tracing.guards:
        return _down_paths(model, sample, samples)
    inside = set(traced)
    order = topological_order(outputs)
    parameters = [x for x in order if x.op is None and x.__class__ is not Constant and x not in inside]
    # As inputs of the code, parameters are read from its first argument at each call.
    shared = Argument(Structure(None, [(len(parameters),)]), None)
    structure = Structure(None, [None if result.is_number else (len(outputs),)])
    trace = Trace("predict", [shared, sample], [*parameters, *traced], structure, outputs)
    code = _compiled(_Traced(trace, order, perf_counter() - began))
    return code.run(np.array([parameter.data for parameter in parameters]), samples)


def _down_paths(model: Callable[[Any], Any], sample: Argument, samples: Any) -> Any:
    """The outputs of a model that branches."""
    import numpy as np

    from autograd_core.compiler.compiled import Compiled
    from autograd_core.compiler.paths import Paths

    def outputs(x: Any) -> Any:
        y = model(x)
        return stop_gradient(np.array(y, dtype=object)) if isinstance(y, (list, tuple)) else stop_gradient(y)

    paths = Paths.of(
        Function("predict", outputs, [sample]), flat([samples]), partial(Compiled, is_batched=True), tuning.PATHS
    )
    if isinstance(paths, Outside):
        raise TransformError(f"the model depends on {paths.describe()}")
    return paths.run(samples)


class _Traced:
    """A trace that is equal to another one if the same code computes both."""

    def __init__(self, trace: Trace, order: list[Value], seconds: float) -> None:
        self.trace, self.seconds = trace, seconds
        numbers = {node: number for number, node in enumerate(trace.inputs)}
        steps: list[Hashable] = []
        for node in order:
            if node in numbers:
                continue
            numbers[node] = len(numbers)
            steps.append(
                node.data.hex() if node.op is None else (node.op, *[numbers[parent] for parent in node.parents])
            )
        shapes = [(argument.key, argument.axis) for argument in trace.arguments]
        self._key = tuple(steps), tuple(shapes), trace.result.key, tuple(numbers[output] for output in trace.outputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Traced) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(KEPT)
def _compiled(traced: _Traced) -> Compiled:
    from autograd_core.compiler.compiled import Compiled

    with collector_paused():
        return Compiled(traced.trace, is_batched=True, trace_seconds=traced.seconds)
