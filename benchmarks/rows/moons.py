"""Mean hinge loss of a multilayer perceptron 2-16-16-1 on two moons, and its gradient, for batches of three sizes."""

from __future__ import annotations

import ctypes
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import SIZES, initial_numbers, layers_of, moons, score

from rows import FAST, SINGLE, Side, Work, compile_c, flat, pointer, ready, timed, warm_jit, with_x64

BATCHES = {f"MLP 2-16-16-1, loss and gradient, batch of {size:,}": size for size in (100, 10_000, 100_000)}
IN_SINGLE = {f"{name}, float32": size for name, size in BATCHES.items()}


def arrays_of(numbers: Any) -> list[tuple[Any, Any]]:
    """The weights, inputs × outputs, and biases of each layer."""
    import numpy as np

    layers, start = [], 0
    for nin, nout in pairwise(SIZES):
        block = np.reshape(numbers[start : start + nout * (nin + 1)], (nout, nin + 1))
        layers.append((np.ascontiguousarray(block[:, :nin].T), np.ascontiguousarray(block[:, nin])))
        start += block.size
    return layers


def numbers_of(loss: Any, gradient: Any) -> Any:
    """The loss and the gradient neuron by neuron, from arrays as `arrays_of` has them."""
    import numpy as np

    return flat(float(loss), *(np.column_stack([np.asarray(w).T, np.asarray(b)]) for w, b in gradient))


def data(size: int) -> tuple[Any, Any]:
    import numpy as np

    points, labels = moons(size)
    return np.array(points), np.array(labels)


def autograd_core() -> dict[str, Work]:
    import numpy as np

    from autograd_core import value_and_grad
    from autograd_core.activations import relu

    def loss(parameters: Any, point: Any, label: Any) -> Any:
        return relu(1.0 - label * score(layers_of(parameters), point, relu))

    jit, parameters, works = warm_jit(), np.array(initial_numbers()), {}
    for dtype, batches in (("float64", BATCHES), ("float32", IN_SINGLE)):
        for name, size in batches.items():
            arguments = [x.astype(dtype) for x in (parameters, *data(size))]
            function = jit(value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean", dtype=dtype)
            _, seconds = timed(partial(function.compile, *arguments))
            works[name] = Work(function, arguments, lambda y: flat(*y), seconds)
            if batches is IN_SINGLE:
                works[name].within = SINGLE
    return works


def jax() -> dict[str, Work]:
    jax = with_x64()

    def loss(layers: Any, points: Any, labels: Any) -> Any:
        signals = points
        for i, (weights, bias) in enumerate(layers):
            signals = signals @ weights + bias
            if i < len(layers) - 1:
                signals = jax.nn.relu(signals)
        return jax.nn.relu(1.0 - labels * signals[:, 0]).mean()

    works = {}
    for dtype, batches in (("float64", BATCHES), ("float32", IN_SINGLE)):
        for name, size in batches.items():
            given = (arrays_of(initial_numbers()), *data(size))
            arguments = jax.tree.map(partial(jax.numpy.asarray, dtype=dtype), given)
            call, seconds = ready(jax, jax.value_and_grad(loss), *arguments)
            works[name] = Work(call, arguments, lambda y: numbers_of(*y), seconds)
    return works


def torch(threads: int | None = None) -> dict[str, Work]:
    """On all processors, or on fewer: where other programs keep them busy, its threads wait for one another."""
    import torch

    torch.set_num_threads(threads or torch.get_num_threads())
    parameters = [torch.from_numpy(x).requires_grad_() for layer in arrays_of(initial_numbers()) for x in layer]

    def call(points: Any, labels: Any) -> Any:
        signals = points
        for i in range(0, len(parameters), 2):
            signals = torch.addmm(parameters[i + 1], signals, parameters[i])
            if i < len(parameters) - 2:
                signals = torch.relu(signals)
        loss = torch.relu(1.0 - labels * signals[:, 0]).mean()
        return loss.detach(), torch.autograd.grad(loss, parameters)

    return {
        name: Work(
            call,
            [torch.from_numpy(x) for x in data(size)],
            lambda y: numbers_of(y[0], zip(y[1][::2], y[1][1::2], strict=True)),
        )
        for name, size in BATCHES.items()
    }


def numpy_by_hand() -> dict[str, Work]:
    import numpy as np

    (w1, b1), (w2, b2), (w3, b3) = arrays_of(initial_numbers())

    def call(points: Any, labels: Any) -> Any:
        h1 = np.maximum(points @ w1 + b1, 0.0)
        h2 = np.maximum(h1 @ w2 + b2, 0.0)
        margins = np.maximum(1.0 - labels * (h2 @ w3 + b3)[:, 0], 0.0)
        d3 = (np.where(margins > 0.0, -labels, 0.0) / len(labels))[:, None]
        d2 = (d3 @ w3.T) * (h2 > 0.0)
        d1 = (d2 @ w2.T) * (h1 > 0.0)
        layers = ((points, d1), (h1, d2), (h2, d3))
        return margins.mean(), [(x.T @ d, d.sum(axis=0)) for x, d in layers]

    return {name: Work(call, data(size), lambda y: numbers_of(*y)) for name, size in BATCHES.items()}


def c_in_tiles() -> dict[str, Work]:
    """Vectors of samples and registers by hand, in ``moons.c``, on one core."""
    import numpy as np

    parameters = np.array(initial_numbers())
    library, seconds = timed(partial(compile_c, Path(__file__).with_suffix(".c"), *FAST))
    sums = np.empty(1 + parameters.size)

    def call(points: Any, labels: Any) -> Any:
        arrays = map(pointer, (points, labels, parameters, sums))
        library.moons(ctypes.c_long(len(labels)), *arrays)
        return sums / len(labels)

    return {name: Work(call, data(size), lambda y: y, seconds) for name, size in BATCHES.items()}


SIDES: dict[str, Side] = {
    "autograd_core": autograd_core,
    "JAX": jax,
    "PyTorch": torch,
    "PyTorch on one core": partial(torch, threads=1),
    "NumPy by hand": numpy_by_hand,
    "C in tiles on one core": c_in_tiles,
}
