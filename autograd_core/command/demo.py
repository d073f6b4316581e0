"""The demonstration: train a network on a table of measurements, check its gradients, and draw what happened."""

from __future__ import annotations

import io
import math
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
from autograd_core.command.tables import Table, parse_number, read_table
from autograd_core.compiler import jit
from autograd_core.compiler.machine import host
from autograd_core.engine.value import Value
from autograd_core.errors import DataError, MissingExtraError, RenderError
from autograd_core.losses import softmax_cross_entropy
from autograd_core.nn import fitting
from autograd_core.nn.layers import MLP, Neuron
from autograd_core.optim import Adam

__all__ = ["Course", "Sample", "check_writable", "run", "split", "standardise", "train"]

IRIS = os.path.join(os.path.dirname(__file__), "data", "iris.csv")
MOST_CLASSES = 20
MOST_FEATURES_DRAWN = 12
BATCH = 16  # samples
LEARNING_RATE = 0.01
EAGER_EPOCHS = 3  # of the network's twin that is trained for comparison, without compiling
MOST_TIMED = 500  # rows, of which eager epochs are timed
CHECKED_SAMPLES = 3


@dataclass(frozen=True)
class Sample:
    """One row: its features, and its class as an index."""

    features: list[float]
    label: int


@dataclass(frozen=True)
class Course:
    """The course of the training, and for each epoch the shares of samples classified rightly after it."""

    history: fitting.History
    training: list[float]
    held_out: list[float]


def run(data: str | None, target: str | None, out: str, epochs: int, seed: int, hidden: Sequence[int]) -> None:
    """Train, report on standard output, and write ``neuron.svg`` and ``training.png``.

    Args:
        data: a CSV file; None for Fisher's iris.
        target: the column that holds the classes; None for the last one.
        out: the folder to write to; made if it does not exist.
        epochs: passes over the training samples.
        seed: the same seed gives the same split, weights and order of the samples.
        hidden: the number of neurons of each hidden layer.

    Raises:
        DataError: if the table, or the folder, cannot be used; before any training.
        MissingExtraError: without tqdm, matplotlib, or Graphviz in some form.
    """
    _check_extras()
    table = read_table(data or IRIS)
    target = target or list(table.columns)[-1]
    for doubt in table.doubts:
        print(f"note: {doubt}", file=sys.stderr)
    names, classes, samples = _samples(table, target)
    training, held_out = split(samples, random.Random(seed))
    training, held_out = standardise(training, held_out)
    check_writable(out)

    sizes = [len(names), *hidden, len(classes)]
    model = MLP(sizes[0], sizes[1:], activation="tanh", seed=seed)
    name = os.path.basename(table.path)
    print(f"{name}: {len(samples)} rows, {len(names)} features, {len(classes)} classes of {target}")
    print(f"MLP {'-'.join(map(str, sizes))}: {len(model.parameters())} parameters")
    print(f"{len(training)} rows to train, {len(held_out)} held out", flush=True)
    eager = _eager_seconds(deepcopy(model), training)
    course = train(model, training, held_out, epochs, random.Random(seed))
    compiled = course.history.seconds / len(course.history.losses)
    how, before = ("compiled", "compiling") if host.available() else ("on NumPy's arrays", "tracing")
    print(f"trained in {course.history.seconds:.2g} s, after {course.history.compile_seconds:.2g} s of {before}")
    print(
        f"an epoch took {_milliseconds(compiled)} {how} and {_milliseconds(eager)} eagerly "
        f"({_measured(len(training))}): {eager / compiled:.0f} times as long"
    )
    right = round(course.held_out[-1] * len(held_out))
    print(f"held-out accuracy {course.held_out[-1]:.1%} ({right} of {len(held_out)})")
    print(f"worst relative error of a gradient {_gradient_error(model, training[:CHECKED_SAMPLES]):.1e}")

    os.makedirs(out, exist_ok=True)
    drawn, plotted = os.path.join(out, "neuron.svg"), os.path.join(out, "training.png")
    drawn = _draw_neuron(model, held_out[0], names, drawn)
    _plot(course, plotted)
    print(f"wrote {drawn} (one neuron on one row: values, gradients, local derivatives)")
    print(f"wrote {plotted} (loss and accuracy)")


def split(samples: Sequence[Sample], generator: random.Random) -> tuple[list[Sample], list[Sample]]:
    """A fifth of each class, at least one sample, held out; the rest for training, in mixed order."""
    training: list[Sample] = []
    held_out: list[Sample] = []
    for label in sorted({sample.label for sample in samples}):
        members = [sample for sample in samples if sample.label == label]
        generator.shuffle(members)
        count = max(1, round(0.2 * len(members)))
        held_out += members[:count]
        training += members[count:]
    generator.shuffle(training)
    return training, held_out


