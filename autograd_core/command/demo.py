"""The demonstration: train a network on a table of measurements, check its gradients, and draw what happened."""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from autograd_core import math as m
from autograd_core._files import write_whole
from autograd_core.command.tables import read_table
from autograd_core.command.targets import TASKS, Classes, Numbers, Sample, Target, split, standardise, target_of
from autograd_core.compiler import jit
from autograd_core.compiler.machine import host
from autograd_core.engine.value import Value
from autograd_core.errors import DataError, MissingExtraError, RenderError
from autograd_core.nn import fitting
from autograd_core.nn.layers import MLP, Neuron
from autograd_core.optim import Adam

__all__ = ["Course", "check_writable", "run", "train"]

IRIS = os.path.join(os.path.dirname(__file__), "data", "iris.csv")
MOST_FEATURES_DRAWN = 12
BATCH = 16  # samples
LEARNING_RATE = 0.01
EAGER_EPOCHS = 3  # of the network's twin that is trained for comparison, without compiling
MOST_TIMED = 500  # rows, of which eager epochs are timed
CHECKED_SAMPLES = 3


@dataclass(frozen=True)
class Course:
    """The course of the training, the network as a function, and its scores after each epoch."""

    history: fitting.History
    outputs: Callable[[Any], Any]
    training: list[float]
    held_out: list[float]


def run(
    data: str | None,
    column: str | None,
    out: str,
    epochs: int,
    seed: int,
    hidden: Sequence[int],
    task: str | None = None,
) -> None:
    """Train, report on standard output, and write ``neuron.svg`` and ``training.png``.

    Args:
        data: a CSV file; None for Fisher's iris.
        column: the one that holds the target; None for the last one.
        out: the folder to write to; made if it does not exist.
        epochs: passes over the training samples.
        seed: the same seed gives the same split, weights and order of the samples.
        hidden: the number of neurons of each hidden layer.
        task: see `target_of`.

    Raises:
        DataError: if the table, or the folder, cannot be used; before any training.
        MissingExtraError: without tqdm, matplotlib, or Graphviz in some form.
    """
    _check_extras()
    table = read_table(data or IRIS)
    column = column or list(table.columns)[-1]
    for doubt in table.doubts:
        print(f"note: {doubt}", file=sys.stderr)
    target, names, samples = target_of(table, column, task)
    training, held_out = split(samples, target, random.Random(seed))
    target, training, held_out = target.standardised(*standardise(training, held_out))
    check_writable(out)

    sizes = [len(names), *hidden, target.outputs]
    model = MLP(sizes[0], sizes[1:], activation="tanh", seed=seed)
    name = os.path.basename(table.path)
    print(f"{name}: {len(samples)} rows, {len(names)} features, {target}")
    if data is not None:
        (other,) = {*TASKS} - {target.task}
        print(target.task + (f" (for {other} say --task {other})" if task is None else ""))
    print(f"MLP {'-'.join(map(str, sizes))}: {len(model.parameters())} parameters")
    print(f"{len(training)} rows to train, {len(held_out)} held out", flush=True)
    eager = _eager_seconds(deepcopy(model), target, training)
    course = train(model, target, training, held_out, epochs, random.Random(seed))
    compiled = course.history.seconds / len(course.history.losses)
    how, before = ("compiled", "compiling") if host.available() else ("on NumPy's arrays", "tracing")
    print(f"trained in {course.history.seconds:.2g} s, after {course.history.compile_seconds:.2g} s of {before}")
    print(
        f"an epoch took {_milliseconds(compiled)} {how} and {_milliseconds(eager)} eagerly "
        f"({_measured(len(training))}): {eager / compiled:.0f} times as long"
    )
    answers = course.outputs(_arrays(held_out)[0])
    print(target.report(answers, held_out))
    print(f"worst relative error of a gradient {_gradient_error(model, target, training[:CHECKED_SAMPLES]):.1e}")

    os.makedirs(out, exist_ok=True)
    drawn, plotted = os.path.join(out, "neuron.svg"), os.path.join(out, "training.png")
    drawn = _draw_neuron(model, held_out[0], names, drawn)
    _plot(course, target, answers, held_out, plotted)
    print(f"wrote {drawn} (one neuron on one row: values, gradients, local derivatives)")
    print(f"wrote {plotted} (loss, and {target.plotted})")


def train(
    model: MLP,
    target: Target,
    training: Sequence[Sample],
    held_out: Sequence[Sample],
    epochs: int,
    generator: random.Random,
) -> Course:
    """Minimise the loss that goes with the target by Adam, in batches; a progress bar on standard error."""
    # reads the parameters at each call
    outputs = jit(lambda x: list(map(m.stop_gradient, _outputs(model, x))), in_axes=0)
    scores: tuple[list[float], list[float]] = ([], [])

    def look(_: fitting.History) -> None:
        for score, samples in zip(scores, (training, held_out), strict=True):
            score.append(target.score(outputs(_arrays(samples)[0]), samples))

    history = model.fit(
        *_arrays(training), loss=target.loss, optimiser=Adam(model.parameters(), lr=LEARNING_RATE),
        epochs=epochs, batch_size=BATCH, seed=generator, callback=look,
    )  # fmt: skip
    return Course(history, outputs, *scores)


