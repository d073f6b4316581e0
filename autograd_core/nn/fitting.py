"""Training a network on arrays: the loss of one sample is traced once and compiled, with its gradient, for batches."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from itertools import repeat
from time import perf_counter
from typing import Any

from autograd_core.compiler import tuning
from autograd_core.compiler.calling.arguments import flat
from autograd_core.compiler.program.elements import Element, element_of
from autograd_core.engine.reals import count
from autograd_core.engine.strictness import lenient
from autograd_core.engine.value import Value, write_data
from autograd_core.errors import AutogradError, DataError, NonFiniteError, OperandTypeError
from autograd_core.nn.sample_loss import SampleLoss
from autograd_core.nn.samples import Samples
from autograd_core.optim import Optimizer

__all__ = ["History", "fit"]

Loss = Callable[[Any, Any], Any]


@dataclass(repr=False)
class History:
    """The course of a training.

    Attributes:
        losses: for each epoch, the mean over its samples of the loss, each as it was before the step that it led to.
        compile_seconds: how long tracing and compiling took.
        seconds: how long the epochs took, without the calls of `callback`.

    >>> History([2.0, 0.5], compile_seconds=0.01, seconds=0.001)
    History(2 epochs, loss 2 → 0.5, 0.001 s, 0.01 s to compile)
    """

    losses: list[float] = field(default_factory=list)
    compile_seconds: float = 0.0
    seconds: float = 0.0

    def __repr__(self) -> str:
        if not self.losses:
            return "History(no epochs)"
        course = f"loss {self.losses[0]:.4g} → {self.losses[-1]:.4g}"
        times = f"{self.seconds:.3g} s, {self.compile_seconds:.3g} s to compile"
        return f"History({len(self.losses)} epochs, {course}, {times})"


def fit(
    model: Callable[[Any], Any],
    inputs: Any,
    targets: Any,
    *,
    loss: Loss,
    optimizer: Optimizer | None = None,
    epochs: int,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int | str | random.Random | None = None,
    progress: bool = True,
    callback: Callable[[History], Any] | None = None,
    dtype: Any = "float64",
    optimiser: Optimizer | None = None,
) -> History:
    """Minimise the mean loss over samples, in compiled code; also a method: ``model.fit(inputs, …)``.

    The loss of one sample and its gradient are traced once; each step is one call of the code for its batch. An
    exception or an interrupt on the way leaves the parameters of the last complete step.

    Args:
        model: a network, or any function of one sample's inputs.
        inputs: an array of shape (samples, features).
        targets: an array of as many targets: numbers, class numbers or rows, as the loss takes them. Rows of one number
            are as good as numbers.
        loss: a function of the output for one sample and of its target, such as those of `autograd_core.losses`.
        optimizer: one of `autograd_core.optim`; parameters that it was not given stay as they are.
        epochs: how often to go through all samples.
        batch_size: how many samples a step takes the mean over; None for all of them.
        shuffle: whether each epoch has an order of its own.
        seed: for the same orders every time: what `random.Random` takes, or a `random.Random`.
        progress: whether to show a progress bar on standard error, if tqdm is installed.
        callback: called with the history after each epoch; a true result ends the training.
        dtype: ``"float32"`` for losses and gradients in single precision, see `autograd_core.jit`; parameters, sums
            over a batch and steps are doubles.
        optimiser: the same as `optimizer`.

    Returns:
        The mean loss of each epoch, and how long it all took.

    Raises:
        DataError: for arrays or counts that do not fit, and for targets that the loss does not take.
        NonFiniteError: as soon as a loss, a gradient or a parameter would not be finite.
        OperandTypeError: if something is not of the kind that is wanted.
        TraceError: if the loss, or an activation, asks for a number as a float. Where it branches on one, each way is
            compiled; what it decides by parameters alone is decided once.

    >>> from autograd_core.losses import squared_error
    >>> from autograd_core.nn import Neuron
    >>> from autograd_core.optim import SGD
    >>> line = Neuron(1, activation=None, seed=1)
    >>> history = line.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss=squared_error,
    ...                    optimizer=SGD(line.parameters(), lr=0.2), epochs=200, progress=False)
    >>> [round(parameter.data, 6) for parameter in line.parameters()]
    [2.0, 1.0]
    """
    if not callable(loss):
        raise OperandTypeError(
            "loss is a function of an output and a target, such as those of autograd_core.losses, not "
            f"{type(loss).__name__}"
        )
    if optimizer is not None and optimiser is not None:
        raise DataError("optimizer and optimiser are two spellings of one argument: give one of them")
    spelling, optimiser = ("optimizer", optimizer) if optimiser is None else ("optimiser", optimiser)
    if not isinstance(optimiser, Optimizer):
        given = f"the class {optimiser.__name__}" if isinstance(optimiser, type) else type(optimiser).__name__
        raise OperandTypeError(
            f"{spelling} is one of autograd_core.optim, such as Adam(model.parameters()), not {given}"
        )
    epochs = count(epochs, "epochs", DataError, least=0)
    element = element_of(dtype)
    data = Samples(inputs, targets, element)
    size = len(data) if batch_size is None else count(batch_size, "batch_size", DataError, least=1)
    began = perf_counter()
    code = _compile(model, loss, optimiser.parameters, data, element)
    training = _Training(model, loss, optimiser, data, code)
    training.check_samples()
    history = History(compile_seconds=perf_counter() - began)
    if not shuffle or size >= len(data):
        orders: Iterator[Any] = repeat(None)
    else:
        orders = _shuffled(len(data), seed if isinstance(seed, random.Random) else random.Random(seed))
    try:
        with _bar(epochs, progress) as advance:
            for epoch in range(1, epochs + 1):
                began = perf_counter()
                mean = training.epoch(epoch, next(orders), size)
                history.seconds += perf_counter() - began
                history.losses.append(mean)
                advance(mean)
                if callback is not None:
                    training.commit()
                    if callback(history):
                        break
                    training.read()
    finally:
        training.commit()
    return history


class _Training:
    """The parameters between two steps, as an array, and what moves them."""

    def __init__(
        self, model: Callable[[Any], Any], loss: Loss, optimiser: Optimizer, data: Samples, code: Callable[..., Any]
    ) -> None:
        from autograd_core.namespaces import arrays

        self._model, self._loss, self._optimiser, self._data, self._code = model, loss, optimiser, data, code
        self._namespace = arrays
        self.read()

    def read(self) -> None:
        """Go on from the numbers that the parameters and the optimiser have."""
        import numpy as np

        optimiser = self._optimiser
        numbers = np.array([parameter.data for parameter in optimiser.parameters])
        # Replaced as a whole at the end of a step, so that an interrupt amid one finds the last complete one.
        self._done: Any = numbers, None, optimiser.count, [np.array(column) for column in optimiser.state]
        self._committed = self._done

    def check_samples(self) -> None:
        """Raise if the loss of a sample cannot be computed, before anything is changed."""
        numbers = self._done[0]
        if not _is_finite(self._code(numbers, self._data.inputs, self._data.targets)):
            self._explain("before the first step", range(len(self._data)))

    def epoch(self, epoch: int, order: Any, size: int) -> float:
        """Go through all samples once, in batches; the mean of their losses."""
        data, code, optimiser = self._data, self._code, self._optimiser
        inputs, targets = data.inputs, data.targets
        if order is not None:
            inputs, targets = inputs[order], targets[order]
        total = 0.0
        with self._namespace.quiet():
            for start in range(0, len(data), size):
                stop = min(start + size, len(data))
                numbers, _, count, state = self._done
                results = code(numbers, inputs[start:stop], targets[start:stop])
                grads = results[1:]
                moved, *state = optimiser.rule(self._namespace, count + 1, numbers, grads, *state)
                if not (_is_finite(moved) and math.isfinite(results[0])):  # what is not finite in a gradient stays so
                    rows = range(start, stop) if order is None else order[start:stop].tolist()
                    self._explain(f"in epoch {epoch}", rows)
                self._done = moved, grads, count + 1, state
                total += float(results[0]) * (stop - start)
        return total / len(data)

    def commit(self) -> None:
        """Give the parameters, their grads and the optimiser the numbers of the last complete step."""
        done = self._done
        if done is self._committed:
            return
        numbers, grads, count, state = done
        optimiser = self._optimiser
        write_data(optimiser.parameters, numbers.tolist())
        for parameter, grad in zip(optimiser.parameters, grads.tolist(), strict=True):
            parameter.grad = grad
        optimiser.count, optimiser.state = count, [column.tolist() for column in state]
        self._committed = done

    def _explain(self, when: str, rows: Any) -> None:
        """Raise: name the sample with which the loss or its gradient is not finite."""
        self.commit()
        data = self._data
        numbers = self._done[0]
        for row in rows:
            if _is_finite(self._code(numbers, data.inputs[row : row + 1], data.targets[row : row + 1])):
                continue
            try:
                with lenient():
                    number = self._loss(self._model(data.inputs[row]), data.given_targets[row]).data
            except AutogradError as error:
                raise type(error)(f"row {row}: {error}") from None
            raise NonFiniteError(
                f"{when} the loss of row {row} is {number}, or its gradient is not finite: the parameters are those of "
                "the last step before; a smaller learning rate, or inputs of about size 1, may help"
            )
        raise NonFiniteError(
            f"{when} a step would leave the range of a double: the parameters are those of the step before; "
            "use a smaller learning rate"
        )


def _compile(
    model: Callable[[Any], Any], loss: Loss, parameters: list[Value], data: Samples, element: Element
) -> Callable[..., Any]:
    """Code for the mean over a batch: the loss, then its derivatives with respect to the parameters."""
    from autograd_core.compiler.compiled import Compiled
    from autograd_core.compiler.paths import Paths

    source = SampleLoss(model, loss, parameters, data)
    start = [[parameter.data for parameter in parameters], data.inputs, data.targets]
    make = partial(Compiled, is_batched=True, reduce="mean", element=element)
    paths = Paths.of(source, flat(start), make, tuning.PATHS)
    assert isinstance(paths, Paths)  # what it depends on outside has raised
    return paths.run if paths.root.guards else paths.root.function


def _is_finite(numbers: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(numbers).all())


def _shuffled(count: int, generator: random.Random) -> Iterator[Any]:
    import numpy as np

    shuffle = np.random.default_rng(generator.getrandbits(64))
    while True:
        yield shuffle.permutation(count)


@contextmanager
def _bar(epochs: int, progress: bool) -> Iterator[Callable[[float], None]]:
    """What is called with the loss after each epoch; it moves a progress bar where tqdm is installed."""
    if not progress or find_spec("tqdm") is None:
        yield lambda loss: None
        return
    from tqdm import tqdm

    with tqdm(total=epochs, desc="fit", unit="epoch", file=sys.stderr) as bar:

        def advance(loss: float) -> None:
            bar.set_postfix_str(f"loss={loss:.4g}", refresh=False)
            bar.update()

        yield advance