def standardise(training: Sequence[Sample], others: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Both sets with the features shifted and scaled to mean 0, deviation 1 in the first; a constant one becomes 0."""
    shifts: list[tuple[float, float, float]] = []
    for column in zip(*(sample.features for sample in training), strict=True):
        largest = max(map(abs, column)) or 1.0  # taken out first, so that no sum or square overflows
        scaled = [x / largest for x in column]
        mean = math.fsum(scaled) / len(scaled)
        deviation = math.hypot(*(x - mean for x in scaled)) / math.sqrt(len(scaled))
        # What rounding leaves of a constant column is not worth magnifying.
        shifts.append((largest, mean, deviation if deviation > 1e-12 else math.inf))

    def moved(sample: Sample) -> Sample:
        triples = zip(sample.features, shifts, strict=True)
        return Sample([(x / largest - mean) / deviation for x, (largest, mean, deviation) in triples], sample.label)

    return [moved(sample) for sample in training], [moved(sample) for sample in others]


def train(
    model: MLP, training: Sequence[Sample], held_out: Sequence[Sample], epochs: int, generator: random.Random
) -> Course:
    """Minimise the cross-entropy of the softmax with Adam, in batches; a progress bar on standard error."""
    outputs = jit(lambda x: list(map(m.stop_gradient, model(x))), in_axes=0)  # reads the parameters at each call
    shares: tuple[list[float], list[float]] = ([], [])

    def classify(_: fitting.History) -> None:
        for share, samples in zip(shares, (training, held_out), strict=True):
            share.append(_accuracy(outputs, samples))

    history = model.fit(
        *_arrays(training), loss=softmax_cross_entropy, optimiser=Adam(model.parameters(), lr=LEARNING_RATE),
        epochs=epochs, batch_size=BATCH, seed=generator, callback=classify,
    )  # fmt: skip
    return Course(history, *shares)


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


def _samples(table: Table, target: str) -> tuple[list[str], list[str], list[Sample]]:
    """The names of the features, those of the classes, and the rows."""
    if target in table.columns:
        table.require_complete(list(table.columns))
    cells = table.cells(target)
    classes = sorted(set(cells), key=lambda cell: (parse_number(cell) is None, parse_number(cell) or 0.0, cell))
    where = f"{table.path}, column {target!r}"
    if len(classes) < 2:
        raise DataError(f"{where}: every row is of the class {classes[0]!r}; two classes or more are wanted")
    if len(classes) > MOST_CLASSES:
        raise DataError(f"{where}: {len(classes)} different values; a target holds classes, at most {MOST_CLASSES}")
    for label in classes:
        if cells.count(label) < 2:
            line = table.lines[cells.index(label)]
            raise DataError(
                f"{table.path}, line {line}, column {target!r}: the only row of class {label[:40]!r}; "
                "one to train and one to hold out are wanted"
            )
    names = [name for name in table.columns if name != target]
    if not names:
        raise DataError(f"{table.path}: there is no column besides the target {target!r}")
    rows = zip(*(table.numbers(name) for name in names), strict=True)
    index = {label: i for i, label in enumerate(classes)}
    return names, classes, [Sample(list(row), index[cell]) for row, cell in zip(rows, cells, strict=True)]


def _loss(model: MLP, samples: Sequence[Sample]) -> Value:
    logits = [model(sample.features) for sample in samples]
    return softmax_cross_entropy(logits, [sample.label for sample in samples])


def _arrays(samples: Sequence[Sample]) -> tuple[Any, Any]:
    import numpy as np

    return np.array([sample.features for sample in samples]), np.array([sample.label for sample in samples])


def _accuracy(outputs: Callable[[Any], Any], samples: Sequence[Sample]) -> float:
    import numpy as np

    inputs, labels = _arrays(samples)
    return float((np.argmax(outputs(inputs), axis=0) == labels).mean())


def _eager_seconds(model: MLP, samples: Sequence[Sample]) -> float:
    """How long an epoch of the same training takes if every step records its graph; of many samples, from some."""
    timed = samples[:MOST_TIMED]
    optimiser = Adam(model.parameters(), lr=LEARNING_RATE)
    began = perf_counter()
    for _ in range(EAGER_EPOCHS):
        for start in range(0, len(timed), BATCH):
            loss = _loss(model, timed[start : start + BATCH])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return (perf_counter() - began) / EAGER_EPOCHS * len(samples) / len(timed)


def _measured(count: int) -> str:
    return f"mean of {EAGER_EPOCHS}" + (f", from {MOST_TIMED} rows" if count > MOST_TIMED else "")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"


def _gradient_error(model: MLP, samples: Sequence[Sample]) -> float:
    from autograd_core.testing import check_grads

    twin = deepcopy(model)
    neurons = [neuron for layer in twin.layers for neuron in layer.neurons]

    def loss(*parameters: Value) -> Value:
        remaining = iter(parameters)
        for neuron in neurons:
            neuron.w = [next(remaining) for _ in neuron.w]
            neuron.b = next(remaining)
        return _loss(twin, samples)

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


def _plot(course: Course, path: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    from autograd_core.plots import plot_loss

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    plot_loss(course.history, ax=left)
    left.set_ylabel("mean cross-entropy")
    plot_loss(course.training, course.held_out, names=["training", "held out"], ax=right)
    right.set(title="Accuracy", ylabel="rows classified rightly", ylim=(0.0, 1.03))
    right.yaxis.set_major_formatter(PercentFormatter(1.0))
    right.legend(loc="lower right")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    write_whole(path, picture.getvalue())
