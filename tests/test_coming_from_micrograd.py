"""The sequence of cells that micrograd is taught with, typed with only the import changed, runs to its end."""

from __future__ import annotations

import math
import random
import textwrap
from typing import Any

import pytest

BY_HAND = [
    """
    import math
    import random
    import numpy as np

    def f(x):
        return 3 * x**2 - 4 * x + 5
    """,
    "xs = np.arange(-5, 5, 0.25); ys = f(xs)",
    """
    h = 0.001
    slope = (f(3.0 + h) - f(3.0)) / h
    """,
    """
    a, b, c = 2.0, -3.0, 10.0
    d1 = a * b + c
    a += h
    slope_of_a = (a * b + c - d1) / h
    """,
    "from autograd_core import Value",
    """
    a = Value(2.0, label='a')
    b = Value(-3.0, label='b')
    c = Value(10.0, label='c')
    e = a * b; e.label = 'e'
    d = e + c; d.label = 'd'
    f = Value(-2.0, label='f')
    L = d * f; L.label = 'L'
    """,
    "L; d._prev; d._op",
    """
    from graphviz import Digraph

    def trace(root):
        nodes, edges = set(), set()
        def build(v):
            if v not in nodes:
                nodes.add(v)
                for child in v._prev:
                    edges.add((child, v))
                    build(child)
        build(root)
        return nodes, edges

    def draw_dot(root):
        dot = Digraph(format='svg', graph_attr={'rankdir': 'LR'})
        nodes, edges = trace(root)
        for n in nodes:
            uid = str(id(n))
            dot.node(name=uid, label="{ %s | data %.4f | grad %.4f }" % (n.label, n.data, n.grad), shape='record')
            if n._op:
                dot.node(name=uid + n._op, label=n._op)
                dot.edge(uid + n._op, uid)
        for n1, n2 in edges:
            dot.edge(str(id(n1)), str(id(n2)) + n2._op)
        return dot
    """,
    "picture = draw_dot(L)",
    """
    L.grad = 1.0
    f.grad = d.data
    d.grad = f.data
    c.grad = d.grad * 1.0
    e.grad = d.grad * 1.0
    a.grad = e.grad * b.data
    b.grad = e.grad * a.data
    """,
    """
    def check():
        h = 0.001
        def loss(da):
            a = Value(2.0, label='a')
            a.data += da
            b = Value(-3.0, label='b')
            c = Value(10.0, label='c')
            f = Value(-2.0, label='f')
            return ((a * b + c) * f).data
        return (loss(h) - loss(0.0)) / h
    checked = check()
    """,
    """
    before = L.data
    for leaf in [a, b, c, f]:
        leaf.data += 0.01 * leaf.grad
    e = a * b
    d = e + c
    L = d * f
    """,
]
NEURON = [
    """
    x1 = Value(2.0, label='x1')
    x2 = Value(0.0, label='x2')
    w1 = Value(-3.0, label='w1')
    w2 = Value(1.0, label='w2')
    b = Value(6.8813735870195432, label='b')
    x1w1 = x1 * w1; x1w1.label = 'x1*w1'
    x2w2 = x2 * w2; x2w2.label = 'x2*w2'
    x1w1x2w2 = x1w1 + x2w2; x1w1x2w2.label = 'x1*w1 + x2*w2'
    n = x1w1x2w2 + b; n.label = 'n'
    o = n.tanh(); o.label = 'o'
    """,
    """
    o.grad = 1.0
    n.grad = 1 - o.data**2
    x1w1x2w2.grad = b.grad = n.grad
    x1w1.grad = x2w2.grad = x1w1x2w2.grad
    x2.grad = w2.data * x2w2.grad
    w2.grad = x2.data * x2w2.grad
    x1.grad = w1.data * x1w1.grad
    w1.grad = x1.data * x1w1.grad
    by_hand = [v.grad for v in (x1, w1, x2, w2, b)]
    """,
    """
    everything, _ = trace(o)
    for v in everything:
        v.grad = 0.0
    """,
    """
    o.grad = 1.0
    o._backward()
    n._backward()
    b._backward()
    x1w1x2w2._backward()
    x2w2._backward()
    x1w1._backward()
    by_steps = [v.grad for v in (x1, w1, x2, w2, b)]
    """,
    """
    for v in everything:
        v.grad = 0.0

    topo = []
    visited = set()
    def build_topo(v):
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build_topo(child)
            topo.append(v)
    build_topo(o)

    o.grad = 1.0
    for node in reversed(topo):
        node._backward()
    by_order = [v.grad for v in (x1, w1, x2, w2, b)]
    """,
    """
    for v in everything:
        v.grad = 0.0
    o.backward()
    by_backward = [v.grad for v in (x1, w1, x2, w2, b)]
    picture = draw_dot(o)
    """,
    """
    twice = Value(3.0, label='a')
    total = twice + twice; total.label = 'b'
    total.backward()
    """,
    """
    a = Value(-2.0, label='a')
    b = Value(3.0, label='b')
    d = a * b
    e = a + b
    f = d * e
    f.backward()
    """,
    """
    x1 = Value(2.0, label='x1'); x2 = Value(0.0, label='x2')
    w1 = Value(-3.0, label='w1'); w2 = Value(1.0, label='w2')
    bias = Value(6.8813735870195432, label='b')
    n = x1 * w1 + x2 * w2 + bias
    e = (2 * n).exp()
    o = (e - 1) / (e + 1)
    o.label = 'o'
    o.backward()
    by_exp = [v.grad for v in (x1, w1, x2, w2, bias)]
    picture = draw_dot(o)
    """,
]
NETWORK = [
    """
    class Neuron:

        def __init__(self, nin):
            self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(random.uniform(-1, 1))

        def __call__(self, x):
            act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
            return act.tanh()

        def parameters(self):
            return self.w + [self.b]

    class Layer:

        def __init__(self, nin, nout):
            self.neurons = [Neuron(nin) for _ in range(nout)]

        def __call__(self, x):
            outs = [n(x) for n in self.neurons]
            return outs[0] if len(outs) == 1 else outs

        def parameters(self):
            return [p for neuron in self.neurons for p in neuron.parameters()]

    class MLP:

        def __init__(self, nin, nouts):
            sz = [nin] + nouts
            self.layers = [Layer(sz[i], sz[i + 1]) for i in range(len(nouts))]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

        def parameters(self):
            return [p for layer in self.layers for p in layer.parameters()]
    """,
    """
    x = [2.0, 3.0, -1.0]
    n = MLP(3, [4, 4, 1])
    n(x)
    """,
    """
    xs = [
        [2.0, 3.0, -1.0],
        [3.0, -1.0, 0.5],
        [0.5, 1.0, 1.0],
        [1.0, 1.0, -1.0],
    ]
    ys = [1.0, -1.0, -1.0, 1.0]
    ypred = [n(x) for x in xs]
    loss = sum((yout - ygt)**2 for ygt, yout in zip(ys, ypred))
    loss.backward()
    picture = draw_dot(loss)
    first = loss.data
    """,
    """
    for p in n.parameters():
        p.data += -0.01 * p.grad
    """,
    """
    for k in range(20):
        ypred = [n(x) for x in xs]
        loss = sum((yout - ygt)**2 for ygt, yout in zip(ys, ypred))
        for p in n.parameters():
            p.grad = 0.0
        loss.backward()
        for p in n.parameters():
            p.data += -0.1 * p.grad
    """,
]
PACKAGE = [
    """
    from autograd_core import Value
    from autograd_core.nn import MLP
    model = MLP(2, [4, 4, 1], seed=1)
    X, y = [[0.5, 1.0], [-1.0, 0.2], [0.3, -0.7]], [1, -1, 1]

    def loss():
        inputs = [list(map(Value, xrow)) for xrow in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum((p * p for p in model.parameters()))
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]
        return data_loss + reg_loss, sum(accuracy) / len(accuracy)

    total_loss, acc = loss()
    first = total_loss.data
    """,
    """
    for k in range(30):
        total_loss, acc = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 0.5 - 0.3 * k / 30
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    """,
]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What types cells one after another, into one namespace as a notebook does."""
    random.seed(1337)
    names: dict[str, Any] = {}

    def run(cells: list[str]) -> dict[str, Any]:
        for cell in cells:
            exec(compile(textwrap.dedent(cell), "<cell>", "exec"), names)
        return names

    return run


def test_by_hand(typed: Any) -> None:
    names = typed(BY_HAND[:10])
    assert math.isclose(names["slope"], 14.003)
    assert math.isclose(names["slope_of_a"], -3.0)
    d = names["d"]
    assert (d.data, d._op, d._prev) == (4.0, "+", {names["e"], names["c"]})
    assert {name: names[name].grad for name in "abcdefL"} == {
        "a": 6.0, "b": -4.0, "c": -2.0, "d": -2.0, "e": -2.0, "f": 4.0, "L": 1.0,
    }  # fmt: skip
    typed(BY_HAND[10:])
    assert math.isclose(names["checked"], 6.0)
    assert names["before"] == -8.0
    assert math.isclose(names["L"].data, -7.286496)


def test_the_picture_of_the_cells_has_all_nodes_and_edges(typed: Any) -> None:
    names = typed(BY_HAND[:9])
    source = names["picture"].source
    for text in ("a | data 2.0000 | grad 0.0000", "L | data -8.0000", 'label="*"', 'label="+"'):
        assert text in source
    assert source.count(" -> ") == 3 + 6  # one to each result, and one from each operand
    assert source.count("shape=record") == 7


def test_a_neuron(typed: Any) -> None:
    names = typed(BY_HAND[:9] + NEURON)
    expected = [-1.5, 1.0, 0.5, 0.0, 0.5]
    for way in ("by_hand", "by_steps", "by_order", "by_backward", "by_exp"):
        assert names[way] == pytest.approx(expected, abs=1e-9), way
    assert names["twice"].grad == 2.0
    assert (names["a"].grad, names["b"].grad) == (-3.0, -8.0)
    assert math.isclose(names["o"].data, 0.7071067811865476)


def test_a_network(typed: Any) -> None:
    names = typed(BY_HAND[:1] + BY_HAND[4:5] + BY_HAND[7:8] + NETWORK)
    assert len(names["n"].parameters()) == 41
    assert names["loss"].data < 0.5 * names["first"]
    nodes, _ = names["trace"](names["loss"])
    assert {n._op for n in nodes} == {"", "*", "+", "-", "tanh", "**2"}
    assert names["picture"].source.count("shape=record") > 200


def test_the_training_loop_over_the_package_own_network(typed: Any) -> None:
    names = typed(PACKAGE)
    assert names["total_loss"].data < names["first"]
    assert names["acc"] == 1.0
