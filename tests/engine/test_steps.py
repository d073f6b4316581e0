"""Graph.steps is the backward pass, one node at a time, and changes nothing."""

from __future__ import annotations

import math
import random

import pytest
from accuracy import SLOW, differentiable_rows, points_of

from autograd_core import Constant, Graph, Value, gradients
from autograd_core import math as m
from autograd_core.engine.steps import Step
from autograd_core.engine.sweeps import local_derivatives
from autograd_core.engine.traced import Traced
from autograd_core.errors import GraphError, StaleGraphError, TraceError
from autograd_core.primitives import TABLE
from autograd_core.testing.strategies import random_program


def same(a, b):
    return (a == b and math.copysign(1.0, a) == math.copysign(1.0, b)) or (a != a and b != b)


def check_against_backward(graph, seed=1.0):
    """Each step has the adjoint that backward commits, bit for bit, and what it sends is what arrives."""
    steps = list(graph.steps(seed))
    assert all(node.grad == 0.0 for node in graph.nodes)
    graph.backward(seed)
    places = {node: place for place, node in enumerate(graph.nodes)}
    assert [places[step.node] for step in steps] == sorted((places[step.node] for step in steps), reverse=True)
    reached = {step.node: step for step in steps}
    received: dict[Value, list[float]] = {}
    for node in graph.nodes:
        if node not in reached:
            assert node.grad == 0.0
    for step in steps:
        # a leaf's grad is 0 plus what arrives, which is 0 for −0
        assert same(step.cotangent if step.node.op is not None else 0.0 + step.cotangent, step.node.grad)
        assert step.parents == step.node.parents
        for parent, slope, share, adjoint in zip(
            step.parents, step.local_derivatives, step.shares, step.adjoints, strict=True
        ):
            assert (slope is None) == (share is None) == (adjoint is None)
            if share is None:
                continue
            assert parent in reached
            received.setdefault(parent, []).append(share)
            total = received[parent][0]
            for each in received[parent][1:]:
                total += each
            assert same(adjoint, total)
            product = step.cotangent * slope
            if math.isfinite(product) and abs(product) > 1e-290 and math.isfinite(share):
                assert math.isclose(product, share, rel_tol=1e-12)
        assert len(str(step).splitlines()) == 1 + len(step.parents)


@pytest.mark.parametrize("row", differentiable_rows(), ids=lambda row: row.name)
def test_every_primitive_as_backward_does_it(row):
    for xs in list(points_of(row, 3, seed=1))[: 1 if row.name in SLOW else 2]:
        check_against_backward(Graph(row(*map(Value, xs))), seed=0.7)


def test_random_programs_as_backward_does_them():
    rng = random.Random(3)
    for _ in range(60):
        program = random_program(rng, max_size=12)
        check_against_backward(Graph(program(Value(rng.gauss(0.0, 1.0)), Value(rng.gauss(0.0, 1.0)))))


def test_the_numbers_of_a_small_graph():
    a, b = Value(3.0, label="a"), Value(2.0, label="b")
    first, second, third, fourth = Graph(a * b + a).steps()
    assert (first.cotangent, first.local_derivatives, first.shares, first.adjoints) == (
        1.0, (1.0, 1.0), (1.0, 1.0), (1.0, 1.0),
    )  # fmt: skip
    assert (second.local_derivatives, second.shares, second.adjoints) == ((2.0, 3.0), (2.0, 3.0), (3.0, 3.0))
    assert (third.node, third.cotangent, third.shares) == (b, 3.0, ())
    assert (fourth.node, fourth.cotangent) == (a, 3.0)
    assert str(second).splitlines() == [
        "a * b = 6, adjoint 1", "    a gets 1 × 2 = 2, and has 3 now", "    b gets 1 × 3 = 3",
    ]  # fmt: skip


def test_who_gets_nothing():
    x = Value(0.0, label="x")
    (step, *rest) = Graph(m.where(x > 0.0, m.sqrt(x), x * 2.0)).steps()
    taken = [share is not None for share in step.shares]
    assert taken.count(True) == 1
    assert len(rest) == 2
    assert "gets nothing" in str(step)
    (product, leaf) = Graph(x * 3.0).steps()
    assert product.local_derivatives == (3.0, None)
    assert local_derivatives(product.node) == [3.0, 0.0]  # a constant has one of its own
    assert leaf.node is x
    assert next(Graph(m.stop_gradient(x)).steps()).shares == (None,)
    assert list(Graph(Constant(1.0)).steps()) == []


def test_an_operand_twice_gets_two_shares():
    x = Value(3.0)
    step, _ = Graph(x * x).steps()
    assert (step.shares, step.adjoints) == ((3.0, 3.0), (3.0, 6.0))


def test_several_outputs_and_seeds():
    x = Value(3.0)
    y = x * 2.0
    assert [step.cotangent for step in Graph(y, x).steps([10.0, 1.0])] == [10.0, 21.0]
    with pytest.raises(GraphError, match="1 seeds for 2 outputs"):
        Graph(y, x).steps([1.0])


def test_half_of_the_steps_change_nothing():
    x = Value(3.0)
    y = x * x
    y.backward()
    steps = Graph(y.exp()).steps()
    next(steps)
    assert (y.grad, x.grad) == (1.0, 6.0)


def test_a_changed_leaf_and_a_trace_are_noticed():
    x = Value(3.0)
    y = x * x
    x.data = 4.0
    with pytest.raises(StaleGraphError):
        list(Graph(y).steps())
    with pytest.raises(TraceError):
        Graph(Traced("x").exp()).steps()


def test_a_rule_that_keeps_within_the_range_is_not_called_a_product():
    step = Step(Value(2.0).exp(), 1e-300, (1e310,), (1e10,), (1e10,))
    assert "1e-300 × inf → 1e+10" in str(step)


def test_long_texts_end():
    step = next(Graph(TABLE["sum"](*[Value(float(i)) for i in range(100)])).steps())
    assert str(step).splitlines()[-1] == "    and 88 parents more"
    assert len(str(step).splitlines()) == 14
    named = Value(1.0, label="a\nlabel " + "x" * 100).exp()
    assert len(str(next(Graph(named).steps())).splitlines()) == 2


def test_steps_of_a_gradient():
    x = Value(2.0, label="x")
    (slope,) = gradients(x**3, [x])
    check_against_backward(Graph(slope))
    assert x.grad == 12.0
