"""The Hessian of a network's loss: 337 parameters, 337 sweeps over the gradient."""

from __future__ import annotations

import math as plain_math
from typing import Any

import numpy as np
import pytest

from autograd_core import math
from autograd_core.losses import binary_cross_entropy
from autograd_core.nn import MLP
from autograd_core.transforms import grad, hessian, hvp

pytestmark = pytest.mark.sweep

SIZES = [2, 16, 16, 1]
POINTS = [0.3, 1.4, 2.6]
MOONS = [((plain_math.cos(t), plain_math.sin(t)), 1) for t in POINTS]
MOONS += [((1.0 - plain_math.cos(t), 0.5 - plain_math.sin(t)), 0) for t in POINTS]


def loss(parameters: Any) -> Any:
    """The mean cross-entropy over the moons, as a function of all weights and biases in the order of an MLP."""
    logits = []
    for inputs, _ in MOONS:
        flat = iter(parameters)
        layer: Any = inputs
        for depth, nout in enumerate(SIZES[1:]):
            neurons = []
            for _ in range(nout):
                weights = [next(flat) for _ in layer]
                neurons.append(math.dot(weights, layer) + next(flat))
            layer = [math.tanh(z) for z in neurons] if depth < len(SIZES) - 2 else neurons
        logits += layer
    return binary_cross_entropy(logits, [label for _, label in MOONS])


def test_hessian_of_the_two_moons_network() -> None:
    model = MLP(2, SIZES[1:], activation="tanh", seed=5)
    parameters = [parameter.data for parameter in model.parameters()]
    assert len(parameters) == 337
    logits = [model(inputs) for inputs, _ in MOONS]
    assert abs(loss(parameters).data - binary_cross_entropy(logits, [label for _, label in MOONS]).data) < 1e-15

    matrix = np.array(hessian(loss)(parameters))
    assert matrix.shape == (337, 337)
    scale = np.abs(matrix).max()
    assert np.abs(matrix - matrix.T).max() < 1e-15 * scale

    # Central differences err by about step²·f⁗/6 and rounding/step.
    slope, step = grad(loss), 1e-5
    for j in range(0, 337, 4):
        ahead, behind = list(parameters), list(parameters)
        ahead[j] += step
        behind[j] -= step
        column = (np.array(slope(ahead)) - np.array(slope(behind))) / (2.0 * step)
        np.testing.assert_allclose(matrix[:, j], column, rtol=0.0, atol=1e-9 * scale)

    direction = [plain_math.sin(j) for j in range(337)]
    np.testing.assert_allclose(hvp(loss, (parameters,), (direction,)), matrix @ direction, rtol=0.0, atol=1e-14 * scale)
