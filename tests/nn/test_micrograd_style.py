"""Programs written for micrograd, with nothing changed but the import."""

import math
import random

import pytest

from autograd_core import Value
from autograd_core.nn import MLP, Layer, Neuron


def test_an_expression_in_one_variable():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    # z = -10, q = 40, h = 100; y = z² + (1 + x)·z·x there, with z = 3x + 2
    assert y.data == -20.0
    assert x.grad == 46.0


def test_an_expression_with_every_operator():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    # c = -1, d = 6 and e = -7, so g = 49/2 + 10/49
    assert g.data == pytest.approx(49 / 2 + 10 / 49, rel=1e-15)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-14)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-14)


def _moons(count):
    """Two interleaved half circles, with a little noise."""
    generator = random.Random(1337)
    points, labels = [], []
    for i in range(count):
        t = math.pi * (i // 2) / (count // 2 - 1)
        x, y = (math.cos(t), math.sin(t)) if i % 2 else (1.0 - math.cos(t), 0.5 - math.sin(t))
        points.append([x + generator.gauss(0.0, 0.05), y + generator.gauss(0.0, 0.05)])
        labels.append(1 if i % 2 else -1)
    return points, labels


@pytest.mark.sweep
def test_the_two_moons_are_told_apart():
    X, y = _moons(24)  # noqa: N806  # the names of such programs
    model = MLP(2, [16, 16, 1], seed=1)
    assert len(model.parameters()) == 337

    def loss():
        inputs = [list(map(Value, row)) for row in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        accuracy = [(yi > 0) == (score.data > 0) for yi, score in zip(y, scores, strict=True)]
        return total, sum(accuracy) / len(accuracy)

    first, _ = loss()
    steps = 60
    for k in range(steps):
        total, accuracy = loss()
        model.zero_grad()
        total.backward()
        learning_rate = 1.0 - 0.9 * k / steps
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    assert accuracy == 1.0
    assert total.data < 0.1 * first.data


def test_the_classes_are_called_as_in_micrograd():
    n = Neuron(2, nonlin=False)
    assert isinstance(n([1, -2]), Value)
    assert len(Layer(2, 3, nonlin=True)([Value(1), Value(-2)])) == 3
    for module in (n, Layer(2, 3), MLP(2, [3, 1])):
        for p in module.parameters():
            p.grad = 1
        module.zero_grad()
        assert {p.grad for p in module.parameters()} == {0.0}
