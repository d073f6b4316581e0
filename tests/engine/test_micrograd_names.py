"""What micrograd's readers type works on Values, or says what to type here."""

import pytest

from autograd_core import Graph, Value, topological_order
from autograd_core import math as m
from autograd_core.engine.traced import Traced
from autograd_core.errors import CallError, GraphError, TraceError


def test_parents_and_operations():
    a, b = Value(2.0), Value(3.0)
    product = a * b
    assert product._prev == {a, b}
    assert list(product._prev) == [a, b]
    assert list((a * a)._prev) == [a]
    assert list((a + 1.0)._prev) == [a, 1.0]
    assert a._prev == set()
    made = [a * b, a + b, a - b, a / b, a**2, a**b, a.tanh(), m.exp(a), -a]
    assert [node._op for node in made] == ["*", "+", "-", "/", "**2", "**", "tanh", "exp", "negative"]
    assert a._op == ""


def test_steps_by_hand_are_what_backward_does():
    def loss(a, b):
        return (a * b + a).tanh() * a.exp() - m.maximum(a, b) + 2.0

    x, y = (Value(0.3), Value(-0.4)), (Value(0.3), Value(-0.4))
    by_hand, all_at_once = loss(*x), loss(*y)
    by_hand.grad = 1.0
    for node in reversed(topological_order([by_hand])):
        node._backward()
    all_at_once.backward()
    assert [node.grad for node in Graph(by_hand).nodes] == [node.grad for node in Graph(all_at_once).nodes]
    assert x[0].grad != 0.0


def test_a_step_adds():
    a = Value(3.0)
    b = a + a
    b.grad = 1.0
    b._backward()
    b._backward()
    assert a.grad == 4.0
    assert a._backward() is None
    with pytest.raises(TraceError):
        Traced("x").exp()._backward()


@pytest.mark.parametrize(
    ("name", "thing", "says"),
    [("_backward", lambda: None, "@primitive"), ("_prev", set(), "operands"), ("_op", "+", "table")],
)
def test_what_cannot_be_set_says_what_to_do(name, thing, says):
    for node in (Value(1.0), Value(1.0) * 2.0):
        with pytest.raises(GraphError, match=says):
            setattr(node, name, thing)


def test_children_are_refused_and_our_way_is_named():
    a = Value(1.0)
    for wrong in ((2.0, (a,)), (2.0, (a, a), "+"), (2.0, [a]), (2.0, {a}), (2.0, "", "+")):
        with pytest.raises(CallError, match="@primitive"):
            Value(*wrong)
    with pytest.raises(CallError, match="is a text, not int"):
        Value(2.0, label=3)
    assert Value(2.0, "a").label == Value(2.0, label="a").label == "a"