def check_writable(folder: str) -> None:
    """Find out, without leaving anything behind, whether files can be written to a folder that may not exist yet.

    Raises:
        DataError: if they cannot.
    """
    existing = os.path.abspath(folder)
    while not os.path.lexists(existing):
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        raise DataError(f"cannot write to {folder}: {existing} is not a folder")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise DataError(f"cannot write to {folder}: {error.strerror}") from None


def _check_extras() -> None:
    from shutil import which

    missing = [name for name in ("tqdm", "matplotlib", "optree") if find_spec(name) is None]
    if find_spec("pygraphviz") is None and which("dot") is None:
        missing.append("pygraphviz")
    if missing:
        raise MissingExtraError(f"the demo needs {', '.join(missing)}: pip install 'autograd-core[demo]'")


def _outputs(model: MLP, features: Any) -> list[Value]:
    """All outputs of a network; one that has a single one gives it as it is."""
    found = model(features)
    return found if isinstance(found, list) else [found]


def _loss(model: MLP, target: Target, samples: Sequence[Sample]) -> Value:
    loss: Value = target.loss([model(sample.features) for sample in samples], [sample.target for sample in samples])
    return loss


def _arrays(samples: Sequence[Sample]) -> tuple[Any, Any]:
    import numpy as np

    return np.array([sample.features for sample in samples]), np.array([sample.target for sample in samples])


def _eager_seconds(model: MLP, target: Target, samples: Sequence[Sample]) -> float:
    """How long an epoch of the same training takes if every step records its graph; of many samples, from some."""
    timed = samples[:MOST_TIMED]
    optimiser = Adam(model.parameters(), lr=LEARNING_RATE)
    began = perf_counter()
    for _ in range(EAGER_EPOCHS):
        for start in range(0, len(timed), BATCH):
            loss = _loss(model, target, timed[start : start + BATCH])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return (perf_counter() - began) / EAGER_EPOCHS * len(samples) / len(timed)


def _measured(count: int) -> str:
    return f"mean of {EAGER_EPOCHS}" + (f", from {MOST_TIMED} rows" if count > MOST_TIMED else "")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"


def _gradient_error(model: MLP, target: Target, samples: Sequence[Sample]) -> float:
    from autograd_core.testing import check_grads

    twin = deepcopy(model)
    neurons = [neuron for layer in twin.layers for neuron in layer.neurons]

    def loss(*parameters: Value) -> Value:
        remaining = iter(parameters)
        for neuron in neurons:
            neuron.w = [next(remaining) for _ in neuron.w]
            neuron.b = next(remaining)
        return _loss(twin, target, samples)

    return check_grads(loss, [parameter.data for parameter in model.parameters()]).worst


def _draw_neuron(model: MLP, sample: Sample, names: Sequence[str], path: str) -> str:
    """Draw one neuron, as DOT text where Graphviz fails; the path of the file."""
    from autograd_core.draw.drawing import draw

    # Of the first layer, the neuron that is least saturated here: the one whose gradients say most.
    neuron = min(model.layers[0].neurons, key=lambda each: abs(each(sample.features).data))
    picture = draw(_written_out(neuron, sample, names), derivatives=True)
    try:
        picture.save(path)
    except RenderError as error:
        print(f"note: the picture is DOT text: {error}", file=sys.stderr)
        path = f"{os.path.splitext(path)[0]}.dot"
        picture.save(path)
    return path


def _written_out(neuron: Neuron, sample: Sample, names: Sequence[str]) -> Value:
    """The neuron's output after a backward pass, with each product a node of its own, if they are not too many."""
    inputs = [Value(x, label=name) for x, name in zip(sample.features, names, strict=True)]
    weights = [Value(w.data, label=f"weight of {name}") for w, name in zip(neuron.w, names, strict=True)]
    bias = Value(neuron.b.data, label="bias")
    if len(inputs) <= MOST_FEATURES_DRAWN:
        total: Value = m.sum([*(w * x for w, x in zip(weights, inputs, strict=True)), bias])
    else:
        total = m.dot(weights, inputs, bias)
    output: Value = m.tanh(total)
    output.label = "output"
    output.backward()
    return output


def _plot(course: Course, target: Target, answers: Any, held_out: Sequence[Sample], path: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from autograd_core.plots import plot_loss

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    plot_loss(course.history, ax=left)
    left.set_ylabel(target.loss_name)
    if isinstance(target, Classes):
        _plot_accuracy(course, right)
    else:
        _plot_answers(target, answers[0], [sample.target for sample in held_out], right)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    write_whole(path, picture.getvalue())


def _plot_accuracy(course: Course, ax: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    from autograd_core.plots import plot_loss

    plot_loss(course.training, course.held_out, names=["training", "held out"], ax=ax)
    ax.set(title="Accuracy", ylabel="rows classified rightly", ylim=(0.0, 1.03))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(loc="lower right")


def _plot_answers(target: Numbers, answers: Any, truth: Sequence[float], ax: Any) -> None:
    from autograd_core.plots.style import COLOURS, dress

    answers, truth = target.in_units(answers), target.in_units(truth)
    ends = [min(*answers, *truth), max(*answers, *truth)]
    ax.plot(ends, ends, color="gray", linewidth=1.0, linestyle="--", label="no error")
    ax.scatter(truth, answers, s=16.0, color=COLOURS[0], alpha=0.7, label="rows held out")
    dress(ax, "Rows held out", target.column, f"{target.column}, as the network says")
    ax.legend(loc="upper left")
