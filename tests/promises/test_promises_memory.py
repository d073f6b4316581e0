"""At most 200 bytes a node, and nothing for the cyclic collector."""

import gc
import tracemalloc

import pytest

from autograd_core import Graph, Value, gradients
from autograd_core import math as m
from autograd_core.errors import StaleGraphError

COUNT = 20_000


def chain(step):
    x = Value(1.5)
    y = x
    for _ in range(COUNT):
        y = step(y, x)
    return x, y


@pytest.mark.parametrize(
    ("step", "nodes"),
    [
        (lambda y, x: y + x, 1), (lambda y, x: y * 0.5 + x, 3), (lambda y, x: (-y).tanh(), 2),
        (lambda y, x: m.where(True, y, x), 2), (lambda y, x: m.sum([y, x, x]), 1),
    ],
    ids=["add", "multiply-add", "unary", "where", "sum"],
)  # fmt: skip
def test_bytes_of_a_node(step, nodes):
    chain(step)
    gc.collect()
    tracemalloc.start()
    try:
        x, y = chain(step)
        built = tracemalloc.get_traced_memory()[0] / (nodes * COUNT)
        y.backward()
        gc.collect()
        after = tracemalloc.get_traced_memory()[0] / (nodes * COUNT)
    finally:
        tracemalloc.stop()
    assert x.grad == x.grad
    assert 50 < built <= 200  # no node costs less than 50 bytes: otherwise this did not measure nodes
    assert after <= 200


@pytest.fixture
def _collector_off():
    gc.collect()
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def work(step):
    x = Value(1.0 + step)
    y = x
    for _ in range(100):
        y = m.sum([y * x, m.sin(y), m.where(m.greater(y, 0.0), y, x)]) - 0.5
    graph = Graph(y)
    graph.backward()
    x.data = 0.5
    graph.forward()
    graph.zero_grad()
    y.backward()
    (slope,) = gradients(m.exp(x) * x, [x])
    slope.backward()
    x.data = 2.0
    with pytest.raises(StaleGraphError):
        y.backward()


@pytest.mark.usefixtures("_collector_off")
def test_steps_do_not_grow():
    for step in range(20):
        work(step)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for step in range(500):
            x = Value(step)
            y = x
            for _ in range(50):
                y = y * 0.5 + x
            y.backward()
            if step % 25 == 0:
                work(step)
        assert tracemalloc.get_traced_memory()[0] - before < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("_collector_off")
def test_the_collector_finds_no_graph_objects():
    work(0)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    for step in range(5):
        work(step)
    gc.collect()
    found = [thing for thing in gc.garbage if isinstance(thing, (Value, Graph))]
    assert found == []
