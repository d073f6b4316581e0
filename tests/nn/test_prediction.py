"""predict: the outputs of a network for many samples are those of the network called on each."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

from autograd_core import Value
from autograd_core import math as m
from autograd_core.compiler import compiled
from autograd_core.errors import AutogradError, DataError, NetworkError, OperandTypeError
from autograd_core.losses import squared_error
from autograd_core.nn import MLP, Layer, Neuron, predict
from autograd_core.optim import SGD

X = np.random.default_rng(3).normal(size=(21, 2))
MODELS = {
    "neuron": Neuron(2, "tanh", seed=1),
    "layer": Layer(2, 3, "gelu", seed=2),
    "network": MLP(2, [4, 1], seed=3),
    "classes": MLP(2, [4, 3], "tanh", seed=4),
    "activations": MLP(2, [4, 3, 2], ["tanh", "softplus", "sigmoid"], seed=5),
    "an activation that branches": MLP(2, [3, 2], lambda z: z if z > 0.0 else 0.1 * z, seed=7),
    "a branch on an input": MLP(2, [3, 1], lambda z: m.tanh(z) if z > 0.0 else z, seed=8),
    "function of one's own": MLP(2, [3, 1], lambda z: m.sin(z) * z, seed=6),
}


def eager(model: Any, x: Any) -> Any:
    y = model(x)
    return [each.data for each in y] if isinstance(y, list) else y.data


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_each_sample_is_that_of_the_network(model: Any) -> None:
    found = model.predict(X)
    wanted = np.array([eager(model, x) for x in X])
    assert found.shape == wanted.shape
    assert found == pytest.approx(wanted, rel=1e-13)
    assert model.predict(X.tolist()).tolist() == model.predict(X[:, ::-1][:, ::-1]).tolist() == found.tolist()


def test_it_is_never_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = compiled.Compiled.__init__
    monkeypatch.setattr(
        compiled.Compiled, "__init__", lambda self, *args, **kwargs: (made.append(1), make(self, *args, **kwargs))[1]
    )
    model = MLP(2, [3, 1], "sigmoid", seed=11)
    before = model.predict(X)
    model.fit(X, X[:, 0], loss=squared_error, optimizer=SGD(model, lr=0.1), epochs=3, progress=False)
    made.clear()
    after = model.predict(X)
    assert not made  # other numbers, the same code
    assert not np.allclose(before, after)
    assert after == pytest.approx(np.array([eager(model, x) for x in X]), rel=1e-13)
    assert copy.deepcopy(model).predict(X).tolist() == after.tolist()
    assert not made
    model.layers[0] = Layer(2, 3, "tanh", seed=1)
    assert model.predict(X) == pytest.approx(np.array([eager(model, x) for x in X]), rel=1e-13)
    assert len(made) == 1


def test_plain_numbers_of_a_model_are_part_of_the_code() -> None:
    scale = [2.0]
    w = Value(3.0)

    def model(x: Any) -> Any:
        return scale[0] * x[0] * w

    assert predict(model, [[1.0], [2.0]]).tolist() == [6.0, 12.0]
    scale[0], w.data = 0.5, 5.0
    assert predict(model, [[1.0], [2.0]]).tolist() == [2.5, 5.0]
    assert predict(lambda x: 7.0, [[1.0], [2.0]]).tolist() == [7.0, 7.0]
    assert predict(lambda x: [x[0], 1.0], [[1.0], [2.0]]).tolist() == [[1.0, 1.0], [2.0, 1.0]]


def test_rows_of_more_dimensions_and_numbers_that_are_none() -> None:
    images = np.arange(12.0).reshape(3, 2, 2)
    assert predict(lambda x: x[0, 0] * x[1, 1], images).tolist() == [0.0, 28.0, 88.0]
    found = predict(lambda x: x[0] * 2.0, [[math.nan], [math.inf], [1]])
    assert math.isnan(found[0])
    assert found[1:].tolist() == [math.inf, 2.0]


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (X[:, 0], DataError, r"shape \(samples, features\), not \(21,\)"),
        (np.empty((0, 2)), DataError, r"not \(0, 2\)"),
        ([[1.0, 2.0], [3.0]], DataError, "no array"),
        ([["a", "b"]], OperandTypeError, "real numbers wanted"),
        (X[:, :1], NetworkError, "takes 2 inputs, not 1"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs: Any, error: type[AutogradError], words: str) -> None:
    with pytest.raises(error, match=words):
        MODELS["network"].predict(inputs)
