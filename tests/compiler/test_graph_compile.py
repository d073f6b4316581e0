"""Graph.compile: the compiled passes of a recorded graph give what the plain ones give, and notice what they notice."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from autograd_core import Graph, Value, custom_derivatives, math, strict
from autograd_core.errors import GraphError, NonFiniteError, StaleGraphError
from autograd_core.nn import MLP
from autograd_core.optim import SGD
from autograd_core.testing import random_program

pytestmark = pytest.mark.usefixtures("backend")


def numbers_of(graph: Graph) -> list[tuple[float, float]]:
    return [(node.data, node.grad) for node in graph.nodes]


@pytest.mark.parametrize("seed", range(30))
def test_random_programs(seed: int) -> None:
    """Without a rounding of its own, the code gives every number of every node as the plain passes do."""
    rng = random.Random(seed)
    program = random_program(rng, ["add", "subtract", "divide", "negative", "sin", "exp", "relu", "sqrt", "maximum"])
    xs = [rng.uniform(-2.0, 2.0) for _ in range(2)]
    plain, compiled = ([Value(x) for x in xs] for _ in range(2))
    expected, graph = Graph(program(*plain)), Graph(program(*compiled))
    graph.compile()
    for change in (0.0, 0.125):
        for leaf, x in zip((*plain, *compiled), xs * 2, strict=True):
            leaf.data = x + change
        for one in (expected, graph):
            one.forward()
            one.backward()
        for wanted, given in zip(numbers_of(expected), numbers_of(graph), strict=True):
            assert given == pytest.approx(wanted, rel=1e-13, nan_ok=True)


def test_grads_accumulate_in_leaves_only() -> None:
    x = Value(3.0)
    square = x * x
    graph = Graph(square + x, square).compile()
    graph.forward()
    for count in (1, 2, 3):
        graph.backward()
        assert x.grad == 13.0 * count
        assert square.grad == 2.0
    graph.zero_grad()
    assert (x.grad, square.grad) == (0.0, 0.0)


def test_without_a_forward_pass_it_is_still_right() -> None:
    x = Value(3.0)
    graph = Graph(x * x).compile()
    graph.backward()
    assert x.grad == 6.0


def test_a_change_is_noticed() -> None:
    x = Value(3.0, label="x")
    graph = Graph(x * x).compile()
    graph.forward()
    x.data = 4.0
    with pytest.raises(StaleGraphError, match="'x' got new data"):
        graph.backward()
    assert x.grad == 0.0
    graph.forward()
    graph.backward()
    assert (graph.outputs[0].data, x.grad) == (16.0, 8.0)
    Value(1.0).data = 2.0  # elsewhere
    graph.backward()
    assert x.grad == 16.0


def test_a_change_before_compiling_is_noticed() -> None:
    x = Value(3.0)
    graph = Graph(x * x)
    x.data = 4.0
    with pytest.raises(StaleGraphError):
        graph.compile()
    graph.forward()
    graph.compile().backward()
    assert x.grad == 8.0


def test_a_shared_trunk_evaluated_elsewhere_is_noticed() -> None:
    x = Value(2.0)
    trunk = x * x
    one, other = Graph(trunk + 1.0).compile(), Graph(trunk * 3.0).compile()
    one.forward()
    x.data = 5.0
    other.forward()
    with pytest.raises(StaleGraphError):
        one.backward()
    other.backward()
    assert x.grad == 30.0


def test_conditions_are_decided_anew() -> None:
    x = Value(4.0)
    graph = Graph(math.where(math.greater(x, 0.0), math.sqrt(x), 0.0)).compile()
    for number, value, slope in ((4.0, 2.0, 0.25), (0.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (16.0, 4.0, 0.125)):
        x.data = number
        graph.forward()
        graph.zero_grad()
        graph.backward()
        assert (graph.outputs[0].data, x.grad) == (value, slope)


def test_functions_with_derivatives_of_their_own() -> None:
    @custom_derivatives(lambda y, x: 3.0 * x * x)
    def cube(x: float) -> float:
        return x**3

    x = Value(2.0)
    graph = Graph(cube(x) * x).compile()
    x.data = 3.0
    graph.forward()
    graph.backward()
    assert (graph.outputs[0].data, x.grad) == (81.0, 108.0)


def test_a_leaf_and_constants() -> None:
    x = Value(2.0)
    graph = Graph(x).compile()
    graph.forward()
    graph.backward()
    assert x.grad == 1.0
    with pytest.raises(GraphError, match="a constant has no gradient"):
        Graph((x * 2.0).parents[1]).compile().backward()


def test_strict_evaluation_still_names_the_primitive() -> None:
    x = Value(1.0)
    graph = Graph(x.log()).compile()
    x.data = 0.0
    with strict(), pytest.raises(NonFiniteError, match=r"log\(0\.0\)"):
        graph.forward()


def test_training_goes_the_same_way() -> None:
    def train(compiled: bool) -> list[float]:
        model = MLP(2, [4, 1], activation="tanh", seed=3)
        points = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
        loss: Any = sum((model(p) - float(p[0] != p[1])) ** 2 for p in points)
        graph = Graph(loss)
        if compiled:
            graph.compile()
        optimiser = SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(20):
            graph.forward()
            graph.zero_grad()
            graph.backward()
            optimiser.step()
            losses.append(loss.data)
        return losses

    assert train(True) == pytest.approx(train(False), rel=1e-12)


def test_passes_on_several_threads_add_up() -> None:
    x = Value(3.0)
    graph = Graph(x * x).compile()
    graph.forward()
    workers = [threading.Thread(target=lambda: [graph.backward() for _ in range(200)]) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert x.grad == 6.0 * 800
